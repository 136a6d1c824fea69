"""News for one viewer: told when there are any, and no faster than anybody can read them."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any, Final

# Faster than that nobody can read it.
AT_MOST_EVERY: Final = timedelta(seconds=1)

# Queues grow, days move on, and others use the disk, without anybody telling.
LOOK_EVERY: Final = timedelta(minutes=1)


async def async_tell_changes(
    changed: asyncio.Event,
    look: Callable[[], Awaitable[dict[str, Any]]],
    tell: Callable[[dict[str, Any]], None],
) -> None:
    """Tell what a look shows whenever it is not as it was told last, until cancelled."""
    told: dict[str, Any] | None = None
    while True:
        changed.clear()
        news = await look()
        if news != told:
            tell(news)
            told = news
        await async_next_look(changed)


async def async_next_look(changed: asyncio.Event) -> None:
    """Wait until it is worth looking again: after a change, and now and then without one."""
    await asyncio.sleep(AT_MOST_EVERY.total_seconds())
    with suppress(TimeoutError):
        async with asyncio.timeout(LOOK_EVERY.total_seconds()):
            await changed.wait()
