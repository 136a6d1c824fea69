"""The machine that Home Assistant runs on, as entities show it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
import logging
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed

from custom_components.gatehouse import care, site_machine
from custom_components.gatehouse.agent import AgentStats, Gpu
from custom_components.gatehouse.care import OwnMachine
from tests.ha.scripted import ScriptedAgent
from tests.ha.seeing import becomes, set_up, state_of
from tests.ha.site import site_with, subentry_of
from tests.waiting import eventually

HALF_A_MINUTE = timedelta(seconds=30)
PART, ROOM = site_machine.__name__, care.__name__
CARD = Gpu(
    id="GPU-1f0c9a1e",
    name="NVIDIA GeForce RTX 3060",
    utilisation_percent=31.0,
    memory_percent=12.5,
    temperature=48.0,
)
BUSY = AgentStats(
    cpu_percent=25.0,
    memory_percent=41.0,
    memory_total_bytes=8_000_000_000,
    disk_percent=61.8,
    disk_free_bytes=48_000_000_000,
    temperature=52.1,
    booted=datetime(2026, 11, 20, 12, 0, tzinfo=UTC),
    load=0.42,
    received_bytes_s=812_000.0,
    sent_bytes_s=20_480.0,
    gpus=(CARD,),
)

type Tell = Callable[[AgentStats], None]


@pytest.fixture
def tell(monkeypatch: pytest.MonkeyPatch) -> Tell:
    """Say what the machine tells from the next look on."""

    def say(stats: AgentStats) -> None:
        monkeypatch.setattr(OwnMachine, "read", lambda _: stats)

    return say


async def a_site(hass: HomeAssistant, agent: ScriptedAgent) -> MockConfigEntry:
    site = site_with(subentry_of(agent), detectors=[])
    await set_up(hass, site)
    return site


def look_again(hass: HomeAssistant) -> None:
    async_fire_time_changed(hass, dt_util.utcnow() + HALF_A_MINUTE + timedelta(seconds=1))


def attributes(hass: HomeAssistant, entity: str) -> dict[str, Any]:
    state = hass.states.get(entity)
    assert state
    return dict(state.attributes)


async def test_this_machine_is_measured_from_the_start(
    hass: HomeAssistant, running_site: MockConfigEntry
) -> None:
    read = running_site.runtime_data.machine.data
    percents = [float(str(state_of(hass, f"sensor.home_system_{n}"))) for n in ("memory", "disk")]

    assert percents == [read.memory_percent, read.disk_percent]
    assert state_of(hass, "sensor.home_system_cpu") == "unknown", "an average needs two looks"

    look_again(hass)
    await eventually(lambda: state_of(hass, "sensor.home_system_cpu") != "unknown")
    assert 0 <= float(str(state_of(hass, "sensor.home_system_cpu"))) <= 100


@pytest.mark.usefixtures("every_entity", "folder")
async def test_all_that_a_machine_tells_is_shown(
    hass: HomeAssistant, agent: ScriptedAgent, tell: Tell
) -> None:
    tell(BUSY)
    await a_site(hass, agent)

    shown = {
        name: state_of(hass, f"sensor.home_{name}")
        for name in (
            *("system_cpu", "system_memory", "system_disk", "system_cpu_temperature"),
            *("system_free_disk_space", "system_load", "system_started"),
            *("system_network_received", "system_network_sent"),
            *(f"nvidia_geforce_rtx_3060_{of}" for of in ("utilisation", "memory", "temperature")),
        )
    }

    assert shown == {
        "system_cpu": "25.0",
        "system_memory": "41.0",
        "system_disk": "61.8",
        "system_cpu_temperature": "52.1",
        "system_free_disk_space": "48.0",
        "system_load": "0.42",
        "system_started": "2026-11-20T12:00:00+00:00",
        "system_network_received": "812.0",
        "system_network_sent": "20.48",
        "nvidia_geforce_rtx_3060_utilisation": "31.0",
        "nvidia_geforce_rtx_3060_memory": "12.5",
        "nvidia_geforce_rtx_3060_temperature": "48.0",
    }


@pytest.mark.usefixtures("every_entity", "folder")
@pytest.mark.parametrize(
    ("name", "unit", "kind"),
    [
        ("system_cpu", "%", None),
        ("system_cpu_temperature", "°C", "temperature"),
        ("system_free_disk_space", "GB", "data_size"),
        ("system_network_sent", "kB/s", "data_rate"),
    ],
)
async def test_a_figure_has_its_unit_and_statistics(
    hass: HomeAssistant, agent: ScriptedAgent, tell: Tell, name: str, unit: str, kind: str | None
) -> None:
    tell(BUSY)
    await a_site(hass, agent)

    told = attributes(hass, f"sensor.home_{name}")

    assert (told["unit_of_measurement"], told.get("device_class")) == (unit, kind)
    assert told["state_class"] == "measurement"


@pytest.mark.usefixtures("folder")
async def test_what_belongs_on_a_dashboard_is_there_from_the_start_on_the_sites_device(
    hass: HomeAssistant, agent: ScriptedAgent, tell: Tell
) -> None:
    tell(BUSY)
    site = await a_site(hass, agent)

    entities = er.async_entries_for_config_entry(er.async_get(hass), site.entry_id)
    of_site = {each.device_id for each in entities if each.translation_key == "agents_online"}
    of_system = [each for each in entities if str(each.translation_key).startswith("system_")]

    assert {each.translation_key for each in of_system if not each.disabled_by} == {
        *("system_cpu", "system_memory", "system_disk", "system_temperature")
    }
    assert len(of_system) == 9
    assert {each.device_id for each in of_system} == of_site
    assert {each.entity_category for each in of_system} == {er.EntityCategory.DIAGNOSTIC}


@pytest.mark.usefixtures("folder")
async def test_a_virtual_machine_has_no_thermometer_that_nobody_can_read(
    hass: HomeAssistant, agent: ScriptedAgent, tell: Tell
) -> None:
    tell(AgentStats(memory_percent=41.0))
    await a_site(hass, agent)

    assert state_of(hass, "sensor.home_system_cpu_temperature") is None
    assert state_of(hass, "sensor.home_system_memory") == "41.0"


@pytest.mark.usefixtures("folder")
async def test_what_cannot_be_read_any_more_is_unknown_and_not_told_again_and_again(
    hass: HomeAssistant,
    agent: ScriptedAgent,
    tell: Tell,
    caplog: pytest.LogCaptureFixture,
) -> None:
    tell(BUSY)
    await a_site(hass, agent)
    caplog.clear()

    tell(AgentStats(memory_percent=42.0))
    look_again(hass)
    await becomes(hass, "sensor.home_system_memory", "42.0")

    assert state_of(hass, "sensor.home_system_cpu_temperature") == "unknown"
    assert state_of(hass, "sensor.home_nvidia_geforce_rtx_3060_utilisation") == "unknown"
    ours = [each for each in caplog.records if each.name.startswith((PART, f"{ROOM}."))]
    assert not [each for each in ours if each.levelno > logging.DEBUG]
