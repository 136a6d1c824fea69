"""An incident's row and the line that finds it, which never change one without the other."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, delete, insert, select, update

from ..models import AssessmentState, Incident
from .rows import INCIDENTS, JUDGED, LINES, REMEMBERED, incident_of, values
from .search import line

_COLUMNS: Final = INCIDENTS.c
_SETTLED: Final = (AssessmentState.DONE, AssessmentState.FAILED, AssessmentState.SKIPPED)
_NEXT: Final = timedelta(microseconds=1)


def row_of(db: Connection, incident: str) -> dict[str, Any] | None:
    """Return the row of an incident."""
    found = db.execute(select(INCIDENTS).where(_COLUMNS.id == incident)).mappings().one_or_none()
    return None if found is None else {str(name): value for name, value in found.items()}


def save(db: Connection, incident: Incident) -> Incident:
    """Keep what was seen, and return the incident as it is now.

    What people said of it stays as it is, and what a language model said of it too.
    """
    row = row_of(db, incident.id)
    if row is None:
        number = _free_number(db, incident.started)
        row = {**values(incident), "number": number, "attempts": 0}
        db.execute(insert(INCIDENTS).values(row))
        db.execute(insert(LINES).values(rowid=number, text=line(incident)))
        return incident
    theirs = REMEMBERED | (JUDGED if row["assessing"] in _SETTLED else frozenset())
    changes = {name: value for name, value in values(incident).items() if name not in theirs}
    if incident.started != row["started"]:
        changes["number"] = _free_number(db, incident.started)
    return change(db, row, changes)


def change(db: Connection, row: dict[str, Any], changes: Mapping[str, Any]) -> Incident:
    """Change a row, and return the incident as it is now."""
    now = {**row, **changes}
    before, after = incident_of(row), incident_of(now)
    db.execute(update(INCIDENTS).where(_COLUMNS.id == row["id"]).values(changes))
    if row["number"] != now["number"] or line(before) != line(after):
        db.execute(delete(LINES).where(LINES.c.rowid == row["number"]))
        db.execute(insert(LINES).values(rowid=now["number"], text=line(after)))
    return after


def forget(db: Connection, incident: str) -> None:
    """Forget an incident."""
    row = row_of(db, incident)
    if row is not None:
        db.execute(delete(LINES).where(LINES.c.rowid == row["number"]))
        db.execute(delete(INCIDENTS).where(_COLUMNS.id == incident))


def _free_number(db: Connection, started: datetime) -> datetime:
    number = started
    while db.execute(select(_COLUMNS.id).where(_COLUMNS.number == number)).first():
        number += _NEXT
    return number
