"""Waiting until something is so, and no longer."""

import asyncio
from collections.abc import Callable
import inspect
from typing import Any


async def eventually(question: Callable[[], Any], seconds: float = 10.0, what: str = "it") -> Any:
    """Ask until the answer is true, and return it; fails when it never becomes so."""
    answer = None
    try:
        async with asyncio.timeout(seconds):
            while True:
                asked = question()
                answer = await asked if inspect.isawaitable(asked) else asked
                if answer:
                    return answer
                await asyncio.sleep(0.005)
    except TimeoutError:
        raise AssertionError(f"{what} is still {answer!r} after {seconds} s") from None
