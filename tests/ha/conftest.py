"""Home Assistant with Gatehouse in it, and agents on loopback."""

from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
import logging
from pathlib import Path
from typing import Any
from unittest.mock import PropertyMock, patch

from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity import Entity
from homeassistant.loader import DATA_CUSTOM_COMPONENTS
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

# Before Home Assistant mounts the test plugin's own custom_components.
from custom_components.gatehouse.access import compiler, secrets
from custom_components.gatehouse.footage import nice
from custom_components.gatehouse.incidents.track import TrackRules
from tests.databases import empty_database, share_statements
from tests.eager import EAGER
from tests.executors import let_threads_end
from tests.ha.entering import LOCK, let_anna_in, porch_group
from tests.ha.scripted import ScriptedAgent, ScriptedDetections, scripted_agent, scripted_detections
from tests.ha.seeing import becomes, set_up
from tests.ha.site import site_with, subentry_of
from tests.waiting import eventually

share_statements()
# What Home Assistant tells of itself is a hundred records a test; only caplog is told it.
logging.getLogger("homeassistant").setLevel(logging.WARNING)
let_threads_end()
vars(nice).update(LAUNCHER=EAGER)


@pytest.fixture
def caplog(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """Hear all that is logged, as with Home Assistant's plugin."""
    caplog.set_level(logging.NOTSET, "homeassistant")
    return caplog


@pytest.fixture
async def agent(socket_enabled: None) -> AsyncIterator[ScriptedAgent]:
    """An agent called Porch."""
    async with scripted_agent() as agent:
        yield agent


@pytest.fixture
async def other_agent(socket_enabled: None) -> AsyncIterator[ScriptedAgent]:
    """An agent called Garage."""
    async with scripted_agent() as agent:
        agent.state["info"] |= {"id": "c0ffee000002", "name": "Garage"}
        yield agent


@pytest.fixture(autouse=True)
def quick_pins(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hash PINs in no time; who guesses them is not among the tests, and each takes 50 ms."""
    for module in (secrets, compiler):
        monkeypatch.setattr(module, "PIN_COST", (2, 8, 1))


@pytest.fixture
def never_set_up() -> Iterator[None]:
    """Leave the set-up of entries away, where a test is about nothing but a flow."""
    with (
        patch("custom_components.gatehouse.async_setup_entry", return_value=True),
        patch("custom_components.gatehouse.async_unload_entry", return_value=True),
    ):
        yield


@pytest.fixture
def hass_config_dir(tmp_path: Path) -> str:
    """Give each test a configuration folder of its own: there is a database in it."""
    folder = tmp_path / "configuration"
    folder.mkdir()
    empty_database(folder / "gatehouse.db")
    return str(folder)


@pytest.fixture
async def hass(hass: HomeAssistant, tmp_path: Path) -> HomeAssistant:
    """Return Home Assistant that finds Gatehouse, with its media beside its configuration."""
    hass.data.pop(DATA_CUSTOM_COMPONENTS)
    hass.config.media_dirs = {"local": str(tmp_path / "media")}
    return hass


@pytest.fixture
async def running_site(hass: HomeAssistant, agent: ScriptedAgent) -> MockConfigEntry:
    """A site that is connected with Porch, and detects nothing."""
    site = site_with(subentry_of(agent), detectors=[])
    site.add_to_hass(hass)
    assert await hass.config_entries.async_setup(site.entry_id)
    await eventually(lambda: hass.states.is_state("camera.front_door", "streaming"))
    return site


@pytest.fixture
def every_entity() -> Iterator[None]:
    """Enable also those entities that are disabled unless somebody wants them."""
    with patch.object(
        Entity, "entity_registry_enabled_default", new_callable=PropertyMock, return_value=True
    ):
        yield


@pytest.fixture
def impatient_eyes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take somebody who is out of sight for a second as gone."""
    rules = TrackRules.__init__.__kwdefaults__
    monkeypatch.setitem(rules, "gone_after", timedelta(seconds=1))


@pytest.fixture
async def detections(socket_enabled: None) -> AsyncIterator[ScriptedDetections]:
    """A detection service that finds nobody yet."""
    async with scripted_detections() as detections:
        yield detections


@pytest.fixture
def folder(hass: HomeAssistant, tmp_path: Path) -> Path:
    """A folder of this test's own, in which the media are."""
    (tmp_path / "media").mkdir()
    return tmp_path


@pytest.fixture
def seeing(detections: ScriptedDetections, impatient_eyes: None) -> dict[str, Any]:
    """The options of a site that makes up its mind quickly."""
    return {
        "detectors": ["remote"],
        "remote_url": detections.url,
        "idle": 2,
        "needed": 2,
        "of": 3,
        "pre_roll": 1,
        "post_roll": 1,
    }


@pytest.fixture
async def site(
    hass: HomeAssistant, agent: ScriptedAgent, seeing: dict[str, Any], folder: Path
) -> MockConfigEntry:
    """A site with the agent connected."""
    assert await async_setup_component(hass, "http", {})
    entry = site_with(subentry_of(agent), **seeing)
    await set_up(hass, entry)
    return entry


@pytest.fixture
async def doored(hass: HomeAssistant, agent: ScriptedAgent, folder: Path) -> MockConfigEntry:
    """A site with the agent's doors, Anna's card and nobody who looks; grants are acknowledged."""
    agent.doors.add()
    entry = site_with(subentry_of(agent), porch_group(), detectors=[])
    await set_up(hass, entry)
    await becomes(hass, LOCK, "locked")
    await let_anna_in(entry)
    await eventually(lambda: agent.doors.grants and agent.doors.grants[-1]["cards"])
    return entry
