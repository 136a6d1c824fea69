"""The bench of a thousand cameras, with few: that it measures, not how much a site bears."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
import json
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from pytest_socket import socket_allow_hosts

from custom_components.gatehouse.agent import (
    Agent,
    MotionChanged,
    PassageMade,
    RecordingChanged,
    State,
    StatsChanged,
)
from custom_components.gatehouse.vision import DetectorOptions, RemoteDetector
from scripts.benchmarks import thousand
from scripts.benchmarks.__main__ import FULL, QUICK
from scripts.benchmarks.results import Missing
from scripts.benchmarks.thousand_agents import agent_id
from scripts.benchmarks.thousand_day import CAMERAS, Course, Day, has_door, motion_entity
from scripts.benchmarks.thousand_home import Crowd, agents
from scripts.benchmarks.thousand_shown import FILM
from scripts.benchmarks.thousand_site import write_site
from scripts.benchmarks.thousand_span import Span
from scripts.benchmarks.thousand_watch import Delays, Seen, delays
from scripts.benchmarks.thousand_wire import LOCAL, TOKEN

FEW = 8
SOON = 60.0  # seconds


@pytest.fixture(autouse=True)
def open_network(socket_enabled: None) -> None:
    socket_allow_hosts([LOCAL])


@asynccontextmanager
async def met(crowd: Crowd, number: int) -> AsyncIterator[Agent]:
    async with aiohttp.ClientSession() as session:
        yield Agent(session, LOCAL, crowd.ports[number], TOKEN)


async def test_a_simulated_agent_speaks_as_agents_do(tmp_path: Path) -> None:
    """What Home Assistant's own client understands is what it would hear from a Pi."""
    async with agents(tmp_path, FEW) as crowd, met(crowd, 0) as agent, asyncio.timeout(SOON):
        heard = agent.feed()
        state = await anext(heard)
        await crowd.hurry(2000)
        kinds = {type(state)}
        while not kinds >= {State, StatsChanged, MotionChanged, PassageMade}:
            kinds.add(type(await anext(heard)))
        await heard.aclose()

    assert isinstance(state, State)
    assert state.info.id == agent_id(0)
    assert list(state.cameras) == ["camera0", "camera1", "camera2", "camera3"]
    assert [door.name for door in state.doors] == ["Door 000"]


async def test_what_a_simulated_agent_records_can_be_fetched(tmp_path: Path) -> None:
    fetched = tmp_path / "clip.mp4"
    now = datetime.now(UTC)
    async with agents(tmp_path, FEW) as crowd, met(crowd, 1) as agent, asyncio.timeout(SOON):
        heard = agent.feed()
        await anext(heard)
        begun = await agent.recordings.start("camera1", now, now)
        told = await anext(heard)
        while not isinstance(told, RecordingChanged):
            told = await anext(heard)
        await agent.recordings.fetch("camera1", begun.id, fetched, told.recording.sha256)
        await agent.recordings.delete("camera1", begun.id)
        left = await agent.recordings.list("camera1")
        await heard.aclose()

    assert fetched.read_bytes() == FILM
    assert left == ()


async def test_somebody_is_in_the_pictures_while_he_moves(tmp_path: Path) -> None:
    options = DetectorOptions(threshold=0.3)
    async with agents(tmp_path, FEW) as crowd, aiohttp.ClientSession() as session:
        address = f"http://{LOCAL}:{crowd.ports[0]}"
        detector = RemoteDetector.for_agent(session, address, TOKEN, options)
        async with met(crowd, 0) as agent:
            before = await agent.snapshot("camera0")
        await crowd.hurry(5000)
        number = await first_visited(crowd)
        async with met(crowd, number // CAMERAS) as agent:
            picture = await agent.snapshot(f"camera{number % CAMERAS}")
        nobody = await detector.detect(lambda: before)
        somebody = await detector.detect(lambda: picture)
        told = await crowd.told()

    assert nobody.detections == ()
    assert [each.label for each in somebody.detections] == ["person"]
    assert told["looks"] == 2


async def first_visited(crowd: Crowd) -> int:
    """Return at which camera there is somebody first."""
    async with asyncio.timeout(SOON):
        while True:
            for number, moving, _, is_somebody in (await crowd.told())["motions"]:
                if moving and is_somebody:
                    return int(number)
            await asyncio.sleep(0.05)


def test_a_day_is_as_busy_as_it_is_said_to_be_and_the_same_each_time() -> None:
    day, hours = Day(rests_s=90, moves_s=10, passage_s=50), 3600 * 10.0
    course, again = Course(16, day, seed=7), Course(16, day, seed=7)
    happened = [each for _ in range(10) for each in course.pass_by(hours / 10)]
    cameras = [each for each in happened if not each.at_door]
    doors = [each for each in happened if each.at_door]

    assert happened == [each for _ in range(10) for each in again.pass_by(hours / 10)]
    assert happened == sorted(happened)
    assert len(cameras) == pytest.approx(16 * hours / 100, rel=0.1)
    assert len(doors) == pytest.approx(hours / 50, rel=0.2)
    assert {each.number for each in doors} == {0}


def test_a_delay_is_that_of_its_own_word() -> None:
    """Nothing is matched with what was told before or after it."""
    first, second = motion_entity(1), motion_entity(2)
    told = {
        "motions": [
            (1, True, 10.0, True),
            (2, True, 10.5, False),
            (1, False, 20.0, True),
            (3, True, 21.0, False),
        ],
        "passages": [("Door 000", 30.0), ("Door 004", 31.0), ("Door 000", 32.0)],
    }
    seen = Seen()
    seen.motions[first] = [(False, 9.0), (True, 10.1), (False, 20.2)]
    seen.motions[second] = [(True, 10.9)]
    seen.incidents = [("Camera 0001", 10.75), ("Camera 0002", 11.0)]
    seen.passages["Door 000"] = [30.25, 32.5]

    found = delays(seen, told)

    assert found.state == pytest.approx([100, 400, 200])
    assert found.row == pytest.approx([750])
    assert found.passage == pytest.approx([250, 500])
    assert found.owed == 1


def span(**changes: Any) -> Span:
    well = Delays(state=[5.0] * 20, row=[500.0] * 20, passage=[9.0] * 20, owed=0)
    return replace(
        Span(
            pace=1,
            core=20,
            loop=15,
            agents_core=9,
            memory_mb=300,
            late_p99=5,
            late_max=20,
            delays=well,
            received=1,
            states=1,
            written=1,
            rows=1,
            incidents=1,
            looks=1,
            motions=1,
        ),
        **changes,
    )


@pytest.mark.parametrize(
    ("measured", "wall"),
    [
        (span(), None),
        (span(late_p99=51), "the loop is late by 51 ms (p99)"),
        (span(late_p99=51, loop=96), "the loop's thread has 96 % of a core"),
        (
            span(delays=Delays(state=[5], row=[1200.0] * 20, passage=[], owed=0)),
            "an incident by 1200 ms late (p95)",
        ),
        (span(delays=Delays(state=[5], row=[9000.0] * 2, passage=[], owed=0)), None),
    ],
)
def test_the_wall_is_called_by_its_name(measured: Span, wall: str | None) -> None:
    assert measured.wall == wall


async def test_the_site_that_is_written_down_has_every_agent_and_every_door(tmp_path: Path) -> None:
    (tmp_path / ".storage").mkdir()
    ports = range(9000, 9009)

    await write_site(tmp_path, ports)

    stored = json.loads((tmp_path / ".storage" / "core.config_entries").read_text("utf-8"))
    [site] = stored["data"]["entries"]
    kinds = [each["subentry_type"] for each in site["subentries"]]
    assert kinds.count("agent") == len(ports)
    assert kinds.count("group") == sum(map(has_door, range(len(ports))))
    assert {each["data"]["port"] for each in site["subentries"] if "port" in each["data"]} == {
        *ports
    }
    assert (tmp_path / "gatehouse.db").is_file()


async def test_a_glance_leaves_a_thousand_cameras_out_and_says_why(tmp_path: Path) -> None:
    [left_out] = await thousand.measured(tmp_path, QUICK)

    assert left_out == Missing(name="a thousand cameras", reason="takes minutes")
    assert all(size % CAMERAS == 0 for size in thousand.SIZES)
    assert not FULL.quick
