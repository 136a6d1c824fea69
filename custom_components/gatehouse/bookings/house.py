"""What is around appointments."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from ..agent import Agent
from ..footage import Calibration, Corner
from ..models import Footage
from .nouns import Appointment


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """How two cameras share a picture, beyond the layout."""

    name: str
    """Under which name the movies are filed."""
    corner: Corner = Corner.BOTTOM_RIGHT
    calibration: Calibration | None = None


class House(Protocol):
    """What is around appointments: who records, who is told, and what time it is."""

    def agents(self) -> Mapping[str, Agent]:
        """Tell which agents are connected, by their ids."""

    def has_agent(self, camera: str) -> bool:
        """Tell whether a camera is an agent's, which records by itself what it is told ahead."""

    def frame(self, appointment: Appointment) -> Frame:
        """Tell how the movie of an appointment is framed."""

    def uploads(self) -> bool:
        """Tell whether there is an off-site storage for movies."""

    async def share(self, appointment: Appointment, movie: Footage) -> str | None:
        """Return an address by which anybody may see a movie; None if there cannot be one."""

    async def finished(self, appointment: Appointment) -> None:
        """Hear that nothing more is to come of an appointment: its movie is where it was wanted."""

    def progressed(self, appointment: Appointment, share: float) -> None:
        """Hear how much of a movie is made, from 0 to 1."""

    def now(self) -> datetime:
        """Tell the time of day, by a clock that may be set."""
