"""A database without rows, as it is after the first start: what all need is made once a process."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from sqlalchemy import Engine, create_engine
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.util import LRUCache

from custom_components.gatehouse import database_file
from custom_components.gatehouse.database import Database

STATEMENTS: Final = LRUCache(2_000)


def share_statements() -> None:
    """Have a statement made into SQL once a process, and not anew for the file of each test.

    That is a sixth of the time of a test with a whole site.
    """
    # SQLAlchemy keeps what it made for each dialect. Each engine has one: they are all alike.
    SQLiteDialect_pysqlite.__hash__ = lambda self: hash(type(self))
    SQLiteDialect_pysqlite.__eq__ = lambda self, other: type(self) is type(other)
    database_file.create_engine = _engine


def _engine(*arguments: Any, **options: Any) -> Engine:
    engine = create_engine(*arguments, **options)
    engine._compiled_cache = STATEMENTS
    return engine


def empty_database(path: Path) -> Path:
    """Put one there, in a tenth of the time that it takes to make its tables."""
    path.write_bytes(_made())
    return path


@cache
def _made() -> bytes:
    with TemporaryDirectory() as folder, ThreadPoolExecutor(1) as maker:
        path = Path(folder, "gatehouse.db")
        maker.submit(asyncio.run, _make(path)).result()
        return path.read_bytes()


async def _make(path: Path) -> None:
    database = await Database.open(path)
    await database.close()
