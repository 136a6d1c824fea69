"""What the storage tells of an object, as proof that it is the file that was sent."""

from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from .parcel import Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """Of one object."""

    size: int
    etag: str
    sha256: str | None = None

    @classmethod
    def of(cls, headers: Mapping[str, str]) -> Self:
        """Read an answer's headers, whose names are in lower case."""
        checksum = headers.get("x-amz-checksum-sha256")
        return cls(
            size=int(headers.get("content-length", 0)),
            etag=headers.get("etag", "").strip('"'),
            sha256=None if checksum is None else _hexadecimal(checksum),
        )

    @property
    def is_of_parts(self) -> bool:
        """Whether the object was put in parts."""
        return "-" in self.etag

    def proves(self, content: Span, etag: str) -> bool:
        """Whether an object of this size is this file; from many a storage there is no proof."""
        return self.etag == etag or self.sha256 == content.sha256


def _hexadecimal(checksum: str) -> str:
    """Return a checksum as the rows have it; empty for one that is of another kind."""
    try:
        return b64decode(checksum, validate=True).hex()
    except ValueError:
        return ""  # of parts: their checksums' checksum, a dash and how many
