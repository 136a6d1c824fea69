"""A device whose sensors tell Gatehouse readings, and what the recorder has of their days."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
import sqlite3
import time
from typing import Final

import aiohttp

from scripts.demonstration.home_assistant import HomeAssistant

RECORDED_WITHIN: Final = 60.0  # seconds
DAY: Final = timedelta(days=1)
INGEST: Final = "/api/gatehouse/sensors/ingest"

_DEVICE: Final = "bench-station"
_ROWS: Final = (
    "SELECT state, last_updated_ts FROM states"
    " WHERE metadata_id = ? AND last_updated_ts > ? ORDER BY last_updated_ts"
)
_ROW: Final = (
    "INSERT INTO states (state, metadata_id, attributes_id, last_updated_ts, last_reported_ts,"
    " origin_idx) VALUES (?, ?, ?, ?, ?, 0)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """All that a sensor told since yesterday, and what reads its rows."""

    entity: str
    readings: int
    read: Callable[[], object]


async def report(session: aiohttp.ClientSession, key: str, value: float, unit: str) -> None:
    """Tell one reading; raises RuntimeError if it is not taken."""
    reading = {"key": key, "value": value, "unit": unit, "device_class": key}
    async with session.post(INGEST, json={"device": _DEVICE, "readings": [reading]}) as response:
        if not response.ok:
            raise RuntimeError(f"Home Assistant answers {response.status} to a reading.")


async def sensor_of(
    home: HomeAssistant, session: aiohttp.ClientSession, key: str, unit: str
) -> str:
    """Have a device tell a first reading; return the entity of its sensor."""
    await report(session, key, 1.5, unit)
    named = f"{_DEVICE.replace('-', '_')}_{key}"
    states = await home.get("/api/states")
    return str(next(each["entity_id"] for each in states if named in each["entity_id"]))


async def day_of(raw: sqlite3.Connection, entity: str, every: float) -> Day:
    """Let a sensor have told something all day long."""
    found = "SELECT metadata_id FROM states_meta WHERE entity_id = ?"
    async with asyncio.timeout(RECORDED_WITHIN):
        while not (row := raw.execute(found, (entity,)).fetchone()):  # noqa: ASYNC110 - another's
            await asyncio.sleep(0.5)
    (number,) = row
    now = time.time()
    readings = int(DAY.total_seconds() / every)
    moments = [now - DAY.total_seconds() + nth * every for nth in range(readings)]
    rows = [(f"{nth % 300 / 10}", number, None, at, at) for nth, at in enumerate(moments)]
    raw.execute("PRAGMA busy_timeout = 10000")
    with raw:
        raw.executemany(_ROW, rows)
    since = now - DAY.total_seconds()
    return Day(
        entity=entity,
        readings=readings,
        read=lambda: raw.execute(_ROWS, (number, since)).fetchall(),
    )
