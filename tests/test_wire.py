"""The agent says exactly what `tests/wire` shows; the integration's tests read the same files."""

import json
from pathlib import Path

import pytest

from camera_agent import messages
from camera_agent.config import AgentConfig, CameraConfig, SourceKind
from camera_agent.detector import answer
from camera_agent.ledger import Spooled
from camera_agent.models import CameraState
from camera_agent.onnx import Found
from camera_agent.shelf import Recording
from camera_agent.stats import Stats
from camera_agent.wire import CameraStatus, ErrorCode, RecordingStatus

WIRE = Path(__file__).parent / "wire"

CONFIG = AgentConfig(
    id="9f2c41d07ab3",
    name="Porch",
    token="correct horse battery staple",
    data=Path("data"),
    cameras=(CameraConfig(id="front", name="Front door", source=SourceKind.PICAMERA),),
)
MODEL = "Raspberry Pi 5 Model B Rev 1.0"
ONLINE = CameraState(status=CameraStatus.ONLINE, fps=14.9, width=1280, height=720)
OFFLINE = CameraState(
    status=CameraStatus.OFFLINE,
    error="No frame for 5 s; restarting the camera.",
    restarts=1,
    width=1280,
    height=720,
)
STATS = Stats(
    cpu_percent=12.5,
    memory_percent=41.0,
    disk_percent=37.2,
    disk_free_bytes=21474836480,
    temperature_c=52.1,
    booted=1794900000.0,
    load=0.42,
    under_voltage=False,
    throttled=None,
)
LESS_STATS = Stats(
    cpu_percent=12.5,
    memory_percent=41.0,
    disk_percent=37.2,
    disk_free_bytes=21474836480,
    temperature_c=None,
    booted=1794900000.0,
    load=0.42,
    under_voltage=None,
    throttled=None,
)
RECORDING = Recording(
    id="0c7e5a1f9b3d4e68",
    camera="front",
    status=RecordingStatus.COMPLETE,
    started=1795000001.0,
    until=1795000021.5,
    duration_s=20.5,
    bytes=5242880,
    sha256="2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b",
)
SPOOLED = Spooled(clips=2, bytes=9437184, lost=1, readings=61)
LESS_SPOOLED = Spooled(clips=1, bytes=4194304, lost=1, readings=0)
INFO = messages.info(CONFIG, {"front": ONLINE}, MODEL)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("info", INFO),
        ("state", messages.state(1795000000.25, INFO, {"front": ONLINE}, STATS, [], SPOOLED)),
        ("camera", messages.camera("front", OFFLINE)),
        ("motion", messages.motion("front", 0.07312, True, 1_795_000_003_500_000)),
        ("recording", messages.recording(RECORDING)),
        ("stats", messages.stats(1795000010.25, LESS_STATS, LESS_SPOOLED)),
        ("spool", messages.spool(SPOOLED, [messages.reading(1795000060.0, STATS)])),
        ("detect", answer([Found("person", 0.91384, 0.25, 0.2, 0.4, 0.95)], 1280, 720, 0.04317)),
        (
            "error",
            messages.error(
                ErrorCode.NOT_FOUND, "There is no camera 'back' on this agent; it has: front."
            ),
        ),
    ],
)
def test_the_agent_says_what_the_example_shows(name: str, message: messages.Message) -> None:
    example = json.loads((WIRE / f"{name}.json").read_text(encoding="utf-8"))

    assert json.loads(json.dumps(message)) == example


def test_every_example_of_the_agent_is_said() -> None:
    asked = {"start_recording"}  # which the integration says; test_server.py sends it

    assert {path.stem for path in WIRE.glob("*.json")} - asked == {
        "camera", "detect", "error", "info", "motion", "recording", "spool", "state", "stats",
    }  # fmt: skip
