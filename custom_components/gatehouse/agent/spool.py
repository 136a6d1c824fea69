"""What an agent kept of the time in which nobody listened, from JSON to nouns."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from .decoding import decoding, moment, whole
from .machine import AgentStats, stats_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Spool:
    """What an agent kept of the time in which nobody listened to it, and still has."""

    clips: int
    size: int
    """Bytes of them."""
    lost: int
    """How many clips had to go before anybody came for them, since the agent was installed."""
    readings: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How the Pi was at one moment, by its own clock."""

    at: datetime
    stats: AgentStats


@dataclass(frozen=True, slots=True, kw_only=True)
class SpoolReport:
    """An agent's spool, and its readings of that time, the oldest first."""

    spool: Spool
    readings: tuple[Reading, ...]


@decoding()
def parse_spool(body: Mapping[str, Any]) -> SpoolReport:
    """Return what an agent kept while nobody listened."""
    readings = [
        Reading(at=moment(reading["at"]), stats=stats_of(reading)) for reading in body["readings"]
    ]
    readings.sort(key=lambda reading: reading.at)
    return SpoolReport(spool=_spool(body, len(readings)), readings=tuple(readings))


def spool_or_none(body: Mapping[str, Any]) -> Spool | None:
    spool = body.get("spool")
    return None if spool is None else _spool(spool, whole(spool["readings"]))


def _spool(body: Mapping[str, Any], readings: int) -> Spool:
    return Spool(
        clips=whole(body["clips"]),
        size=whole(body["bytes"]),
        lost=whole(body["lost"]),
        readings=readings,
    )
