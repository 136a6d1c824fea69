"""Whose turn it is to ask the language model: so many at once, within the budget of a day."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager


class Turns:
    """Gives turns to whoever asks, the first come first."""

    def __init__(self, at_once: int, budget: int, spent: Callable[[], Awaitable[int]]) -> None:
        """Have `spent` tell what the day has cost so far, without those whose turn it is."""
        self._budget = budget
        self._spent = spent
        self._places = asyncio.Semaphore(at_once)
        self._granting = asyncio.Lock()
        self._under_way = 0
        self._ended = asyncio.Event()

    @asynccontextmanager
    async def turn(self) -> AsyncGenerator[bool]:
        """Wait for a turn; False if the day's budget is used up.

        What the question cost must be known to `spent` before the block ends.
        """
        async with self._places:
            if not await self._granted():
                yield False
                return
            try:
                yield True
            finally:
                self._under_way -= 1
                self._ended.set()

    async def _granted(self) -> bool:
        """Whether one more question is within the budget; if that depends, wait for an answer."""
        async with self._granting:
            while True:
                self._ended.clear()
                # Looked at first: who ends in between is counted twice then, and never not at all.
                under_way = self._under_way
                spent = await self._spent()
                if spent >= self._budget:
                    return False
                if spent + under_way < self._budget:
                    self._under_way += 1
                    return True
                await self._ended.wait()
