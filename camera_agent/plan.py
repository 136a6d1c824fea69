"""The appointments that an agent was told of: checked, and kept on the disk as they are told."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
import json
import logging
from pathlib import Path
from typing import Any, Final

from .asked import is_number, parsed
from .durable import write_whole
from .errors import Refused
from .wire import ErrorCode

LOGGER = logging.getLogger(__name__)

SHORTEST: Final = 10.0  # seconds of a part
LONGEST: Final = 300.0
MOST: Final = 1000
DAY: Final = 86_400.0
FAR: Final = 1e11  # a moment beyond the year 5000 is one in milliseconds
LONGEST_ID: Final = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """What one camera is to record; of two cameras, one appointment has two of these."""

    id: str
    camera: str
    since: float
    until: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """All that is to be recorded, in the wire's words and units."""

    segment_s: float = LONGEST
    bookings: tuple[Planned, ...] = ()


def parse(said: Mapping[str, Any]) -> Plan:
    """Return a plan out of JSON; raises Refused with the first mistake."""
    segment_s, bookings = said.get("segment_s"), said.get("bookings")
    if not is_number(segment_s, SHORTEST, LONGEST):
        raise _wrong(f"segment_s must be from {SHORTEST:g} to {LONGEST:g}.")
    if not isinstance(bookings, list) or len(bookings) > MOST:
        raise _wrong(f"bookings must be a list of at most {MOST}.")
    planned = tuple(_planned(f"bookings[{i}]", one) for i, one in enumerate(bookings))
    for (name, camera), times in Counter((one.id, one.camera) for one in planned).items():
        if times > 1:
            raise _wrong(f"Booking {name!r} is there {times} times for camera {camera!r}.")
    return Plan(segment_s=float(segment_s), bookings=planned)


def load(path: Path) -> Plan:
    """Return what was kept; blocks. What is damaged is worth no more than nothing at all."""
    try:
        return parse(parsed(path.read_bytes()))
    except FileNotFoundError:
        return Plan()
    except (OSError, Refused) as error:
        LOGGER.error(
            "The appointments in %s cannot be used (%s); nothing is recorded by appointment until"
            " Home Assistant sends them again, which it does when it connects",
            path,
            error,
        )
        return Plan()


def keep(path: Path, plan: Plan) -> None:
    """Write a plan through to the disk; blocks; raises OSError, and what was kept stays."""
    write_whole(path, json.dumps(asdict(plan)).encode())


def _planned(where: str, said: object) -> Planned:
    if not isinstance(said, dict):
        raise _wrong(f"{where} must be an object.")
    since, until = said.get("since"), said.get("until")
    if not is_number(since, 0, FAR) or not is_number(until, 0, FAR):
        raise _wrong(f"{where} must have since and until in seconds since the epoch.")
    if not 0 < until - since <= DAY:
        raise _wrong(f"{where}.until must be later than since, by {DAY:g} seconds at most.")
    return Planned(
        id=_text(where, said, "id"),
        camera=_text(where, said, "camera"),
        since=float(since),
        until=float(until),
    )


def _text(where: str, said: Mapping[str, Any], key: str) -> str:
    text = said.get(key)
    if not isinstance(text, str) or not 0 < len(text) <= LONGEST_ID:
        raise _wrong(f"{where}.{key} must be a text of 1 to {LONGEST_ID} characters.")
    return text


def _wrong(sentence: str) -> Refused:
    return Refused(ErrorCode.BAD_REQUEST, sentence)
