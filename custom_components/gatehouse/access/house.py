"""What is around the doors."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from ..agent import AgentDoors
from ..models import Group, Passage
from .compiler import HORIZON


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessOptions:
    """How a site goes about its doors."""

    groups: tuple[Group, ...] = ()
    """Which cameras see which doors, by their keys."""
    keep: timedelta = timedelta(days=365)
    """How long the log is kept."""
    horizon: timedelta = HORIZON
    """How long agents go on without us."""
    refresh: timedelta = timedelta(hours=1)
    """How often they get new grants, whatever happens, and the log is looked through."""
    retry_first: timedelta = timedelta(seconds=1)
    retry_longest: timedelta = timedelta(minutes=5)
    batch: timedelta = timedelta(seconds=2)
    """How long passages are gathered before an agent is told to forget them."""


class House(Protocol):
    """What is around the doors: it hears the news at once, on the event loop, and tells."""

    def passage(self, passage: Passage) -> Passage:
        """Hear what happened at a door; what is replayed is no news, but belongs to the past.

        Return it with its incident, if that is known at once.
        """

    def spent(self) -> None:
        """Hear that a credential was used that may be used only so often."""

    def agents(self) -> Mapping[str, AgentDoors]:
        """Tell which agents are connected, by their ids."""

    def clock_ahead(self, agent: str) -> timedelta:
        """Tell how far an agent's clock is ahead of the site's, as far as anybody knows."""

    def now(self) -> datetime:
        """Tell the time of day, by a clock that may be set."""

    def clock(self) -> float:
        """Tell the seconds since any moment, by a clock that is never set."""
