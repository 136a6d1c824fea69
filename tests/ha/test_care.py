"""What somebody has to see to becomes a repair issue, and goes away by itself."""

from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
import sqlite3
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.gatehouse import caretaker as part, database_health
from custom_components.gatehouse.caretaker import Caretaker
from custom_components.gatehouse.database import DatabaseLocked
from custom_components.gatehouse.database_health import DatabaseHealth
from custom_components.gatehouse.models import CameraStatus
from tests.ha.scripted import AGENT_ID, CAMERA, KEY, ScriptedAgent
from tests.ha.scripted_upkeep import ScriptedUpkeep
from tests.ha.seeing import CONNECTED, becomes
from tests.waiting import eventually

MINUTE = timedelta(minutes=1)
STUCK = f"camera_offline_{KEY}"


def issue(hass: HomeAssistant, name: str) -> ir.IssueEntry | None:
    """Return a repair issue if it is told."""
    return ir.async_get(hass).async_get_issue("gatehouse", name)


@pytest.fixture
def upkeep(agent: ScriptedAgent, running_site: MockConfigEntry) -> ScriptedUpkeep:
    """What an agent that is connected does when it is asked."""
    return agent.upkeep


@pytest.fixture
def caretaker(hass: HomeAssistant, upkeep: ScriptedUpkeep, running_site: MockConfigEntry) -> Any:
    """Somebody who looks when the test says so."""
    return Caretaker(hass, running_site.runtime_data.cameras)


def look(caretaker: Caretaker, minutes: float) -> datetime:
    """Look so long from now."""
    now = dt_util.utcnow() + minutes * MINUTE
    caretaker.look(now)
    return now


async def test_a_database_that_nobody_can_write_is_told_until_it_works(
    hass: HomeAssistant, running_site: MockConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = running_site.runtime_data.database
    health = DatabaseHealth(hass, database)
    await database.write(
        lambda connection: connection.exec_driver_sql("PRAGMA busy_timeout = 10").close()
    )
    file = sqlite3.connect(hass.config.path("gatehouse.db"), isolation_level=None)
    with closing(file) as another_program:
        another_program.execute("BEGIN IMMEDIATE")
        with pytest.raises(DatabaseLocked):
            await database.write(lambda _: None)
        await health.look()
        assert issue(hass, "database_failing") is None  # it may pass

        monkeypatch.setattr(database_health, "PATIENCE", timedelta())
        await health.look()
        told = issue(hass, "database_failing")
        assert told
        assert told.severity is ir.IssueSeverity.ERROR
        assert told.translation_placeholders == {
            "error": "gatehouse.db is in use by another program: close that program"
        }
        another_program.execute("ROLLBACK")

    await health.look()
    assert issue(hass, "database_failing") is None


async def test_an_agent_that_stays_away_is_told_until_it_is_back(
    hass: HomeAssistant, caretaker: Caretaker, agent: ScriptedAgent
) -> None:
    name = f"agent_offline_{AGENT_ID}"
    await agent.stop()
    await becomes(hass, CONNECTED, "off")

    look(caretaker, 0)
    look(caretaker, 14)
    assert issue(hass, name) is None
    look(caretaker, 16)
    told = issue(hass, name)
    assert told
    assert told.severity is ir.IssueSeverity.ERROR
    assert told.translation_placeholders is not None
    assert told.translation_placeholders["name"] == "Porch"
    assert told.translation_placeholders["error"]

    await agent.start(agent.port)
    await becomes(hass, CONNECTED, "on")
    look(caretaker, 17)
    assert issue(hass, name) is None


async def test_an_agent_whose_token_is_asked_for_is_told_of_only_once(
    hass: HomeAssistant, caretaker: Caretaker, agent: ScriptedAgent
) -> None:
    agent.token = "another-token-of-some-length"
    await agent.cut()
    await eventually(lambda: hass.config_entries.flow.async_progress_by_handler("gatehouse"))

    look(caretaker, 0)
    look(caretaker, 16)

    assert issue(hass, f"agent_offline_{AGENT_ID}") is None


async def test_a_disk_that_runs_full_is_told_in_numbers(
    hass: HomeAssistant, caretaker: Caretaker, agent: ScriptedAgent, upkeep: ScriptedUpkeep
) -> None:
    agent.state["stats"] |= {"disk_percent": 93.6, "disk_free_bytes": 1_900_000_000}
    await upkeep.measure()
    [coordinator] = caretaker._cameras
    await eventually(lambda: coordinator.data.stats.disk_percent == 93.6)

    look(caretaker, 0)
    look(caretaker, 1)

    told = issue(hass, f"agent_disk_{AGENT_ID}")
    assert told
    assert told.severity is ir.IssueSeverity.WARNING
    assert told.translation_placeholders == {"name": "Porch", "percent": "94", "free": "1900"}
    assert told.learn_more_url
    assert told.learn_more_url.endswith("health.md#what-is-told")


async def test_bookings_without_room_are_told_and_shown_beside_what_is_booked(
    hass: HomeAssistant, caretaker: Caretaker, upkeep: ScriptedUpkeep
) -> None:
    booked = {"planned": 1, "running": 0, "waiting": 3, "bytes": 9, "error": "no_space"}
    await upkeep.measure(bookings=booked)
    [coordinator] = caretaker._cameras
    await eventually(lambda: coordinator.data.bookings and coordinator.data.bookings.error)

    look(caretaker, 0)
    look(caretaker, 1)

    assert issue(hass, f"bookings_no_space_{AGENT_ID}")


async def test_the_site_looks_by_itself(
    hass: HomeAssistant, agent: ScriptedAgent, upkeep: ScriptedUpkeep
) -> None:
    agent.state["stats"] |= {"under_voltage": True}

    await upkeep.measure()

    await eventually(lambda: issue(hass, f"under_voltage_{AGENT_ID}"))


async def test_the_site_looks_again_although_nobody_tells_anything(
    hass: HomeAssistant,
    running_site: MockConfigEntry,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(part, "AT_MOST_EVERY", timedelta(0))
    monkeypatch.setattr(part, "LOOK_EVERY", timedelta(seconds=0.02))
    looks: list[datetime] = []
    monkeypatch.setattr(Caretaker, "look", lambda _, now: looks.append(now))
    assert await hass.config_entries.async_reload(running_site.entry_id)

    await eventually(lambda: len(looks) > 3)


# --- A camera that is to be restarted ------------------------------------------------------------


@pytest.fixture
async def stuck(
    hass: HomeAssistant, upkeep: ScriptedUpkeep, running_site: MockConfigEntry
) -> Caretaker:
    """The site's own caretaker, who has told of a camera that gives no pictures."""
    await upkeep.tell(status="offline", error="No frame for 5 s.")
    await eventually(lambda: hass.states.is_state("sensor.front_door_status", "offline"))
    caretaker: Caretaker = running_site.runtime_data.caretaker
    look(caretaker, -6)
    look(caretaker, 0)
    assert issue(hass, STUCK)
    return caretaker


async def fix(hass: HomeAssistant, hass_client: ClientSessionGenerator) -> dict[str, Any]:
    """Agree to what the issue offers, and return what comes of it."""
    assert await async_setup_component(hass, "repairs", {})
    browser = await hass_client()
    begun = await browser.post(
        "/api/repairs/issues/fix", json={"handler": "gatehouse", "issue_id": STUCK}
    )
    form = await begun.json()
    assert form["step_id"] == "confirm"
    assert form["description_placeholders"] == {
        "camera": "Front door",
        "name": "Porch",
        "error": "No frame for 5 s.",
    }
    done = await browser.post(f"/api/repairs/issues/fix/{form['flow_id']}", json={})
    result: dict[str, Any] = await done.json()
    return result


async def test_a_stuck_camera_can_be_restarted_where_it_is_told(
    hass: HomeAssistant,
    stuck: Caretaker,
    upkeep: ScriptedUpkeep,
    hass_client: ClientSessionGenerator,
) -> None:
    result = await fix(hass, hass_client)

    assert result["type"] == "create_entry"
    assert upkeep.asked == [f"/api/v1/cameras/{CAMERA}/restart"]
    assert issue(hass, STUCK) is None
    look(stuck, 1)
    assert issue(hass, STUCK) is None
    look(stuck, 7)
    assert issue(hass, STUCK)


async def test_a_camera_that_cannot_be_restarted_stays_an_issue(
    hass: HomeAssistant,
    stuck: Caretaker,
    upkeep: ScriptedUpkeep,
    hass_client: ClientSessionGenerator,
) -> None:
    upkeep.refuse("internal", "The process does not end.", 500)

    result = await fix(hass, hass_client)

    assert (result["type"], result["reason"]) == ("abort", "not_restarted")
    assert "The process does not end." in result["description_placeholders"]["error"]
    assert issue(hass, STUCK)


async def test_nothing_is_fixed_while_the_site_does_not_run(
    hass: HomeAssistant,
    stuck: Caretaker,
    running_site: MockConfigEntry,
    hass_client: ClientSessionGenerator,
) -> None:
    told = issue(hass, STUCK)
    assert told
    assert await hass.config_entries.async_unload(running_site.entry_id)
    assert issue(hass, STUCK) is None
    ir.async_get(hass).issues["gatehouse", STUCK] = replace(told)

    result = await fix(hass, hass_client)

    assert (result["type"], result["reason"]) == ("abort", "not_running")


async def test_a_camera_that_is_private_is_no_problem(
    hass: HomeAssistant, stuck: Caretaker, upkeep: ScriptedUpkeep
) -> None:
    await upkeep.tell(status="private", error=None)
    await eventually(lambda: hass.states.is_state("sensor.front_door_status", "private"))

    look(stuck, 1)
    look(stuck, 3)

    [coordinator] = stuck._cameras
    assert coordinator.data.cameras[CAMERA].state.status is CameraStatus.PRIVATE
    assert issue(hass, STUCK) is None
