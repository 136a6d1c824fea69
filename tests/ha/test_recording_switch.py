"""The recording switch: a camera is recorded part after part, whoever goes away in between."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
import time
from typing import Any
from unittest.mock import patch

from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant, State
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    mock_restore_cache_with_extra_data,
)

from custom_components.gatehouse.database import Database, DatabaseError
from custom_components.gatehouse.footage import FootageStore
from custom_components.gatehouse.footage_options import LONGEST_RECORDING
from custom_components.gatehouse.models import Footage, FootageStage
from tests.ha.happened import CLIP
from tests.ha.scripted import KEY, ScriptedAgent
from tests.ha.seeing import CONNECTED, becomes, set_up, state_of
from tests.ha.site import site_with, subentry_of
from tests.ha.sources import Yard, from_entity, plug_in, start
from tests.waiting import eventually

SWITCH = "switch.front_door_recording"
ROOM = "custom_components.gatehouse.recording_switch"
LONGEST_S = LONGEST_RECORDING.total_seconds()
MEMORY_S = 15.0


@pytest.fixture(autouse=True)
def _impatient() -> Iterator[None]:
    """Ask an agent that is away, or a database that fails, again at once."""
    soon = timedelta(seconds=0.05)
    with (
        patch("custom_components.gatehouse.reconnecting.RETRY_FIRST", soon),
        patch(f"{ROOM}.RETRY", soon),
    ):
        yield


@pytest.fixture
def short_parts() -> Iterator[None]:
    """Let each part be so short that a test sees several."""
    with patch(f"{ROOM}.LONGEST_RECORDING", timedelta(seconds=0.3)):
        yield


async def turn(hass: HomeAssistant, word: str, switch: str = SWITCH) -> None:
    """Turn a switch on or off."""
    await hass.services.async_call("switch", f"turn_{word}", {"entity_id": switch}, blocking=True)


def parts(agent: ScriptedAgent) -> list[dict[str, Any]]:
    """Return what an agent was asked to record, in the order of asking."""
    return [dict(recording) for recording in agent.recordings.values()]


def remembered(part: str | None) -> tuple[State, dict[str, Any]]:
    """Return the switch as it was on when Home Assistant ended."""
    return State(SWITCH, "on"), {"on": True, "part": part}


async def test_a_camera_is_recorded_from_now_on(
    hass: HomeAssistant, running_site: MockConfigEntry, agent: ScriptedAgent
) -> None:
    assert state_of(hass, SWITCH) == "off"

    await turn(hass, "on")

    [part] = await eventually(lambda: parts(agent))
    assert state_of(hass, SWITCH) == "on"
    assert part["started"] == pytest.approx(time.time(), abs=3)
    assert part["until"] == pytest.approx(part["started"] + LONGEST_S, abs=0.1)
    [row] = await running_site.runtime_data.storage.library.find(KEY)
    assert (row.incident, row.kept) == (None, False)


async def test_turning_it_on_twice_records_once(
    hass: HomeAssistant, running_site: MockConfigEntry, agent: ScriptedAgent
) -> None:
    await turn(hass, "on")
    await turn(hass, "on")
    await eventually(lambda: parts(agent))

    assert len(await running_site.runtime_data.storage.library.find(KEY)) == 1


@pytest.mark.usefixtures("running_site", "short_parts")
async def test_each_part_begins_where_the_one_before_ended(
    hass: HomeAssistant, agent: ScriptedAgent
) -> None:
    await turn(hass, "on")
    await eventually(lambda: len(agent.recordings) >= 4)
    await turn(hass, "off")

    found = sorted(parts(agent), key=lambda part: part["started"])[:4]
    ends = [part["until"] for part in found[:3]]
    assert [part["started"] for part in found[1:]] == pytest.approx(ends, abs=0.001)


@pytest.mark.usefixtures("running_site")
async def test_turning_it_off_ends_the_part_that_runs(
    hass: HomeAssistant, agent: ScriptedAgent
) -> None:
    await turn(hass, "on")
    await eventually(lambda: parts(agent))

    await turn(hass, "off")

    assert state_of(hass, SWITCH) == "off"
    await eventually(lambda: parts(agent)[0]["until"] < time.time() + 1)
    assert len(parts(agent)) == 1


@pytest.mark.usefixtures("running_site")
async def test_turned_off_and_on_at_once_it_records_on(
    hass: HomeAssistant, agent: ScriptedAgent
) -> None:
    await turn(hass, "on")
    await eventually(lambda: parts(agent))

    off = hass.async_create_task(turn(hass, "off"))
    on = hass.async_create_task(turn(hass, "on"))
    await off
    await on

    assert state_of(hass, SWITCH) == "on"
    await eventually(lambda: len(parts(agent)) == 2)
    first, second = parts(agent)
    await eventually(lambda: parts(agent)[0]["until"] < time.time() + 1)
    assert second["until"] - first["started"] >= LONGEST_S - 1


@pytest.mark.usefixtures("running_site")
async def test_a_part_that_was_cut_short_is_followed_by_the_next_out_of_the_ring(
    hass: HomeAssistant, agent: ScriptedAgent
) -> None:
    await turn(hass, "on")
    await eventually(lambda: parts(agent))

    await agent.complete()

    await eventually(lambda: any(part["status"] == "recording" for part in parts(agent)))
    [part] = [part for part in parts(agent) if part["status"] == "recording"]
    assert part["started"] == pytest.approx(time.time() - MEMORY_S, abs=3)


@pytest.mark.usefixtures("running_site")
async def test_a_camera_that_is_away_is_recorded_as_soon_as_it_is_back(
    hass: HomeAssistant, agent: ScriptedAgent
) -> None:
    await agent.stop()
    await becomes(hass, CONNECTED, "off")

    await turn(hass, "on")
    assert state_of(hass, SWITCH) == "on"
    assert parts(agent) == []

    await agent.start(agent.port)
    [part] = await eventually(lambda: parts(agent))
    assert part["started"] == pytest.approx(time.time(), abs=3)


async def test_while_the_camera_is_away_it_can_be_turned_off(
    hass: HomeAssistant, running_site: MockConfigEntry, agent: ScriptedAgent
) -> None:
    await agent.stop()
    await becomes(hass, CONNECTED, "off")
    await turn(hass, "on")

    await turn(hass, "off")
    await agent.start(agent.port)
    await becomes(hass, CONNECTED, "on")

    assert state_of(hass, SWITCH) == "off"
    assert await running_site.runtime_data.storage.library.find(KEY) == []


async def test_a_camera_that_its_agent_no_longer_has_is_recorded_no_more(
    hass: HomeAssistant, running_site: MockConfigEntry, agent: ScriptedAgent
) -> None:
    await turn(hass, "on")
    await eventually(lambda: parts(agent))

    agent.state["info"]["cameras"] = []
    agent.state["cameras"] = {}
    await agent.cut()

    await eventually(lambda: state_of(hass, SWITCH) in (None, STATE_UNAVAILABLE))
    [row] = await running_site.runtime_data.storage.library.find(KEY)
    await eventually(lambda: _is_ended(running_site, row.id))


async def test_taken_down_and_set_up_again_it_goes_on_where_it_ended(
    hass: HomeAssistant, running_site: MockConfigEntry, agent: ScriptedAgent
) -> None:
    await turn(hass, "on")
    await eventually(lambda: parts(agent))

    await hass.config_entries.async_unload(running_site.entry_id)
    await set_up(hass, running_site)

    await eventually(lambda: len(parts(agent)) == 2)
    assert state_of(hass, SWITCH) == "on"
    rows = await running_site.runtime_data.storage.library.find(KEY)
    second, first = sorted(rows, key=lambda row: row.since, reverse=True)
    assert second.since == first.until


@asynccontextmanager
async def rows_of(hass: HomeAssistant) -> AsyncIterator[FootageStore]:
    """Open the rows of a site that is not running."""
    database = await Database.open(hass.config.path("gatehouse.db"))
    yield FootageStore(database)
    await database.close()


def running_part(agent: ScriptedAgent) -> Footage:
    """Return a part that an agent was recording when Home Assistant ended."""
    since = dt_util.utcnow() - timedelta(minutes=1)
    until = since + LONGEST_RECORDING
    row = replace(CLIP, incident=None, stage=FootageStage.RECORDING, since=since, until=until)
    agent.recordings["a1"] = {
        "id": "a1",
        "camera": "front",
        "status": "recording",
        "started": since.timestamp(),
        "until": until.timestamp(),
    }
    return replace(row, id="f1", recording="a1", path=None, duration=None)


async def test_after_a_restart_the_part_that_still_runs_goes_on(
    hass: HomeAssistant, agent: ScriptedAgent, tmp_path: Path
) -> None:
    hass.config.media_dirs = {"local": str(tmp_path)}
    async with rows_of(hass) as rows:
        await rows.add(running_part(agent))
    mock_restore_cache_with_extra_data(hass, [remembered("f1")])
    site = site_with(subentry_of(agent), detectors=[])

    await set_up(hass, site)
    assert state_of(hass, SWITCH) == "on"
    await turn(hass, "off")

    await eventually(lambda: parts(agent)[0]["until"] < time.time() + 1)
    assert len(parts(agent)) == 1


@pytest.mark.parametrize("part", [None, "gone"])
async def test_after_a_restart_it_begins_anew_where_nothing_runs(
    hass: HomeAssistant, agent: ScriptedAgent, tmp_path: Path, part: str | None
) -> None:
    hass.config.media_dirs = {"local": str(tmp_path)}
    mock_restore_cache_with_extra_data(hass, [remembered(part)])

    await set_up(hass, site_with(subentry_of(agent), detectors=[]))

    [begun] = await eventually(lambda: parts(agent))
    assert begun["started"] == pytest.approx(time.time(), abs=3)


async def test_a_clock_that_was_set_back_ends_no_recording_for_hours(
    hass: HomeAssistant, agent: ScriptedAgent, tmp_path: Path
) -> None:
    hass.config.media_dirs = {"local": str(tmp_path)}
    ahead = timedelta(days=1)
    part = running_part(agent)
    async with rows_of(hass) as rows:
        await rows.add(replace(part, since=part.since + ahead, until=part.until + ahead))
    mock_restore_cache_with_extra_data(hass, [remembered("f1")])

    await set_up(hass, site_with(subentry_of(agent), detectors=[]))

    await eventually(lambda: len(parts(agent)) == 2)
    assert parts(agent)[1]["started"] == pytest.approx(time.time(), abs=3)


async def test_a_database_that_fails_for_a_while_is_told_once_and_asked_again(
    hass: HomeAssistant,
    running_site: MockConfigEntry,
    agent: ScriptedAgent,
    caplog: pytest.LogCaptureFixture,
) -> None:
    flow = running_site.runtime_data.storage.flow
    with patch.object(type(flow), "record", side_effect=DatabaseError("It is locked.")) as asked:
        await turn(hass, "on")
        await eventually(lambda: asked.call_count >= 3)
    await eventually(lambda: parts(agent))

    assert caplog.text.count("cannot be recorded for now: It is locked.") == 1


async def test_what_cannot_be_ended_ends_by_itself_and_is_told(
    hass: HomeAssistant,
    running_site: MockConfigEntry,
    agent: ScriptedAgent,
    caplog: pytest.LogCaptureFixture,
) -> None:
    await turn(hass, "on")
    await eventually(lambda: parts(agent))

    flow = running_site.runtime_data.storage.flow
    with patch.object(type(flow), "end", side_effect=DatabaseError("It is locked.")):
        await turn(hass, "off")

    assert state_of(hass, SWITCH) == "off"
    assert f"The recording of {KEY} goes on until" in caplog.text


@pytest.mark.usefixtures("socket_enabled")
async def test_a_camera_that_is_on_no_agent_is_recorded_too(
    hass: HomeAssistant, tmp_path: Path
) -> None:
    hass.config.media_dirs = {"local": str(tmp_path)}
    await plug_in(hass, Yard())
    assert await async_setup_component(hass, "binary_sensor", {})
    site = await start(hass, site_with(from_entity(motion=None), detectors=[]))
    switch = "switch.back_yard_recording"
    await becomes(hass, switch, "off")

    await turn(hass, "on", switch)

    library = site.runtime_data.storage.library
    [row] = await eventually(library.find)
    await eventually(lambda: _stage(site, row.id, FootageStage.RECORDING))
    await turn(hass, "off", switch)
    await eventually(lambda: _stage(site, row.id, FootageStage.READY), seconds=20)


async def _is_ended(site: MockConfigEntry, row: str) -> bool:
    found = await site.runtime_data.storage.library.get(row)
    return found is not None and found.until < dt_util.utcnow() + timedelta(seconds=1)


async def _stage(site: MockConfigEntry, row: str, stage: FootageStage) -> bool:
    found = await site.runtime_data.storage.library.get(row)
    return found is not None and found.stage is stage
