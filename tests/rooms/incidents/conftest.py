"""A real database, and a stage on which a camera's story plays."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from custom_components.gatehouse.database import Database
from custom_components.gatehouse.incidents import IncidentStore
from tests.conftest import Eventually
from tests.rooms.incidents.fakes import Stage


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    database = await Database.open(tmp_path / "gatehouse.db")
    yield database
    await database.close()


@pytest.fixture
def store(database: Database) -> IncidentStore:
    return IncidentStore(database)


@pytest.fixture
async def stage(
    store: IncidentStore, tmp_path: Path, eventually: Eventually
) -> AsyncIterator[Stage]:
    stage = Stage(store, tmp_path, eventually)
    yield stage
    await stage.end()
