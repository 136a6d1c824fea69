"""What is wanted off-site and is not there yet: what of it comes next, and how much it is."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    case,
    func,
    literal,
    not_,
    or_,
    select,
)

from ..models import FootageStage, Level
from .rows import FOOTAGE, is_of_kind
from .wanted import OffsiteOptions

_COLUMNS: Final = FOOTAGE.c


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """What is to be uploaded and is not yet."""

    depth: int
    size: int
    """Bytes."""
    oldest: datetime | None
    """When the oldest of it began."""
    due: datetime | None
    """When the first that failed is to be tried again; None if one may be tried now."""


def to_upload(options: OffsiteOptions, now: datetime, booked: bool | None) -> Select[Any]:
    """Ask for what may be tried now: clips, then movies, newest first."""
    due = or_(_COLUMNS.retry_at.is_(None), not_(_is_put_off(options, now)))
    query = select(FOOTAGE).where(*_is_wanted(options), *is_of_kind(booked), due)
    order = (_COLUMNS.booking.is_not(None), _COLUMNS.since.desc(), _COLUMNS.id.desc())
    return query.order_by(*order)


def backlog_of(
    db: Connection, options: OffsiteOptions, now: datetime, booked: bool | None
) -> Backlog:
    """Return how much is wanted and is not there, of movies or clips or of both."""
    due = case((_is_put_off(options, now), _COLUMNS.retry_at))
    figures = select(
        func.count(),
        func.coalesce(func.sum(_COLUMNS.bytes), 0),
        func.min(_COLUMNS.since),
        func.count(due),
        func.min(due),
    ).where(*_is_wanted(options), *is_of_kind(booked))
    depth, size, oldest, waiting, first = db.execute(figures).one()
    return Backlog(
        depth=depth,
        size=size,
        oldest=oldest,
        due=first if depth and waiting == depth else None,
    )


def _is_wanted(options: OffsiteOptions) -> tuple[ColumnElement[bool], ...]:
    """Whether a row is to be uploaded, as `wanted.is_wanted_offsite` says it."""
    own = tuple(options.by_camera)
    site = and_(_COLUMNS.camera.not_in(own), _is_of(options.levels))
    cameras = [
        and_(_COLUMNS.camera == camera, _is_of(levels))
        for camera, levels in options.by_camera.items()
    ]
    by_hand = and_(_COLUMNS.level.is_(None), literal(options.by_hand))
    by_rule = and_(_COLUMNS.wanted.is_(None), or_(site, *cameras, by_hand))
    by_booking = and_(_COLUMNS.wanted == 1, literal(options.booked))
    return (_COLUMNS.stage == FootageStage.READY.value, or_(by_booking, by_rule))


def _is_put_off(options: OffsiteOptions, now: datetime) -> ColumnElement[bool]:
    """Whether the time to try a row again is still to come."""
    # A pause longer than the longest comes from a clock that was set back since.
    longest = now + options.retry_longest
    return and_(_COLUMNS.retry_at > now, _COLUMNS.retry_at <= longest)


def _is_of(levels: Iterable[Level]) -> ColumnElement[bool]:
    return _COLUMNS.level.in_(sorted(level.value for level in levels))
