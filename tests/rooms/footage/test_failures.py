"""Disks, databases and agents that fail on the way: a clear word, and recovery without help."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
import shutil
import sqlite3
import subprocess

import pytest

from custom_components.gatehouse import database_file
from custom_components.gatehouse.database import Database
from custom_components.gatehouse.footage import FootageStore
from custom_components.gatehouse.models import Footage, FootageStage
from tests.rooms.footage.media import video
from tests.rooms.footage.recorder import Pi
from tests.rooms.footage.site import Site, eventually

FRONT = "porch/front"
SMALL = video()
LARGE = video(noise=20)
DISK_BYTES = 10 * len(LARGE)


@pytest.fixture
def small_disk(site: Site) -> Iterator[Path]:
    """Mount a small disk where the media belong."""
    site.media.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", str(site.media)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("nobody may mount a disk here")
    yield site.media
    subprocess.run(["umount", "--lazy", str(site.media)], check=True)


def remount(disk: Path, how: str) -> None:
    """Let a disk be written, or not."""
    subprocess.run(["mount", "-o", f"remount,{how}", str(disk)], check=True)


def fill(disk: Path, leave: float) -> Path:
    """Leave so many bytes of a disk."""
    filler = disk / "of-somebody-else.bin"
    filler.write_bytes(bytes(shutil.disk_usage(disk).free - int(leave)))
    return filler


def told(site: Site, recording: str) -> Footage:
    """Return the row of a recording as it was first told of."""
    return next(news for news in site.news if news.recording == recording)


async def waits(site: Site, row: Footage, code: str) -> Footage:
    """Return the row as soon as it waits because of this."""
    row = await site.until(row, lambda found: found.error == code)
    assert row.retry_at is not None
    assert row.attempts > 0
    return row


async def complete(site: Site, agent: Pi, data: bytes = SMALL) -> Footage:
    """Return a row whose recording is complete and begins to be sent."""
    agent.held.clear()
    row = await site.record(FRONT)
    row = await site.reaches(row, FootageStage.RECORDING)
    news = agent.finish(agent.names[0], data)
    site.flow.recording_changed(FRONT, news)
    await eventually(lambda: agent.sending > 0)
    return row


@pytest.mark.parametrize("clips", [0.5, 1.5], ids=["as it comes", "as it is filed"])
async def test_a_disk_that_fills_up_meanwhile_is_waited_for(
    site: Site, porch: Pi, small_disk: Path, clips: float
) -> None:
    async with site.running():
        row = await complete(site, porch, LARGE)
        filler = fill(small_disk, clips * len(LARGE))
        porch.held.set()
        await waits(site, row, "disk_full")
        assert len(site.files() - {filler.name}) <= 1
        filler.unlink()
        row = await site.reaches(row, FootageStage.READY)

    assert site.files() == site.kept(row)
    assert porch.recordings == {}


async def test_a_disk_that_nobody_may_write_is_waited_for(
    site: Site, porch: Pi, small_disk: Path
) -> None:
    async with site.running():
        row = await complete(site, porch)
        remount(small_disk, "ro")
        porch.held.set()
        await waits(site, row, "disk_refused")
        remount(small_disk, "rw")
        row = await site.reaches(row, FootageStage.READY)

    assert site.files() == site.kept(row)


async def test_a_folder_that_vanishes_with_a_checked_clip_costs_nothing(
    site: Site, porch: Pi
) -> None:
    porch.refusals["DELETE"] = (500, "internal")
    away = site.media.with_name("unplugged")
    async with site.running():
        row = await complete(site, porch)
        porch.held.set()
        row = await site.reaches(row, FootageStage.READY)
        site.media.rename(away)
        other = await site.reaches(await site.record(FRONT), FootageStage.RECORDING)
        away.rename(site.media)
        site.flow.recording_changed(FRONT, porch.finish(porch.names[1], video()))
        other = await site.reaches(other, FootageStage.READY)

    assert site.files() == site.kept(row, other)


@pytest.mark.timeout(180)
@pytest.mark.parametrize(
    ("busy_ms", "held_s"),
    [pytest.param(10, 0.5, id="briefly"), pytest.param(None, 60, id="a minute")],
)
async def test_a_database_that_another_program_holds_is_waited_for(
    tmp_path: Path,
    porch: Pi,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    busy_ms: int | None,
    held_s: float,
) -> None:
    monkeypatch.setattr(database_file, "_BUSY_MS", busy_ms or database_file._BUSY_MS)
    path = tmp_path / "gatehouse.db"
    opened = await Database.open(path)
    site = Site(FootageStore(opened), tmp_path / "media", {FRONT: porch})
    other = sqlite3.connect(path, isolation_level=None)
    async with site.running():
        row = await complete(site, porch)
        other.execute("BEGIN IMMEDIATE")
        porch.held.set()
        site.flow.recording_changed(FRONT, porch.spool("spooled", SMALL))
        await asyncio.sleep(held_s)
        assert caplog.text.count("in use by another program") > 3
        assert {news.stage for news in site.news} == {
            FootageStage.REQUESTED,
            FootageStage.RECORDING,
        }
        other.execute("ROLLBACK")
        await eventually(lambda: "spooled" in {news.recording for news in site.news})
        row = await site.reaches(row, FootageStage.READY)
        spooled = await site.reaches(told(site, "spooled"), FootageStage.READY)

    other.close()
    await opened.close()
    assert site.files() == site.kept(row, spooled)
    assert porch.recordings == {}


async def test_an_agent_that_goes_in_mid_transfer_is_waited_for(site: Site, porch: Pi) -> None:
    porch.cut_after = len(video()) // 3
    async with site.running():
        row = await complete(site, porch)
        porch.held.set()
        await eventually(lambda: bool(porch.ranges))
        porch.is_off = True
        await waits(site, row, "agent_unreachable")
        porch.is_off = False
        porch.cut_after = None
        row = await site.reaches(row, FootageStage.READY)

    assert site.files() == site.kept(row)


async def test_what_had_arrived_is_kept_if_the_agent_loses_the_rest(site: Site, porch: Pi) -> None:
    porch.cut_after = len(SMALL) * 4 // 5
    porch.may_cut.clear()
    async with site.running():
        row = await complete(site, porch)
        part = site.disk.incoming(row.id)
        porch.held.set()
        await eventually(lambda: part.exists() and part.stat().st_size == porch.cut_after)
        porch.recordings.clear()
        porch.may_cut.set()
        row = await site.reaches(row, FootageStage.READY)

    assert row.duration is not None
    assert timedelta(seconds=0.9) < row.duration < timedelta(seconds=2)
    assert site.files() == site.kept(row)


async def test_footage_that_is_taken_away_meanwhile_leaves_nothing(site: Site, porch: Pi) -> None:
    async with site.running():
        row = await complete(site, porch)
        gone = Footage(
            id=row.id,
            camera=row.camera,
            incident=None,
            stage=FootageStage.EXPIRED,
            since=row.since,
            until=row.until,
        )
        assert await site.store.move(row, gone)
        porch.held.set()
        await eventually(lambda: porch.sending == 0)
        await asyncio.sleep(0)
        await eventually(lambda: not site.files())

    assert await site.store.get(row.id) == gone
    assert FootageStage.READY not in {news.stage for news in site.news}


async def test_a_clip_that_is_far_shorter_than_promised_is_told_of_and_kept(
    site: Site, porch: Pi, caplog: pytest.LogCaptureFixture
) -> None:
    porch.promised_s = 20.0
    async with site.running():
        row = await complete(site, porch)
        porch.held.set()
        row = await site.reaches(row, FootageStage.READY)

    assert row.duration is not None
    assert row.duration < timedelta(seconds=3)
    assert "plays for 0:00:02" in caplog.text


async def test_a_clip_that_was_never_checked_by_an_older_version_is_checked_where_it_is(
    site: Site, porch: Pi
) -> None:
    now = datetime.now(UTC)
    row = Footage(
        id="old",
        camera=FRONT,
        incident=None,
        stage=FootageStage.FETCHED,
        since=now,
        until=now + timedelta(seconds=20),
        recording="gone",
    )
    await site.store.add(row)
    place = site.disk.place(FRONT, now, "old", ".mp4")
    place.parent.mkdir(parents=True)
    place.write_bytes(video(movflags="faststart"))

    async with site.running():
        row = await site.reaches(row, FootageStage.READY)

    assert row.sha256
    assert site.files() == site.kept(row)
