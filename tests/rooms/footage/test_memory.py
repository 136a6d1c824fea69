"""A hundred clips of a minute pass through all of it, and the memory stays as it is."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
import resource
import shutil

import aiohttp
import pytest

from custom_components.gatehouse.agent import Agent
from custom_components.gatehouse.database import Database
from custom_components.gatehouse.footage import S3, FootageStore, S3Options
from custom_components.gatehouse.models import Footage, FootageStage, Level
from tests.rooms.footage.chain import FRONT, Chain
from tests.rooms.footage.killed import lived
from tests.rooms.footage.media import FPS, video
from tests.rooms.footage.recorder import TOKEN, Pi
from tests.rooms.footage.storage import Storage, moto

CLIPS = 100
MINUTE = timedelta(minutes=1)
WARM = 20  # clips after which every thread and every cache is there
MOST_MORE = 20_000_000  # bytes


@pytest.fixture(scope="module")
def moto_address() -> Iterator[str]:
    with moto() as address:
        yield address


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """Return a folder that nobody keeps: what is in it is large."""
    (tmp_path / "large").mkdir()
    yield tmp_path / "large"
    shutil.rmtree(tmp_path / "large")


async def pass_through(folder: Path, address: tuple[str, int], options: S3Options) -> None:
    """Take all clips to the storage, and note how much memory there is in use after each."""
    database = await Database.open(folder / "gatehouse.db")
    arrived, memory = asyncio.Event(), []

    def heard(row: Footage) -> None:
        if row.stage is FootageStage.UPLOADED:
            memory.append(_in_memory())
        if len(memory) == CLIPS:
            arrived.set()

    async with aiohttp.ClientSession() as session:
        recorder = Agent(session, *address, TOKEN).recordings
        chain = Chain(FootageStore(database), folder / "media", recorder, S3(options))
        chain.listener = heard
        async with chain.running():
            await arrived.wait()
    (folder / "memory").write_text(" ".join(map(str, memory)))


@pytest.mark.timeout(180)
async def test_a_hundred_clips_of_a_minute_need_no_more_memory_than_the_first(
    folder: Path, moto_address: str, socket_enabled: None
) -> None:
    database = await Database.open(folder / "gatehouse.db")
    async with (
        aiohttp.ClientSession() as session,
        Pi(session, folder / "porch", FRONT) as agent,
        Storage(moto_address) as storage,
    ):
        storage.make_bucket()
        agent.instantly = video(60 * FPS, movflags="hybrid_fragmented", noise=24)
        agent.promised_s = 60
        chain = Chain(FootageStore(database), folder / "media", agent.client, storage.s3())
        began = datetime.now(UTC).replace(microsecond=0) - (CLIPS + 1) * MINUTE
        for number in range(CLIPS):
            since = began + number * MINUTE
            await chain.flow.record(FRONT, since, since + MINUTE, "i1", Level.HIGH)

        await lived(pass_through, folder, agent.address, storage.options())

        assert len(storage.keys()) == 2 * CLIPS
    await database.close()
    memory = [int(figure) for figure in (folder / "memory").read_text().split()]
    settled = memory[WARM]
    assert max(memory[WARM:]) - settled < MOST_MORE
    assert settled - min(memory[WARM:]) < MOST_MORE


def _in_memory() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()
