"""How things go wrong, and are well again."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
import sqlite3
import time
from typing import Final

from .clocks import HOUR
from .film import UPLOADS, jpeg
from .ledger import Ledger, Trouble
from .schedule import Kind, Strike
from .served import FAULT
from .world import World

# Seconds until everybody has noticed that all is well again, and has caught up.
AFTERMATH: Final = 20.0
AFTER_ABSENCE: Final = 75.0


async def suffer(world: World, ledger: Ledger, strike: Strike) -> None:
    """Do what a strike says, and see to it that its target is well again."""
    began = time.time()
    trouble = Trouble(kind=strike.kind, target=strike.target, since=began, until=began + HOUR)
    ledger.troubles.append(trouble)
    try:
        await _WAYS[strike.kind](world, strike)
    finally:
        absent = strike.kind in {Kind.KILL, Kind.CUT, Kind.FULL_DISK}
        until = time.time() + (AFTER_ABSENCE if absent else AFTERMATH)
        over = Trouble(kind=strike.kind, target=strike.target, since=began, until=until)
        ledger.troubles[ledger.troubles.index(trouble)] = over


async def _kill(world: World, strike: Strike) -> None:
    program = world.programs[strike.target]
    await program.kill()
    await asyncio.sleep(strike.lasts)
    await program.start()


async def _corrupt(world: World, strike: Strike) -> None:
    """Upload halves of pictures."""
    picture = jpeg(UPLOADS, 0.5)
    until = time.monotonic() + strike.lasts
    number = 0
    while time.monotonic() < until:
        number += 1
        cut = picture[: len(picture) * (number % 10) // 10]
        (world.uploads / f"half-{number}-{time.time_ns()}.jpg").write_bytes(cut)
        await asyncio.sleep(0.5)


async def _fail(world: World, strike: Strike) -> None:
    """Have a server answer wrongly; raises nothing if it was killed meanwhile: it is well then."""
    address = f"{world.address(strike.target)}{FAULT}"
    await (await world.session.put(address, data=strike.kind.value)).release()
    await asyncio.sleep(strike.lasts)
    await (await world.session.put(address)).release()


def _while(way: Callable[[World, str], AbstractContextManager[None]]) -> Way:
    async def suffered(world: World, strike: Strike) -> None:
        with way(world, strike.target):
            await asyncio.sleep(strike.lasts)

    return suffered


@contextmanager
def _locked(world: World, _: str) -> Iterator[None]:
    """Hold Gatehouse's database, as a backup program does."""
    with closing(sqlite3.connect(world.database, timeout=5, isolation_level=None)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            holder.execute("ROLLBACK")


type Way = Callable[[World, Strike], Awaitable[None]]

_WAYS: Final[dict[Kind, Way]] = {
    Kind.KILL: _kill,
    Kind.CUT: _while(lambda world, name: world.cables[name].cut()),
    Kind.SLOW_DISK: _while(lambda world, name: world.weather[name].slowed()),
    Kind.FULL_DISK: _while(lambda world, name: world.disks[name].full()),
    Kind.CLOCK_AHEAD: _while(lambda world, name: world.weather[name].jumped(HOUR)),
    Kind.CLOCK_BEHIND: _while(lambda world, name: world.weather[name].jumped(-HOUR)),
    Kind.CORRUPT: _corrupt,
    Kind.NONSENSE: _fail,
    Kind.LOCKED: _while(_locked),
    Kind.BROKEN: _fail,
    Kind.DENIED: _fail,
    Kind.SLOW: _fail,
}
