"""A real database, and the zones of a site in it."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from blockbuster import blockbuster_ctx
import pytest

from custom_components.gatehouse.database import Database
from custom_components.gatehouse.zones import Zones, ZoneStore


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
def store(database: Database) -> ZoneStore:
    return ZoneStore(database)


@pytest.fixture
def told() -> list[str]:
    """Return the keys of the cameras that there was news of."""
    return []


@pytest.fixture
async def zones(store: ZoneStore, told: list[str], never_blocks: None) -> Zones:
    """Return the zones of a new site."""
    zones = Zones(store, told.append)
    await zones.load()
    return zones
