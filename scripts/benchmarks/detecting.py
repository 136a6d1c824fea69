"""From a camera's picture to whoever is in it, beside the bare model, and on sites of any size."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from datetime import UTC, datetime
from io import BytesIO
from itertools import count, cycle
from pathlib import Path
from tempfile import TemporaryDirectory
import time
from typing import Final

import numpy as np
from PIL import Image

from camera_agent.hardware.encode import LUMA_FPS, LUMA_SIZE
from camera_agent.motion import MotionDetector
from custom_components.gatehouse.models import Detection, Picture
from custom_components.gatehouse.vision import Detector, DetectorOptions, OnnxDetector

from . import crowds
from .harness import Case, Depth, Side, measure, say
from .results import Missing, Result, came_to
from .servers import pictures
from .sightings import Bare, Material, are_alike, fitted, material, small, whole

# What may be spent, times the bare model or one decode.
LARGE_TIMES: Final = 1.3
SMALL_TIMES: Final = 1.15
GATE_TIMES: Final = 0.05

LITTLE: Final = 20  # of what takes microseconds, in a row
QUICK_CALLS: Final = 6

OF_A_MODEL: Final = ("D1", "D2", "D3", "D5", "D6")
OF_A_CROWD: Final = ("D5", "D6")
NOBODY: Final = "the model sees nobody in the pictures that are here"
NO_MATERIAL: Final = "there are no pictures and no model (scripts/demo-assets fetches some)"


async def measured(folder: Path, depth: Depth) -> list[Result | Missing]:
    """Measure all of it; without a model only what needs none."""
    made = await asyncio.to_thread(pictures, folder / "mjpeg")
    jpegs = [path.read_bytes() for path in sorted(made.iterdir())]
    results: list[Result | Missing] = [await measure(gate(jpegs, _calls(depth)), depth.rounds)]
    found = await asyncio.to_thread(material)
    if found is None:
        missing = (Missing(name="detection", reason=NO_MATERIAL, goal=goal) for goal in OF_A_MODEL)
        return [*results, *missing]
    return [*results, *[result async for result in _of_model(folder, found, depth)]]


async def _of_model(folder: Path, found: Material, depth: Depth) -> AsyncIterator[Result | Missing]:
    bare = await asyncio.to_thread(Bare, found.model)
    options = DetectorOptions(threshold=found.threshold)
    detector = await OnnxDetector.load(found.model, options)
    try:
        for case in looks(found, detector, bare, _calls(depth)):
            yield await measure(case, depth.rounds)
        yield await differing(found, detector, bare)
        sure = await surest(found, detector, bare)
    finally:
        await detector.close()
    if sure is None:
        for goal in OF_A_CROWD:
            yield Missing(name="many cameras", reason=NOBODY, goal=goal)
        return
    scene = crowds.Scene(material=found, bare=bare, person=sure)
    for what, play in crowds.SCENES.items():
        say(f"{what} ...")
        with TemporaryDirectory(dir=folder) as made:
            for result in await play(Path(made), scene, depth):
                yield result


def gate(jpegs: Sequence[bytes], calls: int) -> Case:
    """Return the gate on the agent, beside the least decode that a gate elsewhere would need."""
    random = np.random.default_rng(1)
    noise = random.integers(90, 110, (LITTLE, *reversed(LUMA_SIZE)), np.uint8)
    planes, moments, turn = cycle(noise), count(step=round(1_000_000 / LUMA_FPS)), cycle(jpegs)
    motion = MotionDetector(0.01)

    def see() -> None:
        for _ in range(LITTLE):
            motion.see(next(planes), next(moments))

    def decode() -> None:
        image = Image.open(BytesIO(next(turn)))
        image.draft("L", (image.width // 8, image.height // 8))
        image.load()

    subject = _spending(_now(see), calls, LITTLE)
    reference = _spending(_now(decode), calls)
    name = "motion gate; one 1/8 decode"
    return Case(name=name, subject=subject, reference=reference, times=GATE_TIMES, goal="D4")


def looks(found: Material, detector: Detector, bare: Bare, calls: int) -> Iterator[Case]:
    """Yield the whole way of a picture, beside the model, and beside as much of it as is needed.

    The product leaves out what the input has above and below a wide picture.
    """
    needed = fitted(found.model, found.pictures[0])
    shrunk = [small(jpeg, bare.size) for jpeg in found.pictures]
    for name, jpegs, times, goal in (
        ("a 720p JPEG to boxes", found.pictures, LARGE_TIMES, "D1"),
        ("a model-sized JPEG to boxes", shrunk, SMALL_TIMES, "D2"),
    ):
        subject = _spending(_looking(detector, jpegs), calls)
        reference = _spending(_now(bare.run), calls)
        yield Case(name=name, subject=subject, reference=reference, times=times, goal=goal)
        reference = _spending(_now(needed), calls)
        yield Case(name=f"{name}; what it needs", subject=subject, reference=reference)


async def differing(found: Material, detector: Detector, bare: Bare) -> Result:
    """Count the pictures in which others are found than when all of each is decoded."""
    differ = 0
    for jpeg in found.pictures:
        for shown in (jpeg, small(jpeg, bare.size)):
            one, other = await _found(detector, shown), await _found(detector, whole(shown))
            differ += not are_alike(one, other)
    name = f"of {2 * len(found.pictures)}, other boxes than decoded whole"
    return came_to(name, [[differ]], unit="", most=0, goal="D3")


async def surest(found: Material, detector: Detector, bare: Bare) -> bytes | None:
    """Return the picture, as small as the model wants it, that shows somebody most surely."""
    scores = {}
    for jpeg in found.pictures:
        shrunk = small(jpeg, bare.size)
        if seen := await _found(detector, shrunk):
            scores[shrunk] = seen[0].score
    return max(scores, key=lambda jpeg: scores[jpeg], default=None)


async def _found(detector: Detector, jpeg: bytes) -> tuple[Detection, ...]:
    picture = Picture(jpeg=jpeg, captured=datetime.now(UTC))
    return (await detector.detect(lambda: picture)).detections


def _looking(detector: Detector, jpegs: Sequence[bytes]) -> Callable[[], Awaitable[object]]:
    turn = cycle(jpegs)
    return lambda: _found(detector, next(turn))


def _now(call: Callable[[], object]) -> Callable[[], Awaitable[object]]:
    async def called() -> object:
        return call()

    return called


def _spending(call: Callable[[], Awaitable[object]], calls: int, each: int = 1) -> Side:
    """Return a side that counts the time of all threads' processors, of each of some in a call."""

    async def measured() -> list[float]:
        spent = []
        for _ in range(calls):
            before = time.process_time()
            await call()
            spent.append(1000 * (time.process_time() - before) / each)
        return spent

    return measured


def _calls(depth: Depth) -> int:
    return QUICK_CALLS if depth.quick else depth.calls
