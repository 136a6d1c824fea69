"""A scripted server and a session that are gone after the test."""

from collections.abc import AsyncIterator

from aiohttp import ClientSession
import pytest

from tests.rooms.language.servers import Scripted


@pytest.fixture
async def session(socket_enabled: None) -> AsyncIterator[ClientSession]:
    """A session that is closed after the test."""
    async with ClientSession() as session:
        yield session


@pytest.fixture
async def server(socket_enabled: None) -> AsyncIterator[Scripted]:
    """A server that lists its models, and knows nothing else yet."""
    server = Scripted()
    await server.start()
    yield server
    await server.stop()
