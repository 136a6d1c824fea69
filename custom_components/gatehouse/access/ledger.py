"""What the log says of cards and people, at hand for the next decision."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from ..agent import Direction
from ..models import Passage, PassageKind
from .log import Entry, PassageLog
from .policies import Policies
from .rules import Whereabouts

# Where somebody went longer ago than this does not matter at any door.
REMEMBERED: Final = timedelta(days=7)


class Ledger:
    """Keeps passages in the log, and remembers uses of credentials and where everybody went."""

    def __init__(self, log: PassageLog, policies: Policies, spent: Callable[[], None]) -> None:
        """Tell `spent` when a credential was used that may be used only so often."""
        self._log = log
        self._policies = policies
        self._spent = spent
        self._uses: dict[str, dict[str, int]] = {}
        self._last: dict[str, Whereabouts] = {}
        self._loading = asyncio.Lock()
        self._loaded = False

    async def load(self, now: datetime) -> None:
        """Read what the log says, the first time; raises DatabaseError."""
        if self._loaded:
            return
        async with self._loading:
            if not self._loaded:
                last = await self._log.whereabouts(now - REMEMBERED)
                self._uses, self._last = await self._log.uses(), last
                self._loaded = True

    @property
    def uses(self) -> Mapping[str, Mapping[str, int]]:
        """How often each credential opened a door, by who decided; it never changes."""
        return dict(self._uses)

    def uses_of(self, credential: str) -> int:
        """Return how often a credential opened any door."""
        return sum(self._uses.get(credential, {}).values())

    def last_of(self, person: str) -> Whereabouts | None:
        """Return which way somebody went last."""
        return self._last.get(person)

    def count(self, entry: Entry) -> None:
        """Remember a passage that is about to be kept."""
        passage = entry.passage
        if passage.kind is not PassageKind.GRANTED:
            return
        if entry.credential is not None:
            self._count_use(entry.credential, entry.decider)
        if passage.holder is not None and passage.direction is not None:
            self._went(passage.holder, passage)

    async def keep(self, entries: Sequence[Entry], *, counted: bool = False) -> list[Passage]:
        """Keep passages in the log, and return those that are new; raises DatabaseError."""
        new = await self._log.add(entries)
        if not counted:
            for entry in new:
                self.count(entry)
        return [entry.passage for entry in new]

    def _count_use(self, credential: str, decider: str) -> None:
        uses = self._uses.get(credential, {})
        # Another one, as somebody may hold what was so far.
        self._uses[credential] = {**uses, decider: uses.get(decider, 0) + 1}
        known = self._policies.policy.credentials.get(credential)
        if known is not None and known.max_uses is not None:
            self._spent()

    def _went(self, person: str, passage: Passage) -> None:
        last = self._last.get(person)
        # What is told late is of before; of what happens now, the clock may have been set back.
        if last is None or last.at <= passage.at or not passage.replayed:
            direction = Direction(str(passage.direction))
            self._last[person] = Whereabouts(direction=direction, at=passage.at)
