"""Whatever fails while a clip is deleted or replaced: row and files agree, or do so soon."""

import asyncio
from dataclasses import replace
import hashlib
from pathlib import Path
import sqlite3
from typing import Any

import pytest

from custom_components.gatehouse import database_file
from custom_components.gatehouse.database import Database, DatabaseError, DatabaseLocked
from custom_components.gatehouse.footage import (
    Disk,
    DiskFull,
    DiskRefused,
    FootageStore,
    Trash,
    clips as module,
)
from custom_components.gatehouse.footage.clips import Clips
from custom_components.gatehouse.models import FootageStage
from tests.rooms.footage.finished import POSTER, SMALL, Finished, discard, exchange, names, smaller
from tests.rooms.footage.killed import Cut, cuts, until_killed
from tests.waiting import eventually


@pytest.fixture
def finished(store: FootageStore, tmp_path: Path, never_blocks: None) -> Finished:
    return Finished(store, tmp_path / "media")


async def test_a_clip_goes_with_its_poster_and_its_bytes_are_counted(finished: Finished) -> None:
    row = await finished.clip("one", data=b"12345")

    freed = await finished.clips.discard(row)

    assert freed == len(b"12345") + len(POSTER)
    assert finished.files() == set()
    gone = await finished.now(row)
    assert (gone.stage, gone.path) == (FootageStage.EXPIRED, None)
    assert finished.news == [gone]
    stock = await finished.store.stock()
    assert (stock.here, stock.freed) == (0, freed)


async def test_a_clip_that_is_off_site_stays_uploaded(finished: Finished) -> None:
    row = await finished.clip("one", stage=FootageStage.UPLOADED, key="2026/one.mp4")

    await finished.clips.discard(row)

    assert await finished.now(row) == replace(row, path=None)


async def test_what_was_off_site_and_is_nowhere_now_has_expired(finished: Finished) -> None:
    row = await finished.clip("one", stage=FootageStage.UPLOADED)

    await finished.clips.discard(row)

    assert (await finished.now(row)).stage is FootageStage.EXPIRED


async def test_a_row_that_changed_since_it_was_read_is_left_alone(finished: Finished) -> None:
    row = await finished.clip("one")
    await finished.store.keep(kept=True, footage="one")

    assert await finished.clips.discard(row) is None
    assert await finished.clips.discard(replace(row, path=None)) is None

    assert finished.files() == names(row)
    assert finished.news == []


async def test_a_row_that_changes_at_the_last_moment_gets_its_files_back(
    finished: Finished, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = await finished.clip("one")

    async def somebody_was_faster(*_: Any, **__: Any) -> bool:
        return False

    monkeypatch.setattr(FootageStore, "move", somebody_was_faster)

    assert await finished.clips.discard(row) is None

    assert finished.files() == names(row)


async def test_a_clip_without_a_poster_or_without_a_file_goes_too(finished: Finished) -> None:
    bare, missing = await finished.clip("bare"), await finished.clip("missing")
    assert bare.path
    assert missing.path
    bare.path.with_suffix(".jpg").unlink()
    missing.path.unlink()

    assert await finished.clips.discard(bare) == len(b"clip")
    assert await finished.clips.discard(missing) == len(POSTER)

    assert finished.files() == set()


async def test_while_the_database_is_locked_nothing_is_lost(
    finished: Finished, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_file, "_BUSY_MS", 20)
    database = await Database.open(tmp_path / "gatehouse.db")
    clips = Clips(FootageStore(database), finished.disk, finished.news.append)
    row = await finished.clip("one")
    other = sqlite3.connect(tmp_path / "gatehouse.db")
    other.execute("BEGIN IMMEDIATE")

    with pytest.raises(DatabaseLocked):
        await clips.discard(row)

    assert finished.files() == names(row)
    other.rollback()
    other.close()
    assert await clips.discard(row)
    assert finished.files() == set()
    await database.close()


async def test_a_disk_that_refuses_changes_no_row(
    finished: Finished, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = await finished.clip("one")
    put = Trash.put

    def refuse_posters(self: Trash, path: Path) -> None:
        if path.suffix == ".jpg":
            raise DiskRefused("it is read-only")
        put(self, path)

    monkeypatch.setattr(Trash, "put", refuse_posters)

    with pytest.raises(DiskRefused):
        await finished.clips.discard(row)

    assert await finished.now(row) == row
    assert finished.files() == names(row)


async def test_what_cannot_be_deleted_for_good_is_deleted_later(
    finished: Finished, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    row = await finished.clip("one")

    def refuse(*_: object) -> None:
        raise DiskRefused("it is read-only")

    with monkeypatch.context() as patch:
        patch.setattr(Trash, "purge", refuse)
        assert await finished.clips.discard(row)

    assert finished.files() == names(row)
    assert "it is read-only" in caplog.text
    await finished.clips.recover()
    assert finished.files() == set()


async def test_a_file_that_no_row_knows_is_never_touched(finished: Finished) -> None:
    row = await finished.clip("one")
    assert row.path
    (row.path.parent / "holiday.mp4").write_bytes(b"ours too")
    (finished.media / ".gatehouse").mkdir()
    (finished.media / ".gatehouse" / "other.part").write_bytes(b"arriving")

    await finished.clips.discard(row)
    await finished.clips.tidy([row.path.parent])
    await finished.clips.recover()
    await finished.clips.recover_drafts()

    assert finished.files() == {"holiday.mp4", "other.part"}


async def test_a_path_outside_the_media_folder_is_not_touched(
    finished: Finished, tmp_path: Path
) -> None:
    await asyncio.to_thread(finished.media.mkdir)
    outside = tmp_path / "letter.mp4"
    outside.write_bytes(b"a letter")
    row = await finished.clip("one", path=finished.media / "link.mp4")
    assert row.path
    row.path.unlink()
    row.path.symlink_to(outside)

    with pytest.raises(DiskRefused):
        await finished.clips.discard(row)

    assert outside.read_bytes() == b"a letter"
    assert await finished.now(row) == row


async def test_only_empty_folders_are_removed(finished: Finished) -> None:
    gone, stays = await finished.clip("gone", days=1), await finished.clip("stays")
    assert gone.path
    assert stays.path
    await finished.clips.discard(gone)

    await finished.clips.tidy({gone.path.parent, stays.path.parent})

    assert not gone.path.parent.exists()
    assert stays.path.exists()


async def test_nobody_knows_what_is_in_a_folder_that_is_not_there(
    finished: Finished, tmp_path: Path
) -> None:
    here, deleted = await finished.clip("here"), await finished.clip("deleted")
    away, moved = await finished.clip("away", days=5), await finished.clip("moved")
    assert deleted.path
    assert away.path
    deleted.path.unlink()
    away.path.parent.rename(tmp_path / "another disk")
    elsewhere = replace(moved, path=tmp_path / "gatehouse.db")

    assert await finished.clips.within_reach([here, deleted, away, elsewhere]) == [here, deleted]


# Another file in its place


async def test_a_better_file_replaces_a_clip_and_its_row(finished: Finished) -> None:
    row = await finished.clip("one", data=b"a large clip")
    better = smaller(row)

    async with finished.clips.draft(row, 5) as draft:
        draft.write_bytes(SMALL)
        assert await finished.clips.exchange(row, better, draft)

    assert row.path
    assert row.path.read_bytes() == SMALL
    assert await finished.now(row) == better
    assert finished.files() == names(row)
    assert (await finished.store.stock()).freed == len(b"a large clip") - len(SMALL)
    assert finished.news == [better]


async def test_a_draft_that_was_not_exchanged_is_removed(finished: Finished) -> None:
    row = await finished.clip("one")

    async with finished.clips.draft(row, 5) as draft:
        draft.write_bytes(SMALL)
    async with finished.clips.draft(row, 5):
        pass

    assert finished.files() == names(row)
    assert await finished.now(row) == row


async def test_a_row_that_changed_keeps_its_file(finished: Finished) -> None:
    row = await finished.clip("one")
    await finished.store.keep(kept=True, footage="one")

    async with finished.clips.draft(row, 5) as draft:
        draft.write_bytes(SMALL)
        assert not await finished.clips.exchange(row, smaller(row), draft)

    assert row.path
    assert row.path.read_bytes() == b"clip"
    assert finished.files() == names(row)


async def test_a_row_that_changes_at_the_last_moment_keeps_its_file(
    finished: Finished, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = await finished.clip("one")

    async def somebody_was_faster(*_: Any, **__: Any) -> bool:
        return False

    monkeypatch.setattr(FootageStore, "move", somebody_was_faster)
    async with finished.clips.draft(row, 5) as draft:
        draft.write_bytes(SMALL)
        assert not await finished.clips.exchange(row, smaller(row), draft)

    assert row.path
    assert row.path.read_bytes() == b"clip"
    assert finished.files() == names(row)


async def test_a_clip_that_expired_meanwhile_gets_no_new_file(finished: Finished) -> None:
    row = await finished.clip("one")

    async with finished.clips.draft(row, 5) as draft:
        draft.write_bytes(SMALL)
        await finished.clips.discard(row)
        assert not await finished.clips.exchange(row, smaller(row), draft)

    assert finished.files() == set()


async def test_without_room_there_is_no_draft(finished: Finished) -> None:
    row = await finished.clip("one")
    clips = Clips(finished.store, _full(finished.disk), finished.news.append)

    with pytest.raises(DiskFull):
        async with clips.draft(row, 5):
            pytest.fail("there is no room")


def _full(disk: Disk) -> Disk:
    return Disk(disk.root, disk.zone, floor_bytes=10**18)


async def test_a_disk_that_refuses_the_new_file_at_last_gets_it_later(
    finished: Finished, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = await finished.clip("one")

    def refuse(*_: object) -> None:
        raise DiskRefused("it is read-only")

    async def replaced() -> None:
        async with finished.clips.draft(row, 5) as draft:
            draft.write_bytes(SMALL)
            await finished.clips.exchange(row, smaller(row), draft)

    with monkeypatch.context() as patch:
        patch.setattr(Disk, "publish", refuse)
        with pytest.raises(DiskRefused):
            await replaced()

    await finished.clips.recover_drafts()
    assert row.path
    assert row.path.read_bytes() == SMALL
    assert finished.files() == names(row)


# Kills


TRASH, ROWS, DISK = "footage.trash:Trash", "footage.store:FootageStore", "footage.disk:Disk"


@pytest.mark.parametrize(
    "cut", cuts((f"{TRASH}.put", 1), (f"{TRASH}.put", 2), (f"{ROWS}.move", 1)), ids=str
)
async def test_killed_before_the_row_says_that_it_is_gone_a_clip_is_still_there(
    finished: Finished, tmp_path: Path, cut: Cut
) -> None:
    rows = [await finished.clip("one"), await finished.clip("other")]

    await until_killed(cut, discard, tmp_path)
    await finished.clips.recover()

    is_gone = (cut.deed, cut.when) == (f"{ROWS}.move", "after")
    assert finished.files() == names(*rows[is_gone:])
    assert [(await finished.now(row)).path is None for row in rows] == [is_gone, False]
    assert bool((await finished.store.stock()).freed) is is_gone


@pytest.mark.parametrize("cut", cuts((f"{TRASH}.purge", 1), (f"{TRASH}.purge", 2)), ids=str)
async def test_killed_after_the_row_says_that_it_is_gone_a_clip_is_gone(
    finished: Finished, tmp_path: Path, cut: Cut
) -> None:
    row, other = await finished.clip("one"), await finished.clip("other")

    await until_killed(cut, discard, tmp_path)
    await finished.clips.recover()

    assert finished.files() == names(other)
    assert (await finished.now(row)).stage is FootageStage.EXPIRED


@pytest.mark.parametrize(
    ("cut", "is_new"),
    [
        (Cut(f"{ROWS}.move", 1, "before"), False),
        (Cut(f"{ROWS}.move", 1, "after"), True),
        (Cut(f"{DISK}.publish", 1, "before"), True),
        (Cut(f"{DISK}.publish", 1, "after"), True),
    ],
    ids=str,
)
async def test_after_a_kill_a_clip_is_the_one_that_its_row_says(
    finished: Finished, tmp_path: Path, cut: Cut, is_new: bool
) -> None:
    row = await finished.clip("one", data=b"a large clip")

    await until_killed(cut, exchange, tmp_path)
    await finished.clips.recover_drafts()

    now = await finished.now(row)
    assert now.optimised is is_new
    assert row.path
    assert hashlib.sha256(row.path.read_bytes()).hexdigest() == now.sha256
    assert finished.files() == names(row)


async def test_while_rows_cannot_be_read_the_trash_is_not_emptied(
    finished: Finished, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = await finished.clip("one")
    assert row.path
    await asyncio.to_thread(Trash(finished.disk, module.OWNER).put, row.path)

    async def fail(*_: object) -> None:
        raise DatabaseError("it is broken")

    with monkeypatch.context() as patch:
        patch.setattr(FootageStore, "here", fail)
        with pytest.raises(DatabaseError):
            await finished.clips.recover()
    assert finished.files() == names(row)

    await finished.clips.recover()
    assert row.path.read_bytes() == b"clip"


async def test_a_clip_is_not_deleted_while_another_takes_its_place(
    finished: Finished, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = await finished.clip("one")
    move, begun, may_go_on = FootageStore.move, asyncio.Event(), asyncio.Event()

    async def slow(*arguments: Any, **named: Any) -> bool:
        begun.set()
        await may_go_on.wait()
        return await move(*arguments, **named)

    monkeypatch.setattr(FootageStore, "move", slow)
    async with finished.clips.draft(row, 5) as draft:
        draft.write_bytes(SMALL)
        better = asyncio.create_task(finished.clips.exchange(row, smaller(row), draft))
        await begun.wait()
        gone = asyncio.create_task(finished.clips.discard(row))
        await eventually(lambda: finished.clips._turn._waiters)
        may_go_on.set()

        assert await better
        assert await gone is None

    assert row.path
    assert row.path.read_bytes() == SMALL
