"""What a log is made of."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

from ..agent import LogLevel

SITE: Final = "site"
"""The source that is Home Assistant's part of Gatehouse; the others are agents, by their ids."""


class Place(NamedTuple):
    """Where a record stands among all others: by its time, and never beside another."""

    at: datetime
    source: str
    run: str
    seq: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LogRecord:
    """One record; source, run and seq are its key."""

    source: str
    run: str
    """Names what its source was from one start to the next."""
    seq: int
    at: datetime
    """By our clock."""
    level: LogLevel
    logger: str
    text: str

    @property
    def id(self) -> str:
        """What it is called."""
        return f"{self.source}/{self.run}/{self.seq}"

    @property
    def place(self) -> Place:
        """Where it stands."""
        return Place(self.at, self.source, self.run, self.seq)


@dataclass(frozen=True, slots=True, kw_only=True)
class LogQuery:
    """Which records to find; None asks nothing."""

    source: str | None = None
    level: LogLevel | None = None
    """That bad, or worse."""
    text: str | None = None
    """What is in their texts, in small letters or capitals."""
    since: datetime | None = None
    until: datetime | None = None
    """At or after since, and before until."""
    before: Place | None = None
    """The last one of the page before."""
    limit: int = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class LogPage:
    """Records, newest first, and before which place the next page begins; None at the end."""

    records: tuple[LogRecord, ...]
    next: str | None
