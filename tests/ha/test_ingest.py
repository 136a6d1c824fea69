"""Devices tell by HTTP what their sensors read, and Home Assistant has these sensors."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any, Final
from unittest.mock import patch

from aiohttp.test_utils import TestClient
from freezegun.api import FrozenDateTimeFactory
from homeassistant.auth.const import GROUP_ID_READ_ONLY, GROUP_ID_USER
from homeassistant.core import HomeAssistant, State
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
    mock_restore_cache_with_extra_data,
)
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator, WebSocketGenerator

from custom_components.gatehouse.ingest import INGEST, MOST_DEVICES, MOST_SENSORS
from tests.ha.calling import logged_in
from tests.ha.site import site_with
from tests.waiting import eventually

INGEST_URL: Final = "/api/gatehouse/sensors/ingest"
STORE: Final = "gatehouse.devices"
SOIL: Final = "sensor.greenhouse_soil"

GREENHOUSE: Final[dict[str, Any]] = {
    "device": "greenhouse",
    "name": "Greenhouse",
    "readings": [
        {"key": "air", "value": 21.5, "unit": "°C", "device_class": "temperature"},
        {"key": "soil", "value": 43, "unit": "%", "device_class": "moisture"},
    ],
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A site without any camera, and devices with access tokens."""

    hass: HomeAssistant
    site: MockConfigEntry
    device: TestClient[Any, Any]
    other: TestClient[Any, Any]
    admin: TestClient[Any, Any]

    async def told(self, body: dict[str, Any]) -> dict[str, Any]:
        response = await self.device.post(INGEST_URL, json=body)
        assert response.status == HTTPStatus.OK, await response.text()
        return await response.json()

    async def tell(self, key: str, value: Any, **more: Any) -> State | None:
        """Tell one reading of the greenhouse, and return the sensor's state."""
        await self.told({"device": "greenhouse", "key": key, "value": value, **more})
        return self.hass.states.get(f"sensor.greenhouse_{key}")

    async def refused(self, key: str, value: Any, **more: Any) -> str:
        """Tell one reading that is refused, and return why."""
        body = {"device": "greenhouse", "key": key, "value": value, **more}
        response = await self.device.post(INGEST_URL, json=body)
        assert response.status == HTTPStatus.BAD_REQUEST
        return (await response.json())["message"]


@pytest.fixture
async def place(
    hass: HomeAssistant, hass_client: ClientSessionGenerator, socket_enabled: None
) -> Place:
    assert await async_setup_component(hass, "websocket_api", {})
    assert await async_setup_component(hass, "config", {})
    site = site_with(detectors=[])
    site.add_to_hass(hass)
    assert await hass.config_entries.async_setup(site.entry_id)
    await hass.async_block_till_done()
    return Place(
        hass=hass,
        site=site,
        device=await logged_in(hass, hass_client, "Greenhouse", GROUP_ID_USER),
        other=await logged_in(hass, hass_client, "Garage", GROUP_ID_USER),
        admin=await hass_client(),
    )


def devices_of(place: Place) -> list[dr.DeviceEntry]:
    """Return the devices of a site."""
    return dr.async_entries_for_config_entry(dr.async_get(place.hass), place.site.entry_id)


async def restart(hass: HomeAssistant, site: MockConfigEntry) -> None:
    """Forget what is only in memory, as a restart does."""
    await hass.config_entries.async_unload(site.entry_id)
    await hass.data[INGEST]._devices._store.async_save(hass.data[INGEST]._devices._fields())
    hass.data.pop(INGEST)
    assert await hass.config_entries.async_setup(site.entry_id)
    await hass.async_block_till_done()


# --- Sensors ---------------------------------------------------------------------------------


async def test_a_device_and_its_sensors_are_there_when_the_answer_is(place: Place) -> None:
    answer = await place.told(GREENHOUSE)

    air, soil = (place.hass.states.get(f"sensor.greenhouse_{key}") for key in ("air", "soil"))
    assert answer == {"accepted": 2, "late": 0}
    assert (air.state, soil.state) == ("21.5", "43")
    assert air.attributes["unit_of_measurement"] == "°C"
    assert air.attributes["device_class"] == "temperature"
    assert air.attributes["state_class"] == "measurement"
    assert soil.attributes["friendly_name"] == "Greenhouse Soil"


async def test_a_device_is_below_the_site(place: Place) -> None:
    await place.told(GREENHOUSE)

    registry = dr.async_get(place.hass)
    entity = er.async_get(place.hass).async_get(SOIL)
    device = registry.async_get(entity.device_id)
    assert device.name == "Greenhouse"
    site = registry.async_get(device.via_device_id)
    assert ("gatehouse", place.site.entry_id) in site.identifiers


async def test_a_new_value_is_in_the_state_when_the_answer_comes(place: Place) -> None:
    await place.told(GREENHOUSE)

    assert (await place.tell("soil", 44)).state == "44"
    assert (await place.tell("soil", "44.5")).state == "44.5"
    assert (await place.tell("soil", None)).state == "unknown"


async def test_dashboards_hear_of_a_value_before_the_answer(
    place: Place, hass_ws_client: WebSocketGenerator
) -> None:
    await place.told(GREENHOUSE)
    dashboard = await hass_ws_client(place.hass)
    await dashboard.send_json_auto_id({"type": "subscribe_events", "event_type": "state_changed"})
    assert (await dashboard.receive_json())["success"]

    await place.tell("soil", 50)

    told = (await dashboard.receive_json())["event"]["data"]
    assert (told["entity_id"], told["new_state"]["state"]) == (SOIL, "50")


async def test_a_sensor_may_be_of_text(place: Place) -> None:
    assert (await place.tell("mode", "Frost watch")).state == "Frost watch"
    state = await place.tell("mode", 3)

    assert state.state == "3"
    assert "state_class" not in state.attributes


async def test_a_number_without_a_unit_is_one_for_history(place: Place) -> None:
    assert (await place.tell("visitors", 3)).attributes["state_class"] == "measurement"


async def test_a_meter_is_one_that_only_grows_unless_it_says_otherwise(place: Place) -> None:
    meter = {"unit": "kWh", "device_class": "energy"}

    usual = await place.tell("used", 1.5, **meter)
    said = await place.tell("stored", 1.5, **meter, state_class="total")

    assert usual.attributes["state_class"] == "total_increasing"
    assert said.attributes["state_class"] == "total"


async def test_statistics_are_not_kept_of_what_says_so(place: Place) -> None:
    state = await place.tell("serial", 471, state_class=None)

    assert "state_class" not in state.attributes


async def test_what_was_said_once_need_not_be_said_again(place: Place) -> None:
    await place.told(GREENHOUSE)

    state = await place.tell("air", 22)

    assert state.attributes["unit_of_measurement"] == "°C"


async def test_a_device_may_change_its_unit_and_its_names(place: Place) -> None:
    await place.told(GREENHOUSE)
    await place.told(
        {
            "device": "greenhouse",
            "name": "Glasshouse",
            "readings": [{"key": "soil", "value": 7, "unit": "cb", "device_class": None}],
        }
    )

    state = place.hass.states.get(SOIL)
    device = er.async_get(place.hass).async_get(SOIL).device_id
    assert state.attributes["unit_of_measurement"] == "cb"
    assert "device_class" not in state.attributes
    assert dr.async_get(place.hass).async_get(device).name == "Glasshouse"


async def test_a_micro_sign_is_one_however_it_is_written(place: Place) -> None:
    state = await place.tell("dust", 3, unit="\u00b5g/m³", device_class="pm25")

    assert state.attributes["unit_of_measurement"] == "\u03bcg/m³"


async def test_the_newest_of_several_readings_counts(place: Place) -> None:
    now = datetime.now(UTC)
    ages = {30: 1, 10: 3, 20: 2}
    readings = [
        {"key": "soil", "value": value, "at": (now - timedelta(seconds=age)).timestamp()}
        for age, value in ages.items()
    ]

    answer = await place.told({"device": "greenhouse", "readings": readings})

    assert answer == {"accepted": 2, "late": 1}
    assert place.hass.states.get(SOIL).state == "3"


async def test_a_reading_that_comes_late_changes_nothing(place: Place) -> None:
    await place.told(GREENHOUSE)

    state = await place.tell("soil", 1, at=(datetime.now(UTC) - timedelta(minutes=1)).isoformat())

    assert state.state == "43"


# --- Silence and restarts --------------------------------------------------------------------


async def test_a_device_that_is_silent_for_an_hour_is_lost(
    place: Place, freezer: FrozenDateTimeFactory
) -> None:
    await place.told(GREENHOUSE)
    freezer.tick(timedelta(minutes=59))
    async_fire_time_changed(place.hass)
    await place.hass.async_block_till_done()
    before = place.hass.states.get(SOIL).state
    freezer.tick(timedelta(minutes=2))
    async_fire_time_changed(place.hass)
    await place.hass.async_block_till_done()

    assert before == "43"
    assert place.hass.states.get(SOIL).state == "unavailable"


async def test_a_reading_of_long_ago_is_none_of_now(place: Place) -> None:
    state = await place.tell("soil", 1, at=(datetime.now(UTC) - timedelta(hours=2)).timestamp())

    assert state.state == "unavailable"


async def test_sensors_are_there_after_a_restart_with_what_they_read(
    place: Place,
) -> None:
    await place.told(GREENHOUSE)

    await restart(place.hass, place.site)

    state = place.hass.states.get(SOIL)
    assert state.state == "43"
    assert state.attributes["unit_of_measurement"] == "%"
    assert (await place.tell("soil", 44)).state == "44"


async def test_what_was_read_long_before_a_restart_is_not_shown(
    hass: HomeAssistant, hass_storage: dict[str, Any], place: Place
) -> None:
    await place.told(GREENHOUSE)
    await hass.config_entries.async_unload(place.site.entry_id)
    at = (datetime.now(UTC) - timedelta(hours=2)).isoformat()
    mock_restore_cache_with_extra_data(hass, [(State(SOIL, "43"), {"value": 43, "at": at})])

    await restart(hass, place.site)

    assert hass.states.get(SOIL).state == "unavailable"


async def test_a_sensor_that_was_never_restored_waits_for_a_reading(
    hass: HomeAssistant, hass_storage: dict[str, Any], place: Place
) -> None:
    await place.told(GREENHOUSE)
    await hass.config_entries.async_unload(place.site.entry_id)
    mock_restore_cache_with_extra_data(hass, [(State(SOIL, "43"), {})])

    await restart(hass, place.site)

    assert hass.states.get(SOIL).state == "unavailable"
    assert (await place.tell("soil", 44)).state == "44"


async def test_nothing_of_devices_is_left_of_a_site_that_is_removed(
    place: Place, hass_storage: dict[str, Any]
) -> None:
    await place.told(GREENHOUSE)
    await place.hass.data[INGEST]._devices._store.async_save({})
    assert STORE in hass_storage

    await place.hass.config_entries.async_remove(place.site.entry_id)

    assert STORE not in hass_storage
    assert place.hass.states.get(SOIL) is None


async def test_a_device_that_is_deleted_takes_its_sensors_with_it(
    place: Place, hass_ws_client: WebSocketGenerator
) -> None:
    await place.told(GREENHOUSE)
    device = er.async_get(place.hass).async_get(SOIL).device_id
    browser = await hass_ws_client(place.hass)
    remove = {
        "type": "config/device_registry/remove_config_entry",
        "config_entry_id": place.site.entry_id,
        "device_id": device,
    }

    await browser.send_json_auto_id(remove)
    answer = await browser.receive_json()
    await place.hass.async_block_till_done()
    gone = place.hass.states.get(SOIL)
    back = await place.tell("soil", 44)

    assert answer["success"]
    assert gone is None
    assert back.state == "44"


async def test_no_other_device_of_the_site_is_deleted_like_this(
    place: Place, hass_ws_client: WebSocketGenerator
) -> None:
    [site] = devices_of(place)
    browser = await hass_ws_client(place.hass)

    await browser.send_json_auto_id(
        {
            "type": "config/device_registry/remove_config_entry",
            "config_entry_id": place.site.entry_id,
            "device_id": site.id,
        }
    )

    assert not (await browser.receive_json())["success"]


async def test_a_sensor_that_somebody_has_disabled_delays_no_other(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("custom_components.gatehouse.ingest.ADDED_WITHIN", 60)
    await place.told(GREENHOUSE)
    er.async_get(place.hass).async_update_entity(SOIL, disabled_by=er.RegistryEntryDisabler.USER)
    await restart(place.hass, place.site)

    async with asyncio.timeout(10):
        await place.told(GREENHOUSE)

    assert place.hass.states.get(SOIL) is None
    assert place.hass.states.get("sensor.greenhouse_air").state == "21.5"


# --- Whose devices ---------------------------------------------------------------------------


async def test_a_device_is_its_users_and_no_others(place: Place) -> None:
    await place.told(GREENHOUSE)

    other = await place.other.post(INGEST_URL, json=GREENHOUSE)
    admin = await place.admin.post(INGEST_URL, json=GREENHOUSE)

    assert (other.status, (await other.json())["code"]) == (HTTPStatus.FORBIDDEN, "device_taken")
    assert admin.status == HTTPStatus.OK


async def test_who_may_only_read_tells_nothing(
    place: Place, hass_client: ClientSessionGenerator
) -> None:
    guest = await logged_in(place.hass, hass_client, "Guest", GROUP_ID_READ_ONLY)

    response = await guest.post(INGEST_URL, json=GREENHOUSE)

    assert (response.status, (await response.json())["code"]) == (
        HTTPStatus.FORBIDDEN,
        "not_allowed",
    )


async def test_nobody_tells_without_a_token(
    place: Place, hass_client_no_auth: ClientSessionGenerator
) -> None:
    response = await (await hass_client_no_auth()).post(INGEST_URL, json=GREENHOUSE)

    assert response.status == HTTPStatus.UNAUTHORIZED


# --- Bodies ----------------------------------------------------------------------------------

BAD_READINGS: Final[list[tuple[dict[str, Any], str]]] = [
    ({"value": True}, "readings.0.value"),
    ({"value": []}, "readings.0.value"),
    ({"value": {}}, "readings.0.value"),
    ({"value": "x" * 256}, "readings.0.value"),
    ({"key": "Soil"}, "readings.0.key"),
    ({"key": "soil\n"}, "readings.0.key"),
    ({"key": "sоil"}, "readings.0.key"),
    ({"key": ""}, "readings.0.key"),
    ({"key": "k" * 65}, "readings.0.key"),
    ({"key": 3}, "readings.0.key"),
    ({"device": "../greenhouse"}, "device"),
    ({"device": ""}, "device"),
    ({"device": None}, "device"),
    ({"device": "d" * 65}, "device"),
    ({"name": ""}, "name"),
    ({"name": "n" * 81}, "name"),
    ({"name": "a\u0000b"}, "name"),
    ({"name": ["Greenhouse"]}, "name"),
    ({"unit": "u" * 33}, "readings.0.unit"),
    ({"unit": 5}, "readings.0.unit"),
    ({"unit": "kg", "device_class": "temperature"}, "readings.0.unit"),
    ({"device_class": "temperature"}, "readings.0.unit"),
    ({"device_class": "soil"}, "readings.0.device_class"),
    ({"device_class": "timestamp"}, "readings.0.device_class"),
    ({"device_class": "enum"}, "readings.0.device_class"),
    ({"state_class": "average"}, "readings.0.state_class"),
    ({"state_class": "measurement_angle"}, "readings.0.state_class"),
    (
        {"unit": "kWh", "device_class": "energy", "state_class": "measurement"},
        "readings.0.state_class",
    ),
    ({"value": "wet", "unit": "%"}, "readings.0.value"),
    ({"value": "nan", "unit": "%"}, "readings.0.value"),
    ({"value": "-inf", "unit": "%"}, "readings.0.value"),
    ({"at": "yesterday"}, "readings.0.at"),
    ({"at": True}, "readings.0.at"),
    ({"at": 1e300}, "readings.0.at"),
    ({"at": -1e15}, "readings.0.at"),
    ({"at": "9999-12-31T23:59:59-23:00"}, "readings.0.at"),
    ({"at": "2096-01-01T00:00:00+00:00"}, "readings.0.at"),
    ({"colour": "green"}, "readings.0.colour"),
]


async def test_a_reading_that_is_none_is_refused_by_its_field(place: Place) -> None:
    body = {"device": "greenhouse", "key": "soil", "value": 1}

    refused = [await place.device.post(INGEST_URL, json=body | bad) for bad, _ in BAD_READINGS]

    messages = [(await response.json())["message"] for response in refused]
    assert {response.status for response in refused} == {HTTPStatus.BAD_REQUEST}
    assert [message.partition(":")[0] for message in messages] == [
        field for _, field in BAD_READINGS
    ]
    assert place.hass.states.get(SOIL) is None


BAD_REPORTS: Final = [
    b"",
    b"[]",
    b'{"device": "greenhouse"}',
    b'{"device": "greenhouse", "readings": []}',
    b'{"device": "greenhouse", "readings": {}}',
    b'{"device": "greenhouse", "readings": [1]}',
    b'{"device": "greenhouse", "key": "soil", "value": NaN}',
    b'{"device": "greenhouse", "key": "soil", "value": 1e999}',
    b'{"device": "greenhouse", "key": "soil", "value": Infinity}',
]


async def test_a_body_that_is_no_report_is_refused(place: Place) -> None:
    refused = [await place.device.post(INGEST_URL, data=body) for body in BAD_REPORTS]

    assert {response.status for response in refused} == {HTTPStatus.BAD_REQUEST}


async def test_a_report_is_taken_whole_or_not_at_all(place: Place) -> None:
    readings = [{"key": "air", "value": 1}, {"key": "soil", "value": "wet", "unit": "%"}]

    response = await place.device.post(
        INGEST_URL, json={"device": "greenhouse", "readings": readings}
    )

    assert (await response.json())["message"].startswith("readings.1.value")
    assert place.hass.states.get("sensor.greenhouse_air") is None


async def test_a_number_stays_one(place: Place) -> None:
    await place.told(GREENHOUSE)

    assert "send one" in await place.refused("soil", "wet")


async def test_a_name_is_for_people_to_read(place: Place) -> None:
    await place.told(
        {"device": "AA:BB", "name": " Gewa\u0308chsha\u0308user ", "key": "t", "value": 1}
    )

    assert "Gew\u00e4chsh\u00e4user" in [device.name for device in devices_of(place)]


# --- Limits ----------------------------------------------------------------------------------


async def test_a_device_tells_64_readings_at_once_and_no_more(place: Place) -> None:
    readings = [{"key": f"s{number}", "value": number} for number in range(65)]

    all_but_one = await place.told({"device": "greenhouse", "readings": readings[:-1]})
    too_many = await place.device.post(
        INGEST_URL, json={"device": "greenhouse", "readings": readings}
    )
    one_more = await place.device.post(
        INGEST_URL, json={"device": "greenhouse", "key": "more", "value": 1}
    )

    assert all_but_one["accepted"] == MOST_SENSORS
    assert too_many.status == HTTPStatus.BAD_REQUEST
    assert (one_more.status, (await one_more.json())["code"]) == (
        HTTPStatus.CONFLICT,
        "too_many_sensors",
    )
    assert place.hass.states.get("sensor.greenhouse_s63").state == "63"


async def test_devices_do_not_fill_home_assistant(place: Place) -> None:
    await place.told(GREENHOUSE)
    ingest = place.hass.data[INGEST]
    known = ingest._devices._devices
    with patch.dict(known, {f"d{number}": known["greenhouse"] for number in range(MOST_DEVICES)}):
        refused = await place.device.post(
            INGEST_URL, json={"device": "one-more", "key": "t", "value": 1}
        )

    assert (refused.status, (await refused.json())["code"]) == (
        HTTPStatus.CONFLICT,
        "too_many_sensors",
    )


async def test_a_device_that_tells_without_end_is_told_to_wait(place: Place) -> None:
    with patch("custom_components.gatehouse.pace.monotonic", lambda: 1000.0):
        answers = [await place.device.post(INGEST_URL, data=b"") for _ in range(101)]

    assert {answer.status for answer in answers[:-1]} == {HTTPStatus.BAD_REQUEST}
    assert answers[-1].status == HTTPStatus.TOO_MANY_REQUESTS
    assert answers[-1].headers["Retry-After"] == "1"


async def test_a_site_that_is_taken_down_takes_nothing(place: Place) -> None:
    await place.told(GREENHOUSE)
    await place.hass.config_entries.async_unload(place.site.entry_id)

    response = await place.device.post(INGEST_URL, json=GREENHOUSE)

    assert response.status == HTTPStatus.SERVICE_UNAVAILABLE
    await eventually(lambda: place.hass.states.is_state(SOIL, "unavailable"))
