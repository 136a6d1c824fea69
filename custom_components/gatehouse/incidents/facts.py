"""What is told of an incident and of a day from the facts alone."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, tzinfo
from typing import Final

from ..models import Incident, IncidentState, Level, Passage, PassageKind
from .risk import LEVELS, level_of
from .wording import cards, clipped, listed, number, sentence, several, span, things, times, why

# What fits a notification, and what fits a morning.
LONGEST_FACTS: Final = 600
LONGEST_DIGEST: Final = 1400
LONGEST_LINE: Final = 160

MOST_PASSAGES: Final = 6
MOST_PLACES: Final = 4
MOST_WORST: Final = 5

PASSAGES: Final = {
    PassageKind.GRANTED: "{card} opened {door}",
    PassageKind.DENIED: "{card} was refused at {door}",
    PassageKind.FORCED: "{door} was forced open",
    PassageKind.HELD_OPEN: "{door} was held open",
    PassageKind.EXIT: "{who} was let out at {door}",
    PassageKind.TAMPER: "the reader at {door} was opened",
    PassageKind.TAILGATING: "perhaps more people than cards went through {door}",
}

DAYS_PASSAGES: Final = {
    PassageKind.GRANTED: "a card opened a door",
    PassageKind.DENIED: "a card was refused",
    PassageKind.FORCED: "a door was forced open",
    PassageKind.HELD_OPEN: "a door was held open",
    PassageKind.EXIT: "somebody was let out",
    PassageKind.TAMPER: "a reader was opened",
    PassageKind.TAILGATING: "perhaps more people than cards went through a door",
}


def facts(incident: Incident, names: Mapping[str, str], zone: tzinfo) -> str:
    """Return what happened in plain sentences; names are those of cameras and doors, by key.

    Who came, and who was let in, is told first: a telephone shows two lines.
    """
    happened = [
        *_sightings(incident, zone),
        *_passages(incident, names, zone),
        *_views(incident, names),
    ]
    if incident.state is IncidentState.INTERRUPTED:
        happened.append("we stopped looking before it was over")
    return clipped(" ".join(map(sentence, happened)), LONGEST_FACTS)


def digest(day: date, incidents: Sequence[Incident], names: Mapping[str, str], zone: tzinfo) -> str:
    """Return a day in some lines: how much happened where, and what was worst, worst first."""
    real = [incident for incident in incidents if not incident.false_alarm]
    lines = [
        _day(day, real, len(incidents) - len(real)),
        *_at_doors(passage for incident in real for passage in incident.passages),
        *(_line(incident, names, zone) for incident in _worst(real)[:MOST_WORST]),
    ]
    return clipped("\n".join(lines), LONGEST_DIGEST)


def risk_of(incident: Incident) -> int:
    """Return an incident's risk, none if nobody has assessed it."""
    return incident.assessment.risk if incident.assessment else 0


def _sightings(incident: Incident, zone: tzinfo) -> Iterator[str]:
    """Yield the sentence of what was seen, if anything was."""
    where = f"at {incident.place} {_when(incident, zone)}"
    if incident.labels:
        yield f"{things(incident.labels, incident.count)} {where}"
    elif not incident.passages:
        yield f"something was noticed {where}"


def _views(incident: Incident, names: Mapping[str, str]) -> Iterator[str]:
    """Yield the sentence of who saw it and in which zones, if that says more than the place."""
    if not incident.labels:
        return
    cameras = [names.get(camera, camera) for camera in incident.cameras]
    by = [f"by {listed(cameras)}"] if cameras not in ([], [incident.place]) else []
    within = [f"in {listed(incident.zones)}"] if incident.zones else []
    if by or within:
        yield f"seen {', '.join(by + within)}"


def _when(incident: Incident, zone: tzinfo) -> str:
    first, last = _clock(incident.started, zone), _clock(incident.last_seen, zone)
    lasted = span(incident.last_seen - incident.started)
    if incident.state is IncidentState.OPEN:
        return f"since {first}"
    return f"at {first}" if first == last else f"from {first} to {last} ({lasted})"


def _passages(incident: Incident, names: Mapping[str, str], zone: tzinfo) -> Iterator[str]:
    """Yield one sentence for each kind of passage, however often it came again."""
    alike: dict[tuple[PassageKind, str, str | None, str | None], list[Passage]] = {}
    for passage in sorted(incident.passages, key=lambda passage: passage.at):
        key = passage.kind, passage.door, passage.person, passage.reason
        alike.setdefault(key, []).append(passage)
    groups = list(alike.values())
    for group in groups[:MOST_PASSAGES]:
        yield _passage(incident, group, names, zone)
    if rest := sum(map(len, groups[MOST_PASSAGES:])):
        yield f"the doors were used {times(rest)} more"


def _passage(
    incident: Incident, group: Sequence[Passage], names: Mapping[str, str], zone: tzinfo
) -> str:
    first, last = group[0], group[-1]
    door = names.get(first.door, first.door)
    nobodys = "an unknown card" if first.kind is PassageKind.DENIED else "a card"
    told = PASSAGES[first.kind].format(
        card=cards([first], nobodys)[0],
        who=first.person or "somebody",
        # The place was just named.
        door="the door" if incident.labels and door == incident.place else door,
    )
    clocks = list(dict.fromkeys(_clock(passage.at, zone) for passage in (first, last)))
    when = f"at {clocks[0]}" if len(group) == 1 else f"{times(len(group))}, {_between(clocks)}"
    return f"{told} {when}" + (f" ({why(first)})" if why(first) else "")


def _between(clocks: Sequence[str]) -> str:
    return f"at {clocks[0]}" if len(clocks) == 1 else f"first at {clocks[0]}, last at {clocks[1]}"


def _day(day: date, real: Sequence[Incident], false_alarms: int) -> str:
    """Return the first line of a digest: how much happened, and where."""
    said = _how_much(Counter(incident.place for incident in real).most_common())
    if false_alarms:
        said += f"; {several('false alarm', false_alarms)}"
    return sentence(f"{day:%A} {day.day} {day:%B %Y}: {said}")


def _how_much(places: Sequence[tuple[str, int]]) -> str:
    if not places:
        return "a quiet day, no incidents"
    incidents = several("incident", sum(count for _, count in places))
    if len(places) == 1:
        return f"{incidents} at {places[0][0]}"
    shown = [f"{number(count)} at {place}" for place, count in places[:MOST_PLACES]]
    if rest := sum(count for _, count in places[MOST_PLACES:]):
        shown.append(f"{number(rest)} elsewhere")
    return f"{incidents}, {listed(shown)}"


def _at_doors(passages: Iterable[Passage]) -> list[str]:
    """Return the line of what happened at doors, if anything did."""
    kinds = Counter(passage.kind for passage in passages)
    told = [f"{DAYS_PASSAGES[kind]} {times(kinds[kind])}" for kind in PassageKind if kinds[kind]]
    return [sentence(listed(told))] if told else []


def _line(incident: Incident, names: Mapping[str, str], zone: tzinfo) -> str:
    head = f"{incident.started.astimezone(zone):%H:%M} {incident.place}"
    told = clipped(_account(incident, names, zone), LONGEST_LINE)
    return f"{head}, {level_of(risk_of(incident))} risk: {told}"


def _worst(incidents: Iterable[Incident]) -> list[Incident]:
    """Return the incidents that are more than low, the worst first and the earlier before."""
    notable = [incident for incident in incidents if risk_of(incident) >= LEVELS[Level.MEDIUM]]
    return sorted(notable, key=lambda incident: (-risk_of(incident), incident.started))


def _account(incident: Incident, names: Mapping[str, str], zone: tzinfo) -> str:
    """Return what is told of an incident: its summary if it has one, else its facts."""
    summary = incident.assessment.summary if incident.assessment else ""
    return summary or facts(incident, names, zone)


def _clock(moment: datetime, zone: tzinfo) -> str:
    return f"{moment.astimezone(zone):%H:%M:%S}"
