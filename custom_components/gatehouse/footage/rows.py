"""Footage as the columns of a table, and back."""

from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from sqlalchemy import BigInteger, Column, ColumnElement, Integer, RowMapping, Table, Text

from ..database import Moment, metadata
from ..models import Footage, FootageStage, Level, Replay

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


def is_of_kind(booked: bool | None) -> tuple[ColumnElement[bool], ...]:
    """Whether a row is of an appointment, or is of none; None does not ask."""
    if booked is None:
        return ()
    return (_COLUMNS.booking.is_not(None) if booked else _COLUMNS.booking.is_(None),)
