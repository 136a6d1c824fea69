"""Who comes to a door: holds cards to its readers, and sees what becomes of that."""

import asyncio
import json
from random import Random
import time
from typing import Any, Final

from .ledger import Answer, Ledger, Shown
from .line import Line
from .place import PLAYED, WIRED, Place
from .programs import Program
from .schedule import Kind

ANSWERED_WITHIN: Final = 10.0
PAUSE: Final = 0.1
SETTLED: Final = 3.0
"""Seconds that an agent has after its start until its readers hear."""
APART: Final = (4.0, 9.0)


class Journal:
    """What an agent writes down, as it comes; its file may be rewritten."""

    def __init__(self, place: Place) -> None:
        self._place = place

    def rows(self) -> dict[str, dict[str, Any]]:
        """Return all rows that are there, by the ids that the site gives them."""
        try:
            text = self._place.journal.read_text("utf-8", errors="replace")
        except OSError:
            return {}
        found: dict[str, dict[str, Any]] = {}
        for line in text.splitlines():
            try:
                row = json.loads(line.strip("\0"))
            except ValueError:
                continue  # half a line: a power cut, or it is just being written
            if isinstance(row, dict) and "seq" in row and "kind" in row:
                found[f"{self._place.memory.id}-{row['journal']}-{row['seq']}"] = row
        return found


class Door:
    """One door, and what is known of who was there."""

    def __init__(self, place: Place, line: Line, agent: Program, ledger: Ledger) -> None:
        self.place = place
        self.journal = Journal(place)
        self._agent = agent
        self._ledger = ledger
        self._line = line
        self._owed: dict[str, int] = {}

    async def show(self, card: str, reader: str) -> Shown:
        """Hold a card to a reader, wait for what comes of it, and note that."""
        life, since, before = self._agent.life, time.time(), self.journal.rows().keys()
        told = None
        if reader == PLAYED:
            told = await self._at_the_played(card)
        else:
            await self._at_the_wired(card)
        new = {
            name: row
            for name, row in self.journal.rows().items()
            if name not in before and row.get("reader") == reader and row["kind"] in set(Answer)
        }
        rows = self._own(reader, new, since)
        answer = told or next((Answer(row["kind"]) for row in rows.values()), None)
        shown = Shown(
            at=since,
            door=self.place.door,
            reader=reader,
            card=card,
            answer=answer,
            excuse="" if answer else self._excuse(life, since, reader),
            rows=tuple(rows),
        )
        self._ledger.shown.append(shown)
        return shown

    def _own(
        self, reader: str, rows: dict[str, dict[str, Any]], since: float
    ) -> dict[str, dict[str, Any]]:
        """Return the rows that are of this card, and not of those before it.

        What a full disk had no room for is written down later, in its turn.
        """
        if rows:
            late = min(self._owed.pop(reader, 0), len(rows) - 1)
            return dict(list(rows.items())[late:])
        if self._is_full(since):
            self._owed[reader] = self._owed.get(reader, 0) + 1
        return rows

    def _excuse(self, life: int, since: float, reader: str) -> str:
        began = self._agent.began
        if not began or began + SETTLED > since or self._agent.life != life:
            return "the agent was not there"
        if reader == WIRED and self._is_full(since):
            return "nothing could be written down"
        return ""

    def _is_full(self, since: float) -> bool:
        """Return whether the agent's disk was full at any time since then."""
        return any(
            each.target == self.place.name and each.until > since and each.kind is Kind.FULL_DISK
            for each in self._ledger.troubles
        )

    async def _at_the_wired(self, card: str) -> None:
        """Wait for what is written down: of an RDM6300 nobody sees what it was answered."""
        before = self.journal.rows().keys()
        try:
            self._line.show(card)
        except OSError:
            return  # nobody has read it for long
        until = time.monotonic() + ANSWERED_WITHIN
        while time.monotonic() < until:
            await asyncio.sleep(PAUSE)
            rows = self.journal.rows()
            if any(rows[name].get("reader") == WIRED for name in rows.keys() - before):
                return

    async def _at_the_played(self, card: str) -> Answer | None:
        try:
            async with asyncio.timeout(ANSWERED_WITHIN):
                return await self._played(card)
        except OSError, TimeoutError:
            return None

    async def _played(self, card: str) -> Answer | None:
        hear, say = await asyncio.open_unix_connection(self.place.socket)
        try:
            say.write(json.dumps({"present": card, "reader": PLAYED}).encode() + b"\n")
            async for line in hear:
                said = json.loads(line)
                if said.get("reader") == PLAYED and said.get("feedback") in set(Answer):
                    # It is told before it is written down.
                    await asyncio.sleep(PAUSE)
                    return Answer(said["feedback"])
            return None
        finally:
            say.close()


async def come(door: Door, cards: Cards, random: Random) -> None:
    """Come with one card after the other."""
    while True:
        await asyncio.sleep(random.uniform(*APART))
        await door.show(cards.pick(random), random.choice((WIRED, PLAYED)))


class Cards:
    """All cards that there are, and whose."""

    def __init__(self) -> None:
        self.residents = [f"01000000{number:02X}" for number in range(4)]
        self.guests: list[str] = []
        """Given out, and to be taken back."""
        self.revoked: list[str] = []
        self._strangers = 0
        self._given = 0

    def guest(self) -> str:
        """Return a card that nobody had before."""
        self._given += 1
        return f"020000{self._given:04X}"

    def pick(self, random: Random) -> str:
        """Return somebody's card; those that open nothing not so often that a reader is deaf."""
        lot = random.random()
        if lot < 0.10 and self.revoked:
            return random.choice(self.revoked[-3:])
        if lot < 0.15:
            self._strangers += 1
            return f"FF0000{self._strangers:04X}"
        if lot < 0.35 and self.guests:
            return random.choice(self.guests)
        return random.choice(self.residents)
