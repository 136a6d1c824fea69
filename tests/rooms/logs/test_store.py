"""The rows of records: each once, newest first, and not too many."""

from collections.abc import Iterable
from datetime import timedelta

import pytest
from sqlalchemy import Connection
from sqlalchemy.dialects import sqlite

from custom_components.gatehouse.agent import LogLevel
from custom_components.gatehouse.database import Database
from custom_components.gatehouse.logs import MOST, LogQuery, LogRecord, LogStore
from custom_components.gatehouse.logs.rules import KEPT_FOR
from custom_components.gatehouse.logs.store import selection
from tests.rooms.logs.written import NOON, RUN, record
from tests.waiting import within

WHOLE = record(2**40, 1.5, level=LogLevel.CRITICAL, text="Änna 🔑\nand another line")


def numbers(records: Iterable[LogRecord]) -> list[int]:
    return [each.seq for each in records]


async def test_a_record_is_kept_as_it_was(store: LogStore) -> None:
    assert await store.add([WHOLE], NOON) == [WHOLE]

    assert await store.find(LogQuery()) == [WHOLE]
    assert await store.sources() == {WHOLE.source}


async def test_what_is_told_again_is_kept_once(store: LogStore) -> None:
    await store.add([record(1), record(3)], NOON)

    new = await store.add([record(1), record(2), record(2), record(3), record(4)], NOON)
    other_run = await store.add([record(1, run="another")], NOON)

    assert numbers(new) == [4, 2]
    assert len(other_run) == 1
    assert len(await store.find(LogQuery())) == 5


QUERIES: list[tuple[LogQuery, list[int]]] = [
    (LogQuery(), [5, 4, 3, 2, 1]),
    (LogQuery(limit=2), [5, 4]),
    (LogQuery(before=record(4, 4).place), [3, 2, 1]),
    (LogQuery(before=record(99, 3.5).place), [3, 2, 1]),
    (LogQuery(source="site"), [4, 2]),
    (LogQuery(source="site", before=record(4, 4, source="site").place), [2]),
    (LogQuery(source="gone"), []),
    (LogQuery(level=LogLevel.INFO), [5, 4, 3, 2, 1]),
    (LogQuery(level=LogLevel.ERROR), [5, 3]),
    (LogQuery(level=LogLevel.ERROR, limit=1), [5]),
    (LogQuery(text="line"), [5, 4, 3, 2, 1]),
    (LogQuery(text="LINE 3"), [3]),
    (LogQuery(text="%"), []),
    (LogQuery(since=NOON + timedelta(seconds=3)), [5, 4, 3]),
    (LogQuery(until=NOON + timedelta(seconds=3)), [2, 1]),
    (LogQuery(source="site", level=LogLevel.WARNING, text="4"), [4]),
]


@pytest.mark.parametrize(("query", "found"), QUERIES)
async def test_records_are_found_by(store: LogStore, query: LogQuery, found: list[int]) -> None:
    bad = {3: LogLevel.ERROR, 5: LogLevel.CRITICAL}
    await store.add(
        [
            record(
                seq,
                seq,
                source="9f2c41d07ab3" if seq % 2 else "site",
                level=bad.get(seq, LogLevel.WARNING),
            )
            for seq in (2, 5, 1, 4, 3)
        ],
        NOON,
    )

    assert numbers(await store.find(query)) == found


async def test_records_of_one_moment_are_all_on_the_pages(store: LogStore) -> None:
    await store.add([record(seq) for seq in range(1, 8)], NOON)
    found, before = [], None

    for _ in range(4):
        page = await store.find(LogQuery(before=before, limit=2))
        found += numbers(page)
        before = page[-1].place

    assert found == [7, 6, 5, 4, 3, 2, 1]


async def test_the_oldest_go_when_there_are_too_many(database: Database) -> None:
    store = LogStore(database, most=3)

    await store.add([record(seq, seq) for seq in range(1, 6)], NOON)
    again = await store.add([record(1, 1), record(6, 6)], NOON)

    assert numbers(await store.find(LogQuery())) == [6, 5, 4]
    # One that is told again and goes at once is no news.
    assert numbers(again) == [6]


async def test_what_is_two_weeks_old_goes(store: LogStore) -> None:
    await store.add([record(1), record(2, 60)], NOON)

    told = await store.add([record(3)], NOON + KEPT_FOR + timedelta(seconds=30))

    assert numbers(await store.find(LogQuery())) == [2]
    assert told == []


@pytest.mark.usefixtures("only_in_files")
async def test_a_page_is_read_along_an_index(database: Database) -> None:
    def plan(db: Connection, query: LogQuery) -> str:
        dialect = sqlite.dialect()
        sql = selection(query).compile(dialect=dialect, compile_kwargs={"literal_binds": True})
        return str(db.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}").all())

    before = record(1).place
    for query, index in (
        (LogQuery(before=before), "log_records_by_time (at<?)"),
        (LogQuery(source="site", before=before), "log_records_by_source (source=? AND at<?)"),
    ):
        told = await database.read(lambda db, query=query: plan(db, query))
        assert f"USING INDEX {index}" in told
        assert "TEMP B-TREE" not in told


async def test_a_full_log_is_searched_and_written_in_no_time(store: LogStore) -> None:
    await store.add([record(seq, seq / 10, text="x" * 150) for seq in range(MOST)], NOON)

    with within(2):
        assert await store.find(LogQuery(text="never said")) == []
        await store.add([record(MOST, MOST)], NOON)

    assert len(await store.find(LogQuery(limit=MOST + 1))) == MOST
    assert RUN in {each.run for each in await store.find(LogQuery(limit=1))}
