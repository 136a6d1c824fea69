"""The rows of incidents: what was seen, what people said of it, and what is to be assessed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Select, Text, func, literal, or_, select, update

from ..database import Database, Moment
from ..models import Assessment, AssessmentState, Incident, IncidentState
from .indexing import change, forget, row_of, save
from .lists import NONE
from .rows import INCIDENTS, assessment_values, incident_of, media_of
from .search import IncidentQuery, selection, terms
from .totals import Totals, totals_of

_COLUMNS: Final = INCIDENTS.c


@dataclass(frozen=True, slots=True, kw_only=True)
class ToAssess:
    """An incident whose turn it is, and how often a language model failed at it."""

    incident: Incident
    attempts: int


class IncidentStore:
    """Keeps incidents."""

    def __init__(self, database: Database) -> None:
        """Keep the rows in this database."""
        self._database = database

    async def save(self, incident: Incident) -> Incident:
        """Keep what was seen, and return the row as it is now.

        What people said of it stays as it is, and what a language model said of it too.
        """
        return await self._database.write(lambda db: save(db, incident))

    async def delete(self, incident: str) -> None:
        """Forget an incident."""
        await self._database.write(lambda db: forget(db, incident))

    async def get(self, incident: str) -> Incident | None:
        """Return one incident."""
        return await self._first(select(INCIDENTS).where(_COLUMNS.id == incident))

    async def find(self, query: IncidentQuery) -> list[Incident]:
        """Return a page of incidents, newest first."""
        if () in (asked := terms(query)):
            return []

        def work(db: Connection) -> list[Incident]:
            rows, values = selection(query, asked, db.dialect.name)
            return _incidents(db, rows, values)

        return await self._database.read(work)

    async def totals(self, since: datetime, until: datetime) -> Totals:
        """Count the incidents that started at or after since, and before until."""
        return await self._database.read(lambda db: totals_of(db, since, until))

    async def left_open(self, group: str | None = None) -> list[Incident]:
        """Return the incidents, of one group or of all, that nobody ended."""
        return await self._database.read(lambda db: _incidents(db, _left_open(group)))

    async def last_notified(self, group: str) -> Incident | None:
        """Return the incident of a group of which somebody was notified last."""
        return await self._first(_last_notified(group))

    async def review(
        self, incident: str, reviewed: datetime | None, false_alarm: bool | None = None
    ) -> Incident | None:
        """Keep when somebody looked at it, if so, and whether it was nothing; None: as before."""
        changes: dict[str, Any] = {"reviewed": reviewed}
        if false_alarm is not None:
            changes["false_alarm"] = int(false_alarm)
        return await self._change(incident, changes)

    async def annotate(self, incident: str, note: str) -> Incident | None:
        """Keep what somebody wrote about it."""
        return await self._change(incident, {"note": note})

    async def mark_notified(self, incident: str, at: datetime) -> Incident | None:
        """Keep when somebody was notified of it."""
        return await self._change(incident, {"notified": at})

    async def keep(self, incident: str, kept: bool) -> Incident | None:
        """Keep whether its media are never deleted by themselves."""
        return await self._change(incident, {"kept": int(kept)})

    async def expirable(self, before: datetime) -> list[Incident]:
        """Return what is over, not kept, pictured, and began before a moment, oldest first."""
        return await self._database.read(lambda db: _incidents(db, _expirable(before)))

    async def media(self) -> frozenset[Path]:
        """Return the pictures of all incidents."""

        def work(db: Connection) -> frozenset[Path]:
            rows = _incidents(db, select(INCIDENTS).where(_is_pictured()))
            return frozenset(path for incident in rows for path in media_of(incident))

        return await self._database.read(work)

    async def forget_media(self, incident: Incident) -> bool:
        """Keep that it has no pictures any more; False if it has others now, or is kept."""

        def work(db: Connection) -> bool:
            row = row_of(db, incident.id)
            if row is None or row["kept"] or media_of(incident_of(row)) != media_of(incident):
                return False
            change(db, row, {"picture": None, "frames": NONE, "detections": NONE})
            return True

        return await self._database.write(work)

    async def next_to_assess(
        self, now: datetime, besides: frozenset[str] = frozenset()
    ) -> ToAssess | None:
        """Return the oldest incident that is over, pending, not put off, and none of these."""

        def work(db: Connection) -> ToAssess | None:
            row = db.execute(_next_to_assess(now, besides)).mappings().one_or_none()
            if row is None:
                return None
            return ToAssess(incident=incident_of(row), attempts=row["attempts"])

        return await self._database.read(work)

    async def assessed(
        self, incident: str, assessment: Assessment | None, state: AssessmentState, at: datetime
    ) -> Incident | None:
        """Keep what a language model made of it, if anything; a skipped one asked for nothing."""
        changes: dict[str, Any] = {"assessing": state.value, "retry_at": None}
        if state is not AssessmentState.SKIPPED:
            changes["assessed"] = at
        if assessment is not None:
            changes |= assessment_values(assessment)
        return await self._change(incident, changes)

    async def assess_later(self, incident: str, attempts: int, retry_at: datetime) -> None:
        """Put a pending incident off."""
        await self._change(incident, {"attempts": attempts, "retry_at": retry_at})

    async def assess_none(self) -> None:
        """Let no language model have a turn with what is pending."""
        changes = {"assessing": AssessmentState.NONE.value, "retry_at": None}
        waiting = update(INCIDENTS).where(*_is_waiting()).values(changes)
        await self._database.write(lambda db: db.execute(waiting))

    async def assessed_since(self, moment: datetime) -> int:
        """Return of how many incidents a language model was asked since then."""
        asked = select(func.count()).where(_COLUMNS.assessed >= moment)
        return await self._database.read(lambda db: db.execute(asked).scalar_one())

    async def pending(self) -> int:
        """Return how many incidents that are over wait for a language model."""
        waiting = select(func.count()).select_from(INCIDENTS).where(*_is_waiting())
        return await self._database.read(lambda db: db.execute(waiting).scalar_one())

    async def next_retry(self, besides: frozenset[str] = frozenset()) -> datetime | None:
        """Return when the first of those that were put off, but for these, has its turn."""
        others = (*_is_waiting(), _COLUMNS.id.not_in(besides))
        first = select(func.min(_COLUMNS.retry_at, type_=Moment)).where(*others)
        return await self._database.read(lambda db: db.execute(first).scalar())

    async def _first(self, rows: Select[Any]) -> Incident | None:
        found = await self._database.read(lambda db: _incidents(db, rows))
        return found[0] if found else None

    async def _change(self, incident: str, changes: Mapping[str, Any]) -> Incident | None:
        def work(db: Connection) -> Incident | None:
            row = row_of(db, incident)
            return None if row is None else change(db, row, changes)

        return await self._database.write(work)


def _incidents(
    db: Connection, rows: Select[Any], values: Mapping[str, Any] | None = None
) -> list[Incident]:
    return [incident_of(row) for row in db.execute(rows, values).mappings().all()]


# A partial index serves only who writes its condition out.
def _text(value: str) -> ColumnElement[str]:
    return literal(value, Text, literal_execute=True)


def _left_open(group: str | None) -> Select[Any]:
    rows = select(INCIDENTS).where(_COLUMNS.state == _text(IncidentState.OPEN))
    return rows if group is None else rows.where(_COLUMNS.place_group == group)


def _last_notified(group: str) -> Select[Any]:
    told = _COLUMNS.notified
    rows = select(INCIDENTS).where(_COLUMNS.place_group == group, told.is_not(None))
    return rows.order_by(told.desc()).limit(1)


def _is_waiting() -> Iterable[ColumnElement[bool]]:
    yield _COLUMNS.assessing == _text(AssessmentState.PENDING)
    yield _COLUMNS.state != IncidentState.OPEN.value


def _expirable(before: datetime) -> Select[Any]:
    over = _COLUMNS.state != IncidentState.OPEN.value
    old = (_is_pictured(), over, _COLUMNS.kept == 0, _COLUMNS.started < before)
    return select(INCIDENTS).where(*old).order_by(_COLUMNS.started)


def _is_pictured() -> ColumnElement[bool]:
    return or_(_COLUMNS.picture.is_not(None), _COLUMNS.frames != _text(NONE))


def _next_to_assess(now: datetime, besides: frozenset[str] = frozenset()) -> Select[Any]:
    due = or_(_COLUMNS.retry_at.is_(None), _COLUMNS.retry_at <= now)
    rows = select(INCIDENTS).where(*_is_waiting(), due, _COLUMNS.id.not_in(besides))
    return rows.order_by(_COLUMNS.number).limit(1)
