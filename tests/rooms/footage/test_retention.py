"""Footage goes by its rows and for a reason, here and off-site, and is missed by nobody."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import datetime, timedelta
import logging
from pathlib import Path
from typing import Any

import pytest

from custom_components.gatehouse.database import DatabaseError
from custom_components.gatehouse.footage import (
    DiskRefused,
    FootageStore,
    OffsiteOptions,
    RetentionOptions,
    Trash,
    retention as module,
)
from custom_components.gatehouse.footage.errors import StorageUnreachable
from custom_components.gatehouse.footage.offsite import Offsite
from custom_components.gatehouse.footage.retention import PATIENCE, Retention, Swept
from custom_components.gatehouse.models import Footage, FootageStage, Level
from tests.rooms.footage.finished import DAY, NOW, POSTER, Finished, names
from tests.waiting import eventually

MONTH = RetentionOptions(floor_bytes=0)
HIGH_AWAY = OffsiteOptions(levels=frozenset({Level.HIGH}))
KEY = "gatehouse/one.mp4"


class Bucket:
    """What there is off-site."""

    def __init__(self) -> None:
        self.deleted: list[str] = []
        self.error: StorageUnreachable | None = None

    def delete(self, key: str) -> None:
        if self.error:
            raise self.error
        self.deleted.append(key)


class House(Finished):
    """A media folder, a bucket, and a clock."""

    def __init__(self, store: FootageStore, media: Path) -> None:
        super().__init__(store, media)
        self.bucket = Bucket()
        self.time = NOW
        self.retention = self.kept_by(MONTH)

    def kept_by(self, options: RetentionOptions, wanted: OffsiteOptions = HIGH_AWAY) -> Retention:
        """Have other rules from now on."""
        offsite = Offsite(
            self.store,
            self.bucket,  # type: ignore[arg-type]
            self.disk,
            wanted,
            self.news.append,
            now=self.now_is,
        )
        self.retention = Retention(
            self.store, self.clips, offsite, options, wanted, now=self.now_is
        )
        return self.retention

    def now_is(self) -> datetime:
        return self.time

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self.retention.run())
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


@pytest.fixture
async def house(store: FootageStore, tmp_path: Path, never_blocks: None) -> House:
    """Return a house in which something was recorded the day before yesterday."""
    house = House(store, tmp_path / "media")
    await house.clip("lately", days=2)
    return house


@pytest.fixture
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the story take its turns at once."""
    for name in ("FIRST", "EVERY", "AFTER_FAILURE", "AT_MOST_EVERY"):
        monkeypatch.setattr(module, name, timedelta(milliseconds=10))


async def stays(house: House, *rows: Footage) -> None:
    """Assert that these clips, and no others but the one of lately, are here."""
    lately = await house.store.get("lately")
    assert lately
    assert house.files() == names(*rows, lately)
    assert [(await house.now(row)).path for row in rows] == [row.path for row in rows]


async def test_what_is_too_old_goes_with_its_poster_and_is_counted(house: House) -> None:
    old, young = await house.clip("old", 31), await house.clip("young", 29)

    swept = await house.retention.sweep()

    size = len(b"clip") + len(POSTER)
    assert swept == Swept(clips=1, size=size)
    assert (await house.store.stock()).freed == size
    assert (await house.now(old)).stage is FootageStage.EXPIRED
    assert house.news == [await house.now(old)]
    await stays(house, young)
    assert await house.retention.sweep() == Swept(clips=0, size=0)


async def test_what_is_still_to_be_uploaded_stays_until_it_is(house: House) -> None:
    row = await house.clip("high", 99, level=Level.HIGH)

    await house.retention.sweep()
    await stays(house, row)

    uploaded = replace(row, stage=FootageStage.UPLOADED, key=KEY)
    await house.store.move(row, uploaded)
    await house.retention.sweep()
    assert await house.now(row) == replace(uploaded, path=None)
    await stays(house)


async def test_what_is_kept_stays_though_everything_else_goes(house: House) -> None:
    kept, other = await house.clip("kept", 99, kept=True), await house.clip("other", 98)

    await house.kept_by(RetentionOptions(floor_bytes=10**15)).sweep()

    assert house.files() == names(kept)
    assert (await house.now(other)).path is None


async def test_the_oldest_go_until_the_rest_is_small_enough(house: House) -> None:
    rows = [await house.clip(f"{days}", days, data=b"x" * 100) for days in (9, 8, 7)]

    await house.kept_by(RetentionOptions(floor_bytes=0, most_bytes=110)).sweep()

    await stays(house, rows[2])


async def test_clips_of_which_nobody_kept_the_size_are_measured(house: House) -> None:
    row = await house.clip("one", 9, data=b"x" * 100, size=None)
    missing = await house.clip("missing", 9, size=None)
    assert missing.path
    missing.path.unlink()

    await house.retention.sweep()

    assert (await house.now(row)).size == 100
    assert (await house.now(missing)).size == 0


async def test_an_emptied_day_leaves_no_folder(house: House) -> None:
    old = await house.clip("old", 31)
    assert old.path

    await house.retention.sweep()

    assert not old.path.parent.exists()


async def test_the_folder_of_a_clip_that_somebody_deleted_stays_until_its_row_goes(
    house: House,
) -> None:
    old, deleted = await house.clip("old", 30.1), await house.clip("deleted", 29.9)
    assert old.path
    assert deleted.path
    assert old.path.parent == deleted.path.parent
    deleted.path.unlink()
    deleted.path.with_suffix(".jpg").unlink()

    await house.retention.sweep()
    assert deleted.path.parent.exists()
    house.time += DAY
    await house.retention.sweep()

    assert (await house.now(deleted)).stage is FootageStage.EXPIRED


async def test_while_the_disk_is_not_mounted_no_row_changes(house: House, tmp_path: Path) -> None:
    old = await house.clip("old", 31)
    house.media.rename(tmp_path / "the disk")
    house.kept_by(RetentionOptions(floor_bytes=10**15))

    await house.retention.sweep()
    house.media.mkdir()
    await house.retention.sweep()
    # Meanwhile another clip is written to what is there.
    new = await house.clip("new", kept=True)
    await house.retention.sweep()

    assert await house.now(old) == old
    assert house.files() == names(new)


async def test_a_file_that_is_refused_holds_up_no_other(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused, other = await house.clip("refused", 32), await house.clip("other", 31)
    put = Trash.put

    def refuse(self: Trash, path: Path) -> None:
        if "refused" in path.name:
            raise DiskRefused("it is not ours")
        put(self, path)

    monkeypatch.setattr(Trash, "put", refuse)

    with pytest.raises(DiskRefused):
        await house.retention.sweep()

    assert (await house.now(other)).path is None
    await stays(house, refused)


async def test_a_database_that_fails_loses_no_file(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = await house.clip("old", 31)

    async def fail(*_: object, **__: object) -> None:
        raise DatabaseError("it is broken")

    for read in ("here", "find", "stock", "get", "move"):
        with monkeypatch.context() as patch:
            patch.setattr(FootageStore, read, fail)
            with pytest.raises(DatabaseError):
                await house.retention.sweep()
        await stays(house, old)


async def test_what_a_kill_left_in_the_trash_is_settled_first(house: House) -> None:
    young = await house.clip("young", 3)
    assert young.path
    await asyncio.to_thread(Trash(house.disk, "footage").put, young.path)

    await house.retention.sweep()

    await stays(house, young)


# Off-site


async def test_objects_go_by_their_own_age_with_their_posters(house: House) -> None:
    uploaded: dict[str, Any] = {"stage": FootageStage.UPLOADED, "key": KEY}
    old = await house.clip("old", 99, path=house.media / "old.mp4", **uploaded)
    here = await house.clip("here", 98, kept=False, level=Level.CRITICAL, **uploaded)
    await house.clip("kept", 97, kept=True, **uploaded)
    options = replace(MONTH, by_level={Level.CRITICAL: 365 * DAY}, offsite_age=90 * DAY)

    await house.kept_by(options).sweep()

    assert sorted(house.bucket.deleted) == sorted([KEY, KEY.replace("mp4", "jpg")] * 2)
    assert (await house.now(old)).stage is FootageStage.EXPIRED
    now = await house.now(here)
    assert (now.stage, now.key, now.path) == (FootageStage.UPLOADED, None, here.path)


async def test_without_a_wish_nothing_off_site_is_touched(house: House) -> None:
    await house.clip("old", 9999, stage=FootageStage.UPLOADED, key=KEY)

    await house.retention.sweep()

    assert house.bucket.deleted == []


async def test_an_object_that_is_kept_at_the_last_moment_stays(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await house.clip("old", 99, stage=FootageStage.UPLOADED, key=KEY, level=Level.HIGH)
    away = FootageStore.away

    async def slow(self: FootageStore, before: datetime) -> list[Footage]:
        rows = await away(self, before)
        await self.keep(kept=True, footage="old")
        return rows

    monkeypatch.setattr(FootageStore, "away", slow)
    options = replace(MONTH, by_level={Level.HIGH: 365 * DAY}, offsite_age=90 * DAY)

    await house.kept_by(options).sweep()

    assert house.bucket.deleted == []


async def test_a_storage_that_is_away_holds_up_nothing_here(house: House) -> None:
    old = await house.clip("old", 99, stage=FootageStage.UPLOADED, key=KEY)
    house.bucket.error = StorageUnreachable("It does not answer.")
    house.kept_by(replace(MONTH, offsite_age=90 * DAY))

    with pytest.raises(StorageUnreachable):
        await house.retention.sweep()

    assert await house.now(old) == replace(old, path=None)


# The clock


async def test_a_clock_that_jumps_ahead_does_not_empty_the_disk(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    rows = [await house.clip(f"{days}", days) for days in (29, 20, 1)]
    old = await house.clip("old", 31)
    house.time += 4000 * DAY

    await house.retention.sweep()
    await house.retention.sweep()

    await stays(house, *rows, old)
    assert caplog.text.count("Is the clock right?") == 1


async def test_neither_does_it_empty_the_bucket(house: House) -> None:
    await house.clip("old", 5, stage=FootageStage.UPLOADED, key=KEY)
    house.kept_by(replace(MONTH, offsite_age=90 * DAY))
    house.time += 4000 * DAY

    await house.retention.sweep()

    assert house.bucket.deleted == []


async def test_what_is_recorded_with_the_wrong_time_does_not_prove_it(house: House) -> None:
    row = await house.clip("one", 20)
    house.time += 4000 * DAY
    wrong = await house.clip("wrong", -4000)

    await house.retention.sweep()

    await stays(house, row, wrong)


async def test_while_the_clock_is_in_doubt_what_was_old_before_still_goes(house: House) -> None:
    old = await house.clip("old", 40)
    house.time += 4000 * DAY

    present = await house.retention.present()
    await house.retention.sweep()

    assert present == NOW - 2 * DAY
    assert (await house.now(old)).path is None
    await stays(house)


async def test_a_clock_that_nobody_sets_right_is_believed_in_the_end(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await house.clip("one", 20)
    house.time += 60 * DAY
    steady = asyncio.get_running_loop().time
    waited = 0.0
    monkeypatch.setattr(asyncio.get_running_loop(), "time", lambda: steady() + waited)
    assert await house.retention.present() < house.time

    waited = PATIENCE.total_seconds()

    assert await house.retention.present() == house.time
    await house.retention.sweep()
    assert house.files() == set()


async def test_a_clock_that_is_set_right_is_believed_at_once(house: House) -> None:
    house.time += 4000 * DAY
    assert await house.retention.present() < house.time

    house.time = NOW

    assert await house.retention.present() == NOW


async def test_shorter_ages_are_kept_to_at_once(house: House) -> None:
    for days in range(8, 28):
        await house.clip(f"{days}", days)

    await house.kept_by(replace(MONTH, age=7 * DAY)).sweep()

    await stays(house)


async def test_where_nothing_was_recorded_nothing_is_in_doubt(
    store: FootageStore, tmp_path: Path
) -> None:
    house = House(store, tmp_path / "media")

    assert await house.retention.present() == NOW
    assert await house.retention.sweep() == Swept(clips=0, size=0)


# The story


async def test_it_sweeps_by_itself_again_and_again(house: House, hurry: None) -> None:
    old, young = await house.clip("old", 31), await house.clip("young", 29.5)

    async with house.running():
        await eventually(lambda: house.news)
        house.time += DAY
        await eventually(lambda: len(house.news) == 2)

    assert [row.id for row in house.news] == [old.id, young.id]


async def test_a_full_disk_is_swept_at_once(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "AT_MOST_EVERY", timedelta(milliseconds=10))
    await house.clip("old", 31)

    async with house.running():
        house.retention.wake()
        await eventually(lambda: house.news)


async def test_a_failure_is_told_once_and_tried_again(
    house: House, hurry: None, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    await house.clip("old", 31)
    failures = 0

    async def fail(*_: Any) -> None:
        nonlocal failures
        failures += 1
        raise DatabaseError("it is broken")

    with monkeypatch.context() as patch:
        patch.setattr(FootageStore, "here", fail)
        async with house.running():
            await eventually(lambda: failures > 2)
            patch.undo()
            await eventually(lambda: house.news)

    warnings = [each for each in caplog.records if each.levelno == logging.WARNING]
    assert [each.getMessage() for each in warnings] == [
        "Old footage cannot be deleted for now: it is broken"
    ]
