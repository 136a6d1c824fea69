"""Pictures made a clip, and a clip made smaller, as the product does it, beside the ffmpeg program.

Both sides are to give the same quality, in one thread.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
import shutil
import subprocess
from tempfile import TemporaryDirectory
from typing import Any, Final

import numpy as np
from PIL import Image

from custom_components.gatehouse.footage import encode as stills, transcode as smaller
from custom_components.gatehouse.footage.optimise import OptimiseOptions
from custom_components.gatehouse.footage.tape import as_piece, stills_of
from custom_components.gatehouse.models import Picture

from .harness import Case, Depth, Side, measure, say, spending
from .results import Missing, Result, bounded

# A camera that gives pictures only gives some five of them a second.
FPS: Final = 5
QUALITY: Final = 85
SECONDS, GLANCE_SECONDS = 10, 4
FIRST: Final = datetime(2026, 11, 21, tzinfo=UTC)
OPTIONS: Final = OptimiseOptions()
# What whoever runs the program would ask of it, for the same phones.
ASKED: Final = {"preset": "veryfast", "crf": "23", "profile": "high", "level": "4.1"}
# Each takes seconds.
ROUNDS: Final = 5
GLANCE: Final = 1

GOAL: Final = "C2"
CPU_TIMES: Final = 0.8
SIZE_TIMES: Final = 1.2
NAME: Final = "JPEGs to a clip, and ffmpeg"
ALONE: Final = "encoding alone, by ffmpeg"
SMALLER: Final = "a clip made smaller, and ffmpeg"

type Grey = np.ndarray[Any, Any]
type Job = Callable[[], object]


async def measured(
    depth: Depth, clip: Path, pictures: Callable[[int], Iterable[Grey]]
) -> list[Result | Missing]:
    """Measure all of it: of so many pictures that are asked for, and of a clip."""
    if (program := shutil.which("ffmpeg")) is None:
        reason = "the program ffmpeg is not installed (Debian's package of that name)"
        return [Missing(name=NAME, reason=reason, goal=GOAL), Missing(name=SMALLER, reason=reason)]
    count = (GLANCE_SECONDS if depth.quick else SECONDS) * FPS
    say(f"{count} JPEGs ...")
    results: list[Result | Missing] = []
    with TemporaryDirectory(dir=clip.parent) as name:
        tape = _photographed(Path(name), pictures(count))
        rounds = GLANCE if depth.quick else ROUNDS
        cases = _of_stills(Path(name), program, tape, count)
        of_stills = [await measure(case, rounds) for case in cases]
        results += bounded(of_stills, NAME, ALONE, "encoding alone")
        if depth.quick:
            results.append(Missing(name=SMALLER, reason="in a hurry"))
        else:
            results.append(await measure(_of_a_clip(Path(name), program, clip), ROUNDS))
    return results


def _of_stills(folder: Path, program: str, tape: Path, count: int) -> Iterator[Case]:
    until = FIRST + timedelta(seconds=count / FPS)
    ours, theirs = folder / "ours.mp4", folder / "theirs.mp4"
    show = _told(program, ("-framerate", str(FPS), "-i", str(folder / "%04d.jpg")))
    how = _x264(ASKED, stills.KEY_FRAMES, "scale=out_range=tv,format=yuv420p")
    made = _job((*show, *how, str(theirs)))
    yield Case(
        name=NAME,
        goal=GOAL,
        subject=spending(lambda: stills.encode(stills_of(tape), until, ours), 1),
        reference=spending(made, 1),
        times=CPU_TIMES,
    )
    # The case before has just made it.
    plain = folder / "plain.y4m"
    _job((*_told(program, ("-i", str(theirs))), str(plain)))()
    alone = (*_told(program, ("-i", str(plain))), *how, str(folder / "alone.mp4"))
    yield Case(
        name=ALONE,
        subject=spending(_job(alone), 1),
        reference=spending(made, 1),
    )
    yield Case(
        name="the same: its size",
        goal=GOAL,
        unit="kB",
        subject=_weighing(ours),
        reference=_weighing(theirs),
        times=SIZE_TIMES,
    )


def _of_a_clip(folder: Path, program: str, source: Path) -> Case:
    ours, theirs = folder / "smaller.mp4", folder / "theirs-smaller.mp4"
    height, bits = OPTIONS.height, OPTIONS.bitrate
    most = ("-maxrate", str(bits), "-bufsize", str(2 * bits))
    show = _told(program, ("-i", str(source)))
    how = _x264(smaller.X264, smaller.KEY_FRAMES_S * 15, f"scale=-2:{height},format=yuv420p")
    faststart = ("-movflags", "+faststart")
    return Case(
        name=SMALLER,
        subject=spending(lambda: smaller.transcode(source, ours, height, bits), 1),
        reference=spending(_job((*show, *how, *most, *faststart, str(theirs))), 1),
    )


def _told(program: str, source: Sequence[str]) -> tuple[str, ...]:
    return (program, "-nostdin", "-loglevel", "error", "-y", "-threads", "1", *source)


def _x264(options: dict[str, str], key_frames: int, filtered: str) -> tuple[str, ...]:
    words = [word for name, value in options.items() for word in (f"-{name}:v", value)]
    return (
        *("-filter_threads", "1", "-vf", filtered, "-c:v", "libx264", *words),
        *("-bf", "0", "-g", str(key_frames), "-threads", "1"),
    )


def _job(words: Sequence[str]) -> Job:
    return lambda: subprocess.run(words, check=True)  # noqa: S603 - our words


def _weighing(clip: Path) -> Side:
    """Return a side that tells how large a clip is that was made just before."""

    async def measured() -> list[float]:
        return [(await asyncio.to_thread(clip.stat)).st_size / 1000]

    return measured


def _photographed(folder: Path, pictures: Iterable[Grey]) -> Path:
    """Write pictures as files for the program, and on a tape for the product."""
    tape = folder / "tape.stills"
    with tape.open("wb") as file:
        for number, grey in enumerate(pictures):
            path = folder / f"{number:04d}.jpg"
            Image.fromarray(grey).convert("RGB").save(path, quality=QUALITY)
            moment = FIRST + timedelta(seconds=number / FPS)
            file.write(as_piece(Picture(jpeg=path.read_bytes(), captured=moment)).data)
    return tape
