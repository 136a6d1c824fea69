"""What stands in for cameras, detector, footage and house while the stories are real."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image

from custom_components.gatehouse.footage import FootageError
from custom_components.gatehouse.incidents import (
    IncidentNews,
    IncidentOptions,
    IncidentQuery,
    Incidents,
    IncidentStore,
    NewsKind,
    PicturesLost,
    Presence,
    Surroundings,
    Watched,
)
from custom_components.gatehouse.models import (
    Box,
    Detection,
    Footage,
    FootageStage,
    Group,
    Incident,
    Level,
    Passage,
    PassageKind,
    Picture,
)
from custom_components.gatehouse.vision import DetectorFailed, Sight, VisionError
from custom_components.gatehouse.zones import Zones
from tests.waiting import eventually

FRONT = "9f2c41d07ab3/front"
BACK = "9f2c41d07ab3/back"
YARD = "51e0aa93c7d4/yard"
DOOR = "9f2c41d07ab3/door"
NAMES = {FRONT: "Front", BACK: "Back", YARD: "Yard", DOOR: "Front door"}
GATE = Group(id="gate", name="Gate", cameras=(FRONT, BACK), doors=(DOOR,))
NOON = datetime(2026, 11, 18, 12, 0, tzinfo=UTC)
STEADY = 5000.0
"""What the clock that is never set shows at noon."""
CONFIRMED, CLOSED, INTERRUPTED = NewsKind.CONFIRMED, NewsKind.CLOSED, NewsKind.INTERRUPTED


def moment(seconds: float) -> datetime:
    """Return the site's time so many seconds after noon."""
    return NOON + timedelta(seconds=seconds)


@cache
def jpeg() -> bytes:
    written = BytesIO()
    Image.new("RGB", (64, 48), "grey").save(written, "JPEG")
    return written.getvalue()


def person(score: float = 0.9, size: float = 0.2, left: float = 0.1) -> Detection:
    box = Box(left, 0.1, left + size, 0.1 + size)
    return Detection(label="person", score=score, box=box)


def passage(at: float, kind: PassageKind = PassageKind.GRANTED, **changes: Any) -> Passage:
    """Return what happened at the door so many seconds after noon."""
    plain = Passage(id=f"passage at {at}", door=DOOR, kind=kind, at=moment(at))
    return replace(plain, **changes)


def lost(reason: str = "the agent is gone") -> PicturesLost:
    return PicturesLost(reason)


class _Shown(asyncio.Queue[Picture | Exception | None]):
    """What one viewer has not looked at yet; None for the end."""


class Camera:
    """A camera whose pictures the test takes."""

    def __init__(self, key: str = FRONT, **traits: Any) -> None:
        """Its clock is ahead of the site's by `skew`, and is said to be by `known_skew`."""
        self.skew = timedelta()
        self.known_skew = timedelta()
        self.source = Watched(
            camera=key,
            name=NAMES[key],
            pictures=self._pictures,
            **{"clock_ahead": lambda: self.known_skew, **traits},
        )
        self.asked: list[float] = []
        self.open = 0
        self._viewers: list[_Shown] = []
        self._unseen: list[Picture | Exception | None] = []

    def show(self, picture: Picture) -> None:
        """Show a picture to all who look, or to the first who will."""
        self._give(picture)

    def fail(self, error: Exception | None = None) -> None:
        """Break the stream; without an error it ends as if that were all."""
        self._give(error)

    def _give(self, shown: Picture | Exception | None) -> None:
        for viewer in self._viewers:
            viewer.put_nowait(shown)
        if not self._viewers:
            self._unseen.append(shown)

    async def _pictures(self, fps: float) -> AsyncGenerator[Picture]:
        self.asked.append(fps)
        self.open += 1
        shown = _Shown()
        while self._unseen:
            shown.put_nowait(self._unseen.pop(0))
        self._viewers.append(shown)
        try:
            while isinstance(picture := await shown.get(), Picture):
                yield picture
            if picture is not None:
                raise picture
        finally:
            self._viewers.remove(shown)
            self._unseen += [shown.get_nowait() for _ in range(shown.qsize())] * (not self._viewers)
            self.open -= 1


class Eye:
    """A detector that finds what the test put into a picture."""

    def __init__(self) -> None:
        self.shown: list[tuple[bytes, tuple[Detection, ...]]] = []
        self.seen: list[datetime] = []
        self.errors: list[Exception] = []
        self.blind = 0
        """How often it cannot look at all."""
        self.open = asyncio.Event()
        self.open.set()

    async def detect(self, newest: Callable[[], Picture]) -> Sight:
        await self.open.wait()
        if self.blind:
            self.blind -= 1
            raise DetectorFailed("the service is away")
        picture = newest()
        self.seen.append(picture.captured)
        if self.errors:
            raise self.errors.pop(0)
        found = next(found for shown, found in self.shown if shown is picture.jpeg)
        return Sight(picture=picture, detections=found)

    async def close(self) -> None:
        pass


@dataclass
class Films:
    """The footage room, remembering what it was asked."""

    folder: Path
    recorded: list[tuple[str, datetime, datetime, str | None]] = field(default_factory=list)
    levels: list[Level | None] = field(default_factory=list)
    """How bad the incidents of what was to be recorded were then."""
    graded: list[tuple[str, Level]] = field(default_factory=list)
    extended: list[tuple[str, datetime]] = field(default_factory=list)
    pictures: list[Path] = field(default_factory=list)
    error: FootageError | None = None

    async def record(
        self,
        camera: str,
        since: datetime,
        until: datetime,
        incident: str | None = None,
        level: Level | None = None,
    ) -> Footage:
        self.recorded.append((camera, since, until, incident))
        self.levels.append(level)
        return Footage(
            id=f"film {len(self.recorded)}",
            camera=camera,
            incident=incident,
            stage=FootageStage.REQUESTED,
            since=since,
            until=until,
            level=level,
        )

    async def grade(self, incident: str, level: Level) -> None:
        self.graded.append((incident, level))

    async def extend(self, footage: str, until: datetime) -> None:
        self.extended.append((footage, until))

    async def keep_picture(self, camera: str, at: datetime, name: str, jpeg: bytes) -> Path:
        if self.error:
            raise self.error
        place = self.folder / f"{camera.partition('/')[2]}-{at:%H%M%S}-{name}.jpg"
        await asyncio.to_thread(place.write_bytes, jpeg)
        self.pictures.append(place)
        return place

    def of(self, camera: str) -> list[tuple[datetime, datetime]]:
        """Return from when to when a camera was to be recorded, at first."""
        return [(since, until) for key, since, until, _ in self.recorded if key == camera]


@dataclass
class Clock:
    """Seconds that pass when the test says so."""

    seconds: float = STEADY
    set_by: timedelta = timedelta()
    """By how much somebody has set the clock of the site."""

    def steady(self) -> float:
        return self.seconds

    def now(self) -> datetime:
        """Return the site's time."""
        return moment(self.seconds - STEADY) + self.set_by


class House:
    """Whoever hears the news."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.presences: list[tuple[str, Presence]] = []
        self.incidents: list[IncidentNews] = []
        self.around = Surroundings()
        self.ahead = timedelta()
        """How far every camera's clock is ahead."""
        self.deaf: set[str] = set()
        """What it breaks on when it hears it: news, or presences."""

    def presence(self, camera: str, presence: Presence) -> None:
        self.presences.append((camera, presence))
        self._listen("presences")

    def incident(self, news: IncidentNews) -> None:
        self.incidents.append(news)
        self._listen("news")

    def surroundings(self) -> Surroundings:
        return self.around

    def camera_names(self) -> dict[str, str]:
        return NAMES

    def clock_ahead(self, camera: str) -> timedelta:
        return self.ahead

    def now(self) -> datetime:
        return self._clock.now()

    def clock(self) -> float:
        return self._clock.steady()

    def _listen(self, what: str) -> None:
        if what in self.deaf:
            raise ZeroDivisionError

    @property
    def present(self) -> list[bool]:
        """Every change of whether somebody is there, without those of how many and where."""
        there = [presence.present for _, presence in self.presences]
        return [now for before, now in zip([None, *there], there, strict=False) if now != before]

    @property
    def counts(self) -> list[int]:
        return [presence.count for _, presence in self.presences]

    @property
    def kinds(self) -> list[str]:
        """Every news but that of better pictures and more risk."""
        return [news.kind for news in self.incidents if news.kind is not NewsKind.UPDATED]

    @property
    def updates(self) -> int:
        return sum(news.kind is NewsKind.UPDATED for news in self.incidents)

    @property
    def due(self) -> list[str]:
        """The incidents of which somebody was to be notified, in order."""
        return [news.incident.id for news in self.incidents if news.due]

    @property
    def last(self) -> Incident:
        return self.incidents[-1].incident


class Stage:
    """One site with one camera and more if wanted, and a time that only the test moves."""

    def __init__(self, store: IncidentStore, zones: Zones, folder: Path) -> None:
        self.store = store
        self.zones = zones
        self.camera = Camera()
        self.eye = Eye()
        self.films = Films(folder)
        self.clock = Clock()
        self.house = House(self.clock)
        self.options = IncidentOptions(tick=timedelta(milliseconds=10))
        self.stories: list[asyncio.Task[None]] = []
        self.incidents = self.built()

    def built(self, **changes: Any) -> Incidents:
        """Build the room anew, with other options."""
        self.options = replace(self.options, **changes)
        self.incidents = Incidents(
            self.store,
            self.eye,
            self.zones,
            self.films,  # type: ignore[arg-type]
            self.options,
            self.house,
        )
        return self.incidents

    async def begin(self, *cameras: Camera) -> list[asyncio.Task[None]]:
        """Begin the room's story and those of cameras; nothing moves yet."""
        sources = [camera.source for camera in cameras or (self.camera,)]
        stories = [self.incidents.run(), *map(self.incidents.watch, sources)]
        tasks = [asyncio.create_task(story) for story in stories]
        self.stories += tasks
        await eventually(lambda: len(self.incidents._watches) >= len(sources))
        return tasks

    async def move(self, moving: bool = True, camera: Camera | None = None) -> None:
        camera = camera or self.camera
        self.incidents.motion(camera.source.camera, moving)
        if moving:
            await eventually(lambda: camera.open)

    def picture(self, at: float, *found: Detection, camera: Camera | None = None) -> Picture:
        """Take a picture so many seconds after noon, stamped by the camera's clock."""
        skew = (camera or self.camera).skew
        copy = bytes(bytearray(jpeg()))  # the detector tells pictures apart by it
        self.eye.shown.append((copy, found))
        return Picture(jpeg=copy, captured=moment(at) + skew)

    async def frame(self, at: float, *found: Detection, camera: Camera | None = None) -> None:
        """Let it be so many seconds after noon, and have a picture of that moment judged."""
        camera = camera or self.camera
        self.clock.seconds = STEADY + at
        judged = len(self.eye.seen)
        camera.show(self.picture(at, *found, camera=camera))
        await eventually(lambda: len(self.eye.seen) > judged)
        await self.calm()

    async def frames(
        self,
        start: float,
        end: float,
        *found: Detection,
        every: float = 0.2,
        camera: Camera | None = None,
    ) -> None:
        """Have pictures judged from one moment up to, and without, another."""
        for number in range(round((end - start) / every)):
            await self.frame(round(start + number * every, 3), *found, camera=camera)

    async def confirmed(self) -> Incident:
        """Have a person come at noon and be confirmed."""
        await self.begin()
        await self.move()
        await self.frames(0, 0.6, person())
        await self.told(NewsKind.CONFIRMED)
        return self.house.last

    def join(self, at: float, kind: PassageKind = PassageKind.GRANTED, **changes: Any) -> None:
        """Let it be so many seconds after noon, and have something happen at the door."""
        self.clock.seconds = STEADY + at
        self.incidents.join(passage(at, kind, **changes))

    async def pass_time(self, to: float) -> None:
        """Let it be so many seconds after noon, without any picture."""
        self.clock.seconds = STEADY + to
        await asyncio.sleep(3 * self.options.tick.total_seconds())

    async def told(self, *kinds: NewsKind) -> None:
        """Wait until this, besides updates, is the last news."""
        await eventually(
            lambda: tuple(self.house.kinds[-len(kinds) :]) == kinds,
            what=f"{kinds} the last news",
        )

    async def rows(self) -> list[Incident]:
        """Return all incidents, newest first."""
        return await self.store.find(IncidentQuery())

    async def written(self, holds: Callable[[Incident], object]) -> None:
        """Wait until something holds of the newest row."""

        async def newest() -> object:
            return holds((await self.rows())[0])

        await eventually(newest)

    async def noted(self) -> None:
        """Wait until all that was seen is written, recorded and pictured."""
        for _ in range(2):  # the journal itself may be about to write once more
            await self.incidents._journal.settle()

    async def calm(self) -> None:
        """Let what is ready on the loop run."""
        for _ in range(5):
            await asyncio.sleep(0)

    async def cancel(self, *stories: asyncio.Task[None]) -> None:
        for story in stories or self.stories:
            story.cancel()
            with suppress(asyncio.CancelledError, ZeroDivisionError, ExceptionGroup):
                await story

    async def end(self) -> None:
        """End as the site does: the stories first."""
        self.house.deaf.clear()
        await self.cancel()
        await self.incidents.stop()


def errors(error: VisionError, times: int) -> list[Exception]:
    return [error] * times
