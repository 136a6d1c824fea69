"""Footage as the columns of a table, and what is asked of them."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Integer,
    RowMapping,
    Table,
    Text,
    and_,
    literal,
    or_,
)

from ..database import Moment, metadata
from ..models import Footage, FootageStage, Level, Replay
from .rules import OffsiteOptions

MICROSECOND: Final = timedelta(microseconds=1)

FOOTAGE: Final = Table(
    "footage",
    metadata,
    Column("id", Text, primary_key=True),
    Column("camera", Text, nullable=False),
    Column("incident", Text),
    Column("stage", Text, nullable=False),
    Column("since", Moment, nullable=False),
    Column("until", Moment, nullable=False),
    Column("recording", Text),
    Column("path", Text),
    Column("duration_us", BigInteger),
    Column("attempts", Integer, nullable=False),
    Column("retry_at", Moment),
    Column("error", Text),
    Column("level", Text),
    Column("kept", Integer, nullable=False),
    Column("replay", Text, nullable=False),
    Column("bytes", BigInteger),
    Column("sha256", Text),
    Column("md5", Text),
    Column("optimised", Integer, nullable=False),
    Column("object_key", Text),
    Column("upload", Text),
    Column("booking", Text),
    Column("part", Integer, nullable=False),
    Column("wanted", Integer),
)
TALLIES: Final = Table(
    "tallies",
    metadata,
    Column("name", Text, primary_key=True),
    Column("total", BigInteger, nullable=False),
)

_COLUMNS: Final = FOOTAGE.c

# A part of an appointment is nothing that anybody looks at.
IS_WHOLE: Final = _COLUMNS.part == 0


def values_of(row: Footage) -> dict[str, Any]:
    """Return what the columns hold of it."""
    return {
        "id": row.id,
        "camera": row.camera,
        "incident": row.incident,
        "stage": row.stage.value,
        "since": row.since,
        "until": row.until,
        "level": row.level and row.level.value,
        "kept": int(row.kept),
        "replay": row.replay.value,
        "booking": row.booking,
        "part": int(row.part),
        "wanted": None if row.wanted is None else int(row.wanted),
        "recording": row.recording,
        "path": None if row.path is None else str(row.path),
        "duration_us": None if row.duration is None else row.duration // MICROSECOND,
        "bytes": row.size,
        "sha256": row.sha256,
        "md5": row.md5,
        "optimised": int(row.optimised),
        "object_key": row.key,
        "upload": row.upload,
        "attempts": row.attempts,
        "retry_at": row.retry_at,
        "error": row.error,
    }


def footage_of(row: RowMapping) -> Footage:
    """Return what columns hold."""
    duration = row["duration_us"]
    return Footage(
        id=row["id"],
        camera=row["camera"],
        incident=row["incident"],
        stage=FootageStage(row["stage"]),
        since=row["since"],
        until=row["until"],
        level=None if row["level"] is None else Level(row["level"]),
        kept=bool(row["kept"]),
        replay=Replay(row["replay"]),
        booking=row["booking"],
        part=bool(row["part"]),
        wanted=None if row["wanted"] is None else bool(row["wanted"]),
        recording=row["recording"],
        path=None if row["path"] is None else Path(row["path"]),
        duration=None if duration is None else duration * MICROSECOND,
        size=row["bytes"],
        sha256=row["sha256"],
        md5=row["md5"],
        optimised=bool(row["optimised"]),
        key=row["object_key"],
        upload=row["upload"],
        attempts=row["attempts"],
        retry_at=row["retry_at"],
        error=row["error"],
    )


def is_wanted(options: OffsiteOptions) -> tuple[ColumnElement[bool], ...]:
    """Whether a row is to be uploaded, as `rules.is_wanted_offsite` says it."""
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


def is_of_kind(booked: bool | None) -> tuple[ColumnElement[bool], ...]:
    """Whether a row is of an appointment, or is of none; None does not ask."""
    if booked is None:
        return ()
    return (_COLUMNS.booking.is_not(None) if booked else _COLUMNS.booking.is_(None),)


def is_put_off(options: OffsiteOptions, now: datetime) -> ColumnElement[bool]:
    """Whether the time to try a row again is still to come."""
    # A pause longer than the longest comes from a clock that was set back since.
    longest = now + options.retry_longest
    return and_(_COLUMNS.retry_at > now, _COLUMNS.retry_at <= longest)


def _is_of(levels: Iterable[Level]) -> ColumnElement[bool]:
    return _COLUMNS.level.in_(sorted(level.value for level in levels))
