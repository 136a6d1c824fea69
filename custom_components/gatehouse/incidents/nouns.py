"""Incidents in the making: what counts, who is there, what a picture shows, and an open case."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from ..models import Detection, Group, Incident, Zone

# What models call somebody.
PERSON: Final = "person"


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentOptions:
    """What counts as a sign, what belongs together, and how long incidents and footage last."""

    labels: frozenset[str] = frozenset({PERSON})
    threshold: float = 0.35
    """The score from which on a detection counts."""
    certainty: float = 0.45
    """What the median of somebody's scores must reach."""
    needed: int = 3
    of: int = 5
    """So many of the last so many frames must show somebody before anybody is told."""
    window: timedelta = timedelta(seconds=90)
    idle: timedelta = timedelta(seconds=30)
    cooldown: timedelta = timedelta(seconds=120)
    """After a notification of a group, the next one waits so long, unless it is worse."""
    idle_check: timedelta = timedelta(seconds=15)
    """How often somebody who stands still is looked at."""
    pre_roll: timedelta = timedelta(seconds=5)
    post_roll: timedelta = timedelta(seconds=5)
    longest: timedelta = timedelta(seconds=120)
    fps: float = 5.0
    groups: tuple[Group, ...] = ()
    ask_model: bool = False
    """Whether a language model is asked when an incident is over."""
    tick: timedelta = timedelta(seconds=1)
    """How often the clock is looked at between pictures, the pause after a failure of the detector,
    and the first one after a failure of the pictures."""

    def __post_init__(self) -> None:
        """Refuse numbers with which nobody would ever be confirmed."""
        if not 1 <= self.needed <= self.of:
            raise ValueError(f"{self.needed} of {self.of} frames can never confirm anybody")


@dataclass(frozen=True, slots=True, kw_only=True)
class Presence:
    """Whether somebody is in a camera's view now, how many, and in which zones (their ids)."""

    present: bool = False
    count: int = 0
    persons: int = 0
    """How many of them are people."""
    zones: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sign:
    """What one picture of a camera shows of people who are confirmed, and no old news."""

    camera: str
    captured: datetime
    since: datetime
    """When the first of them was seen first."""
    shown: tuple[Detection, ...]
    zones: tuple[Zone, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """An open incident, and our own steady clock (seconds, any origin) at its signs.

    Silence and duration are measured by that clock, whatever the incident's moments say: uploads
    come late, and clocks are set.
    """

    incident: Incident
    opened: float
    heard: float
