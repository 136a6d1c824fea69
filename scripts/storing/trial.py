"""What is done with a bucket, step by step; each tells what came of it."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
import hashlib
from math import ceil
from pathlib import Path
from secrets import token_bytes, token_hex
from tempfile import TemporaryDirectory
from time import monotonic
from typing import Final
from urllib.parse import urlsplit
from urllib.request import ProxyHandler, build_opener

from custom_components.gatehouse.footage import (
    S3,
    NotVerified,
    Quirk,
    S3Options,
    StorageDenied,
    StorageError,
    StorageRefused,
)
from custom_components.gatehouse.footage.parcel import PART, Parcel, measured

__all__ = ["LEAST", "S3Options", "StorageError", "trial"]

LEAST: Final = PART // 1_000_000 + 1  # megabytes, so that there are two parts
LIFETIME: Final = timedelta(minutes=15)
PATIENCE: Final = 60.0  # seconds
MEGABYTE: Final = 1_000_000

ODD: Final = {
    Quirk.DELETE_REFUSED: (
        "this key may not delete: leave 'Delete there after' at 0, and let the bucket delete what"
        " is old"
    ),
    Quirk.ETAG_IS_NO_MD5: (
        "it does not tell the MD5 of what it has: each clip is read once after it was sent"
    ),
    Quirk.HEAD_REFUSED: "an address for playing is for GET only, as with most",
    Quirk.NO_RANGES: "it gives no parts of a file: nobody can jump to a place in a clip",
}


class _Break(Exception):
    """The line to the storage breaks, as far as a file knows."""


def trial(options: S3Options, size: int) -> Iterator[str]:
    """Try a bucket with a small file and with one of so many bytes; raises StorageError.

    Nothing is left there, unless the key may not delete; then it is told what.
    """
    storage = S3(options)
    quirks = storage.probe()
    yield "a small file was written, found, and played by an address without login"
    yield from (ODD[quirk] for quirk in quirks)
    key = f"{options.prefix}/trial-{token_hex(4)}.mp4".lstrip("/")
    with TemporaryDirectory() as folder:
        path = Path(folder, "trial.mp4")
        path.write_bytes(token_bytes(size))
        parcel = Parcel(key=key, content=measured(path), content_type="video/mp4")
        upload: str | None = storage.begin(parcel)
        try:
            yield from _large(storage, parcel, upload)
            upload = None
        finally:
            left = _left(storage, key, upload)
    yield f"{key} stays there: this key may not delete" if left else "and deleted again"


def _large(storage: S3, parcel: Parcel, upload: str) -> Iterator[str]:
    began, parts = monotonic(), ceil(parcel.content.size / PART)
    sent = [*_sent(storage, parcel, upload, breaks_at=2), *_sent(storage, parcel, upload)]
    yield (
        f"{_size(parcel)} were sent in {parts} parts and verified, {_pace(parcel, began)};"
        f" after a break {_went_on(len(sent), parts)}"
    )
    began = monotonic()
    if _played(storage.url(parcel.key, LIFETIME)) != parcel.content.sha256:
        raise NotVerified("What an address plays is not what was sent: look at the storage.")
    yield f"they were played by an address without login, byte for byte, {_pace(parcel, began)}"
    yield _other_addresses(storage.options, parcel)


def _sent(storage: S3, parcel: Parcel, upload: str, breaks_at: int = 0) -> list[int]:
    """Send the parts that are not there, up to a break if there is to be one; return which."""
    sent = list[int]()

    def count() -> None:
        if len(sent) + 1 == breaks_at:
            raise _Break
        sent.append(len(sent) + 1)

    with suppress(_Break):
        storage.put(parcel, upload=upload, before_each=count)
    return sent


def _played(address: str) -> str:
    """Fetch what an address plays as a browser does, and return its SHA-256."""
    try:
        with build_opener(ProxyHandler({})).open(address, timeout=PATIENCE) as answer:
            return hashlib.file_digest(answer, "sha256").hexdigest()
    except OSError as error:
        raise StorageRefused(f"An address without login does not play: {error}.") from error


def _other_addresses(options: S3Options, parcel: Parcel) -> str:
    """Tell whether the bucket may be named in the other place too; only by looking."""
    in_path = bool(options.endpoint) if options.path_style is None else options.path_style
    here, there = ("path", "host") if in_path else ("host", "path")
    others = S3(replace(options, path_style=not in_path))
    hosts = {urlsplit(each.url(parcel.key, LIFETIME)).netloc for each in (S3(options), others)}
    if len(hosts) == 1:
        return "addresses have the bucket in the path: a number as the host allows nothing else"
    try:
        stored = others.head(parcel.key)
    except StorageError:
        stored = None
    works = stored is not None and stored.size == parcel.content.size
    also = "works too" if works else "does not work"
    return f"addresses have the bucket in the {here}; in the {there} it {also}"


def _left(storage: S3, key: str, upload: str | None) -> bool:
    """Delete the file and what was sent of it; whether that was refused."""
    try:
        storage.delete(key, upload)
    except StorageDenied:
        return True
    return False


def _went_on(sent: int, parts: int) -> str:
    return "it went on where it had ended" if sent == parts else "all of it was sent again"


def _size(parcel: Parcel) -> str:
    return f"{parcel.content.size / MEGABYTE:.0f} MB"


def _pace(parcel: Parcel, began: float) -> str:
    return f"{parcel.content.size / MEGABYTE / (monotonic() - began):.0f} MB/s"
