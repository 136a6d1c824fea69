"""One recording as its agent describes it, from JSON to a noun."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from . import wire
from .decoding import decoding, moment, moment_or_none, span_or_none, text_or_none, whole_or_none


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """A recording on an agent; what is known only at its end is None before."""

    id: str
    camera: str
    status: wire.RecordingStatus
    started: datetime | None
    """When its first frame was captured."""
    until: datetime
    duration: timedelta | None
    size: int | None
    """Bytes."""
    sha256: str | None
    error: str | None
    origin: wire.RecordingOrigin = wire.RecordingOrigin.ASKED
    """Why there is one."""
    booking: str | None = None
    """The appointment that it is a part of."""


@decoding()
def parse_recording(body: Mapping[str, Any]) -> Recording:
    """Return a recording as the agent describes it."""
    return Recording(
        id=str(body["id"]),
        camera=str(body["camera"]),
        status=wire.RecordingStatus(body["status"]),
        started=moment_or_none(body.get("started")),
        until=moment(body["until"]),
        duration=span_or_none(body.get("duration_s")),
        size=whole_or_none(body.get("bytes")),
        sha256=text_or_none(body.get("sha256")),
        error=text_or_none(body.get("error")),
        origin=wire.RecordingOrigin(body.get("origin", wire.RecordingOrigin.ASKED)),
        booking=text_or_none(body.get("booking")),
    )
