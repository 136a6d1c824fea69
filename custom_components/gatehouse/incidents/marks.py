"""Marks: what can be asked of incidents besides people's words, in the same text.

They begin with an underscore, as no word does, and are short because each of their beginnings is
in the index too.
"""

from collections.abc import Iterable
from typing import Final

from ..models import Incident, IncidentState, Level
from .risk import LEVELS

KEPT: Final = "_k"


def marks_of(incident: Incident) -> Iterable[str]:
    """Yield all marks of an incident."""
    yield from dict.fromkeys(of_camera(camera) for camera in incident.cameras)
    yield of_group(incident.group)
    yield from dict.fromkeys(of_zone(zone) for zone in incident.zones)
    yield of_state(incident.state)
    if incident.assessment:
        risk = incident.assessment.risk
        yield from (of_level(level) for level, least in LEVELS.items() if risk >= least)
    yield of_reviewed(incident.reviewed is not None)
    yield of_alarm(incident.false_alarm)
    if incident.kept:
        yield KEPT


def of_camera(camera: str) -> str:
    """Return the mark of what a camera has seen, by its key."""
    return f"_c{_hex(camera)}"


def of_group(group: str) -> str:
    """Return the mark of what happened in a group of places."""
    return f"_g{_hex(group)}"


def of_zone(zone: str) -> str:
    """Return the mark of what happened in a zone, by its name."""
    return f"_z{_hex(zone)}"


def of_state(state: IncidentState) -> str:
    """Return the mark of a state."""
    return f"_s{state[0]}"


def of_level(level: Level) -> str:
    """Return the mark of what is at least that bad."""
    return f"_l{LEVELS[level]}"


def of_reviewed(reviewed: bool) -> str:
    """Return the mark of what somebody looked at, or nobody did."""
    return "_r" if reviewed else "_u"


def of_alarm(is_false: bool) -> str:
    """Return the mark of a false alarm, or of a true one."""
    return "_f" if is_false else "_t"


def _hex(name: str) -> str:
    return name.encode(errors="surrogatepass").hex()
