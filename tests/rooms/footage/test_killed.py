"""Everything that footage goes through, killed again and again at any point: all of it arrives."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Container, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
import hashlib
from pathlib import Path
from random import Random

import aiohttp
from aiohttp import web
import pytest

from custom_components.gatehouse.footage import FootageStore
from custom_components.gatehouse.footage.mp4 import remux
from custom_components.gatehouse.models import Footage, FootageStage, Level
from tests.rooms.footage.chain import FRONT, HOURS, PARTS, Chain, hurry, live
from tests.rooms.footage.killed import killed_after
from tests.rooms.footage.media import video
from tests.rooms.footage.recorder import Pi
from tests.rooms.footage.storage import Storage, moto
from tests.waiting import eventually

KILLS = 20
SHORTEST_LIFE, LONGEST_LIFE = 0.05, 1.2  # seconds
LONGEST_REST = 180.0


@dataclass(frozen=True, kw_only=True)
class Fate:
    """What is to become of footage of one kind."""

    level: Level | None
    age: timedelta
    count: int
    stage: FootageStage
    is_here: bool = True
    is_encoded_anew: bool = False


MOMENT, DAY = timedelta(minutes=5), timedelta(days=1)
FATES = (
    Fate(level=Level.CRITICAL, age=40 * DAY, count=6, stage=FootageStage.UPLOADED, is_here=False),
    Fate(level=Level.HIGH, age=MOMENT, count=8, stage=FootageStage.UPLOADED),
    Fate(level=Level.HIGH, age=DAY, count=2, stage=FootageStage.UPLOADED, is_encoded_anew=True),
    Fate(level=Level.MEDIUM, age=40 * DAY, count=5, stage=FootageStage.EXPIRED, is_here=False),
    Fate(level=Level.LOW, age=2 * DAY, count=3, stage=FootageStage.READY, is_encoded_anew=True),
    Fate(level=None, age=MOMENT, count=4, stage=FootageStage.READY),
)
SPOOLED = Fate(level=None, age=MOMENT, count=3, stage=FootageStage.READY)
BOOKED = Fate(level=None, age=MOMENT, count=PARTS, stage=FootageStage.UPLOADED)


class Shelf(Pi):
    """An agent that recorded something else of each moment."""

    films: dict[float, bytes]

    async def _start(self, request: web.Request) -> web.Response:
        self.instantly = self.films[(await request.json())["since"]]
        return await super()._start(request)


class Evidence:
    """What was recorded, what is to become of it, and where it is."""

    def __init__(self, chain: Chain, agent: Shelf, storage: Storage, scratch: Path) -> None:
        self.chain = chain
        self.agent = agent
        self.storage = storage
        self._scratch = scratch
        self._numbers = iter(range(1000))
        self.fates: dict[str, Fate] = {}
        self.sums: dict[str, str] = {}
        """What each clip is before it is encoded anew, by the id of its row or recording."""

    async def ask(self, fate: Fate) -> None:
        """Want footage."""
        number, film = self._film()
        since = datetime.now(UTC).replace(microsecond=0) - fate.age - timedelta(seconds=30 * number)
        self.agent.films[since.timestamp()] = film
        row = await self.chain.flow.record(
            FRONT, since, since + timedelta(seconds=2), incident=f"i{number}", level=fate.level
        )
        self.fates[row.id], self.sums[row.id] = fate, self._sum(film)

    def spool(self, fate: Fate) -> None:
        """Have the agent record something by itself."""
        number, film = self._film()
        name = f"spooled-{number}"
        self.agent.spool(name, film)
        self.fates[name], self.sums[name] = fate, self._sum(film)

    def book(self, hour: str, number: int) -> None:
        """Have the agent record the so-manyth part of an appointment."""
        _, film = self._film()
        self.agent.book(f"{hour}-{number}", film, hour, number)
        if number == 0:
            self.fates[hour], self.sums[hour] = BOOKED, self._sum(film)

    async def is_settled(self) -> bool:
        rows = (await self.chain.rows()).values()
        parts = await self.chain.parts()
        is_film = [row.stage is FootageStage.EXPIRED and row.path is None for row in parts]
        return (
            is_film == [True] * PARTS * len(HOURS)
            and len(rows) == len(self.fates)
            and all(
                row.stage is self._of(row).stage
                and (row.path is not None) is self._of(row).is_here
                # What is old may have been encoded anew before it went.
                and (row.path is None or _is_encoded_anew(row) is self._of(row).is_encoded_anew)
                for row in rows
            )
        )

    async def is_where_it_belongs(self) -> None:
        """See that each clip is once where it is to be, whole, and that nothing else is there."""
        rows = (await self.chain.rows()).values()
        here = [row for row in rows if row.path]
        assert self.chain.files() == {path for row in here for path in _files_of(row)}
        for row in here:
            assert (row.size, row.sha256) == (_clip(row).stat().st_size, _sha256(_clip(row)))
            assert (row.sha256 != self._sum_of(row)) is _is_encoded_anew(row)
        assert {(row.error, row.upload, row.retry_at) for row in rows} == {(None, None, None)}

        objects = await asyncio.to_thread(self.storage.objects)
        clips = {key: sha256 for key, sha256 in objects.items() if key.endswith(".mp4")}
        assert clips == {row.key: self._sum_of(row) for row in rows if row.key}
        assert objects.keys() - clips.keys() == {key.replace(".mp4", ".jpg") for key in clips}
        assert self.storage.unfinished() == []
        assert self.agent.recordings == {}

    def _film(self) -> tuple[int, bytes]:
        number = next(self._numbers)
        return number, video(noise=40 + number, size=(160, 90))

    def _sum(self, film: bytes) -> str:
        source = self._scratch / "source.mp4"
        source.write_bytes(film)
        return remux(source, self._scratch / "clip.mp4").sha256

    def _of(self, row: Footage) -> Fate:
        return self.fates[_name(row, self.fates)]

    def _sum_of(self, row: Footage) -> str:
        return self.sums[_name(row, self.sums)]


def _name(row: Footage, known: Container[str]) -> str:
    """Return by which of its names a row is known."""
    return next(name for name in (row.id, row.recording, row.booking) if name and name in known)


def _is_encoded_anew(row: Footage) -> bool:
    return row.optimised and row.booking is None


def _clip(row: Footage) -> Path:
    assert row.path
    return row.path


def _files_of(row: Footage) -> tuple[Path, Path]:
    return _clip(row), _clip(row).with_suffix(".jpg")


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture(scope="module")
def moto_address() -> Iterator[str]:
    with moto() as address:
        yield address


@pytest.fixture
async def evidence(
    store: FootageStore, tmp_path: Path, moto_address: str, socket_enabled: None
) -> AsyncIterator[Evidence]:
    """Return an agent, a storage, and a site that is not running."""
    (tmp_path / "scratch").mkdir()
    async with (
        aiohttp.ClientSession() as session,
        Shelf(session, tmp_path / "porch", FRONT) as agent,
        Storage(moto_address) as storage,
    ):
        storage.make_bucket()
        agent.films = {}
        chain = Chain(store, tmp_path / "media", agent.client, storage.s3())
        yield Evidence(chain, agent, storage, tmp_path / "scratch")


@pytest.mark.timeout(400)
@pytest.mark.parametrize("seed", [1])
async def test_whatever_is_killed_whenever_each_clip_arrives_once(
    evidence: Evidence, tmp_path: Path, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    random = Random(seed)
    wanted = [fate for fate in FATES for _ in range(fate.count)]
    random.shuffle(wanted)
    booked = [(hour, number) for number in range(PARTS) for hour in HOURS]
    for kill in range(KILLS):
        for fate in wanted[kill::KILLS]:
            await evidence.ask(fate)
        if kill < SPOOLED.count:
            evidence.spool(SPOOLED)
        for hour, number in booked[kill::KILLS]:
            evidence.book(hour, number)
        span = SHORTEST_LIFE * (LONGEST_LIFE / SHORTEST_LIFE) ** random.random()
        options = evidence.storage.options()
        await killed_after(span, live, tmp_path, evidence.agent.address, options)

    hurry(monkeypatch.setattr)
    async with evidence.chain.running():
        await eventually(evidence.is_settled, LONGEST_REST, "the clips")

    await evidence.is_where_it_belongs()
    told = (tmp_path / "diary").read_text("utf-8").splitlines()
    words = Counter((stage, name, error) for stage, name, *_, error in map(str.split, told))
    words.update((row.stage.value, row.id, str(row.error)) for row in evidence.chain.news)
    assert FootageStage.FAILED not in {stage for stage, _, _ in words}
    # Once that it is there, and perhaps once more that it was encoded anew.
    rows = await evidence.chain.rows()
    often = {name: words["ready", name, "None"] for name in rows}
    assert {name for name, row in rows.items() if often[name] > 1 + row.optimised} == set()
