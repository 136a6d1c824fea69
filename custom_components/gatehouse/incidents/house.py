"""What is around the cameras."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Protocol

from .news import IncidentNews
from .nouns import Presence
from .risk import Surroundings


class House(Protocol):
    """What is around the cameras: it hears the news at once, on the event loop, and tells."""

    def presence(self, camera: str, presence: Presence) -> None:
        """Hear who is in a camera's view now."""

    def incident(self, news: IncidentNews) -> None:
        """Hear what became of an incident; its row is written."""

    def surroundings(self) -> Surroundings:
        """Tell whether it is dark, whether anybody is at home, whether the alarm is armed."""

    def camera_names(self) -> Mapping[str, str]:
        """Tell what people call the cameras and doors, by their keys."""

    def clock_ahead(self, camera: str) -> timedelta:
        """Tell how far a camera's clock, as far as anybody knows, is ahead of the site's."""

    def now(self) -> datetime:
        """Tell the time of day, by a clock that may be set."""

    def clock(self) -> float:
        """Tell the seconds since any moment, by a clock that is never set."""


def surroundings_of_then(house: House) -> Surroundings:
    """Return what the house still knows of what was around it long ago: next to nothing."""
    return Surroundings(zone=house.surroundings().zone)
