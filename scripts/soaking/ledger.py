"""What the soak knows: what it did, what was said to it, and how the programs were meanwhile."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
import math

from .schedule import Kind


class Answer(StrEnum):
    """What a door said to a card."""

    GRANTED = "granted"
    DENIED = "denied"


class What(StrEnum):
    """What can be announced."""

    INCIDENT = "incident"
    PASSAGE = "passage"
    FOOTAGE = "footage"
    OBJECT = "object"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A card that was held to a reader; times are those of the soak's own clock."""

    at: float
    door: str
    reader: str
    card: str
    answer: Answer | None
    excuse: str = ""
    """Why nobody could answer."""
    rows: tuple[str, ...] = ()
    """The passages that the agent wrote down for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Revoked:
    """A card of which all agents confirmed that it opens nothing any more."""

    card: str
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Announced:
    """Something that was said to exist, by its id; of a passage there is only where and when."""

    what: What
    id: str
    at: float
    about: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """The detector was shown somebody on a camera."""

    camera: int
    at: float
    walked: float
    """How far that one had walked across the picture, from 0 to 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What one life of a program used at a moment."""

    program: str
    life: int
    at: float
    rss: int
    fds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Lag:
    """By how many seconds each of a second's ticks of an event loop came late by its own fault."""

    program: str
    at: float
    late: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """A strike as it was: it ends when its target is well again."""

    kind: Kind
    target: str
    since: float
    until: float


@dataclass(slots=True)
class Ledger:
    """All of it, in the order in which it happened."""

    began: float = 0.0
    """When everybody was there."""
    shown: list[Shown] = field(default_factory=list)
    revoked: list[Revoked] = field(default_factory=list)
    announced: dict[tuple[What, str], Announced] = field(default_factory=dict)
    sightings: list[Sighting] = field(default_factory=list)
    samples: list[Sample] = field(default_factory=list)
    lags: list[Lag] = field(default_factory=list)
    troubles: list[Trouble] = field(default_factory=list)
    done: dict[str, int] = field(default_factory=dict)
    """How often what else was done, and how often that was refused."""

    fallen: dict[str, str] = field(default_factory=dict)
    """The last words of lives that ended by themselves."""
    refusals: list[str] = field(default_factory=list)
    """What was refused, when, and why."""

    def announce(self, announced: Announced) -> None:
        """Note it the first time."""
        self.announced.setdefault((announced.what, announced.id), announced)

    def count(self, what: str) -> None:
        """Count something."""
        self.done[what] = self.done.get(what, 0) + 1

    def said(self, what: What, until: float = math.inf) -> Iterator[Announced]:
        """Return what was announced of a kind up to a moment."""
        return (each for each in self.announced.values() if each.what is what and each.at <= until)

    def is_calm(
        self, since: float, until: float, kinds: Collection[Kind], targets: Collection[str]
    ) -> bool:
        """Whether nothing of these kinds befell these targets in that time."""
        return since > self.began and all(
            each.until < since or each.since > until
            for each in self.troubles
            if each.kind in kinds and each.target in targets
        )
