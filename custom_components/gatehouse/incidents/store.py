"""The rows of incidents."""

from dataclasses import dataclass
from datetime import datetime
import json
from pathlib import Path
from typing import Any, Final

from sqlalchemy import (
    DOUBLE_PRECISION,
    Column,
    Connection,
    Integer,
    RowMapping,
    Select,
    Table,
    Text,
    delete,
    insert,
    literal,
    select,
    tuple_,
    update,
)

from ..database import Database, Moment, metadata
from ..models import Assessment, Incident, IncidentState, Level
from .rules import LEVELS

INCIDENTS: Final = Table(
    "incidents",
    metadata,
    Column("id", Text, primary_key=True),
    Column("camera", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("started", Moment, nullable=False),
    Column("last_seen", Moment, nullable=False),
    Column("ended", Moment),
    Column("confirmed", Moment),
    Column("labels", Text, nullable=False),
    Column("count", Integer, nullable=False),
    Column("score", DOUBLE_PRECISION, nullable=False),
    Column("picture", Text),
    Column("risk", Integer),
    Column("level", Text),
    Column("reasons", Text),
)
_COLUMNS: Final = INCIDENTS.c


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentQuery:
    """Which incidents to find; None asks nothing."""

    cameras: tuple[str, ...] | None = None
    since: datetime | None = None
    until: datetime | None = None
    """Started at or after since, and before until."""
    level: Level | None = None
    """At least this bad."""
    state: IncidentState | None = None
    confirmed_only: bool = True
    before: Incident | None = None
    """The last one of the page before."""
    limit: int = 50


class IncidentStore:
    """Keeps incidents."""

    def __init__(self, database: Database) -> None:
        """Keep the rows in this database."""
        self._database = database

    async def save(self, incident: Incident) -> None:
        """Keep an incident as it is now, whether its row is there or not."""
        values = _values(incident)

        def work(connection: Connection) -> None:
            changed = update(INCIDENTS).where(_COLUMNS.id == incident.id).values(values)
            if not connection.execute(changed).rowcount:
                connection.execute(insert(INCIDENTS).values(values))

        await self._database.write(work)

    async def delete(self, incident: str) -> None:
        """Forget an incident."""
        forgotten = delete(INCIDENTS).where(_COLUMNS.id == incident)
        await self._database.write(lambda connection: connection.execute(forgotten))

    async def get(self, incident: str) -> Incident | None:
        """Return one incident."""
        found = await self._read(select(INCIDENTS).where(_COLUMNS.id == incident))
        return found[0] if found else None

    async def find(self, query: IncidentQuery) -> list[Incident]:
        """Return a page of incidents, newest first."""
        return await self._read(_selection(query))

    async def left_open(self, camera: str | None = None) -> list[Incident]:
        """Return the incidents, of one camera or of all, that nobody closed."""
        return await self._read(_left_open(camera))

    async def _read(self, rows: Select[Any]) -> list[Incident]:
        return await self._database.read(
            lambda connection: [_incident(row) for row in connection.execute(rows).mappings()]
        )


def _selection(query: IncidentQuery) -> Select[Any]:
    newest_first = (_COLUMNS.started.desc(), _COLUMNS.id.desc())
    rows = select(INCIDENTS).order_by(*newest_first).limit(query.limit)
    if query.cameras is not None:
        rows = rows.where(_COLUMNS.camera.in_(query.cameras))
    if query.since is not None:
        rows = rows.where(_COLUMNS.started >= query.since)
    if query.until is not None:
        rows = rows.where(_COLUMNS.started < query.until)
    if query.level is not None:
        rows = rows.where(_COLUMNS.risk >= LEVELS[query.level])
    if query.state is not None:
        rows = rows.where(_COLUMNS.state == query.state)
    if query.confirmed_only:
        rows = rows.where(_COLUMNS.confirmed.is_not(None))
    if query.before is not None:
        place = tuple_(_COLUMNS.started, _COLUMNS.id)
        rows = rows.where(place < (query.before.started, query.before.id))
    return rows


def _left_open(camera: str | None) -> Select[Any]:
    # A partial index serves only who writes its condition out.
    state = literal(IncidentState.OPEN, Text, literal_execute=True)
    rows = select(INCIDENTS).where(_COLUMNS.state == state)
    return rows if camera is None else rows.where(_COLUMNS.camera == camera)


def _values(incident: Incident) -> dict[str, Any]:
    assessment = incident.assessment
    return {
        "id": incident.id,
        "camera": incident.camera,
        "state": incident.state.value,
        "started": incident.started,
        "last_seen": incident.last_seen,
        "ended": incident.ended,
        "confirmed": incident.confirmed,
        "labels": json.dumps(incident.labels),
        "count": incident.count,
        "score": incident.score,
        "picture": None if incident.picture is None else str(incident.picture),
        "risk": assessment and assessment.risk,
        "level": assessment and assessment.level.value,
        "reasons": assessment and json.dumps(assessment.reasons),
    }


def _incident(row: RowMapping) -> Incident:
    return Incident(
        id=row["id"],
        camera=row["camera"],
        state=IncidentState(row["state"]),
        started=row["started"],
        last_seen=row["last_seen"],
        ended=row["ended"],
        confirmed=row["confirmed"],
        labels=tuple(json.loads(row["labels"])),
        count=row["count"],
        score=row["score"],
        picture=None if row["picture"] is None else Path(row["picture"]),
        assessment=None if row["risk"] is None else _assessment(row),
    )


def _assessment(row: RowMapping) -> Assessment:
    return Assessment(
        risk=row["risk"], level=Level(row["level"]), reasons=tuple(json.loads(row["reasons"]))
    )
