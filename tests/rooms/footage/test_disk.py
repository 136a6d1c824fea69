"""The media folder."""

from collections.abc import Iterator
from datetime import UTC, datetime
import errno
import os
from pathlib import Path
import shutil
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from custom_components.gatehouse.footage import Disk, DiskFull, DiskRefused, Trash
from custom_components.gatehouse.footage.disk import SUFFIXES

CAMERA = "9f2c41d07ab3/front"
BERLIN = ZoneInfo("Europe/Berlin")
LATE = datetime(2026, 11, 18, 23, 30, 5, tzinfo=UTC)


@pytest.fixture
def disk(tmp_path: Path) -> Disk:
    """Return a disk with room."""
    return Disk(tmp_path / "media", BERLIN, floor_bytes=0)


def files(folder: Path) -> set[str]:
    """Return every file below a folder."""
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_a_file_lies_where_a_person_looks_for_it(disk: Disk, tmp_path: Path) -> None:
    place = disk.place(CAMERA, LATE, "5be1a0c2d4f64e1ab0c3d2e1f0a9b8c7", ".mp4")

    # It is tomorrow already in Berlin.
    assert place == tmp_path / "media/9f2c41d07ab3-front/2026-11-19/003005-f0a9b8c7.mp4"


def test_a_picture_is_written_whole_and_may_be_replaced(disk: Disk, tmp_path: Path) -> None:
    place = disk.place(CAMERA, LATE, "incident", ".jpg")

    disk.write(place, b"first")
    disk.write(place, b"better")

    assert place.read_bytes() == b"better"
    assert files(tmp_path) == {str(place.relative_to(tmp_path))}


def test_a_write_that_fails_leaves_the_old_file(
    disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = disk.place(CAMERA, LATE, "incident", ".jpg")
    disk.write(place, b"first")

    monkeypatch.setattr(Path, "write_bytes", no_space)
    with pytest.raises(DiskFull, match="No space left"):
        disk.write(place, b"better")

    assert place.read_bytes() == b"first"


def test_a_disk_that_is_nearly_full_takes_nothing(tmp_path: Path) -> None:
    disk = Disk(tmp_path / "media", BERLIN, floor_bytes=10**18)

    with pytest.raises(DiskFull, match="Delete something"):
        disk.make_room(0)
    with pytest.raises(DiskFull):
        disk.write(disk.place(CAMERA, LATE, "incident", ".jpg"), b"jpeg")

    assert files(tmp_path) == set()


def test_room_is_counted_before_it_is_taken(tmp_path: Path) -> None:
    disk = Disk(tmp_path, BERLIN, floor_bytes=0)

    disk.make_room(1000)
    with pytest.raises(DiskFull):
        disk.make_room(10**18)


def test_a_folder_that_cannot_be_written_is_told_as_such(tmp_path: Path) -> None:
    (tmp_path / "media").write_text("a file where the folder belongs")
    disk = Disk(tmp_path / "media", BERLIN, floor_bytes=0)

    with pytest.raises(DiskRefused, match="cannot be used"):
        disk.make_room(0)
    with pytest.raises(DiskRefused, match="cannot be used"):
        disk.publish(tmp_path / "missing", tmp_path / "place")


def test_what_is_published_is_on_the_disk_before_its_name_is(
    disk: Disk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    happened: list[str] = []
    replace = Path.replace

    def synced(_: int) -> None:
        happened.append("sync")

    def replaced(path: Path, target: Path) -> Any:
        happened.append("replace")
        return replace(path, target)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(Path, "replace", replaced)
    draft = tmp_path / "draft"
    draft.write_bytes(b"whole")
    disk.publish(draft, disk.place(CAMERA, LATE, "incident", ".mp4"))

    assert happened == ["sync", "replace", "sync"]


def test_only_files_of_ours_are_removed(disk: Disk, tmp_path: Path) -> None:
    place = disk.place(CAMERA, LATE, "incident", ".jpg")
    disk.write(place, b"ours")
    other = tmp_path / "photo.jpg"
    other.write_bytes(b"the user's")
    link = place.with_name("link.jpg")
    link.symlink_to(other)

    disk.remove(place)
    disk.remove(place)
    for outside in (other, place.parent / "../../../photo.jpg", link):
        with pytest.raises(DiskRefused, match="not touched"):
            disk.remove(outside)

    assert not place.exists()
    assert other.read_bytes() == b"the user's"


def test_what_is_incoming_can_be_dropped(disk: Disk, tmp_path: Path) -> None:
    disk.make_room(0)
    for suffix in SUFFIXES:
        disk.incoming("a", suffix).write_bytes(b"")
    disk.incoming("b").write_bytes(b"")

    disk.discard("a")
    disk.discard("a")

    assert files(tmp_path) == {str(disk.incoming("b").relative_to(tmp_path))}


def test_the_room_that_is_left_is_told(disk: Disk, tmp_path: Path) -> None:
    with pytest.raises(DiskRefused):
        disk.free_bytes()
    disk.make_room(0)

    assert disk.free_bytes() == pytest.approx(shutil.disk_usage(tmp_path).free, rel=0.1)


@pytest.fixture
def trash(disk: Disk) -> Trash:
    """Return somebody's trash."""
    return Trash(disk, "clips")


def test_what_is_in_the_trash_comes_back_to_its_place(disk: Disk, trash: Trash) -> None:
    place = disk.place(CAMERA, LATE, "incident", ".jpg")
    disk.write(place, b"ours")

    trash.put(place)
    assert not place.exists()
    assert trash.paths() == [place]
    trash.restore(place)

    assert place.read_bytes() == b"ours"
    assert trash.paths() == []


def test_what_comes_back_finds_its_folder_gone(disk: Disk, trash: Trash) -> None:
    place = disk.place(CAMERA, LATE, "incident", ".jpg")
    disk.write(place, b"ours")

    trash.put(place)
    place.parent.rmdir()
    trash.restore(place)

    assert place.read_bytes() == b"ours"


def test_what_is_purged_is_gone(disk: Disk, trash: Trash, tmp_path: Path) -> None:
    place = disk.place(CAMERA, LATE, "incident", ".jpg")
    disk.write(place, b"ours")

    trash.put(place)
    trash.purge(place)
    trash.purge(place)
    trash.restore(place)

    assert files(tmp_path) == set()


def test_what_is_not_there_cannot_be_thrown_away(disk: Disk, trash: Trash) -> None:
    disk.make_room(0)

    trash.put(disk.place(CAMERA, LATE, "incident", ".jpg"))

    assert trash.paths() == []


def test_each_owner_has_a_trash(disk: Disk, trash: Trash) -> None:
    place = disk.place(CAMERA, LATE, "incident", ".jpg")
    disk.write(place, b"ours")
    other = Trash(disk, "pictures")

    trash.put(place)
    other.purge(place)
    other.restore(place)

    assert other.paths() == []
    assert trash.paths() == [place]


def test_only_files_of_ours_are_thrown_away(disk: Disk, trash: Trash, tmp_path: Path) -> None:
    disk.make_room(0)
    other = tmp_path / "photo.jpg"
    other.write_bytes(b"the user's")
    link = tmp_path / "media" / "link.jpg"
    link.symlink_to(other)
    (tmp_path / "media" / "linked").symlink_to(tmp_path)

    for outside in (other, link, tmp_path / "media/linked/photo.jpg"):
        for deed in (trash.put, trash.restore, trash.purge):
            with pytest.raises(DiskRefused, match="not touched"):
                deed(outside)

    assert other.read_bytes() == b"the user's"


def no_space(*_: object) -> Iterator[None]:
    """Fail as a full disk does."""
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
