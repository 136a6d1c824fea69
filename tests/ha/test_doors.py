"""Doors as Home Assistant shows them: locks, what is so at them, what happens, who it was."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
import threading
from typing import Any, Final

from homeassistant.config_entries import ConfigEntryState, ConfigSubentryData
from homeassistant.core import Context, Event, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr, entity_registry as er, issue_registry as ir
from homeassistant.helpers.event import async_track_state_change_event
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    MockUser,
    async_fire_time_changed,
)

from custom_components.gatehouse.access import Attempt, DoorRules
from custom_components.gatehouse.agent import DoorMode, SiteMode
from custom_components.gatehouse.caretaker import Caretaker
from custom_components.gatehouse.database import READERS
from custom_components.gatehouse.models import Passage, PassageKind
from custom_components.gatehouse.options import other_door_key
from tests.ha.entering import (
    ACCESS,
    BELL,
    CONTACT,
    EVACUATION,
    FAULT,
    FORCED,
    HASH,
    HELD,
    LOCK,
    LOCKDOWN,
    MODE,
    READER,
    STRANGER,
    TAMPER,
    attribute,
    kinds,
    let_anna_in,
    told_by,
)
from tests.ha.scripted import AGENT_ID, ScriptedAgent
from tests.ha.scripted_doors import FRONT, GARAGE
from tests.ha.seeing import CONNECTED, becomes, set_up, state_of
from tests.ha.site import site_with, subentry_of
from tests.waiting import eventually

LOCK_OF: Final = {"entity_id": LOCK}


async def asked(hass: HomeAssistant, action: str, entity: str, **fields: Any) -> None:
    """Call an action of an entity and wait for it."""
    domain = entity.partition(".")[0]
    await hass.services.async_call(domain, action, {"entity_id": entity, **fields}, blocking=True)


def device_of(hass: HomeAssistant, key: str) -> dr.DeviceEntry | None:
    """Return the device of a door."""
    (site,) = hass.config_entries.async_entries("gatehouse")
    devices = dr.async_entries_for_config_entry(dr.async_get(hass), site.entry_id)
    return next((each for each in devices if ("gatehouse", key) in each.identifiers), None)


def issue(hass: HomeAssistant, name: str) -> ir.IssueEntry | None:
    """Return a repair issue of the agent."""
    return ir.async_get(hass).async_get_issue("gatehouse", f"{name}_{AGENT_ID}")


# --- What there is ---------------------------------------------------------------------------


async def test_a_door_is_a_device_below_its_agent(
    hass: HomeAssistant, doored: MockConfigEntry
) -> None:
    door, agent = device_of(hass, FRONT), device_of(hass, AGENT_ID)

    assert door
    assert agent
    assert door.name == "Front door"
    assert door.via_device_id == agent.id
    assert door.config_subentry_id == agent.config_subentry_id


async def test_a_door_has_entities_for_what_is_wired_and_no_others(
    hass: HomeAssistant, doored: MockConfigEntry
) -> None:
    everywhere = ("lock.{}", "event.{}_access", "select.{}_mode", "image.{}_last_access")
    wired = (
        "event.{}_doorbell",
        "binary_sensor.{}_door",
        "binary_sensor.{}_forced_open",
        "binary_sensor.{}_held_open",
        "binary_sensor.{}_reader_inside",
    )

    assert all(hass.states.get(each.format("front_door")) for each in (*everywhere, *wired))
    assert all(hass.states.get(each.format("garage")) for each in everywhere)
    assert not any(hass.states.get(each.format("garage")) for each in wired)


async def test_a_door_that_appears_has_its_entities_at_once(
    hass: HomeAssistant, running_site: MockConfigEntry, agent: ScriptedAgent
) -> None:
    assert state_of(hass, LOCK) is None
    assert state_of(hass, LOCKDOWN) is None

    agent.doors.add()
    await agent.cut()

    await becomes(hass, LOCK, "locked")
    await becomes(hass, LOCKDOWN, "off")
    await eventually(lambda: hass.states.get("sensor.porch_decision_latency_p99"))


async def test_an_agent_that_comes_while_the_site_is_taken_down_leaves_no_entities(
    hass: HomeAssistant, running_site: MockConfigEntry, agent: ScriptedAgent
) -> None:
    coordinator = next(iter(running_site.runtime_data.cameras.agents.values()))
    running_site.mock_state(hass, ConfigEntryState.UNLOAD_IN_PROGRESS)

    agent.doors.add()
    await agent.cut()
    await eventually(lambda: coordinator.data.doors)
    await hass.async_block_till_done()

    assert state_of(hass, LOCK) is None
    running_site.mock_state(hass, ConfigEntryState.LOADED)


async def test_a_site_that_is_reloaded_while_a_door_looks_up_who_came_last_has_its_lock(
    hass: HomeAssistant,
    running_site: MockConfigEntry,
    agent: ScriptedAgent,
    caplog: pytest.LogCaptureFixture,
) -> None:
    database, slow = running_site.runtime_data.database, threading.Event()
    busy = [asyncio.create_task(database.read(lambda _: slow.wait())) for _ in range(READERS)]
    agent.doors.add()
    await agent.cut()
    await eventually(lambda: LOCK in er.async_get(hass).entities)

    reloaded = hass.async_create_task(hass.config_entries.async_reload(running_site.entry_id))
    await becomes(hass, LOCK, "unavailable")
    slow.set()
    await asyncio.gather(reloaded, *busy)

    await becomes(hass, LOCK, "locked")
    assert "unique IDs" not in caplog.text


async def test_a_door_that_vanishes_takes_its_device_along(
    hass: HomeAssistant, doored: MockConfigEntry, agent: ScriptedAgent
) -> None:
    doors = agent.state["info"]["doors"]
    agent.state["info"]["doors"] = [door for door in doors if door["id"] == "front"]

    await agent.cut()

    await eventually(lambda: device_of(hass, GARAGE) is None)
    await eventually(lambda: state_of(hass, "lock.garage") is None)
    assert device_of(hass, FRONT)


async def test_what_is_wired_no_more_is_forgotten_and_comes_back_with_its_wire(
    hass: HomeAssistant, doored: MockConfigEntry, agent: ScriptedAgent
) -> None:
    front = agent.state["info"]["doors"][0]
    front |= {"contact": False, "doorbell": False}
    await agent.cut()
    await eventually(lambda: state_of(hass, CONTACT) is None and state_of(hass, BELL) is None)
    assert er.async_get(hass).async_get(CONTACT) is None
    await becomes(hass, LOCK, "locked")

    front |= {"contact": True, "doorbell": True}
    await agent.cut()

    await becomes(hass, CONTACT, "off")
    await becomes(hass, BELL, "unknown")


async def test_a_door_is_known_while_its_agent_is_away(
    hass: HomeAssistant, doored: MockConfigEntry, agent: ScriptedAgent
) -> None:
    assert await hass.config_entries.async_unload(doored.entry_id)
    await agent.stop()

    assert await hass.config_entries.async_setup(doored.entry_id)

    assert state_of(hass, LOCK) == "unavailable"
    assert state_of(hass, CONTACT) == "unavailable"
    assert doored.runtime_data.admission.doors() == {FRONT: "Front door", GARAGE: "Garage"}


async def test_the_entity_of_a_door_is_its_lock(
    hass: HomeAssistant, doored: MockConfigEntry
) -> None:
    assert doored.runtime_data.admission.entities() == {FRONT: LOCK, GARAGE: "lock.garage"}


# --- The lock --------------------------------------------------------------------------------


@pytest.mark.parametrize("action", ["unlock", "open"])
async def test_a_user_unlocks_a_door_for_a_moment_and_by_name(
    hass: HomeAssistant,
    doored: MockConfigEntry,
    agent: ScriptedAgent,
    hass_admin_user: MockUser,
    action: str,
) -> None:
    await hass.services.async_call(
        "lock", action, LOCK_OF, blocking=True, context=Context(user_id=hass_admin_user.id)
    )

    await becomes(hass, LOCK, "unlocked")
    assert agent.doors.asked == [{"door": "front", "person": hass_admin_user.name, "seconds": None}]
    await eventually(lambda: attribute(hass, LOCK, "changed_by") == hass_admin_user.name)


async def test_an_automation_unlocks_in_the_name_of_home_assistant(
    hass: HomeAssistant, doored: MockConfigEntry, agent: ScriptedAgent
) -> None:
    await asked(hass, "unlock", LOCK)

    await eventually(lambda: attribute(hass, LOCK, "changed_by") == "Home Assistant")
    assert state_of(hass, "lock.garage") == "locked"


async def test_a_door_is_locked_before_its_time_is_over(
    hass: HomeAssistant, doored: MockConfigEntry, agent: ScriptedAgent
) -> None:
    await agent.doors.change(locked=False)
    await becomes(hass, LOCK, "unlocked")

    await asked(hass, "lock", LOCK)

    await becomes(hass, LOCK, "locked")


async def test_nobody_unlocks_by_a_tap_in_a_lockdown(
    hass: HomeAssistant, doored: MockConfigEntry, agent: ScriptedAgent
) -> None:
    await asked(hass, "turn_on", LOCKDOWN)

    with pytest.raises(HomeAssistantError):
        await asked(hass, "unlock", LOCK)

    assert agent.doors.asked == []


async def test_the_lock_knows_whose_card_it_was_also_after_a_restart(
    hass: HomeAssistant, doored: MockConfigEntry, agent: ScriptedAgent
) -> None:
    await agent.doors.scan()
    await eventually(lambda: attribute(hass, LOCK, "changed_by") == "Anna")

    await agent.doors.scan("denied", **STRANGER)
    await agent.doors.scan("exit", credential=None, person=None, authentication="exit")
    await eventually(lambda: attribute(hass, LOCK, "changed_by") == "Exit button")

    await hass.config_entries.async_reload(doored.entry_id)

    await eventually(lambda: attribute(hass, LOCK, "changed_by") == "Exit button")


# --- What is so ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("entity", "change"),
    [
        (CONTACT, {"open": True}),
        (FORCED, {"forced": True}),
        (HELD, {"held_open": True}),
        (FAULT, {"error": "the relay's chip is gone"}),
        (TAMPER, {"readers": {"outside": {"online": True, "error": None, "tampered": True}}}),
    ],
)
async def test_what_an_agent_tells_of_a_door_is_shown(
    hass: HomeAssistant,
    doored: MockConfigEntry,
    agent: ScriptedAgent,
    entity: str,
    change: dict[str, Any],
) -> None:
    assert state_of(hass, entity) == "off"

    await agent.doors.change(**change)

    await becomes(hass, entity, "on")


async def test_a_reader_that_is_lost_says_why(
    hass: HomeAssistant, doored: MockConfigEntry, agent: ScriptedAgent
) -> None:
    assert state_of(hass, READER) == "on"

    lost = {"online": False, "error": "unplugged", "tampered": False}
    await agent.doors.change(readers={"outside": lost})

    await becomes(hass, READER, "off")
    assert attribute(hass, READER, "error") == "unplugged"
    # The other one is not told of any more.
    assert state_of(hass, "binary_sensor.front_door_reader_inside") == "off"


async def test_a_contact_that_does_not_know_says_so(
    hass: HomeAssistant, doored: MockConfigEntry, agent: ScriptedAgent
) -> None:
    await agent.doors.change(open=None)

    await becomes(hass, CONTACT, "unknown")


async def test_everything_of_a_door_is_unavailable_without_its_agent(
    hass: HomeAssistant, doored: MockConfigEntry, agent: ScriptedAgent
) -> None:
    await agent.stop()

    await becomes(hass, CONNECTED, "off")
    entities = (LOCK, ACCESS, BELL, CONTACT, FORCED, READER, MODE)
    assert {state_of(hass, entity) for entity in entities} == {"unavailable"}
    assert state_of(hass, LOCKDOWN) == "off"


async def test_how_an_agent_decides_is_measured(
    hass: HomeAssistant,
    every_entity: None,
    doored: MockConfigEntry,
    agent: ScriptedAgent,
) -> None:
    await eventually(
        lambda: (
            state_of(hass, "sensor.porch_grants_version") == str(agent.doors.grants[-1]["version"])
        )
    )
    issued = agent.doors.grants[-1]["issued"]

    assert state_of(hass, "sensor.porch_decision_latency_p50") == "0.21"
    assert state_of(hass, "sensor.porch_decision_latency_p99") == "0.64"
    assert state_of(hass, "sensor.porch_grants_issued") == datetime.fromtimestamp(
        issued, UTC
    ).isoformat(timespec="seconds")


async def test_passages_that_wait_are_counted(
    hass: HomeAssistant,
    every_entity: None,
    doored: MockConfigEntry,
    agent: ScriptedAgent,
) -> None:
    access = agent.state["access"]
    access["waiting"] = 7
    await agent.say({"type": "access", "access": access})
    await becomes(hass, "sensor.porch_waiting_passages", "7")
    access["waiting"] = 8
    await agent.say({"type": "stats", "stats": {}, "access": access})
    await becomes(hass, "sensor.porch_waiting_passages", "8")


async def test_who_was_there_last_is_shown_to_whoever_wants_it(
    hass: HomeAssistant, every_entity: None, doored: MockConfigEntry, agent: ScriptedAgent
) -> None:
    await agent.doors.scan()

    await becomes(hass, "sensor.front_door_last_actor", "Anna")


async def test_nobody_is_shown_who_was_there_unless_he_wants_it(
    hass: HomeAssistant, doored: MockConfigEntry
) -> None:
    entity = er.async_get(hass).async_get("sensor.front_door_last_actor")

    assert entity
    assert entity.disabled


# --- What happens ----------------------------------------------------------------------------


async def test_a_card_that_opens_a_door_is_an_event_that_says_whose_it_was(
    hass: HomeAssistant, doored: MockConfigEntry, agent: ScriptedAgent
) -> None:
    told = told_by(hass)

    await agent.doors.scan(warning="antipassback", latency_ms=0.4125)

    (event,) = await eventually(lambda: told)
    assert event["incident_id"]
    assert datetime.fromisoformat(event["occurred_at"]).tzinfo
    expected = {
        "event_type": "access_granted",
        "actor": "Anna",
        "authentication": "rfid",
        "credential_name": "blue tag",
        "card": None,
        "reason": None,
        "warning": "antipassback",
        "direction": "in",
        "reader": "outside",
        "latency_ms": 0.412,
        "decided_by": "agent",
        "replayed": False,
    }
    assert {key: event[key] for key in expected} == expected


@pytest.mark.parametrize(
    ("kind", "type_"),
    [
        ("denied", "access_denied"),
        ("forced", "door_forced"),
        ("held_open", "door_held_open"),
        ("exit", "exit_request"),
        ("tamper", "reader_tamper"),
    ],
)
async def test_all_that_happens_at_a_door_is_an_event(
    hass: HomeAssistant, doored: MockConfigEntry, agent: ScriptedAgent, kind: str, type_: str
) -> None:
    told = told_by(hass)

    await agent.doors.scan(kind, **STRANGER)

    await eventually(lambda: kinds(told) == [type_])
    assert attribute(hass, ACCESS, "card") == "9c1185a5"
    assert state_of(hass, "event.garage_access") == "unknown"


async def test_a_ring_is_an_event_of_its_door(
    hass: HomeAssistant, doored: MockConfigEntry, agent: ScriptedAgent
) -> None:
    told = told_by(hass, BELL)

    await agent.doors.ring("garage")
    await agent.doors.ring()

    await eventually(lambda: kinds(told) == ["ring"])


async def test_what_is_heard_of_a_lost_agent_is_told_after_its_return(
    hass: HomeAssistant, doored: MockConfigEntry, agent: ScriptedAgent
) -> None:
    states: list[str] = []

    @callback
    def hear(event: Event[Any]) -> None:
        states.append(event.data["new_state"].state)

    async_track_state_change_event(hass, [ACCESS], hear)
    port = agent.port
    await agent.stop()
    await becomes(hass, ACCESS, "unavailable")
    forced = Passage(id="p1", door=FRONT, kind=PassageKind.FORCED, at=dt_util.utcnow())
    doored.runtime_data.admission.passage(forced)
    assert state_of(hass, ACCESS) == "unavailable"

    await agent.start(port)

    await eventually(lambda: attribute(hass, ACCESS, "event_type") == "door_forced", seconds=15)
    assert states[:2] == ["unavailable", "unknown"]


async def test_what_is_told_of_a_door_that_is_not_there_is_passed_over(
    hass: HomeAssistant, doored: MockConfigEntry, agent: ScriptedAgent
) -> None:
    state = agent.state["doors"]["front"] | {"locked": False}

    await agent.say({"type": "door", "door": "shed", "state": state})
    await agent.doors.change(open=True)

    await becomes(hass, CONTACT, "on")
    assert state_of(hass, LOCK) == "locked"


async def test_no_hash_of_a_known_card_is_in_any_state(
    hass: HomeAssistant, every_entity: None, doored: MockConfigEntry, agent: ScriptedAgent
) -> None:
    heard: list[str] = []
    hass.bus.async_listen("*", callback(lambda event: heard.append(str(event.data))))

    await agent.doors.scan()

    await eventually(lambda: attribute(hass, ACCESS, "actor") == "Anna")
    assert heard
    assert HASH[:8] not in "".join(heard)
    assert not any(HASH[:8] in str(state.as_dict()) for state in hass.states.async_all())


# --- Modes -----------------------------------------------------------------------------------


async def test_a_mode_that_is_chosen_is_shown_once_the_door_goes_by_it(
    hass: HomeAssistant, doored: MockConfigEntry, agent: ScriptedAgent
) -> None:
    until = datetime(2099, 1, 1, tzinfo=UTC)
    rules = DoorRules(door=FRONT, mode=DoorMode.KEEP_LOCKED, mode_until=until)
    await doored.runtime_data.admission.policies.save(rules)

    await asked(hass, "select_option", MODE, option="keep_unlocked")

    assert agent.doors.grants[-1]["doors"]["front"]["mode"] == "keep_unlocked"
    assert agent.doors.grants[-1]["doors"]["front"]["mode_until"] is None
    assert state_of(hass, MODE) == "normal"
    await agent.doors.change(mode="keep_unlocked", mode_until=until.timestamp())
    await becomes(hass, MODE, "keep_unlocked")
    assert attribute(hass, MODE, "until") == until


async def test_a_lockdown_is_on_once_every_connected_agent_has_confirmed_it(
    hass: HomeAssistant, doored: MockConfigEntry, agent: ScriptedAgent
) -> None:
    agent.doors.obeys.clear()
    pressed = hass.async_create_task(asked(hass, "turn_on", LOCKDOWN))
    await becomes(hass, LOCKDOWN, "unknown")
    assert attribute(hass, LOCKDOWN, "waiting_for") == ["Porch"]
    assert attribute(hass, LOCKDOWN, "assumed_state")

    agent.doors.obeys.set()

    await pressed
    assert agent.doors.grants[-1]["site"] == "lockdown"
    assert state_of(hass, LOCKDOWN) == "on"
    assert attribute(hass, LOCKDOWN, "waiting_for") == []


async def test_an_agent_that_is_away_is_named_and_does_not_hold_a_lockdown_up(
    hass: HomeAssistant, doored: MockConfigEntry, agent: ScriptedAgent
) -> None:
    port = agent.port
    await agent.stop()
    await becomes(hass, CONNECTED, "off")

    await asked(hass, "turn_on", LOCKDOWN)

    assert state_of(hass, LOCKDOWN) == "on"
    assert attribute(hass, LOCKDOWN, "waiting_for") == ["Porch"]
    await agent.start(port)
    await eventually(lambda: agent.doors.grants[-1]["site"] == "lockdown", seconds=15)
    await eventually(lambda: attribute(hass, LOCKDOWN, "waiting_for") == [])
    assert state_of(hass, LOCKDOWN) == "on"


async def test_a_lockdown_that_holds_is_not_in_doubt_when_somebody_else_is_let_in(
    hass: HomeAssistant, doored: MockConfigEntry, agent: ScriptedAgent
) -> None:
    await asked(hass, "turn_on", LOCKDOWN)
    agent.doors.obeys.clear()
    await let_anna_in(doored)

    assert state_of(hass, LOCKDOWN) == "on"
    agent.doors.obeys.set()


async def test_an_evacuation_takes_the_place_of_a_lockdown(
    hass: HomeAssistant, doored: MockConfigEntry, agent: ScriptedAgent
) -> None:
    await asked(hass, "turn_on", LOCKDOWN)

    await asked(hass, "turn_on", EVACUATION)
    assert (state_of(hass, LOCKDOWN), state_of(hass, EVACUATION)) == ("off", "on")
    assert agent.doors.grants[-1]["site"] == "evacuation"

    await asked(hass, "turn_off", LOCKDOWN)
    assert state_of(hass, EVACUATION) == "on"

    await asked(hass, "turn_off", EVACUATION)
    assert state_of(hass, EVACUATION) == "off"
    assert agent.doors.grants[-1]["site"] == "normal"


async def test_a_lockdown_outlives_a_restart(
    hass: HomeAssistant, doored: MockConfigEntry, agent: ScriptedAgent
) -> None:
    await asked(hass, "turn_on", LOCKDOWN)

    await hass.config_entries.async_reload(doored.entry_id)

    await becomes(hass, LOCKDOWN, "on")
    assert doored.runtime_data.admission.emergency.mode is SiteMode.LOCKDOWN


# --- Doors of other systems ------------------------------------------------------------------


@pytest.fixture
async def gate(hass: HomeAssistant, folder: Path) -> MockConfigEntry:
    """A site whose only door is a gate of another system."""
    gate = ConfigSubentryData(
        subentry_type="door", title="Gate", unique_id=None, data={}, subentry_id="gate"
    )
    site = site_with(gate, detectors=[])
    site.add_to_hass(hass)
    assert await hass.config_entries.async_setup(site.entry_id)
    await hass.async_block_till_done()
    return site


async def test_a_door_of_another_system_tells_who_tried_it(
    hass: HomeAssistant, gate: MockConfigEntry
) -> None:
    admission = gate.runtime_data.admission
    told = told_by(hass, "event.gate_access")
    key = other_door_key("gate")

    await admission.access.check(Attempt(door=key, source="reader", card="04A1B2C3"))

    await eventually(lambda: kinds(told) == ["access_denied"])
    assert told[0]["reason"] == "unknown_card"
    assert admission.doors() == {key: "Gate"}
    assert admission.entities() == {key: "event.gate_access"}
    assert state_of(hass, LOCKDOWN) == "off"
    device = device_of(hass, key)
    assert device
    assert device.name == "Gate"


async def test_the_mode_of_a_door_of_another_system_ends_at_its_time(
    hass: HomeAssistant, gate: MockConfigEntry
) -> None:
    mode, key = "select.gate_mode", other_door_key("gate")
    await asked(hass, "select_option", mode, option="keep_locked")
    assert state_of(hass, mode) == "keep_locked"

    policies = gate.runtime_data.admission.policies
    tomorrow = dt_util.utcnow() + timedelta(days=1)
    await policies.save(replace(policies.policy.door(key), mode_until=tomorrow))
    until = dt_util.utcnow() + timedelta(seconds=0.2)
    await policies.save(replace(policies.policy.door(key), mode_until=until))
    assert attribute(hass, mode, "until") == until
    await eventually(lambda: dt_util.utcnow() > until)
    async_fire_time_changed(hass, dt_util.utcnow())

    await becomes(hass, mode, "normal")
    assert attribute(hass, mode, "until") is None


# --- What somebody has to see to -------------------------------------------------------------


async def test_somebody_is_told_when_an_agent_has_no_grants_for_minutes(
    hass: HomeAssistant, doored: MockConfigEntry, agent: ScriptedAgent
) -> None:
    health = Caretaker(hass, doored.runtime_data.cameras)
    now = dt_util.utcnow()
    access = agent.state["access"] | {"grants": {"version": None}}
    agent.doors.obeys.clear()
    await agent.say({"type": "access", "access": access})
    data = doored.runtime_data.cameras.agents[AGENT_ID]
    await eventually(lambda: data.data.access.version is None)

    health.look(now)
    health.look(now + timedelta(minutes=4))
    assert issue(hass, "no_grants") is None
    health.look(now + timedelta(minutes=5))
    told = issue(hass, "no_grants")
    assert told
    assert told.translation_placeholders == {"name": "Porch", "doors": "Front door, Garage"}

    agent.doors.obeys.set()
    await eventually(lambda: data.data.access.version)
    health.look(now + timedelta(minutes=6))
    assert issue(hass, "no_grants") is None


async def test_somebody_is_told_when_a_connected_agent_decides_by_grants_of_yesterday(
    hass: HomeAssistant, doored: MockConfigEntry, agent: ScriptedAgent
) -> None:
    health = Caretaker(hass, doored.runtime_data.cameras)
    now = dt_util.utcnow()
    coordinator = doored.runtime_data.cameras.agents[AGENT_ID]
    await eventually(lambda: coordinator.data.access.issued)

    health.look(now + timedelta(hours=23))
    assert issue(hass, "grants_old") is None
    health.look(now + timedelta(hours=25))
    assert issue(hass, "grants_old")

    await agent.stop()
    await becomes(hass, CONNECTED, "off")
    health.look(now + timedelta(hours=25))
    assert issue(hass, "grants_old") is None


async def test_somebody_is_told_when_an_agent_lost_passages(
    hass: HomeAssistant, doored: MockConfigEntry, agent: ScriptedAgent
) -> None:
    coordinator = doored.runtime_data.cameras.agents[AGENT_ID]
    access = agent.state["access"]
    access["lost"] = 3
    await agent.say({"type": "access", "access": access})
    await eventually(lambda: coordinator.data.access.lost == 3)

    Caretaker(hass, doored.runtime_data.cameras).look(dt_util.utcnow())

    told = issue(hass, "passages_lost")
    assert told
    assert told.translation_placeholders == {"name": "Porch", "lost": "3"}
    assert told.is_persistent


async def test_a_site_without_doors_has_no_lockdown(
    hass: HomeAssistant, agent: ScriptedAgent, folder: Path
) -> None:
    await set_up(hass, site_with(subentry_of(agent), detectors=[]))

    assert state_of(hass, LOCKDOWN) is None
    assert state_of(hass, "sensor.porch_grants_issued") is None
