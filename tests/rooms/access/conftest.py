"""A real database, the policy and the log of a site in it, and agents around it."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from blockbuster import blockbuster_ctx
import pytest

from custom_components.gatehouse.access import PassageLog, Policies, PolicyStore
from custom_components.gatehouse.database import Database
from tests.rooms.access.policies import BERLIN
from tests.rooms.access.site import Site


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
def store(database: Database) -> PolicyStore:
    return PolicyStore(database)


@pytest.fixture
def log(database: Database) -> PassageLog:
    return PassageLog(database)


@pytest.fixture
async def policies(store: PolicyStore, never_blocks: None) -> Policies:
    """Return the policy of a new site."""
    policies = Policies(store, BERLIN)
    await policies.load()
    return policies


@pytest.fixture
async def site(policies: Policies, log: PassageLog) -> AsyncIterator[Site]:
    """Return a site with nobody in it, and no agent connected."""
    site = Site(policies, log)
    yield site
    await site.end()
