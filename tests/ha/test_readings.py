"""An agent's readings of the time in which nobody listened, and the clips that it had to let go."""

from datetime import UTC, datetime, timedelta
import logging
from typing import Any, Final

from homeassistant.components.recorder import Recorder
from homeassistant.components.recorder.models import StatisticMeanType, StatisticMetaData
from homeassistant.components.recorder.statistics import (
    async_import_statistics,
    get_metadata,
    statistics_during_period,
)
from homeassistant.components.sensor import SensorStateClass
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er, issue_registry as ir
from homeassistant.helpers.aiohttp_client import async_get_clientsession
import pytest

from custom_components.gatehouse import readings as room
from custom_components.gatehouse.agent import Agent, AgentError, AgentStats, Reading
from custom_components.gatehouse.losses import async_report_lost_clips
from custom_components.gatehouse.readings import MEASURES, async_import_readings, full_hours
from tests.ha.scripted import AGENT_ID, ScriptedAgent, golden

NOON: Final = datetime(2026, 11, 18, 12, 0, tzinfo=UTC)
HOUR: Final = timedelta(hours=1)
ISSUE: Final = ("gatehouse", f"spool_lost_{AGENT_ID}")
STATISTICS: Final = "homeassistant.components.recorder.statistics"
READING: Final = golden("spool")["readings"][0]


def read(start: datetime, end: datetime, **values: Any) -> list[dict[str, Any]]:
    """Return a reading of each minute, warmer by the minute of the hour."""
    minutes = round((end - start) / timedelta(minutes=1))
    moments = [start + timedelta(minutes=minute) for minute in range(minutes)]
    return [
        READING | {"at": at.timestamp(), "temperature_c": 40.0 + at.minute} | values
        for at in moments
    ]


def parsed(*moments: datetime) -> list[Reading]:
    return [Reading(at=at, stats=AgentStats()) for at in moments]


@pytest.fixture
def mock_recorder_before_hass(async_test_recorder: object) -> None:
    """Have the database of a recorder ready for those tests that ask for one."""


@pytest.fixture
async def pi(hass: HomeAssistant, agent: ScriptedAgent) -> Agent:
    """The client of an agent whose sensors are known."""
    registry = er.async_get(hass)
    for key in MEASURES:
        registry.async_get_or_create(
            "sensor", "gatehouse", f"{AGENT_ID}_{key}", object_id_base=f"porch {key}"
        )
    return Agent(async_get_clientsession(hass), "127.0.0.1", agent.port, agent.token)


async def rows(hass: HomeAssistant, recorder: Recorder, entity: str) -> list[dict[str, Any]]:
    """Return the hourly statistics of an entity, oldest first."""
    await recorder.async_block_till_done()
    found = await recorder.async_add_executor_job(
        statistics_during_period,
        hass,
        NOON - 24 * HOUR,
        NOON + 24 * HOUR,
        {entity},
        "hour",
        None,
        {"mean", "min", "max"},
    )
    return [dict(row) for row in found.get(entity, ())]


async def hours(hass: HomeAssistant, recorder: Recorder, entity: str) -> list[int]:
    """Return which hours of that day there are statistics of."""
    found = await rows(hass, recorder, entity)
    return [datetime.fromtimestamp(row["start"], UTC).hour for row in found]


async def known(
    hass: HomeAssistant, recorder: Recorder, entity: str, unit: str, value: float
) -> None:
    """Have the recorder know the hour from eleven to noon."""
    metadata = StatisticMetaData(
        mean_type=StatisticMeanType.ARITHMETIC,
        has_sum=False,
        name=None,
        source="recorder",
        statistic_id=entity,
        unit_class={"°F": "temperature", "GB": "information", "W": "power"}.get(unit),
        unit_of_measurement=unit,
    )
    row = {"start": NOON - HOUR, "mean": value, "min": value, "max": value}
    async_import_statistics(hass, metadata, [row])  # type: ignore[list-item]
    await recorder.async_block_till_done()


def test_an_hour_counts_when_it_was_read_to_its_end() -> None:
    minute = timedelta(minutes=1)

    whole = full_hours(parsed(NOON, NOON + 59 * minute), timedelta())
    nearly = full_hours(parsed(NOON + minute, NOON + 58 * minute), timedelta())
    late = full_hours(parsed(NOON + 3 * minute, NOON + 59 * minute), timedelta())
    early = full_hours(parsed(NOON, NOON + 57 * minute), timedelta())

    assert [list(each) for each in (whole, nearly, late, early)] == [[NOON], [NOON], [], []]


def test_hours_are_those_of_the_sites_clock() -> None:
    ahead = timedelta(minutes=20)
    told = parsed(NOON + ahead, NOON + ahead + timedelta(minutes=59))

    assert list(full_hours(told, ahead)) == [NOON]
    assert full_hours(told, timedelta()) == {}


async def test_full_hours_become_statistics_and_are_forgotten(
    recorder_mock: Recorder, hass: HomeAssistant, pi: Agent, agent: ScriptedAgent
) -> None:
    agent.readings = read(NOON - timedelta(minutes=30), NOON + timedelta(minutes=150))

    await async_import_readings(hass, pi, AGENT_ID)

    warm = await rows(hass, recorder_mock, "sensor.porch_temperature")
    assert [datetime.fromtimestamp(row["start"], UTC) for row in warm] == [NOON, NOON + HOUR]
    assert [(row["mean"], row["min"], row["max"]) for row in warm] == [(69.5, 40.0, 99.0)] * 2
    for key in MEASURES:
        assert await hours(hass, recorder_mock, f"sensor.porch_{key}") == [12, 13]
    assert agent.readings == []


async def test_what_the_recorder_knows_stays_as_it_is(
    recorder_mock: Recorder, hass: HomeAssistant, pi: Agent, agent: ScriptedAgent
) -> None:
    await known(hass, recorder_mock, "sensor.porch_temperature", "°F", 50.0)
    agent.readings = read(NOON - HOUR, NOON + HOUR)

    await async_import_readings(hass, pi, AGENT_ID)

    before, after = await rows(hass, recorder_mock, "sensor.porch_temperature")
    assert before["mean"] == pytest.approx(50.0)
    assert after["mean"] == pytest.approx(69.5 * 9 / 5 + 32)


async def test_readings_are_told_in_the_recorders_unit(
    recorder_mock: Recorder, hass: HomeAssistant, pi: Agent, agent: ScriptedAgent
) -> None:
    await known(hass, recorder_mock, "sensor.porch_disk_free", "GB", 1.0)
    agent.readings = read(NOON, NOON + HOUR, disk_free_bytes=21_000_000_000)

    await async_import_readings(hass, pi, AGENT_ID)

    assert (await rows(hass, recorder_mock, "sensor.porch_disk_free"))[-1]["mean"] == 21.0


async def test_statistics_of_something_else_are_left_alone(
    recorder_mock: Recorder, hass: HomeAssistant, pi: Agent, agent: ScriptedAgent
) -> None:
    await known(hass, recorder_mock, "sensor.porch_temperature", "W", 7.0)
    agent.readings = read(NOON, NOON + HOUR)

    await async_import_readings(hass, pi, AGENT_ID)

    assert await hours(hass, recorder_mock, "sensor.porch_temperature") == [11]
    assert await hours(hass, recorder_mock, "sensor.porch_cpu") == [12]


async def test_what_a_pi_cannot_read_is_no_statistic(
    recorder_mock: Recorder, hass: HomeAssistant, pi: Agent, agent: ScriptedAgent
) -> None:
    agent.readings = read(NOON, NOON + HOUR, cpu_percent=None)

    await async_import_readings(hass, pi, AGENT_ID)

    assert await hours(hass, recorder_mock, "sensor.porch_cpu") == []
    assert agent.readings == []


async def test_a_sensor_that_is_disabled_or_not_recorded_has_no_statistics(
    recorder_mock: Recorder, hass: HomeAssistant, pi: Agent, agent: ScriptedAgent
) -> None:
    er.async_get(hass).async_update_entity(
        "sensor.porch_load", disabled_by=er.RegistryEntryDisabler.USER
    )
    er.async_get(hass).async_remove("sensor.porch_memory")
    recorder_mock.entity_filter = lambda entity: entity != "sensor.porch_cpu"
    agent.readings = read(NOON, NOON + HOUR)

    await async_import_readings(hass, pi, AGENT_ID)

    for key in ("load", "memory", "cpu"):
        assert await hours(hass, recorder_mock, f"sensor.porch_{key}") == []
    assert await hours(hass, recorder_mock, "sensor.porch_temperature") == [12]


async def test_told_twice_is_once(
    recorder_mock: Recorder, hass: HomeAssistant, pi: Agent, agent: ScriptedAgent
) -> None:
    for _ in range(2):
        agent.readings = read(NOON, NOON + HOUR)
        await async_import_readings(hass, pi, AGENT_ID)

    assert await hours(hass, recorder_mock, "sensor.porch_temperature") == [12]
    assert agent.readings == []


async def test_less_than_an_hour_is_forgotten(
    recorder_mock: Recorder, hass: HomeAssistant, pi: Agent, agent: ScriptedAgent
) -> None:
    agent.readings = read(NOON, NOON + timedelta(minutes=40))

    await async_import_readings(hass, pi, AGENT_ID)
    await async_import_readings(hass, pi, AGENT_ID)

    assert agent.readings == []
    assert await hours(hass, recorder_mock, "sensor.porch_temperature") == []


async def test_a_recorder_that_does_not_write_makes_the_agent_keep_them(
    recorder_mock: Recorder,
    hass: HomeAssistant,
    pi: Agent,
    agent: ScriptedAgent,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    agent.readings = kept = read(NOON, NOON + HOUR)
    monkeypatch.setattr(room, "WRITTEN_WITHIN", timedelta(milliseconds=5))
    monkeypatch.setattr(room, "LOOK_EVERY", timedelta(milliseconds=5))
    monkeypatch.setattr(f"{STATISTICS}.async_import_statistics", lambda *_: None)

    await async_import_readings(hass, pi, AGENT_ID)

    assert agent.readings == kept
    assert "has not taken the readings" in caplog.text


async def test_without_a_recorder_the_agent_keeps_them(
    hass: HomeAssistant, pi: Agent, agent: ScriptedAgent
) -> None:
    agent.readings = kept = read(NOON, NOON + HOUR)

    await async_import_readings(hass, pi, AGENT_ID)

    assert agent.readings == kept


async def test_an_agent_that_leaves_meanwhile_is_told_of(
    recorder_mock: Recorder, hass: HomeAssistant, pi: Agent, agent: ScriptedAgent
) -> None:
    await agent.stop()

    with pytest.raises(AgentError):
        await async_import_readings(hass, pi, AGENT_ID)


async def test_new_statistics_are_described_as_the_recorder_would(
    recorder_mock: Recorder, hass: HomeAssistant, pi: Agent, agent: ScriptedAgent
) -> None:
    agent.readings = read(NOON, NOON + HOUR)

    await async_import_readings(hass, pi, AGENT_ID)

    described = await recorder_mock.async_add_executor_job(lambda: get_metadata(hass))
    units = {
        entity.removeprefix("sensor.porch_"): (each["unit_of_measurement"], each["unit_class"])
        for entity, (_, each) in described.items()
    }
    assert units == {
        "temperature": ("°C", "temperature"),
        "cpu": ("%", "unitless"),
        "disk": ("%", "unitless"),
        "memory": ("%", "unitless"),
        "disk_free": ("B", "information"),
        "cma_free": ("B", "information"),
        "received": ("B/s", "data_rate"),
        "sent": ("B/s", "data_rate"),
        "load": (None, "unitless"),
    }


def test_every_measurement_of_a_pi_has_its_statistics() -> None:
    from custom_components.gatehouse.agent_sensors import AGENT_FIGURES

    # How far two clocks differ is known only while both are there.
    measured = {
        each.key: each.native_unit_of_measurement
        for each in AGENT_FIGURES
        if each.state_class is SensorStateClass.MEASUREMENT and each.key != "clock_ahead"
    }

    assert {key: measure.unit for key, measure in MEASURES.items()} == measured


# --- What was lost ---


def loss(hass: HomeAssistant) -> ir.IssueEntry | None:
    return ir.async_get(hass).async_get_issue(*ISSUE)


async def test_nothing_lost_is_nothing_to_tell(hass: HomeAssistant) -> None:
    async_report_lost_clips(hass, AGENT_ID, "Porch", 0)

    assert loss(hass) is None


async def test_a_loss_is_told_in_the_log_and_as_a_repair(
    hass: HomeAssistant, caplog: pytest.LogCaptureFixture
) -> None:
    async_report_lost_clips(hass, AGENT_ID, "Porch", 3)

    issue = loss(hass)
    assert issue
    assert issue.active
    assert not issue.is_fixable
    assert issue.translation_placeholders == {"name": "Porch", "lost": "3"}
    assert [each.levelno for each in caplog.records if "lost 3 clips" in each.message] == [
        logging.WARNING
    ]


async def test_the_same_loss_is_told_once_also_when_it_is_ignored(
    hass: HomeAssistant, caplog: pytest.LogCaptureFixture
) -> None:
    async_report_lost_clips(hass, AGENT_ID, "Porch", 3)
    ir.async_ignore_issue(hass, *ISSUE, ignore=True)

    async_report_lost_clips(hass, AGENT_ID, "Porch", 3)

    issue = loss(hass)
    assert issue
    assert issue.dismissed_version
    assert caplog.text.count("lost 3 clips") == 1


async def test_when_more_is_lost_it_is_told_again(hass: HomeAssistant) -> None:
    async_report_lost_clips(hass, AGENT_ID, "Porch", 3)
    ir.async_ignore_issue(hass, *ISSUE, ignore=True)

    async_report_lost_clips(hass, AGENT_ID, "Porch", 4)

    issue = loss(hass)
    assert issue
    assert issue.dismissed_version is None
    assert issue.translation_placeholders == {"name": "Porch", "lost": "4"}


async def test_an_agent_that_was_installed_anew_has_lost_nothing(hass: HomeAssistant) -> None:
    async_report_lost_clips(hass, AGENT_ID, "Porch", 3)

    async_report_lost_clips(hass, AGENT_ID, "Porch", 0)

    assert loss(hass) is None


async def test_the_loss_is_known_after_a_restart(
    hass: HomeAssistant, hass_storage: dict[str, Any]
) -> None:
    async_report_lost_clips(hass, AGENT_ID, "Porch", 3)

    registry = ir.async_get(hass)
    (stored,) = [each for each in registry._data_to_save()["issues"] if each["domain"] == ISSUE[0]]

    assert stored["is_persistent"]
    assert stored["data"] == {"lost": 3}
