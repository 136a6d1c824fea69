"""The agent's command line, and its life from the first line of the log to the last."""

import argparse
import asyncio
from collections.abc import Sequence
from contextlib import suppress
import logging
from pathlib import Path
import resource
import signal
import sys
from typing import Final

from aiohttp import web

from . import __version__
from .config import DEFAULT, AgentConfig, ConfigError, load
from .detector import Detector
from .door_config import DoorConfig
from .hub import Hub
from .present import PLAYED, PresentError, acts_of, play
from .server import AccessLogger, application, is_news

LOGGER: Final = logging.getLogger(__package__)

CONFIG: Final = Path("/etc/gatehouse/agent.toml")
GRACE: Final = 0.3  # seconds for answers that are under way when the agent ends
IDLE: Final = 15.0  # seconds; a connection that asks for nothing makes room for others


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line says; return the exit code: 2 for a wrong configuration."""
    options = _parser().parse_intermixed_args(arguments)
    if options.print_default:
        print(DEFAULT, end="")
        return 0
    try:
        config = load(options.config)
    except ConfigError as error:
        print(f"{options.config} cannot be used:", *error.problems, sep="\n  ", file=sys.stderr)
        return 2
    if options.command == "check":
        print(_summary(config))
        return 0
    if options.command in PLAYED:
        return _play(config, options)
    logging.basicConfig(
        stream=sys.stderr,
        level=logging.DEBUG if options.verbose else logging.INFO,
        format="%(asctime)s %(levelname)-7s %(name)s: %(message)s",
    )
    logging.getLogger("aiohttp.server").addFilter(is_news)
    _open_many_files()
    try:
        asyncio.run(serve(config))
    except OSError as error:
        LOGGER.critical("The agent cannot run: %s", error)
        return 1
    return 0


async def serve(config: AgentConfig) -> None:
    """Run until SIGTERM or SIGINT; raises when anything that must run has ended."""
    hub = Hub(config)
    server = await _listen(hub, config)
    LOGGER.info("Agent %s of %s is there: port %d", __version__, config.name, config.port)
    work = asyncio.create_task(hub.run(), name="hub")
    stop = asyncio.create_task(_told_to_stop(), name="signals")
    await asyncio.wait({work, stop}, return_when=asyncio.FIRST_COMPLETED)
    await hub.close()
    stop.cancel()
    work.cancel()
    await server.cleanup()  # while cameras that hang are being ended
    with suppress(asyncio.CancelledError):
        await work
    LOGGER.info("Agent ended")


async def _listen(hub: Hub, config: AgentConfig) -> web.AppRunner:
    app = application(hub, config.token, Detector(config.detector))
    server = web.AppRunner(
        app,
        access_log_class=AccessLogger,
        access_log=LOGGER,
        keepalive_timeout=IDLE,
        shutdown_timeout=GRACE,
    )
    await server.setup()
    await web.TCPSite(server, config.host, config.port).start()
    return server


def _open_many_files() -> None:
    """Take what the system allows: idle strangers shall not keep recordings from being opened."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


async def _told_to_stop() -> None:
    told = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, told.set)
    await told.wait()


def _play(config: AgentConfig, options: argparse.Namespace) -> int:
    """Play at a simulated door; return 1 if nobody was admitted, or nothing could be played."""
    try:
        acts = acts_of(options.command, options.what, options.pin)
        return 0 if play(config, acts, options.door, options.reader) else 1
    except PresentError as error:
        print(error, file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="gatehouse-agent", description="Gatehouse camera agent")
    parser.add_argument("command", nargs="?", choices=("run", "check", *PLAYED), default="run")
    parser.add_argument("--config", type=Path, default=CONFIG, help=f"default: {CONFIG}")
    parser.add_argument("--print-default", action="store_true", help="print one to edit")
    parser.add_argument("--verbose", action="store_true", help="log every request")
    parser.add_argument("--version", action="version", version=__version__)
    played = parser.add_argument_group("at a simulated door", f"for {', '.join(PLAYED)}")
    played.add_argument("what", nargs="?", help="CARD, open, close, exit or doorbell")
    played.add_argument("--pin", help="typed after the card, or without one")
    played.add_argument("--door", help="default: the first")
    played.add_argument("--reader", help="default: the first")
    return parser


def _summary(config: AgentConfig) -> str:
    cameras = [
        f"  camera {camera.id}: {camera.name}, {camera.source},"
        f" {camera.width}x{camera.height} at {camera.fps:g} fps"
        for camera in config.cameras
    ]
    head = f"{config.name} ({config.id}) on {config.host}:{config.port}, data in {config.data}"
    doors = [
        f"  door {door.id}: {door.name}, {', '.join(_equipment(door))}" for door in config.doors
    ]
    return "\n".join([head, *cameras, *doors])


def _equipment(door: DoorConfig) -> list[str]:
    readers = [f"reader {reader.id} ({reader.kind})" for reader in door.readers]
    lock = "simulated" if door.simulated else "lock" if door.relay else "no lock"
    return [lock, *readers]


if __name__ == "__main__":
    sys.exit(main())
