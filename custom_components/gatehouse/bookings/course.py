"""Decisions about how far an appointment has come, by what there is of it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from ..models import BookingState, Footage, FootageStage, Replay
from .nouns import Appointment
from .rules import is_lost

# What is here and can be shown.
HERE: Final = frozenset({FootageStage.READY, FootageStage.UPLOADED})
GIVEN_UP: Final = frozenset({FootageStage.FAILED, FootageStage.EXPIRED})

NOTHING_RECORDED: Final = "nothing_recorded"
ONE_CAMERA: Final = "one_camera"
"""The code of a movie in which one of two cameras is missing."""
MOVED: Final = "cameras_moved"
"""The code of a panorama for which the pictures had to be compared anew."""

# What ends when the hour does is told of by then.
SETTLED: Final = timedelta(seconds=5)

_S: Final = BookingState
DONE: Final = frozenset({_S.READY, _S.UPLOADED, _S.SHARED})
"""The states of what has a movie."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BookingOptions:
    """How a site goes about its appointments."""

    segment: timedelta = timedelta(minutes=5)
    """How long one part is."""
    patience: timedelta = timedelta(days=1)
    """How long parts are waited for that an agent still has, and nobody can reach it."""
    regret: timedelta = timedelta(days=1)
    """How long the parts of what was cancelled are kept."""
    hope: timedelta = timedelta(days=7)
    """How long the parts of which no movie could be made are kept."""
    look: timedelta = timedelta(seconds=10)
    """How often to look how far it is what is being recorded."""
    late: timedelta = timedelta(minutes=1)
    """The same for what is over, and not all of it is here."""
    refresh: timedelta = timedelta(hours=1)
    """How often the appointments of the next days are made anew, whatever happens."""
    retry_first: timedelta = timedelta(seconds=10)
    retry_longest: timedelta = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What there is of an appointment."""

    rows: tuple[Footage, ...] = ()
    """Its parts and its movies."""
    running: bool = False
    """Whether somebody records it at this moment."""
    waiting: bool = False
    """Whether a recorder has parts of it that are not here yet."""
    unreachable: bool = False
    """Whether there is a recorder that nobody can ask."""

    @property
    def parts(self) -> tuple[Footage, ...]:
        """The parts of it that are here, by camera and time."""
        return tuple(row for row in self.rows if row.part and row.stage in HERE)

    @property
    def seen(self) -> tuple[Footage, ...]:
        """The parts of it that are in a movie, wherever they are by now."""
        return tuple(row for row in self.rows if row.part and row.replay is Replay.DONE)

    @property
    def unseen(self) -> tuple[Footage, ...]:
        """The parts of it that are here and in no movie."""
        return tuple(row for row in self.parts if row.path and row.replay is not Replay.DONE)

    @property
    def is_under_way(self) -> bool:
        """Whether there are parts that are still on their way."""
        return any(row.part and row.stage not in HERE | GIVEN_UP for row in self.rows)

    @property
    def is_all(self) -> bool:
        """Whether nothing more of it can come."""
        return not (self.running or self.waiting or self.unreachable or self.is_under_way)


def recorded(
    row: Appointment, found: Evidence, now: datetime, options: BookingOptions
) -> Appointment:
    """Return an appointment as the parts of it tell: recording, completed, failed or missed."""
    seen = _spanned(row, found.parts)
    if seen.state is _S.SCHEDULED:
        if not (found.running or found.waiting or found.rows):
            return replace(seen, state=_S.MISSED) if is_lost(row.end, now) else seen
        seen = replace(seen, state=_S.RECORDING)
    if now < row.end + SETTLED:
        return seen
    if not found.is_all and now < row.end + options.patience:
        return seen
    if not found.parts:
        return replace(seen, state=_S.FAILED, error=NOTHING_RECORDED)
    return replace(seen, state=_S.COMPLETED, attempts=0, retry_at=None)


def found_late(row: Appointment, found: Evidence) -> Appointment:
    """Return an appointment that was given up, of which there is something all the same."""
    if found.is_under_way or not found.parts:
        return row
    return replace(_spanned(row, found.parts), state=_S.COMPLETED, error=None, attempts=0)


def came_late(row: Appointment, found: Evidence) -> Appointment:
    """Return an appointment that has a movie: to have more of them, of what came since."""
    # What could not be made a movie is not tried for ever.
    if found.is_under_way or not found.unseen or row.attempts:
        return row
    return replace(_spanned(row, (*found.seen, *found.unseen)), state=_S.COMPLETED)


def made(
    row: Appointment, movie: Footage, cameras: Iterable[str], flaw: str | None = None
) -> Appointment:
    """Return an appointment whose movie is here, with the cameras that are to be seen in it."""
    is_whole = set(cameras) == set(row.cameras)
    error = flaw if is_whole else ONE_CAMERA
    return replace(row, state=_S.READY, movie=movie.id, error=error, attempts=0, retry_at=None)


def made_more(row: Appointment, cameras: Iterable[str]) -> Appointment:
    """Return an appointment that has more movies now, with the cameras that are in any of them."""
    flaw = None if row.error == ONE_CAMERA else row.error
    error = flaw if set(cameras) == set(row.cameras) else ONE_CAMERA
    return replace(row, state=_S.READY, error=error, attempts=0, retry_at=None)


def handed_over(row: Appointment, movies: Sequence[Footage]) -> Appointment:
    """Return an appointment as far as its movies are where people want them."""
    is_away = all(movie.stage is FootageStage.UPLOADED for movie in movies)
    if row.state is _S.READY and movies and is_away:
        return replace(row, state=_S.UPLOADED)
    return row


def is_to_be_shared(row: Appointment, *, uploads: bool) -> bool:
    """Whether it is time to give the movie an address: off-site if that is wanted and possible."""
    waits = row.upload and uploads and row.state is _S.READY
    return row.share and row.state in {_S.READY, _S.UPLOADED} and not waits


def is_finished(row: Appointment, *, uploads: bool) -> bool:
    """Whether nothing more is to come of an appointment that has a movie."""
    if row.share:
        return row.state is _S.SHARED
    wanted = _S.UPLOADED if row.upload and uploads else _S.READY
    return row.state is wanted


def after_failure(
    row: Appointment, code: str, now: datetime, options: BookingOptions, *, hopeless: bool
) -> Appointment:
    """Return an appointment whose movie could not be made: to be tried again, or given up.

    One that has another movie keeps it, and what is said of that.
    """
    attempts, error = row.attempts + 1, row.error if row.movie else code
    if hopeless:
        state = _S.READY if row.movie else _S.FAILED
        return replace(row, state=state, attempts=attempts, retry_at=None, error=error)
    retry_at = now + pause_after(attempts, options)
    return replace(row, state=_S.COMPLETED, attempts=attempts, retry_at=retry_at, error=error)


def is_past_hope(row: Appointment, now: datetime, options: BookingOptions) -> bool:
    """Whether the parts that could not be made a movie were kept long enough."""
    has_failed = row.attempts > 0 and row.state in {_S.FAILED, *DONE}
    return has_failed and now - (row.changed or row.end) > options.hope


def is_due(row: Appointment, now: datetime, options: BookingOptions) -> bool:
    """Whether an appointment that failed may be tried again."""
    # A pause longer than the longest comes from a clock that was set back since.
    return row.retry_at is None or not timedelta(0) < row.retry_at - now <= options.retry_longest


def pause_after(failures: int, options: BookingOptions) -> timedelta:
    """Return how long to wait after so many failures: twice as long each time."""
    times: int = 2 ** min(failures - 1, 32)
    return min(options.retry_first * times, options.retry_longest)


def next_part(
    row: Appointment, known: Iterable[Footage], now: datetime, options: BookingOptions
) -> tuple[datetime, datetime] | None:
    """Return from when to when to record next where nobody does it by itself; None if not yet.

    Known are the parts of that camera, however far they have come.
    """
    reached = max((part.until for part in known), default=row.start)
    # What is long past is in no ring any more.
    since = max(reached, now - options.look)
    if not (row.start <= now and since <= now < row.end):
        return None
    return since, min(since + options.segment, row.end)


def _spanned(row: Appointment, parts: tuple[Footage, ...]) -> Appointment:
    if not parts:
        return row
    since, until = min(part.since for part in parts), max(part.until for part in parts)
    return replace(row, recorded_since=max(since, row.start), recorded_until=min(until, row.end))
