"""From what an agent recorded to what every phone plays."""

from datetime import timedelta
from pathlib import Path

import av
import pytest

from custom_components.gatehouse.footage import Clip, NotPlayable
from custom_components.gatehouse.footage.mp4 import inspect, remux
from tests.rooms.footage.media import FPS, SIZE, boxes, packets, sound, video


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Return what an agent recorded: two seconds."""
    path = tmp_path / "source.part"
    path.write_bytes(video())
    return path


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """Return where to write."""
    return tmp_path / "target.mp4"


def test_the_index_comes_first_so_that_playing_begins_at_once(source: Path, target: Path) -> None:
    remux(source, target)

    assert "moof" in boxes(source)
    assert [box for box in boxes(target) if box in {"ftyp", "moov", "mdat"}] == [
        "ftyp",
        "moov",
        "mdat",
    ]


def test_no_frame_is_lost_changed_or_moved_in_time(source: Path, target: Path) -> None:
    remux(source, target)

    before, after = packets(source), packets(target)
    assert len(after) == 2 * FPS
    assert [data for _, data in after] == [data for _, data in before]
    assert [at for at, _ in after] == pytest.approx([at for at, _ in before], abs=0.001)


def test_a_clip_tells_what_it_holds(source: Path, target: Path) -> None:
    clip = remux(source, target)

    assert clip == inspect(target)
    assert clip == Clip(duration=clip.duration, width=SIZE[0], height=SIZE[1], codec="h264")
    assert abs(clip.duration - timedelta(seconds=2)) < timedelta(milliseconds=20)


@pytest.mark.parametrize("movflags", ["", "faststart", "hybrid_fragmented"])
def test_every_kind_of_mp4_becomes_the_same(tmp_path: Path, target: Path, movflags: str) -> None:
    source = tmp_path / "source"
    source.write_bytes(video(movflags=movflags))

    clip = remux(source, target)

    assert clip.duration > timedelta(seconds=1.9)
    assert boxes(target).index("moov") < boxes(target).index("mdat")


def test_one_frame_is_a_video(tmp_path: Path, target: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(video(frames=1))

    assert remux(source, target).duration > timedelta(0)


def test_a_file_cut_short_by_a_power_cut_keeps_what_is_whole(source: Path, target: Path) -> None:
    source.write_bytes(video()[: len(video()) * 9 // 10])

    assert remux(source, target).duration >= timedelta(seconds=0.9)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "cannot be read"),
        (b"<html>not a video</html>" * 100, "cannot be read"),
        (video()[:600], "no pictures"),
        (sound(), "no video"),
        (video(codec="mpeg4"), "mpeg4"),
        (video(pixels="yuv444p"), "yuv444p"),
        (video(codec="libx265"), "hevc"),
    ],
    ids=["empty", "text", "beginning", "sound", "mpeg4", "yuv444p", "hevc"],
)
def test_what_not_every_phone_plays_is_refused(
    tmp_path: Path, target: Path, data: bytes, why: str
) -> None:
    source = tmp_path / "source"
    source.write_bytes(data)

    with pytest.raises(NotPlayable, match=why):
        remux(source, target)


def test_pictures_of_no_known_time_are_refused(tmp_path: Path) -> None:
    bare = tmp_path / "bare.h264"
    with av.open(str(bare), "w", format="h264") as file:
        stream = file.add_stream("libx264", rate=FPS)
        stream.width, stream.height = SIZE
        file.mux(stream.encode(av.VideoFrame(*SIZE, "yuv420p")))
        file.mux(stream.encode())

    with pytest.raises(NotPlayable, match="no duration"):
        inspect(bare)


@pytest.mark.parametrize("first", [0, FPS], ids=["all", "last second"])
def test_pictures_that_cannot_be_decoded_are_noticed(
    source: Path, target: Path, first: int
) -> None:
    data = bytearray(video(movflags="faststart"))
    source.write_bytes(data)
    with av.open(str(source)) as file:
        spans = [(packet.pos or 0, packet.size) for packet in file.demux(video=0) if packet.size]
    # The lengths of the pictures stay, what is in them does not.
    for position, size in spans[first:]:
        data[position + 5 : position + size] = b"\xa5" * (size - 5)
    source.write_bytes(data)

    with pytest.raises(NotPlayable, match=r"cannot be|h264 None"):
        remux(source, target)


def test_a_disk_that_fails_is_no_fault_of_the_video(source: Path, tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        remux(source, tmp_path / "missing" / "target.mp4")
    with pytest.raises(OSError, match="No such file"):
        remux(tmp_path / "missing.part", tmp_path / "target.mp4")
