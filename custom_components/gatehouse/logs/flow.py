"""Records come in from everywhere, and are written once a second."""

import asyncio
from collections import defaultdict, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
import logging
import secrets
from typing import Final

from ..agent import LogBatch, LogLevel, LogLine
from ..database import DatabaseError
from .nouns import SITE, LogPage, LogQuery, LogRecord
from .rules import Allowance, corrected, is_asked_for, named, written
from .store import LogStore

_LOGGER = logging.getLogger(__name__)

PAUSE: Final = timedelta(seconds=1)

# A database that is held by somebody makes everybody wait who writes: it is not asked more often.
LONGEST_PAUSE: Final = timedelta(seconds=30)

TRIM_EVERY: Final = timedelta(hours=1)
"""Where nobody says anything what was said grows old nevertheless."""

WAITING: Final = 2000  # records; some MB where the database stands still

LOST: Final = "{} records are lost so far: more came at once than are kept"


@dataclass(slots=True, kw_only=True)
class _Source:
    """How far somebody was heard."""

    run: str = ""
    seq: int = 0
    lost: int = 0
    """How many of its run it lost itself."""
    dropped: int = 0
    """How many we did, and of how many of these there is a record."""
    told: int = 0
    allowance: Allowance = field(default_factory=Allowance)


class Logs:
    """Takes the records of all sources, and finds them again."""

    def __init__(
        self,
        store: LogStore,
        own: Callable[[], LogBatch],
        hidden: Iterable[str],
        now: Callable[[], datetime],
    ) -> None:
        """Own gives what the site itself has to tell; what is hidden is in no record."""
        self._store = store
        self._own = own
        self._hidden = tuple(hidden)
        self._now = now
        self._run = secrets.token_hex(6)
        self._sources: dict[str, _Source] = defaultdict(_Source)
        self._waiting: deque[LogRecord] = deque()
        self._trimmed: datetime | None = None
        self._listeners: list[Callable[[list[LogRecord]], None]] = []

    def hear(self, source: str, batch: LogBatch, ahead: timedelta = timedelta()) -> None:
        """Take what somebody tells whose clock is so far ahead; what is known is passed over."""
        known, now = self._sources[source], self._now()
        if known.run != batch.run:
            known.run, known.seq, known.lost = batch.run, 0, 0
        lines = [line for line in batch.lines if line.seq > known.seq]
        granted, known.allowance = known.allowance.spend(len(lines), now)
        for line in lines[:granted]:
            at = corrected(line.at, ahead, now)
            self._wait_for(source, batch.run, replace(line, at=at))
        known.seq = max((line.seq for line in lines), default=known.seq)
        known.dropped += len(lines) - granted
        if batch.lost > known.lost:
            known.lost = batch.lost
            self._wait_for(source, batch.run, _loss(batch.lost, now))

    async def run(self) -> None:
        """Write what came, once a second, until cancelled."""
        pause = PAUSE
        while True:
            await asyncio.sleep(pause.total_seconds())
            try:
                await self.write()
            except DatabaseError as error:
                if pause == PAUSE:
                    _LOGGER.warning("The log waits until the database works again: %s", error)
                pause = min(pause * 2, LONGEST_PAUSE)
            else:
                pause = PAUSE

    async def write(self) -> None:
        """Write what came; raises DatabaseError, and then it waits for the next time."""
        self.hear(SITE, self._own())
        now = self._now()
        self._own_up(now)
        if not self._waiting and self._trimmed and now - self._trimmed < TRIM_EVERY:
            return
        batch, self._waiting = self._waiting, deque()
        try:
            new = await self._store.add(batch, now)
        except BaseException:
            batch.extend(self._waiting)
            self._waiting = batch
            self._drop()
            raise
        self._trimmed = now
        if new:
            self._tell(new)

    async def find(self, query: LogQuery) -> LogPage:
        """Return a page of records, newest first."""
        found = await self._store.find(replace(query, limit=query.limit + 1))
        shown = tuple(found[: query.limit])
        more = len(found) > query.limit
        return LogPage(records=shown, next=named(shown[-1].place) if more else None)

    async def sources(self) -> set[str]:
        """Return of whom there are records."""
        return await self._store.sources()

    def subscribe(
        self, query: LogQuery, listener: Callable[[list[LogRecord]], None]
    ) -> Callable[[], None]:
        """Call listener with those new records that are asked for, newest first; return its end."""

        def tell(new: list[LogRecord]) -> None:
            if asked := [record for record in new if is_asked_for(record, query)]:
                listener(asked)

        self._listeners.append(tell)
        return lambda: self._listeners.remove(tell)

    def _wait_for(self, source: str, run: str, line: LogLine) -> None:
        self._waiting.append(
            LogRecord(
                source=source,
                run=run,
                seq=line.seq,
                at=line.at,
                level=line.level,
                logger=written(line.logger, ()),
                text=written(line.text, self._hidden),
            )
        )
        self._drop()

    def _drop(self) -> None:
        """Let the oldest go that nobody could write yet, if there are too many."""
        while len(self._waiting) > WAITING:
            self._sources[self._waiting.popleft().source].dropped += 1

    def _own_up(self, now: datetime) -> None:
        """Make a record of what we dropped since the last one."""
        for source, known in self._sources.items():
            if known.dropped > known.told:
                known.told = known.dropped
                self._wait_for(source, self._run, _loss(known.dropped, now))

    def _tell(self, new: list[LogRecord]) -> None:
        for listener in tuple(self._listeners):
            listener(new)


def _loss(count: int, now: datetime) -> LogLine:
    """Return a line of how many were lost; of the same number there is one in a run."""
    text = LOST.format(count)
    return LogLine(seq=-count, at=now, level=LogLevel.WARNING, logger=__package__, text=text)
