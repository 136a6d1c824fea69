"""The feed of one agent, over one connection after the other."""

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from datetime import timedelta
import random
from typing import Final

from .agent import Agent, AgentError, AgentUnreachable, Message

# A Pi that reboots is back within a minute; asking faster than this only fills its log.
RETRY_FIRST: Final = timedelta(seconds=1)
RETRY_LONGEST: Final = timedelta(seconds=60)


async def async_follow_feed(
    agent: Agent, hear: Callable[[Message], None], lose: Callable[[AgentError], None]
) -> None:
    """Pass on what an agent says, and each end of a connection, until cancelled.

    Who hears may raise AgentError to end a connection.
    """
    pause = RETRY_FIRST
    while True:
        try:
            async with aclosing(agent.feed()) as feed:
                async for message in feed:
                    hear(message)
                    pause = RETRY_FIRST
        except AgentError as err:
            lose(err)
        else:
            lose(AgentUnreachable("The agent closed the connection."))
        await asyncio.sleep(pause.total_seconds() * random.uniform(0.5, 1.0))  # noqa: S311 - jitter
        pause = min(pause * 2, RETRY_LONGEST)
