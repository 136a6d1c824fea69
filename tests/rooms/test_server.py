"""The database on a real PostgreSQL server, and what happens when that fails."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
import sys

import pytest
from sqlalchemy import Connection, inspect, text

from custom_components.gatehouse import (
    access,
    bookings,
    database_server,
    footage,
    incidents,
    logs,
    zones,
)
from custom_components.gatehouse.database import (
    Database,
    DatabaseError,
    DatabaseLocked,
    DatabaseUnreachable,
    Server,
    metadata,
)
from custom_components.gatehouse.database_copy import CopyFailed, Stock, copy, stock
from custom_components.gatehouse.database_server import is_same_server, without_password
from custom_components.gatehouse.incidents import IncidentQuery, IncidentStore
from tests.postgresql import PASSWORD, Postgres
from tests.rooms.incidents.test_store import BARE, FULL

# Each declares its tables by being imported.
ROOMS = (access, bookings, footage, incidents, logs, zones)
INCIDENT = replace(BARE, note="a parcel\nÆ", place="Porch")


@pytest.fixture
def schema(postgresql: Postgres) -> str:
    """Return an empty schema."""
    return postgresql.schema()


@pytest.fixture
def server(postgresql: Postgres, schema: str) -> Server:
    """Return an empty place on the server."""
    return Server(url=postgresql.url(schema, password=None), password=PASSWORD)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for nobody who holds what is wanted."""
    settings = database_server._SETTINGS.replace("'5s'", "'200ms'")
    monkeypatch.setattr(database_server, "_SETTINGS", settings)


@pytest.fixture
async def database(server: Server) -> AsyncIterator[Database]:
    database = await Database.open(server)
    yield database
    await database.close()


@pytest.fixture
async def file(tmp_path: Path) -> Path:
    """Return a file with two incidents in it."""
    path = tmp_path / "gatehouse.db"
    database = await Database.open(path)
    store = IncidentStore(database)
    await store.save(FULL)
    await store.save(INCIDENT)
    await database.close()
    return path


def tables(connection: Connection) -> set[str]:
    return set(inspect(connection).get_table_names())


async def found(database: Database) -> list[str]:
    return [incident.id for incident in await IncidentStore(database).find(IncidentQuery())]


async def test_the_migrations_make_every_table_with_its_columns(database: Database) -> None:
    def columns(connection: Connection) -> dict[str, dict[str, tuple[str, bool]]]:
        return {
            table.name: {
                column["name"]: (str(column["type"]), bool(column["nullable"]))
                for column in inspect(connection).get_columns(table.name)
                if "computed" not in column
            }
            for table in metadata.sorted_tables
        }

    made = await database.read(columns)

    assert await database.read(tables) == {*metadata.tables, "schema_version"}
    made["incident_text"]["rowid"] = ("BIGINT", True)  # a primary key, which SQLite hides
    dialect = database._reading.dialect
    assert made == {
        table.name: {
            column.name: (column.type.compile(dialect), bool(column.nullable))
            for column in table.columns
        }
        for table in metadata.sorted_tables
    }


async def test_what_was_written_is_there_after_a_restart(server: Server) -> None:
    first = await Database.open(server)
    await IncidentStore(first).save(INCIDENT)
    await first.close()
    again = await Database.open(server)

    assert await found(again) == [INCIDENT.id]
    assert await again.size() > 1_000_000
    await again.close()


async def test_a_character_that_no_server_takes_does_not_stop_a_log(database: Database) -> None:
    kept = await IncidentStore(database).save(replace(INCIDENT, note="a\0b"))

    stored = await IncidentStore(database).get(kept.id)

    assert stored
    assert stored.note == "a\N{REPLACEMENT CHARACTER}b"


async def test_a_read_has_one_view_of_all_it_asks_for(database: Database) -> None:
    def count(connection: Connection) -> int:
        counted: int = connection.execute(text("SELECT count(*) FROM tallies")).scalar_one()
        return counted

    def add(connection: Connection) -> None:
        connection.execute(text("INSERT INTO tallies VALUES ('one', 1)"))

    loop = asyncio.get_running_loop()

    def twice(connection: Connection) -> tuple[int, int]:
        before = count(connection)
        asyncio.run_coroutine_threadsafe(database.write(add), loop).result(10)
        return before, count(connection)

    assert await database.read(twice) == (0, 0)
    assert await database.read(count) == 1


@pytest.mark.usefixtures("impatient")
async def test_one_gatehouse_writes_at_a_time(database: Database, server: Server) -> None:
    with pytest.raises(DatabaseLocked, match="in use by another Gatehouse"):
        await Database.open(server)

    await database.close()
    await (await Database.open(server)).close()


async def test_rows_that_another_program_holds_are_locked(
    impatient: None, database: Database, postgresql: Postgres, schema: str
) -> None:
    import psycopg

    with psycopg.connect(postgresql.url(schema)) as holder:
        holder.execute("LOCK TABLE incidents")
        with pytest.raises(DatabaseLocked, match="holds its tables"):
            await IncidentStore(database).save(INCIDENT)

    await IncidentStore(database).save(INCIDENT)
    assert await found(database) == [INCIDENT.id]


async def test_a_server_without_room_is_told_with_what_to_do(database: Database) -> None:
    full = "DO $$ BEGIN RAISE EXCEPTION 'no space left' USING ERRCODE = 'disk_full'; END $$"

    with pytest.raises(DatabaseError, match=r"there is no room for .*: delete what is not needed"):
        await database.write(lambda connection: connection.exec_driver_sql(full))

    await database.check()
    await IncidentStore(database).save(INCIDENT)


async def test_a_server_that_was_started_anew_is_used_as_before(
    database: Database, postgresql: Postgres
) -> None:
    await IncidentStore(database).save(INCIDENT)

    postgresql.run(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE application_name = 'gatehouse'"
    )

    assert await found(database) == [INCIDENT.id]
    await IncidentStore(database).save(FULL)
    assert len(await found(database)) == 2


async def test_a_connection_that_breaks_undoes_what_it_had_begun(
    database: Database, postgresql: Postgres
) -> None:
    def half(connection: Connection) -> None:
        connection.execute(text("INSERT INTO tallies VALUES ('one', 1)"))
        pid = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
        postgresql.run(f"SELECT pg_terminate_backend({pid})")
        connection.execute(text("SELECT 1"))

    with pytest.raises(DatabaseUnreachable, match="cannot be reached"):
        await database.write(half)

    rows = text("SELECT name FROM tallies")
    assert await database.read(lambda connection: connection.execute(rows).all()) == []


async def test_what_a_server_refuses_is_told_without_the_password(server: Server) -> None:
    wrong = replace(server, password="not/this@one")

    with pytest.raises(DatabaseUnreachable) as refused:
        await Database.open(wrong)

    assert "password authentication failed" in str(refused.value)
    assert "not/this@one" not in f"{refused.value!r} {refused.value.__cause__!r} {wrong!r}"


async def test_a_server_that_is_not_there_is_unreachable() -> None:
    with pytest.raises(DatabaseUnreachable, match=r"nowhere on 127\.0\.0\.1:1 cannot be reached"):
        await stock(Server(url="postgresql://gatehouse@127.0.0.1:1/nowhere"))


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://gatehouse:secret@host",
        "mysql://gatehouse:secret@host/gatehouse",
        "gatehouse:secret@host",
        "postgresql://gatehouse:secret@host:port/gatehouse",
    ],
)
async def test_what_is_no_address_is_said_without_repeating_it(url: str) -> None:
    with pytest.raises(DatabaseError, match="is written postgresql://") as refused:
        await Database.open(Server(url=url))

    assert "secret" not in f"{refused.value!r} {refused.value.__cause__!r}"


async def test_a_user_who_may_make_no_tables_is_told(postgresql: Postgres, schema: str) -> None:
    role = schema.replace("site", "guest")
    postgresql.run(
        f"CREATE ROLE {role} LOGIN PASSWORD 'x'", f"GRANT USAGE ON SCHEMA {schema} TO {role}"
    )
    url = postgresql.url(schema, password=None).replace("//gatehouse@", f"//{role}@")

    with pytest.raises(DatabaseError, match="permission denied"):
        await Database.open(Server(url=url, password="x"))


async def test_a_database_that_keeps_other_texts_is_refused(postgresql: Postgres) -> None:
    postgresql.run(
        "CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' LOCALE_PROVIDER libc TEMPLATE template0"
    )
    url = postgresql.url().replace("/gatehouse?", "/latin?")

    with pytest.raises(DatabaseError, match="keeps its texts as LATIN1"):
        await stock(Server(url=url))


async def test_where_nothing_speaks_with_servers_it_is_said(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)

    with pytest.raises(DatabaseError, match=r"install psycopg\[binary\]"):
        await Database.open(server)


async def test_an_old_server_is_refused(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("custom_components.gatehouse.database_server.OLDEST", 99)

    with pytest.raises(DatabaseError, match="update it to 99 or newer"):
        await stock(server)


# What is copied


async def test_all_that_is_in_a_file_is_copied_and_the_file_stays(
    file: Path, server: Server
) -> None:
    before, told = file.read_bytes(), list[float]()

    copied = await copy(file, server, told.append)

    assert copied == await stock(file) == await stock(server)
    assert copied.rows == {"incidents": 2, "incident_text": 2}
    assert told == sorted(told)
    assert told[-1] == 1
    assert file.read_bytes() == before
    database = await Database.open(server)
    store = IncidentStore(database)
    assert [await store.get(FULL.id), await store.get(INCIDENT.id)] == [FULL, INCIDENT]
    assert [each.id for each in await store.find(IncidentQuery(text="parcel"))] == [INCIDENT.id]
    await database.close()


async def test_it_can_be_copied_back(file: Path, server: Server, tmp_path: Path) -> None:
    await copy(file, server)
    back = tmp_path / "back.db"

    await copy(server, back)

    assert await stock(back) == await stock(file)


async def test_rows_are_never_written_over(file: Path, server: Server) -> None:
    await copy(file, server)

    with pytest.raises(CopyFailed, match="There are 4 rows already"):
        await copy(file, server)

    assert (await stock(server)).total == 4


async def test_a_copy_that_is_not_the_same_is_undone_as_a_whole(
    file: Path, server: Server, postgresql: Postgres, schema: str
) -> None:
    await (await Database.open(server)).close()
    postgresql.run(
        f"CREATE FUNCTION {schema}.spoil() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN NEW.text := NEW.text || ' more'; RETURN NEW; END $$",
        f"CREATE TRIGGER spoiled BEFORE INSERT ON {schema}.incident_text"
        f" FOR EACH ROW EXECUTE FUNCTION {schema}.spoil()",
    )

    with pytest.raises(CopyFailed, match="2 rows of incident_text"):
        await copy(file, server)

    assert await stock(server) == Stock(rows={})


async def test_counting_makes_no_file_and_no_table(server: Server, tmp_path: Path) -> None:
    missing = tmp_path / "missing.db"

    assert await stock(missing) == await stock(server) == Stock(rows={})
    assert not missing.exists()


async def test_a_site_that_runs_can_be_counted(database: Database, server: Server) -> None:
    await IncidentStore(database).save(INCIDENT)

    assert (await stock(server)).rows["incidents"] == 1


# Addresses


def test_a_password_is_taken_out_of_an_address() -> None:
    bare = "postgresql://anna@host:5433/gatehouse?sslmode=require"

    assert without_password(bare.replace("anna@", "anna:a%40b%2F@")) == (bare, "a@b/")
    assert without_password(bare) == (bare, "")
    assert without_password("not an address") == ("not an address", "")


@pytest.mark.parametrize(
    ("other", "same"),
    [
        ("postgres://bert@host/gatehouse", True),
        ("postgresql://host:5432/gatehouse", True),
        ("postgresql://host:5433/gatehouse", False),
        ("postgresql://host/other", False),
        ("postgresql://elsewhere/gatehouse", False),
    ],
)
def test_the_same_rows_are_known_whoever_asks(other: str, same: bool) -> None:
    here = Server(url="postgresql://anna@host/gatehouse", password="x")

    assert is_same_server(here, Server(url=other)) is same
