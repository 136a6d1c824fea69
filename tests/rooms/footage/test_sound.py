"""What is heard in a clip."""

from datetime import timedelta
import logging
from pathlib import Path

import av
import pytest

from custom_components.gatehouse.footage.mp4 import remux
from tests.rooms.footage.media import FPS, boxes, loudness, packets, talking, video


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """Return where to write."""
    return tmp_path / "target.mp4"


def written(folder: Path, data: bytes) -> Path:
    """Return a file with these bytes."""
    path = folder / "source"
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    ("codec", "container"),
    [("aac", "mp4"), ("libmp3lame", "mp4"), ("aac", "mpegts"), ("aac", "matroska")],
)
def test_sound_that_every_browser_plays_is_passed_through(
    tmp_path: Path, target: Path, codec: str, container: str
) -> None:
    source = written(tmp_path, talking(codec, container))

    clip = remux(source, target)

    before = [data for _, data in packets(source, "audio")]
    after = [data for _, data in packets(target, "audio")]
    assert len(after) > 70
    # In a transport stream each piece of sound has a head of seven bytes.
    assert all(any(data.endswith(piece) for data in before) for piece in after)
    assert len(packets(target)) == 2 * FPS
    assert abs(clip.duration - timedelta(seconds=2)) < timedelta(milliseconds=100)
    assert boxes(target).index("moov") < boxes(target).index("mdat")


@pytest.mark.parametrize(
    ("codec", "container", "rate"),
    [
        ("pcm_alaw", "mov", 8_000),
        ("pcm_mulaw", "mov", 8_000),
        ("libopus", "matroska", 48_000),
        ("pcm_s16le", "avi", 11_025),
        ("pcm_s16le", "mov", 12_345),
    ],
)
def test_other_sound_is_encoded_anew(
    tmp_path: Path, target: Path, codec: str, container: str, rate: int
) -> None:
    remux(written(tmp_path, talking(codec, container, rate)), target)

    with av.open(str(target)) as file:
        assert [stream.codec_context.name for stream in file.streams] == ["h264", "aac"]
    heard = loudness(target)
    assert heard[0][0] < 0.2
    assert heard[-1][0] > 1.8
    assert all(0.15 < loud < 0.5 for _, loud in heard[2:-2])


def test_sound_stays_with_the_pictures(tmp_path: Path, target: Path) -> None:
    remux(written(tmp_path, talking("pcm_s16le", "matroska", since=1.0)), target)

    first = next(at for at, loud in loudness(target) if loud > 0.1)
    assert abs(first - 1.0) < 0.05


@pytest.mark.parametrize("codec", ["aac", "pcm_s16le"])
def test_a_clip_is_no_longer_than_its_pictures(tmp_path: Path, target: Path, codec: str) -> None:
    clip = remux(written(tmp_path, talking(codec, "matroska", until=5.0)), target)

    assert abs(clip.duration - timedelta(seconds=2)) < timedelta(milliseconds=100)
    with av.open(str(target)) as file:
        assert abs((file.duration or 0) / av.time_base - 2) < 0.1


@pytest.mark.parametrize("codec", ["aac", "libopus"])
def test_sound_of_before_the_first_picture_is_left_out(
    tmp_path: Path, target: Path, codec: str
) -> None:
    clip = remux(written(tmp_path, talking(codec, "matroska", since=-1.0)), target)

    assert packets(target)[0][0] < 0.05
    assert packets(target, "audio")[0][0] < 0.1
    assert abs(clip.duration - timedelta(seconds=2)) < timedelta(milliseconds=100)


def test_a_sound_that_nobody_knows_is_left_out(
    tmp_path: Path, target: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    strange = talking("libopus", "matroska").replace(b"A_OPUS", b"A_ZZZZ")

    remux(written(tmp_path, strange), target)

    with av.open(str(target)) as file:
        assert [stream.type for stream in file.streams] == ["video"]
    assert "cannot be read" in caplog.text


def test_a_moment_of_sound_that_is_broken_is_left_out(
    tmp_path: Path, target: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    data = bytearray(talking("flac", "matroska"))
    frames = [at for at in range(len(data)) if data[at : at + 2] == b"\xff\xf8"]
    for at in frames[20:24]:
        data[at : at + 40] = bytes(40)

    clip = remux(written(tmp_path, bytes(data)), target)

    assert "A moment of sound cannot be read" in caplog.text
    assert abs(clip.duration - timedelta(seconds=2)) < timedelta(milliseconds=100)
    assert len(loudness(target)) > 60


def test_a_clip_without_sound_has_none(tmp_path: Path, target: Path) -> None:
    remux(written(tmp_path, video()), target)

    with av.open(str(target)) as file:
        assert [stream.type for stream in file.streams] == ["video"]
