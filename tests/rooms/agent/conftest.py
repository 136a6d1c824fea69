"""Agents for the tests of the client: real servers on loopback that say what a test wants."""

from collections.abc import AsyncIterator

import aiohttp
import pytest

from tests.rooms.agent.loopback import Loopback


@pytest.fixture
async def loopback(socket_enabled: None) -> AsyncIterator[Loopback]:
    """Somewhere to start agents, all of which are gone after the test."""
    async with aiohttp.ClientSession() as session:
        loopback = Loopback(session)
        yield loopback
        await loopback.close()
