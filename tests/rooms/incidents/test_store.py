"""The rows of incidents, in a real file."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
import logging
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Select
from sqlalchemy.dialects import sqlite

from custom_components.gatehouse.database import Database
from custom_components.gatehouse.incidents import IncidentQuery, IncidentStore
from custom_components.gatehouse.incidents.store import _left_open, _selection
from custom_components.gatehouse.models import Assessment, Incident, IncidentState, Level

NOON = datetime(2026, 11, 18, 12, 0, 0, 123456, tzinfo=UTC)
FRONT, BACK = "9f2c41d07ab3/front", "9f2c41d07ab3/back"

FULL = Incident(
    id="full",
    camera=FRONT,
    state=IncidentState.CLOSED,
    started=NOON,
    last_seen=NOON + timedelta(seconds=10),
    ended=NOON + timedelta(seconds=40),
    confirmed=NOON + timedelta(seconds=1),
    labels=("dog", "person"),
    count=2,
    score=0.87,
    picture=Path("front/2026-11-18/120000-full.jpg"),
    assessment=Assessment(risk=65, level=Level.HIGH, reasons=("A person was seen", "at night")),
)
BARE = Incident(id="bare", camera=BACK, state=IncidentState.OPEN, started=NOON, last_seen=NOON)


def at(minutes: float, **changes: object) -> Incident:
    started = NOON + timedelta(minutes=minutes)
    changes = {"id": f"at {minutes}", "started": started, **changes}
    return replace(FULL, **changes)  # type: ignore[arg-type]


def risk(points: int, level: Level) -> Assessment:
    return Assessment(risk=points, level=level, reasons=())


@pytest.mark.parametrize("incident", [FULL, BARE], ids=lambda incident: incident.id)
async def test_an_incident_comes_back_as_it_was(store: IncidentStore, incident: Incident) -> None:
    await store.save(incident)

    assert await store.get(incident.id) == incident


async def test_saving_again_changes_the_row(store: IncidentStore) -> None:
    await store.save(replace(FULL, picture=None, assessment=None))

    await store.save(FULL)

    assert await store.find(IncidentQuery()) == [FULL]


async def test_a_deleted_incident_is_gone(store: IncidentStore) -> None:
    await store.save(FULL)

    await store.delete(FULL.id)

    assert await store.get(FULL.id) is None


async def test_an_incident_that_is_not_there_is_none(store: IncidentStore) -> None:
    assert await store.get("nowhere") is None


@pytest.mark.parametrize(
    ("query", "found"),
    [
        (IncidentQuery(), ["at 3", "at 2", "at 1"]),
        (IncidentQuery(confirmed_only=False), ["bare", "at 3", "at 2", "at 1"]),
        (IncidentQuery(cameras=(BACK,)), ["at 2"]),
        (IncidentQuery(cameras=(FRONT, BACK)), ["at 3", "at 2", "at 1"]),
        (IncidentQuery(cameras=()), []),
        (IncidentQuery(since=NOON + timedelta(minutes=2)), ["at 3", "at 2"]),
        (IncidentQuery(until=NOON + timedelta(minutes=2)), ["at 1"]),
        (IncidentQuery(level=Level.LOW), ["at 3", "at 2", "at 1"]),
        (IncidentQuery(level=Level.MEDIUM), ["at 3", "at 2"]),
        (IncidentQuery(level=Level.HIGH), ["at 3"]),
        (IncidentQuery(level=Level.CRITICAL), []),
        (IncidentQuery(state=IncidentState.INTERRUPTED), ["at 3"]),
        (IncidentQuery(state=IncidentState.OPEN, confirmed_only=False), ["bare"]),
        (IncidentQuery(limit=1), ["at 3"]),
    ],
)
async def test_a_query_finds_what_it_asks_for_newest_first(
    store: IncidentStore, query: IncidentQuery, found: list[str]
) -> None:
    for incident in (
        at(2, camera=BACK, assessment=risk(30, Level.MEDIUM)),
        at(1, assessment=risk(29, Level.LOW)),
        at(3, state=IncidentState.INTERRUPTED, assessment=risk(60, Level.HIGH)),
        replace(BARE, started=NOON + timedelta(minutes=4)),
    ):
        await store.save(incident)

    assert [incident.id for incident in await store.find(query)] == found


async def test_pages_follow_each_other_without_gap_or_repetition(store: IncidentStore) -> None:
    together = [at(0, id=f"together {number}") for number in range(5)]
    incidents = [*together, *(at(minute) for minute in range(1, 5))]
    for incident in incidents:
        await store.save(incident)

    first = await store.find(IncidentQuery(limit=4))
    second = await store.find(IncidentQuery(limit=4, before=first[-1]))
    third = await store.find(IncidentQuery(limit=4, before=second[-1]))
    fourth = await store.find(IncidentQuery(limit=4, before=third[-1]))

    assert [*first, *second, *third] == incidents[:4:-1] + together[::-1]
    assert (len(third), fourth) == (1, [])


async def test_what_nobody_closed_is_found_by_camera(store: IncidentStore) -> None:
    await store.save(FULL)
    await store.save(BARE)
    front = replace(BARE, id="front", camera=FRONT)
    await store.save(front)

    assert {incident.id for incident in await store.left_open()} == {"bare", "front"}
    assert await store.left_open(FRONT) == [front]


@pytest.mark.parametrize(
    ("rows", "index"),
    [
        (_selection(IncidentQuery(cameras=(FRONT,), since=NOON)), "incidents_by_camera"),
        (_selection(IncidentQuery(cameras=(FRONT,), before=FULL)), "incidents_by_camera"),
        (_selection(IncidentQuery(since=NOON)), "incidents_by_time"),
        (_selection(IncidentQuery(before=FULL)), "incidents_by_time"),
        (_left_open(FRONT), "incidents_open"),
        (_left_open(None), "incidents_open"),
    ],
)
async def test_rows_are_read_off_an_index_without_sorting(
    database: Database, rows: Select[Any], index: str
) -> None:
    query = rows.compile(dialect=sqlite.dialect(), compile_kwargs={"literal_binds": True})

    def plan(connection: Connection) -> str:
        steps = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {query}")
        return " ".join(step.detail for step in steps)

    found = await database.read(plan)

    assert index in found
    assert "TEMP B-TREE" not in found


async def test_open_incidents_are_asked_for_in_the_words_of_their_index(
    store: IncidentStore, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "sqlalchemy.engine")

    await store.left_open()

    assert "state = 'open'" in caplog.text
