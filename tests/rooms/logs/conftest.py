"""A log in a real database, and a clock that a test sets."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from blockbuster import blockbuster_ctx
import pytest

from custom_components.gatehouse.database import Database
from custom_components.gatehouse.logs import LogStore
from tests.rooms.logs.written import Clock


@pytest.fixture
def never_blocks() -> Iterator[None]:
    """Fail when our code blocks the event loop."""
    with blockbuster_ctx("custom_components.gatehouse"):
        yield


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "gatehouse.db"


@pytest.fixture
async def database(where: Path | str) -> AsyncIterator[Database]:
    """Return a database in a real file, or on a real server."""
    database = await Database.open(where)
    yield database
    await database.close()


@pytest.fixture
def store(database: Database) -> LogStore:
    return LogStore(database)


@pytest.fixture
def clock() -> Clock:
    return Clock()
