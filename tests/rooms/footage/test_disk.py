"""The media folder."""

from collections.abc import Iterator
from datetime import UTC, datetime
import errno
import os
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from custom_components.gatehouse.footage import Disk, DiskFull, DiskRefused

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
        with pytest.raises(DiskRefused, match="not removed"):
            disk.remove(outside)

    assert not place.exists()
    assert other.read_bytes() == b"the user's"


def test_what_is_incoming_can_be_dropped(disk: Disk, tmp_path: Path) -> None:
    disk.make_room(0)
    for path in (disk.incoming("a"), disk.incoming("a", ".mp4"), disk.incoming("b")):
        path.write_bytes(b"")

    disk.discard("a")
    disk.discard("a")

    assert files(tmp_path) == {str(disk.incoming("b").relative_to(tmp_path))}


def no_space(*_: object) -> Iterator[None]:
    """Fail as a full disk does."""
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
