"""The agent says exactly what `tests/wire` shows; the integration's tests read the same files."""

from dataclasses import asdict, replace
from datetime import timedelta
import json
from pathlib import Path

import pytest

from camera_agent import grants, messages, plan, vault
from camera_agent.appointments import Booked, Underway
from camera_agent.approach import Enrolled
from camera_agent.camera_config import CameraConfig, SourceKind
from camera_agent.config import AgentConfig
from camera_agent.detector import answer
from camera_agent.door import DoorState
from camera_agent.door_config import DoorConfig
from camera_agent.hardware import Technology
from camera_agent.hardware.nvidia import Gpu
from camera_agent.hardware.probes import Probe
from camera_agent.ledger import Spooled
from camera_agent.line_config import LineConfig
from camera_agent.log_feed import Batch, Line
from camera_agent.models import CameraState
from camera_agent.onnx import Found
from camera_agent.pairing import Encounter
from camera_agent.passages import Passage
from camera_agent.reader_config import ReaderConfig, ReaderKind
from camera_agent.shelf import Recording
from camera_agent.stats import Stats
from camera_agent.wire import (
    PROOF_OF_AGENT,
    PROOF_OF_SITE,
    Authentication,
    CameraStatus,
    Decider,
    Direction,
    DoorMode,
    ErrorCode,
    LogLevel,
    PassageKind,
    Quantity,
    Reason,
    RecordingOrigin,
    RecordingStatus,
)

WIRE = Path(__file__).parent / "wire"

CONFIG = AgentConfig(
    id="9f2c41d07ab3",
    name="Porch",
    token="correct horse battery staple",
    data=Path("data"),
    cameras=(CameraConfig(id="front", name="Front door", source=SourceKind.PICAMERA),),
)
MODEL = "Raspberry Pi 5 Model B Rev 1.0"
ONLINE = CameraState(status=CameraStatus.ONLINE, fps=14.9, frame_age_s=0.05, width=1280, height=720)
OFFLINE = CameraState(
    status=CameraStatus.OFFLINE,
    error="No frame for 5 s; restarting the camera.",
    restarts=1,
    frame_age_s=5.02,
    width=1280,
    height=720,
)
PRIVATE = CameraState(status=CameraStatus.PRIVATE, restarts=1, width=1280, height=720)
STARTING = CameraState(status=CameraStatus.STARTING, width=1280, height=720)
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
    memory_total_bytes=8454995968,
    cma_free_bytes=234881024,
    received_bytes_s=1520.5,
    sent_bytes_s=512040.0,
    clock_synchronised=True,
    gpus=(
        Gpu(
            id="GPU-1f0c9a1e",
            name="NVIDIA GeForce RTX 3060",
            utilisation_percent=31.0,
            memory_percent=12.4,
            temperature_c=48.0,
        ),
    ),
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
    memory_total_bytes=8454995968,
    cma_free_bytes=None,
    received_bytes_s=None,
    sent_bytes_s=None,
    clock_synchronised=None,
    gpus=(),
)
PROBES = messages.probes(
    [
        Probe(
            id="28-0316a2795aff:temperature",
            sensor="DS18B20",
            quantity=Quantity.TEMPERATURE,
            value=21.31,
        ),
        Probe(id="1-0076:pressure", sensor="BME280", quantity=Quantity.PRESSURE, value=None),
    ]
)
LINES = (
    Line(
        seq=41,
        at=1795000003.5,
        level=LogLevel.INFO,
        source="camera_agent",
        text="Agent 0.1.0 of Porch is there: port 8467",
    ),
    Line(
        seq=42,
        at=1795000009.25,
        level=LogLevel.WARNING,
        source="camera_agent.cameras",
        text="Camera front: No frame for 2 s; restarting the camera.",
    ),
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
PART = Recording(
    id="5d1b8e03c97f4a26",
    camera="front",
    status=RecordingStatus.COMPLETE,
    started=1795003599.4,
    until=1795003900.0,
    duration_s=300.6,
    bytes=75497472,
    sha256="8f434346648f6b96df89dda901c5176b10a6d83961dd3c1ac88b59b2dc327aa4",
    origin=RecordingOrigin.BOOKED,
    booking="6f1c2a9e@20261118T180000",
)
LESSON = Underway(
    id="6f1c2a9e@20261118T180000",
    camera="front",
    since=1795003600.0,
    until=1795007200.0,
    recording=PART.id,
    error=None,
)
MATCH = Underway(
    id="b07d55c1",
    camera="front",
    since=1795010800.0,
    until=1795012600.5,
    recording=None,
    error=ErrorCode.CAMERA_OFFLINE,
)
SPOOLED = Spooled(clips=2, bytes=9437184, lost=1, readings=61)
LESS_SPOOLED = Spooled(clips=1, bytes=4194304, lost=1, readings=0)
BOOKED = Booked(planned=3, running=1, waiting=4, bytes=104857600, error=None)
OVERBOOKED = Booked(planned=2, running=0, waiting=5, bytes=125829120, error=ErrorCode.NO_SPACE)
WAITING = messages.kept(SPOOLED, BOOKED) | PROBES
LESS_WAITING = messages.kept(LESS_SPOOLED, OVERBOOKED) | messages.probes([])
MORE_WAITING = messages.kept(SPOOLED, OVERBOOKED) | PROBES
INFO = messages.info(CONFIG, {"front": ONLINE}, MODEL, webrtc=True)

DOORS = (
    DoorConfig(
        id="front",
        name="Front door",
        contact=LineConfig(line=17),
        exit_button=LineConfig(line=27),
        doorbell=LineConfig(line=22),
        readers=(
            ReaderConfig(
                id="outside", kind=ReaderKind.WIEGAND, direction=Direction.IN, keypad=True
            ),
            ReaderConfig(id="inside", kind=ReaderKind.RDM6300, direction=Direction.OUT),
        ),
    ),
    DoorConfig(
        id="garage",
        name="Garage",
        unlock=timedelta(seconds=5),
        readers=(ReaderConfig(id="outside", kind=ReaderKind.HID),),
    ),
)
INFO_DOORS = messages.info(replace(CONFIG, doors=DOORS), {"front": ONLINE}, MODEL, webrtc=True)
GRANTS = grants.parse((WIRE / "grants.json").read_text(encoding="utf-8"))
ANNA, VISITOR = list(GRANTS.cards)[:2]
FRONT = messages.door_state(
    DoorState(
        locked=False,
        open=True,
        forced=False,
        held_open=False,
        mode=DoorMode.NORMAL,
        mode_until=None,
        error=None,
    ),
    {
        "outside": messages.reader_state(True, None, False),
        "inside": messages.reader_state(
            False, "/dev/ttyAMA0 is not there; check the wire of the reader.", False
        ),
    },
)
GARAGE = messages.door_state(
    DoorState(
        locked=False,
        open=None,
        forced=False,
        held_open=False,
        mode=DoorMode.KEEP_UNLOCKED,
        mode_until=1795003600.0,
        error=None,
    ),
    {"outside": messages.reader_state(True, None, True)},
)
GRANTED = Passage(
    journal="a1b2c3d4",
    seq=42,
    at=1795000003.5,
    door="front",
    reader="outside",
    kind=PassageKind.GRANTED,
    authentication=Authentication.RFID_AND_PIN,
    direction=Direction.IN,
    credential="c1",
    person="anna",
    warning=Reason.ANTIPASSBACK,
    latency_ms=0.412,
    grants=1795000000123,
)
DENIED = Passage(
    journal="a1b2c3d4",
    seq=41,
    at=1795000001.25,
    door="front",
    reader="outside",
    kind=PassageKind.DENIED,
    authentication=Authentication.RFID,
    direction=Direction.IN,
    card="9c1185a5",
    reason=Reason.UNKNOWN_CARD,
    latency_ms=0.198,
    grants=1795000000123,
)
FORCED = Passage(
    journal="a1b2c3d4",
    seq=40,
    at=1794999999.0,
    door="front",
    kind=PassageKind.FORCED,
    grants=1795000000123,
)
UNLOCKED = Passage(
    journal="a1b2c3d4",
    seq=43,
    at=1795000005.0,
    door="front",
    kind=PassageKind.GRANTED,
    authentication=Authentication.APP,
    person="anna",
    decided_by=Decider.SERVER,
    grants=1795000000123,
)
KEPT = {"journal": "a1b2c3d4", "last": 42, "waiting": 3, "lost": 0}
ACCESS = {
    "grants": messages.grants(GRANTS),
    **KEPT,
    "latency_p50_ms": 0.21,
    "latency_p99_ms": 0.64,
}
STATE_DOORS = messages.state(1795000000.25, INFO_DOORS, {"front": ONLINE}, STATS, [], WAITING) | {
    "doors": {"front": FRONT, "garage": GARAGE},
    "access": ACCESS,
}


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("info", INFO),
        ("info_public", messages.introduction(CONFIG, MODEL, paired=False)),
        ("state", messages.state(1795000000.25, INFO, {"front": ONLINE}, STATS, [], WAITING)),
        ("camera", messages.camera("front", OFFLINE)),
        ("privacy", messages.camera_state(PRIVATE)),
        ("logs", messages.logs(Batch(run="5f0c9a1e4b7d", lost=0, records=LINES))),
        ("motion", messages.motion("front", 0.07312, True, 1_795_000_003_500_000)),
        ("recording", messages.recording(RECORDING)),
        ("recording_booked", messages.recording(PART)),
        ("bookings", messages.bookings(300.0, [LESSON, MATCH])),
        (
            "stats",
            messages.stats(1795000010.25, LESS_STATS, LESS_WAITING)
            | messages.figures({"front": STARTING}, {}),
        ),
        ("spool", messages.spool(SPOOLED, [messages.reading(1795000060.0, STATS)])),
        ("detect", answer([Found("person", 0.91384, 0.25, 0.2, 0.4, 0.95)], 1280, 720, 0.04317)),
        ("info_doors", INFO_DOORS),
        ("state_doors", STATE_DOORS),
        (
            "stats_doors",
            messages.stats(1795000010.25, STATS, MORE_WAITING)
            | messages.figures({"front": ONLINE}, {"front": 12.5})
            | {"access": ACCESS},
        ),
        ("door", messages.door("front", FRONT)),
        ("passage", messages.passage(GRANTED)),
        ("ring", messages.ring("front", 1795000002.5)),
        ("access", messages.access(ACCESS)),
        ("passages", messages.passages("a1b2c3d4", 42, 0, [FORCED, DENIED, GRANTED])),
        ("unlock", asdict(UNLOCKED)),
        (
            "enroll",
            asdict(Enrolled(card=VISITOR, technology=Technology.ISO14443A, length=7, random=False)),
        ),
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


def test_an_example_of_grants_is_obeyed_by_the_numbers_that_it_was_made_of() -> None:
    visitor = GRANTS.cards[GRANTS.hash_of("04A1B2C3D4E5F6")]
    anna = GRANTS.cards[GRANTS.hash_of("0102030405")]

    assert (visitor.person, visitor.uses, visitor.used) == ("visitor", 3, 1)
    assert anna.person == GRANTS.pins[GRANTS.hash_of_pin("4711")].person == "anna"
    assert anna.pin == GRANTS.hash_of_pin("4711")


def test_an_example_of_signed_grants_is_signed_with_the_token() -> None:
    signed = json.loads((WIRE / "put_grants.json").read_text(encoding="utf-8"))

    assert vault.sign(CONFIG.token, signed["document"]) == signed["signature"]


def test_an_example_of_pairing_proves_the_code_to_both_sides() -> None:
    begun = json.loads((WIRE / "pair_begin.json").read_text(encoding="utf-8"))
    proven = json.loads((WIRE / "pair_prove.json").read_text(encoding="utf-8"))
    asked, answered = proven["request"], proven["answer"]
    encounter = Encounter(
        code=proven["code"],
        site_nonce=begun["request"]["nonce"],
        agent_nonce=begun["answer"]["nonce"],
        agent=begun["answer"]["id"],
        fingerprint=proven["fingerprint"],
    )

    assert (asked["nonce"], asked["answer"]) == (encounter.site_nonce, encounter.agent_nonce)
    assert asked["proof"] == encounter.proof(PROOF_OF_SITE)
    assert answered["proof"] == encounter.proof(PROOF_OF_AGENT, answered["token"])


def test_an_example_of_a_plan_is_understood() -> None:
    said = json.loads((WIRE / "put_bookings.json").read_text(encoding="utf-8"))
    told = json.loads((WIRE / "bookings.json").read_text(encoding="utf-8"))

    understood = plan.parse(said)

    assert json.loads(json.dumps(asdict(understood))) == said
    assert plan.parse(told) == understood


def test_every_example_of_the_agent_is_said() -> None:
    # Which the integration says; test_server.py, test_vault.py and the above hear it.
    asked = {"start_recording", "grants", "put_grants", "put_bookings", "pair_begin", "pair_prove"}

    assert {path.stem for path in WIRE.glob("*.json")} - asked == {
        "access", "bookings", "camera", "detect", "door", "enroll", "error", "info", "info_doors",
        "info_public",
        "logs", "motion", "passage", "passages", "privacy", "recording", "recording_booked", "ring",
        "spool", "state", "state_doors", "stats", "stats_doors", "unlock",
    }  # fmt: skip
