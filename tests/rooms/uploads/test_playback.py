"""Files that are no longer, or never were, what they were taken for."""

from datetime import UTC, datetime, timedelta
import os
from pathlib import Path

import pytest

from custom_components.gatehouse.uploads import UploadOptions
from custom_components.gatehouse.uploads.arrivals import Arrival, Arrivals
from custom_components.gatehouse.uploads.errors import Unfinished
from custom_components.gatehouse.uploads.playback import Playback, read
from custom_components.gatehouse.uploads.rules import FileState, Kind
from tests.networks import picture
from tests.rooms.footage.media import video

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
OPTIONS = UploadOptions(settle=timedelta(seconds=1), backlog=3)


def arrival(path: Path, kind: Kind) -> Arrival:
    return Arrival(path=path, kind=kind, state=FileState(number=1, size=1, changed_ns=1))


class Clock:
    """A clock that is put forward by hand."""

    def __init__(self) -> None:
        self.now = 0.0
        self.step = 0.0
        """By so much it goes on whenever it is read: the machine is busy."""

    def __call__(self) -> float:
        self.now += self.step
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def arrivals(tmp_path: Path, clock: Clock) -> Arrivals:
    return Arrivals(tmp_path, OPTIONS, stir=lambda: None, clock=clock)


@pytest.mark.parametrize("kind", Kind)
def test_a_file_that_has_gone_is_told_as_such(tmp_path: Path, kind: Kind) -> None:
    with pytest.raises(FileNotFoundError):
        read(arrival(tmp_path / "gone", kind), OPTIONS, NOW)


def test_a_link_that_took_the_place_of_a_picture_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "private.jpg").write_bytes(picture())
    (tmp_path / "a.jpg").symlink_to(tmp_path / "private.jpg")

    with pytest.raises(Unfinished, match="symbolic links"):
        read(arrival(tmp_path / "a.jpg", Kind.PICTURE), OPTIONS, NOW)


def test_a_video_of_which_nothing_can_be_decoded_is_never_whole(tmp_path: Path) -> None:
    data = bytearray(video(movflags="faststart"))
    start = data.index(b"mdat") + 4
    data[start:] = bytes(len(data) - start)
    path = tmp_path / "a.mp4"
    path.write_bytes(data)

    with pytest.raises(Unfinished):
        read(arrival(path, Kind.VIDEO), OPTIONS, NOW)


def test_a_picture_that_is_written_over_while_it_waits_is_left_to_come_anew(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(picture())
    upload, _ = read(arrival(path, Kind.PICTURE), OPTIONS, NOW)
    path.write_bytes(picture()[:200])

    with pytest.raises(Unfinished):
        Playback(upload, OPTIONS).next(1, NOW)


def test_no_file_overtakes_another_because_the_machine_is_busy(
    tmp_path: Path, clock: Clock, arrivals: Arrivals
) -> None:
    names = ["b.jpg", "a.jpg"]
    for name in names:
        (tmp_path / name).write_bytes(name.encode())
        arrivals.came(str(tmp_path / name))
    assert arrivals.settled() == []
    clock.now, clock.step = -0.1, 0.9
    settled = []
    for _ in range(4):
        found = arrivals.settled()
        for one in found:
            arrivals.taken(one)
        settled += [one.path.name for one in found]
    assert settled == names


def test_a_file_is_settled_when_it_has_not_changed_for_a_while(
    tmp_path: Path, clock: Clock, arrivals: Arrivals
) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(b"1")
    arrivals.came(str(path))
    assert arrivals.settled() == []
    clock.now = 0.9
    assert arrivals.settled() == []
    path.write_bytes(b"12")
    assert arrivals.settled() == []
    clock.now = 1.8
    assert arrivals.settled() == []
    clock.now = 1.9
    [found] = arrivals.settled()

    assert (found.path, found.kind, found.state.size) == (path, Kind.PICTURE, 2)


def test_a_file_that_changes_while_it_is_read_is_not_forgotten(
    tmp_path: Path, clock: Clock, arrivals: Arrivals
) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(b"1")
    arrivals.came(str(path))
    arrivals.settled()
    clock.now = 1
    [first] = arrivals.settled()
    path.write_bytes(b"12")
    arrivals.came(str(path))
    arrivals.taken(first)
    arrivals.settled()
    clock.now = 2

    [second] = arrivals.settled()
    arrivals.taken(second)

    assert second.state.size == 2
    assert arrivals.settled() == []
    assert not arrivals


def test_a_flaw_of_what_a_file_was_says_nothing_of_what_it_is(
    tmp_path: Path, clock: Clock, arrivals: Arrivals
) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(b"1")
    arrivals.came(str(path))
    arrivals.settled()
    clock.now = 1
    [first] = arrivals.settled()
    path.write_bytes(b"12")
    arrivals.settled()
    arrivals.refused(first, "it is half a picture")
    clock.now = 2

    assert len(arrivals.settled()) == 1


def test_the_oldest_give_way_to_the_newest(
    tmp_path: Path, clock: Clock, arrivals: Arrivals
) -> None:
    for name in "abcde":
        (tmp_path / f"{name}.jpg").write_text(name)
        arrivals.came(str(tmp_path / f"{name}.jpg"))
    arrivals.settled()
    clock.now = 1

    assert [found.path.name for found in arrivals.settled()] == ["c.jpg", "d.jpg", "e.jpg"]
    assert [arrivals.passed_over(), arrivals.passed_over()] == [2, 0]


def test_what_is_taken_is_remembered_for_long_but_not_for_ever(
    tmp_path: Path, clock: Clock, arrivals: Arrivals
) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(b"1")
    arrivals.came(str(path))
    arrivals.settled()
    clock.now = 1
    [found] = arrivals.settled()
    arrivals.taken(found)
    arrivals.came(str(path))
    assert arrivals.settled() == []
    assert not arrivals

    for number in range(100):
        state = FileState(number=number, size=1, changed_ns=1)
        arrivals.taken(Arrival(path=path, kind=Kind.PICTURE, state=state))
    arrivals.came(str(path))
    arrivals.settled()
    clock.now = 2

    assert arrivals.settled() == [found]


def test_what_is_outside_the_folder_is_nobodys_upload(tmp_path: Path, arrivals: Arrivals) -> None:
    arrivals.came(str(tmp_path.parent / "a.jpg"))
    arrivals.came(os.fspath(tmp_path / ".." / "a.jpg"))

    assert not arrivals
