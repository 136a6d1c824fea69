"""The agent's command line, and its life from the first line of the log to the last."""

import argparse
import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
import json
import logging
from pathlib import Path
import resource
import signal
import sys
from typing import Final

from . import __version__
from .config import AgentConfig, ConfigError, load
from .default import DEFAULT
from .doctor import doctor
from .door_config import DoorConfig
from .hub import Hub
from .listen import listen
from .log_feed import LogFeed
from .notify import condition, supervised
from .pair_command import PairError, ask_for_code, owned, told
from .power import RESTART_CODE
from .present import PLAYED, PresentError, acts_of, play
from .server import is_news
from .tls import Certificate

LOGGER: Final = logging.getLogger(__package__)

CONFIG: Final = Path("/etc/gatehouse/agent.toml")
DOCTOR: Final = "doctor"  # who needs no configuration, for perhaps that is what is wrong


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line says; return the exit code: 2 for a wrong configuration."""
    options = _parser().parse_intermixed_args(arguments)
    if options.print_default:
        print(DEFAULT, end="")
        return 0
    if options.command == DOCTOR:
        return doctor(options.config, quick=options.quick, as_json=options.json)
    try:
        config = load(options.config)
    except ConfigError as error:
        print(f"{options.config} cannot be used:", *error.problems, sep="\n  ", file=sys.stderr)
        return 2
    return COMMANDS[options.command](config, options)


async def serve(config: AgentConfig) -> int:
    """Run until SIGTERM or SIGINT, or until a restart is wanted; return the exit code.

    Raises when anything that must run has ended.
    """
    log = LogFeed()
    logging.getLogger().addHandler(log)
    certificate = await asyncio.to_thread(Certificate.of, config)
    hub = Hub(config, fingerprint=certificate.fingerprint if certificate else "", log=log)
    server = await listen(hub, config, certificate)
    LOGGER.info("Agent %s of %s is there: port %d", __version__, config.name, config.port)
    work = asyncio.create_task(hub.run(), name="hub")
    stop = asyncio.create_task(_told_to_stop(), name="signals")
    again = asyncio.create_task(hub.power.wanted(), name="restart")
    async with supervised(lambda: condition(hub)):
        await asyncio.wait({work, stop, again}, return_when=asyncio.FIRST_COMPLETED)
    await hub.close()
    code = RESTART_CODE if again.done() else 0
    stop.cancel()
    again.cancel()
    work.cancel()
    await server.cleanup()  # while cameras that hang are being ended
    with suppress(asyncio.CancelledError):
        await work
    LOGGER.info("Agent ended")
    return code


def _run(config: AgentConfig, options: argparse.Namespace) -> int:
    """Be the agent; return 1 if that is impossible, RESTART_CODE if it is to be run again."""
    logging.basicConfig(
        stream=sys.stderr,
        level=logging.DEBUG if options.verbose else logging.INFO,
        format="%(asctime)s %(levelname)-7s %(name)s: %(message)s",
    )
    logging.getLogger("aiohttp.server").addFilter(is_news)
    _open_many_files()
    try:
        return asyncio.run(serve(config))
    except OSError as error:
        LOGGER.critical("The agent cannot run: %s", error)
        return 1


def _open_many_files() -> None:
    """Take what the system allows: idle strangers shall not keep recordings from being opened."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


async def _told_to_stop() -> None:
    told = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, told.set)
    await told.wait()


def _check(config: AgentConfig, _: argparse.Namespace) -> int:
    """Tell what is configured, which was found right."""
    print(_summary(config))
    return 0


def _pair(config: AgentConfig, options: argparse.Namespace) -> int:
    """Show a code for who is to own this agent; return 1 if there can be none."""
    try:
        code = ask_for_code(config)
    except PairError as error:
        print(error, file=sys.stderr)
        return 1
    print(json.dumps(code) if options.json else "\n".join(told(code)))
    return 0


def _play(config: AgentConfig, options: argparse.Namespace) -> int:
    """Play at a simulated door; return 1 if nobody was admitted, or nothing could be played."""
    try:
        acts = acts_of(options.command, options.what, options.pin)
        return 0 if play(config, acts, options.door, options.reader) else 1
    except PresentError as error:
        print(error, file=sys.stderr)
        return 1


COMMANDS: Final[dict[str, Callable[[AgentConfig, argparse.Namespace], int]]] = {
    "run": _run,
    "check": _check,
    "pair": _pair,
    **dict.fromkeys(PLAYED, _play),
}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="gatehouse-agent", description="Gatehouse camera agent")
    parser.add_argument("command", nargs="?", choices=(*COMMANDS, DOCTOR), default="run")
    parser.add_argument("--config", type=Path, default=CONFIG, help=f"default: {CONFIG}")
    parser.add_argument("--print-default", action="store_true", help="print one to edit")
    parser.add_argument("--verbose", action="store_true", help="log every request")
    parser.add_argument("--json", action="store_true", help="pair, doctor: tell it to a program")
    parser.add_argument("--quick", action="store_true", help="doctor: only the machine")
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
    return "\n".join([head, f"  {_secured(config)}, {owned(config)}", *cameras, *doors])


def _secured(config: AgentConfig) -> str:
    if not config.tls.enabled:
        return "plain HTTP"
    own = "a certificate of yours" if config.tls.certificate else "its own certificate"
    return f"TLS with {own}{', both sides show one' if config.tls.mutual else ''}"


def _equipment(door: DoorConfig) -> list[str]:
    readers = [f"reader {reader.id} ({reader.kind})" for reader in door.readers]
    lock = "simulated" if door.simulated else "lock" if door.relay else "no lock"
    return [lock, *readers]


if __name__ == "__main__":
    sys.exit(main())
