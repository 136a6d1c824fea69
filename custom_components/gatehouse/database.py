"""One database, and one thread that writes it."""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
import logging
from pathlib import Path
import sqlite3
from typing import Any, override

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Engine,
    Integer,
    MetaData,
    Table,
    create_engine,
    event,
    exc,
    func,
    select,
)
from sqlalchemy.engine import URL, Dialect, make_url
from sqlalchemy.types import TypeDecorator

from .database_errors import (
    DatabaseClosed,
    DatabaseCorrupt,
    DatabaseError,
    DatabaseLocked,
    DatabaseTooNew,
    DatabaseUnreachable,
)
from .database_server import (
    Server,
    is_servers_fault,
    server_engines,
    server_explanation,
    server_name,
    server_url,
)
from .migrations import MIGRATIONS

__all__ = [
    "Database",
    "DatabaseClosed",
    "DatabaseCorrupt",
    "DatabaseError",
    "DatabaseLocked",
    "DatabaseTooNew",
    "DatabaseUnreachable",
    "Moment",
    "Place",
    "Server",
    "metadata",
    "peek",
]

LOGGER = logging.getLogger(__name__)

metadata = MetaData()
"""Every store puts its table here; a test holds it against what the migrations make."""


type Place = Path | str | Server
"""A SQLite file, made if missing, or a server. A text is the path of a file, or a URL."""


class Moment(TypeDecorator[datetime]):
    """An aware datetime, kept as whole microseconds since the epoch."""

    impl = BigInteger
    cache_ok = True

    @override
    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        return None if value is None else (value - _EPOCH) // _MICROSECOND

    @override
    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        return None if value is None else _EPOCH + value * _MICROSECOND


class Database:
    """One database; writes take turns in one thread, reads never wait for them."""

    def __init__(self, engines: tuple[Engine, Engine], writer: ThreadPoolExecutor) -> None:
        self._writing, self._reading = engines
        self._writer = writer
        self._readers = ThreadPoolExecutor(READERS, "gatehouse-database-read")
        self._closed = False

    @classmethod
    async def open(cls, where: Place) -> Database:
        """Open and migrate the database of a place."""
        writer = ThreadPoolExecutor(1, "gatehouse-database")
        try:
            engines = await asyncio.get_running_loop().run_in_executor(writer, _open, where)
        except BaseException:
            await asyncio.to_thread(writer.shutdown)
            raise
        return cls(engines, writer)

    async def write[T](self, work: Callable[[Connection], T]) -> T:
        """Run work as one transaction; what it raises undoes it.

        A caller cancelled meanwhile does not know whether its work was done.
        """
        return await self._run(self._writer, partial(_write, self._writing), work)

    async def read[T](self, work: Callable[[Connection], T]) -> T:
        """Run work on one consistent view; whatever it changes is undone."""
        return await self._run(self._readers, self.read_here, work)

    def read_here[T](self, work: Callable[[Connection], T]) -> T:
        """Do the same in the thread of the caller, who may wait."""
        return _read(self._reading, work)

    async def size(self) -> int:
        """Return how many bytes there are, in its files or on the server."""
        if _is_server(self._reading.url):
            return await self.read(_size_there)
        return await asyncio.to_thread(_size, self._reading.url)

    async def close(self) -> None:
        """Finish what was asked for, then let go of the file."""
        self._closed = True
        await asyncio.to_thread(self._close)

    async def _run[T](
        self,
        threads: ThreadPoolExecutor,
        step: Callable[[Callable[[Connection], T]], T],
        work: Callable[[Connection], T],
    ) -> T:
        if self._closed:
            raise DatabaseClosed("The database is closed.")
        return await asyncio.get_running_loop().run_in_executor(threads, step, work)

    def _close(self) -> None:
        self._writer.shutdown()
        self._readers.shutdown()
        self._writing.dispose()
        self._reading.dispose()


def peek[T](where: Place, work: Callable[[Connection], T]) -> T:
    """Run work on a database as it is: nothing is migrated, and whoever has it keeps it."""
    writing, reading = _engines(where)
    try:
        return _read(reading, work)
    finally:
        writing.dispose()
        reading.dispose()


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
READERS = 2
_FILE = "sqlite"
# They are no states of the database.
_OUR_MISTAKES = (exc.IntegrityError, exc.ProgrammingError, exc.DataError)
_SCHEMA_VERSION = Table("schema_version", MetaData(), Column("version", Integer, primary_key=True))
_BUSY_MS = 5000  # a backup or a curious person's tool holds the file for a moment


def _is_server(url: URL) -> bool:
    return url.get_backend_name() != _FILE


def _open(where: Place) -> tuple[Engine, Engine]:
    writing, reading = engines = _engines(where)
    try:
        _migrate(writing)
    except BaseException:
        writing.dispose()
        reading.dispose()
        raise
    return engines


def _engines(where: Place) -> tuple[Engine, Engine]:
    """Return what writes and what reads; nothing is connected yet."""
    url = _url(where)
    if _is_server(url):
        return server_engines(url, READERS)
    # A row may hold what opens a clip to whoever knows it: no value belongs in a log.
    engine = create_engine(url, hide_parameters=True)
    _prepare_sqlite(engine)
    return engine.execution_options(writes=True), engine


def _url(where: Place) -> URL:
    if isinstance(where, Server):
        return server_url(where)
    if isinstance(where, Path) or "://" not in where:
        return URL.create(_FILE, database=str(where))
    return make_url(where) if where.startswith(_FILE) else server_url(Server(url=where))


def _prepare_sqlite(engine: Engine) -> None:
    _path(engine.url).parent.mkdir(parents=True, exist_ok=True)

    @event.listens_for(engine, "connect")
    def connected(connection: sqlite3.Connection, _record: object) -> None:
        # The driver begins no transaction before CREATE TABLE; so none at all is left to it.
        connection.isolation_level = None
        for setting in (
            f"busy_timeout = {_BUSY_MS}",
            "journal_mode = WAL",
            "synchronous = NORMAL",
            "foreign_keys = ON",
        ):
            connection.execute(f"PRAGMA {setting}").close()

    @event.listens_for(engine, "begin")
    def begun(connection: Connection) -> None:
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _migrate(engine: Engine) -> None:
    version = _write(engine, _version)
    newest = len(MIGRATIONS)
    if version > newest:
        raise DatabaseTooNew(
            f"{_name(engine.url)} was made by a newer Gatehouse (schema {version}, this one knows"
            f" {newest}): update Gatehouse, or restore the database from a backup"
        )
    if 0 < version < newest and engine.dialect.name == _FILE:
        _keep_copy(_path(engine.url), version)
    for number in range(version + 1, newest + 1):
        _write(engine, partial(_apply, number=number))
        LOGGER.debug("Migrated %s to schema %s", _name(engine.url), number)


def _version(connection: Connection) -> int:
    _SCHEMA_VERSION.create(connection, checkfirst=True)
    return connection.execute(select(func.max(_SCHEMA_VERSION.c.version))).scalar() or 0


def _apply(connection: Connection, number: int) -> None:
    dialect = connection.dialect.name
    for statement in MIGRATIONS[number - 1]:
        words = statement if isinstance(statement, str) else statement.get(dialect)
        if words is not None:
            connection.exec_driver_sql(words)
    connection.execute(_SCHEMA_VERSION.insert().values(version=number))


def _keep_copy(path: Path, version: int) -> None:
    """Leave the file as it was beside it, so that a failed update can be taken back."""
    copy = path.with_name(f"{path.stem}.v{version}{path.suffix}")
    part = copy.with_name(f"{copy.name}.part")
    part.unlink(missing_ok=True)
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(part)) as target:
        source.backup(target)
    part.replace(copy)


def _write[T](engine: Engine, work: Callable[[Connection], T]) -> T:
    with _explained(engine.url), engine.begin() as connection:
        return work(connection)


def _read[T](engine: Engine, work: Callable[[Connection], T]) -> T:
    with _explained(engine.url), engine.connect() as connection:
        return work(connection)


@contextmanager
def _explained(url: URL) -> Iterator[None]:
    try:
        yield
    except exc.DBAPIError as error:
        if isinstance(error, _OUR_MISTAKES) and not is_servers_fault(error):
            raise
        raise _explanation(url, error) from error


def _explanation(url: URL, error: exc.DBAPIError) -> DatabaseError:
    return server_explanation(url, error) if _is_server(url) else _of_file(url, error.orig)


def _of_file(url: URL, error: Any) -> DatabaseError:
    code = getattr(error, "sqlite_errorname", "")
    if code.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return DatabaseLocked(f"{_name(url)} is in use by another program: close that program")
    if code.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
        return DatabaseCorrupt(
            f"{_name(url)} is damaged: restore it from a backup, or move it away to begin anew"
        )
    return DatabaseError(f"{_name(url)} does not work: {error}")


def _path(url: URL) -> Path:
    return Path(str(url.database))


def _size(url: URL) -> int:
    path = _path(url)
    # Beside it is what is still to be written into it.
    parts = (path, path.with_name(f"{path.name}-wal"))
    return sum(part.stat().st_size for part in parts if part.exists())


def _size_there(connection: Connection) -> int:
    size: int = connection.execute(
        select(func.pg_database_size(func.current_database()))
    ).scalar_one()
    return size


def _name(url: URL) -> str:
    return server_name(url) if _is_server(url) else _path(url).name
