"""A camera that uploads to a folder: what comes is seen, whatever it is called and however."""

import asyncio
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from fractions import Fraction
import logging
import os
from pathlib import Path
import shutil
import threading
import time
from typing import Any

import av
from PIL import Image
import pytest

from custom_components.gatehouse.uploads import (
    FolderMissing,
    FolderUnreadable,
    NotAFolder,
    UploadFolder,
    UploadOptions,
    UploadsLost,
    Watching,
    check,
    lookout,
)
from tests.networks import picture
from tests.rooms.footage.media import FPS, SIZE, video
from tests.rooms.uploads.conftest import Porch
from tests.waiting import eventually, within

ORANGE, BLUE = picture(64, 48, "orange"), picture(64, 48, "blue")


def shade(number: int) -> bytes:
    """Return one of 4,096 pictures."""
    red, green, blue = number % 16, number // 16 % 16, number // 256
    return picture(64, 48, f"rgb({red * 16}, {green * 16}, {blue * 16})")


def encode(path: Path) -> None:
    """Write two seconds of a video, as its name says."""
    with av.open(str(path), "w") as file:
        stream: Any = file.add_stream("mjpeg", rate=FPS)
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuvj420p"
        for number in range(2 * FPS):
            frame = av.VideoFrame(*SIZE, "yuvj420p")
            frame.pts, frame.time_base = number, Fraction(1, FPS)
            file.mux(stream.encode(frame))
        file.mux(stream.encode())


def said(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return the warnings that a user finds in the log."""
    records = [record for record in caplog.records if record.name.startswith("custom_components")]
    assert all(record.levelno <= logging.WARNING for record in records)
    return [record.message for record in records if record.levelno == logging.WARNING]


# What comes.


@pytest.mark.parametrize("watching", [Watching.AUTOMATIC, Watching.TOLD, Watching.POLLED])
async def test_a_picture_that_comes_is_seen_as_it_is(porch: Porch, watching: Watching) -> None:
    await porch.watch(watching=watching)

    (porch.folder / "a.jpg").write_bytes(ORANGE)

    [seen] = await porch.sees_only(1)
    assert seen.jpeg == ORANGE
    assert abs(datetime.now(UTC) - seen.captured) < timedelta(seconds=10)
    assert porch.camera.newest == seen
    assert porch.moving == [True, False]


async def test_nothing_is_changed_in_the_folder(porch: Porch) -> None:
    await porch.watch()
    (porch.folder / "a.jpg").write_bytes(ORANGE)
    (porch.folder / "b.jpg").write_text("no picture")
    os.utime(porch.folder / "a.jpg", (1000, 1000))

    await porch.sees_only(1)

    left = {path.name: path.read_bytes() for path in porch.folder.iterdir()}
    assert left == {"a.jpg": ORANGE, "b.jpg": b"no picture"}
    assert (porch.folder / "a.jpg").stat().st_mtime == 1000


async def test_what_was_there_before_is_not_seen(porch: Porch) -> None:
    (porch.folder / "old").mkdir()
    (porch.folder / "old" / "a.jpg").write_bytes(BLUE)
    await porch.watch()

    (porch.folder / "old" / "b.jpg").write_bytes(ORANGE)

    assert [seen.jpeg for seen in await porch.sees_only(1)] == [ORANGE]


async def test_an_old_file_that_gets_another_name_is_no_news(porch: Porch) -> None:
    (porch.folder / "old.jpg").write_bytes(BLUE)
    await porch.watch()

    (porch.folder / "old.jpg").rename(porch.folder / "older.jpg")
    (porch.folder / "new.jpg").write_bytes(ORANGE)

    assert [seen.jpeg for seen in await porch.sees_only(1)] == [ORANGE]


async def test_pictures_are_seen_in_the_order_of_their_coming(porch: Porch) -> None:
    await porch.watch()
    for number in range(20):
        (porch.folder / f"{(number * 7) % 20}.jpg").write_bytes(shade(number))

    assert [seen.jpeg for seen in await porch.sees_only(20)] == [shade(n) for n in range(20)]


async def test_a_file_that_is_written_again_is_seen_again(porch: Porch) -> None:
    await porch.watch()
    path = porch.folder / "snapshot.jpg"
    path.write_bytes(ORANGE)
    await porch.sees(1)

    path.write_bytes(BLUE)

    assert [seen.jpeg for seen in await porch.sees_only(2)] == [ORANGE, BLUE]


async def test_a_file_that_was_seen_is_not_seen_again_by_another_name(porch: Porch) -> None:
    await porch.watch()
    path = porch.folder / "a.jpg"
    with path.open("wb") as file:
        file.write(ORANGE)
        file.flush()
        await porch.sees(1)
    path.rename(porch.folder / "b.jpg")
    (porch.folder / "c.jpg").hardlink_to(porch.folder / "b.jpg")
    await asyncio.sleep(0.3)

    await porch.sees_only(1)


@pytest.mark.parametrize(
    "name",
    [
        "two words.jpg",
        "Übergrößenträger 監視.JPG",
        "line\nbreak.jpeg",
        "%03d.jpg",
        "http:.jpg",
        "-rf.jpg",
        "no alphabet \udcff\udcfe.jpg",
    ],
)
async def test_no_name_is_too_hard_to_read(porch: Porch, name: str) -> None:
    await porch.watch()

    (porch.folder / name).write_bytes(ORANGE)

    assert (await porch.sees_only(1))[0].jpeg == ORANGE


async def test_png_becomes_jpeg(porch: Porch) -> None:
    await porch.watch()

    (porch.folder / "a.png").write_bytes(picture(64, 48, "orange", kind="PNG"))

    assert (await porch.sees_only(1))[0].jpeg[:3] == b"\xff\xd8\xff"


# Folders.


@pytest.mark.parametrize("watching", [Watching.TOLD, Watching.POLLED])
async def test_folders_that_are_made_for_a_day_and_an_hour_are_watched(
    porch: Porch, watching: Watching
) -> None:
    await porch.watch(watching=watching)
    for hour in range(4):
        folder = porch.folder / "2026-11-21" / f"{hour:02}"
        folder.mkdir(parents=True)
        (folder / "a.jpg").write_bytes(shade(hour))
        (folder / "b.jpg").write_bytes(shade(hour + 100))
        await porch.sees(2 * hour + 2)

    await porch.sees_only(8)


async def test_a_folder_that_is_moved_in_comes_with_all_that_is_in_it(
    porch: Porch, tmp_path: Path
) -> None:
    (tmp_path / "card" / "deep").mkdir(parents=True)
    (tmp_path / "card" / "a.jpg").write_bytes(ORANGE)
    (tmp_path / "card" / "deep" / "b.jpg").write_bytes(BLUE)
    await porch.watch()

    (tmp_path / "card").rename(porch.folder / "card")

    assert {seen.jpeg for seen in await porch.sees_only(2)} == {ORANGE, BLUE}


async def test_what_comes_into_a_folder_that_was_moved_in_is_seen(
    porch: Porch, tmp_path: Path
) -> None:
    (tmp_path / "card" / "deep").mkdir(parents=True)
    await porch.watch()
    (tmp_path / "card").rename(porch.folder / "card")
    await asyncio.sleep(0.5)

    (porch.folder / "card" / "deep" / "b.jpg").write_bytes(BLUE)

    assert [seen.jpeg for seen in await porch.sees_only(1)] == [BLUE]


@pytest.mark.parametrize(
    "name",
    [
        ".hidden.jpg",
        ".trash/a.jpg",
        "@eaDir/a.jpg",
        "a.jpg.part",
        "a.jpg.tmp",
        "a.filepart",
        "a.txt",
    ],
)
async def test_what_is_no_upload_is_left_alone(
    porch: Porch, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    await porch.watch()
    (porch.folder / name).parent.mkdir(exist_ok=True)
    (porch.folder / name).write_bytes(BLUE)
    (porch.folder / "a.jpg").write_bytes(ORANGE)

    assert [seen.jpeg for seen in await porch.sees_only(1)] == [ORANGE]
    assert not said(caplog)


async def test_links_are_not_followed(porch: Porch, tmp_path: Path) -> None:
    outside = tmp_path / "private"
    outside.mkdir()
    (outside / "a.jpg").write_bytes(BLUE)
    await porch.watch()
    (porch.folder / "link.jpg").symlink_to(outside / "a.jpg")
    (porch.folder / "link").symlink_to(outside)
    await asyncio.sleep(0.3)
    (outside / "b.jpg").write_bytes(BLUE)
    (porch.folder / "a.jpg").write_bytes(ORANGE)

    assert [seen.jpeg for seen in await porch.sees_only(1)] == [ORANGE]


async def test_the_folder_itself_may_be_a_link(porch: Porch, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(porch.folder)
    porch.folder = link
    await porch.watch()

    (link / "a.jpg").write_bytes(ORANGE)

    assert [seen.jpeg for seen in await porch.sees_only(1)] == [ORANGE]


# Uploads that take their time.


async def test_an_upload_that_pauses_is_waited_for(porch: Porch) -> None:
    await porch.watch()

    def write_slowly() -> None:
        with (porch.folder / "slow.jpg").open("wb") as file:
            for start in range(0, len(ORANGE), len(ORANGE) // 4):
                file.write(ORANGE[start : start + len(ORANGE) // 4])
                file.flush()
                time.sleep(0.3)

    writer = threading.Thread(target=write_slowly)
    writer.start()
    await porch.sees(1)
    writer.join()

    assert [seen.jpeg for seen in await porch.sees_only(1)] == [ORANGE]


async def test_a_video_that_pauses_is_waited_for(porch: Porch) -> None:
    await porch.watch(4)
    data = video(movflags="faststart")
    with (porch.folder / "slow.mp4").open("wb") as file:
        file.write(data[: len(data) // 2])
        file.flush()
        await asyncio.sleep(0.6)
        assert not porch.seen
        file.write(data[len(data) // 2 :])

    await porch.sees_only(8)


@pytest.mark.parametrize("watching", [Watching.TOLD, Watching.POLLED])
async def test_a_file_that_is_renamed_when_it_is_whole_is_seen_then(
    porch: Porch, watching: Watching
) -> None:
    await porch.watch(watching=watching)
    part = porch.folder / "a.jpg.part"
    part.write_bytes(ORANGE)
    await asyncio.sleep(0.5)
    assert not porch.seen

    part.rename(porch.folder / "a.jpg")

    assert [seen.jpeg for seen in await porch.sees_only(1)] == [ORANGE]


async def test_a_half_written_file_that_is_renamed_is_followed(porch: Porch) -> None:
    await porch.watch()
    with (porch.folder / "a.jpg").open("wb") as file:
        file.write(ORANGE[:300])
        file.flush()
        await asyncio.sleep(0.3)
        (porch.folder / "a.jpg").rename(porch.folder / "b.jpg")
        file.write(ORANGE[300:])

    assert [seen.jpeg for seen in await porch.sees_only(1)] == [ORANGE]


async def test_a_file_that_goes_before_it_is_whole_is_forgotten(
    porch: Porch, caplog: pytest.LogCaptureFixture
) -> None:
    await porch.watch()
    path = porch.folder / "a.jpg"
    path.write_bytes(ORANGE[:300])
    await asyncio.sleep(0.3)
    path.unlink()
    (porch.folder / "b.jpg").write_bytes(BLUE)

    await porch.sees_only(1)
    await asyncio.sleep(0.8)
    assert not said(caplog)


@pytest.mark.parametrize(
    ("name", "data", "why"),
    [
        ("half.jpg", ORANGE[: len(ORANGE) // 2], "cannot be read"),
        ("half.mp4", video()[:2000], ""),
        ("text.jpg", b"not a picture", "cannot be read"),
        ("text.mp4", b"not a video" * 99, "cannot be read"),
        ("empty.jpg", b"", "cannot be read"),
        ("empty.avi", b"", "cannot be read"),
        ("picture.mkv", ORANGE, "cannot be read"),
        ("dot.png", picture(2, 2, kind="PNG"), "only 2×2"),
    ],
)
async def test_what_never_becomes_whole_is_skipped_and_named_once(
    porch: Porch, name: str, data: bytes, why: str, caplog: pytest.LogCaptureFixture
) -> None:
    await porch.watch()
    (porch.folder / name).write_bytes(data)
    (porch.folder / "good.jpg").write_bytes(ORANGE)
    await porch.sees_only(1)
    await eventually(lambda: said(caplog), what="the warning")
    (porch.folder / name).write_bytes(data)
    await asyncio.sleep(0.9)

    [warning] = said(caplog)
    assert repr(name) in warning
    assert why in warning
    assert len(porch.seen) == 1


async def test_what_is_no_plain_file_is_never_opened(porch: Porch) -> None:
    await porch.watch()
    path = porch.folder / "fifo.jpg"
    os.mkfifo(path)
    await asyncio.sleep(0.3)
    path.unlink()
    path.write_bytes(ORANGE)

    assert [seen.jpeg for seen in await porch.sees_only(1)] == [ORANGE]


@pytest.mark.parametrize(("name", "size"), [("huge.jpg", 33 * 2**20), ("huge.mp4", 501 * 2**20)])
async def test_an_oversized_file_is_skipped_at_once(
    porch: Porch, name: str, size: int, caplog: pytest.LogCaptureFixture
) -> None:
    await porch.watch(patience=timedelta(minutes=1))
    with (porch.folder / name).open("wb") as file:
        file.truncate(size)

    await eventually(lambda: said(caplog), what="the warning")
    with (porch.folder / name).open("ab") as file:
        file.write(b"more")
    (porch.folder / "good.jpg").write_bytes(ORANGE)

    await porch.sees_only(1)
    assert [name in message and "larger than" in message for message in said(caplog)] == [True]


# Videos.


@pytest.mark.parametrize("name", ["a.mp4", "a.avi", "a.mkv", "a.mov"])
async def test_a_video_is_seen_picture_by_picture(porch: Porch, name: str, tmp_path: Path) -> None:
    await porch.watch(4)
    made = tmp_path / name
    encode(made)
    os.utime(made, (time.time() - 100, time.time() - 100))
    ended = datetime.fromtimestamp(made.stat().st_mtime, UTC)

    made.rename(porch.folder / name)

    seen = await porch.sees_only(8)
    since_start = [(one.captured - (ended - timedelta(seconds=2))).total_seconds() for one in seen]
    assert since_start == pytest.approx([0, 0.25, 0.5, 0.75, 1, 1.25, 1.5, 1.75], abs=0.12)


async def test_a_video_is_as_slow_as_life_so_that_no_picture_of_it_is_lost(porch: Porch) -> None:
    await porch.watch(10)
    (porch.folder / "a.mp4").write_bytes(video())
    await porch.sees(1)
    began = time.monotonic()

    with within(6):
        await porch.sees_only(20)

    assert time.monotonic() - began > 1.8


async def test_another_pace_goes_on_within_the_same_video(porch: Porch) -> None:
    camera = await porch.watch(look=False)
    (porch.folder / "a.mp4").write_bytes(video(4 * FPS))
    async with aclosing(camera.pictures(2)) as slow:
        first = [await anext(slow), await anext(slow), await anext(slow)]
    porch.look(10)

    quick = await porch.sees_only(29)

    moments = [(one.captured - first[0].captured).total_seconds() for one in [*first, *quick]]
    assert moments[:3] == pytest.approx([0, 0.5, 1], abs=0.07)
    assert moments[3:6] == pytest.approx([1.1, 1.2, 1.3], abs=0.08)
    assert moments == sorted(set(moments))


async def test_only_the_beginning_of_a_long_video_is_looked_at(porch: Porch) -> None:
    await porch.watch(20, longest=timedelta(seconds=1))

    (porch.folder / "a.mp4").write_bytes(video(5 * FPS))

    await porch.sees_only(FPS)


async def test_a_video_that_goes_while_it_is_looked_at_ends(porch: Porch) -> None:
    await porch.watch(5)
    (porch.folder / "a.mp4").write_bytes(video(10 * FPS))
    await porch.sees(1)
    (porch.folder / "a.mp4").unlink()
    (porch.folder / "b.jpg").write_bytes(ORANGE)

    await eventually(lambda: porch.seen[-1].jpeg == ORANGE, what="the last picture")
    assert len(porch.seen) < 40


# Too much.


async def test_of_thousands_at_once_the_newest_are_seen(
    porch: Porch, caplog: pytest.LogCaptureFixture
) -> None:
    camera = await porch.watch(look=False, backlog=50)
    (porch.folder / "flood").mkdir()

    def flood() -> None:
        for number in range(2000):
            (porch.folder / "flood" / f"{number}.jpg").write_bytes(shade(number))

    await asyncio.to_thread(flood)

    newest = shade(1999)
    await eventually(lambda: camera.newest and camera.newest.jpeg == newest, 30, "the newest")
    porch.look(1000)
    assert [one.jpeg for one in await porch.sees_only(50)] == [shade(n) for n in range(1950, 2000)]
    assert camera.passed_over >= 1950  # more where one that was passed over is told of once more
    assert ["send fewer" in warning for warning in said(caplog)] == [True]


async def test_a_slow_viewer_gets_the_newest_and_no_memory_is_filled(porch: Porch) -> None:
    camera = await porch.watch(look=False, backlog=5)
    for number in range(12):
        (porch.folder / f"{number}.jpg").write_bytes(shade(number))
        await eventually(lambda n=number: camera.newest and camera.newest.jpeg == shade(n))

    porch.look(50)

    assert [seen.jpeg for seen in await porch.sees_only(5)] == [shade(n) for n in range(7, 12)]
    assert camera.passed_over == 7


async def test_what_nobody_looks_at_is_shown_but_not_kept_for_long(porch: Porch) -> None:
    camera = await porch.watch(look=False, keep=timedelta(seconds=0.5))
    (porch.folder / "a.jpg").write_bytes(ORANGE)
    await eventually(lambda: porch.moving == [True, False], what="motion")
    porch.look(10)
    (porch.folder / "b.jpg").write_bytes(BLUE)

    assert [seen.jpeg for seen in await porch.sees_only(1)] == [BLUE]
    assert camera.passed_over == 0


# A folder that comes and goes.


async def test_a_folder_that_goes_is_told_and_may_come_back(porch: Porch) -> None:
    await porch.watch()
    shutil.rmtree(porch.folder)
    await eventually(lambda: porch.lost, what="the loss")
    assert isinstance(porch.camera.problem, FolderMissing)
    assert "mount" in str(porch.camera.problem)
    with pytest.raises(UploadsLost):
        await anext(porch.camera.pictures(5))

    porch.folder.mkdir()
    await porch.run()
    porch.look(100)
    (porch.folder / "a.jpg").write_bytes(ORANGE)

    await porch.sees_only(1)
    assert porch.camera.problem is None


@pytest.mark.parametrize("watching", [Watching.TOLD, Watching.POLLED])
async def test_another_folder_in_its_place_is_noticed(
    porch: Porch, tmp_path: Path, watching: Watching
) -> None:
    await porch.watch(watching=watching, check=timedelta(seconds=0.2))

    porch.folder.rename(tmp_path / "elsewhere")
    porch.folder.mkdir()

    await eventually(lambda: porch.lost, what="the loss")
    assert porch.camera.problem is not None


async def test_whoever_waits_for_a_picture_is_told_of_the_loss(porch: Porch) -> None:
    camera = await porch.watch(look=False)
    waiting = asyncio.ensure_future(anext(camera.pictures(5)))
    await asyncio.sleep(0.05)
    shutil.rmtree(porch.folder)

    with pytest.raises(FolderMissing):
        await waiting


async def test_there_are_no_pictures_before_the_folder_is_watched(tmp_path: Path) -> None:
    camera = UploadFolder(tmp_path, name="Porch", options=UploadOptions(), on_moving=lambda _: None)
    with pytest.raises(UploadsLost, match="not watched"):
        await anext(camera.pictures(5))


async def test_a_folder_is_read_again_and_again_where_the_system_has_no_watches_left(
    porch: Porch, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def exhausted() -> None:
        raise OSError(28, "inotify watch limit reached")

    monkeypatch.setattr(lookout, "Observer", exhausted)
    await porch.watch()

    (porch.folder / "a.jpg").write_bytes(ORANGE)

    await porch.sees_only(1)
    assert "inotify watch limit reached" in caplog.text


async def test_a_network_drive_is_read_again_and_again(
    porch: Porch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    device = porch.folder.stat().st_dev
    mounts = tmp_path / "mountinfo"
    mounts.write_text(
        "22 28 0:99999 / /proc rw - proc proc rw\n"
        f"36 28 {os.major(device)}:{os.minor(device)} / /nas rw shared:1 - cifs //nas/x rw\n"
    )
    monkeypatch.setattr(lookout, "MOUNTS", mounts)
    await porch.watch()
    (porch.folder / "a.jpg").write_bytes(ORANGE)

    await porch.sees(1)
    assert "PollingEmitter" in [type(thread).__name__ for thread in threading.enumerate()]


async def test_where_mounts_are_not_listed_the_system_is_trusted(
    porch: Porch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lookout, "MOUNTS", tmp_path / "missing")
    await porch.watch()
    (porch.folder / "a.jpg").write_bytes(ORANGE)

    await porch.sees(1)
    assert "InotifyEmitter" in [type(thread).__name__ for thread in threading.enumerate()]


async def test_a_folder_that_cannot_be_watched_at_all_is_told(
    porch: Porch, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(**_: float) -> None:
        raise PermissionError(13, "no watching here")

    monkeypatch.setattr(lookout, "Observer", refused)
    monkeypatch.setattr(lookout, "PollingObserver", refused)
    camera = UploadFolder(
        porch.folder, name="Porch", options=UploadOptions(), on_moving=porch.moving.append
    )

    with pytest.raises(FolderUnreadable, match="no watching here"):
        await camera.run()
    assert porch.moving == []


async def test_a_folder_can_be_checked_before_it_is_chosen(porch: Porch) -> None:
    (porch.folder / "file").touch()
    (porch.folder / "loop").symlink_to(porch.folder / "loop")

    await check(porch.folder)
    with pytest.raises(FolderMissing) as missing:
        await check(porch.folder / "missing")
    with pytest.raises(NotAFolder) as file:
        await check(porch.folder / "file")
    with pytest.raises(FolderUnreadable) as loop:
        await check(porch.folder / "loop")

    assert [error.value.code for error in (missing, file, loop)] == [
        "folder_missing",
        "not_a_folder",
        "folder_unreadable",
    ]


# When it was.


async def test_a_camera_that_tells_the_time_is_believed_if_it_is_sane(porch: Porch) -> None:
    await porch.watch()
    shot = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=2)
    for name, moment in (("a", shot), ("b", shot - timedelta(days=3000))):
        exif = Image.Exif()
        exif.get_ifd(0x8769)[0x9003] = f"{moment:%Y:%m:%d %H:%M:%S}"
        Image.new("RGB", (64, 48)).save(porch.folder / f"{name}.jpg", exif=exif)
        await porch.sees("ab".index(name) + 1)

    told, untold = await porch.sees_only(2)

    assert told.captured == shot
    assert abs(datetime.now(UTC) - untold.captured) < timedelta(seconds=20)


async def test_no_picture_is_from_the_future(porch: Porch) -> None:
    await porch.watch()
    (porch.folder / "a.jpg").write_bytes(ORANGE)
    tomorrow = time.time() + 86400
    os.utime(porch.folder / "a.jpg", (tomorrow, tomorrow))

    [seen] = await porch.sees_only(1)

    assert seen.captured <= datetime.now(UTC)
