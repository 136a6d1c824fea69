"""The rows of footage."""

from datetime import date, datetime, timedelta, tzinfo
from typing import Any, Final

from sqlalchemy import Connection, Select, Text, bindparam, func, literal, or_, select, update

from ..database import Database
from ..models import Footage, FootageStage, Level, Replay
from .backlog import Backlog, backlog_of, to_upload
from .rows import FOOTAGE, IS_WHOLE, footage_of, values_of
from .rules import UNFINISHED
from .search import days_of, selection
from .stock import Stock, count_freed, stock_of
from .wanted import OffsiteOptions
from .wishes import end, extend, redate

DONE: Final = (FootageStage.READY.value, FootageStage.UPLOADED.value)

_COLUMNS: Final = FOOTAGE.c

# What changes whenever a row is moved.
STILL: Final = ("stage", "path", "sha256", "object_key")

# Made once: making it takes longer than what it does.
_MOVE: Final = update(FOOTAGE).where(
    _COLUMNS.id == bindparam("was_id"),
    *(_COLUMNS[name].is_not_distinct_from(bindparam(f"was_{name}")) for name in STILL),
)

# What others say of a row, and its recorder's clock of its dates, while a step is taken with it.
SAID: Final = frozenset({"incident", "since", "until", "level", "kept", "replay"})


class FootageStore:
    """Keeps footage."""

    def __init__(self, database: Database) -> None:
        """Keep the rows in this database."""
        self._database = database

    async def add(self, row: Footage) -> bool:
        """Keep a new row; False if there is one of the same recording of the same camera.

        It is never to be deleted by itself if that was said of all that its incident has so far.
        """

        def work(db: Connection) -> bool:
            if row.recording is not None and db.execute(_of_recording(row)).first():
                return False
            kept = row.kept or _are_kept(db, row.incident)
            db.execute(FOOTAGE.insert().values(values_of(row) | {"kept": int(kept)}))
            return True

        return await self._database.write(work)

    async def move(self, was: Footage, now: Footage, freed: int = 0) -> bool:
        """Keep how far a row has come, and count bytes that this frees.

        Nothing changes, and False is returned, if it was moved by somebody else meanwhile. What
        people and incidents say of a row is not changed.
        """

        def work(db: Connection) -> bool:
            values = {name: value for name, value in values_of(now).items() if name not in SAID}
            moved = db.execute(_MOVE, values | _as_it_was(was)).rowcount == 1
            if moved and freed:
                count_freed(db, freed)
            return moved

        return await self._database.write(work)

    async def extend(self, footage: str, until: datetime, longest: timedelta) -> None:
        """Let a row that is not recorded yet end later, but no longer than longest after since."""
        await self._database.write(lambda db: extend(db, footage, until, longest))

    async def end(self, footage: str, until: datetime) -> None:
        """Let a row that is not recorded yet end earlier."""
        await self._database.write(lambda db: end(db, footage, until))

    async def redate(self, row: Footage, step: timedelta) -> Footage:
        """Move a row that is not recorded yet in time; return it as it is then."""
        return await self._database.write(lambda db: redate(db, row, step))

    async def grade(self, incident: str, level: Level) -> bool:
        """Keep how bad the incident of rows is; returns whether that is news."""
        graded = update(FOOTAGE).where(
            _COLUMNS.incident == incident,
            or_(_COLUMNS.level.is_(None), _COLUMNS.level != level.value),
        )
        change = graded.values(level=level.value)
        return await self._database.write(lambda db: db.execute(change).rowcount > 0)

    async def keep(self, kept: bool, *, incident: str | None = None, footage: str = "") -> int:
        """Keep that rows are never to be deleted by themselves, or may be; returns how many.

        Of parts nobody says that: they stay until there is a movie of them.
        """
        which = _COLUMNS.id == footage if incident is None else _COLUMNS.incident == incident
        change = update(FOOTAGE).where(which, IS_WHOLE).values(kept=int(kept))
        return await self._database.write(lambda db: db.execute(change).rowcount)

    async def replayed(self, footage: str, incident: str | None, level: Level | None) -> None:
        """Keep that a row was looked at, and what incident it shows; it is kept like the others."""
        values: dict[str, Any] = {"replay": Replay.DONE.value}
        if incident is not None:
            values |= {"incident": incident, "level": level and level.value}
        change = update(FOOTAGE).where(_COLUMNS.id == footage)

        def work(db: Connection) -> None:
            kept = {"kept": 1} if _are_kept(db, incident) else {}
            db.execute(change.values(values | kept))

        await self._database.write(work)

    async def get(self, footage: str) -> Footage | None:
        """Return one row."""
        rows = await self._read(select(FOOTAGE).where(_COLUMNS.id == footage))
        return rows[0] if rows else None

    async def unfinished(self) -> list[Footage]:
        """Return the rows that are still to become ready: the queue, oldest first, parts last."""
        waiting = _COLUMNS.stage.in_([stage.value for stage in UNFINISHED])
        query = select(FOOTAGE).where(waiting).order_by(_COLUMNS.part, _COLUMNS.since)
        return await self._read(query)

    async def to_replay(self) -> list[Footage]:
        """Return the rows that are here and that nobody has looked at, oldest first."""
        waiting = (_COLUMNS.replay == Replay.PENDING.value, _COLUMNS.path.is_not(None))
        return await self._read(select(FOOTAGE).where(*waiting).order_by(_COLUMNS.since))

    async def to_upload(
        self,
        options: OffsiteOptions,
        now: datetime,
        limit: int = 20,
        booked: bool | None = None,
    ) -> list[Footage]:
        """Return what is wanted off-site and may be tried now: clips, then movies, newest first.

        Booked tells to return movies of appointments only, or none.
        """
        return await self._read(to_upload(options, now, booked).limit(limit))

    async def backlog(
        self, options: OffsiteOptions, now: datetime, booked: bool | None = None
    ) -> Backlog:
        """Return how much is wanted off-site and is not there, of movies or clips or of both."""
        return await self._database.read(lambda db: backlog_of(db, options, now, booked))

    async def here(self) -> list[Footage]:
        """Return what has a file in the media folder and is finished, oldest first."""
        done = (_COLUMNS.path.is_not(None), _COLUMNS.stage.in_(DONE))
        return await self._read(select(FOOTAGE).where(*done).order_by(_COLUMNS.since))

    async def away(self, before: datetime) -> list[Footage]:
        """Return what has an object off-site and began before a moment, oldest first."""
        old = (_COLUMNS.object_key.is_not(None), _COLUMNS.since < before)
        return await self._read(select(FOOTAGE).where(*old).order_by(_COLUMNS.since))

    async def stock(self) -> Stock:
        """Return how much there is."""
        return await self._database.read(stock_of)

    async def find(
        self,
        camera: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        incident: str | tuple[str, ...] | None = None,
        limit: int | None = 50,
        before: Footage | None = None,
        *,
        booked: bool | None = None,
    ) -> list[Footage]:
        """Return footage that began in a span, of one incident or of several, newest first.

        Before is the last row of the page before. Booked tells to return movies of appointments
        only, or none; their parts are never shown.
        """
        query = selection(camera, since, until, incident, before, booked)
        return await self._read(query.limit(limit))

    async def of_booking(self, appointment: str) -> list[Footage]:
        """Return the parts of an appointment, by camera and time, and then the movies of it."""
        query = select(FOOTAGE).where(_COLUMNS.booking == appointment)
        order = (_COLUMNS.part.desc(), _COLUMNS.camera, _COLUMNS.since, _COLUMNS.id)
        return await self._read(query.order_by(*order))

    async def days(self, camera: str, zone: tzinfo) -> list[date]:
        """Return the local days on which footage began that is not gone, newest first."""
        return await self._database.read(lambda db: days_of(db, camera, zone))

    async def recordings(self, camera: str) -> frozenset[str]:
        """Return the recorder's ids of all recordings of a camera that rows know."""
        query = select(_COLUMNS.recording).where(
            _COLUMNS.camera == camera, _COLUMNS.recording.is_not(None)
        )
        return await self._database.read(lambda db: frozenset(db.execute(query).scalars()))

    async def is_fetched(self, camera: str, recording: str) -> bool:
        """Whether a recording of a camera was brought home, wherever its clip is by now."""
        stages = (*DONE, FootageStage.EXPIRED.value)
        query = select(_COLUMNS.id).where(
            _COLUMNS.camera == camera, _COLUMNS.recording == recording, _COLUMNS.stage.in_(stages)
        )
        return await self._database.read(lambda db: db.execute(query).first() is not None)

    async def _read(self, query: Select[Any]) -> list[Footage]:
        return await self._database.read(
            lambda db: [footage_of(row) for row in db.execute(query).mappings()]
        )


def _of_recording(row: Footage) -> Select[Any]:
    return select(_COLUMNS.id).where(
        _COLUMNS.camera == row.camera, _COLUMNS.recording == row.recording
    )


def _are_kept(db: Connection, incident: str | None) -> bool:
    # What belongs to no incident has nothing in common: this compares with NULL.
    of_incident = _COLUMNS.incident == literal(incident, Text)
    return db.execute(select(func.min(_COLUMNS.kept)).where(of_incident)).scalar() == 1


def _as_it_was(row: Footage) -> dict[str, Any]:
    """Return what tells that nobody has moved a row since."""
    values = values_of(row)
    return {f"was_{name}": values[name] for name in ("id", *STILL)}
