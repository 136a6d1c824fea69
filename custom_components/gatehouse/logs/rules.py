"""What of a log is kept, how much, and without which words."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
import re
from typing import Final

from ..agent import LogLevel
from .nouns import LogQuery, LogRecord, Place

MOST: Final = 20_000
"""Records of all sources together: weeks of a house that is well, and some 5 MB."""

KEPT_FOR: Final = timedelta(days=14)

LONGEST: Final = 2000  # characters
BEGINNING: Final = 600  # of a longer text; its end tells what went wrong
GAP: Final = " […] "
HIDDEN: Final = "[…]"

# An agent that is connected tells its newest 200 again, and never more than 20 a second. Whoever
# says more has gone mad, and would push what the others say out of the log.
BURST: Final = 300
A_SECOND: Final = 20.0

RANKS: Final = {level: rank for rank, level in enumerate(LogLevel)}
"""How bad each level is."""

HIGHEST: Final = 2**62  # of a BIGINT
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND: Final = timedelta(microseconds=1)

# What opens something for whoever reads it, though nobody named it to us as a secret.
_AFTER: Final = re.compile(
    r"(\b(?:auth|authsig|(?:access_|refresh_)?token|password|secret|signature|x-amz-[a-z-]+)"
    r"[\"']?\s*[=:]\s*[\"']?)[^\s&\"',;)}]+",
    re.IGNORECASE,
)
_REST_OF_LINE: Final = re.compile(r"(\bauthorization\b|\bbearer\s).*", re.IGNORECASE)
_USER: Final = re.compile(r"(://)[^\s/@]+@")
_SHARED: Final = re.compile(r"(/share/)[\w-]{32}")
_CODE: Final = re.compile(r"\b[0-9A-Z]{4}(?:-[0-9A-Z]{4}){2}\b")  # to pair with

# No database takes half a character; PostgreSQL takes no NUL.
_UNWRITABLE: Final = re.compile(r"[\x00\ud800-\udfff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """How many records a source may tell now."""

    left: float = BURST
    at: datetime = EPOCH

    def spend(self, wanted: int, now: datetime) -> tuple[int, Allowance]:
        """Return how many of the wanted are allowed, and what is left."""
        earned = max(0.0, (now - self.at).total_seconds()) * A_SECOND
        left = min(float(BURST), self.left + earned)
        granted = min(wanted, int(left))
        return granted, Allowance(left=left - granted, at=now)


def written(text: str, secrets: Iterable[str]) -> str:
    """Return a text as it may be kept: without these and other secrets, and not too long."""
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    text = _REST_OF_LINE.sub(rf"\1{HIDDEN}", text)
    for pattern in (_AFTER, _SHARED):
        text = pattern.sub(rf"\1{HIDDEN}", text)
    text = _CODE.sub(HIDDEN, _USER.sub(rf"\1{HIDDEN}@", text))
    text = _UNWRITABLE.sub("\N{REPLACEMENT CHARACTER}", text)
    if len(text) > LONGEST:
        text = f"{text[:BEGINNING]}{GAP}{text[BEGINNING + len(GAP) - LONGEST :]}"
    return text


def corrected(at: datetime, ahead: timedelta, now: datetime) -> datetime:
    """Return when something was by our clock, of a clock so far ahead of it; never in the future.

    What is too old to be kept is just so.
    """
    theirs = now + ahead
    return min(max(at, theirs - KEPT_FOR), theirs) - ahead


def is_asked_for(record: LogRecord, query: LogQuery) -> bool:
    """Whether a record is one of those that a query is for, on whatever page."""
    return (
        query.source in {None, record.source}
        and (query.level is None or RANKS[record.level] >= RANKS[query.level])
        and (query.text is None or query.text.lower() in record.text.lower())
        and (query.since is None or record.at >= query.since)
        and (query.until is None or record.at < query.until)
    )


def named(place: Place) -> str:
    """Return a place as one word."""
    return f"{(place.at - EPOCH) // MICROSECOND}/{place.seq}/{place.run}/{place.source}"


def place_in(name: str) -> Place:
    """Return the place of this name; raises ValueError if it is none."""
    microseconds, seq, run, source = name.split("/", 3)
    if abs(int(seq)) >= HIGHEST:
        raise ValueError(f"{name!r} is beyond all records")
    try:
        at = EPOCH + int(microseconds) * MICROSECOND
    except OverflowError as error:
        raise ValueError(f"{name!r} is at no time") from error
    return Place(at, source, run, int(seq))
