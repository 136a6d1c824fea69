"""The model files that are offered: where they come from, and a fetch that leaves a whole one."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from hashlib import file_digest, sha256
from http import HTTPStatus
from pathlib import Path
import shutil
from types import MappingProxyType
from typing import Final

import aiohttp

from .errors import ModelUnavailable

# A host that is out of reach is known soon; a slow one may take its time, but not fall silent.
TIMEOUT: Final = aiohttp.ClientTimeout(total=None, sock_connect=10, sock_read=30)
CHUNK: Final = 1 << 16


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSource:
    """A model file as its address gives it, to the byte."""

    name: str
    url: str
    sha256: str
    size: int
    """Bytes."""


_MEGVII: Final = "https://github.com/Megvii-BaseDetection/YOLOX/releases/download/0.1.1rc0"
_KAZUHITO: Final = (
    "https://raw.githubusercontent.com/Kazuhito00/YOLOX-ONNX-TFLite-Sample"
    "/3d4f1119d0694200671c08069ecb847aa0d8495a/model"
)

# From the smallest to the largest, all under the Apache licence 2.0. The first is an export from
# the same weights as Megvii's, whose accuracy the tests know.
MODELS: Final[Mapping[str, ModelSource]] = MappingProxyType(
    {
        "yolox_nano": ModelSource(
            name="yolox_nano",
            url=f"{_KAZUHITO}/yolox_nano.onnx",
            sha256="695e750a5d5754bb5a8d5325643b59282191a7e7a564e435a415fd3c578eab14",
            size=3_660_092,
        ),
        "yolox_tiny": ModelSource(
            name="yolox_tiny",
            url=f"{_MEGVII}/yolox_tiny.onnx",
            sha256="427cc366d34e27ff7a03e2899b5e3671425c262ea2291f88bb942bc1cc70b0f7",
            size=20_219_662,
        ),
        "yolox_s": ModelSource(
            name="yolox_s",
            url=f"{_MEGVII}/yolox_s.onnx",
            sha256="c5c2d13e59ae883e6af3b45daea64af4833a4951c92d116ec270d9ddbe998063",
            size=35_858_002,
        ),
    }
)


async def fetch_model(
    session: aiohttp.ClientSession,
    source: ModelSource,
    directory: Path,
    progress: Callable[[float], None],
) -> Path:
    """Return the model's file in the directory, fetched unless it is there and whole.

    Progress is told as a fraction. Raises ModelUnavailable, and leaves no part of a file behind.
    """
    path = directory / f"{source.name}.onnx"
    if await asyncio.to_thread(_is_whole, path, source):
        return path
    part = path.with_suffix(".part")
    try:
        await asyncio.to_thread(_make_room, directory, source)
        await _download(session, source, part, progress)
        await asyncio.to_thread(part.replace, path)
    except (aiohttp.ClientError, TimeoutError) as error:
        reason = str(error) or type(error).__name__
        raise ModelUnavailable(f"{source.url} cannot be fetched: {reason}") from error
    except OSError as error:
        raise ModelUnavailable(f"{path} cannot be written: {error.strerror or error}") from error
    finally:
        await asyncio.to_thread(_remove, part)
    return path


async def _download(
    session: aiohttp.ClientSession,
    source: ModelSource,
    part: Path,
    progress: Callable[[float], None],
) -> None:
    """Write what the address gives; raise unless that is the expected file."""
    digest, size = sha256(), 0
    file = await asyncio.to_thread(part.open, "wb")
    try:
        async with session.get(source.url, timeout=TIMEOUT) as response:
            if response.status != HTTPStatus.OK:
                raise ModelUnavailable(f"{source.url} answers {response.status} {response.reason}")
            async for chunk in response.content.iter_chunked(CHUNK):
                await asyncio.to_thread(file.write, chunk)
                digest.update(chunk)
                size += len(chunk)
                if size > source.size:
                    break
                progress(size / source.size)
    finally:
        await asyncio.to_thread(file.close)
    if (size, digest.hexdigest()) != (source.size, source.sha256):
        raise ModelUnavailable(
            f"{source.url} gave {size} bytes that are not the expected file of {source.size}"
            " (another sha256); try again, or give a model file by its path"
        )


def _is_whole(path: Path, source: ModelSource) -> bool:
    if not path.is_file() or path.stat().st_size != source.size:
        return False
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest() == source.sha256


def _make_room(directory: Path, source: ModelSource) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(directory).free
    if free < source.size:
        raise ModelUnavailable(
            f"{directory} has room for {free >> 20} MB, the model needs {source.size >> 20} MB"
        )


def _remove(part: Path) -> None:
    # Where the folder itself is at fault, there is nothing to remove and the fault is told already.
    with suppress(OSError):
        part.unlink()
