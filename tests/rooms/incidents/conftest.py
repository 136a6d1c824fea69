"""A real database, and a stage on which the stories play."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from custom_components.gatehouse.database import Database
from custom_components.gatehouse.incidents import IncidentStore
from custom_components.gatehouse.zones import Zones, ZoneStore
from tests.rooms.incidents.fakes import Stage


@pytest.fixture
async def database(where: Path | str) -> AsyncIterator[Database]:
    database = await Database.open(where)
    yield database
    await database.close()


@pytest.fixture
def store(database: Database) -> IncidentStore:
    return IncidentStore(database)


@pytest.fixture
def zones(database: Database) -> Zones:
    return Zones(ZoneStore(database), lambda _: None)


@pytest.fixture
async def stage(store: IncidentStore, zones: Zones, tmp_path: Path) -> AsyncIterator[Stage]:
    stage = Stage(store, zones, tmp_path)
    yield stage
    await stage.end()
