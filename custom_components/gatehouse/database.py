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

from .migrations import MIGRATIONS

LOGGER = logging.getLogger(__name__)

metadata = MetaData()
"""Every store puts its table here; a test holds it against what the migrations make."""


class DatabaseError(Exception):
    """The database cannot do what was asked of it."""


class DatabaseLocked(DatabaseError):
    """Another program holds the database."""


class DatabaseCorrupt(DatabaseError):
    """The file is damaged, or is no database."""


class DatabaseTooNew(DatabaseError):
    """A newer Gatehouse made this database."""


class DatabaseClosed(DatabaseError):
    """The site was taken down while somebody still asked."""


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

    def __init__(self, engine: Engine, writer: ThreadPoolExecutor) -> None:
        self._engine = engine
        self._writer = writer
        self._readers = ThreadPoolExecutor(_READERS, "gatehouse-database-read")
        self._closed = False

    @classmethod
    async def open(cls, where: Path | str) -> Database:
        """Open and migrate a SQLite file (made if missing), or a server by SQLAlchemy URL."""
        writer = ThreadPoolExecutor(1, "gatehouse-database")
        try:
            engine = await asyncio.get_running_loop().run_in_executor(writer, _open, where)
        except BaseException:
            await asyncio.to_thread(writer.shutdown)
            raise
        return cls(engine, writer)

    async def write[T](self, work: Callable[[Connection], T]) -> T:
        """Run work as one transaction; what it raises undoes it.

        A caller cancelled meanwhile does not know whether its work was done.
        """
        return await self._run(self._writer, _write, work)

    async def read[T](self, work: Callable[[Connection], T]) -> T:
        """Run work on one consistent view; whatever it changes is undone."""
        return await self._run(self._readers, _read, work)

    async def size(self) -> int | None:
        """Return how many bytes its files have; None for a server."""
        return await asyncio.to_thread(_size, self._engine.url)

    async def close(self) -> None:
        """Finish what was asked for, then let go of the file."""
        self._closed = True
        await asyncio.to_thread(self._close)

    async def _run[T](
        self,
        threads: ThreadPoolExecutor,
        step: Callable[[Engine, Callable[[Connection], T]], T],
        work: Callable[[Connection], T],
    ) -> T:
        if self._closed:
            raise DatabaseClosed("The database is closed.")
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(threads, step, self._engine, work)

    def _close(self) -> None:
        self._writer.shutdown()
        self._readers.shutdown()
        self._engine.dispose()


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_READERS = 2
_SCHEMA_VERSION = Table("schema_version", MetaData(), Column("version", Integer, primary_key=True))
_BUSY_MS = 5000  # a backup or a curious person's tool holds the file for a moment


def _open(where: Path | str) -> Engine:
    url = _url(where)
    with _explained(url):
        # A row may hold what opens a clip to whoever knows it: no value belongs in a log.
        engine = create_engine(url, hide_parameters=True)
        try:
            if engine.dialect.name == "sqlite":
                _prepare_sqlite(engine)
            _migrate(engine)
        except BaseException:
            engine.dispose()
            raise
    return engine


def _url(where: Path | str) -> URL:
    if isinstance(where, str) and "://" in where:
        return make_url(where)
    return URL.create("sqlite", database=str(where))


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
    if 0 < version < newest and engine.dialect.name == "sqlite":
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
    writing = engine.execution_options(writes=True)
    with _explained(engine.url), writing.begin() as connection:
        return work(connection)


def _read[T](engine: Engine, work: Callable[[Connection], T]) -> T:
    with _explained(engine.url), engine.connect() as connection:
        return work(connection)


@contextmanager
def _explained(url: URL) -> Iterator[None]:
    try:
        yield
    except exc.IntegrityError, exc.ProgrammingError, exc.DataError:
        raise  # mistakes of ours, not states of the database
    except exc.DBAPIError as error:
        raise _explanation(url, error.orig) from error


def _explanation(url: URL, error: Any) -> DatabaseError:
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


def _size(url: URL) -> int | None:
    if url.host:
        return None
    path = _path(url)
    # Beside it is what is still to be written into it.
    parts = (path, path.with_name(f"{path.name}-wal"))
    return sum(part.stat().st_size for part in parts if part.exists())


def _name(url: URL) -> str:
    return url.render_as_string(hide_password=True) if url.host else _path(url).name
