"""A database without rows, as it is after the first start: its tables are made once a process."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from custom_components.gatehouse.database import Database


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
