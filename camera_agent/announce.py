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
FINGERPRINT: Final = 32  # hex digits of it that are told
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
    config: AgentConfig,
    fingerprint: str,
    is_paired: Callable[[], bool],
    addresses: Callable[[], list[str]] = local_addresses,
    look: float = LOOK,
) -> None:
    """Keep the agent announced until cancelled, as it is just then and where the machine is."""
    async with AsyncExitStack() as until:
        shown = _Shown(config, until)
        while True:
            try:
                await shown.show(properties(config, fingerprint, is_paired()), addresses())
            except (Error, OSError) as error:
                LOGGER.warning("Cannot announce the agent; next try in %g s: %s", look, error)
            await asyncio.sleep(look)


def properties(config: AgentConfig, fingerprint: str, is_paired: bool) -> dict[str, str]:
    """Return what is told of the agent; half of the fingerprint is enough to know it again."""
    return {
        "id": config.id,
        "name": config.name,
        "api": str(API_VERSION),
        "ver": __version__,
        "tls": "1" if fingerprint else "0",
        "fp": fingerprint[:FINGERPRINT],
        "paired": "1" if is_paired else "0",
    }


class _Shown:
    """What the network was told last, and by what name."""

    def __init__(self, config: AgentConfig, until: AsyncExitStack) -> None:
        self._config = config
        self._until = until
        self._name = f"gatehouse-{config.id}.{SERVICE_TYPE}"
        self._network: AsyncZeroconf | None = None
        self._addresses: list[str] = []
        self._about: dict[str, str] = {}

    async def show(self, about: dict[str, str], addresses: list[str]) -> None:
        if addresses != self._addresses:
            self._addresses, self._network = [], None
            await self._until.aclose()
            if addresses:
                self._network = await self._register(about, addresses)
        elif about != self._about and self._network:
            # Nobody is told that it left: whoever is just about to add it would give up.
            await self._network.async_update_service(self._service(about, addresses))
        self._addresses, self._about = addresses, about

    async def _register(self, about: dict[str, str], addresses: list[str]) -> AsyncZeroconf:
        network = AsyncZeroconf(interfaces=addresses, ip_version=IPVersion.V4Only)
        self._until.push_async_callback(network.async_close)
        service = self._service(about, addresses)
        await network.async_register_service(service, allow_name_change=True)
        self._name = service.name  # another one, if there is somebody of that name
        return network

    def _service(self, about: dict[str, str], addresses: list[str]) -> AsyncServiceInfo:
        return AsyncServiceInfo(
            SERVICE_TYPE,
            self._name,
            port=self._config.port,
            parsed_addresses=addresses,
            properties=about,
            server=f"gatehouse-{self._config.id}.local.",
        )
