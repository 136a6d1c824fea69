"""A site whose cameras are simulated, and all that looks at them the product's own."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
import time
from typing import Final

from custom_components.gatehouse.database import Database
from custom_components.gatehouse.incidents import (
    IncidentNews,
    IncidentOptions,
    Incidents,
    IncidentStore,
    Presence,
    Surroundings,
    Watched,
)
from custom_components.gatehouse.models import Picture
from custom_components.gatehouse.vision import (
    Detector,
    DetectorOptions,
    Lineup,
    OnnxDetector,
    Sight,
)
from custom_components.gatehouse.zones import Zones, ZoneStore
from tests.rooms.incidents.fakes import Films

from .sightings import Material

SEEN_WITHIN: Final = 20.0  # seconds
GLANCE_S: Final = 0.005
REST_S: Final = 0.1


class Camera:
    """Gives one picture again and again, as many a second as it is asked for."""

    def __init__(self, number: int, jpeg: bytes) -> None:
        """The bytes are its own, so that it is known by them."""
        self.key = f"bench/{number}"
        self.jpeg = bytes(bytearray(jpeg))
        self.given = 0
        """How many bytes of pictures were asked of it."""
        self.first: float | None = None
        """When the first picture was, by the clock of `time.perf_counter`."""
        self.source = Watched(camera=self.key, name=f"Camera {number}", pictures=self._pictures)

    async def _pictures(self, fps: float) -> AsyncGenerator[Picture]:
        due = time.perf_counter()
        while True:
            now = time.perf_counter()
            self.first = self.first or now
            self.given += len(self.jpeg)
            yield Picture(jpeg=self.jpeg, captured=datetime.now(UTC))
            due = max(due + 1 / fps, now)  # what is late is not made up for
            await asyncio.sleep(due - time.perf_counter())


class Served(Detector):
    """Counts whose pictures the product's detector looks at."""

    def __init__(self, detector: Detector, cameras: Sequence[Camera]) -> None:
        self._detector = detector
        self._keys = {id(camera.jpeg): camera.key for camera in cameras}
        self.answers = Counter[str]()

    async def detect(self, newest: Callable[[], Picture]) -> Sight:
        sight = await self._detector.detect(newest)
        self.answers[self._keys[id(sight.picture.jpeg)]] += 1
        return sight

    async def close(self) -> None:
        await self._detector.close()


class House:
    """Hears who is where, and when that became so."""

    def __init__(self) -> None:
        self.seen: dict[str, float] = {}
        """When somebody was first known to be there."""

    def presence(self, camera: str, presence: Presence) -> None:
        if presence.present:
            self.seen.setdefault(camera, time.perf_counter())

    def has_seen(self, cameras: Sequence[Camera]) -> bool:
        return all(camera.key in self.seen for camera in cameras)

    def incident(self, news: IncidentNews) -> None:
        """Tell nobody."""

    def surroundings(self) -> Surroundings:
        return Surroundings()

    def camera_names(self) -> dict[str, str]:
        return {}

    def clock_ahead(self, camera: str) -> timedelta:
        return timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC)

    def clock(self) -> float:
        return time.monotonic()


class Site:
    """An incidents room that watches cameras, most of which see nothing that moves."""

    def __init__(
        self, incidents: Incidents, cameras: Sequence[Camera], served: Served, house: House
    ) -> None:
        self.cameras = cameras
        self._served = served
        self._incidents = incidents
        self._house = house

    async def arrivals_ms(self, cameras: Sequence[Camera]) -> list[float]:
        """Let somebody come at cameras at once; return how long until each knows of a person."""
        await self.stir(cameras)
        async with asyncio.timeout(SEEN_WITHIN):
            while not self._house.has_seen(cameras):  # noqa: ASYNC110 - as anybody who looks on
                await asyncio.sleep(GLANCE_S)
        return [1000 * (self._house.seen[each.key] - (each.first or 0.0)) for each in cameras]

    async def served_in(self, seconds: float) -> Counter[str]:
        """Return how many pictures of each camera are looked at in so many seconds."""
        self._served.answers.clear()
        await asyncio.sleep(seconds)
        return Counter(self._served.answers)

    async def stir(self, cameras: Sequence[Camera]) -> None:
        """Let something move there."""
        for camera in cameras:
            self._incidents.switch(camera.key, on=True)
            self._incidents.motion(camera.key, moving=True)

    async def rest(self, cameras: Sequence[Camera]) -> None:
        """Let nobody look any more, and wait until what is looked at is done."""
        for camera in cameras:
            self._incidents.switch(camera.key, on=False)
        await asyncio.sleep(REST_S)


@asynccontextmanager
async def opened(
    folder: Path, material: Material, cameras: Sequence[Camera], options: IncidentOptions
) -> AsyncIterator[Site]:
    """Watch these cameras with the product's own detector."""
    look = DetectorOptions(threshold=material.threshold)
    detector = Lineup([("local", await OnnxDetector.load(material.model, look))])
    served, house = Served(detector, cameras), House()
    database = await Database.open(folder / "site.db")
    incidents = Incidents(
        IncidentStore(database),
        served,
        Zones(ZoneStore(database), lambda _: None),
        Films(folder),  # type: ignore[arg-type]  # what is recorded is another group's
        options,
        house,
    )
    stories = [incidents.run(), *(incidents.watch(camera.source) for camera in cameras)]
    tasks = [asyncio.create_task(story) for story in stories]
    try:
        await asyncio.sleep(0)
        yield Site(incidents, cameras, served, house)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await incidents.stop()
        await served.close()
        await database.close()
