"""Two cameras as one wide picture, beside the same two side by side."""

from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import av
import numpy as np

from custom_components.gatehouse.footage.calibration import Calibration
from custom_components.gatehouse.footage.layouts import Composer, SideBySide
from custom_components.gatehouse.footage.panorama import (
    Stitcher,
    calibrate_by_points,
    why_no_panorama,
)

from .harness import Case, Depth, measure, say, spending
from .results import Result

SIZE: Final = (1920, 1080)
FPS: Final = 30
FRAMES: Final = 60  # each thirty take a second to encode
GLANCE: Final = 12
BITRATE: Final = 6_000_000
NOISE: Final = 12  # levels of grey
X264: Final = {"preset": "veryfast", "crf": "23"}

# What the right camera's corners are in the left picture: two lenses of 65° with a third in common.
CORNERS: Final = ((1290.0, 20.0), (2860.0, -310.0), (2890.0, 1420.0), (1270.0, 1075.0))

# What a panorama may cost, times side by side.
TIMES: Final = 5.0

type Make = Callable[[], Composer]


async def measured(folder: Path, depth: Depth) -> list[Result]:
    """Measure all of it."""
    frames = GLANCE if depth.quick else FRAMES
    say(f"two cameras of 1080p, {frames} pictures ...")
    if reason := why_none():
        say(reason)
    return [await measure(case, depth.rounds) for case in cases(folder, frames)]


def cases(folder: Path, frames: int) -> Iterator[Case]:
    """Yield what is measured of two videos of so many pictures; nothing without OpenCV."""
    if why_no_panorama() is not None:
        return
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=folder) as here:
        videos = [Path(here, f"{side}.mp4") for side in ("left", "right")]
        for seed, video in enumerate(videos):
            _record(video, frames, seed)
        yield _case("a panorama, and side by side", lambda make: movie(videos, make()))
        pictures = [next(_frames(video)) for video in videos]
        yield _case(
            "the same without decoding and encoding",
            lambda make: _composed(make(), pictures, frames),
            None,
        )


def why_none() -> str | None:
    """Return why nothing is measured here, if that is so."""
    return why_no_panorama()


def movie(videos: list[Path], composer: Composer) -> bytes:
    """Decode two videos, put their pictures together, encode what comes of it."""
    encoder: Any = av.CodecContext.create("libx264", "w")
    encoder.width, encoder.height = composer.size
    encoder.pix_fmt, encoder.time_base = "yuv420p", Fraction(1, FPS)
    encoder.options, encoder.thread_count = X264, 1
    packets = []
    for number, pair in enumerate(zip(*map(_frames, videos), strict=True)):
        whole = composer.compose(*pair)
        whole.pts, whole.time_base = number, Fraction(1, FPS)
        packets += encoder.encode(whole)
    return b"".join(map(bytes, packets + encoder.encode()))


def _case(name: str, job: Callable[[Make], object], times: float | None = TIMES) -> Case:
    calibration = _calibration()
    return Case(
        name=name,
        subject=spending(lambda: job(lambda: Stitcher(calibration, SIZE, SIZE)), calls=1),
        reference=spending(lambda: job(lambda: SideBySide(SIZE, SIZE)), calls=1),
        times=times,
    )


def _calibration() -> Calibration:
    width, height = map(float, SIZE)
    corners = ((0.0, 0.0), (width, 0.0), (width, height), (0.0, height))
    return calibrate_by_points(list(zip(CORNERS, corners, strict=True)), SIZE, SIZE)


def _composed(composer: Composer, pictures: list[av.VideoFrame], count: int) -> None:
    for _ in range(count):
        composer.compose(*pictures)


def _frames(video: Path) -> Iterator[av.VideoFrame]:
    with av.open(str(video)) as file:
        yield from file.decode(file.streams.video[0])


def _record(path: Path, frames: int, seed: int) -> None:
    with av.open(str(path), "w", format="mp4") as file:
        stream: Any = file.add_stream("libx264", rate=FPS, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        stream.codec_context.bit_rate = BITRATE
        for picture in _pictures(frames, seed):
            frame = av.VideoFrame.from_ndarray(picture, "gray").reformat(format="yuv420p")
            file.mux(stream.encode(frame))
        file.mux(stream.encode())


def _pictures(count: int, seed: int) -> Iterator[np.ndarray[Any, Any]]:
    """Yield pictures of something that goes from left to right before a wall of stones."""
    random = np.random.default_rng(seed)
    wide, high = SIZE
    stones = random.integers(60, 180, (high // 40, wide // 60), np.uint8)
    wall = np.kron(stones, np.ones((40, 60), np.uint8))
    grain = [random.integers(0, NOISE, wall.shape, np.uint8) for _ in range(4)]
    for number in range(count):
        picture = wall + grain[number % len(grain)]
        left = number * 11 % (wide - 120)
        picture[300:800, left : left + 120] = 200
        yield picture
