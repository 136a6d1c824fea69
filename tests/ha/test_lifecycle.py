"""A site comes, goes and comes again, and leaves nothing behind."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from http import HTTPStatus
import logging
from pathlib import Path
import sqlite3
import threading
from typing import Any
from unittest.mock import patch

from homeassistant import block_async_io
from homeassistant.config_entries import ConfigEntryState, ConfigSubentry
from homeassistant.const import EVENT_HOMEASSISTANT_STOP
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.gatehouse.database import Database, DatabaseError, DatabaseLocked
from tests.ha.scripted import ScriptedAgent, ScriptedDetections
from tests.ha.seeing import LIVE, PERSON, becomes, incident_with_a_clip, walk_by
from tests.ha.site import site_with, subentry_of
from tests.waiting import eventually


@pytest.fixture
def strict_loop(disable_block_async_io: None) -> Iterator[None]:
    """Home Assistant's own watch for calls that block the event loop."""
    with patch.object(block_async_io, "_IN_TESTS", new=False):
        block_async_io.enable()
        yield


def ours() -> tuple[set[str], set[str]]:
    """Return the names of our tasks and threads that are alive."""
    tasks = {task.get_name() for task in asyncio.all_tasks()}
    threads = {thread.name for thread in threading.enumerate()}
    return (
        {name for name in tasks if name.startswith("gatehouse")},
        {name for name in threads if name.startswith("gatehouse")},
    )


@pytest.mark.usefixtures("strict_loop")
async def test_nothing_of_a_walk_blocks_the_event_loop(
    hass: HomeAssistant,
    site: MockConfigEntry,
    agent: ScriptedAgent,
    detections: ScriptedDetections,
    hass_client: ClientSessionGenerator,
    caplog: pytest.LogCaptureFixture,
) -> None:
    await walk_by(hass, agent, detections)
    await agent.complete()
    incident = await eventually(lambda: incident_with_a_clip(hass))
    browser = await hass_client()
    for address in (
        f"camera_proxy/{LIVE}",
        f"gatehouse/picture/{incident['id']}",
        f"gatehouse/footage/{incident['clip'].rpartition('/')[2]}",
    ):
        assert (await browser.get(f"/api/{address}")).status == HTTPStatus.OK
    await hass.services.async_call("gatehouse", "snapshot", {"entity_id": LIVE}, blocking=True)
    assert await hass.config_entries.async_unload(site.entry_id)

    assert "by custom integration 'gatehouse'" not in caplog.text


async def test_an_agent_that_is_added_while_the_site_is_set_up_is_set_up_too(
    hass: HomeAssistant, agent: ScriptedAgent
) -> None:
    opened, open_database = asyncio.Event(), Database.open

    async def slowly(path: Any) -> Database:
        await opened.wait()
        return await open_database(path)

    site = site_with()
    site.add_to_hass(hass)
    with patch.object(Database, "open", slowly):
        setting_up = hass.async_create_task(hass.config_entries.async_setup(site.entry_id))
        await eventually(lambda: site.state is ConfigEntryState.SETUP_IN_PROGRESS)
        hass.config_entries.async_add_subentry(site, ConfigSubentry(**subentry_of(agent)))
        opened.set()
        await setting_up

    await eventually(lambda: hass.states.get(LIVE))


async def test_a_site_that_is_unloaded_in_mid_incident_leaves_no_task_thread_or_connection(
    hass: HomeAssistant,
    site: MockConfigEntry,
    agent: ScriptedAgent,
    detections: ScriptedDetections,
) -> None:
    detections.people = 1
    await agent.move(moving=True)
    await becomes(hass, PERSON, "on")
    tasks, threads = ours()
    assert tasks
    assert threads

    assert await hass.config_entries.async_unload(site.entry_id)

    assert ours() == (set(), set())
    await eventually(lambda: agent.streams == 0)


async def test_when_home_assistant_stops_the_open_incident_is_written_before_the_database_closes(
    hass: HomeAssistant,
    site: MockConfigEntry,
    agent: ScriptedAgent,
    detections: ScriptedDetections,
    folder: Path,
) -> None:
    detections.people = 1
    await agent.move(moving=True)
    await becomes(hass, PERSON, "on")

    hass.bus.async_fire(EVENT_HOMEASSISTANT_STOP)
    await eventually(lambda: ours() == (set(), set()))

    with sqlite3.connect(folder / "configuration" / "gatehouse.db") as database:
        assert database.execute("SELECT state FROM incidents").fetchall() == [("interrupted",)]
    database.close()


async def test_a_site_that_is_unloaded_takes_its_repair_issues_along(
    hass: HomeAssistant, site: MockConfigEntry, agent: ScriptedAgent
) -> None:
    agent.state["info"]["api"] = 2
    await agent.cut()
    issue = ("gatehouse", f"agent_incompatible_{agent.state['info']['id']}")
    await eventually(lambda: ir.async_get(hass).async_get_issue(*issue))

    assert await hass.config_entries.async_unload(site.entry_id)

    assert ir.async_get(hass).async_get_issue(*issue) is None


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("version", "before", "after"),
    [
        (1, {"detector": "remote", "idle": 20}, {"detectors": ["remote"], "idle": 20}),
        (1, {"detector": "off"}, {"detectors": []}),
        (2, {"detectors": [], "of_tomorrow": 1}, {"detectors": [], "of_tomorrow": 1}),
        (3, {"detectors": [], "of_tomorrow": 1}, {"detectors": [], "of_tomorrow": 1}),
    ],
)
async def test_the_options_of_an_older_site_are_brought_up_to_date(
    hass: HomeAssistant, version: int, before: dict[str, Any], after: dict[str, Any]
) -> None:
    site = MockConfigEntry(domain="gatehouse", minor_version=version, options=before)
    site.add_to_hass(hass)

    assert await hass.config_entries.async_setup(site.entry_id)

    assert site.options == after
    assert site.minor_version == max(version, 2)


async def test_a_site_of_a_much_newer_gatehouse_is_left_alone(hass: HomeAssistant) -> None:
    site = MockConfigEntry(domain="gatehouse", version=2, options={"of_tomorrow": 1})
    site.add_to_hass(hass)

    assert not await hass.config_entries.async_setup(site.entry_id)

    assert site.state is ConfigEntryState.MIGRATION_ERROR
    assert site.options == {"of_tomorrow": 1}


async def test_a_database_of_a_newer_version_stops_the_set_up_and_says_why(
    hass: HomeAssistant, folder: Path
) -> None:
    with sqlite3.connect(folder / "configuration" / "gatehouse.db") as database:
        database.execute("INSERT INTO schema_version VALUES (99)")
    database.close()
    site = site_with(detectors=[])
    site.add_to_hass(hass)

    assert not await hass.config_entries.async_setup(site.entry_id)

    assert site.state is ConfigEntryState.SETUP_ERROR
    assert site.error_reason_translation_key == "database_failed"
    assert "newer Gatehouse" in site.error_reason_translation_placeholders["error"]


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (DatabaseLocked("in use"), ConfigEntryState.SETUP_RETRY),
        (DatabaseError("does not work"), ConfigEntryState.SETUP_ERROR),
    ],
)
@pytest.mark.usefixtures("folder")
async def test_a_database_that_fails_during_the_set_up_is_closed_again(
    hass: HomeAssistant, error: DatabaseError, state: ConfigEntryState
) -> None:
    site = site_with(detectors=[])
    site.add_to_hass(hass)

    with patch.object(Database, "read", side_effect=error):
        await hass.config_entries.async_setup(site.entry_id)

    assert site.state is state
    assert ours() == (set(), set())


@pytest.mark.usefixtures("folder")
async def test_a_site_whose_entities_cannot_be_set_up_leaves_nothing_running(
    hass: HomeAssistant,
) -> None:
    site = site_with(detectors=[])
    site.add_to_hass(hass)

    with patch.object(
        hass.config_entries, "async_forward_entry_setups", side_effect=ImportError("no camera")
    ):
        assert not await hass.config_entries.async_setup(site.entry_id)

    assert site.state is ConfigEntryState.SETUP_ERROR
    assert ours() == (set(), set())


async def test_an_agent_that_is_away_from_the_start_is_said_once_in_the_log(
    hass: HomeAssistant,
    site: MockConfigEntry,
    agent: ScriptedAgent,
    caplog: pytest.LogCaptureFixture,
) -> None:
    await hass.config_entries.async_unload(site.entry_id)
    await agent.stop()
    caplog.clear()

    with patch("custom_components.gatehouse.reconnecting.RETRY_FIRST", timedelta(seconds=0.01)):
        assert await hass.config_entries.async_setup(site.entry_id)
        [coordinator] = site.runtime_data.cameras
        await eventually(lambda: coordinator.last_exception)
        first = coordinator.last_exception
        await eventually(lambda: coordinator.last_exception is not first)

    said = [record for record in caplog.records if "is not connected" in record.message]
    assert [record.levelno for record in said] == [logging.WARNING]
    await agent.start(agent.port)


async def test_a_network_that_changes_while_home_assistant_starts_is_waited_for(
    hass: HomeAssistant, site: MockConfigEntry
) -> None:
    assert await hass.config_entries.async_unload(site.entry_id)
    gone = RuntimeError("No adapter found for IP address fe80::1")

    with patch("custom_components.gatehouse.async_get_clientsession", side_effect=gone):
        await hass.config_entries.async_setup(site.entry_id)
    assert site.state is ConfigEntryState.SETUP_RETRY
    assert "fe80::1" in str(site.reason)
    assert ours() == (set(), set())

    await hass.config_entries.async_reload(site.entry_id)
    assert site.state is ConfigEntryState.LOADED
