"""A camera that uploads its pictures to a folder, as those do that speak FTP and nothing else."""

import asyncio
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import Any, Final

import av

from .places import Assets

FIRST_AFTER: Final = 15.0
EVERY: Final = 60.0
"""Seconds between two visitors."""
APART: Final = 1.0
"""Seconds between two pictures of one; as many as most such cameras send."""

# Which frames are uploaded: people walk through the picture.
VISITS: Final[dict[str, dict[str, Any]]] = {
    "vtest": {"first": 230, "step": 10, "count": 6, "crop": (0, 120, 320, 360)},
    "bikes": {"first": 104, "step": 6, "count": 6, "crop": (0, 0, 640, 272)},
}


async def upload(assets: Assets, folder: Path) -> None:
    """Upload one visit after the other until cancelled; only the last one stays in the folder."""
    jpegs = await asyncio.to_thread(_visit, assets)
    await asyncio.sleep(FIRST_AFTER)
    while True:
        for number, jpeg in enumerate(jpegs):
            await asyncio.to_thread(_store, folder / f"visit-{number}.jpg", jpeg)
            await asyncio.sleep(APART)
        await asyncio.sleep(EVERY)


def _visit(assets: Assets) -> list[bytes]:
    view = VISITS[assets.video_kind]
    last = view["first"] + view["step"] * view["count"]
    with av.open(str(assets.video), "r") as container:
        frames = islice(container.decode(video=0), view["first"], last, view["step"])
        return [_jpeg(frame, view["crop"]) for frame in frames]


def _jpeg(frame: av.VideoFrame, crop: tuple[int, int, int, int]) -> bytes:
    shown = frame.to_image().crop(crop)  # type: ignore[no-untyped-call]
    jpeg = BytesIO()
    shown.resize((shown.width * 2, shown.height * 2)).save(jpeg, "JPEG", quality=88)
    return jpeg.getvalue()


def _store(file: Path, jpeg: bytes) -> None:
    """Write a file as an FTP server does that hides what is not yet whole."""
    part = file.with_suffix(".part")
    part.write_bytes(jpeg)
    part.replace(file)
