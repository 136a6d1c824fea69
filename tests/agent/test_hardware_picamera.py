"""The Pi's camera: its decisions with a stand-in for picamera2, its frames with the real one."""

from io import BytesIO
from itertools import pairwise
import os
from pathlib import Path
import shutil
import signal
import subprocess
import sys
import time
from types import ModuleType, SimpleNamespace
from typing import Any, ClassVar

import av
import numpy as np
from PIL import Image
import pytest

from camera_agent.camera_config import Sync
from camera_agent.hardware import CameraError, Emit, Luma, Opened, camera, picamera
from camera_agent.models import Packet, Picture
from camera_agent.wire import CameraStatus

from .conftest import Configured
from .watching import Eventually, Notes, process, running, state

GATE = "/base/soc/i2c0mux/i2c@1/imx708@1a"
YARD = "/base/soc/i2c0mux/i2c@0/imx219@10"
HERE = Path(__file__).parent / "picamera"
MAKING = 600  # seconds; it takes 75 where the mirror is near
FOLDER = Path(os.environ.get("GATEHOUSE_CHROOT", Path(__file__).parents[2] / ".cache" / "picamera"))


class StandIn:
    """What picamera2 offers of its Picamera2, as far as the agent takes it."""

    found: ClassVar[list[dict[str, Any]]] = []
    camera_controls: ClassVar[dict[str, Any]] = {}
    last: ClassVar["StandIn"]
    opens = True
    frames = 4

    def __init__(self, number: int) -> None:
        if not self.opens:
            raise RuntimeError("Camera __init__ sequence did not complete.") from OSError(
                "Pipeline handler in use by another process"
            )
        self.number = number
        self.asked: dict[str, Any] = {}
        self.encoder: Any = None
        self.left = self.frames
        StandIn.last = self

    @classmethod
    def global_camera_info(cls) -> list[dict[str, Any]]:
        return cls.found

    def create_video_configuration(self, **asked: Any) -> dict[str, Any]:
        return asked

    def configure(self, configuration: dict[str, Any]) -> None:
        self.asked = configuration

    def camera_configuration(self) -> dict[str, Any]:
        return self.asked

    def start_encoder(self, encoder: Any, output: Any, name: str) -> None:
        self.encoder, self.output, self.stream = encoder, output, name

    def start(self) -> None:
        self.encoder.firsttimestamp = time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1000
        for number in range(3):
            self.output.outputframe(memoryview(b"\0\0\0\1"), number == 0, number * 66_667)

    def capture_request(self, wait: float) -> Any:
        if not self.left:
            raise TimeoutError
        self.left -= 1
        stamp = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
        return SimpleNamespace(
            get_metadata=lambda: {"SensorTimestamp": stamp}, release=lambda: None
        )


class Mapping:
    """A frame's planes, padded on the right as a Pi's are."""

    def __init__(self, request: Any, stream: str, write: bool) -> None:
        self.array = np.full((270, 384), 128, np.uint8)
        self.array[:180, 320:] = 0

    def __enter__(self) -> "Mapping":
        return self

    def __exit__(self, *_: object) -> None:
        pass


class EncoderStandIn:
    def __init__(self, **settings: Any) -> None:
        self.settings = settings
        self.firsttimestamp = 0


@pytest.fixture
def pi(monkeypatch: pytest.MonkeyPatch) -> type[StandIn]:
    """A machine with picamera2 and one camera."""
    hardware, software = type("H264Encoder", (EncoderStandIn,), {}), EncoderStandIn
    modules: dict[str, dict[str, Any]] = {
        "picamera2": {"Picamera2": StandIn, "MappedArray": Mapping},
        "picamera2.encoders": {"H264Encoder": hardware, "LibavH264Encoder": software},
        "picamera2.outputs": {"Output": object},
    }
    for name, contents in modules.items():
        module = ModuleType(name)
        module.__dict__.update(contents)
        monkeypatch.setitem(sys.modules, name, module)
    vars(sys.modules["picamera2"])["encoders"] = sys.modules["picamera2.encoders"]
    monkeypatch.setattr(StandIn, "found", [{"Id": GATE}])
    monkeypatch.setattr(StandIn, "opens", True)
    return StandIn


def fails(config: Any, emit: Emit = lambda item: None, pictures: float = 0) -> str:
    with pytest.raises(CameraError) as caught:
        camera(config).run(emit, lambda: pictures)
    return str(caught.value)


def test_a_machine_without_picamera2_is_told_how_to_get_it(
    configured: Configured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "picamera2", None)
    told = fails(configured("picamera"))
    assert "sudo apt install python3-picamera2" in told
    assert "--system-site-packages" in told


def test_no_camera_at_all_is_probably_the_cable(configured: Configured, pi: type[StandIn]) -> None:
    pi.found = []
    assert fails(configured("picamera")).startswith("libcamera finds no camera; check the cable")


def test_of_two_cameras_one_has_to_be_chosen(configured: Configured, pi: type[StandIn]) -> None:
    pi.found = [{"Id": GATE}, {"Id": YARD}]
    told = fails(configured("picamera"))
    assert told == f"There are 2 cameras; set device to one of: {GATE}, {YARD}."


def test_a_camera_is_found_by_its_id_whatever_its_number(
    configured: Configured, pi: type[StandIn]
) -> None:
    pi.found = [{"Id": GATE}, {"Id": YARD}]
    fails(configured("picamera", device=YARD))
    assert pi.last.number == 1


def test_a_camera_that_is_gone_is_named(configured: Configured, pi: type[StandIn]) -> None:
    told = fails(configured("picamera", device=YARD))
    assert told == f"There is no camera {YARD}; libcamera finds: {GATE}."


def test_a_camera_in_use_says_so(configured: Configured, pi: type[StandIn]) -> None:
    pi.opens = False
    assert "Pipeline handler in use by another process" in fails(configured("picamera"))


def test_a_usb_camera_is_shown_its_place(
    configured: Configured, pi: type[StandIn], monkeypatch: pytest.MonkeyPatch
) -> None:
    adjusted = {"main": {"format": "MJPEG", "size": (320, 180)}}
    monkeypatch.setattr(pi, "camera_configuration", lambda self: adjusted)
    told = fails(configured("picamera"))
    assert told.startswith("This camera gives MJPEG; a USB camera is a source 'video'")


def test_a_camera_whose_event_loop_died_ends_its_process(
    configured: Configured, pi: type[StandIn]
) -> None:
    assert fails(configured("picamera")) == "The camera sent no frame for 5 s."


def test_one_small_configuration_is_made_for_life(
    configured: Configured, pi: type[StandIn]
) -> None:
    fails(configured("picamera", fps=10.0, crop=(0, 0, 1920, 1080)))
    assert pi.last.asked == {
        "main": {"format": "YUV420", "size": (320, 180)},
        "raw": None,
        "buffer_count": 4,
        "controls": {"FrameDurationLimits": (100_000, 100_000), "ScalerCrop": (0, 0, 1920, 1080)},
    }


@pytest.mark.parametrize(
    ("role", "mode"), [(Sync.SERVER, "as a server"), (Sync.CLIENT, "as a client")]
)
def test_one_of_a_pair_begins_its_frames_with_the_other(
    configured: Configured,
    pi: type[StandIn],
    monkeypatch: pytest.MonkeyPatch,
    role: Sync,
    mode: str,
) -> None:
    modes = SimpleNamespace(Server="as a server", Client="as a client")
    library = ModuleType("libcamera")
    library.__dict__["controls"] = SimpleNamespace(rpi=SimpleNamespace(SyncModeEnum=modes))
    monkeypatch.setitem(sys.modules, "libcamera", library)
    monkeypatch.setattr(pi, "camera_controls", {"SyncMode": (0, 2, 0)})
    emitted: list[Any] = []

    fails(configured("picamera", sync=role), emitted.append)

    assert pi.last.asked["controls"]["SyncMode"] == mode
    assert emitted[0].lacks == ""


def test_a_library_without_sync_is_told_and_the_camera_runs_all_the_same(
    configured: Configured, pi: type[StandIn]
) -> None:
    emitted: list[Any] = []

    fails(configured("picamera", sync=Sync.SERVER), emitted.append)

    assert "SyncMode" not in pi.last.asked["controls"]
    assert emitted[0].lacks.startswith("This libcamera cannot synchronise cameras; update it")
    assert any(isinstance(item, Packet) for item in emitted)


@pytest.mark.parametrize(
    ("device", "kind"), [("/dev/null", "H264Encoder"), ("/nowhere", "EncoderStandIn")]
)
def test_the_hardware_encodes_where_there_is_some(
    configured: Configured,
    pi: type[StandIn],
    monkeypatch: pytest.MonkeyPatch,
    device: str,
    kind: str,
) -> None:
    monkeypatch.setattr(picamera, "ENCODER_DEVICE", Path(device))
    fails(configured("picamera", fps=14.8, bitrate=1500))
    assert type(pi.last.encoder).__name__ == kind
    assert pi.last.encoder.settings == {
        "bitrate": 1_500_000,
        "repeat": True,
        "iperiod": 15,
        "framerate": 15,
    }


def test_frames_leave_with_the_time_of_the_wall_clock(
    configured: Configured, pi: type[StandIn]
) -> None:
    emitted: list[Any] = []
    fails(configured("picamera"), emitted.append, pictures=1000)
    assert emitted[0] == Opened(width=320, height=180, fps=15.0)
    packets = [item for item in emitted if isinstance(item, Packet)]
    assert [packet.key for packet in packets] == [True, False, False]
    assert [two.captured_us - one.captured_us for one, two in pairwise(packets)] == [
        pytest.approx(66_667, abs=2000)
    ] * 2
    assert packets[0].captured_us / 1e6 == pytest.approx(time.time(), abs=5)
    (luma,) = [item for item in emitted if isinstance(item, Luma)]
    assert len(np.unique(luma.plane)) == 1
    picture = next(item for item in emitted if isinstance(item, Picture))
    assert Image.open(BytesIO(picture.jpeg)).size == (320, 180)


@pytest.fixture(scope="session")
def chroot() -> tuple[str, ...]:
    """Return the program that runs a camera on real picamera2 and libcamera, made if need be."""
    script = str(HERE / "chroot")
    if os.geteuid() != 0:
        pytest.skip("only root can make and enter a chroot")
    if not (FOLDER / "complete").exists() and not shutil.which("debootstrap"):
        pytest.skip("debootstrap is not installed, and it makes the chroot")
    # `timeout` ends all that the script has started, too.
    make = ("timeout", str(MAKING), script, "make", str(FOLDER))
    made = subprocess.run(make, capture_output=True, text=True, check=False)
    if made.returncode:
        why = f"not within {MAKING} s" if made.returncode == 124 else made.stderr or made.stdout
        pytest.skip(f"the chroot cannot be made or entered: {' '.join(why.split())[-300:]}")
    return (
        *(script, "run", str(FOLDER), "env", "PYTHONPATH=/src", "PYTHONDONTWRITEBYTECODE=1"),
        *("/venv/bin/python", "/src/tests/agent/picamera/fakecam.py"),
    )


@pytest.fixture
def real(chroot: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    """Run the processes of cameras where libcamera is."""
    monkeypatch.setattr("camera_agent.child.PROGRAM", chroot)


@pytest.mark.picamera
@pytest.mark.timeout(900)  # the first one makes the chroot
@pytest.mark.usefixtures("real")
class TestTheRealLibrary:
    async def test_gives_packets_pictures_and_motion(
        self, configured: Configured, notes: Notes, eventually: Eventually
    ) -> None:
        config = configured("picamera", device="gate", width=1280, height=720)
        async with running(config, notes) as gate:
            gate.demand(5)
            await eventually(lambda: len(notes.packets) > 60, 40)
            assert state(gate).status is CameraStatus.ONLINE
        stamps = [packet.captured_us for packet in notes.packets]
        assert all(one < two for one, two in pairwise(stamps))
        assert len(stamps) * 1e6 / (stamps[-1] - stamps[0]) == pytest.approx(15, rel=0.2)
        keys = [packet.captured_us for packet in notes.packets if packet.key]
        assert np.median(np.diff(keys)) == pytest.approx(1_000_000, rel=0.1)
        assert notes.packets[0].key
        decoder = av.CodecContext.create("h264", "r")
        frames = [frame for one in notes.packets for frame in decoder.decode(av.Packet(one.data))]
        assert len(frames) >= len(notes.packets) - 2
        assert (frames[0].width, frames[0].height) == (1280, 720)
        pictures = [Image.open(BytesIO(picture.jpeg)) for picture in notes.pictures]
        assert len(pictures) == pytest.approx(len(stamps) / 3, rel=0.3)
        assert {picture.size for picture in pictures} == {(1280, 720)}
        assert len(np.unique(np.asarray(pictures[-1]))) > 8
        assert notes.motions

    async def test_comes_back_after_its_process_died(
        self, configured: Configured, notes: Notes, eventually: Eventually
    ) -> None:
        config = configured("picamera", device="yard", width=640, height=360)
        async with running(config, notes) as yard:
            await eventually(lambda: notes.packets, 40)
            os.kill(process(yard), signal.SIGKILL)
            await eventually(lambda: state(yard).status is CameraStatus.OFFLINE)
            await eventually(lambda: state(yard).status is CameraStatus.ONLINE, 40)
            assert state(yard).restarts == 1

    async def test_names_the_cameras_that_it_has(
        self, configured: Configured, notes: Notes, eventually: Eventually
    ) -> None:
        async with running(configured("picamera", device="cellar"), notes) as cellar:
            await eventually(lambda: state(cellar).error, 40)
            told = "There is no camera cellar; libcamera finds: yard, gate."
            assert state(cellar).error == told

    async def test_two_cameras_run_at_once(
        self, configured: Configured, eventually: Eventually
    ) -> None:
        both = Notes(), Notes()
        gate = configured("picamera", device="gate", width=1280, height=720, sync=Sync.SERVER)
        yard = configured("picamera", device="yard", width=640, height=360, sync=Sync.CLIENT)
        async with running(gate, both[0]) as server, running(yard, both[1]) as client:
            await eventually(lambda: all(len(notes.packets) > 30 for notes in both), 60)
            assert {server.state.error, client.state.error} == {picamera.UNSYNCED}
