"""One bucket of any S3: files put there and looked for, addresses to play them by."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import timedelta
from enum import StrEnum
import hashlib
from http import HTTPStatus
from pathlib import Path, PurePath
from tempfile import TemporaryDirectory
from threading import Lock
from typing import Any, Final
from urllib.parse import quote

from . import multipart
from .bucket import S3Options, open_bucket
from .complaints import complaint, complaints
from .courier import Answer, Courier, Load
from .errors import NotVerified, StorageDenied, UploadGone
from .parcel import Pace, Parcel, Span, measured, unhurried
from .receipt import Receipt

__all__ = ["S3", "Quirk", "S3Options"]

LONGEST_LIFETIME: Final = timedelta(days=7)
PROBE: Final = b"Gatehouse wrote this to see whether it can keep footage in this bucket.\n"


class Quirk(StrEnum):
    """What a storage does otherwise than most; footage can be kept there all the same."""

    DELETE_REFUSED = "delete_refused"
    ETAG_IS_NO_MD5 = "etag_is_no_md5"
    """Each clip is downloaded once, to see that it is whole."""
    HEAD_REFUSED = "head_refused"
    """Players that look before they play fail; this is what most storages do."""
    NO_RANGES = "no_ranges"
    """Nobody can jump to a place in a clip."""


class S3:
    """Reaches a bucket. Every method blocks, and may be called from any thread."""

    def __init__(self, options: S3Options) -> None:
        """Send nothing yet, and load nothing."""
        self.options = options
        self._opening = Lock()
        self._opened: tuple[Any, Courier] | None = None

    def probe(self) -> tuple[Quirk, ...]:
        """Write, read and delete an object; raises what hinders it, and tells what is odd."""
        with TemporaryDirectory() as folder:
            path = Path(folder, "probe")
            path.write_bytes(PROBE)
            key = f"{self.options.prefix}/probe.txt".lstrip("/")
            parcel = Parcel(key=key, content=measured(path), content_type="text/plain")
            self.put(parcel)
        receipt = self.head(key)
        has_md5 = receipt is not None and receipt.etag == parcel.content.md5
        odd = [*([] if has_md5 else [Quirk.ETAG_IS_NO_MD5]), *self._odd_when_played(key)]
        try:
            self.delete(key)
        except StorageDenied:
            odd.append(Quirk.DELETE_REFUSED)
        return tuple(odd)

    def put(
        self,
        parcel: Parcel,
        pace: Pace = unhurried,
        upload: str | None = None,
        before_each: Callable[[], object] | None = None,
    ) -> None:
        """Put a file, and see that it is there: NotVerified if it is not, byte for byte.

        A large file goes in parts if `begin` gave the id of an upload; called again with the same
        id it goes on where it ended, and `before_each` is called before each of them. Raises
        UploadGone if that is no longer known.
        """
        if upload is None:
            self._put_whole(parcel, pace)
            etag = parcel.content.md5
        else:
            etag = self._put_parts(parcel, pace, upload, before_each or (lambda: None))
        receipt = self.head(parcel.key)
        if receipt is None or not self._is(receipt, parcel, etag):
            raise NotVerified(
                f"The off-site storage has not kept {parcel.key} as it was sent. It is sent again;"
                " if that goes on, look at the storage."
            )

    def begin(self, parcel: Parcel) -> str:
        """Begin to put a large file in parts, and return the id of that upload."""
        client, _ = self._reach()
        about = {"StorageClass": self.options.storage_class} if self.options.storage_class else {}
        return multipart.begin(client, self.options.bucket, parcel, about)

    def is_there(self, parcel: Parcel) -> bool:
        """Whether the object is there already, byte for byte."""
        try:
            receipt = self.head(parcel.key)
        except StorageDenied:
            # Who may not list a bucket is not told that an object is missing.
            return False
        if receipt is None or receipt.size != parcel.content.size:
            return False
        if not receipt.is_of_parts:
            return self._is(receipt, parcel, parcel.content.md5)
        return self._is(receipt, parcel, multipart.joined([part.md5 for part in parcel.parts()]))

    def head(self, key: str) -> Receipt | None:
        """Return what the storage tells of an object, None if it has none."""
        asked = {"x-amz-checksum-mode": "ENABLED"} if self.options.checksums else {}
        answer = self._courier.send("HEAD", key, asked)
        if answer.status == HTTPStatus.NOT_FOUND:
            return None
        _must_be_good(answer)
        return Receipt.of(answer.headers)

    def delete(self, key: str, upload: str | None = None) -> None:
        """Delete an object, and what was sent of one; no error if there is none."""
        if upload is not None:
            client, _ = self._reach()
            with suppress(UploadGone):
                multipart.abort(client, self.options.bucket, key, upload)
        answer = self._courier.send("DELETE", key)
        if answer.status != HTTPStatus.NOT_FOUND:
            _must_be_good(answer)

    def url(self, key: str, lifetime: timedelta, name: str | None = None) -> str:
        """Return an address that plays an object for so long, seven days at most, without login.

        Nobody can take it back. With a name, that is what browsers call the file.
        """
        client, _ = self._reach()
        told = {"ResponseContentType": content_type(key)}
        if name is not None:
            told["ResponseContentDisposition"] = f"inline; filename*=UTF-8''{quote(name, safe='')}"
        seconds = int(min(lifetime, LONGEST_LIFETIME).total_seconds())
        with complaints():
            return str(
                client.generate_presigned_url(
                    "get_object",
                    Params={"Bucket": self.options.bucket, "Key": key, **told},
                    ExpiresIn=max(seconds, 1),
                )
            )

    def rest(self) -> None:
        """Close the connections that nobody uses."""
        if self._opened is not None:
            self._opened[1].hang_up()

    def break_off(self) -> None:
        """Close all connections; who waits in another thread gets StorageUnreachable."""
        if self._opened is not None:
            self._opened[1].break_off()

    def _put_whole(self, parcel: Parcel, pace: Pace) -> None:
        headers = {
            "Content-Type": parcel.content_type,
            **{f"x-amz-meta-{name}": value for name, value in parcel.metadata.items()},
        }
        if self.options.storage_class:
            headers["x-amz-storage-class"] = self.options.storage_class
        self._send(parcel.key, parcel.content, pace, headers)

    def _put_parts(
        self, parcel: Parcel, pace: Pace, upload: str, before_each: Callable[[], object]
    ) -> str:
        client, _ = self._reach()

        def put(number: int, span: Span) -> str:
            before_each()
            query = {"partNumber": str(number), "uploadId": upload}
            return self._send(parcel.key, span, pace, {}, query)

        return multipart.send(client, self.options.bucket, parcel, upload, put)

    def _send(
        self,
        key: str,
        span: Span,
        pace: Pace,
        headers: Mapping[str, str],
        query: Mapping[str, str] | None = None,
    ) -> str:
        """Send bytes, and return the ETag that the storage gives them.

        Both digests are known already: it costs us nothing that the storage checks them.
        """
        told = {**headers, "Content-MD5": span.content_md5}
        if self.options.checksums and query is None:
            told["x-amz-checksum-sha256"] = span.checksum_sha256
        load = Load(span=span, pace=pace)
        answer = self._courier.send("PUT", key, told, query=query, load=load)
        _must_be_good(answer)
        return answer.headers.get("etag", "")

    def _is(self, receipt: Receipt, parcel: Parcel, etag: str) -> bool:
        """Whether an object is a file: by its receipt, or else by reading it."""
        content = parcel.content
        if receipt.size != content.size:
            return False
        if receipt.proves(content, etag):
            return True
        digest = hashlib.sha256()
        _must_be_good(self._courier.send("GET", parcel.key, take=digest.update))
        return digest.hexdigest() == content.sha256

    def _odd_when_played(self, key: str) -> list[Quirk]:
        address = self.url(key, timedelta(minutes=5))
        part = self._courier.ask("GET", address, {"Range": "bytes=0-8"})
        _must_be_good(part)
        odd = [] if part.body == PROBE[:9] else [Quirk.NO_RANGES]
        head = self._courier.ask("HEAD", address, {})
        return odd if head.status < 300 else [*odd, Quirk.HEAD_REFUSED]

    @property
    def _courier(self) -> Courier:
        return self._reach()[1]

    def _reach(self) -> tuple[Any, Courier]:
        """Return the client and the courier; the first time that takes half a second."""
        with self._opening:
            if self._opened is None:
                self._opened = open_bucket(self.options)
            return self._opened


def content_type(key: str) -> str:
    """Return what kind of file an object is."""
    return {".mp4": "video/mp4", ".jpg": "image/jpeg"}.get(PurePath(key).suffix, "text/plain")


def _must_be_good(answer: Answer) -> None:
    if not HTTPStatus.OK <= answer.status < HTTPStatus.MULTIPLE_CHOICES:
        raise complaint(answer.status, answer.headers, answer.body)
