"""What somebody has to see to, and what it is judged by."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from ..agent import AccessState, AgentStats, Booked
from ..models import CameraState


class Severity(StrEnum):
    """How bad a problem is: something may go wrong, or something does."""

    WARNING = "warning"
    ERROR = "error"


class ProblemKind(StrEnum):
    """What can be wrong with a site."""

    AGENT_CLOCK = "agent_clock"
    AGENT_CLOCK_DOORS = "agent_clock_doors"
    AGENT_DISK = "agent_disk"
    AGENT_OFFLINE = "agent_offline"
    AGENT_OUTDATED = "agent_outdated"
    BOOKINGS_FAILING = "bookings_failing"
    BOOKINGS_NO_SPACE = "bookings_no_space"
    CAMERA_OFFLINE = "camera_offline"
    DATABASE_FAILING = "database_failing"
    DISK_FULL = "disk_full"
    GRANTS_OLD = "grants_old"
    NO_GRANTS = "no_grants"
    OFFSITE_STALLED = "offsite_stalled"
    OTHER_CALENDAR_GONE = "other_calendar_gone"
    UNDER_VOLTAGE = "under_voltage"


type Word = str | int | datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Something that somebody has to see to, as long as it is so."""

    kind: ProblemKind
    about: str = ""
    """The id of what has it; empty for the site itself."""
    severity: Severity = Severity.ERROR
    words: Mapping[str, Word]
    """What its sentences leave open, by names."""
    fixable: bool = False
    """Whether something can be done about it from here."""

    @property
    def id(self) -> str:
        """The name of this one problem."""
        return f"{self.kind}_{self.about}" if self.about else self.kind.value


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentReport:
    """One agent as it is now; all but its name is of when it was connected last."""

    id: str
    name: str
    connected: bool
    is_told: bool
    """Whether somebody is asked already to do something about its being away."""
    error: str
    """Why it is not connected."""
    version: str | None
    stats: AgentStats
    clock_ahead: timedelta
    access: AccessState | None
    doors: tuple[str, ...]
    """What people call its doors."""
    bookings: Booked | None
    cameras: Mapping[str, tuple[str, CameraState]]
    """The name and the state of each, by its site-wide key."""
