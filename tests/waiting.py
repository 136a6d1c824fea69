"""Waiting until something is so, and no longer."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
import inspect
from time import monotonic, thread_time
from typing import Any, Final

SPUN: Final = 0.05  # seconds of a processor, many turns of the scheduler


async def eventually(question: Callable[[], Any], seconds: float = 10.0, what: str = "it") -> Any:
    """Ask until the answer is true, and return it; fails when it never becomes so.

    So long it may take on a machine that does nothing else.
    """
    answer, waited, patience = None, 0.0, seconds
    while patience > 0:
        try:
            async with asyncio.timeout(patience):
                while True:
                    asked = question()
                    answer = await asked if inspect.isawaitable(asked) else asked
                    if answer:
                        return answer
                    await asyncio.sleep(0.005)
        except TimeoutError:
            waited += patience
            patience = seconds * slowness() - waited
    raise AssertionError(f"{what} is still {answer!r} after {waited:.1f} s of {seconds}")


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Fail when this takes longer than it may on a machine that does nothing else."""
    began = monotonic()
    yield
    if (took := monotonic() - began) >= seconds:
        slow = slowness()
        told = f"{took:.2f} s of {seconds} where all takes {slow:.1f} times as long"
        assert took < seconds * slow, told


def slowness() -> float:
    """Return how many times as long as alone this process takes now for what it computes."""
    began, worked = monotonic(), thread_time()
    while thread_time() - worked < SPUN:
        pass
    return max(1.0, (monotonic() - began) / SPUN)
