"""A SQLite file as the place of the database."""

from contextlib import closing
from pathlib import Path
import sqlite3
from typing import Any, Final

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL

from .database_errors import DatabaseCorrupt, DatabaseError, DatabaseLocked

FILE: Final = "sqlite"
_BUSY_MS = 5000  # a backup or a curious person's tool holds the file for a moment


def file_url(path: Path | str) -> URL:
    """Return a file's URL."""
    return URL.create(FILE, database=str(path))


def file_engines(url: URL) -> tuple[Engine, Engine]:
    """Return what writes and what reads; the folder is made if it is missing."""
    _path(url).parent.mkdir(parents=True, exist_ok=True)
    # A row may hold what opens a clip to whoever knows it: no value belongs in a log.
    engine = create_engine(url, hide_parameters=True)
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine.execution_options(writes=True), engine


def file_explanation(url: URL, error: Any) -> DatabaseError:
    """Return what an error of the driver means to whoever has the file."""
    code = getattr(error, "sqlite_errorname", "")
    if code.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return DatabaseLocked(f"{file_name(url)} is in use by another program: close that program")
    if code.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
        return DatabaseCorrupt(
            f"{file_name(url)} is damaged: restore it from a backup, or move it away to begin anew"
        )
    if code.startswith("SQLITE_FULL"):
        return DatabaseError(
            f"there is no room for {file_name(url)}: delete what is not needed on its disk"
        )
    if code.startswith("SQLITE_READONLY"):
        return DatabaseError(
            f"{file_name(url)} may only be read: look whose it is, and whether its disk is worn out"
        )
    return DatabaseError(f"{file_name(url)} does not work: {error}")


def file_name(url: URL) -> str:
    """Return what people know it by."""
    return _path(url).name


def file_size(url: URL) -> int:
    """Return how many bytes it takes."""
    path = _path(url)
    # Beside it is what is still to be written into it.
    parts = (path, path.with_name(f"{path.name}-wal"))
    return sum(part.stat().st_size for part in parts if part.exists())


def keep_copy(url: URL, version: int) -> None:
    """Leave the file as it was beside it, so that a failed update can be taken back."""
    path = _path(url)
    copy = path.with_name(f"{path.stem}.v{version}{path.suffix}")
    part = copy.with_name(f"{copy.name}.part")
    part.unlink(missing_ok=True)
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(part)) as target:
        source.backup(target)
    part.replace(copy)


def _prepare(connection: sqlite3.Connection, _record: object) -> None:
    # The driver begins no transaction before CREATE TABLE; so none at all is left to it.
    connection.isolation_level = None
    for setting in (
        f"busy_timeout = {_BUSY_MS}",
        "journal_mode = WAL",
        "synchronous = NORMAL",
        "foreign_keys = ON",
    ):
        connection.execute(f"PRAGMA {setting}").close()


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _path(url: URL) -> Path:
    return Path(str(url.database))
