"""Films with and without people, and what became of those whom a detector saw in them.

The films are not part of the repository. They lie in the folder that GATEHOUSE_MATERIAL names, or
in `shared` beside the repository; what scripts/demo-assets fetched is used too.
"""

import asyncio
from collections.abc import (
    AsyncGenerator,
    Callable,
    Collection,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from hashlib import sha256
from io import BytesIO
from itertools import cycle, islice
import json
from math import ceil
import os
from pathlib import Path
from typing import Any, Final

import av
from PIL import Image
import pytest

from custom_components.gatehouse.database import Database
from custom_components.gatehouse.incidents import (
    IncidentNews,
    IncidentOptions,
    IncidentQuery,
    Incidents,
    IncidentStore,
    Presence,
    Surroundings,
    Watched,
)
from custom_components.gatehouse.incidents.track import Track, TrackRules
from custom_components.gatehouse.incidents.tracks import Tracks, followed, present
from custom_components.gatehouse.models import (
    Box,
    Detection,
    Footage,
    FootageStage,
    Incident,
    Level,
    Picture,
)
from custom_components.gatehouse.vision import Detector, Sight
from custom_components.gatehouse.zones import Zones, ZoneStore

ROOT: Final = Path(__file__).parents[3]
MATERIAL: Final = Path(os.environ.get("GATEHOUSE_MATERIAL") or ROOT.parent / "shared")
MODEL: Final = MATERIAL / "models" / "yolox_nano.onnx"
CLIPS: Final = MATERIAL / "media" / "clips"
IMAGES: Final = MATERIAL / "media" / "images"
ASSETS: Final = ROOT / ".demo" / "assets.json"

# Somewhere in a week; all films begin then.
EVENING: Final = datetime(2026, 11, 20, 18, tzinfo=UTC)

Shot = tuple[float, bytes]


def demo() -> dict[str, Any]:
    """Return what scripts/demo-assets fetched, if it did."""
    found: dict[str, Any] = json.loads(ASSETS.read_text("utf-8")) if ASSETS.is_file() else {}
    return found


material = pytest.mark.skipif(
    not (MODEL.is_file() and CLIPS.is_dir() and IMAGES.is_dir()),
    reason=f"no models and media in {MATERIAL.name}/",
)
fetched = pytest.mark.skipif(
    demo().get("video_kind") != "vtest" or not demo().get("model"),
    reason="scripts/demo-assets has fetched no vtest.avi and model",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Film:
    """Pictures and their seconds, and from when to when somebody is plainly visible."""

    shots: tuple[Shot, ...]
    visits: tuple[tuple[float, float], ...]


def film(clip: str, fps: float, pause: float = 0.0) -> Film:
    """Play a clip; while nobody is there its pictures are repeated until the pause is over."""
    truth = _truth(clip)
    step = truth["fps"] / fps
    wanted = [int(each * step) for each in range(int(truth["frames_total"] / step))]
    jpegs = dict(zip(wanted, _frames(CLIPS / clip, wanted), strict=True))
    order: list[bytes] = []
    visits = []
    for segment in truth["segments"]:
        part = [jpegs[n] for n in wanted if segment["start"] <= n <= segment["end"]]
        least = ceil(pause * fps) if segment["state"] == "absent" else 0
        begins = len(order) / fps
        order += islice(cycle(part), max(len(part), least))
        if segment["state"] == "present":
            visits.append((begins, (len(order) - 1) / fps))
    return Film(shots=_timed(order, fps), visits=tuple(visits))


def garden_path(numbers: range) -> tuple[Shot, ...]:
    """Play a part of the demo's video, as its camera of the garden path shows it."""
    wanted = numbers[::2]
    jpegs = _frames(Path(demo()["video"]), wanted, Box(0, 320, 448, 576))
    return _timed(list(jpegs), fps=5)


def stills(tier: str) -> list[bytes]:
    """Return the pictures of a tier: clear (a person of some size) or negative (nobody)."""
    truth = json.loads((IMAGES / "ground_truth.json").read_text("utf-8"))
    files = [each["file"] for each in truth["images"] if each["tier"] == tier]
    return [(IMAGES / file).read_bytes() for file in files]


def empty_room() -> Image.Image:
    """Return a real picture of a room in which nobody is."""
    (jpeg,) = _frames(CLIPS / "onebyone_dev.mp4", [0])
    return Image.open(BytesIO(jpeg))


def shown_in_turn(jpegs: Iterable[bytes], seconds: float, fps: float) -> tuple[Shot, ...]:
    """Show each picture for a while, one after the other."""
    return _timed([jpeg for jpeg in jpegs for _ in range(round(seconds * fps))], fps)


async def incidents_of(
    detector: Detector, shots: Iterable[Shot], folder: Path, options: IncidentOptions
) -> list[Incident]:
    """Show a film, in which everything moves, to the whole room; return its rows, oldest first."""
    database = await Database.open(folder / "gatehouse.db")
    store = IncidentStore(database)
    cinema = Cinema(detector, shots, folder)
    incidents = Incidents(
        store,
        cinema,
        Zones(ZoneStore(database), cinema.heard.append),
        cinema,  # type: ignore[arg-type]
        options,
        cinema,
    )
    running = asyncio.create_task(incidents.run())
    watching = asyncio.create_task(incidents.watch(cinema.source))
    incidents.motion(cinema.source.camera, moving=True)
    over = asyncio.create_task(cinema.over.wait())
    await asyncio.wait((running, watching, over), return_when=asyncio.FIRST_COMPLETED)
    await incidents.stop()
    for story in (running, watching, over):
        story.cancel()
    ends = await asyncio.gather(running, watching, return_exceptions=True)
    rows = await store.find(IncidentQuery())
    await database.close()
    assert all(isinstance(end, asyncio.CancelledError) for end in ends), ends
    return rows[::-1]


class Cinema:
    """A camera that shows a film, and whoever is around it; each picture is looked at.

    It is as late as the picture that is shown, however long it takes to look at it.
    """

    def __init__(self, detector: Detector, shots: Iterable[Shot], folder: Path) -> None:
        self.source = Watched(camera="film", name="Film", pictures=self._show)
        self.seconds = 0.0
        self.heard: list[str] = []
        self.over = asyncio.Event()
        self._detector = detector
        self._shots = iter(shots)
        self._folder = folder
        self._looked = asyncio.Event()

    async def detect(self, newest: Callable[[], Picture]) -> Sight:
        sight = await self._detector.detect(newest)
        self._looked.set()
        return sight

    async def close(self) -> None:
        await self._detector.close()

    async def keep_picture(self, camera: str, at: datetime, name: str, jpeg: bytes) -> Path:
        place = self._folder / f"{name}.jpg"
        await asyncio.to_thread(place.write_bytes, jpeg)
        return place

    async def grade(self, incident: str, level: Level) -> None:
        """Take it as it comes: a film is not uploaded."""

    async def record(self, camera: str, since: datetime, until: datetime, **_: object) -> Footage:
        return Footage(
            id="film",
            camera=camera,
            incident=None,
            stage=FootageStage.REQUESTED,
            since=since,
            until=until,
        )

    async def extend(self, footage: str, until: datetime) -> None:
        """The film is recorded already."""

    def presence(self, camera: str, presence: Presence) -> None:
        self.heard.append(camera)

    def incident(self, news: IncidentNews) -> None:
        self.heard.append(news.kind)

    def surroundings(self) -> Surroundings:
        return Surroundings()

    def camera_names(self) -> Mapping[str, str]:
        return {self.source.camera: self.source.name}

    def now(self) -> datetime:
        return EVENING + timedelta(seconds=self.seconds)

    def clock(self) -> float:
        return self.seconds

    async def _show(self, _: float) -> AsyncGenerator[Picture]:
        for second, jpeg in self._shots:
            self.seconds = second
            yield Picture(jpeg=jpeg, captured=EVENING + timedelta(seconds=second))
            await self._looked.wait()
            self._looked.clear()
        self.over.set()
        await asyncio.Event().wait()


async def history(
    detector: Detector, shots: Iterable[Shot], rules: TrackRules
) -> list[tuple[float, Tracks]]:
    """Look at each picture of a film; return the tracks after each of them."""
    tracks = Tracks()
    passed = []
    for second, jpeg in shots:
        picture = Picture(jpeg=jpeg, captured=EVENING + timedelta(seconds=second))
        sight = await detector.detect(partial(_same, picture))
        tracks = followed(tracks, sight.detections, picture.captured, now=second, rules=rules)
        passed.append((second, tracks))
    return passed


def stays(passed: list[tuple[float, Tracks]]) -> list[Track]:
    """Return those who were there for sure, each as it was last, in the order of their coming."""
    latest = {track.id: track for _, tracks in passed for track in present(tracks)}
    return [track for _, track in sorted(latest.items())]


class Remembering:
    """A detector that looks at each picture once: the same bytes show the same people again."""

    def __init__(self, detector: Detector, seen: dict[bytes, tuple[Detection, ...]]) -> None:
        self._detector = detector
        self._seen = seen

    async def detect(self, newest: Callable[[], Picture]) -> Sight:
        picture = newest()
        key = sha256(picture.jpeg).digest()
        if key not in self._seen:
            sight = await self._detector.detect(partial(_same, picture))
            self._seen[key] = sight.detections
        return Sight(picture=picture, detections=self._seen[key])

    async def close(self) -> None:
        await self._detector.close()


def _same(picture: Picture) -> Picture:
    return picture


def _truth(clip: str) -> dict[str, Any]:
    clips = json.loads((CLIPS / "ground_truth.json").read_text("utf-8"))["clips"]
    (truth,) = [each for each in clips if each["file"] == clip]
    return dict(truth)


def _frames(video: Path, wanted: Collection[int], part: Box | None = None) -> Iterator[bytes]:
    """Return frames of a video as JPEGs, or a part of them, by pixels."""
    with av.open(str(video)) as container:
        for number, frame in enumerate(islice(container.decode(video=0), max(wanted) + 1)):
            if number in wanted:
                image = frame.to_image()
                yield _jpeg(image.crop(part) if part else image)


def _timed(jpegs: Sequence[bytes], fps: float) -> tuple[Shot, ...]:
    return tuple((number / fps, jpeg) for number, jpeg in enumerate(jpegs))


def _jpeg(image: Image.Image) -> bytes:
    written = BytesIO()
    image.save(written, "JPEG", quality=85)
    return written.getvalue()
