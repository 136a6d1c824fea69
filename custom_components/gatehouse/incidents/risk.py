"""How bad an incident is, by rule: how far each factor applies, and what that comes to."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from enum import StrEnum
from typing import Final

from ..models import Assessment, Incident, Level, Passage, PassageKind
from .factors import FACTORS, Factor, Seen
from .wording import cards, listed, number, several, span, things, times, were

LEVELS: Final = {Level.LOW: 0, Level.MEDIUM: 30, Level.HIGH: 60, Level.CRITICAL: 85}
"""The least risk of each level."""

# Local hours in which it is night where nobody knows the sun.
NIGHT_BEGINS: Final = 22
NIGHT_ENDS: Final = 6

ANIMALS: Final = frozenset("bear bird cat cow dog elephant giraffe horse sheep zebra".split())

# What is done to a door by somebody, seen or not.
ALARMING: Final = ("denied", "held", "forced", "tamper")

NAMELESS: Final[Mapping[str, str]] = {}


class AlarmState(StrEnum):
    """What the alarm panel does, in the order of how much is at stake."""

    DISARMED = "disarmed"
    ARMED_HOME = "armed_home"
    ARMED_NIGHT = "armed_night"
    ARMED_AWAY = "armed_away"
    TRIGGERED = "triggered"


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What the house knows while an incident happens; None is unknown."""

    dark: bool | None = None
    """Whether the sun is down; if nobody knows, the hour decides."""
    anybody_home: bool | None = None
    alarm: AlarmState | None = None
    sensitive: frozenset[str] = frozenset()
    """The names of the zones in which somebody is a greater risk than elsewhere."""
    zone: tzinfo = UTC
    """The local time."""


def level_of(risk: int) -> Level:
    """Return the level of a risk."""
    return max((level for level in LEVELS if risk >= LEVELS[level]), key=LEVELS.__getitem__)


def assess(
    incident: Incident, surroundings: Surroundings, names: Mapping[str, str] = NAMELESS
) -> Assessment:
    """Return the risk of an incident and why; names are what people call the doors, by key."""
    measures = _measures(incident, surroundings)
    reached = [(factor, _points(factor, measures.get(factor.name, 0))) for factor in FACTORS]
    floor = max((points for factor, points in reached if factor.binding), default=0)
    risk = _total(reached, floor)
    words = _words(incident, surroundings, names)
    reasons = [factor.reason.format_map(words) for factor, points in reached if points and risk]
    return Assessment(risk=risk, level=level_of(risk), reasons=tuple(reasons), floor=floor)


def _total(reached: list[tuple[Factor, int]], floor: int) -> int:
    """Return the risk: what was seen is never quite excused."""
    excused = sum(points for factor, points in reached if factor.excusable)
    standing = sum(points for factor, points in reached if not factor.excusable)
    least = 1 if any(points > 0 for _, points in reached) else 0
    return min(max(floor, least, max(excused, 0) + standing), 100)


def _points(factor: Factor, measure: int) -> int:
    reached = [least for least in factor.points if measure >= least]
    return factor.points[max(reached)] if reached else 0


def _measures(incident: Incident, surroundings: Surroundings) -> dict[str, int]:
    """Return how far each factor applies; where nobody is, it matters not when and where."""
    seen = max(map(_seen, incident.labels), default=Seen.NOTHING)
    doors = _at_doors(incident, surroundings)
    somebody = seen > Seen.ANIMAL or any(doors[name] for name in ALARMING)
    alarm = surroundings.alarm or AlarmState.DISARMED
    return {
        "seen": seen,
        "triggered": alarm is AlarmState.TRIGGERED,
        **doors,
        **(_circumstances(incident, surroundings, alarm) if somebody else {}),
    }


def _at_doors(incident: Incident, surroundings: Surroundings) -> dict[str, int]:
    kinds = Counter(passage.kind for passage in incident.passages)
    armed = surroundings.alarm not in {None, AlarmState.DISARMED}
    return {
        "denied": kinds[PassageKind.DENIED],
        "held": kinds[PassageKind.HELD_OPEN],
        "forced": (1 + armed) if kinds[PassageKind.FORCED] else 0,
        "tailgating": kinds[PassageKind.TAILGATING],
        "tamper": kinds[PassageKind.TAMPER],
        "granted": kinds[PassageKind.GRANTED],
        # A button inside excuses nobody in an empty house.
        "exit": 0 if surroundings.anybody_home is False else kinds[PassageKind.EXIT],
    }


def _circumstances(
    incident: Incident, surroundings: Surroundings, alarm: AlarmState
) -> dict[str, int]:
    armed = alarm is not AlarmState.TRIGGERED
    return {
        "company": incident.count,
        "stay": int((incident.last_seen - incident.started).total_seconds()),
        "dark": _is_dark(surroundings, _local_start(incident, surroundings)),
        "sensitive": not surroundings.sensitive.isdisjoint(incident.zones),
        "away": surroundings.anybody_home is False,
        "armed": list(AlarmState).index(alarm) if armed else 0,
    }


def _words(
    incident: Incident, surroundings: Surroundings, names: Mapping[str, str]
) -> dict[str, str]:
    """Return what the reasons speak of."""
    passages = {
        kind: [passage for passage in incident.passages if passage.kind is kind]
        for kind in PassageKind
    }
    doors = {kind: _doors(each, names) for kind, each in passages.items()}
    denials = len(passages[PassageKind.DENIED])
    return {
        "seen": were([several(label, 1) for label in incident.labels]),
        "company": _company(incident),
        "stay": span(incident.last_seen - incident.started),
        "dark": _hour(_local_start(incident, surroundings)),
        "sensitive": _sensitive(incident, surroundings),
        "denied": were(cards(passages[PassageKind.DENIED], "an unknown card")),
        "often": f" {times(denials)}" if denials > 1 else "",
        "denied_at": listed(doors[PassageKind.DENIED]),
        "held": were(doors[PassageKind.HELD_OPEN]),
        "forced": were(doors[PassageKind.FORCED]),
        "tampered": listed(doors[PassageKind.TAMPER]),
        "granted": listed(cards(passages[PassageKind.GRANTED], "a card")),
        "granted_at": listed(doors[PassageKind.GRANTED]),
        "exit_at": listed(doors[PassageKind.EXIT]),
    }


def _seen(label: str) -> Seen:
    if label == "person":
        return Seen.PERSON
    return Seen.ANIMAL if label in ANIMALS else Seen.THING


def _local_start(incident: Incident, surroundings: Surroundings) -> datetime:
    return incident.started.astimezone(surroundings.zone)


def _is_night(local: datetime) -> bool:
    return not NIGHT_ENDS <= local.hour < NIGHT_BEGINS


def _is_dark(surroundings: Surroundings, local: datetime) -> bool:
    return _is_night(local) if surroundings.dark is None else surroundings.dark


def _hour(local: datetime) -> str:
    return f"{'at night' if _is_night(local) else 'in the dark'} ({local:%H:%M})"


def _company(incident: Incident) -> str:
    alike = len(incident.labels) == 1
    return things(incident.labels, incident.count) if alike else f"{number(incident.count)} things"


def _sensitive(incident: Incident, surroundings: Surroundings) -> str:
    zones = [zone for zone in incident.zones if zone in surroundings.sensitive]
    return f"{listed(zones)}, {'a sensitive zone' if len(zones) == 1 else 'sensitive zones'}"


def _doors(passages: list[Passage], names: Mapping[str, str]) -> list[str]:
    return list(dict.fromkeys(names.get(passage.door, passage.door) for passage in passages))
