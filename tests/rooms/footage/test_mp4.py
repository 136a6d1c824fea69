"""From what an agent recorded to what every phone plays."""

from collections.abc import Callable, Iterator
from datetime import timedelta
import gc
import hashlib
import io
from pathlib import Path
import resource

import av
import pytest

from custom_components.gatehouse.footage import Clip, NotPlayable, frames_of, mp4
from custom_components.gatehouse.footage.mp4 import inspect, remux
from tests.rooms.footage.media import FPS, SIZE, boxes, packets, sound, unheard_of, video


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

    data = target.read_bytes()
    assert clip == inspect(target)
    assert clip == Clip(
        duration=clip.duration,
        width=SIZE[0],
        height=SIZE[1],
        codec="h264",
        size=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        md5=hashlib.md5(data, usedforsecurity=False).hexdigest(),
        poster=clip.poster,
    )
    assert abs(clip.duration - timedelta(seconds=2)) < timedelta(milliseconds=20)


@pytest.mark.parametrize(("frames", "brightness"), [(2 * FPS, 1), (4 * FPS, 2), (1, 0)])
def test_the_poster_is_the_key_picture_in_the_middle(
    tmp_path: Path, target: Path, frames: int, brightness: int
) -> None:
    source = tmp_path / "source"
    source.write_bytes(video(frames=frames))

    poster = remux(source, target).poster

    with av.open(io.BytesIO(poster), "r", format="mjpeg") as picture:
        shown = next(picture.decode(video=0)).to_ndarray(format="gray")
    assert shown.shape == (SIZE[1], SIZE[0])
    assert abs(shown.mean() - (16 + 4 * FPS * brightness)) < 4


def test_large_pictures_make_a_small_poster(tmp_path: Path, target: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(video(frames=1, size=(2560, 1440)))

    with av.open(io.BytesIO(remux(source, target).poster), format="mjpeg") as picture:
        assert picture.streams.video[0].codec_context.width == 1280


@pytest.fixture
def untidy() -> Iterator[None]:
    """Let Python look for no rubbish, as in a process that has nothing else to do."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def in_memory() -> int:
    """Return how many bytes of memory this process has."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


@pytest.mark.parametrize("job", ["remux", "frames_of"])
def test_many_clips_need_no_more_memory_than_one(
    tmp_path: Path, target: Path, untidy: None, job: str
) -> None:
    source = tmp_path / "source"
    source.write_bytes(video(frames=FPS, size=(1280, 720)))
    span = {"since": timedelta(0), "until": timedelta(seconds=1)}
    jobs = {
        "remux": lambda: remux(source, target),
        "frames_of": lambda: list(frames_of(source, 1, **span)),
    }
    for _ in range(5):
        jobs[job]()

    before = in_memory()
    for _ in range(30):
        jobs[job]()

    assert in_memory() - before < 20_000_000


def test_the_same_recording_always_makes_the_same_file(source: Path, target: Path) -> None:
    assert remux(source, target) == remux(source, target)


@pytest.mark.parametrize("movflags", ["", "faststart", "hybrid_fragmented"])
def test_every_kind_of_mp4_becomes_the_same(tmp_path: Path, target: Path, movflags: str) -> None:
    source = tmp_path / "source"
    source.write_bytes(video(movflags=movflags))

    clip = remux(source, target)

    assert clip.duration > timedelta(seconds=1.9)
    assert boxes(target).index("moov") < boxes(target).index("mdat")


@pytest.mark.parametrize("movflags", ["", "hybrid_fragmented", "frag_keyframe+empty_moov"])
def test_pictures_that_are_sent_before_they_are_shown_stay_in_order(
    tmp_path: Path, target: Path, movflags: str
) -> None:
    source = tmp_path / "source"
    source.write_bytes(video(movflags=movflags, b_frames=3))

    clip = remux(source, target)

    before, after = packets(source), packets(target)
    assert [data for _, data in after] == [data for _, data in before]
    shown = [at - before[0][0] for at, _ in before]
    assert [at - after[0][0] for at, _ in after] == pytest.approx(shown, abs=0.001)
    assert shown != sorted(shown)
    assert inspect(target) == clip
    assert abs(clip.duration - timedelta(seconds=2)) < timedelta(milliseconds=100)


def test_one_frame_is_a_video(tmp_path: Path, target: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(video(frames=1))

    assert remux(source, target).duration > timedelta(0)


def test_a_file_cut_short_by_a_power_cut_keeps_what_is_whole(source: Path, target: Path) -> None:
    source.write_bytes(video()[: len(video()) * 9 // 10])

    assert remux(source, target).duration >= timedelta(seconds=0.9)


@pytest.mark.parametrize(
    ("made", "why"),
    [
        (lambda: b"", "cannot be read"),
        (lambda: b"<html>not a video</html>" * 100, "cannot be read"),
        (lambda: video()[:600], "no pictures"),
        (sound, "no video"),
        (lambda: video(codec="mpeg4"), "mpeg4"),
        (lambda: video(pixels="yuv444p"), "yuv444p"),
        (lambda: video(pixels="yuv422p"), "High 4:2:2"),
        (lambda: video(pixels="yuv420p10le"), "High 10"),
        (lambda: video(codec="libx265"), "hevc"),
        (lambda: unheard_of(video()), "unknown kind"),
    ],
    ids=[
        "empty",
        "text",
        "beginning",
        "sound",
        "mpeg4",
        "yuv444p",
        "yuv422p",
        "10 bits",
        "hevc",
        "unheard of",
    ],
)
def test_what_not_every_phone_plays_is_refused(
    tmp_path: Path, target: Path, made: Callable[[], bytes], why: str
) -> None:
    source = tmp_path / "source"
    source.write_bytes(made())

    with pytest.raises(NotPlayable, match=why):
        remux(source, target)


def test_pictures_of_no_known_time_are_refused(tmp_path: Path) -> None:
    bare = tmp_path / "bare.h264"
    with av.open(str(bare), "w", format="h264") as file:
        stream = file.add_stream("libx264", rate=FPS)
        stream.width, stream.height = SIZE
        file.mux(stream.encode(av.VideoFrame(*SIZE, "yuv420p")))
        file.mux(stream.encode())

    with pytest.raises(NotPlayable, match="no known time"):
        inspect(bare)


def late(source: Path, until: int) -> Path:
    """Return a video that begins in the middle of a group of pictures."""
    path = source.with_name("late.mkv")
    with av.open(str(source), "r") as file, av.open(str(path), "w", format="matroska") as cut:
        copy = cut.add_stream_from_template(file.streams.video[0])
        for packet in list(file.demux(video=0))[5:until]:
            packet.stream = copy
            cut.mux(packet)
    return path


def test_pictures_without_a_key_picture_are_refused(source: Path) -> None:
    with pytest.raises(NotPlayable, match="no key picture"):
        inspect(late(source, until=12))


def test_what_comes_before_the_first_key_picture_is_left_out(source: Path, target: Path) -> None:
    clip = remux(late(source, until=2 * FPS), target)

    assert len(packets(target)) == FPS
    assert packets(target)[0][0] == 0
    assert abs(clip.duration - timedelta(seconds=1)) < timedelta(milliseconds=20)


def test_pictures_of_one_time_are_put_in_order(
    tmp_path: Path, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "source.mkv"
    with av.open(str(source), "w", format="matroska") as file:
        stream = file.add_stream("libx264", rate=FPS, options={"tune": "zerolatency"})
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        for number in (0, 1, 2, 2, 2, 3, 4):
            for packet in stream.encode(av.VideoFrame(*SIZE, "yuv420p")):
                packet.pts = packet.dts = number
                file.mux(packet)

    remux(source, target)

    times = [at for at, _ in packets(target)]
    assert len(times) == 7
    assert times == sorted(set(times))


def test_an_index_that_is_larger_than_expected_finds_its_place(
    source: Path, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source.write_bytes(video(movflags="hybrid_fragmented"))
    usual = remux(source, target)
    assert "free" in boxes(target)

    monkeypatch.setattr(mp4, "INDEX", -600)
    clip = remux(source, target)

    assert "free" not in boxes(target)[:2]
    assert boxes(target).index("moov") < boxes(target).index("mdat")
    assert (clip.duration, clip.poster) == (usual.duration, usual.poster)


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
