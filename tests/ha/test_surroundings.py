"""What the house knows when something happens, from the states of Home Assistant."""

from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.gatehouse.incidents import AlarmState
from custom_components.gatehouse.surroundings import surroundings
from tests.ha.scripted import ScriptedAgent, ScriptedDetections
from tests.ha.seeing import RISK, state_of, walk_by
from tests.waiting import eventually

ALARM = "alarm_control_panel.house"


@pytest.mark.parametrize(
    ("sun", "dark"),
    [
        ("above_horizon", False),
        ("below_horizon", True),
        ("unknown", None),
        ("unavailable", None),
    ],
)
async def test_it_is_dark_when_the_sun_is_down(
    hass: HomeAssistant, sun: str, dark: bool | None
) -> None:
    hass.states.async_set("sun.sun", sun)

    assert surroundings(hass, None).dark is dark


async def test_of_a_house_that_knows_nothing_nothing_is_known(hass: HomeAssistant) -> None:
    known = surroundings(hass, ALARM)

    assert (known.dark, known.anybody_home, known.alarm) == (None, None, None)


@pytest.mark.parametrize(
    ("people", "home"),
    [
        (["home", "not_home"], True),
        (["home", "unknown"], True),
        (["not_home", "Work"], False),
        (["not_home", "unknown"], None),
        (["unavailable"], None),
    ],
)
async def test_nobody_is_at_home_only_if_everybody_is_known_to_be_elsewhere(
    hass: HomeAssistant, people: list[str], home: bool | None
) -> None:
    for number, where in enumerate(people):
        hass.states.async_set(f"person.number_{number}", where)

    assert surroundings(hass, None).anybody_home is home


@pytest.mark.parametrize(("person", "home"), [(None, True), ("not_home", False)])
async def test_what_people_carry_counts_where_nobody_has_named_the_people(
    hass: HomeAssistant, person: str | None, home: bool
) -> None:
    hass.states.async_set("device_tracker.phone", "home")
    for state in filter(None, [person]):
        hass.states.async_set("person.anna", state)

    assert surroundings(hass, None).anybody_home is home


@pytest.mark.parametrize(
    ("panel", "alarm"),
    [
        ("disarmed", AlarmState.DISARMED),
        ("arming", AlarmState.DISARMED),
        ("disarming", AlarmState.DISARMED),
        ("armed_home", AlarmState.ARMED_HOME),
        ("armed_custom_bypass", AlarmState.ARMED_HOME),
        ("armed_night", AlarmState.ARMED_NIGHT),
        ("armed_away", AlarmState.ARMED_AWAY),
        ("armed_vacation", AlarmState.ARMED_AWAY),
        ("pending", AlarmState.ARMED_AWAY),
        ("triggered", AlarmState.TRIGGERED),
        ("unknown", None),
        ("unavailable", None),
    ],
)
async def test_the_alarm_panel_says_how_much_is_at_stake(
    hass: HomeAssistant, panel: str, alarm: AlarmState | None
) -> None:
    hass.states.async_set(ALARM, panel)

    assert surroundings(hass, ALARM).alarm is alarm
    assert surroundings(hass, None).alarm is None


@pytest.mark.parametrize("expected_lingering_timers", [True])  # of the alarm panel
async def test_home_assistants_own_sun_people_and_alarm_are_understood(
    hass: HomeAssistant,
) -> None:
    hass.states.async_set("device_tracker.phone", "not_home", {"source_type": "gps"})
    person = {"name": "Anna", "id": "anna", "device_trackers": ["device_tracker.phone"]}
    panel = {"platform": "manual", "name": "House", "arming_time": 0, "code_arm_required": False}
    await hass.config.async_set_time_zone("UTC")
    assert await async_setup_component(hass, "sun", {})
    assert await async_setup_component(hass, "person", {"person": [person]})
    assert await async_setup_component(hass, "alarm_control_panel", {"alarm_control_panel": panel})
    await hass.async_block_till_done()
    fields = {"entity_id": ALARM}
    await hass.services.async_call("alarm_control_panel", "alarm_arm_away", fields, blocking=True)

    known = surroundings(hass, ALARM)

    assert known.dark in {True, False}
    assert known.anybody_home is False
    assert known.alarm is AlarmState.ARMED_AWAY


async def test_an_incident_is_riskier_in_a_dark_house_that_everybody_has_left(
    hass: HomeAssistant,
    site: MockConfigEntry,
    agent: ScriptedAgent,
    detections: ScriptedDetections,
) -> None:
    hass.states.async_set("sun.sun", "below_horizon")
    hass.states.async_set("person.anna", "not_home")

    await walk_by(hass, agent, detections)
    await eventually(lambda: state_of(hass, RISK) not in {"unknown", None})

    attributes: dict[str, Any] = dict(hass.states.get(RISK).attributes)
    assert "nobody is at home" in " ".join(attributes["reasons"])
    assert int(hass.states.get(RISK).state) >= 60
    assert attributes["level"] in {"high", "critical"}
