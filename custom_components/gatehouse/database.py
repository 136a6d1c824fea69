"""One database, and one thread that writes it."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
import logging
import time
from typing import override

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Engine,
    Integer,
    MetaData,
    Table,
    func,
    select,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

from .database_errors import (
    DatabaseClosed,
    DatabaseCorrupt,
    DatabaseError,
    DatabaseLocked,
    DatabaseTooNew,
    DatabaseUnreachable,
)
from .database_file import file_size, keep_copy
from .database_place import Place, engines_of, explained, is_server, name_of
from .database_server import Server, server_size
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
        self._failing_since: float | None = None

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
        done: T = await self._run(self._writer, partial(_write, self._writing), work)
        self._failing_since = None
        return done

    async def read[T](self, work: Callable[[Connection], T]) -> T:
        """Run work on one consistent view; whatever it changes is undone."""
        return await self._run(self._readers, self.read_here, work)

    def read_here[T](self, work: Callable[[Connection], T]) -> T:
        """Do the same in the thread of the caller, who may wait."""
        return _read(self._reading, work)

    async def check(self) -> None:
        """Find out whether it works; raises DatabaseError.

        A disk wears, so it is written only where something has failed since the last write.
        """
        if self._failing_since is None:
            await self.read(_version)
        else:
            await self.write(_touch)

    @property
    def failing_for(self) -> timedelta:
        """For how long nothing could be written; nothing as long as it works."""
        since = self._failing_since
        return timedelta() if since is None else timedelta(seconds=time.monotonic() - since)

    async def size(self) -> int:
        """Return how many bytes there are, in its files or on the server."""
        if is_server(self._reading.url):
            return await self.read(server_size)
        return await asyncio.to_thread(file_size, self._reading.url)

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
        try:
            return await asyncio.get_running_loop().run_in_executor(threads, step, work)
        except DatabaseError:
            if self._failing_since is None:
                self._failing_since = time.monotonic()
            raise

    def _close(self) -> None:
        self._writer.shutdown()
        self._readers.shutdown()
        self._writing.dispose()
        self._reading.dispose()


def peek[T](where: Place, work: Callable[[Connection], T]) -> T:
    """Run work on a database as it is: nothing is migrated, and whoever has it keeps it."""
    writing, reading = engines_of(where, READERS)
    try:
        return _read(reading, work)
    finally:
        writing.dispose()
        reading.dispose()


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
READERS = 2
_SCHEMA_VERSION = Table("schema_version", MetaData(), Column("version", Integer, primary_key=True))


def _open(where: Place) -> tuple[Engine, Engine]:
    writing, reading = engines = engines_of(where, READERS)
    try:
        _migrate(writing)
    except BaseException:
        writing.dispose()
        reading.dispose()
        raise
    return engines


def _migrate(engine: Engine) -> None:
    version = _write(engine, _version_begun)
    newest = len(MIGRATIONS)
    if version > newest:
        raise DatabaseTooNew(
            f"{name_of(engine.url)} was made by a newer Gatehouse (schema {version}, this one knows"
            f" {newest}): update Gatehouse, or restore the database from a backup"
        )
    if 0 < version < newest and not is_server(engine.url):
        keep_copy(engine.url, version)
    for number in range(version + 1, newest + 1):
        _write(engine, partial(_apply, number=number))
        LOGGER.debug("Migrated %s to schema %s", name_of(engine.url), number)


def _version_begun(connection: Connection) -> int:
    """Return the version of the schema, 0 for a database that has none yet."""
    _SCHEMA_VERSION.create(connection, checkfirst=True)
    return _version(connection)


def _version(connection: Connection) -> int:
    return connection.execute(select(func.max(_SCHEMA_VERSION.c.version))).scalar() or 0


def _touch(connection: Connection) -> None:
    connection.execute(_SCHEMA_VERSION.update().values(version=_SCHEMA_VERSION.c.version))


def _apply(connection: Connection, number: int) -> None:
    dialect = connection.dialect.name
    for statement in MIGRATIONS[number - 1]:
        words = statement if isinstance(statement, str) else statement.get(dialect)
        if words is not None:
            connection.exec_driver_sql(words)
    connection.execute(_SCHEMA_VERSION.insert().values(version=number))


def _write[T](engine: Engine, work: Callable[[Connection], T]) -> T:
    with explained(engine.url), engine.begin() as connection:
        return work(connection)


def _read[T](engine: Engine, work: Callable[[Connection], T]) -> T:
    with explained(engine.url), engine.connect() as connection:
        return work(connection)
