"""Says on the local network that this agent is here, so that Home Assistant finds it (zeroconf)."""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
import fcntl
import logging
import socket
import struct
from typing import Final

from zeroconf import Error, IPVersion
from zeroconf.asyncio import AsyncServiceInfo, AsyncZeroconf

from . import __version__
from .config import AgentConfig
from .wire import API_VERSION, SERVICE_TYPE

LOGGER: Final = logging.getLogger(__name__)

# How often the addresses are looked at, in seconds: Wi-Fi comes late after a power cut, and moves.
LOOK: Final = 15.0
_SIOCGIFADDR: Final = 0x8915


def local_addresses() -> list[str]:
    """Return the IPv4 addresses by which others reach this machine; Linux only."""
    found = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        for _, name in socket.if_nameindex():
            try:
                answer = fcntl.ioctl(probe, _SIOCGIFADDR, struct.pack("256s", name.encode()))
            except OSError:
                continue  # an interface without an address
            found.append(socket.inet_ntoa(answer[20:24]))
    return [address for address in found if not address.startswith("127.")]


async def announce(
    config: AgentConfig, addresses: Callable[[], list[str]] = local_addresses, look: float = LOOK
) -> None:
    """Keep the agent announced until cancelled, at the addresses that the machine has just then."""
    shown: list[str] = []
    async with AsyncExitStack() as announced:
        while True:
            try:
                if (found := addresses()) != shown:
                    shown = []
                    await announced.aclose()
                    await _announce(config, found, announced)
                    shown = found
            except (Error, OSError) as error:
                LOGGER.warning("Cannot announce the agent; next try in %g s: %s", look, error)
            await asyncio.sleep(look)


async def _announce(config: AgentConfig, addresses: list[str], until: AsyncExitStack) -> None:
    if addresses:
        network = AsyncZeroconf(interfaces=addresses, ip_version=IPVersion.V4Only)
        until.push_async_callback(network.async_close)
        await network.async_register_service(service(config, addresses), allow_name_change=True)


def service(config: AgentConfig, addresses: list[str]) -> AsyncServiceInfo:
    """Return what is announced."""
    name = f"gatehouse-{config.id}"
    return AsyncServiceInfo(
        SERVICE_TYPE,
        f"{name}.{SERVICE_TYPE}",
        port=config.port,
        parsed_addresses=addresses,
        properties={
            "id": config.id,
            "name": config.name,
            "api": str(API_VERSION),
            "ver": __version__,
        },
        server=f"{name}.local.",
    )
