"""Cameras that ask servers as fast as those answer, and what came of it."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from io import BytesIO
from statistics import median, quantiles
from time import monotonic, process_time
from typing import Final

import aiohttp
import numpy as np
from PIL import Image

from custom_components.gatehouse.models import Picture
from custom_components.gatehouse.vision import DetectorOptions, KServeDetector

SIZE: Final = (1280, 720)
NOISE: Final = 12  # levels, so that a picture takes about 100 kB


async def measure(model: str, addresses: Sequence[str], cameras: int, seconds: float) -> str:
    """Return in words how many pictures of how many cameras were looked at in that time."""
    jpegs = [_jpeg(seed) for seed in range(min(cameras, 8))]
    looks: list[list[float]] = [[] for _ in range(cameras)]
    async with aiohttp.ClientSession() as session:
        detector = KServeDetector(session, addresses, model, DetectorOptions())
        await detector.compare()
        before = await _counted(session, addresses, model)
        spent, began = process_time(), monotonic()
        try:
            async with asyncio.timeout(seconds), asyncio.TaskGroup() as group:
                for camera, own in enumerate(looks):
                    group.create_task(_ask(detector, jpegs[camera % len(jpegs)], own))
        except TimeoutError:
            lasted, spent = monotonic() - began, process_time() - spent
        after = await _counted(session, addresses, model)
        await detector.close()
    return _told(
        looks,
        lasted,
        spent,
        [(b[0] - a[0], b[1] - a[1]) for a, b in zip(before, after, strict=True)],
    )


async def _ask(detector: KServeDetector, jpeg: bytes, looks: list[float]) -> None:
    while True:
        asked = monotonic()
        await detector.detect(lambda: Picture(jpeg=jpeg, captured=datetime.now(UTC)))
        looks.append(monotonic() - asked)


async def _counted(
    session: aiohttp.ClientSession, addresses: Sequence[str], model: str
) -> list[tuple[int, int]]:
    """Return how many pictures, in how many runs, each server has looked at, by its own word."""
    counted = []
    for address in addresses:
        async with session.get(f"{address}/v2/models/{model}/stats") as response:
            (stats,) = (await response.json())["model_stats"]
        counted.append((stats["inference_count"], stats["execution_count"]))
    return counted


def _told(
    looks: Sequence[Sequence[float]],
    lasted: float,
    spent: float,
    counted: Sequence[tuple[int, int]],
) -> str:
    times = sorted(time for own in looks for time in own)
    fewest, most = min(map(len, looks)), max(map(len, looks))
    servers = ", ".join(f"{pictures} in {runs} requests" for pictures, runs in counted)
    return (
        f"{len(times) / lasted:.1f} pictures/s of {len(looks)} cameras, {fewest} to {most} each;"
        f" {median(times) * 1000:.0f} ms from asking to answer, 99 % within"
        f" {quantiles(times, n=100)[98] * 1000:.0f} ms;"
        f" {spent / len(times) * 1000:.2f} ms of our processor for each; servers: {servers}"
    )


def _jpeg(seed: int) -> bytes:
    width, height = SIZE
    slope = np.linspace(0, 200, width)[None, :, None] + np.linspace(0, 40, height)[:, None, None]
    noise = np.random.default_rng(seed).normal(0, NOISE, (height, width, 3))
    written = BytesIO()
    Image.fromarray(np.clip(slope + noise, 0, 255).astype(np.uint8)).save(
        written, "JPEG", quality=75
    )
    return written.getvalue()
