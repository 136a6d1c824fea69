"""The database: one file, one writer, readers that never wait."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from functools import partial
from pathlib import Path
import re
import sqlite3
import threading

from hypothesis import given, strategies as st
import pytest
from sqlalchemy import Connection, Table, exc, text
from sqlalchemy.dialects import postgresql, sqlite

from custom_components.gatehouse import database as module
from custom_components.gatehouse.access import PassageLog, PassageQuery, PolicyStore
from custom_components.gatehouse.bookings import BookingStore
from custom_components.gatehouse.database import (
    MIGRATIONS,
    Database,
    DatabaseClosed,
    DatabaseCorrupt,
    DatabaseError,
    DatabaseLocked,
    DatabaseTooNew,
    Moment,
    metadata,
)
from custom_components.gatehouse.footage import FootageStore, LinkStore
from custom_components.gatehouse.incidents import IncidentQuery, IncidentStore
from custom_components.gatehouse.logs import LogStore
from custom_components.gatehouse.models import (
    Assessment,
    Box,
    Detection,
    Footage,
    FootageStage,
    Frame,
    Incident,
    IncidentState,
    Level,
    Sighting,
)
from custom_components.gatehouse.zones import ZoneStore

# Each declares its tables by being imported.
STORES = (
    BookingStore,
    FootageStore,
    IncidentStore,
    LinkStore,
    LogStore,
    PassageLog,
    PolicyStore,
    ZoneStore,
)

INSERT = text(
    "INSERT INTO footage (id, camera, stage, since, until, attempts)"
    " VALUES (:id, 'porch/front', 'requested', 0, 0, 0)"
)


def add(connection: Connection, name: str = "one") -> None:
    connection.execute(INSERT, {"id": name})


def count(connection: Connection) -> int:
    return len(connection.execute(text("SELECT id FROM footage")).all())


def pragma(connection: Connection, name: str) -> object:
    return connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "gatehouse.db"


@pytest.fixture
async def database(path: Path) -> AsyncIterator[Database]:
    database = await Database.open(path)
    yield database
    await database.close()


async def test_what_was_written_is_there_after_a_restart(path: Path) -> None:
    database = await Database.open(path)
    await database.write(add)
    await database.close()

    again = await Database.open(path)

    assert await again.read(count) == 1
    await again.close()


async def test_a_folder_that_is_missing_is_made(tmp_path: Path) -> None:
    database = await Database.open(tmp_path / "new" / "gatehouse.db")

    assert await database.read(count) == 0
    await database.close()


async def test_a_server_is_named_by_url(path: Path) -> None:
    database = await Database.open(f"sqlite:///{path}")
    await database.close()

    assert path.exists()


async def test_a_plain_string_is_a_path(path: Path) -> None:
    database = await Database.open(str(path))
    await database.close()

    assert path.exists()


@pytest.mark.parametrize(
    ("name", "value"), [("journal_mode", "wal"), ("synchronous", 1), ("foreign_keys", 1)]
)
async def test_every_connection_is_set_up(database: Database, name: str, value: object) -> None:
    assert await database.read(lambda connection: pragma(connection, name)) == value
    assert await database.write(lambda connection: pragma(connection, name)) == value


async def test_work_that_fails_leaves_nothing_behind(database: Database) -> None:
    def half(connection: Connection) -> None:
        add(connection)
        raise LookupError("half way")

    with pytest.raises(LookupError):
        await database.write(half)

    assert await database.read(count) == 0


async def test_a_read_changes_nothing(database: Database) -> None:
    await database.read(add)

    assert await database.read(count) == 0


async def test_a_mistake_of_ours_is_not_called_a_state_of_the_database(database: Database) -> None:
    await database.write(add)

    with pytest.raises(exc.IntegrityError):
        await database.write(add)


async def test_writes_take_turns_in_one_thread(database: Database) -> None:
    def which(_: Connection) -> str:
        return threading.current_thread().name

    names = await asyncio.gather(*(database.write(which) for _ in range(20)))

    assert len(set(names)) == 1
    assert threading.current_thread().name not in names


async def test_a_read_does_not_wait_for_the_writer(database: Database) -> None:
    begun, release = threading.Event(), threading.Event()

    def slow(connection: Connection) -> None:
        add(connection)
        begun.set()
        assert release.wait(10)

    writing = asyncio.create_task(database.write(slow))
    await asyncio.to_thread(begun.wait, 10)

    assert await asyncio.wait_for(database.read(count), 5) == 0
    release.set()
    await writing
    assert await database.read(count) == 1


async def test_closing_waits_for_what_was_asked(path: Path) -> None:
    database = await Database.open(path)
    writes = [
        asyncio.create_task(database.write(partial(add, name=str(number)))) for number in range(20)
    ]
    await asyncio.sleep(0)

    await database.close()
    await asyncio.gather(*writes)

    with sqlite3.connect(path) as connection:
        assert connection.execute("SELECT count(*) FROM footage").fetchone() == (20,)
    connection.close()


async def test_a_closed_database_says_so(path: Path) -> None:
    database = await Database.open(path)
    await database.close()

    with pytest.raises(DatabaseClosed):
        await database.read(lambda _: None)
    with pytest.raises(DatabaseClosed):
        await database.write(lambda _: None)


async def test_a_file_that_another_program_holds_is_locked(
    database: Database, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await database.write(lambda connection: pragma(connection, "busy_timeout = 10"))
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    with pytest.raises(DatabaseLocked, match=r"gatehouse\.db is in use by another program"):
        await database.write(add)

    other.execute("ROLLBACK")
    other.close()
    await database.write(add)
    assert await database.read(count) == 1


async def test_what_was_not_written_fails_until_it_can_be_written(
    database: Database, path: Path
) -> None:
    await database.write(lambda connection: pragma(connection, "busy_timeout = 10"))
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        await database.check()  # it can be read, and nobody had to write
        assert not database.failing_for

        with pytest.raises(DatabaseLocked):
            await database.write(add)
        with pytest.raises(DatabaseLocked):
            await database.check()
        assert database.failing_for
        other.execute("ROLLBACK")

    await database.check()
    assert not database.failing_for
    assert await database.read(count) == 0


async def test_a_disk_without_room_is_told_with_what_to_do(database: Database) -> None:
    pages = await database.read(lambda connection: pragma(connection, "page_count"))
    await database.write(lambda connection: pragma(connection, f"max_page_count = {pages}"))

    with pytest.raises(DatabaseError, match=r"there is no room for gatehouse\.db: delete what"):
        await database.write(partial(add, name="0" * 100_000))


async def test_a_file_that_may_only_be_read_says_so(database: Database) -> None:
    await database.write(
        lambda connection: connection.exec_driver_sql("PRAGMA query_only = ON").close()
    )

    with pytest.raises(DatabaseError, match=r"gatehouse\.db may only be read: look whose it is"):
        await database.write(add)


async def test_a_file_that_is_no_database_is_corrupt(path: Path) -> None:
    path.write_bytes(b"This is no database at all." * 100)

    with pytest.raises(DatabaseCorrupt, match="restore it from a backup"):
        await Database.open(path)


async def test_a_place_that_cannot_be_opened_is_an_error_of_the_family(tmp_path: Path) -> None:
    with pytest.raises(DatabaseError, match="does not work"):
        await Database.open(tmp_path)


async def test_a_damaged_file_is_corrupt_when_it_is_read(path: Path) -> None:
    await (await Database.open(path)).close()
    empty = path.stat().st_size
    database = await Database.open(path)
    for number in range(500):
        await database.write(partial(add, name=f"{number:0>200}"))
    await database.close()
    damaged = bytearray(path.read_bytes())
    damaged[empty:] = b"\xff" * (len(damaged) - empty)
    path.write_bytes(damaged)

    database = await Database.open(path)
    with pytest.raises(DatabaseCorrupt):
        await database.read(
            lambda connection: connection.execute(text("SELECT * FROM footage")).all()
        )
    await database.close()


async def test_a_newer_schema_is_refused_and_left_alone(path: Path) -> None:
    database = await Database.open(path)
    await database.write(
        lambda connection: connection.execute(text("INSERT INTO schema_version VALUES (99)"))
    )
    await database.close()
    before = path.read_bytes()

    with pytest.raises(DatabaseTooNew, match=r"schema 99.*update Gatehouse"):
        await Database.open(path)

    assert path.read_bytes() == before


async def test_an_older_schema_is_migrated_and_kept_as_it_was(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = await Database.open(path)
    await old.write(add)
    await old.close()
    monkeypatch.setattr(
        module, "MIGRATIONS", (*MIGRATIONS, ("ALTER TABLE footage ADD COLUMN mood BIGINT",))
    )

    new = await Database.open(path)

    query = text("SELECT mood FROM footage")
    assert await new.read(lambda connection: connection.execute(query).scalars().all()) == [None]
    await new.close()
    with sqlite3.connect(path.with_name(f"gatehouse.v{len(MIGRATIONS)}.db")) as copy:
        assert copy.execute("SELECT id FROM footage").fetchall() == [("one",)]
        assert "mood" not in [row[1] for row in copy.execute("PRAGMA table_info(footage)")]
    copy.close()
    assert not list(path.parent.glob("*.part"))


async def test_a_migration_that_fails_is_undone_as_a_whole(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await (await Database.open(path)).close()
    broken = ("CREATE TABLE half (id TEXT)", "CREATE TABLE half (id TEXT)")
    monkeypatch.setattr(module, "MIGRATIONS", (*MIGRATIONS, broken))

    with pytest.raises(DatabaseError):
        await Database.open(path)

    with sqlite3.connect(path) as connection:
        newest = connection.execute("SELECT max(version) FROM schema_version").fetchone()
        assert newest == (len(MIGRATIONS),)
        tables = connection.execute("SELECT name FROM sqlite_master WHERE name = 'half'")
        assert tables.fetchall() == []
    connection.close()


async def test_a_new_file_leaves_no_copy(database: Database, path: Path) -> None:
    assert not list(path.parent.glob("gatehouse.v*"))


TABLES = [table for table in metadata.sorted_tables if table.name != "incident_text"]


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
async def test_the_migrations_make_what_the_stores_declare(
    database: Database, table: Table
) -> None:
    dialect = sqlite.dialect()

    def made(connection: Connection) -> list[tuple[str, str, bool, bool]]:
        columns = connection.exec_driver_sql(f"PRAGMA table_info({table.name})").mappings()
        return sorted(
            (column["name"], column["type"], not column["notnull"], bool(column["pk"]))
            for column in columns
        )

    assert await database.read(made) == sorted(
        (column.name, column.type.compile(dialect), bool(column.nullable), column.primary_key)
        for column in table.columns
    )


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_the_migrations_use_the_types_that_postgresql_knows_these_columns_by(table: Table) -> None:
    plain = [sql for schema in MIGRATIONS for sql in schema if isinstance(sql, str)]
    made = " ".join(sql for sql in plain if re.search(rf"TABLE {table.name}\b", sql))
    for old, new in re.findall(r"RENAME COLUMN (\w+) TO (\w+)", made):
        made = made.replace(f" {old} ", f" {new} ")
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]

    for column in table.columns:
        assert re.search(rf"[ (]{column.name} {column.type.compile(dialect)}", made)


async def test_every_table_that_is_made_has_a_store(database: Database) -> None:
    def made(connection: Connection) -> set[str]:
        tables = connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'table'")
        return {name for name in tables.scalars() if not name.startswith("incident_text_")}

    assert await database.read(made) == {*metadata.tables, "schema_version"}


# A file as the first schema left it

NOON = datetime(2026, 11, 18, 12, tzinfo=UTC)
FRONT, BACK = "9f2c41d07ab3/front_door", "9f2c41d07ab3/garäge"


def old_row(name: str, after_us: int, **changes: object) -> dict[str, object]:
    started = int(NOON.timestamp()) * 1_000_000 + after_us
    return {
        "id": name,
        "camera": FRONT,
        "state": "closed",
        "started": started,
        "last_seen": started + 5,
        "ended": started + 9,
        "confirmed": started + 1,
        "labels": '["person"]',
        "count": 2,
        "score": 0.75,
        "picture": "front_door/1.jpg",
        "risk": 65,
        "level": "high",
        "reasons": '["A person was seen", "at night (23:40)"]',
        **changes,
    }


OLD_ROWS = [
    old_row("first", 0),
    old_row("together", 0, camera=BACK, state="interrupted"),
    old_row("next", 1, risk=29, level="low"),
    old_row("open", 9, state="open", ended=None, risk=None, level=None, reasons=None),
    old_row("rumour", 3, confirmed=None),
]


def left_by(path: Path, version: int) -> sqlite3.Connection:
    """Return a file with the tables of an older schema."""
    old = sqlite3.connect(path)
    for statement in (words for schema in MIGRATIONS[:version] for words in schema):
        sql = statement if isinstance(statement, str) else statement.get("sqlite")
        old.execute(sql or "SELECT 1")
    old.execute("CREATE TABLE schema_version (version INTEGER NOT NULL PRIMARY KEY)")
    old.execute("INSERT INTO schema_version VALUES (?)", (version,))
    return old


def insert(old: sqlite3.Connection, table: str, rows: list[dict[str, object]]) -> None:
    """Put rows into a table of an older schema."""
    columns, places = ", ".join(rows[0]), ", ".join("?" * len(rows[0]))
    statement = f"INSERT INTO {table} ({columns}) VALUES ({places})"  # noqa: S608
    old.executemany(statement, [tuple(row.values()) for row in rows])
    old.commit()
    old.close()


@pytest.fixture
async def migrated(path: Path) -> AsyncIterator[IncidentStore]:
    insert(left_by(path, 1), "incidents", OLD_ROWS)
    database = await Database.open(path)
    yield IncidentStore(database)
    await database.close()


async def test_old_incidents_come_through_and_unconfirmed_ones_go(migrated: IncidentStore) -> None:
    found = await migrated.find(IncidentQuery())

    assert [incident.id for incident in found] == ["open", "next", "together", "first"]
    best = Detection(label="person", score=0.75, box=Box(0, 0, 0, 0))
    last = NOON + timedelta(microseconds=5)
    assert found[-1] == Incident(
        id="first",
        group=FRONT,
        place=FRONT,
        state=IncidentState.CLOSED,
        started=NOON,
        last_seen=last,
        ended=NOON + timedelta(microseconds=9),
        labels=("person",),
        count=2,
        sightings=(Sighting(camera=FRONT, first=NOON, last=last, best=best),),
        picture=Path("front_door/1.jpg"),
        assessment=Assessment(
            risk=65, level=Level.HIGH, reasons=("A person was seen", "at night (23:40)")
        ),
    )


@pytest.mark.parametrize(
    ("query", "found"),
    [
        (IncidentQuery(cameras=(FRONT,)), ["open", "next", "first"]),
        (IncidentQuery(cameras=(BACK,)), ["together"]),
        (IncidentQuery(group=BACK, reviewed=False, false_alarm=False), ["together"]),
        (IncidentQuery(level=Level.LOW), ["next", "together", "first"]),
        (IncidentQuery(level=Level.HIGH), ["together", "first"]),
        (IncidentQuery(level=Level.CRITICAL), []),
        (IncidentQuery(state=IncidentState.OPEN), ["open"]),
        (IncidentQuery(state=IncidentState.INTERRUPTED), ["together"]),
        (IncidentQuery(text="night 23"), ["next", "together", "first"]),
        (IncidentQuery(text="PERSON door"), ["open", "next", "first"]),
    ],
    ids=str,
)
async def test_old_incidents_are_found_by_what_was_known_of_them(
    migrated: IncidentStore, query: IncidentQuery, found: list[str]
) -> None:
    assert [incident.id for incident in await migrated.find(query)] == found


async def test_an_old_incident_is_changed_like_a_new_one(migrated: IncidentStore) -> None:
    (was_open,) = await migrated.left_open()
    await migrated.save(replace(was_open, state=IncidentState.INTERRUPTED, place="Garage"))
    await migrated.annotate("open", "the postman")

    assert await migrated.find(IncidentQuery(text="garage post")) == [await migrated.get("open")]
    assert await migrated.find(IncidentQuery(state=IncidentState.OPEN)) == []


# A file as the second schema left it

CLIP: dict[str, object] = {
    "camera": FRONT,
    "since": int(NOON.timestamp()) * 1_000_000,
    "until": int(NOON.timestamp()) * 1_000_000 + 20_000_000,
    "recording": "r",
    "duration_us": 19_500_000,
    "attempts": 0,
}
CLIPS: list[dict[str, object]] = [
    {"id": "ready", "incident": "high", "stage": "ready", "path": "/media/a.mp4", **CLIP},
    {"id": "arriving", "incident": "open", "stage": "fetched", "path": None, **CLIP},
    {"id": "by hand", "incident": None, "stage": "failed", "path": None, **CLIP},
]


@pytest.fixture
async def second(path: Path) -> AsyncIterator[Database]:
    numbered: list[dict[str, object]] = [
        {
            "id": name,
            "number": number,
            "place_group": FRONT,
            "state": "closed",
            "started": number,
            "last_seen": number,
            "labels": "[]",
            "count": 1,
            "picture": "a.jpg",
            "risk": risk,
            "level": level,
            "reasons": risk and "[]",
        }
        for number, (name, risk, level) in enumerate((("high", 70, "high"), ("open", None, None)))
    ]
    insert(left_by(path, 2), "incidents", numbered)
    insert(sqlite3.connect(path), "footage", CLIPS)
    database = await Database.open(path)
    yield database
    await database.close()


async def test_old_footage_takes_the_level_of_its_incident(second: Database) -> None:
    store = FootageStore(second)

    assert await store.get("ready") == Footage(
        id="ready",
        camera=FRONT,
        incident="high",
        stage=FootageStage.READY,
        since=NOON,
        until=NOON + timedelta(seconds=20),
        level=Level.HIGH,
        recording="r",
        path=Path("/media/a.mp4"),
        duration=timedelta(seconds=19.5),
    )
    levels = {row.id: row.level for row in await store.find()}
    assert levels == {"ready": Level.HIGH, "arriving": None, "by hand": None}


async def test_old_footage_goes_on_where_it_was(second: Database) -> None:
    store = FootageStore(second)

    (arriving,) = await store.unfinished()
    assert await store.move(arriving, replace(arriving, stage=FootageStage.CHECKED))
    assert [row.id for row in await store.here()] == ["ready"]
    stock = await store.stock()
    assert (stock.here, stock.here_bytes, stock.away, stock.freed) == (1, 0, 0, 0)
    assert await store.to_replay() == []


async def test_an_old_incident_is_neither_kept_nor_replayed(second: Database) -> None:
    incident = await IncidentStore(second).get("high")

    assert incident is not None
    assert (incident.kept, incident.replayed) == (False, False)
    assert incident.picture == Path("a.jpg")


async def test_what_was_kept_before_it_could_be_looked_for_is_found(path: Path) -> None:
    rows: list[dict[str, object]] = [
        {
            "id": name,
            "number": number,
            "place_group": FRONT,
            "state": "closed",
            "started": number,
            "last_seen": number,
            "labels": "[]",
            "count": 1,
            "kept": kept,
        }
        for number, (name, kept) in enumerate((("kept", 1), ("not kept", 0)))
    ]
    insert(left_by(path, 5), "incidents", rows)
    lines: list[dict[str, object]] = [{"rowid": n, "text": "front _u _t"} for n in range(2)]
    insert(sqlite3.connect(path), "incident_text", lines)
    database = await Database.open(path)

    found = await IncidentStore(database).find(IncidentQuery(text="front", kept=True))
    await database.close()

    assert [incident.id for incident in found] == ["kept"]


async def test_frames_of_old_incidents_have_no_boxes_and_new_ones_do(path: Path) -> None:
    row = {
        **dict.fromkeys(("place_group", "place", "summary", "note"), ""),
        **dict.fromkeys(("labels", "zones", "sightings", "passages"), "[]"),
        **dict.fromkeys(("started", "last_seen", "number", "risk_floor", "count"), 0),
        "state": "closed",
        "author": "facts",
        "assessing": "none",
        "attempts": 0,
        "id": "old",
        "frames": '["1.jpg", "2.jpg"]',
        "picture": "best.jpg",
    }
    insert(left_by(path, 7), "incidents", [row])
    database = await Database.open(path)
    store = IncidentStore(database)

    old = await store.get("old")

    assert old is not None
    assert (old.picture, old.frames) == (
        Path("best.jpg"),
        (Frame(path=Path("1.jpg")), Frame(path=Path("2.jpg"))),
    )
    dog = Detection(label="dog", score=0.5, box=Box(0.1, 0.2, 0.3, 0.4))
    new = replace(old, frames=(*old.frames, Frame(path=Path("3.jpg"), detections=(dog,))))
    assert await store.save(new) == new == await store.get("old")
    await database.close()


# A file as the third schema left it


async def test_an_old_site_lets_nobody_in_and_has_let_nobody_in(path: Path) -> None:
    old = left_by(path, 3)
    old.commit()
    old.close()
    database = await Database.open(path)

    assert await PolicyStore(database).load() == (None, [])
    assert await PassageLog(database).find(PassageQuery()) == []
    await database.close()


@given(st.datetimes(timezones=st.timezones(), allow_imaginary=False))
def test_a_moment_survives_to_the_microsecond(moment: datetime) -> None:
    column, dialect = Moment(), sqlite.dialect()

    kept = column.process_bind_param(moment, dialect)

    assert isinstance(kept, int)
    assert column.process_result_value(kept, dialect) == moment.astimezone(UTC)


def test_a_moment_is_the_same_in_every_zone() -> None:
    column, dialect = Moment(), sqlite.dialect()
    moment = datetime(2026, 11, 18, 23, 10, tzinfo=UTC)
    elsewhere = moment.astimezone(timezone(timedelta(hours=5, minutes=45)))

    assert column.process_bind_param(moment, dialect) == 1795043400000000
    assert column.process_bind_param(elsewhere, dialect) == 1795043400000000


def test_a_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(TypeError):
        Moment().process_bind_param(datetime(2026, 11, 18), sqlite.dialect())  # noqa: DTZ001


def test_no_moment_stays_no_moment() -> None:
    column, dialect = Moment(), sqlite.dialect()

    assert column.process_bind_param(None, dialect) is None
    assert column.process_result_value(None, dialect) is None
