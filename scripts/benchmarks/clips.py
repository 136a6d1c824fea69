"""One clip, made playable as the product does it, beside what does the same work with less."""

from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
import shutil
import subprocess
from tempfile import TemporaryDirectory
from typing import Any, Final

import av
import numpy as np

from custom_components.gatehouse.footage.mp4 import copy, remux

from . import encoding
from .harness import Case, Depth, measure, say, spending
from .results import Missing, Result

FPS: Final = 15
SIZE: Final = (1280, 720)
BITRATE: Final = 3_000_000
NOISE: Final = 12  # levels of grey; a picture without it is no camera's
BLOCK: Final = 1024 * 1024

# What remuxing may cost, times what others cost.
MUX_TIMES: Final = 1.2
BYTES_TIMES: Final = 4.0
PROGRAM_TIMES: Final = 0.5

GOAL: Final = "C1"
BY_FFMPEG: Final = "remux, and ffmpeg -c copy"

type Job = Callable[[Path, Path], object]


async def measured(folder: Path, depth: Depth) -> list[Result | Missing]:
    """Measure all of it."""
    say(f"a clip of {depth.seconds} s ...")
    results: list[Result | Missing] = []
    if reason := why_fewer():
        say(reason)
        results.append(Missing(name=BY_FFMPEG, reason=reason, goal=GOAL))
    source = recorded(folder, depth.seconds)
    results += [await measure(case, depth.rounds) for case in cases(source, calls=3)]
    return results + await encoding.measured(depth, source, pictures)


def recorded(folder: Path, seconds: int) -> Path:
    """Return a recording of so long as an agent leaves it; made at the first time."""
    path = folder / f"clip-{seconds}.mp4"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        _record(part, seconds)
        part.rename(path)
    return path


def cases(source: Path, calls: int) -> Iterator[Case]:
    """Yield what is measured of this recording, so many times a round."""
    with TemporaryDirectory(dir=source.parent) as folder:
        ours, theirs = Path(folder, "ours.mp4"), Path(folder, "theirs.mp4")

        def case(
            name: str,
            subject: Job,
            reference: Job,
            times: float | None = None,
            goal: str | None = None,
        ) -> Case:
            return Case(
                name=name,
                goal=goal,
                subject=spending(lambda: subject(source, ours), calls),
                reference=spending(lambda: reference(source, theirs), calls),
                times=times,
            )

        yield case("remux, and PyAV's bare mux", copy, bare_mux, MUX_TIMES)
        yield case("remux, and reading and writing", copy, read_and_write, BYTES_TIMES, GOAL)
        if (program := shutil.which("ffmpeg")) is not None:
            yield case(BY_FFMPEG, copy, copied_by(program), PROGRAM_TIMES, GOAL)
        yield case("remux, check, poster; bare mux", remux, bare_mux)


def why_fewer() -> str | None:
    """Return why something is not measured here, if that is so."""
    if shutil.which("ffmpeg") is None:
        return "the program ffmpeg is not installed (Debian's package of that name): left out"
    return None


def bare_mux(source: Path, target: Path) -> None:
    """Write the packets of a file to another, with the index in front, and nothing else."""
    with (
        av.open(str(source)) as incoming,
        av.open(str(target), "w", format="mp4", options={"movflags": "faststart"}) as outgoing,
    ):
        pictures = incoming.streams.video[0]
        stream = outgoing.add_stream_from_template(pictures)
        for packet in incoming.demux(pictures):
            if packet.dts is not None:
                packet.stream = stream
                outgoing.mux(packet)


def read_and_write(source: Path, target: Path) -> None:
    """Copy the bytes of a file through memory."""
    with source.open("rb", buffering=0) as incoming, target.open("wb", buffering=0) as outgoing:
        while block := incoming.read(BLOCK):
            outgoing.write(block)


def copied_by(program: str) -> Job:
    """Return how ffmpeg does it."""

    def job(source: Path, target: Path) -> None:
        quietly = (program, "-nostdin", "-loglevel", "error", "-y")
        how = ("-c", "copy", "-movflags", "+faststart")
        subprocess.run([*quietly, "-i", source, *how, target], check=True)  # noqa: S603 - our words

    return job


def _record(path: Path, seconds: int) -> None:
    options = {"movflags": "hybrid_fragmented"}
    with av.open(str(path), "w", format="mp4", options=options) as file:
        stream: Any = file.add_stream("libx264", rate=FPS, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        stream.codec_context.gop_size = FPS
        stream.codec_context.max_b_frames = 0
        stream.codec_context.bit_rate = BITRATE
        for number, picture in enumerate(pictures(seconds * FPS)):
            frame = av.VideoFrame.from_ndarray(picture, "gray").reformat(format="yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, FPS)
            file.mux(stream.encode(frame))
        file.mux(stream.encode())


def pictures(count: int) -> Iterator[np.ndarray[Any, Any]]:
    """Yield pictures of something that goes from left to right before a wall."""
    random = np.random.default_rng(1)
    wide, high = SIZE
    wall = np.broadcast_to(np.linspace(40, 160, wide, dtype=np.uint8), (high, wide))
    grain = [random.integers(0, NOISE, wall.shape, np.uint8) for _ in range(4)]
    for number in range(count):
        picture = wall + grain[number % len(grain)]
        left = number * 7 % (wide - 80)
        picture[200:500, left : left + 80] = 200
        yield picture
