"""Conditions: asked as automations ask them, on a real site."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
import json
import logging
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers import selector
from homeassistant.helpers.condition import async_get_all_descriptions
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_mock_service
from pytest_homeassistant_custom_component.typing import WebSocketGenerator
import yaml

from custom_components.gatehouse import condition as conditions
from custom_components.gatehouse.incidents import NewsKind, Presence
from custom_components.gatehouse.models import Zone, ZoneKind
from tests.ha.automating import CLOSED, INCIDENT, LIVE, LOW, automate, tell
from tests.ha.scripted import KEY
from tests.ha.words import ENGLISH, INTEGRATION

DRIVE = Zone(
    id="",
    camera=KEY,
    kind=ZoneKind.ZONE,
    name="Drive",
    points=((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)),
)
SENSOR = "binary_sensor.front_door_person_in_drive"


async def each_holds(hass: HomeAssistant, condition: str, *asked: Mapping[str, Any]) -> list[bool]:
    """Return for each of these options whether an automation with this condition acts."""
    acted = async_mock_service(hass, "test", "act")
    automations = (
        {
            "alias": f"Asking {number}",
            "triggers": [{"trigger": "event", "event_type": "ask"}],
            "conditions": [{"condition": condition, "options": options}],
            "actions": [{"action": "test.act", "data": {"number": number}}],
        }
        for number, options in enumerate(asked)
    )
    await automate(hass, *automations)
    hass.bus.async_fire("ask")
    await hass.async_block_till_done()
    numbers = {call.data["number"] for call in acted}
    return [number in numbers for number in range(len(asked))]


async def holds(hass: HomeAssistant, condition: str, **options: Any) -> bool:
    """Return whether an automation with this condition acts."""
    return (await each_holds(hass, condition, options))[0]


# --- Somebody in a zone ----------------------------------------------------------------------


IN_A_ZONE = (
    ({}, True),
    ({"zones": "drive"}, True),
    ({"zones": ["Lawn", SENSOR]}, True),
    ({"cameras": LIVE}, True),
    ({"zones": "Lawn"}, False),
    ({"zones": "Drive", "cameras": "camera.garden"}, False),
)


async def test_somebody_is_in_one_of_the_zones(
    hass: HomeAssistant, running_site: MockConfigEntry, subtests: pytest.Subtests
) -> None:
    hub = running_site.runtime_data
    zone = await hub.zones.save(DRIVE)
    hub.house.presence(KEY, Presence(present=True, count=1, zones=frozenset({zone.id})))

    asked = (options for options, _ in IN_A_ZONE)
    held = await each_holds(hass, "gatehouse.is_person_in_zone", *asked)

    for (options, answer), holds_here in zip(IN_A_ZONE, held, strict=True):
        with subtests.test(str(options)):
            assert holds_here is answer


async def test_nobody_is_in_a_zone(hass: HomeAssistant, running_site: MockConfigEntry) -> None:
    await running_site.runtime_data.zones.save(DRIVE)

    assert not await holds(hass, "gatehouse.is_person_in_zone")


# --- An open incident ------------------------------------------------------------------------


OPEN = (
    ({}, True),
    ({"level": "high"}, True),
    ({"cameras": LIVE, "places": "front door"}, True),
    ({"level": "critical"}, False),
    ({"cameras": "camera.garden"}, False),
    ({"places": "Garden"}, False),
)


async def test_an_incident_is_open(
    hass: HomeAssistant, running_site: MockConfigEntry, subtests: pytest.Subtests
) -> None:
    tell(running_site, NewsKind.CONFIRMED)

    asked = (options for options, _ in OPEN)
    held = await each_holds(hass, "gatehouse.is_incident_open", *asked)

    for (options, answer), holds_here in zip(OPEN, held, strict=True):
        with subtests.test(str(options)):
            assert holds_here is answer


async def test_an_incident_without_a_risk_is_low(
    hass: HomeAssistant, running_site: MockConfigEntry
) -> None:
    tell(running_site, NewsKind.CONFIRMED, replace(INCIDENT, assessment=None))

    assert not await holds(hass, "gatehouse.is_incident_open", level="medium")


async def test_an_incident_that_is_over_is_not_open(
    hass: HomeAssistant, running_site: MockConfigEntry
) -> None:
    tell(running_site, NewsKind.CONFIRMED, replace(INCIDENT, assessment=LOW))
    tell(running_site, NewsKind.CLOSED, CLOSED)

    assert not await holds(hass, "gatehouse.is_incident_open")


# --- Snoozed ---------------------------------------------------------------------------------


async def test_a_camera_is_snoozed(hass: HomeAssistant, running_site: MockConfigEntry) -> None:
    until = dt_util.utcnow() + timedelta(hours=1)
    running_site.runtime_data.snoozes.snooze(KEY, until)

    assert await each_holds(hass, "gatehouse.is_snoozed", {}, {"cameras": LIVE}) == [True, True]


async def test_a_camera_is_awake(hass: HomeAssistant, running_site: MockConfigEntry) -> None:
    asked = ({}, {"cameras": LIVE}, {"cameras": "camera.garden"})

    assert await each_holds(hass, "gatehouse.is_snoozed", *asked) == [False, False, False]


# --- Every one of them -----------------------------------------------------------------------

EACH = ["is_person_in_zone", "is_incident_open", "is_snoozed"]


@pytest.mark.parametrize("condition", EACH)
async def test_a_site_that_does_not_run_has_no_answer_and_says_so(
    hass: HomeAssistant,
    running_site: MockConfigEntry,
    condition: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert await hass.config_entries.async_unload(running_site.entry_id)

    assert not await holds(hass, f"gatehouse.{condition}")
    said = [each for each in caplog.records if "Gatehouse does not run" in each.getMessage()]
    assert logging.WARNING in {each.levelno for each in said}


async def answers(hass: HomeAssistant, hass_ws_client: WebSocketGenerator, condition: str) -> Any:
    """Watch a condition as the automation editor does, and return how to read its answers."""
    client = await hass_ws_client(hass)
    await client.send_json_auto_id(
        {"type": "subscribe_condition", "condition": {"condition": condition}}
    )
    assert (await client.receive_json())["success"]

    async def answer() -> Any:
        return (await client.receive_json())["event"]

    return answer


async def test_the_editor_shows_a_zone_as_it_is_entered_and_left(
    hass: HomeAssistant, running_site: MockConfigEntry, hass_ws_client: WebSocketGenerator
) -> None:
    hub = running_site.runtime_data
    zone = await hub.zones.save(DRIVE)
    answer = await answers(hass, hass_ws_client, "gatehouse.is_person_in_zone")
    assert await answer() == {"result": False}

    hub.house.presence(KEY, Presence(present=True, count=1, zones=frozenset({zone.id})))
    assert await answer() == {"result": True}

    hub.house.presence(KEY, Presence())
    assert await answer() == {"result": False}


async def test_the_editor_shows_a_snooze_over_a_reload(
    hass: HomeAssistant, running_site: MockConfigEntry, hass_ws_client: WebSocketGenerator
) -> None:
    answer = await answers(hass, hass_ws_client, "gatehouse.is_snoozed")
    assert await answer() == {"result": False}

    assert await hass.config_entries.async_reload(running_site.entry_id)
    assert "error" in await answer()
    assert await answer() == {"result": False}

    running_site.runtime_data.snoozes.snooze(KEY, dt_util.utcnow() + timedelta(hours=1))
    assert await answer() == {"result": True}


# --- What the editor shows -------------------------------------------------------------------

DESCRIBED: dict[str, Any] = {
    key: value
    for key, value in yaml.safe_load((INTEGRATION / "conditions.yaml").read_text()).items()
    if not key.startswith(".")
}
ICONS: dict[str, Any] = json.loads((INTEGRATION / "icons.json").read_text())


async def test_every_condition_is_described(
    hass: HomeAssistant, running_site: MockConfigEntry
) -> None:
    known = {f"gatehouse.{key}" for key in await conditions.async_get_conditions(hass)}
    shown = {key for key in await async_get_all_descriptions(hass) if key.startswith("gatehouse.")}

    assert known == shown == {f"gatehouse.{key}" for key in DESCRIBED}
    assert ICONS["conditions"].keys() == DESCRIBED.keys() == ENGLISH["conditions"].keys()


@pytest.mark.parametrize("key", DESCRIBED)
async def test_every_option_of_a_condition_can_be_chosen_and_is_named(
    hass: HomeAssistant, key: str
) -> None:
    asked = (await conditions.async_get_conditions(hass))[key]
    fields = DESCRIBED[key]["fields"]
    texts = ENGLISH["conditions"][key]

    assert {str(field) for field in asked._fields} == fields.keys() == texts["fields"].keys()
    assert all(selector.selector(field["selector"]) for field in fields.values())
    assert all(field["name"] and field["description"] for field in texts["fields"].values())
    assert texts["name"]
    assert texts["description"]
