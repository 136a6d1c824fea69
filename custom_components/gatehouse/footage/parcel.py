"""Footage as it leaves the house: what its objects are called, their blocks, and their parts."""

from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, tzinfo
import hashlib
from pathlib import Path, PurePosixPath
from typing import Final
from urllib.parse import quote

from ..models import Footage
from .disk import refusals
from .errors import FileMissing
from .rules import file_path

BLOCK: Final = 256 * 1024

# Below this a file is sent in one request. Every storage takes parts of 5 MiB and more.
LARGE: Final = 16 * 1024 * 1024
PART: Final = 8 * 1024 * 1024

type Pace = Callable[[int], int]
"""Asked before each block how many bytes of so many may leave now; it may wait, or raise."""


def unhurried(most: int) -> int:
    """Let everything leave at once."""
    return most


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Bytes of a file, and their digests (hexadecimal)."""

    path: Path
    offset: int = 0
    size: int
    md5: str
    sha256: str

    @property
    def content_md5(self) -> str:
        """The digest as the header Content-MD5 has it."""
        return b64encode(bytes.fromhex(self.md5)).decode()

    @property
    def checksum_sha256(self) -> str:
        """The digest as the header x-amz-checksum-sha256 has it."""
        return b64encode(bytes.fromhex(self.sha256)).decode()

    def blocks(self, pace: Pace) -> Iterator[memoryview]:
        """Yield the bytes; a block is no longer valid when the next one is taken."""
        buffer = memoryview(bytearray(min(BLOCK, self.size)))
        left = self.size
        with refusals(), self.path.open("rb", buffering=0) as file:
            file.seek(self.offset)
            while left:
                granted = pace(min(left, BLOCK))
                if not (got := file.readinto(buffer[:granted])):
                    raise FileMissing(f"{self.path} ended {left} bytes too early.")
                yield buffer[:got]
                left -= got


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """A whole file, and the object that it is to become."""

    key: str
    content: Span
    content_type: str
    metadata: Mapping[str, str] = field(default_factory=dict)

    def parts(self) -> Iterator[Span]:
        """Yield the parts in which a large file is sent; each is read to be measured."""
        path, size = self.content.path, self.content.size
        for offset in range(0, size, PART):
            yield measured(path, offset, min(PART, size - offset))


def measured(path: Path, offset: int = 0, size: int | None = None) -> Span:
    """Return a span of a file, the whole of it by default, with its digests; reads it."""
    whole = length_in_bytes(path) if size is None else size
    md5, sha256 = hashlib.md5(usedforsecurity=False), hashlib.sha256()
    span = Span(path=path, offset=offset, size=whole, md5="", sha256="")
    for block in span.blocks(unhurried):
        md5.update(block)
        sha256.update(block)
    return Span(
        path=path, offset=offset, size=whole, md5=md5.hexdigest(), sha256=sha256.hexdigest()
    )


def length_in_bytes(path: Path) -> int:
    """Return the size of a file; raises FileMissing."""
    with refusals():
        try:
            return path.stat().st_size
        except FileNotFoundError as error:
            raise FileMissing(f"{path} is not there.") from error


def parcel_of(row: Footage, prefix: str, zone: tzinfo) -> Parcel:
    """Return the object that a clip is to become; the same for the same row."""
    content = Span(
        path=row.path or Path(), size=row.size or 0, md5=row.md5 or "", sha256=row.sha256 or ""
    )
    camera, day, name = file_path(row.camera, row.since, row.id, ".mp4", zone).parts
    told = {
        "camera": row.camera,
        "incident": row.incident or "",
        "booking": row.booking or "",
        "since": row.since.astimezone(UTC).isoformat(),
        "sha256": content.sha256,
    }
    return Parcel(
        key="/".join(filter(None, (prefix.strip("/"), day.replace("-", "/"), camera, name))),
        content=content,
        content_type="video/mp4",
        # Headers are ASCII.
        metadata={name: quote(value, safe="/:+ ") for name, value in told.items() if value},
    )


def poster_of(clip: Parcel) -> Parcel:
    """Return the object that the picture beside a clip is to become; raises FileMissing."""
    content = measured(clip.content.path.with_suffix(".jpg"))
    return replace(
        clip,
        key=poster_key(clip.key),
        content=content,
        content_type="image/jpeg",
        metadata={**clip.metadata, "sha256": content.sha256},
    )


def poster_key(key: str) -> str:
    """Return the key of the picture of the clip that has this key."""
    return str(PurePosixPath(key).with_suffix(".jpg"))
