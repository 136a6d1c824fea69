"""The doors of one agent: what they go by, what happened at them, and what is asked of them."""

from datetime import timedelta
from typing import Final
from urllib.parse import quote

import aiohttp

from . import wire
from .access import DoorState, Enrolled, parse_door, parse_enrolled
from .connection import ANSWER, Connection
from .errors import AgentGarbled
from .passages import AgentPassage, PassagePage, parse_passage, parse_passages

LEARNING: Final = timedelta(seconds=30)

# A page of an agent's passages is some 60 kB.
PAGE: Final = 200

# The signature of ten thousand cards is checked, and the cards are written to a memory card.
GRANTS: Final = aiohttp.ClientTimeout(total=30)


class AgentDoors:
    """What an agent does at its doors; they are called by its own ids, and times are its clock's.

    All of it raises AgentError.
    """

    def __init__(self, connection: Connection) -> None:
        """Ask over this connection."""
        self._connection = connection

    async def unlock(
        self, door: str, person: str | None = None, duration: timedelta | None = None
    ) -> AgentPassage:
        """Unlock a door in the name of a person, for as long as it always is if nobody says."""
        seconds = None if duration is None else duration.total_seconds()
        body = {"person": person, "seconds": seconds}
        passage = parse_passage(await self._connection.json("POST", _at(wire.UNLOCK, door), body))
        if passage is None:
            raise AgentGarbled("The agent calls an unlocked door something that we do not know.")
        return passage

    async def lock(self, door: str) -> DoorState:
        """Lock a door before its time is over."""
        return parse_door(await self._connection.json("POST", _at(wire.LOCK, door), {}))

    async def enroll(
        self, door: str, reader: str | None = None, within: timedelta = LEARNING
    ) -> Enrolled:
        """Return the next card that a reader of a door is shown; it opens nothing.

        Raises AgentRefused `no_card` if none is shown in time, `busy` if somebody learns already.
        """
        body = {"reader": reader, "seconds": within.total_seconds()}
        patience = aiohttp.ClientTimeout(total=within.total_seconds() + (ANSWER.total or 0))
        path = _at(wire.ENROLL, door)
        return parse_enrolled(await self._connection.json("POST", path, body, timeout=patience))

    async def send(self, document: str) -> None:
        """Have the agent decide by these grants; none of its answers after this one is older.

        Raises AgentRefused `stale` if it has newer ones.
        """
        await self._connection.send_signed(wire.GRANTS, document, wire.GRANTS_PURPOSE, GRANTS)

    async def passages(self, after: int = 0, limit: int = PAGE) -> PassagePage:
        """Return what happened at the doors after the passage of this number."""
        query = {wire.QUERY_AFTER: str(after), wire.QUERY_LIMIT: str(limit)}
        return parse_passages(await self._connection.json("GET", wire.PASSAGES, query=query))

    async def acknowledge(self, until: int, journal: str) -> None:
        """Have the agent forget the passages up to this number: we keep them."""
        query = {wire.QUERY_UNTIL: str(until), wire.QUERY_JOURNAL: journal}
        async with self._connection.request("DELETE", wire.PASSAGES, query=query, timeout=ANSWER):
            pass


def _at(path: str, door: str) -> str:
    return path.format(door=quote(door, safe=""))
