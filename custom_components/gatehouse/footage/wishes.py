"""Wishes: footage that is not recorded yet, whose dates may still change."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Row, select, update

from ..models import Footage, FootageStage
from .rows import FOOTAGE, MICROSECOND

_COLUMNS: Final = FOOTAGE.c
_WISHES: Final = (FootageStage.REQUESTED.value, FootageStage.RECORDING.value)


def extend(db: Connection, footage: str, until: datetime, longest: timedelta) -> None:
    """Let one end later, but no longer than longest after it begins."""
    if (found := _wish(db, footage)) is not None:
        later = max(found.until, min(until, found.since + longest))
        db.execute(update(FOOTAGE).where(_COLUMNS.id == footage).values(until=later))


def end(db: Connection, footage: str, until: datetime) -> None:
    """Let one end earlier."""
    if (found := _wish(db, footage)) is not None:
        earlier = min(found.until, max(until, found.since + MICROSECOND))
        db.execute(update(FOOTAGE).where(_COLUMNS.id == footage).values(until=earlier))


def redate(db: Connection, row: Footage, step: timedelta) -> Footage:
    """Move one in time; return it as it is then."""
    if (found := _wish(db, row.id)) is None:
        return row
    moved = {"since": found.since + step, "until": found.until + step}
    db.execute(update(FOOTAGE).where(_COLUMNS.id == row.id).values(moved))
    return replace(row, **moved)


def _wish(db: Connection, footage: str) -> Row[Any] | None:
    """Return a row that may still be extended or ended."""
    return db.execute(
        select(FOOTAGE).where(_COLUMNS.id == footage, _COLUMNS.stage.in_(_WISHES))
    ).one_or_none()
