"""What stands in for the camera, the detector and the footage room while the stories are real."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
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
    Incidents,
    IncidentStore,
    NewsKind,
    PicturesLost,
    Presence,
    Watched,
)
from custom_components.gatehouse.models import (
    Box,
    Detection,
    Footage,
    FootageStage,
    Incident,
    Picture,
)
from custom_components.gatehouse.vision import Sight, VisionError

FRONT = "9f2c41d07ab3/front"
BACK = "9f2c41d07ab3/back"
NOON = datetime(2026, 11, 18, 12, 0, tzinfo=UTC)


@cache
def jpeg() -> bytes:
    written = BytesIO()
    Image.new("RGB", (64, 48), "grey").save(written, "JPEG")
    return written.getvalue()


def person(score: float = 0.9, size: float = 0.2) -> Detection:
    return Detection(label="person", score=score, box=Box(0.1, 0.1, 0.1 + size, 0.1 + size))


class Camera:
    """A camera whose pictures the test takes."""

    def __init__(self, key: str = FRONT) -> None:
        self.source = Watched(camera=key, name=key, pictures=self._pictures)
        self.asked: list[float] = []
        self.open = 0
        self._waiting: asyncio.Queue[Picture | Exception | None] = asyncio.Queue()

    def show(self, picture: Picture) -> None:
        self._waiting.put_nowait(picture)

    def fail(self, error: Exception | None = None) -> None:
        """Break the stream; without an error it ends as if that were all."""
        self._waiting.put_nowait(error)

    async def _pictures(self, fps: float) -> AsyncGenerator[Picture]:
        self.asked.append(fps)
        self.open += 1
        try:
            while isinstance(picture := await self._waiting.get(), Picture):
                yield picture
            if picture is not None:
                raise picture
        finally:
            self.open -= 1


class Eye:
    """A detector that finds what the test put into a picture."""

    def __init__(self) -> None:
        self.found: dict[datetime, tuple[Detection, ...]] = {}
        self.seen: list[datetime] = []
        self.errors: list[VisionError] = []
        self.open = asyncio.Event()
        self.open.set()

    async def detect(self, newest: Callable[[], Picture]) -> Sight:
        await self.open.wait()
        picture = newest()
        self.seen.append(picture.captured)
        if self.errors:
            raise self.errors.pop(0)
        return Sight(picture=picture, detections=self.found.get(picture.captured, ()))

    async def close(self) -> None:
        pass


@dataclass
class Films:
    """The footage room, remembering what it was asked."""

    folder: Path
    recorded: list[tuple[str, datetime, datetime, str | None]] = field(default_factory=list)
    extended: list[tuple[str, datetime]] = field(default_factory=list)
    pictures: list[Path] = field(default_factory=list)
    error: FootageError | None = None

    async def record(
        self, camera: str, since: datetime, until: datetime, incident: str | None = None
    ) -> Footage:
        self.recorded.append((camera, since, until, incident))
        return Footage(
            id=f"film {len(self.recorded)}",
            camera=camera,
            incident=incident,
            stage=FootageStage.REQUESTED,
            since=since,
            until=until,
        )

    async def extend(self, footage: str, until: datetime) -> None:
        self.extended.append((footage, until))

    async def keep_picture(self, camera: str, at: datetime, name: str, jpeg: bytes) -> Path:
        if self.error:
            raise self.error
        place = self.folder / f"{name}.jpg"
        await asyncio.to_thread(place.write_bytes, jpeg)
        self.pictures.append(place)
        return place


class Listener:
    """Whoever hears the news."""

    def __init__(self) -> None:
        self.presences: list[tuple[str, Presence]] = []
        self.incidents: list[IncidentNews] = []
        self.broken = False

    def presence(self, camera: str, presence: Presence) -> None:
        self.presences.append((camera, presence))

    def incident(self, news: IncidentNews) -> None:
        self.incidents.append(news)
        if self.broken:
            raise ZeroDivisionError

    @property
    def present(self) -> list[bool]:
        """Every change of whether somebody is there."""
        return [presence.present for _, presence in self.presences]

    @property
    def kinds(self) -> list[str]:
        """Every news but that of better pictures and more risk."""
        return [news.kind for news in self.incidents if news.kind is not NewsKind.UPDATED]

    @property
    def updates(self) -> int:
        return sum(news.kind is NewsKind.UPDATED for news in self.incidents)

    @property
    def last(self) -> Incident:
        return self.incidents[-1].incident


@dataclass
class Clock:
    """Seconds that pass when the test says so."""

    now: float = 5000.0

    def __call__(self) -> float:
        return self.now


class Stage:
    """One site with one camera, and a time that only the test moves."""

    def __init__(
        self, store: IncidentStore, folder: Path, eventually: Callable[..., Awaitable[None]]
    ) -> None:
        self.store = store
        self.camera = Camera()
        self.eye = Eye()
        self.films = Films(folder)
        self.news = Listener()
        self.clock = Clock()
        self.skew = timedelta()
        self.options = IncidentOptions(tick=timedelta(milliseconds=10))
        self.eventually = eventually
        self.stories: list[asyncio.Task[None]] = []
        self.incidents = self.built()

    def built(self, **changes: Any) -> Incidents:
        self.options = replace(self.options, **changes)
        self.incidents = Incidents(
            self.store,
            self.eye,
            self.films,  # type: ignore[arg-type]
            self.options,
            self.news,
            clock=self.clock,
        )
        return self.incidents

    async def begin(self, camera: Camera | None = None) -> asyncio.Task[None]:
        """Begin a camera's story; nothing moves yet."""
        story = asyncio.create_task(self.incidents.watch((camera or self.camera).source))
        self.stories.append(story)
        await self.eventually(lambda: self.incidents._watches)
        return story

    async def move(self, moving: bool = True) -> None:
        self.incidents.motion(FRONT, moving)
        if moving:
            await self.eventually(lambda: self.camera.open)

    def picture(self, at: float, *found: Detection) -> Picture:
        """Take a picture so many seconds after noon, by the agent's clock."""
        captured = NOON + self.skew + timedelta(seconds=at)
        self.eye.found[captured] = found
        return Picture(jpeg=jpeg(), captured=captured)

    async def frame(self, at: float, *found: Detection) -> None:
        """Let it be so many seconds after noon, and have a picture of that moment judged."""
        self.clock.now = 5000.0 + at
        judged = len(self.eye.seen)
        self.camera.show(self.picture(at, *found))
        await self.eventually(lambda: len(self.eye.seen) > judged)
        await self.calm()

    async def frames(self, start: float, end: float, *found: Detection, every: float = 0.2) -> None:
        """Have pictures judged from one moment up to, and without, another."""
        for number in range(round((end - start) / every)):
            await self.frame(start + number * every, *found)

    async def confirmed(self) -> Incident:
        """Have a person come at noon and be confirmed."""
        await self.begin()
        await self.move()
        await self.frames(0, 0.6, person())
        await self.eventually(lambda: NewsKind.CONFIRMED in self.news.kinds)
        return self.news.last

    async def pass_time(self, to: float) -> None:
        """Let it be so many seconds after noon, without any picture."""
        self.clock.now = 5000.0 + to
        await asyncio.sleep(3 * self.options.tick.total_seconds())

    async def calm(self) -> None:
        """Let what is ready on the loop run."""
        for _ in range(5):
            await asyncio.sleep(0)

    async def end(self) -> None:
        for story in self.stories:
            story.cancel()
        await asyncio.gather(*self.stories, return_exceptions=True)


def lost(reason: str = "the agent is gone") -> PicturesLost:
    return PicturesLost(reason)
