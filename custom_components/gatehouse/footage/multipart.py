"""Large files, in parts: begun, gone on with after a break, and put together."""

from collections.abc import Callable
import hashlib
import logging
from typing import Any

from .complaints import complaints
from .errors import StorageError
from .parcel import Parcel, Span

_LOGGER = logging.getLogger(__name__)


def begin(client: Any, bucket: str, parcel: Parcel, about: dict[str, str]) -> str:
    """Begin to put an object, and return the id of that; what was begun before is given up."""
    try:
        for stray in _begun(client, bucket, parcel.key):
            abort(client, bucket, parcel.key, stray)
    except StorageError as error:
        # Listing takes a permission of its own; the bucket's lifecycle cleans up as well.
        _LOGGER.debug("Uploads of %s that were begun before may remain: %s", parcel.key, error)
    with complaints():
        begun = client.create_multipart_upload(
            Bucket=bucket,
            Key=parcel.key,
            ContentType=parcel.content_type,
            Metadata=dict(parcel.metadata),
            **about,
        )
        return str(begun["UploadId"])


def send(
    client: Any,
    bucket: str,
    parcel: Parcel,
    upload: str,
    put: Callable[[int, Span], str],
) -> str:
    """Send the parts that are not there yet, and return the object's ETag.

    `put` sends one and returns its ETag.
    """
    with complaints():
        pages = client.get_paginator("list_parts").paginate(
            Bucket=bucket, Key=parcel.key, UploadId=upload
        )
        there = {
            part["PartNumber"]: part["ETag"] for page in pages for part in page.get("Parts", ())
        }
    etags, digests = [], []
    for number, span in enumerate(parcel.parts(), 1):
        if there.get(number, "").strip('"') == span.md5:
            etags.append(there[number])
        else:
            etags.append(put(number, span))
        digests.append(span.md5)
    parts = [{"PartNumber": number, "ETag": etag} for number, etag in enumerate(etags, 1)]
    with complaints():
        client.complete_multipart_upload(
            Bucket=bucket, Key=parcel.key, UploadId=upload, MultipartUpload={"Parts": parts}
        )
    return joined(digests)


def abort(client: Any, bucket: str, key: str, upload: str) -> None:
    """Give an upload up, and free what its parts take."""
    with complaints():
        client.abort_multipart_upload(Bucket=bucket, Key=key, UploadId=upload)


def joined(digests: list[str]) -> str:
    """Return the ETag of an object that was put in parts with these MD5 digests."""
    of_all = hashlib.md5(b"".join(map(bytes.fromhex, digests)), usedforsecurity=False)
    return f"{of_all.hexdigest()}-{len(digests)}"


def _begun(client: Any, bucket: str, key: str) -> list[str]:
    with complaints():
        said = client.list_multipart_uploads(Bucket=bucket, Prefix=key)
    return [each["UploadId"] for each in said.get("Uploads", ()) if each["Key"] == key]
