"""A camera comes back by itself, whatever happens to its process."""

import asyncio
import os
from pathlib import Path
import signal
import sys
import time

import pytest

from camera_agent.cameras import Camera, Patience, _Meter
from camera_agent.capture import pack
from camera_agent.hardware import Opened
from camera_agent.models import CameraState, Packet, Sound
from camera_agent.wire import CameraStatus
from tests.waiting import within

from .conftest import Configured, Filmed
from .watching import Eventually, Notes, process, running, state

pytestmark = pytest.mark.long


async def test_a_camera_starts_and_is_online_with_its_first_frame(
    configured: Configured, notes: Notes, eventually: Eventually
) -> None:
    async with running(configured(), notes) as camera:
        assert camera.state == CameraState(status=CameraStatus.STARTING, width=320, height=180)
        await eventually(lambda: len(notes.packets) > 15, 20)
        assert camera.state.status is CameraStatus.ONLINE
        assert notes.states[0] == camera.state
        assert camera.state.frame_age_s is not None
        assert camera.state.frame_age_s < 2
    stamps = [packet.captured_us for packet in notes.packets]
    assert stamps == sorted(set(stamps))
    assert abs(stamps[-1] / 1e6 - time.time()) < 5
    assert notes.packets[0].key


async def test_pictures_are_made_on_demand(
    configured: Configured, notes: Notes, eventually: Eventually
) -> None:
    async with running(configured(jpeg_fps=10.0), notes) as camera:
        camera.demand(60)  # before there is a process: it is told later
        await eventually(lambda: len(notes.pictures) > 10, 20)
        rate = len(notes.pictures) / len(notes.packets)
        assert rate == pytest.approx(10 / 15, abs=0.15)
        camera.demand(0)
        await eventually(
            lambda: notes.packets[-1].captured_us > notes.pictures[-1].captured_us + 5e5
        )
        camera.demand(15)
        before = len(notes.pictures)
        await eventually(lambda: len(notes.pictures) > before)


async def test_motion_is_part_of_the_state(
    configured: Configured, notes: Notes, eventually: Eventually
) -> None:
    async with running(configured(), notes) as camera:
        await eventually(lambda: notes.motions, 20)
        score, moving = notes.motions[-1]
        assert (camera.state.motion, camera.state.moving) == (score, moving) == (score, True)


async def test_a_killed_process_comes_back(
    configured: Configured, notes: Notes, eventually: Eventually
) -> None:
    async with running(configured(), notes) as camera:
        await eventually(lambda: notes.motions, 20)
        os.kill(process(camera), signal.SIGKILL)
        await eventually(lambda: camera.state.status is CameraStatus.OFFLINE)
        assert camera.state.error == "The camera's process was killed (SIGKILL)."
        assert (camera.state.restarts, camera.state.fps) == (1, 0.0)
        assert notes.motions[-1] == (0.0, False)
        assert not camera.state.moving
        await eventually(lambda: state(camera).status is CameraStatus.ONLINE, 20)
        assert state(camera).error is None
        assert state(camera).restarts == 1
        before = len(notes.packets)
        await eventually(lambda: len(notes.packets) > before)


async def test_a_hung_process_is_replaced(
    configured: Configured, notes: Notes, eventually: Eventually
) -> None:
    async with running(configured(), notes) as camera:
        await eventually(lambda: notes.packets, 20)
        hung = process(camera)
        os.kill(hung, signal.SIGSTOP)
        await eventually(lambda: camera.state.status is CameraStatus.OFFLINE)
        assert camera.state.error == "No frame for 1 s; restarting the camera."
        await eventually(lambda: state(camera).status is CameraStatus.ONLINE, 20)
        assert process(camera) != hung


async def test_a_camera_that_never_opens_is_given_up_and_tried_again(
    configured: Configured, notes: Notes, eventually: Eventually, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = "import sys, time; print('Camera frontend has timed out!', file=sys.stderr, flush=True)"
    program = (sys.executable, "-c", f"{code}; time.sleep(60)")
    monkeypatch.setattr("camera_agent.child.PROGRAM", program)
    patience = Patience(opening=1.0, ending=0.2, first_retry=0.01, last_retry=0.01)
    async with running(configured(), notes, patience) as camera:
        await eventually(lambda: camera.state.restarts >= 2, 20)
        assert camera.state.error == (
            "No frame for 1 s; restarting the camera. Camera frontend has timed out!"
        )


async def test_nothing_is_heard_of_a_hidden_camera_even_if_it_is_here_already(
    configured: Configured, notes: Notes, eventually: Eventually, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = b"".join(part for n in (1, 2, 3) for part in pack(Sound(b"%d" % n, n)))
    program = f"import os, sys, time; os.write(int(sys.argv[1]), {written!r}); time.sleep(60)"
    monkeypatch.setattr("camera_agent.child.PROGRAM", (sys.executable, "-c", program))
    async with running(configured(), notes) as camera:
        heard: list[Sound] = []

        def hear(_: str, sound: Sound) -> None:
            heard.append(sound)
            camera.hide()

        monkeypatch.setattr(notes, "sound", hear)
        await eventually(lambda: camera.state.status is CameraStatus.PRIVATE, 20)
        await camera.ended()

    assert heard == [Sound(b"1", 1)]


async def test_a_missing_film_is_named_and_found_once_it_is_there(
    configured: Configured,
    filmed: Filmed,
    notes: Notes,
    eventually: Eventually,
    tmp_path: Path,
) -> None:
    path = tmp_path / "yard.mp4"
    async with running(configured("video", path=str(path)), notes) as camera:
        await eventually(lambda: camera.state.restarts >= 2, 20)
        assert camera.state.error == f"Cannot open {path}: No such file or directory."
        assert camera.state.status is CameraStatus.OFFLINE
        filmed()
        await eventually(lambda: state(camera).status is CameraStatus.ONLINE, 20)
        assert camera.state.error is None


async def test_what_a_camera_goes_on_without_is_told_while_it_is_online(
    configured: Configured, notes: Notes, caplog: pytest.LogCaptureFixture
) -> None:
    camera = Camera(configured(), notes)

    camera._take(Opened(width=320, height=180, fps=15.0, lacks="No sync here."))
    camera._take(Packet(b"", True, 1_000_000))

    assert (camera.state.status, camera.state.error) == (CameraStatus.ONLINE, "No sync here.")
    assert "Camera front: No sync here." in caplog.text


async def test_a_film_with_few_frames_is_not_taken_for_a_stalled_one(
    configured: Configured, filmed: Filmed, notes: Notes, eventually: Eventually
) -> None:
    config = configured("video", path=str(filmed(frames=5, fps=1)))
    patience = Patience(stalled=0.3, first_retry=0.05)
    async with running(config, notes, patience) as camera:
        await eventually(lambda: len(notes.packets) >= 3, 20)
        assert camera.state.restarts == 0


async def test_a_machine_without_room_for_a_process_says_so(
    configured: Configured, notes: Notes, eventually: Eventually, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("camera_agent.child.PROGRAM", ("/nowhere/python",))
    async with running(configured(), notes) as camera:
        await eventually(lambda: camera.state.restarts >= 2)
        error = "The camera's process cannot be started: No such file or directory."
        assert camera.state.error == error


@pytest.mark.parametrize(
    ("failures", "plain"), [(1, 1), (2, 2), (3, 4), (6, 32), (7, 60), (8, 60), (10_000, 60)]
)
def test_failures_are_retried_ever_more_slowly(failures: int, plain: float) -> None:
    assert 0.8 * plain <= Patience().pause(failures) <= 1.2 * plain


def test_two_cameras_do_not_retry_as_one() -> None:
    assert len({Patience().pause(3) for _ in range(10)}) > 1


async def test_a_camera_that_ran_well_is_retried_soon_again(
    configured: Configured, notes: Notes, eventually: Eventually, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("camera_agent.child.PROGRAM", ("/nowhere/python",))
    patience = Patience(healthy=0, first_retry=0.05)
    async with running(configured(), notes, patience) as camera:
        await eventually(lambda: camera.state.restarts >= 12)  # doubling would take 100 s


async def test_the_end_of_the_agent_is_the_end_of_the_process_within_a_second(
    configured: Configured, notes: Notes, eventually: Eventually
) -> None:
    camera = Camera(configured(), notes)
    story = asyncio.create_task(camera.run())
    await eventually(lambda: notes.packets, 20)
    child = process(camera)
    os.kill(child, signal.SIGSTOP)  # even of one that hangs
    with within(1):
        story.cancel()
        await asyncio.gather(story, return_exceptions=True)
    assert not Path(f"/proc/{child}").exists()


def test_the_rate_is_told_once_a_window() -> None:
    meter = _Meter()
    told = [meter.tick(1_000_000 + frame * 100_000) for frame in range(101)]
    assert [rate for rate in told if rate is not None] == [10.0, 10.0]


async def test_the_rate_is_part_of_the_state_and_told_when_it_changes(
    configured: Configured, notes: Notes
) -> None:
    camera = Camera(configured(), notes)
    for frame in range(200):
        camera._take(Packet(b"", False, 1_000_000 + frame * 100_000))
    assert [state.fps for state in notes.states] == [0.0, 10.0]
