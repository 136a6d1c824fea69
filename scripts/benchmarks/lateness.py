"""How late an event loop is while something else goes on in its process."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
import time
from typing import Final

PERIOD: Final = 0.005  # seconds
WAITED: Final = Path("/proc/thread-self/schedstat")


@asynccontextmanager
async def watched() -> AsyncIterator[list[float]]:
    """Yield by how many milliseconds each tick of this loop is late, for as long as this lasts.

    What its thread waited for a processor that others had is not its fault, and is taken off.
    """
    late: list[float] = []
    ticking = asyncio.create_task(_tick(late))
    try:
        yield late
    finally:
        ticking.cancel()
        with suppress(asyncio.CancelledError):
            await ticking


async def _tick(late: list[float]) -> None:
    while True:
        due, waited = time.monotonic() + PERIOD, _waited()
        await asyncio.sleep(PERIOD)
        over = time.monotonic() - due - (_waited() - waited)
        late.append(max(0.0, over) * 1000)


def _waited() -> float:
    """Return for how many seconds this thread was ready to run, and did not (Linux; else none)."""
    try:
        return int(WAITED.read_text("ascii").split()[1]) / 1e9
    except OSError:
        return 0.0
