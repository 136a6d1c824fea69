"""How footage is found: by walks down the order of time, a page or a day at a time."""

from datetime import date, datetime, time, tzinfo
from typing import Any, Final

from sqlalchemy import Connection, Select, and_, func, or_, select

from ..models import Footage, FootageStage
from .rows import FOOTAGE, IS_WHOLE, is_of_kind

_COLUMNS: Final = FOOTAGE.c
_GONE: Final = (FootageStage.EXPIRED.value, FootageStage.FAILED.value)


def selection(
    camera: str | None,
    since: datetime | None,
    until: datetime | None,
    incident: str | tuple[str, ...] | None,
    before: Footage | None,
    booked: bool | None,
) -> Select[Any]:
    """Ask for what began in a span, newest first; before is the last row of the page before."""
    query = select(FOOTAGE).where(IS_WHOLE, *is_of_kind(booked))
    query = query.order_by(_COLUMNS.since.desc(), _COLUMNS.id.desc())
    if camera is not None:
        query = query.where(_COLUMNS.camera == camera)
    if since is not None:
        query = query.where(_COLUMNS.since >= since)
    if until is not None:
        query = query.where(_COLUMNS.since < until)
    if incident is not None:
        incidents = (incident,) if isinstance(incident, str) else incident
        query = query.where(_COLUMNS.incident.in_(incidents))
    if before is not None:
        older = _COLUMNS.since < before.since
        query = query.where(
            or_(older, and_(_COLUMNS.since == before.since, _COLUMNS.id < before.id))
        )
    return query


def days_of(db: Connection, camera: str, zone: tzinfo) -> list[date]:
    """Return the local days on which footage began that is not gone, newest first."""
    newest = select(func.max(_COLUMNS.since)).where(
        _COLUMNS.camera == camera, _COLUMNS.stage.not_in(_GONE), IS_WHOLE
    )
    days: list[date] = []
    # From day to day by the index: as fast for a year of clips as for a year of one a day.
    began = db.execute(newest).scalar()
    while began is not None:
        days.append(began.astimezone(zone).date())
        midnight = datetime.combine(days[-1], time(), zone)
        began = db.execute(newest.where(_COLUMNS.since < midnight)).scalar()
    return days
