"""The model files that are offered: where they come from, and a fetch that leaves a whole one."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
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


class Runtime(StrEnum):
    """What runs a model in Home Assistant."""

    ONNXRUNTIME = "onnxruntime"
    NCNN = "ncnn"


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFile:
    """A file as its address gives it, to the byte."""

    name: str
    url: str
    sha256: str
    size: int
    """Bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSource:
    """A model and the files that it is made of: one, or a description and its weights."""

    name: str
    files: tuple[ModelFile, ...]

    @property
    def size(self) -> int:
        """The bytes of all files."""
        return sum(file.size for file in self.files)


_MEGVII: Final = "https://github.com/Megvii-BaseDetection/YOLOX/releases/download/0.1.1rc0"
_KAZUHITO: Final = (
    "https://raw.githubusercontent.com/Kazuhito00/YOLOX-ONNX-TFLite-Sample"
    "/3d4f1119d0694200671c08069ecb847aa0d8495a/model"
)
_QENGINEERING: Final = (
    "https://raw.githubusercontent.com/Qengineering/NanoDetPlus-ncnn-Raspberry-Pi-4"
    "/25654004a310a7bdc3217e071005fa45b3367627"
)


def _onnx(name: str, folder: str, sha256: str, size: int) -> ModelSource:
    file = f"{name}.onnx"
    only = ModelFile(name=file, url=f"{folder}/{file}", sha256=sha256, size=size)
    return ModelSource(name=name, files=(only,))


# From the smallest to the largest, all under the Apache licence 2.0. The first is an export from
# the same weights as Megvii's, whose accuracy the tests know.
MODELS: Final[Mapping[str, ModelSource]] = MappingProxyType(
    {
        "yolox_nano": _onnx(
            "yolox_nano",
            _KAZUHITO,
            "695e750a5d5754bb5a8d5325643b59282191a7e7a564e435a415fd3c578eab14",
            3_660_092,
        ),
        "yolox_tiny": _onnx(
            "yolox_tiny",
            _MEGVII,
            "427cc366d34e27ff7a03e2899b5e3671425c262ea2291f88bb942bc1cc70b0f7",
            20_219_662,
        ),
        "yolox_s": _onnx(
            "yolox_s",
            _MEGVII,
            "c5c2d13e59ae883e6af3b45daea64af4833a4951c92d116ec270d9ddbe998063",
            35_858_002,
        ),
    }
)

# Under the BSD licence (3-clause), the network itself under Apache's 2.0. The one that ncnn gets,
# whatever is asked for: it sees as well as the smallest above, and ncnn has no YOLOX to fetch
# whose every byte is known.
NANODET_PLUS: Final = ModelSource(
    name="nanodet_plus",
    files=(
        ModelFile(
            name="nanodet-plus-m_416.param",
            url=f"{_QENGINEERING}/nanodet-plus-m_416.param",
            sha256="d79e18ecd8595081bb29fdf0c790a47fcea96fbf58598350569a92e71e915b72",
            size=23_123,
        ),
        ModelFile(
            name="nanodet-plus-m_416.bin",
            url=f"{_QENGINEERING}/nanodet-plus-m_416.bin",
            sha256="f7555ca6cb9650ee41e2f0a53fdf46b6e187a2a09792208d8c3eec033b6ac615",
            size=2_397_184,
        ),
    ),
)


def model_for(name: str, runtime: Runtime) -> ModelSource:
    """Return the model of MODELS that has the name, or what serves for it where ncnn runs it."""
    return NANODET_PLUS if runtime is Runtime.NCNN else MODELS[name]


async def fetch_model(
    session: aiohttp.ClientSession,
    source: ModelSource,
    directory: Path,
    progress: Callable[[float], None],
) -> Path:
    """Return the path of the model's first file, all fetched unless they are there and whole.

    Progress is told as a fraction. Raises ModelUnavailable, and leaves no part of a file behind.
    """
    done = 0

    def advance(size: int) -> None:
        progress((done + size) / source.size)

    for file in source.files:
        path = directory / file.name
        if not await asyncio.to_thread(_is_whole, path, file):
            await _fetch(session, file, path, advance)
        done += file.size
    return directory / source.files[0].name


async def _fetch(
    session: aiohttp.ClientSession, file: ModelFile, path: Path, advance: Callable[[int], None]
) -> None:
    part = path.with_name(f"{path.name}.part")
    try:
        await asyncio.to_thread(_make_room, path.parent, file)
        await _download(session, file, part, advance)
        await asyncio.to_thread(part.replace, path)
    except (aiohttp.ClientError, TimeoutError) as error:
        reason = str(error) or type(error).__name__
        raise ModelUnavailable(f"{file.url} cannot be fetched: {reason}") from error
    except OSError as error:
        raise ModelUnavailable(f"{path} cannot be written: {error.strerror or error}") from error
    finally:
        await asyncio.to_thread(_remove, part)


async def _download(
    session: aiohttp.ClientSession, wanted: ModelFile, part: Path, advance: Callable[[int], None]
) -> None:
    """Write what the address gives; raise unless that is the expected file."""
    digest, size = sha256(), 0
    file = await asyncio.to_thread(part.open, "wb")
    try:
        async with session.get(wanted.url, timeout=TIMEOUT) as response:
            if response.status != HTTPStatus.OK:
                raise ModelUnavailable(f"{wanted.url} answers {response.status} {response.reason}")
            async for chunk in response.content.iter_chunked(CHUNK):
                await asyncio.to_thread(file.write, chunk)
                digest.update(chunk)
                size += len(chunk)
                if size > wanted.size:
                    break
                advance(size)
    finally:
        await asyncio.to_thread(file.close)
    if (size, digest.hexdigest()) != (wanted.size, wanted.sha256):
        raise ModelUnavailable(
            f"{wanted.url} gave {size} bytes that are not the expected file of {wanted.size}"
            " (another sha256); try again, or give a model file by its path"
        )


def _is_whole(path: Path, wanted: ModelFile) -> bool:
    if not path.is_file() or path.stat().st_size != wanted.size:
        return False
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest() == wanted.sha256


def _make_room(directory: Path, wanted: ModelFile) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(directory).free
    if free < wanted.size:
        raise ModelUnavailable(
            f"{directory} has room for {free >> 20} MB, the model needs {wanted.size >> 20} MB"
        )


def _remove(part: Path) -> None:
    # Where the folder itself is at fault, there is nothing to remove and the fault is told already.
    with suppress(OSError):
        part.unlink()
