"""What an agent kept and lost while nobody listened: its readings become statistics here."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime, timedelta
import logging
from typing import TYPE_CHECKING, Final

from homeassistant.const import PERCENTAGE, UnitOfDataRate, UnitOfInformation, UnitOfTemperature
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.recorder import DATA_INSTANCE, get_instance

from .agent import Agent, AgentError, AgentStats, Reading
from .const import DOMAIN

if TYPE_CHECKING:
    from homeassistant.components.recorder.models import StatisticData, StatisticMetaData

_LOGGER = logging.getLogger(__name__)

HOUR: Final = timedelta(hours=1)

# There is a reading a minute, and one may have been missed.
SLACK: Final = timedelta(minutes=2)

# The recorder writes behind; what it has not written by then is tried again with the next return.
WRITTEN_WITHIN: Final = timedelta(minutes=1)
LOOK_EVERY: Final = timedelta(seconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """A reading of which a sensor of an agent makes statistics, and its unit there."""

    unit: str | None
    value: Callable[[AgentStats], float | None]


MEASURES: Final[Mapping[str, Measure]] = {
    "temperature": Measure(unit=UnitOfTemperature.CELSIUS, value=lambda stats: stats.temperature),
    "cpu": Measure(unit=PERCENTAGE, value=lambda stats: stats.cpu_percent),
    "disk": Measure(unit=PERCENTAGE, value=lambda stats: stats.disk_percent),
    "memory": Measure(unit=PERCENTAGE, value=lambda stats: stats.memory_percent),
    "disk_free": Measure(unit=UnitOfInformation.BYTES, value=lambda stats: stats.disk_free_bytes),
    "cma_free": Measure(unit=UnitOfInformation.BYTES, value=lambda stats: stats.cma_free_bytes),
    "received": Measure(
        unit=UnitOfDataRate.BYTES_PER_SECOND, value=lambda stats: stats.received_bytes_s
    ),
    "sent": Measure(unit=UnitOfDataRate.BYTES_PER_SECOND, value=lambda stats: stats.sent_bytes_s),
    "load": Measure(unit=None, value=lambda stats: stats.load),
}
"""By the keys of the sensors."""


async def async_import_readings(hass: HomeAssistant, agent: Agent, owner: str) -> None:
    """Make statistics of what an agent read while nobody listened, and have it forget that.

    Without a recorder the agent keeps it. Raises AgentError.
    """
    if DATA_INSTANCE not in hass.data or not await get_instance(hass).async_db_ready:
        return
    readings = (await agent.spool()).readings
    if not readings:
        return
    hours = full_hours(readings, agent.clock_ahead)
    sensors = _recorded_sensors(hass, owner)
    written = await asyncio.gather(
        *(_async_import(hass, entity, MEASURES[key], hours) for key, entity in sensors.items())
    )
    if all(written):
        await agent.forget_readings(readings[-1].at)


async def async_take_readings(hass: HomeAssistant, agent: Agent, owner: str, name: str) -> None:
    """Import them from an agent that may go away meanwhile; then it keeps them."""
    try:
        await async_import_readings(hass, agent, owner)
    except AgentError as err:
        _LOGGER.warning("The readings of %s stay there until it returns: %s", name, err)


def full_hours(
    readings: Iterable[Reading], ahead: timedelta
) -> dict[datetime, tuple[AgentStats, ...]]:
    """Return the readings of each hour that was read to its end, by the site's clock.

    What is known of any other hour is but a part of it, and the recorder has the rest.
    """
    hours = defaultdict[datetime, list[tuple[datetime, AgentStats]]](list)
    for reading in readings:
        at = reading.at - ahead
        hours[at.replace(minute=0, second=0, microsecond=0)].append((at, reading.stats))
    return {
        hour: tuple(stats for _, stats in within)
        for hour, within in hours.items()
        if within[0][0] < hour + SLACK and within[-1][0] >= hour + HOUR - SLACK
    }


@callback
def _recorded_sensors(hass: HomeAssistant, owner: str) -> dict[str, str]:
    """Return the entities of an agent's measures that are enabled and recorded, by their keys."""
    registry, instance = er.async_get(hass), get_instance(hass)
    found = {
        key: registry.async_get_entity_id("sensor", DOMAIN, f"{owner}_{key}") for key in MEASURES
    }
    return {
        key: entity
        for key, entity in found.items()
        if entity
        and (entry := registry.async_get(entity))
        and not entry.disabled
        and (instance.entity_filter is None or instance.entity_filter(entity))
    }


async def _async_import(
    hass: HomeAssistant,
    entity: str,
    measure: Measure,
    hours: Mapping[datetime, tuple[AgentStats, ...]],
) -> bool:
    """Import the hours that the recorder knows nothing of; return whether they are written."""
    from homeassistant.components.recorder.statistics import async_import_statistics

    measured = {
        hour: values
        for hour, within in hours.items()
        if (values := [value for each in within if (value := measure.value(each)) is not None])
    }
    missing = await _async_missing(hass, entity, measured.keys())
    metadata = await _async_metadata(hass, entity, measure)
    if not missing or metadata is None:
        return True
    convert = _converter(measure.unit, metadata["unit_of_measurement"])
    rows = [_row(hour, list(map(convert, measured[hour]))) for hour in sorted(missing)]
    async_import_statistics(hass, metadata, rows)
    return await _async_are_written(hass, entity, missing)


async def _async_are_written(
    hass: HomeAssistant, entity: str, hours: AbstractSet[datetime]
) -> bool:
    await get_instance(hass).async_block_till_done()
    deadline = hass.loop.time() + WRITTEN_WITHIN.total_seconds()
    while await _async_missing(hass, entity, hours):
        if hass.loop.time() > deadline:
            _LOGGER.warning("The recorder has not taken the readings of %s", entity)
            return False
        await asyncio.sleep(LOOK_EVERY.total_seconds())
    return True


async def _async_missing(
    hass: HomeAssistant, entity: str, hours: AbstractSet[datetime]
) -> set[datetime]:
    """Return the hours of which the recorder has no statistics of an entity."""
    from homeassistant.components.recorder.statistics import statistics_during_period

    if not hours:
        return set()
    span = min(hours), max(hours) + HOUR
    rows = await get_instance(hass).async_add_executor_job(
        statistics_during_period, hass, *span, {entity}, "hour", None, {"mean"}
    )
    known = {row["start"] for row in rows.get(entity, ())}
    return {hour for hour in hours if hour.timestamp() not in known}


async def _async_metadata(
    hass: HomeAssistant, entity: str, measure: Measure
) -> StatisticMetaData | None:
    """Return what the recorder knows of an entity's statistics; None if it is of another unit."""
    from homeassistant.components.recorder.models import StatisticMeanType, StatisticMetaData
    from homeassistant.components.recorder.statistics import (
        STATISTIC_UNIT_TO_UNIT_CONVERTER,
        get_metadata,
    )

    units = STATISTIC_UNIT_TO_UNIT_CONVERTER[measure.unit]
    known = await get_instance(hass).async_add_executor_job(
        lambda: get_metadata(hass, statistic_ids={entity})
    )
    if entity in known:
        metadata = known[entity][1]
        return metadata if metadata["unit_of_measurement"] in units.VALID_UNITS else None
    return StatisticMetaData(
        mean_type=StatisticMeanType.ARITHMETIC,
        has_sum=False,
        name=None,
        source="recorder",
        statistic_id=entity,
        unit_class=units.UNIT_CLASS,
        unit_of_measurement=measure.unit,
    )


def _converter(native: str | None, wanted: str | None) -> Callable[[float], float]:
    """Return what makes the recorder's unit of ours."""
    from homeassistant.components.recorder.statistics import STATISTIC_UNIT_TO_UNIT_CONVERTER

    return STATISTIC_UNIT_TO_UNIT_CONVERTER[native].converter_factory(native, wanted)


def _row(hour: datetime, values: list[float]) -> StatisticData:
    return {
        "start": hour,
        "mean": sum(values) / len(values),
        "min": min(values),
        "max": max(values),
    }
