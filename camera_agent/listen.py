"""Where the agent is reached, with TLS or without, and how long anybody may dawdle there."""

import asyncio
import logging
import ssl
from typing import Final, cast

from aiohttp import web

from .config import AgentConfig
from .detector import Detector
from .hub import Hub
from .owner import Owner
from .server import AccessLogger, application
from .tls import Certificate, trust

LOGGER: Final = logging.getLogger(__package__)

GRACE: Final = 0.3  # seconds for answers that are under way when the agent ends
HANDSHAKE: Final = 10.0  # seconds
IDLE: Final = 10.0  # seconds for all headers of a request, the first or the next
LINGER: Final = 2.0  # seconds for the rest of a body that nobody wants
GOODBYE: Final = 2.0  # seconds for the other side's end of TLS
BACKLOG: Final = 128


async def listen(hub: Hub, config: AgentConfig, certificate: Certificate | None) -> web.AppRunner:
    """Serve until the runner is cleaned up; without a certificate it is plain HTTP."""
    context = None
    if certificate:
        context = await asyncio.to_thread(certificate.context)
        _follow(hub.owner, context)
    runner = web.AppRunner(
        application(hub, Detector(config.detector)),
        access_log_class=AccessLogger,
        access_log=LOGGER,
        keepalive_timeout=IDLE,
        lingering_time=LINGER,
        shutdown_timeout=GRACE,
    )
    await runner.setup()
    await _Site(runner, config, context).start()
    return runner


def _follow(owner: Owner, context: ssl.SSLContext) -> None:
    """Ask for the owner's certificate, whoever that is, if it is to be shown."""

    async def follow() -> None:
        take()

    def take() -> None:
        if owner.mutual and owner.certificate:
            trust(context, owner.certificate)

    owner.follow(follow)
    take()


class _Site(web.BaseSite):
    """A port, as aiohttp's TCPSite, whose handshakes cannot take a minute."""

    def __init__(
        self,
        runner: web.AppRunner,
        config: AgentConfig,
        context: ssl.SSLContext | None,
    ) -> None:
        super().__init__(runner, ssl_context=context)
        self._address = config.host, config.port

    @property
    def name(self) -> str:
        host, port = self._address
        return f"{'https' if self._ssl_context else 'http'}://{host}:{port}"

    async def start(self) -> None:
        await super().start()
        host, port = self._address
        secured = self._ssl_context is not None
        self._server = await asyncio.get_running_loop().create_server(
            cast("web.Server", self._runner.server),  # there is one: the constructor looked
            host,
            port,
            backlog=BACKLOG,
            ssl=self._ssl_context,
            ssl_handshake_timeout=HANDSHAKE if secured else None,
            ssl_shutdown_timeout=GOODBYE if secured else None,
        )
