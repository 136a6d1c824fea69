"""Two recordings of 1080p side by side, as the product merges them, beside the ffmpeg program."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path
import shutil
import subprocess
from tempfile import TemporaryDirectory
import time
from typing import Any, Final

import av
import numpy as np

from custom_components.gatehouse.footage.merging import PROGRAM
from custom_components.gatehouse.footage.nice import command
from custom_components.gatehouse.footage.plan import MergeOptions, MergePlan, Part, Reel
from custom_components.gatehouse.footage.program import NICEST
from custom_components.gatehouse.footage.writer import KEY_FRAMES_S, X264
from custom_components.gatehouse.models import Layout

from .harness import Case, Depth, Side, measure, say, spending
from .results import Missing, Result, bounded

# Each takes many seconds.
ROUNDS: Final = 3
# So long that starting the programs is little of it, as it is of a booking.
SECONDS: Final = 20
FPS: Final = 30
SIZE: Final = (1920, 1080)
BITRATE: Final = 6_000_000
NOISE: Final = 12  # levels of grey; a picture without it is no camera's
GRAINS: Final = 16
BEGAN: Final = datetime(2026, 1, 1, tzinfo=UTC)
OPTIONS: Final = MergeOptions()

GOAL: Final = "C3"
NAME: Final = "side by side, and ffmpeg's hstack"
# What merging may cost, times what the program costs, and how much memory it may take.
TIMES: Final = 0.95
MOST_MB: Final = 300
GLANCE_S: Final = 0.05

ALREADY: Final = "what is side by side already, encoded again by ffmpeg"
ONE: Final = ("-threads", "1")

type Pair = tuple[Path, Path]


async def measured(folder: Path, depth: Depth) -> list[Result | Missing]:
    """Measure all of it."""
    if reason := why_none():
        return [Missing(name=NAME, reason=reason, goal=GOAL)]
    if depth.quick:
        reason = f"a movie of {SECONDS} s takes too long for a glance"
        return [Missing(name=NAME, reason=reason, goal=GOAL)]
    say(f"two recordings of {SECONDS} s ...")
    rounds = min(depth.rounds, ROUNDS)
    results = [await measure(case, rounds) for case in cases(recorded(folder))]
    return bounded(results, NAME, ALREADY, "reading and encoding what is side by side already")


def recorded(folder: Path) -> Pair:
    """Return what two cameras recorded; made at the first time."""
    left, right = (folder / f"{side}-{SECONDS}.mp4" for side in ("left", "right"))
    for seed, path in enumerate((left, right)):
        if not path.exists():
            folder.mkdir(parents=True, exist_ok=True)
            part = path.with_suffix(".part")
            _record(part, seed)
            part.rename(path)
    return left, right


def why_none() -> str | None:
    """Return why nothing can be measured here, if that is so."""
    if shutil.which("ffmpeg") is None:
        return "the program ffmpeg is not installed (Debian's package of that name): left out"
    return None


def cases(pair: Pair) -> Iterator[Case]:
    """Yield what is measured of these recordings."""
    if (program := shutil.which("ffmpeg")) is None:
        return
    with TemporaryDirectory(dir=pair[0].parent) as folder:
        ours = merged(pair, Path(folder))
        theirs = stacked(program, pair, Path(folder))
        yield Case(
            name=NAME,
            goal=GOAL,
            subject=spending(lambda: _run(ours), 1),
            reference=spending(lambda: _run(theirs), 1),
            times=TIMES,
        )
        # It is there by now: the case before has just made it.
        already = encoded(program, Path(folder))
        yield Case(
            name=ALREADY,
            subject=spending(lambda: _run(already), 1),
            reference=spending(lambda: _run(theirs), 1),
        )
        yield Case(
            name="the same: memory",
            unit="MB",
            subject=_remembering(ours),
            reference=_remembering(theirs),
            most=MOST_MB,
        )


def merged(pair: Pair, folder: Path) -> list[str]:
    """Return how the product does it."""
    until = BEGAN + timedelta(seconds=SECONDS)
    left, right = (
        Reel(camera=path.stem, parts=(Part(path=path, began=BEGAN, until=until),)) for path in pair
    )
    order = folder / "order"
    plan = MergePlan(layout=Layout.SIDE_BY_SIDE, left=left, right=right, since=BEGAN, until=until)
    order.write_text(plan.as_json(), "utf-8")
    figures = map(str, (OPTIONS.height, OPTIONS.bitrate, OPTIONS.threads))
    return [*command(PROGRAM), str(order), str(folder / "ours.mp4"), *figures]


def stacked(program: str, pair: Pair, folder: Path) -> list[str]:
    """Return how ffmpeg does it: the same filter, the same encoder, as nice, in one thread too."""
    sources = [word for path in pair for word in (*ONE, "-i", str(path))]
    stack = ("-filter_complex_threads", "1", "-filter_complex", "hstack")
    return [*_ffmpeg(program), *sources, *stack, *_encoder(), str(folder / "theirs.mp4")]


def encoded(program: str, folder: Path) -> list[str]:
    """Return how ffmpeg encodes what it stacked once more: the least that merging can be."""
    source = (*ONE, "-i", str(folder / "theirs.mp4"))
    return [*_ffmpeg(program), *source, *_encoder(), str(folder / "again.mp4")]


def _ffmpeg(program: str) -> list[str]:
    options = ("-nostdin", "-loglevel", "error", "-y", "-nostats")
    return ["nice", "-n", str(NICEST), program, *options]


def _encoder() -> list[str]:
    options = [word for name, value in X264.items() for word in (f"-{name}:v", value)]
    bits = ("-maxrate", str(OPTIONS.bitrate), "-bufsize", str(2 * OPTIONS.bitrate))
    frames = ("-bf", "0", "-g", str(KEY_FRAMES_S * FPS))
    return ["-c:v", "libx264", *options, *bits, *frames, *ONE, "-movflags", "+faststart"]


def _run(words: Sequence[str], watch: Callable[[int], None] = lambda pid: None) -> None:
    """Run a program, and look at it now and then."""
    # Our own ends with its input.
    with subprocess.Popen(  # noqa: S603 - our words
        words, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL
    ) as process:
        while process.poll() is None:
            watch(process.pid)
            time.sleep(GLANCE_S)
        if process.returncode:
            raise subprocess.CalledProcessError(process.returncode, words)


def _remembering(words: Sequence[str]) -> Side:
    """Return a side that counts a program's memory at its highest, in megabytes."""

    async def measured() -> list[float]:
        peaks = [0]

        def watch(pid: int) -> None:
            # What has ended meanwhile has no such line any more.
            lines = Path(f"/proc/{pid}/status").read_text("utf-8").splitlines()
            peaks.extend(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))

        _run(words, watch)
        return [max(peaks) / 1024]

    return measured


def _record(path: Path, seed: int) -> None:
    options = {"preset": "ultrafast"}
    with av.open(str(path), "w", format="mp4") as file:
        stream: Any = file.add_stream("libx264", rate=FPS, options=options)
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        stream.codec_context.gop_size = FPS
        stream.codec_context.max_b_frames = 0
        stream.codec_context.bit_rate = BITRATE
        for number, picture in enumerate(_pictures(SECONDS * FPS, seed)):
            frame = av.VideoFrame.from_ndarray(picture, "gray").reformat(format="yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, FPS)
            file.mux(stream.encode(frame))
        file.mux(stream.encode())


def _pictures(count: int, seed: int) -> Iterator[np.ndarray[Any, Any]]:
    """Yield pictures of something that goes from left to right before a wall."""
    random = np.random.default_rng(seed)
    wide, high = SIZE
    wall = np.broadcast_to(np.linspace(40, 160, wide, dtype=np.uint8), (high, wide))
    grain = [random.integers(0, NOISE, wall.shape, np.uint8) for _ in range(GRAINS)]
    for number in range(count):
        picture = wall + grain[number % GRAINS]
        left = number * 7 % (wide - 120)
        picture[300:750, left : left + 120] = 200
        yield picture
