"""The rows of footage."""

from datetime import date, datetime, time, timedelta, tzinfo
from pathlib import Path
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Integer,
    RowMapping,
    Select,
    Table,
    Text,
    func,
    select,
    update,
)

from ..database import Database, Moment, metadata
from ..models import Footage, FootageStage

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
)

FINISHED: Final = (FootageStage.READY, FootageStage.FAILED)
OPEN_ENDED: Final = (FootageStage.REQUESTED, FootageStage.RECORDING)

MICROSECOND: Final = timedelta(microseconds=1)


class FootageStore:
    """Keeps footage."""

    def __init__(self, database: Database) -> None:
        """Keep the rows in this database."""
        self._database = database

    async def add(self, row: Footage) -> None:
        """Keep a new row."""
        await self._database.write(lambda db: db.execute(FOOTAGE.insert().values(_values(row))))

    async def move(self, row: Footage) -> None:
        """Keep how far a row has come; its `until` belongs to `extend`."""
        values = {key: value for key, value in _values(row).items() if key != "until"}
        change = update(FOOTAGE).where(FOOTAGE.c.id == row.id).values(values)
        await self._database.write(lambda db: db.execute(change))

    async def extend(self, footage: str, until: datetime, longest: timedelta) -> None:
        """Let a row that is not recorded yet end later, but no longer than longest after since."""

        def work(db: Connection) -> None:
            found = db.execute(
                select(FOOTAGE).where(FOOTAGE.c.id == footage, FOOTAGE.c.stage.in_(OPEN_ENDED))
            ).one_or_none()
            if found is not None:
                later = max(found.until, min(until, found.since + longest))
                db.execute(update(FOOTAGE).where(FOOTAGE.c.id == footage).values(until=later))

        await self._database.write(work)

    async def get(self, footage: str) -> Footage | None:
        """Return one row."""
        rows = await self._read(select(FOOTAGE).where(FOOTAGE.c.id == footage))
        return rows[0] if rows else None

    async def unfinished(self) -> list[Footage]:
        """Return the rows that are still to be moved: the queue, oldest first."""
        waiting = FOOTAGE.c.stage.not_in(FINISHED)
        return await self._read(select(FOOTAGE).where(waiting).order_by(FOOTAGE.c.since))

    async def find(
        self,
        camera: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        incident: str | tuple[str, ...] | None = None,
        limit: int | None = 50,
    ) -> list[Footage]:
        """Return footage that began in a span, of one incident or of several, newest first."""
        query = select(FOOTAGE).order_by(FOOTAGE.c.since.desc(), FOOTAGE.c.id.desc()).limit(limit)
        if camera is not None:
            query = query.where(FOOTAGE.c.camera == camera)
        if since is not None:
            query = query.where(FOOTAGE.c.since >= since)
        if until is not None:
            query = query.where(FOOTAGE.c.since < until)
        if incident is not None:
            incidents = (incident,) if isinstance(incident, str) else incident
            query = query.where(FOOTAGE.c.incident.in_(incidents))
        return await self._read(query)

    async def days(self, camera: str, zone: tzinfo) -> list[date]:
        """Return the local days on which footage of a camera began, newest first."""

        def work(db: Connection) -> list[date]:
            newest = select(func.max(FOOTAGE.c.since)).where(FOOTAGE.c.camera == camera)
            days: list[date] = []
            # From day to day by the index: as fast for a year of clips as for a year of one a day.
            began = db.execute(newest).scalar()
            while began is not None:
                days.append(began.astimezone(zone).date())
                midnight = datetime.combine(days[-1], time(), zone)
                began = db.execute(newest.where(FOOTAGE.c.since < midnight)).scalar()
            return days

        return await self._database.read(work)

    async def recordings(self, camera: str) -> frozenset[str]:
        """Return the agent's ids of all recordings of a camera that rows know."""
        query = select(FOOTAGE.c.recording).where(
            FOOTAGE.c.camera == camera, FOOTAGE.c.recording.is_not(None)
        )
        return await self._database.read(lambda db: frozenset(db.execute(query).scalars()))

    async def _read(self, query: Select[Any]) -> list[Footage]:
        return await self._database.read(
            lambda db: [_footage(row) for row in db.execute(query).mappings()]
        )


def _values(row: Footage) -> dict[str, Any]:
    return {
        "id": row.id,
        "camera": row.camera,
        "incident": row.incident,
        "stage": row.stage,
        "since": row.since,
        "until": row.until,
        "recording": row.recording,
        "path": None if row.path is None else str(row.path),
        "duration_us": None if row.duration is None else row.duration // MICROSECOND,
        "attempts": row.attempts,
        "retry_at": row.retry_at,
        "error": row.error,
    }


def _footage(row: RowMapping) -> Footage:
    duration = row["duration_us"]
    return Footage(
        id=row["id"],
        camera=row["camera"],
        incident=row["incident"],
        stage=FootageStage(row["stage"]),
        since=row["since"],
        until=row["until"],
        recording=row["recording"],
        path=None if row["path"] is None else Path(row["path"]),
        duration=None if duration is None else duration * MICROSECOND,
        attempts=row["attempts"],
        retry_at=row["retry_at"],
        error=row["error"],
    )
