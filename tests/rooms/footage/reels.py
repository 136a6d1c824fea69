"""Cameras in whose pictures one can read when each was taken."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from functools import cache
import io
from pathlib import Path
from typing import Any, NamedTuple

import av
import numpy as np

from custom_components.gatehouse.footage import MergePlan, Part, Reel
from custom_components.gatehouse.footage.calibration import Calibration
from custom_components.gatehouse.models import Layout

ZERO = datetime(2026, 11, 21, 10, tzinfo=UTC)
SIZE = (320, 180)
BITS = 16
SQUARE = SIZE[0] // BITS
TICK = Fraction(1, 90_000)
RATE = 48_000
SAMPLES = 1024


def at(seconds: float) -> datetime:
    """Return a moment of the story."""
    return ZERO + timedelta(seconds=seconds)


def clock(
    fps: float, since: float, until: float, *, jitter: float = 0.0, seed: int = 1
) -> tuple[int, ...]:
    """Return the milliseconds at which a camera takes pictures, never quite evenly."""
    random = np.random.default_rng(seed)
    count = int((until - since) * fps)
    even = since + np.arange(count) / fps
    return tuple(int(each * 1000) for each in even + random.uniform(-jitter, jitter, count))


@cache
def recorded(
    times: tuple[int, ...],
    size: tuple[int, int] = SIZE,
    *,
    codec: str = "libx264",
    pixels: str = "yuv420p",
    sound: str | None = None,
    tags: tuple[int, int, int] = (1, 1, 1),
    crf: int = 23,
) -> bytes:
    """Return an MP4 of pictures with the milliseconds in them, taken at those, and a tone."""
    memory = io.BytesIO()
    index = {"moov_size": str(10_000 + 80 * len(times))}
    options = {"preset": "ultrafast", "crf": str(crf)} if codec == "libx264" else {}
    with av.open(memory, "w", format="mp4", options=index) as file:
        video: Any = file.add_stream(codec, rate=30, options=options)
        video.width, video.height, video.pix_fmt = *size, pixels
        context = video.codec_context
        context.time_base, context.gop_size, context.max_b_frames = TICK, 15, 0
        context.colorspace, context.color_primaries, context.color_trc = tags
        tone: Any = file.add_stream(sound, rate=RATE, layout="mono") if sound else None
        heard = 0
        for milliseconds in times:
            frame = stamped(milliseconds, size).reformat(format=pixels)
            frame.pts, frame.time_base = (milliseconds - times[0]) * 90, TICK
            file.mux(_lasting(video.encode(frame), times))
            while tone and heard * 1000 < (milliseconds - times[0]) * RATE:
                file.mux(tone.encode(_tone(heard)))
                heard += SAMPLES
        file.mux(_lasting(video.encode(), times))
        file.mux(tone.encode() if tone else [])
    return memory.getvalue()


def part(folder: Path, times: Sequence[int], name: str = "", **how: Any) -> Part:
    """Write a file as an agent leaves it."""
    path = folder / f"{name or len(list(folder.iterdir()))}.mp4"
    path.write_bytes(recorded(tuple(times), **how))
    return Part(path=path, began=at(times[0] / 1000), until=at(times[-1] / 1000 + 0.04))


def plan(left: Sequence[Part], right: Sequence[Part] | None = None, **changes: Any) -> MergePlan:
    """Plan one movie of all that there is, side by side."""
    usual = MergePlan(
        layout=Layout.SIDE_BY_SIDE,
        left=Reel(camera="left", parts=tuple(left)),
        right=None if right is None else Reel(camera="right", parts=tuple(right)),
        since=at(0),
        until=at(60),
    )
    return replace(usual, **changes)


def wide(what: MergePlan, pixels: float) -> MergePlan:
    """Plan a panorama of two cameras, the right one so far to the right of the other."""
    calibration = Calibration(
        homography=(1, 0, pixels, 0, 1, 0, 0, 0, 1),
        left_size=SIZE,
        right_size=SIZE,
        inliers=100,
        share=0.9,
        error=0.5,
        overlap=0.5,
    )
    return replace(what, layout=Layout.PANORAMA, calibration=calibration)


def stamped(milliseconds: int, size: tuple[int, int] = SIZE) -> av.VideoFrame:
    """Return a picture with a number in it, in black and white squares across its middle."""
    picture = np.full((size[1], size[0]), 90, np.uint8)
    wide, middle = size[0] // BITS, size[1] // 2
    for bit in range(BITS):
        square = slice(bit * wide, (bit + 1) * wide)
        picture[middle - wide // 2 : middle + wide // 2, square] = 220 * (milliseconds >> bit & 1)
    return av.VideoFrame.from_ndarray(picture, "gray")


class Shot(NamedTuple):
    """One picture of a movie."""

    at: float
    left: int | None
    """The milliseconds that can be read in a half, None if it is black."""
    right: int | None
    is_key: bool


def shots(path: Path) -> list[Shot]:
    """Read both halves of each picture of a movie."""
    with av.open(str(path)) as file:
        return [
            Shot(frame.time or 0.0, *_halves(frame.to_ndarray(format="gray")), frame.key_frame)
            for frame in file.decode(video=0)
        ]


def read(picture: np.ndarray[Any, Any]) -> int | None:
    """Return the number in a picture, None if it is black."""
    if picture.mean() < 30:
        return None
    high, wide = picture.shape
    centres = ((np.arange(BITS) + 0.5) * wide / BITS).astype(int)
    return sum(1 << bit for bit, x in enumerate(centres) if picture[high // 2, x] > 128)


def greys(path: Path) -> Iterable[np.ndarray[Any, Any]]:
    """Yield the pictures of a movie."""
    with av.open(str(path)) as file:
        for frame in file.decode(video=0):
            yield frame.to_ndarray(format="gray")


def _lasting(packets: list[Any], times: Sequence[int]) -> list[Any]:
    """Return pictures with how long each is shown, which the encoder forgets."""
    for packet in packets:
        packet.duration = (times[-1] - times[0]) * 90 // (len(times) - 1)
    return packets


def _halves(picture: np.ndarray[Any, Any]) -> tuple[int | None, int | None]:
    half = picture.shape[1] // 2
    return read(picture[:, :half]), read(picture[:, half:])


def _tone(heard: int) -> av.AudioFrame:
    wave = 0.3 * np.sin(np.arange(heard, heard + SAMPLES) * 440 * 2 * np.pi / RATE)
    frame = av.AudioFrame.from_ndarray(wave.astype(np.float32)[np.newaxis], "fltp", "mono")
    frame.sample_rate, frame.pts, frame.time_base = RATE, heard, Fraction(1, RATE)
    return frame
