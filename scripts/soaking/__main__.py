"""Runs everything, lets it go wrong, and says whether what must hold did; see scripts/soak."""

import argparse
import asyncio
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
import json
from pathlib import Path
from random import Random
import resource
import shutil
import signal
import sys
from tempfile import mkdtemp
import time
from typing import Any, Final

from . import evidence, observer, report
from .evidence import Evidence
from .faults import suffer
from .household import Household
from .invariants import nothing_written_down_is_lost
from .ledger import Ledger
from .place import PLAYED
from .report import Report
from .schedule import Kind, Strike, schedule
from .several import FIRST_PORT, seeds_of, soak_each
from .site import set_up
from .visitors import Cards, Door, come
from .world import World, disabilities, made

SETTLES_WITHIN: Final = 60.0
CALM_S: Final = 10.0


def main() -> int:
    """Soak, and return 0 if everything held, 1 if not, 130 if somebody ended it."""
    options = _options()
    try:
        return asyncio.run(_several(options)) if options.seeds else _alone(options)
    except asyncio.CancelledError:
        return 130


async def _several(options: argparse.Namespace) -> int:
    _end_on_signals()
    return await soak_each(options)


def _alone(options: argparse.Namespace) -> int:
    folder = options.keep or Path(mkdtemp(prefix="soak-"))
    folder.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    try:
        done = asyncio.run(_soak(options, folder))
    except asyncio.CancelledError:
        if not options.keep:
            shutil.rmtree(folder, ignore_errors=True)
        raise
    done = replace(done, processors=_cpu_seconds() / (time.monotonic() - began))
    (folder / "report.json").write_text(json.dumps(done.as_json(), indent=2), "utf-8")
    print(json.dumps(done.as_json(), indent=2) if options.json else done.as_text(), flush=True)
    if done.held and not options.keep:
        shutil.rmtree(folder, ignore_errors=True)
    else:
        _say(f"logs and history are in {folder}")
    _say(f"seed {done.seed}, {done.minutes:g} minutes: {'held' if done.held else 'BROKEN'}")
    return 0 if done.held else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10, help="how long (10)")
    parser.add_argument("--seed", type=int, default=f"{datetime.now(UTC):%Y%m%d}")
    parser.add_argument("--seeds", type=seeds_of, metavar="1-30", help="one soak for each of these")
    parser.add_argument("--beside", type=int, default=1, help="so many of them at once (1)")
    parser.add_argument("--agents", type=int, default=2)
    kinds = ", ".join(Kind)
    parser.add_argument(
        "--only", type=Kind, action="append", metavar="KIND", help=f"only this fault: {kinds}"
    )
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="keep everything in there")
    parser.add_argument("--port", type=int, default=FIRST_PORT, help="the first that is tried")
    parser.add_argument("--json", action="store_true", help="say it for a program")
    return parser.parse_args()


async def _soak(options: argparse.Namespace, folder: Path) -> Report:
    _end_on_signals()
    strikes = _planned(options)
    ledger = Ledger()
    async with made(folder, options.seed, options.agents, options.port) as world:
        hearing = asyncio.create_task(observer.hear(world.told, ledger))
        try:
            found = await _live(world, ledger, strikes, options)
        finally:
            hearing.cancel()
            (folder / "history.json").write_text(report.history(ledger), "utf-8")
    return report.judge(options.seed, options.minutes, ledger, found)


def _planned(options: argparse.Namespace) -> tuple[Strike, ...]:
    """Say what will go wrong, and what cannot here."""
    able = set(options.only or Kind)
    for each in disabilities():
        _say(f"left out, because {each.why}: {', '.join(sorted(each.kinds))}")
        able -= each.kinds
    agents = [f"agent{number}" for number in range(options.agents)]
    strikes = schedule(options.seed, options.minutes * 60, agents, able)
    _say(f"seed {options.seed}, {options.minutes:g} minutes:", *(f"  {each}" for each in strikes))
    return strikes


async def _live(
    world: World, ledger: Ledger, strikes: Sequence[Strike], options: argparse.Namespace
) -> Evidence:
    """Let people come and things go wrong for as long as it takes; return what is there then."""
    owner, cards = await set_up(world), Cards()
    household = Household(world, owner, ledger, cards)
    await household.move_in()
    _say("everybody is here; it begins")
    ledger.began = time.time()
    doors = [
        Door(place, world.lines[name], world.programs[name], ledger)
        for name, place in world.places.items()
    ]
    async with _busy(observer.listen(owner, ledger), observer.look(world, ledger)):
        people = [come(door, cards, _random(options.seed, door.place.name)) for door in doors]
        async with _busy(household.live(_random(options.seed, "household")), *people):
            await _strike(world, ledger, strikes, options.minutes * 60)
        _say("it is over; everybody catches up")
        await asyncio.sleep(CALM_S)
        for door in doors:
            for card in cards.revoked[-3:]:
                await door.show(card, PLAYED)
        return await _settled(world, ledger, doors)


async def _strike(world: World, ledger: Ledger, strikes: Sequence[Strike], seconds: float) -> None:
    """Let things go wrong in their time; raises what a program could not come back from."""
    began = time.monotonic()
    async with asyncio.TaskGroup() as going_wrong:
        for strike in strikes:
            await asyncio.sleep(began + strike.at - time.monotonic())
            _say(f"{time.strftime('%H:%M:%S')} {strike}")
            going_wrong.create_task(suffer(world, ledger, strike))
        await asyncio.sleep(began + seconds - time.monotonic())


async def _settled(world: World, ledger: Ledger, doors: Sequence[Door]) -> Evidence:
    """Wait until what the agents wrote down is in the log, or for long enough."""
    deadline = time.monotonic() + SETTLES_WITHIN
    while True:
        journal = {
            name: str(row["kind"]) for door in doors for name, row in door.journal.rows().items()
        }
        found = await asyncio.to_thread(
            evidence.gather, world.database, world.media, world.objects, journal
        )
        if time.monotonic() > deadline or not any(nothing_written_down_is_lost(ledger, found)):
            return found
        await asyncio.sleep(2)


@asynccontextmanager
async def _busy(*work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Have work done meanwhile; what it fails with is raised in the end."""
    tasks = [asyncio.create_task(each) for each in work]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        ends = await asyncio.gather(*tasks, return_exceptions=True)
    for end in ends:
        if isinstance(end, Exception):
            raise end


def _cpu_seconds() -> float:
    """Return what everything together has taken; who was killed is counted for the most part."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def _random(seed: int, what: str) -> Random:
    return Random(f"{seed} {what}")  # noqa: S311 - to be repeated, not to be secret


def _end_on_signals() -> None:
    task = asyncio.current_task()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, lambda: task and task.cancel())


def _say(*lines: str) -> None:
    print("\n".join(f"soak: {line}" for line in lines), file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
