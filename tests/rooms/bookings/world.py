"""A site whose hours go by as a test says: agents and files of parts, a real diary and database.

What stands in for the world outside is named: agents that record by the clock of the test, parts
that arrive as rows at once (that they do is tested with the footage), and a merger that takes the
first part for the movie.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
import shutil
from typing import Any, Final
from uuid import uuid4

from custom_components.gatehouse.agent import (
    AgentRefused,
    AgentUnreachable,
    Planned,
    Recording,
    RecordingOrigin,
    RecordingStatus,
)
from custom_components.gatehouse.bookings import (
    Appointment,
    AppointmentQuery,
    BookingOptions,
    Bookings,
    BookingStore,
    Diary,
    Frame,
    Parts,
    Production,
)
from custom_components.gatehouse.bookings.plans import Plans
from custom_components.gatehouse.database import Database
from custom_components.gatehouse.footage import (
    Clip,
    Clips,
    Disk,
    DiskFull,
    FootageFlow,
    FootageOptions,
    FootageStore,
    Library,
    Merged,
    MergePlan,
    Movies,
    PanoramaUnavailable,
)
from custom_components.gatehouse.models import BookingState, Footage, FootageStage, Layout
from tests.rooms.bookings.booked import BERLIN, Clock
from tests.rooms.footage.media import video

SEGMENT: Final = timedelta(minutes=5)
OPTIONS: Final = BookingOptions(segment=SEGMENT, look=timedelta(minutes=1))


@dataclass
class SimulatedAgent:
    """Records what it was told by the clock of the test, whoever asks."""

    name: str
    clock: Clock
    is_off: bool = False
    """Whether it records nothing, and nobody reaches it."""
    is_away: bool = False
    """Whether nobody reaches it, while it records all the same."""
    broken: set[str] = field(default_factory=set)
    """The cameras that give no picture."""
    clock_ahead: timedelta = timedelta()
    planned: tuple[Planned, ...] = ()
    plans: int = 0
    refuses: bool = False
    """Whether it takes no plan."""
    refused: int = 0
    there: dict[str, Recording] = field(default_factory=dict)

    async def plan(self, planned: Sequence[Planned], segment: timedelta) -> None:
        assert segment == SEGMENT
        self._reach()
        if self.refuses:
            self.refused += 1
            raise AgentRefused("busy", "It is busy: ask again later")
        self.planned = tuple(planned)
        self.plans += 1

    async def list(self, camera: str) -> tuple[Recording, ...]:
        self._reach()
        return tuple(each for each in self.there.values() if each.camera == camera)

    def record(self) -> None:
        """Do what is to be done at the time that it is now."""
        now = self.clock()
        known = {(each.id, each.camera): each for each in self.planned}
        for each in tuple(self.there.values()):
            if each.status is RecordingStatus.RECORDING:
                said = known.get((each.booking or "", each.camera))
                until = min(each.until, said.until if said else now)
                if now >= until or self.is_off:
                    ended = min(until, now)
                    self.there[each.id] = replace(
                        each, status=RecordingStatus.COMPLETE, until=ended, duration=SEGMENT
                    )
        for said in self.planned:
            self._begin(said, now)

    def _begin(self, said: Planned, now: datetime) -> None:
        own = [
            each
            for each in self.there.values()
            if (each.booking, each.camera) == (said.id, said.camera)
        ]
        reached = max((each.until for each in own), default=said.since)
        running = any(each.status is RecordingStatus.RECORDING for each in own)
        if running or self.is_off or said.camera in self.broken or not reached <= now < said.until:
            return
        name = uuid4().hex
        self.there[name] = Recording(
            id=name,
            camera=said.camera,
            status=RecordingStatus.RECORDING,
            started=max(reached, said.since) if now - reached < SEGMENT else now,
            until=min(max(reached, said.since) + SEGMENT, said.until),
            duration=None,
            size=None,
            sha256=None,
            error=None,
            origin=RecordingOrigin.BOOKED,
            booking=said.id,
        )

    def _reach(self) -> None:
        if self.is_off or self.is_away:
            raise AgentUnreachable("It is not there: switch it on")


class FirstPart:
    """Stands in for the merger: the movie is the first part again."""

    def __init__(self) -> None:
        self.plans: list[MergePlan] = []
        self.fails = 0
        """How often there is no room."""
        self.moved = False
        """Whether a camera was touched."""
        self.can_stitch = True

    async def merge(
        self, plan: MergePlan, target: Path, progress: Callable[[float], None]
    ) -> Merged:
        if self.fails:
            self.fails -= 1
            raise DiskFull("There is no room: make some")
        if plan.layout is Layout.PANORAMA and not self.can_stitch:
            raise PanoramaUnavailable("They look elsewhere: compare them again")
        self.plans.append(plan)
        progress(0.5)
        await asyncio.to_thread(shutil.copy, plan.left.parts[0].path, target)
        cameras = [reel.camera for reel in (plan.left, plan.right) if reel]
        size = await asyncio.to_thread(lambda: target.stat().st_size)
        clip = Clip(
            duration=timedelta(seconds=1),
            width=64,
            height=48,
            codec="h264",
            size=size,
            sha256="",
            md5="",
            poster=b"jpeg",
        )
        return Merged(
            clip=clip, began=plan.since, cameras=tuple(cameras), skipped=(), moved=self.moved
        )


class World:
    """All that is around appointments."""

    def __init__(self, database: Database, clock: Clock, folder: Path) -> None:
        self.clock = clock
        self.pi, self.attic = SimulatedAgent("pi", clock), SimulatedAgent("attic", clock)
        self._pis = {"pi": self.pi, "attic": self.attic}
        self.merger = FirstPart()
        self.filed_as: str | None = None
        """Under which name movies are filed; None for that of their calendar."""
        self.can_upload = True
        self.uploads_at_once: int | None = None
        """None for all."""
        self.told: list[Appointment] = []
        self.shared: list[str] = []
        self._rows = FootageStore(database)
        self._disk = Disk(folder, BERLIN, 0)
        self._database = database
        self._part = video(1)
        self.store = BookingStore(database)
        self.start()

    def start(self) -> None:
        """Start Home Assistant: nothing is known but what is in the database and on the disk."""
        self.diary = Diary(self.store, now=self.clock)
        clips = Clips(self._rows, self._disk, self._hear)
        movies = Movies(self._rows, self._disk, clips, self._hear)
        flow = FootageFlow(
            self._rows, self.recorder, self._disk, FootageOptions(), self._hear, now=self.clock
        )
        self.library = Library(self._rows, self._disk)
        parts = Parts(flow, self.library, movies, self.recorder, OPTIONS, self)
        production: Any = Production(self.diary, parts, movies, self.merger, OPTIONS, self)  # type: ignore[arg-type]
        self.bookings = Bookings(self.diary, self.store, parts, production, OPTIONS, self)

    def _hear(self, _: Footage) -> None:
        pass

    def recorder(self, camera: str) -> Any:
        owner, _, name = camera.partition("/")
        return (self._pis[owner], name) if owner in self._pis else None

    def agents(self) -> dict[str, Any]:
        return {name: pi for name, pi in self._pis.items() if not (pi.is_away or pi.is_off)}

    def has_agent(self, camera: str) -> bool:
        return camera.partition("/")[0] in self._pis

    def frame(self, appointment: Appointment) -> Frame:
        return Frame(name=self.filed_as or appointment.calendar)

    def uploads(self) -> bool:
        return self.can_upload

    async def share(self, _: Appointment, movie: Footage) -> str | None:
        self.shared.append(movie.id)
        return f"https://example.org/{movie.id}"

    async def finished(self, appointment: Appointment) -> None:
        self.told.append(appointment)

    def progressed(self, appointment: Appointment, share: float) -> None:
        assert 0 <= share <= 1

    def now(self) -> datetime:
        return self.clock()

    async def fetch(self) -> None:
        """Bring home what the agents have recorded, as the footage chain does."""
        for owner, pi in self.agents().items():
            for name, each in tuple(pi.there.items()):
                if each.status is RecordingStatus.COMPLETE:
                    row = await asyncio.to_thread(self._filed, f"{owner}/{each.camera}", each)
                    await self._rows.add(row)
                    self.bookings.footage(row)
                    del pi.there[name]

    async def send_for(self, pi: SimulatedAgent) -> list[Footage]:
        """Let all that an agent has recorded be on its way, for ever if need be."""
        rows = [
            await asyncio.to_thread(self._filed, f"{pi.name}/{each.camera}", each)
            for each in pi.there.values()
        ]
        for row in rows:
            await self._rows.add(replace(row, stage=FootageStage.RECORDING, path=None))
        return rows

    async def arrive(self, row: Footage) -> None:
        """Let something be here that was on its way."""
        assert (coming := await self._rows.get(row.id))
        assert await self._rows.move(coming, row)
        self.bookings.footage(row)

    def _filed(self, camera: str, each: Recording) -> Footage:
        since = each.started or each.until
        place = self._disk.place(camera, since, each.id, ".mp4")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(self._part)
        return Footage(
            id=each.id,
            camera=camera,
            incident=None,
            stage=FootageStage.READY,
            since=since,
            until=each.until,
            recording=each.id,
            path=place,
            booking=each.booking,
            part=True,
            kept=True,
            wanted=False,
            optimised=True,
            duration=each.until - since,
            size=len(self._part),
        )

    async def upload(self) -> bool:
        """Bring the movies off-site that are wanted there, as the off-site queue does."""
        uploaded = False
        here = [each for each in await self._rows.here() if each.stage is FootageStage.READY]
        wanted = sorted((each for each in here if each.wanted), key=lambda each: each.camera)
        if not wanted:
            return False
        query = AppointmentQuery(states=frozenset({BookingState.READY}))
        for row in await self.store.find(query):
            of_it = [each for each in wanted if each.booking == row.id]
            for movie in of_it[: self.uploads_at_once]:
                gone = replace(movie, stage=FootageStage.UPLOADED, key="movie.mp4")
                assert await self._rows.move(movie, gone)
                uploaded = True
        return uploaded

    async def rows(self, appointment: str) -> list[Footage]:
        """Return all that there is of an appointment."""
        return await self.library.of_booking(appointment)

    async def look(self) -> None:
        """Let everybody do what is to be done at the time that it is now."""
        for pi in self._pis.values():
            pi.record()
        await self.fetch()
        await self.bookings.look()
        await self.bookings.make_next()
        if await self.upload():
            await self.bookings.look()

    @asynccontextmanager
    async def planning(self) -> AsyncIterator[None]:
        """Send the agent what is booked, whenever that changes."""
        plans = Plans(self.store, OPTIONS, self)
        unlisten = self.diary.listen(lambda _: plans.changed())
        task = asyncio.create_task(plans.run())
        for owner in self._pis:
            plans.described(owner)
        try:
            yield
        finally:
            unlisten()
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
