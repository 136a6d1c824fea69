"""Readers that learn a card: one waits for the next card it is shown, until somebody gives up."""

import asyncio
from collections.abc import Callable
from datetime import timedelta

from ..agent import AgentDoors, Enrolled
from .errors import EnrollmentCancelled


class Lessons:
    """What readers learn now, by door."""

    def __init__(self, reach: Callable[[str], tuple[str, str, AgentDoors]]) -> None:
        """Take the way to a door: its agent, what that calls it, and what it does for us."""
        self._reach = reach
        self._going: dict[asyncio.Future[Enrolled], str] = {}

    async def enroll(self, door: str, reader: str | None, within: timedelta) -> Enrolled:
        """Return the next card that a reader of a door is shown; it opens nothing meanwhile.

        Raises AccessNotFound, AgentError and EnrollmentCancelled.
        """
        _, own, doors = self._reach(door)
        lesson = asyncio.ensure_future(doors.enroll(own, reader, within))
        self._going[lesson] = door
        try:
            await asyncio.wait((lesson,))
        finally:
            lesson.cancel()
            del self._going[lesson]
        if lesson.cancelled():
            raise EnrollmentCancelled("The reader learns no more: somebody cancelled it")
        return lesson.result()

    def cancel(self, door: str) -> bool:
        """Have the readers of a door let people in again; return whether one learnt."""
        lessons = [lesson for lesson, at in self._going.items() if at == door]
        for lesson in lessons:
            lesson.cancel()
        return bool(lessons)
