"""The recordings of one incident: each camera for as long as it sees something."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from ..footage import FootageFlow
from ..models import Group, Incident, IncidentState
from .news import REFRESH
from .nouns import IncidentOptions
from .pictures import DOUBT, Watched
from .rules import next_recording, recording_end, spans


class Tapes:
    """What was asked for of each camera; never more often than it is worth."""

    def __init__(
        self,
        footage: FootageFlow,
        sources: Mapping[str, Watched],
        options: IncidentOptions,
        *,
        now: Callable[[], datetime],
        clock: Callable[[], float],
    ) -> None:
        """Nothing is recorded; the clock counts seconds and is never set, now may be."""
        self._footage = footage
        self._sources = sources
        self._options = options
        # One by one, pictures may be far apart: what comes while the incident is open belongs to
        # the same clip.
        self._one_by_one = replace(options, post_roll=max(options.post_roll, options.idle))
        self._now = now
        self._clock = clock
        self._zero = self._now_zero()
        self._tapes: dict[str, _Tape] = {}

    async def follow(self, incident: Incident, group: Group) -> None:
        """Have each camera recorded, by its own clock. Raises DatabaseError."""
        for camera, span in spans(incident, group).items():
            if source := self._sources.get(camera):
                ahead = source.clock_ahead() if source.clock_ahead else timedelta()
                ahead += self._set_since()
                options = self._options if source.needed is None else self._one_by_one
                await self._record(incident, camera, span, ahead, options)

    async def _record(
        self,
        incident: Incident,
        camera: str,
        span: tuple[datetime, datetime],
        ahead: timedelta,
        options: IncidentOptions,
    ) -> None:
        first, last = span
        tape = self._tapes.get(camera)
        if tape and abs(ahead - tape.ahead) > DOUBT:
            # The clock was set, and what it recorded ended there.
            if last == tape.last:
                return
            tape, first = None, last
        by_camera = (first + ahead, last + ahead)
        until = recording_end(by_camera, options)
        if wanted := next_recording(by_camera, tape.until if tape else None, options):
            row = await self._footage.record(
                camera, *wanted, incident=incident.id, level=incident.level
            )
            footage = row.id
        elif tape and until > tape.until and self._may_extend(tape, incident):
            footage = tape.footage
            await self._footage.extend(footage, until)
        else:
            if tape:
                self._tapes[camera] = replace(tape, last=last)
            return
        self._tapes[camera] = _Tape(footage, until, self._clock(), ahead, last)

    def _set_since(self) -> timedelta:
        """By how much the site's clock was set since the incident, which goes by it, began."""
        step = self._now_zero() - self._zero
        return step if abs(step) > DOUBT else timedelta()

    def _now_zero(self) -> datetime:
        return self._now() - timedelta(seconds=self._clock())

    def _may_extend(self, tape: _Tape, incident: Incident) -> bool:
        rested = self._clock() - tape.asked >= REFRESH.total_seconds()
        return rested or incident.state is not IncidentState.OPEN


@dataclass(frozen=True, slots=True)
class _Tape:
    """One recording: until when it was asked for, and when, by our steady clock."""

    footage: str
    until: datetime
    asked: float
    ahead: timedelta
    """How far the camera's clock was ahead of the site's then."""
    last: datetime
    """When the camera had last seen something, by the site's clock."""
