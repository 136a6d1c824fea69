"""Show Gatehouse at work: the newest Home Assistant watches two agents and a folder of uploads."""

import argparse
import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
import signal
import subprocess
import sys
from typing import Final

import aiohttp

from .check import watch_for_incident
from .children import Child, ChildFailed, watch
from .dashboard import make_dashboard
from .door import invitation
from .gatehouse import furnish, set_up
from .happened import share_something
from .home_assistant import DemoError, HomeAssistant
from .memory import Memory, free_port
from .places import (
    AGENT_PYTHON,
    DEMO,
    EVERYWHERE,
    GROUP,
    LOCAL,
    PLACES,
    ROOT,
    Assets,
    Place,
    address_of,
    forget,
    has_owner,
    write_agent,
    write_home,
)
from .storage import make_bucket, storage_command
from .uploads import upload

FIRST_AGENT_PORT: Final = 8467
FIRST_STORAGE_PORT: Final = 9000
FIRST_PORT: Final = 8123
UPLOADS: Final = "uploads"
SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def main() -> int:
    """Run until Ctrl-C, or until the check is done; 0 if all went well."""
    options = _options()
    if options.fresh:
        forget(options.folder)
    try:
        assets = _assets()
        asyncio.run(_show(options, assets))
    except (ChildFailed, DemoError, aiohttp.ClientError, TimeoutError) as error:
        _say(f"stopped: {str(error) or type(error).__name__}")
        return 1
    except KeyboardInterrupt, asyncio.CancelledError:
        return 0 if options.check is None else 1
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/demo", description=__doc__)
    parser.add_argument("--fresh", action="store_true", help="forget earlier runs first")
    parser.add_argument(
        "--folder",
        type=lambda name: Path(name).absolute(),
        default=DEMO,
        help="where the runs are kept, if not in .demo",
    )
    parser.add_argument(
        "--host",
        default=LOCAL,
        help=f"where Home Assistant listens ({EVERYWHERE}: everywhere)",
    )
    parser.add_argument(
        "--check",
        type=float,
        metavar="SECONDS",
        help="wait so long at most for an incident with picture and clip, print it and stop",
    )
    return parser.parse_args()


def _assets() -> Assets:
    """Fetch the video and the model, or find that they are here."""
    fetch = ROOT / "scripts" / "demo-assets"
    done = subprocess.run([fetch], stdout=sys.stderr, check=False)  # noqa: S603 - our own
    if done.returncode:
        raise DemoError("There is nothing to play (above: why).")
    return Assets.load(DEMO / "assets.json")


async def _show(options: argparse.Namespace, assets: Assets) -> None:
    """Run everything until a signal comes, a child falls or the check is done."""
    began = datetime.now(UTC)
    folder: Path = options.folder
    _stop_on_signals()
    async with AsyncExitStack() as stack:
        memory = _remember(folder)
        children = [
            await stack.enter_async_context(_agent(folder, place, memory, assets))
            for place in PLACES
        ]
        children.append(await stack.enter_async_context(_storage(folder, memory)))
        port = free_port(options.host, FIRST_PORT)
        children.append(await stack.enter_async_context(_hass(folder, options.host, port)))
        session = await stack.enter_async_context(aiohttp.ClientSession())
        work = _present(session, options, address_of(options.host, port), memory, assets, began)
        visitors = upload(assets, folder / UPLOADS)
        tasks = [asyncio.create_task(each) for each in (work, watch(children), visitors)]
        for task in tasks:
            stack.callback(task.cancel)
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        done.pop().result()
        if options.check is None:
            await asyncio.gather(*tasks[1:])


def _stop_on_signals() -> None:
    """Cancel the running task at the first signal; those that follow find that it is on its way."""
    loop = asyncio.get_running_loop()
    task = asyncio.current_task()

    def stop() -> None:
        for number in SIGNALS:
            loop.add_signal_handler(number, lambda: None)
        _say("stopping ...")
        if task is not None:
            task.cancel()

    for number in SIGNALS:
        loop.add_signal_handler(number, stop)


async def _present(
    session: aiohttp.ClientSession,
    options: argparse.Namespace,
    address: str,
    memory: Memory,
    assets: Assets,
    began: datetime,
) -> None:
    """Set everything up, say where it is to be seen, and check it if that was asked for."""
    folder: Path = options.folder
    home = HomeAssistant(session, address)
    await make_bucket(session, memory)
    await home.wait_until_up()
    await home.enter(memory.username, memory.password, new=not has_owner(folder))
    async with home.talking():
        memory = await set_up(home, memory, assets)
        memory = await furnish(home, memory, assets, folder / UPLOADS)
        memory.save(folder / "memory.json")
        await make_dashboard(home, memory)
        _invite(home, folder, memory, assets, datetime.now(UTC) - began)
        if options.check is not None:
            seen = await watch_for_incident(home, memory, folder, began, options.check)
            print(seen, flush=True)
            return
        link = await share_something(home, GROUP)
        _say(
            "whoever has this address can see one clip, for a day", "", f"    link       {link}", ""
        )


def _invite(
    home: HomeAssistant, folder: Path, memory: Memory, assets: Assets, took: timedelta
) -> None:
    if assets.model is None:
        _say(f"nobody will be detected: {assets.why}")
    _say(
        f"ready after {took.seconds} s; Ctrl-C stops everything",
        "",
        f"    address    {home.url}",
        f"    user       {memory.username}",
        f"    password   {memory.password}",
        f"    logs       {(folder / 'logs').relative_to(ROOT, walk_up=True)}",
        *invitation(folder),
        "",
    )


def _remember(folder: Path) -> Memory:
    """Return what earlier runs left, with ports that are free now."""
    names = [place.agent for place in PLACES]
    memory = Memory.load(folder / "memory.json") or Memory.fresh(names)
    taken = frozenset[int]()
    for name in names:
        port = free_port(LOCAL, memory.agents[name].port or FIRST_AGENT_PORT, taken)
        taken |= {port}
        memory = memory.with_agent(name, port=port)
    port = free_port(LOCAL, memory.storage.port or FIRST_STORAGE_PORT, taken)
    memory = replace(memory, storage=replace(memory.storage, port=port))
    for name in ("logs", UPLOADS):
        (folder / name).mkdir(parents=True, exist_ok=True)
    memory.save(folder / "memory.json")
    return memory


def _agent(
    folder: Path, place: Place, memory: Memory, assets: Assets
) -> AbstractAsyncContextManager[Child]:
    # All of it ends at once: there is no absence to tell of.
    config = write_agent(folder, place, memory.agents[place.agent], assets, spool=False)
    command: list[str | Path] = [AGENT_PYTHON, "-m", "camera_agent", "--config", config]
    return _running(f"agent-{place.agent}", command, ROOT, folder / "logs")


def _storage(folder: Path, memory: Memory) -> AbstractAsyncContextManager[Child]:
    return _running("storage", storage_command(memory), folder, folder / "logs")


def _hass(folder: Path, host: str, port: int) -> AbstractAsyncContextManager[Child]:
    # Not in the repository's folder: there is a package called custom_components in both.
    home = write_home(folder, host, port)
    command: list[str | Path] = [sys.executable, "-m", "homeassistant", "-c", home]
    return _running("home-assistant", command, home, folder / "logs")


@asynccontextmanager
async def _running(
    name: str, command: list[str | Path], folder: Path, logs: Path
) -> AsyncIterator[Child]:
    child = await Child.start(name, command, folder, logs / f"{name}.log")
    try:
        yield child
    finally:
        await child.stop()


def _say(sentence: str, *lines: str) -> None:
    """Tell the user; what a program may read (--check) is alone on stdout."""
    print("\n".join([f"gatehouse: {sentence}", *lines]), file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
