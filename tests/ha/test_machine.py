"""What a Pi measures of itself, of its cameras, and with what is plugged into it."""

from datetime import timedelta
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed

from custom_components.gatehouse import machine_sensors
from tests.ha.scripted import CAMERA, ScriptedAgent, ScriptedDetections
from tests.ha.seeing import CONNECTED, becomes, set_up, state_of, walk_by
from tests.ha.site import site_with, subentry_of
from tests.waiting import eventually

WARM = "sensor.porch_temperature_ds18b20"
ROOM = {"id": "1-0044:humidity", "sensor": "SHT31", "quantity": "humidity", "value": 55.5}
HUMID = "sensor.porch_humidity_sht31"


def attribute(hass: HomeAssistant, entity: str, name: str) -> Any:
    """Return an attribute of an entity."""
    state = hass.states.get(entity)
    assert state
    return state.attributes.get(name)


@pytest.mark.usefixtures("every_entity")
async def test_a_pi_is_measured(
    hass: HomeAssistant, running_site: MockConfigEntry, agent: ScriptedAgent
) -> None:
    figures = {"fps": 12.5, "frame_age_s": 0.25, "encoder_percent": 31.0}
    await agent.upkeep.measure(cameras={CAMERA: figures})
    await becomes(hass, "sensor.front_door_encoder_load", "31.0")

    assert {
        name: float(str(state_of(hass, f"sensor.{name}")))
        for name in (
            "front_door_frame_rate",
            "front_door_frame_age",
            "porch_free_camera_memory",
            "porch_network_received",
            "porch_network_sent",
            "porch_clock_ahead",
            "porch_nvidia_geforce_rtx_3060_utilisation",
            "porch_nvidia_geforce_rtx_3060_memory",
            "porch_nvidia_geforce_rtx_3060_temperature",
        )
    } == {
        "front_door_frame_rate": 12.5,
        "front_door_frame_age": 0.25,
        "porch_free_camera_memory": pytest.approx(234.881, abs=0.001),
        "porch_network_received": pytest.approx(1.5205),
        "porch_network_sent": pytest.approx(512.04),
        "porch_clock_ahead": pytest.approx(0, abs=0.5),
        "porch_nvidia_geforce_rtx_3060_utilisation": 31,
        "porch_nvidia_geforce_rtx_3060_memory": 12.4,
        "porch_nvidia_geforce_rtx_3060_temperature": 48,
    }
    assert attribute(hass, "sensor.porch_network_sent", "device_class") == "data_rate"
    assert attribute(hass, "sensor.front_door_frame_rate", "unit_of_measurement") == "fps"


async def test_how_hard_a_camera_is_for_the_pi_is_known_until_it_is_told_anew(
    hass: HomeAssistant, running_site: MockConfigEntry, agent: ScriptedAgent
) -> None:
    [coordinator] = running_site.runtime_data.cameras
    figures = {"fps": 12.5, "frame_age_s": 0.25, "encoder_percent": 31.0}
    await agent.upkeep.measure(cameras={CAMERA: figures})

    await agent.upkeep.tell(fps=9.0)
    await eventually(lambda: coordinator.data.cameras[CAMERA].state.fps == 9.0)

    assert coordinator.data.cameras[CAMERA].state.encoder_percent == 31.0


async def test_a_probe_is_a_sensor_for_as_long_as_it_can_be_read(
    hass: HomeAssistant, running_site: MockConfigEntry, agent: ScriptedAgent
) -> None:
    assert state_of(hass, WARM) == "21.31"
    assert attribute(hass, WARM, "device_class") == "temperature"
    assert attribute(hass, WARM, "state_class") == "measurement"
    assert state_of(hass, "sensor.porch_air_pressure_bme280") == "unavailable"
    [warm, pressure] = agent.state["probes"]

    await agent.upkeep.measure(probes=[warm | {"value": None}, pressure | {"value": 1013.2}])

    await becomes(hass, WARM, "unavailable")
    assert state_of(hass, "sensor.porch_air_pressure_bme280") == "1013.2"
    assert attribute(hass, "sensor.porch_air_pressure_bme280", "unit_of_measurement") == "hPa"


async def test_a_probe_comes_and_goes_with_the_hardware(
    hass: HomeAssistant,
    running_site: MockConfigEntry,
    agent: ScriptedAgent,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    registry = er.async_get(hass)
    probes = agent.state["probes"]

    await agent.upkeep.measure(probes=[*probes, ROOM])
    await becomes(hass, HUMID, "55.5")
    await agent.upkeep.measure(probes=probes)
    await becomes(hass, HUMID, "unavailable")
    assert registry.async_get(HUMID), "an agent that has just begun may not have read all"

    monkeypatch.setattr(machine_sensors, "SETTLED", timedelta(0))
    await agent.upkeep.measure(probes=probes)
    await eventually(lambda: registry.async_get(HUMID) is None)
    assert state_of(hass, HUMID) is None
    assert state_of(hass, WARM) == "21.31"

    await agent.upkeep.measure(probes=[*probes, ROOM])
    await becomes(hass, HUMID, "55.5")


async def test_an_agent_that_begins_anew_keeps_its_probes(
    hass: HomeAssistant,
    running_site: MockConfigEntry,
    agent: ScriptedAgent,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(machine_sensors, "SETTLED", timedelta(0))
    agent.state["probes"] = []

    await agent.cut()
    await becomes(hass, CONNECTED, "off")
    await becomes(hass, CONNECTED, "on")

    assert state_of(hass, WARM) == "21.31"


async def test_probes_of_one_make_are_told_apart(
    hass: HomeAssistant, agent: ScriptedAgent, folder: Any
) -> None:
    agent.state["probes"] = [ROOM, ROOM | {"id": "1-0045:humidity", "value": 60.0}]

    await set_up(hass, site_with(subentry_of(agent), detectors=[]))

    assert state_of(hass, f"{HUMID}_1_0044") == "55.5"
    assert state_of(hass, f"{HUMID}_1_0045") == "60.0"


async def test_an_older_agent_has_no_probes(
    hass: HomeAssistant, running_site: MockConfigEntry, agent: ScriptedAgent
) -> None:
    await agent.say({"type": "stats", "stats": agent.state["stats"] | {"cpu_percent": 77.0}})

    await becomes(hass, "sensor.porch_cpu", "77.0")
    assert state_of(hass, WARM) == "21.31"


# --- The site ------------------------------------------------------------------------------------


async def test_the_site_counts_who_is_there(
    hass: HomeAssistant, running_site: MockConfigEntry, agent: ScriptedAgent
) -> None:
    agents, cameras = "sensor.home_agents_online", "sensor.home_cameras_online"
    assert (state_of(hass, agents), state_of(hass, cameras)) == ("1", "1")

    await agent.upkeep.tell(status="offline", error="No frame for 5 s.")
    await becomes(hass, cameras, "0")
    assert attribute(hass, cameras, "away") == ["Front door (Porch)"]

    await agent.upkeep.tell(status="private", error=None)
    await becomes(hass, "sensor.front_door_status", "private")
    assert (attribute(hass, cameras, "of"), attribute(hass, cameras, "away")) == (0, [])

    await agent.stop()
    await becomes(hass, agents, "0")
    assert (attribute(hass, agents, "of"), attribute(hass, agents, "away")) == (1, ["Porch"])


async def test_an_agent_that_is_away_says_since_when(
    hass: HomeAssistant, running_site: MockConfigEntry, agent: ScriptedAgent
) -> None:
    before = attribute(hass, CONNECTED, "since")

    await agent.stop()
    await becomes(hass, CONNECTED, "off")

    assert before < attribute(hass, CONNECTED, "since") <= dt_util.utcnow()


@pytest.mark.usefixtures("every_entity")
async def test_the_detectors_tell_how_many_pictures_they_look_at(
    hass: HomeAssistant,
    site: MockConfigEntry,
    agent: ScriptedAgent,
    detections: ScriptedDetections,
) -> None:
    rate = "sensor.home_detection_rate"
    assert state_of(hass, rate) == "0.0"

    await walk_by(hass, agent, detections)
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(seconds=11))

    await eventually(lambda: float(str(state_of(hass, rate))) > 0)
