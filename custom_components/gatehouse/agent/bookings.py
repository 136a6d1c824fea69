"""What an agent is to record by itself, and what it tells of that."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from .decoding import decoding, moment, text_or_none, whole


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """One camera's share of an appointment; times are of the agent's clock."""

    id: str
    """The appointment's; each of its cameras has a share of this name."""
    camera: str
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Underway:
    """How far an agent is with what was planned."""

    planned: Planned
    recording: str | None
    """The part that runs now."""
    error: str | None
    """Why nothing runs that should: a `wire.ErrorCode`, or what a newer agent calls it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Booked:
    """How much an agent is to record by itself, and how much of that waits for us."""

    planned: int
    """Those whose time is not over."""
    running: int
    waiting: int
    """Complete recordings that nobody has fetched."""
    size: int
    """Bytes of them."""
    error: str | None


def plan_body(appointments: Iterable[Planned], segment: timedelta) -> dict[str, Any]:
    """Return a plan as the wire has it."""
    return {
        "segment_s": segment.total_seconds(),
        "bookings": [
            {
                "id": one.id,
                "camera": one.camera,
                "since": one.since.timestamp(),
                "until": one.until.timestamp(),
            }
            for one in appointments
        ],
    }


@decoding()
def parse_plan(body: Mapping[str, Any]) -> tuple[Underway, ...]:
    """Return how far an agent is with all that it is to record."""
    return tuple(_underway(one) for one in body["bookings"])


def booked_or_none(body: Mapping[str, Any]) -> Booked | None:
    """Return what a message of the feed tells of bookings; None from an older agent."""
    bookings = body.get("bookings")
    if bookings is None:
        return None
    return Booked(
        planned=whole(bookings["planned"]),
        running=whole(bookings["running"]),
        waiting=whole(bookings["waiting"]),
        size=whole(bookings["bytes"]),
        error=text_or_none(bookings.get("error")),
    )


def _underway(body: Mapping[str, Any]) -> Underway:
    planned = Planned(
        id=str(body["id"]),
        camera=str(body["camera"]),
        since=moment(body["since"]),
        until=moment(body["until"]),
    )
    return Underway(
        planned=planned,
        recording=text_or_none(body.get("recording")),
        error=text_or_none(body.get("error")),
    )
