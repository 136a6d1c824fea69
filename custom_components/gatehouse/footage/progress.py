"""How far uploads are, told at most once a second to who wants to know."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from ..models import Footage

EVERY: Final = 1.0  # seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """One upload that is under way."""

    footage: str
    camera: str
    sent: int
    size: int
    """Bytes."""

    @property
    def percent(self) -> int:
        """How much of it has been sent."""
        return 100 * self.sent // self.size if self.size else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """What is being uploaded, and what hinders it."""

    uploading: tuple[Transfer, ...] = ()
    error: str | None = None
    """The code of the last failure since which nothing was uploaded."""
    reason: str | None = None
    """The same as a sentence that says what to do."""
    failing_since: datetime | None = None
    failures: int = 0
    """How often it has failed since then; what fails side by side fails once."""


class Counter:
    """Counts the bytes of one upload, from its thread."""

    def __init__(self, row: Footage) -> None:
        """Begin at none."""
        self._row = row
        self._sent = 0

    def add(self, size: int) -> None:
        self._sent += size

    @property
    def transfer(self) -> Transfer:
        """How far it is now."""
        row, size = self._row, self._row.size or 0
        return Transfer(footage=row.id, camera=row.camera, sent=min(self._sent, size), size=size)


class Board:
    """Where the uploads of one queue are written up."""

    def __init__(self) -> None:
        """Nothing is under way, and nothing has failed."""
        self._counters: dict[str, Counter] = {}
        self._error: tuple[str, str] | None = None
        self._failing_since: datetime | None = None
        self._watchers: list[Callable[[], None]] = []
        self._timer: asyncio.TimerHandle | None = None
        self._is_told = True

    @property
    def progress(self) -> Progress:
        error, reason = self._error or (None, None)
        return Progress(
            uploading=tuple(counter.transfer for counter in self._counters.values()),
            error=error,
            reason=reason,
            failing_since=self._failing_since,
        )

    def watch(self, changed: Callable[[], None]) -> Callable[[], None]:
        """Call `changed` whenever the progress is another; returns how to stop that."""
        self._watchers.append(changed)
        return lambda: self._watchers.remove(changed)

    @contextmanager
    def counting(self, row: Footage) -> Iterator[Counter]:
        """Show an upload while it is under way."""
        self._counters[row.id] = counter = Counter(row)
        self._change()
        try:
            yield counter
        finally:
            del self._counters[row.id]
            self._change()

    def fails(self, code: str, reason: str, at: datetime) -> bool:
        """Show what hinders uploads; returns whether they went well before."""
        is_news = self._failing_since is None
        self._failing_since = self._failing_since or at
        self._error = code, reason
        self._change()
        return is_news

    def works(self) -> bool:
        """Show that nothing hinders uploads; returns whether something did before."""
        is_news = self._failing_since is not None
        self._failing_since = self._error = None
        if is_news:
            self._change()
        return is_news

    def close(self) -> None:
        """Tell nobody any more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _change(self) -> None:
        self._is_told = False
        if self._timer is None:
            self._tell()

    def _tell(self) -> None:
        """Tell what is new, and look again in a second while there may be more."""
        self._timer = None
        if self._is_told and not self._counters:
            return
        self._is_told = True
        self._timer = asyncio.get_running_loop().call_later(EVERY, self._tell)
        for changed in tuple(self._watchers):
            changed()
