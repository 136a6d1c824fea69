"""The golden messages, read by the integration."""

from datetime import UTC, datetime, timedelta
import json
from typing import Any

import pytest

from custom_components.gatehouse.agent import (
    AgentGarbled,
    AgentIncompatible,
    CameraChanged,
    MotionChanged,
    NotAnAgent,
    Recording,
    RecordingChanged,
    RecordingStatus,
    State,
    StatsChanged,
)
from custom_components.gatehouse.agent.messages import parse_info, parse_message, parse_recording
from custom_components.gatehouse.models import AgentInfo, AgentStats, CameraInfo, CameraState
from tests.rooms.agent.loopback import golden

PORCH = AgentInfo(
    id="9f2c41d07ab3",
    name="Porch",
    version="0.1.0",
    model="Raspberry Pi 5 Model B Rev 1.0",
    cameras=(CameraInfo(id="front", name="Front door", width=1280, height=720, fps=15.0),),
)

STATS = AgentStats(
    cpu_percent=12.5,
    memory_percent=41.0,
    disk_percent=37.2,
    disk_free_bytes=21474836480,
    temperature=52.1,
    booted=datetime.fromtimestamp(1794900000, UTC),
    load=0.42,
    under_voltage=False,
    throttled=None,
)

RECORDING = Recording(
    id="0c7e5a1f9b3d4e68",
    camera="front",
    status=RecordingStatus.COMPLETE,
    started=datetime.fromtimestamp(1795000001, UTC),
    until=datetime.fromtimestamp(1795000021.5, UTC),
    duration=timedelta(seconds=20.5),
    size=5242880,
    sha256="2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b",
    error=None,
)

MEANINGS = {
    "state": State(
        now=datetime.fromtimestamp(1795000000.25, UTC),
        info=PORCH,
        cameras={"front": CameraState(online=True, fps=14.9)},
        stats=STATS,
        recordings=(),
    ),
    "camera": CameraChanged(
        camera="front",
        state=CameraState(
            online=False, error="No frame for 5 s; restarting the camera.", restarts=1
        ),
    ),
    "motion": MotionChanged(
        camera="front", score=0.0731, moving=True, at=datetime.fromtimestamp(1795000003.5, UTC)
    ),
    "recording": RecordingChanged(recording=RECORDING),
    "stats": StatsChanged(
        stats=AgentStats(
            cpu_percent=12.5,
            memory_percent=41.0,
            disk_percent=37.2,
            disk_free_bytes=21474836480,
            booted=datetime.fromtimestamp(1794900000, UTC),
            load=0.42,
        )
    ),
}


@pytest.mark.parametrize("name", MEANINGS)
def test_a_golden_message_means_what_the_agent_meant(name: str) -> None:
    assert parse_message(json.dumps(golden(name))) == MEANINGS[name]


def test_the_golden_info_describes_the_agent() -> None:
    assert parse_info(golden("info")) == PORCH


def test_a_newer_agent_may_say_more_than_we_know() -> None:
    newer = golden("motion") | {"zones": ["lawn"]}

    assert parse_message(json.dumps(newer)) == MEANINGS["motion"]
    assert parse_message('{"type": "weather", "rain": true}') is None


def test_a_running_recording_has_no_size_yet() -> None:
    unknown = {"status": "recording", "started": None, "duration_s": None, "bytes": None}

    running = parse_recording(golden("recording")["recording"] | unknown)

    assert running.status is RecordingStatus.RECORDING
    assert (running.started, running.duration, running.size) == (None, None, None)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        "null",
        '{"type": "motion"}',
        '{"type": "motion", "camera": "a", "score": "x", "moving": true, "at": 1}',
        '{"type": "motion", "camera": "a", "score": 0.5, "moving": true, "at": 1e300}',
        '{"type": "motion", "camera": "a", "score": 0.5, "moving": true, "at": NaN}',
        '{"type": "state", "cameras": []}',
        '{"type": "recording", "recording": {"id": "a", "camera": "b", "status": "melting"}}',
    ],
)
def test_nonsense_is_told_as_such(text: str) -> None:
    with pytest.raises(AgentGarbled, match="makes no sense"):
        parse_message(text)


@pytest.mark.parametrize("info", [{}, {"product": "octoprint", "api": 1}])
def test_another_product_is_not_an_agent(info: dict[str, Any]) -> None:
    with pytest.raises(NotAnAgent):
        parse_info(info)


@pytest.mark.parametrize(("theirs", "what"), [(2, "integration"), (0, "agent")])
def test_the_older_of_two_that_do_not_fit_is_to_be_updated(theirs: int, what: str) -> None:
    with pytest.raises(AgentIncompatible, match=f"Update the {what}") as caught:
        parse_info(golden("info") | {"api": theirs})

    assert caught.value.theirs == theirs
