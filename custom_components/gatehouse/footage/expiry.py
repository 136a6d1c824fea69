"""What is deleted, when, and why; nothing here deletes."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from ..models import Footage, FootageStage, Level, Replay
from .wanted import OffsiteOptions, is_wanted_offsite

# Room for what arrives until somebody looks again; without it the next clip would not fit.
HEADROOM_BYTES: Final = 500_000_000

# A clock that jumped ahead makes everything too old at once, and nothing was recorded lately by
# it. What was recorded just now says nothing: it may have the wrong clock's time.
JUST_NOW: Final = timedelta(days=1)
LATELY: Final = timedelta(days=3)
SUSPICIOUS_SHARE: Final = 1 / 3


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionOptions:
    """How long footage and pictures stay."""

    age: timedelta = timedelta(days=30)
    by_level: Mapping[Level, timedelta] = field(default_factory=dict)
    by_camera: Mapping[str, timedelta] = field(default_factory=dict)
    """The ages of what cameras with a rule of their own record; a level's own goes first."""
    most_bytes: int | None = None
    """How large all files here together may be; None for as large as the disk."""
    floor_bytes: int = 2_000_000_000
    """What stays free on the disk: the oldest goes before that."""
    offsite_age: timedelta | None = None
    """When the objects off-site are deleted; None for never."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What of the files here may not be deleted, in bytes, by the reason."""

    kept: int
    to_upload: int
    to_replay: int


def to_expire(
    rows: Sequence[Footage],
    options: RetentionOptions,
    offsite: OffsiteOptions,
    *,
    now: datetime,
    free: int,
) -> list[Footage]:
    """Return what of the files here is to be deleted, given so many free bytes on the disk.

    What is too old goes; then the oldest, until the rest fits. What is kept, still to be uploaded
    or still to be looked at stays in any case.
    """
    may_go = sorted((row for row in rows if _may_go(row, offsite)), key=lambda row: row.since)
    going = {row.id for row in may_go if is_too_old(row, options, now)}
    surplus = _surplus(rows, options, free) - sum(_size(row) for row in may_go if row.id in going)
    for row in may_go:
        if surplus <= 0:
            break
        if row.id not in going:
            going.add(row.id)
            surplus -= _size(row)
    return [row for row in may_go if row.id in going]


def to_forget(rows: Iterable[Footage], options: RetentionOptions, now: datetime) -> list[Footage]:
    """Return what of the objects off-site is to be deleted."""
    age = options.offsite_age
    if age is None:
        return []
    return [row for row in rows if row.key and not row.kept and row.since < now - age]


def held(rows: Sequence[Footage], offsite: OffsiteOptions) -> Held | None:
    """Return what holds all files that are here; None if one of them may be deleted."""
    if any(_may_go(row, offsite) for row in rows):
        return None
    others = [row for row in rows if not row.kept]
    to_replay = _bytes(row for row in others if row.replay is Replay.PENDING)
    return Held(
        kept=_bytes(row for row in rows if row.kept),
        to_upload=_bytes(others) - to_replay,
        to_replay=to_replay,
    )


def is_too_old(row: Footage, options: RetentionOptions, now: datetime) -> bool:
    """Whether footage has been here for as long as it may; what is from the future has not."""
    return row.since < now - lifetime(row.level, (row.camera,), options)


def lifetime(level: Level | None, cameras: Iterable[str], options: RetentionOptions) -> timedelta:
    """Return how long what is so bad stays: the level's own age, or the longest of its cameras'."""
    if level is not None and level in options.by_level:
        return options.by_level[level]
    return max((options.by_camera.get(each, options.age) for each in cameras), default=options.age)


def shortest_lifetime(options: RetentionOptions) -> timedelta:
    """Return the age below which nothing is too old, wherever it is."""
    ages = (options.age, *options.by_level.values(), *options.by_camera.values())
    return min(ages if options.offsite_age is None else (*ages, options.offsite_age))


def is_plausible(now: datetime, newest: datetime | None, old: int, of: int) -> bool:
    """Whether the clock may be believed that so many of so many are too old.

    Newest is when the newest was recorded that was not recorded just now.
    """
    was_right_lately = newest is not None and now - LATELY <= newest
    return was_right_lately or old <= of * SUSPICIOUS_SHARE


def _may_go(row: Footage, offsite: OffsiteOptions) -> bool:
    """Whether nobody needs the file any more."""
    if row.path is None or row.kept or row.replay is Replay.PENDING:
        return False
    uploaded = row.stage is FootageStage.UPLOADED
    return uploaded or (row.stage is FootageStage.READY and not is_wanted_offsite(row, offsite))


def _surplus(rows: Iterable[Footage], options: RetentionOptions, free: int) -> int:
    """Return how many bytes are here that should not be."""
    lacking = options.floor_bytes + HEADROOM_BYTES - free
    if options.most_bytes is None:
        return lacking
    return max(lacking, _bytes(rows) - options.most_bytes)


def _bytes(rows: Iterable[Footage]) -> int:
    return sum(map(_size, rows))


def _size(row: Footage) -> int:
    return row.size or 0
