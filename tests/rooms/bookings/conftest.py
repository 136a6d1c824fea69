"""A real database, and the diary of a site in it, at a time that a test says."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from blockbuster import blockbuster_ctx
import pytest

from custom_components.gatehouse.bookings import BookingStore, Diary
from custom_components.gatehouse.database import Database
from tests.rooms.bookings.booked import Clock


@pytest.fixture
def never_blocks() -> Iterator[None]:
    """Fail when our code blocks the event loop."""
    with blockbuster_ctx("custom_components.gatehouse"):
        yield


@pytest.fixture
async def database(where: Path | str) -> AsyncIterator[Database]:
    """Return a database in a real file, or on a real server."""
    database = await Database.open(where)
    yield database
    await database.close()


@pytest.fixture
def store(database: Database) -> BookingStore:
    return BookingStore(database)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def diary(store: BookingStore, clock: Clock, never_blocks: None) -> Diary:
    return Diary(store, now=clock)
