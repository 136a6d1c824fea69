"""A site with a database, a media folder and two agents."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import aiohttp
from blockbuster import blockbuster_ctx
import pytest

from custom_components.gatehouse.database import Database
from custom_components.gatehouse.footage import FootageStore
from tests.rooms.footage.recorder import Recorder
from tests.rooms.footage.site import Site


@pytest.fixture
def never_blocks() -> Iterator[None]:
    """Fail when our code blocks the event loop."""
    with blockbuster_ctx("custom_components.gatehouse"):
        yield


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[FootageStore]:
    """Return a store in a real file."""
    database = await Database.open(tmp_path / "gatehouse.db")
    yield FootageStore(database)
    await database.close()


@pytest.fixture
async def porch(tmp_path: Path, socket_enabled: None) -> AsyncIterator[Recorder]:
    """Return an agent."""
    async with (
        aiohttp.ClientSession() as session,
        Recorder(session, tmp_path / "porch", "porch/front") as recorder,
    ):
        yield recorder


@pytest.fixture
async def garage(tmp_path: Path, socket_enabled: None) -> AsyncIterator[Recorder]:
    """Return another agent."""
    async with (
        aiohttp.ClientSession() as session,
        Recorder(session, tmp_path / "garage", "garage/front") as recorder,
    ):
        yield recorder


@pytest.fixture
def site(
    store: FootageStore, tmp_path: Path, porch: Recorder, garage: Recorder, never_blocks: None
) -> Site:
    """Return a site with both agents."""
    recorders = {recorder.key: recorder for recorder in (porch, garage)}
    return Site(store, tmp_path / "media", recorders)
