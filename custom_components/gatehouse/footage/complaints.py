"""What S3 says when it says no, as errors of this room that say what to do."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from html import unescape
from http import HTTPStatus
import re
from typing import Final

from .errors import (
    BucketMissing,
    ClockSkewed,
    StorageDenied,
    StorageError,
    StorageRefused,
    StorageUnreachable,
    UploadGone,
)

# Signatures hold for a quarter of an hour.
SKEW: Final = timedelta(minutes=10)

SKEWED: Final = frozenset({"RequestTimeTooSkewed", "RequestExpired"})
BUSY: Final = frozenset({"SlowDown", "RequestTimeout", "InternalError", "ServiceUnavailable"})
ELSEWHERE: Final = frozenset(
    {"PermanentRedirect", "TemporaryRedirect", "AuthorizationHeaderMalformed"}
)
LONGEST: Final = 300  # characters of what a storage says


def complaint(
    status: int, headers: Mapping[str, str], body: bytes, *, now: datetime | None = None
) -> StorageError:
    """Return the error that an answer is; the names of the headers are in lower case."""
    code, message = _element("Code", body), _element("Message", body)
    region = headers.get("x-amz-bucket-region") or _element("Region", body)
    return _complaint(status, code, message, region, _skew(headers, now or datetime.now(UTC)))


@contextmanager
def complaints() -> Iterator[None]:
    """Turn what boto3 raises into errors of this room."""
    from botocore.exceptions import (
        BotoCoreError,
        ClientError,
        ConnectionError as NoConnection,
        HTTPClientError,
    )

    try:
        yield
    except ClientError as error:
        raise _of_boto3(error.response) from error
    except (NoConnection, HTTPClientError) as error:
        raise unreachable(error) from error
    except (BotoCoreError, ValueError) as error:
        raise StorageRefused(
            f"That is no off-site storage: {error!s:.{LONGEST}}. Look at its bucket, its region and"
            " its endpoint, which begins with https:// or http://."
        ) from error


def unreachable(error: Exception) -> StorageUnreachable:
    """Return the error that a broken connection, or none, is."""
    said = str(error) or type(error).__name__
    return StorageUnreachable(
        f"The off-site storage cannot be reached: {said:.{LONGEST}}. Look at its endpoint, the"
        " network, and its certificate."
    )


def _of_boto3(response: Mapping[str, Mapping[str, object]]) -> StorageError:
    said, about = response.get("Error", {}), response.get("ResponseMetadata", {})
    headers = about.get("HTTPHeaders")
    headers = dict(headers) if isinstance(headers, Mapping) else {}
    return _complaint(
        int(str(about.get("HTTPStatusCode", 0))),
        str(said.get("Code", "")),
        str(said.get("Message", "")),
        str(said.get("Region") or headers.get("x-amz-bucket-region", "")),
        _skew(headers, datetime.now(UTC)),
    )


def _complaint(status: int, code: str, message: str, region: str, skew: timedelta) -> StorageError:
    said = f"{status} {code} {message}".strip()[:LONGEST]
    if code in SKEWED or (status == HTTPStatus.FORBIDDEN and skew > SKEW):
        return ClockSkewed(
            f"The clock of this machine and that of the off-site storage are {skew} apart ({said})."
            " Set the one that is wrong."
        )
    if code == "NoSuchUpload":
        return UploadGone(f"The off-site storage gave up a large upload ({said}); it begins anew.")
    if code in ELSEWHERE or status in {301, 307, 308}:
        where = f"in the region {region}: set that" if region else "in another region: set it"
        return StorageRefused(f"The bucket is {where} ({said}).")
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        return StorageDenied(
            f"The off-site storage does not let us do this ({said}). Look at the key id, the"
            " secret, and what they are allowed to do with the bucket."
        )
    if code == "NoSuchBucket":
        return BucketMissing(f"There is no such bucket ({said}). Make it, or correct its name.")
    if code in BUSY or status >= HTTPStatus.INTERNAL_SERVER_ERROR or status in {408, 429}:
        return StorageUnreachable(
            f"The off-site storage cannot do this now ({said}). It is tried again; if that goes"
            " on, look at the storage."
        )
    return StorageRefused(
        f"The off-site storage does not take this ({said}). Look at its options: storage class,"
        " region, path style."
    )


def _skew(headers: Mapping[str, str], now: datetime) -> timedelta:
    """Return how far the clock there and the clock here are apart; none if it is not told."""
    try:
        there = parsedate_to_datetime(headers.get("date", ""))
    except ValueError:
        return timedelta(0)
    apart = abs(now - (there if there.tzinfo else there.replace(tzinfo=UTC)))
    return timedelta(seconds=round(apart.total_seconds()))


def _element(name: str, body: bytes) -> str:
    found = re.search(f"<{name}>([^<]*)</{name}>", body.decode("utf-8", "replace"))
    return unescape(found[1]) if found else ""
