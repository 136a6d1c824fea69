"""From a video that a camera uploads to pictures."""

from datetime import timedelta
from fractions import Fraction
from io import BytesIO
from pathlib import Path
from typing import Any

import av
import numpy as np
from PIL import Image
import pytest

from custom_components.gatehouse.footage import NotPlayable, frames_of, length_of
from tests.rooms.footage.media import FPS, SIZE, sound, unheard_of, video

SECONDS = 4
MAKES: dict[str, tuple[str, str, dict[str, str]]] = {
    "plain.mp4": ("libx264", "yuv420p", {}),
    "faststart.mp4": ("libx264", "yuv420p", {"movflags": "faststart"}),
    "fragments.mp4": ("libx264", "yuv420p", {"movflags": "frag_keyframe+empty_moov"}),
    "hevc.mp4": ("libx265", "yuv420p", {}),
    "jpeg.avi": ("mjpeg", "yuvj420p", {}),
    "mpeg4.avi": ("mpeg4", "yuv420p", {}),
    "h264.avi": ("libx264", "yuv420p", {}),
    "h264.mkv": ("libx264", "yuv420p", {}),
    "jpeg.mov": ("mjpeg", "yuvj422p", {}),
}


def grey(second: float) -> int:
    """Return how bright the picture at a second is."""
    return 30 + round(50 * second)


@pytest.fixture(scope="session")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return where one video of every make is, which gets brighter by 50 levels a second."""
    folder = tmp_path_factory.mktemp("shelf")
    for name, (codec, pixels, options) in MAKES.items():
        with av.open(str(folder / name), "w", options=options) as file:
            stream: Any = file.add_stream(codec, rate=FPS)
            stream.width, stream.height, stream.pix_fmt = *SIZE, pixels
            stream.codec_context.gop_size = FPS
            for number in range(SECONDS * FPS):
                levels = np.full((SIZE[1], SIZE[0], 3), grey(number / FPS), np.uint8)
                # So much noise that no cut is between two pictures.
                levels[:90] = np.random.default_rng(number).integers(0, 255, (90, SIZE[0], 3))
                frame = av.VideoFrame.from_ndarray(levels, "rgb24")
                frame.pts, frame.time_base = number, Fraction(1, FPS)
                file.mux(stream.encode(frame))
            file.mux(stream.encode())
    return folder


def all_of(path: Path, fps: float, since: float = 0, until: float = 99) -> list[tuple[float, int]]:
    """Return when each picture is, and how bright it is."""
    found = frames_of(path, fps, since=timedelta(seconds=since), until=timedelta(seconds=until))
    return [(at.total_seconds(), brightness(jpeg)) for at, jpeg in found]


def brightness(jpeg: bytes) -> int:
    image = Image.open(BytesIO(jpeg))
    assert (image.format, image.size) == ("JPEG", SIZE)
    return image.convert("L").getpixel((SIZE[0] // 2, SIZE[1] - 20))


@pytest.mark.parametrize("name", MAKES)
def test_every_make_gives_its_pictures_at_their_moments(shelf: Path, name: str) -> None:
    found = all_of(shelf / name, 2, until=SECONDS - 0.1)

    assert [at for at, _ in found] == pytest.approx(
        [0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5], abs=1 / FPS + 0.001
    )
    assert [level for _, level in found] == pytest.approx([grey(at) for at, _ in found], abs=7)


@pytest.mark.parametrize("name", MAKES)
def test_a_video_can_be_gone_on_with_in_the_middle(shelf: Path, name: str) -> None:
    found = all_of(shelf / name, 5, since=2.2, until=3)

    assert [at for at, _ in found] == pytest.approx([2.2, 2.4, 2.6, 2.8], abs=1 / FPS + 0.001)
    assert [level for _, level in found] == pytest.approx([grey(at) for at, _ in found], abs=7)


@pytest.mark.parametrize("name", MAKES)
def test_a_whole_video_tells_how_long_it_is(shelf: Path, name: str) -> None:
    assert length_of(shelf / name).total_seconds() == pytest.approx(SECONDS, abs=2 / FPS)


@pytest.mark.parametrize("share", [0.01, 0.3, 0.6, 0.8])
@pytest.mark.parametrize("name", sorted(MAKES.keys() - {"fragments.mp4"}))
def test_a_video_that_is_half_there_is_not_whole(
    shelf: Path, tmp_path: Path, name: str, share: float
) -> None:
    data = (shelf / name).read_bytes()
    cut = tmp_path / name
    cut.write_bytes(data[: int(len(data) * share)])

    with pytest.raises(NotPlayable, match=name):
        length_of(cut)


def test_a_rate_above_the_videos_own_gives_each_picture_once(shelf: Path) -> None:
    assert len(all_of(shelf / "plain.mp4", 100)) == SECONDS * FPS


def test_a_rate_below_one_gives_a_picture_now_and_then(shelf: Path) -> None:
    found = all_of(shelf / "plain.mp4", 0.4)
    assert [at for at, _ in found] == pytest.approx([0, 2.5], abs=0.07)


def test_pictures_larger_than_any_screen_are_made_smaller(tmp_path: Path) -> None:
    path = tmp_path / "huge.avi"
    with av.open(str(path), "w") as file:
        stream: Any = file.add_stream("mjpeg", rate=FPS)
        stream.width, stream.height, stream.pix_fmt = 4000, 3000, "yuvj420p"
        file.mux(stream.encode(av.VideoFrame(4000, 3000, "yuvj420p")))
        file.mux(stream.encode())

    [(_, jpeg)] = frames_of(path, 1, since=timedelta(), until=timedelta(seconds=9))

    assert Image.open(BytesIO(jpeg)).size == (2560, 1920)


def test_a_video_of_no_known_times_is_counted_through(tmp_path: Path) -> None:
    path = tmp_path / "packed.avi"
    with av.open(str(path), "w") as file:
        stream: Any = file.add_stream("mpeg4", rate=FPS, options={"bf": "2"})
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        for number in range(FPS):
            frame = av.VideoFrame(*SIZE, "yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, FPS)
            file.mux(stream.encode(frame))
        file.mux(stream.encode())

    found = list(frames_of(path, FPS, since=timedelta(), until=timedelta(seconds=9)))

    assert len(found) >= FPS - 2
    assert [at for at, _ in found] == sorted({at for at, _ in found})
    assert length_of(path).total_seconds() == pytest.approx(1, abs=0.2)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "cannot be read"),
        (b"<html>no video</html>" * 100, "cannot be read"),
        (sound(), "no video"),
        (video()[:600], "no pictures"),
        (unheard_of(video()), "unknown kind"),
    ],
    ids=["empty", "text", "sound", "beginning", "unheard of"],
)
def test_what_is_no_video_is_refused(tmp_path: Path, data: bytes, why: str) -> None:
    path = tmp_path / "odd.mp4"
    path.write_bytes(data)

    with pytest.raises(NotPlayable, match=why):
        length_of(path)


def test_an_upload_that_names_other_files_is_never_followed(shelf: Path, tmp_path: Path) -> None:
    secret = (shelf / "plain.mp4").rename(tmp_path / "secret.mp4")
    script = tmp_path / "script.mp4"
    playlist = tmp_path / "playlist.mp4"
    script.write_text(f"ffconcat version 1.0\nfile '{secret.name}'\n")
    playlist.write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{secret.name}\n")

    for path in (script, playlist):
        with pytest.raises(NotPlayable, match="cannot be read"):
            length_of(path)
    secret.rename(shelf / "plain.mp4")


def test_a_name_is_never_taken_for_a_pattern_or_an_address(shelf: Path, tmp_path: Path) -> None:
    path = tmp_path / "http:%03d \n\udcff.mp4"
    path.write_bytes((shelf / "plain.mp4").read_bytes())

    assert length_of(path) > timedelta(seconds=3)


def test_a_file_that_is_not_there_is_told_as_such(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        length_of(tmp_path / "gone.mp4")


def test_pictures_too_large_for_the_memory_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "bomb.avi"
    with av.open(str(path), "w") as file:
        stream: Any = file.add_stream("mjpeg", rate=FPS)
        stream.width, stream.height, stream.pix_fmt = 8100, 8000, "yuvj420p"
        file.mux(stream.encode(av.VideoFrame(8100, 8000, "yuvj420p")))
        file.mux(stream.encode())

    with pytest.raises(NotPlayable, match="8100×8000"):
        length_of(path)
