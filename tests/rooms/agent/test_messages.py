"""The golden messages, read by the integration."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
import json
from typing import Any

import pytest

from custom_components.gatehouse.agent import (
    AgentGarbled,
    AgentIncompatible,
    AgentInfo,
    AgentStats,
    Booked,
    CameraChanged,
    CameraFigures,
    Gpu,
    MotionChanged,
    NotAnAgent,
    Probe,
    Quantity,
    Reading,
    Recording,
    RecordingChanged,
    RecordingOrigin,
    RecordingStatus,
    Spool,
    State,
    StatsChanged,
)
from custom_components.gatehouse.agent.messages import parse_info, parse_message
from custom_components.gatehouse.agent.recording import parse_recording
from custom_components.gatehouse.agent.spool import parse_spool
from custom_components.gatehouse.models import CameraInfo, CameraState, CameraStatus
from tests.rooms.agent.loopback import golden

PORCH = AgentInfo(
    id="9f2c41d07ab3",
    name="Porch",
    version="0.1.0",
    model="Raspberry Pi 5 Model B Rev 1.0",
    cameras=(CameraInfo(id="front", name="Front door", width=1280, height=720, fps=15.0),),
    ring=timedelta(seconds=15),
    webrtc=True,
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
            temperature=48.0,
        ),
    ),
)

WARMTH = Probe(
    id="28-0316a2795aff:temperature",
    sensor="DS18B20",
    quantity=Quantity.TEMPERATURE,
    value=21.31,
)
AIR = Probe(id="1-0076:pressure", sensor="BME280", quantity=Quantity.PRESSURE, value=None)

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
    origin=RecordingOrigin.ASKED,
)

PART = Recording(
    id="5d1b8e03c97f4a26",
    camera="front",
    status=RecordingStatus.COMPLETE,
    started=datetime.fromtimestamp(1795003599.4, UTC),
    until=datetime.fromtimestamp(1795003900, UTC),
    duration=timedelta(seconds=300.6),
    size=75497472,
    sha256="8f434346648f6b96df89dda901c5176b10a6d83961dd3c1ac88b59b2dc327aa4",
    error=None,
    origin=RecordingOrigin.BOOKED,
    booking="6f1c2a9e@20261118T180000",
)

MEANINGS = {
    "state": State(
        now=datetime.fromtimestamp(1795000000.25, UTC),
        info=PORCH,
        cameras={
            "front": CameraState(
                status=CameraStatus.ONLINE, fps=14.9, frame_age=timedelta(seconds=0.05)
            )
        },
        stats=STATS,
        recordings=(),
        spool=Spool(clips=2, size=9437184, lost=1, readings=61),
        bookings=Booked(planned=3, running=1, waiting=4, size=104857600, error=None),
        probes=(WARMTH, AIR),
    ),
    "camera": CameraChanged(
        camera="front",
        state=CameraState(
            status=CameraStatus.OFFLINE,
            error="No frame for 5 s; restarting the camera.",
            restarts=1,
            frame_age=timedelta(seconds=5.02),
        ),
    ),
    "motion": MotionChanged(
        camera="front", score=0.0731, moving=True, at=datetime.fromtimestamp(1795000003.5, UTC)
    ),
    "recording": RecordingChanged(recording=RECORDING),
    "recording_booked": RecordingChanged(recording=PART),
    "stats": StatsChanged(
        stats=AgentStats(
            cpu_percent=12.5,
            memory_percent=41.0,
            disk_percent=37.2,
            disk_free_bytes=21474836480,
            booted=datetime.fromtimestamp(1794900000, UTC),
            load=0.42,
            memory_total_bytes=8454995968,
        ),
        now=datetime.fromtimestamp(1795000010.25, UTC),
        spool=Spool(clips=1, size=4194304, lost=1, readings=0),
        bookings=Booked(planned=2, running=0, waiting=5, size=125829120, error="no_space"),
        probes=(),
        figures={"front": CameraFigures(fps=0.0, frame_age=None, encoder_percent=None)},
    ),
}


@pytest.mark.parametrize("name", MEANINGS)
def test_a_golden_message_means_what_the_agent_meant(name: str) -> None:
    assert parse_message(json.dumps(golden(name))) == MEANINGS[name]


def test_the_golden_info_describes_the_agent() -> None:
    assert parse_info(golden("info")) == PORCH


def test_the_golden_spool_tells_what_was_kept_and_lost() -> None:
    report = parse_spool(golden("spool"))

    assert report.spool == Spool(clips=2, size=9437184, lost=1, readings=1)
    assert report.readings == (Reading(at=datetime.fromtimestamp(1795000060, UTC), stats=STATS),)


def test_readings_are_told_in_the_order_of_time() -> None:
    spool = golden("spool")
    spool["readings"] = [spool["readings"][0] | {"at": at} for at in (300.0, 100.0, 200.0)]

    assert [reading.at.timestamp() for reading in parse_spool(spool).readings] == [100, 200, 300]


def test_an_older_agent_says_less() -> None:
    state, stats = golden("state"), golden("stats")
    del state["spool"], state["info"]["ring_s"], stats["now"], stats["spool"]
    del state["info"]["webrtc"]
    del state["bookings"], stats["bookings"]
    del state["probes"], stats["probes"], stats["cameras"], state["stats"]["gpus"]
    del state["cameras"]["front"]["frame_age_s"]
    recording = golden("recording")["recording"]
    del recording["origin"], recording["booking"]

    told, changed = parse_message(json.dumps(state)), parse_message(json.dumps(stats))

    assert isinstance(told, State)
    assert isinstance(changed, StatsChanged)
    assert (told.spool, told.info.ring, told.bookings) == (None, None, None)
    assert not told.info.webrtc
    assert (told.probes, told.stats.gpus, told.cameras["front"].frame_age) == (None, (), None)
    assert (changed.now, changed.spool, changed.bookings) == (None, None, None)
    assert (changed.probes, changed.figures) == (None, {})
    assert parse_recording(recording).origin is RecordingOrigin.ASKED
    assert parse_recording(recording).booking is None


def test_a_quantity_or_a_status_of_tomorrow_harms_nothing() -> None:
    state = golden("state")
    state["probes"][0]["quantity"] = "radiation"
    state["cameras"]["front"]["status"] = "dreaming"

    told = parse_message(json.dumps(state))

    assert isinstance(told, State)
    assert told.probes == (AIR,)
    assert told.cameras["front"].status is CameraStatus.OFFLINE


def test_a_reading_that_is_no_number_is_none() -> None:
    stats = golden("stats_doors")
    stats["stats"] |= {"cpu_percent": float("nan"), "cma_free_bytes": float("inf")}
    stats["probes"][0]["value"] = float("nan")

    told = parse_message(json.dumps(stats))

    assert isinstance(told, StatsChanged)
    assert (told.stats.cpu_percent, told.stats.cma_free_bytes) == (None, None)
    assert told.probes == (replace(WARMTH, value=None), AIR)


def test_what_nobody_asked_for_is_told_apart() -> None:
    spooled = golden("recording")["recording"] | {"origin": "spool"}

    assert parse_recording(spooled).origin is RecordingOrigin.SPOOL


@pytest.mark.parametrize("spool", [{}, {"clips": 1}, {"readings": [{}]}, {"readings": 3}])
def test_a_spool_that_makes_no_sense_is_told_as_such(spool: dict[str, Any]) -> None:
    with pytest.raises(AgentGarbled, match="makes no sense"):
        parse_spool(spool)


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
