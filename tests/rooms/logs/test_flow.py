"""Records come in from everywhere, and are written once a second."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
import sqlite3

import pytest
from sqlalchemy import Connection

from custom_components.gatehouse.agent import LogBatch, LogLevel
from custom_components.gatehouse.database import Database, DatabaseError, DatabaseLocked
from custom_components.gatehouse.logs import (
    SITE,
    LogQuery,
    LogRecord,
    Logs,
    LogStore,
    flow as module,
)
from custom_components.gatehouse.logs.rules import BURST, KEPT_FOR
from tests.rooms.logs.written import NOON, PORCH, RUN, Clock, batch, line
from tests.waiting import eventually

SECRET = "0f1e2d3c4b5a"
LOST = "records are lost so far"


class Own:
    """What the site has to tell: the test's to say."""

    def __init__(self) -> None:
        self.told = LogBatch(run="own", lines=())

    def __call__(self) -> LogBatch:
        told, self.told = self.told, LogBatch(run="own", lines=())
        return told


@pytest.fixture
def own() -> Own:
    return Own()


@pytest.fixture
def make(store: LogStore, own: Own, clock: Clock) -> Callable[[], Logs]:
    """Return what begins a log, as a restart does."""
    return lambda: Logs(store, own, [SECRET], clock)


@pytest.fixture
def logs(make: Callable[[], Logs], never_blocks: None) -> Logs:
    return make()


async def texts(logs: Logs, **asked: object) -> list[str]:
    """Return what is in the log, newest first."""
    page = await logs.find(LogQuery(**{"limit": 10_000, **asked}))
    return [each.text for each in page.records]


async def test_what_is_told_is_found_when_it_is_written(logs: Logs, own: Own) -> None:
    own.told = LogBatch(run="own", lines=(line(1, f"It is {SECRET}."),))
    logs.hear(PORCH, batch(1, 2))
    assert await texts(logs) == []

    await logs.write()

    assert sorted(await texts(logs)) == ["It is […].", "Line 1", "Line 2"]
    assert await texts(logs, source=SITE) == ["It is […]."]
    assert await logs.sources() == {SITE, PORCH}


async def test_a_page_names_where_the_next_one_begins(logs: Logs) -> None:
    logs.hear(PORCH, batch(1, 2, 3))
    await logs.write()

    first = await logs.find(LogQuery(limit=2))
    whole = await logs.find(LogQuery(limit=3))

    assert first.next == f"{NOON.timestamp() * 1e6:.0f}/2/{RUN}/{PORCH}"
    assert whole.next is None


async def test_times_are_by_our_clock(logs: Logs) -> None:
    logs.hear(PORCH, batch(1), timedelta(hours=1))
    await logs.write()

    [record] = (await logs.find(LogQuery())).records

    assert record.at == NOON - timedelta(hours=1)


async def test_what_is_told_again_is_kept_once_also_after_a_restart(
    logs: Logs, make: Callable[[], Logs]
) -> None:
    logs.hear(PORCH, batch(1, 2, lost=5))
    await logs.write()
    logs.hear(PORCH, batch(1, 2, 3, lost=5))
    await logs.write()

    after = make()
    after.hear(PORCH, batch(1, 2, 3, 4, lost=5))
    await after.write()

    lines = [text for text in await texts(after) if LOST not in text]
    assert sorted(lines) == ["Line 1", "Line 2", "Line 3", "Line 4"]
    assert len(await texts(after, text=LOST)) == 1


async def test_a_source_that_began_anew_is_heard_from_its_first_line(logs: Logs) -> None:
    logs.hear(PORCH, batch(*range(1, 50)))

    logs.hear(PORCH, batch(1, run="another"))
    await logs.write()

    assert (await texts(logs)).count("Line 1") == 2


async def test_what_a_source_lost_itself_is_told_whenever_it_is_more(logs: Logs) -> None:
    for lost in (0, 3, 3, 7):
        logs.hear(PORCH, batch(lost=lost))
    await logs.write()

    told = (await logs.find(LogQuery())).records

    assert sorted(each.text[:9] for each in told) == ["3 records", "7 records"]
    assert {(each.source, each.level) for each in told} == {(PORCH, LogLevel.WARNING)}


async def test_who_floods_the_log_is_cut_short_and_the_others_are_not(logs: Logs) -> None:
    logs.hear(PORCH, batch(*range(1, 2 * BURST + 1)))
    logs.hear("c0ffee000002", batch(1))
    await logs.write()

    flood = await texts(logs, source=PORCH)

    assert len(flood) == BURST + 1
    assert [text for text in flood if LOST in text] == [
        f"{BURST} records are lost so far: more came at once than are kept"
    ]
    assert await texts(logs, source="c0ffee000002") == ["Line 1"]


async def test_who_flooded_the_log_is_heard_again(logs: Logs, clock: Clock) -> None:
    logs.hear(PORCH, batch(*range(1, 2 * BURST + 1)))

    clock.now += timedelta(seconds=5)
    logs.hear(PORCH, batch(2 * BURST + 1))
    await logs.write()

    assert f"Line {2 * BURST + 1}" in await texts(logs)


def locked(path: Path) -> sqlite3.Connection:
    """Hold a database, as another program does."""
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    return other


async def hurry(database: Database) -> None:
    """Wait no five seconds for who holds the file."""

    def work(db: Connection) -> None:
        db.exec_driver_sql("PRAGMA busy_timeout = 10")

    await database.write(work)


@pytest.mark.usefixtures("only_in_files")
async def test_a_database_that_is_held_loses_nothing(
    logs: Logs, database: Database, path: Path
) -> None:
    await hurry(database)
    other = locked(path)
    logs.hear(PORCH, batch(1))
    with pytest.raises(DatabaseLocked):
        await logs.write()
    logs.hear(PORCH, batch(2))

    other.execute("ROLLBACK")
    other.close()
    await logs.write()

    assert await texts(logs) == ["Line 2", "Line 1"]


@pytest.mark.usefixtures("only_in_files")
async def test_while_nothing_can_be_written_the_oldest_go_and_are_counted(
    logs: Logs, database: Database, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "WAITING", 4)
    await hurry(database)
    other = locked(path)
    logs.hear(PORCH, batch(*range(1, 7)))
    with pytest.raises(DatabaseLocked):
        await logs.write()

    other.execute("ROLLBACK")
    other.close()
    await logs.write()

    told = await texts(logs)
    assert len(told) == 4
    assert "Line 6" in told
    assert any(LOST in text for text in told)


async def test_the_log_says_once_that_it_waits_and_goes_on_when_it_can(
    logs: Logs,
    store: LogStore,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(module, "PAUSE", timedelta(milliseconds=1))
    monkeypatch.setattr(module, "LONGEST_PAUSE", timedelta(milliseconds=2))
    asked = []

    async def fail(*_: object) -> None:
        asked.append(1)
        raise DatabaseError("The disk is full.")

    logs.hear(PORCH, batch(1))
    with monkeypatch.context() as broken:
        broken.setattr(store, "add", fail)
        running = asyncio.create_task(logs.run())
        await eventually(lambda: len(asked) > 3)

    await eventually(lambda: texts(logs))
    running.cancel()

    said = [each for each in caplog.messages if "The log waits" in each]
    assert said == ["The log waits until the database works again: The disk is full."]


async def test_a_write_that_is_cancelled_is_done_by_the_next(logs: Logs) -> None:
    logs.hear(PORCH, batch(1))
    writing = asyncio.create_task(logs.write())
    await asyncio.sleep(0)
    writing.cancel()
    await asyncio.gather(writing, return_exceptions=True)

    await logs.write()

    assert await texts(logs) == ["Line 1"]


async def test_news_are_told_to_those_who_asked_for_them_until_they_leave(logs: Logs) -> None:
    all_of_it: list[list[LogRecord]] = []
    nothing: list[list[LogRecord]] = []
    leave = logs.subscribe(LogQuery(), all_of_it.append)
    logs.subscribe(LogQuery(level=LogLevel.ERROR), nothing.append)

    logs.hear(PORCH, batch(1, 2))
    await logs.write()
    logs.hear(PORCH, batch(1, 2))
    await logs.write()
    leave()
    logs.hear(PORCH, batch(3))
    await logs.write()

    assert [[each.seq for each in news] for news in all_of_it] == [[2, 1]]
    assert nothing == []


async def test_where_nobody_says_anything_what_was_said_grows_old(
    logs: Logs, clock: Clock, store: LogStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    logs.hear(PORCH, batch(1))
    await logs.write()
    written, add = [], store.add

    async def counted(*asked: object) -> list[LogRecord]:
        written.append(asked)
        return await add(*asked)

    monkeypatch.setattr(store, "add", counted)
    await logs.write()
    assert written == []

    clock.now += KEPT_FOR + timedelta(hours=1)
    await logs.write()

    assert await texts(logs) == []
