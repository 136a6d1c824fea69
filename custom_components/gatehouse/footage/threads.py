"""Work in threads that nobody leaves behind."""

import asyncio
from collections.abc import Callable


async def to_the_end[**Arguments, Result](
    work: Callable[Arguments, Result], *arguments: Arguments.args, **named: Arguments.kwargs
) -> Result:
    """Run work in a thread; who is cancelled meanwhile still waits until it writes no more."""
    running = asyncio.create_task(asyncio.to_thread(work, *arguments, **named))
    try:
        await asyncio.wait([running])
    except asyncio.CancelledError:
        await asyncio.wait([running])
        running.exception()
        raise
    return running.result()
