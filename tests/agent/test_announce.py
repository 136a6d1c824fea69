"""The agent is found on the network, here on loopback."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
import logging
from pathlib import Path
from typing import Any

import pytest
from zeroconf import IPVersion, ServiceStateChange, Zeroconf
from zeroconf.asyncio import AsyncServiceBrowser, AsyncServiceInfo, AsyncZeroconf

from camera_agent import __version__
from camera_agent.announce import announce, local_addresses, properties
from camera_agent.config import AgentConfig
from camera_agent.wire import SERVICE_TYPE

LOOPBACK = ["127.0.0.1"]
NAME = f"gatehouse-9f2c41d07ab3.{SERVICE_TYPE}"
FINGERPRINT = "ab" * 32


@pytest.fixture
def config(tmp_path: Path) -> AgentConfig:
    return AgentConfig(
        id="9f2c41d07ab3", name="Porch", token="0" * 16, port=8467, data=tmp_path, cameras=()
    )


def announced(config: AgentConfig, addresses: Callable[[], list[str]]) -> Coroutine[Any, Any, None]:
    """Announce it to the neighbours, who hear at once of what changes."""
    return announce(config, FINGERPRINT, lambda: True, addresses, look=0.01)


class Neighbour:
    """Somebody else on the network, who watches agents come and go."""

    def __init__(self, network: AsyncZeroconf) -> None:
        self.network = network
        self.seen: asyncio.Queue[ServiceStateChange] = asyncio.Queue()
        self._browser = AsyncServiceBrowser(
            network.zeroconf, SERVICE_TYPE, handlers=[self._changed]
        )

    def _changed(
        self, zeroconf: Zeroconf, service_type: str, name: str, state_change: ServiceStateChange
    ) -> None:
        self.seen.put_nowait(state_change)

    async def hears(self, change: ServiceStateChange) -> None:
        async with asyncio.timeout(30):
            while await self.seen.get() is not change:
                pass

    async def close(self) -> None:
        await self._browser.async_cancel()
        await self.network.async_close()


@asynccontextmanager
async def neighbour() -> AsyncIterator[Neighbour]:
    found = Neighbour(AsyncZeroconf(interfaces=LOOPBACK, ip_version=IPVersion.V4Only))
    try:
        yield found
    finally:
        await found.close()


async def test_a_neighbour_learns_what_it_needs_to_connect(config: AgentConfig) -> None:
    story = asyncio.create_task(announce(config, FINGERPRINT, lambda: True, lambda: LOOPBACK))
    async with neighbour() as other:
        await other.hears(ServiceStateChange.Added)
        info = AsyncServiceInfo(SERVICE_TYPE, NAME)
        assert await info.async_request(other.network.zeroconf, 3000)
        assert info.parsed_addresses() == LOOPBACK
        assert info.port == 8467
        assert info.decoded_properties == {
            "id": "9f2c41d07ab3",
            "name": "Porch",
            "api": "1",
            "ver": __version__,
            "tls": "1",
            "fp": "ab" * 16,
            "paired": "1",
        }
        story.cancel()
        await other.hears(ServiceStateChange.Removed)
    await asyncio.gather(story, return_exceptions=True)


async def test_that_it_is_paired_is_told_without_leaving(config: AgentConfig) -> None:
    paired: list[bool] = []
    story = asyncio.create_task(
        announce(config, FINGERPRINT, lambda: bool(paired), lambda: LOOPBACK, look=0.01)
    )
    async with neighbour() as other:
        await other.hears(ServiceStateChange.Added)
        paired.append(True)
        async with asyncio.timeout(30):
            assert await other.seen.get() is ServiceStateChange.Updated
        info = AsyncServiceInfo(SERVICE_TYPE, NAME)
        assert await info.async_request(other.network.zeroconf, 3000)
        assert info.decoded_properties["paired"] == "1"
        story.cancel()
    await asyncio.gather(story, return_exceptions=True)


def test_an_agent_without_tls_has_no_fingerprint_to_tell(config: AgentConfig) -> None:
    told = properties(config, "", is_paired=False)

    assert (told["tls"], told["fp"], told["paired"]) == ("0", "", "0")


async def test_a_network_that_comes_late_is_waited_for(config: AgentConfig) -> None:
    addresses: list[list[str]] = [[], [], LOOPBACK]
    story = asyncio.create_task(
        announced(config, lambda: addresses.pop(0) if addresses[1:] else addresses[0])
    )
    async with neighbour() as other:
        await other.hears(ServiceStateChange.Added)
    story.cancel()
    await asyncio.gather(story, return_exceptions=True)


async def test_a_network_that_goes_away_ends_the_announcement(config: AgentConfig) -> None:
    addresses = list(LOOPBACK)
    story = asyncio.create_task(announced(config, lambda: list(addresses)))
    async with neighbour() as other:
        await other.hears(ServiceStateChange.Added)
        addresses.clear()
        await other.hears(ServiceStateChange.Removed)
    story.cancel()
    await asyncio.gather(story, return_exceptions=True)


async def test_a_network_that_refuses_is_tried_again(
    config: AgentConfig, caplog: pytest.LogCaptureFixture
) -> None:
    addresses = [["203.0.113.9"], LOOPBACK]  # the first is nobody's here
    story = asyncio.create_task(
        announced(config, lambda: addresses.pop(0) if addresses[1:] else addresses[0])
    )
    async with neighbour() as other:
        with caplog.at_level(logging.WARNING):
            await other.hears(ServiceStateChange.Added)
    assert "Cannot announce the agent; next try in 0.01 s" in caplog.text
    story.cancel()
    await asyncio.gather(story, return_exceptions=True)


async def test_a_machine_that_does_not_tell_its_addresses_is_asked_again(
    config: AgentConfig,
) -> None:
    answers = [OSError("no netlink here"), LOOPBACK]

    def addresses() -> list[str]:
        answer = answers.pop(0) if answers[1:] else answers[0]
        if isinstance(answer, OSError):
            raise answer
        return answer

    story = asyncio.create_task(announced(config, addresses))
    async with neighbour() as other:
        await other.hears(ServiceStateChange.Added)
    story.cancel()
    await asyncio.gather(story, return_exceptions=True)


async def test_an_address_that_comes_back_is_announced_again(config: AgentConfig) -> None:
    addresses = list(LOOPBACK)
    story = asyncio.create_task(announced(config, lambda: list(addresses)))
    async with neighbour() as other:
        await other.hears(ServiceStateChange.Added)
        addresses[:] = ["203.0.113.9"]  # nobody's here
        await other.hears(ServiceStateChange.Removed)
        await asyncio.sleep(0.1)
        addresses[:] = LOOPBACK
        await other.hears(ServiceStateChange.Added)
    story.cancel()
    await asyncio.gather(story, return_exceptions=True)


def test_loopback_is_no_address_for_others() -> None:
    assert all(not address.startswith("127.") for address in local_addresses())
