"""When something is wrong with an agent, and how long it has to last before it is told."""

from collections.abc import Iterator, Mapping, Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime, timedelta
import re
from typing import Final

from ..agent import ErrorCode
from ..models import CameraState, CameraStatus
from .nouns import AgentReport, Problem, ProblemKind, Severity, Word

# Recordings begin to fail when a disk is full; a tenth of a small card is some hours of clips. What
# was told is told until there is clearly more room.
DISK_FULL: Final = 90.0
DISK_ROOMY: Final = 87.0
DISK_SHORT: Final = 1_000_000_000
DISK_AMPLE: Final = 1_200_000_000

# From then on clips of two cameras do not fit together, and boxes are drawn where nobody is any
# more. A Pi that is set by the network is never a second off.
CLOCK_OFF: Final = timedelta(seconds=5)
CLOCK_RIGHT: Final = timedelta(seconds=3)
# From then on somebody enters before their time, or too late.
CLOCK_MATTERS_AT_DOORS: Final = timedelta(seconds=30)

# An agent tells of its pictures with its stats, every ten seconds; it restarts a camera that gives
# none long before. If it says that the camera is well nevertheless, it is wrong.
FRAME_FROZEN: Final = timedelta(minutes=1)

# Grants are compiled anew each hour.
GRANTS_STALE: Final = timedelta(days=1)

MEGABYTE: Final = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How long a problem must last before it is told, and be over before it is taken back."""

    patience: timedelta = timedelta(minutes=1)
    calm: timedelta = timedelta(minutes=1)


PACES: Final[Mapping[ProblemKind, Pace]] = {
    # A Pi that is updated is back by then, and so is a network whose router restarts.
    ProblemKind.AGENT_OFFLINE: Pace(patience=timedelta(minutes=15), calm=timedelta()),
    # A Pi has no clock of its own: the network sets it some minutes after it was switched on.
    ProblemKind.AGENT_CLOCK: Pace(patience=timedelta(minutes=5)),
    ProblemKind.AGENT_CLOCK_DOORS: Pace(patience=timedelta(minutes=5)),
    # The agent restarts the camera by itself, again and again.
    ProblemKind.CAMERA_OFFLINE: Pace(patience=timedelta(minutes=5)),
    # The voltage breaks down for moments, when much is computed.
    ProblemKind.UNDER_VOLTAGE: Pace(patience=timedelta(), calm=timedelta(hours=1)),
    # Grants come within a second of connecting.
    ProblemKind.NO_GRANTS: Pace(patience=timedelta(minutes=5), calm=timedelta()),
    ProblemKind.GRANTS_OLD: Pace(patience=timedelta(), calm=timedelta()),
    # An update of both takes as long.
    ProblemKind.AGENT_OUTDATED: Pace(patience=timedelta(minutes=5), calm=timedelta()),
}
USUAL: Final = Pace()


def problems(
    agent: AgentReport, ours: str, now: datetime, told: AbstractSet[str]
) -> Iterator[Problem]:
    """Yield what is wrong with an agent; ours is the integration's version.

    Told are the ids of the problems that are told of now: what is told stays so until it is clearly
    better.
    """
    if agent.connected:
        yield from _of_machine(agent, told)
        yield from _of_clock(agent, told)
        yield from _of_version(agent, ours)
        yield from _of_cameras(agent)
        yield from _of_grants(agent, now)
        yield from _of_bookings(agent)
    elif not agent.is_told:
        yield Problem(
            kind=ProblemKind.AGENT_OFFLINE,
            about=agent.id,
            words={"name": agent.name, "error": agent.error},
        )


def is_older(version: str | None, than: str) -> bool:
    """Return whether a release came before another; one that we cannot read did not."""
    theirs, ours = _release(version or ""), _release(than)
    return bool(theirs) and theirs < ours


def _of_machine(agent: AgentReport, told: AbstractSet[str]) -> Iterator[Problem]:
    stats = agent.stats
    if stats.under_voltage:
        yield Problem(kind=ProblemKind.UNDER_VOLTAGE, about=agent.id, words={"name": agent.name})
    short = Problem(
        kind=ProblemKind.AGENT_DISK,
        about=agent.id,
        severity=Severity.WARNING,
        words={
            "name": agent.name,
            "percent": round(stats.disk_percent or 0),
            "free": _megabytes(stats.disk_free_bytes),
        },
    )
    if short.id in told:
        most, least = DISK_ROOMY, DISK_AMPLE
    else:
        most, least = DISK_FULL, DISK_SHORT
    full = stats.disk_percent is not None and stats.disk_percent >= most
    if full or (stats.disk_free_bytes is not None and stats.disk_free_bytes < least):
        yield short


def _of_clock(agent: AgentReport, told: AbstractSet[str]) -> Iterator[Problem]:
    off = abs(agent.clock_ahead)
    words: dict[str, Word] = {"name": agent.name, "seconds": round(off.total_seconds())}
    if agent.doors and off > CLOCK_MATTERS_AT_DOORS:
        words["doors"] = ", ".join(agent.doors)
        yield Problem(kind=ProblemKind.AGENT_CLOCK_DOORS, about=agent.id, words=words)
        return
    wrong = Problem(
        kind=ProblemKind.AGENT_CLOCK, about=agent.id, severity=Severity.WARNING, words=words
    )
    if off > (CLOCK_RIGHT if wrong.id in told else CLOCK_OFF):
        yield wrong


def _of_version(agent: AgentReport, ours: str) -> Iterator[Problem]:
    if is_older(agent.version, ours):
        yield Problem(
            kind=ProblemKind.AGENT_OUTDATED,
            about=agent.id,
            severity=Severity.WARNING,
            words={"name": agent.name, "version": str(agent.version), "newest": ours},
        )


def _of_cameras(agent: AgentReport) -> Iterator[Problem]:
    for key, (name, state) in agent.cameras.items():
        if _is_stuck(state):
            yield Problem(
                kind=ProblemKind.CAMERA_OFFLINE,
                about=key,
                words={"camera": name, "name": agent.name, "error": state.error or ""},
                fixable=True,
            )


def _is_stuck(camera: CameraState) -> bool:
    match camera.status:
        case CameraStatus.PRIVATE:
            return False
        case CameraStatus.ONLINE:
            return camera.frame_age is not None and camera.frame_age > FRAME_FROZEN
    return True


def _of_grants(agent: AgentReport, now: datetime) -> Iterator[Problem]:
    if (access := agent.access) is None:
        return
    words = {"name": agent.name, "doors": ", ".join(sorted(agent.doors))}
    if access.version is None:
        yield Problem(kind=ProblemKind.NO_GRANTS, about=agent.id, words=words)
    elif access.issued and now - access.issued > GRANTS_STALE:
        yield Problem(kind=ProblemKind.GRANTS_OLD, about=agent.id, words=words)


def _of_bookings(agent: AgentReport) -> Iterator[Problem]:
    match agent.bookings.error if agent.bookings else None:
        case None | ErrorCode.CAMERA_OFFLINE | ErrorCode.CAMERA_PRIVATE:
            return  # the camera itself says so
        case ErrorCode.NO_SPACE:
            yield Problem(
                kind=ProblemKind.BOOKINGS_NO_SPACE,
                about=agent.id,
                words={"name": agent.name, "free": _megabytes(agent.stats.disk_free_bytes)},
            )
        case str() as error:
            yield Problem(
                kind=ProblemKind.BOOKINGS_FAILING,
                about=agent.id,
                words={"name": agent.name, "error": error},
            )


def _megabytes(size: int | None) -> int:
    return (size or 0) // MEGABYTE


def _release(version: str) -> tuple[int, ...]:
    """Return the numbers of a version, without what comes after them."""
    found = re.match(r"\d+(?:\.\d+)*", version)
    return tuple(map(int, found.group().split("."))) if found else ()
