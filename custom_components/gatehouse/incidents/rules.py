"""When somebody is there, when an incident is over, and how bad it is."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, tzinfo
from enum import StrEnum
from typing import Final

from ..models import Assessment, Detection, Incident, IncidentState, Level

# People turn, bend down and pass behind things; after this long they have left.
GONE_AFTER: Final = timedelta(seconds=5)

# How often a row and a recording follow an open incident: well below the shortest post-roll.
REFRESH: Final = timedelta(seconds=2)

# A recording about to end may be over before a wish to extend it arrives, so it is never asked
# for less than what lies between two wishes.
TOO_LATE: Final = timedelta(seconds=1)
SHORTEST_POST_ROLL: Final = timedelta(seconds=4)

# Who stands still is looked at more rarely; three of five frames still fit into GONE_AFTER.
STILL_FPS: Final = 1.0

# A picture replaces the one that is shown when what it shows is so much larger or surer.
CLEARLY_BETTER: Final = 1.5

LONGEST_RETRY: Final = timedelta(seconds=30)

LEVELS: Final = {Level.LOW: 0, Level.MEDIUM: 30, Level.HIGH: 60, Level.CRITICAL: 85}
"""The least risk of each level."""

# The points of a risk. Together they are 100 at most; a person by day who walks past is low,
# the same at night is medium, whoever stays through the night with company is critical.
SEEN_POINTS: Final = {"person": 20}
OTHER_POINTS: Final = 10
COMPANY_POINTS: Final = {3: 25, 2: 15}
STAY_POINTS: Final = {60: 25, 30: 15, 10: 5}
NIGHT_POINTS: Final = 30
NIGHT_BEGINS: Final = 22
NIGHT_ENDS: Final = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentOptions:
    """What counts as a sign, how many confirm, and how long an incident and its footage last."""

    labels: frozenset[str] = frozenset({"person"})
    needed: int = 3
    of: int = 5
    """So many of the last so many frames must show somebody before anybody is told."""
    window: timedelta = timedelta(seconds=90)
    idle: timedelta = timedelta(seconds=30)
    pre_roll: timedelta = timedelta(seconds=5)
    post_roll: timedelta = timedelta(seconds=5)
    longest: timedelta = timedelta(seconds=120)
    fps: float = 5.0
    zone: tzinfo = UTC
    """Where it is night."""
    tick: timedelta = timedelta(seconds=1)
    """How often the clock is looked at between pictures, and the first pause after a failure."""

    def __post_init__(self) -> None:
        """Refuse numbers with which nobody would ever be confirmed."""
        if not 1 <= self.needed <= self.of:
            raise ValueError(f"{self.needed} of {self.of} frames can never confirm anybody")


@dataclass(frozen=True, slots=True, kw_only=True)
class Presence:
    """Whether somebody is there now, and how many."""

    present: bool
    count: int


class NewsKind(StrEnum):
    """What became of an incident; a dropped one was never confirmed and is forgotten."""

    OPENED = "opened"
    CONFIRMED = "confirmed"
    UPDATED = "updated"
    CLOSED = "closed"
    INTERRUPTED = "interrupted"
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentNews:
    """An incident, and what just became of it."""

    kind: NewsKind
    incident: Incident


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What one camera shows.

    Silence and duration are measured by our own steady clock (seconds, any origin), the incident's
    moments are the agent's: how far apart the two clocks are makes no difference.
    """

    counts: tuple[int, ...] = ()
    """How many objects the last frames showed, oldest first."""
    presence: Presence = Presence(present=False, count=0)
    incident: Incident | None = None
    opened: float = 0.0
    """When the incident's first sign reached us."""
    heard: float = 0.0
    """When the last sign reached us."""


def looked(
    scene: Scene,
    found: tuple[Detection, ...],
    captured: datetime,
    *,
    now: float,
    blank: Incident,
    options: IncidentOptions,
) -> Scene:
    """Return the scene after one more frame; blank is the incident that a first sign opens."""
    counts = (*scene.counts, len(found))[-options.of :]
    agreed = agreed_count(counts, options.needed)
    heard = now if found else scene.heard
    there = scene.presence.present and not is_gone(counts, now - heard, options)
    there = there or bool(found and agreed)
    incident = scene.incident
    if found:
        incident = _joined(incident or blank, found, captured, agreed)
    if incident and there:
        incident = replace(incident, confirmed=incident.confirmed or captured)
        incident = assessed(incident, options)
    return Scene(
        counts=counts,
        presence=Presence(present=there, count=max(agreed, 1) if there else 0),
        incident=incident,
        opened=scene.opened if scene.incident else now,
        heard=heard,
    )


def agreed_count(counts: tuple[int, ...], needed: int) -> int:
    """Return how many objects so many of the frames agree on, at least."""
    ranked = sorted(counts, reverse=True)
    return ranked[needed - 1] if len(ranked) >= needed else 0


def is_gone(counts: tuple[int, ...], silence: float, options: IncidentOptions) -> bool:
    """Return whether whoever was there has left: long enough unseen, and in enough frames."""
    return silence >= GONE_AFTER.total_seconds() and not any(counts[-options.needed :])


def is_over(
    scene: Scene, *, now: float, captured: datetime | None, options: IncidentOptions
) -> bool:
    """Return whether the open incident ends before a picture captured then; None if none came.

    One that nobody confirmed ends as soon as its doubtful object is gone. A picture from before
    the first sign, or from after the window, says that the agent's clock was set.
    """
    incident = scene.incident
    silence = now - scene.heard
    if incident is None or silence >= options.idle.total_seconds():
        return silence >= options.idle.total_seconds()
    if incident.confirmed is None and is_gone(scene.counts, silence, options):
        return True
    if now - scene.opened >= options.window.total_seconds():
        return True
    return captured is not None and not timedelta() <= captured - incident.started < options.window


def closed(
    incident: Incident, state: IncidentState, silence: timedelta, options: IncidentOptions
) -> Incident:
    """Return the incident as it ended, so long after its last sign."""
    ended = max(
        incident.last_seen, min(incident.last_seen + silence, incident.started + options.window)
    )
    incident = replace(incident, state=state, ended=ended)
    return assessed(incident, options) if incident.confirmed else incident


def after(scene: Scene, *, now: float) -> Scene:
    """Return the scene when its incident has ended: who was seen just now is still there."""
    if now - scene.heard >= GONE_AFTER.total_seconds():
        return Scene()
    return replace(scene, incident=None)


def pace(moving: bool, options: IncidentOptions) -> float:
    """Return how many pictures a second are worth reading."""
    return options.fps if moving else min(STILL_FPS, options.fps)


def retry_delay(failures: int, first: timedelta) -> timedelta:
    """Return how long to rest after so many failures in a row."""
    return min(first * (1 << min(failures - 1, 16)), LONGEST_RETRY)


def merit(found: tuple[Detection, ...]) -> float:
    """Return how well a frame shows somebody: the best of score times area."""
    return max((each.score * _area(each) for each in found), default=0.0)


def next_recording(
    incident: Incident, asked: datetime | None, options: IncidentOptions
) -> tuple[datetime, datetime] | None:
    """Return the span of a recording to ask for, None if the one asked for until then goes on.

    Somebody who returns after it has ended begins another.
    """
    since = incident.started - options.pre_roll
    if asked is not None:
        if incident.last_seen <= asked - TOO_LATE:
            return None
        since = max(asked, incident.last_seen - options.pre_roll)
    until = recording_end(incident, options)
    return (since, until) if since < until else None


def recording_end(incident: Incident, options: IncidentOptions) -> datetime:
    """Return until when an incident is to be recorded, as far as is known now."""
    longest = incident.started - options.pre_roll + options.longest
    return min(incident.last_seen + max(options.post_roll, SHORTEST_POST_ROLL), longest)


def news_between(before: Incident | None, now: Incident) -> list[NewsKind]:
    """Return what there is to tell between what was written last and now, in order."""
    kinds = []
    if before is None:
        kinds.append(NewsKind.OPENED)
    if now.confirmed and not (before and before.confirmed):
        kinds.append(NewsKind.CONFIRMED)
    if now.state is not IncidentState.OPEN and not (before and before.state is now.state):
        kinds.append(NewsKind(now.state))
    if before and not kinds and _gist(before) != _gist(now):
        kinds.append(NewsKind.UPDATED)
    return kinds


def is_worth_writing(before: Incident | None, now: Incident) -> bool:
    """Return whether a row should follow though there is no news: time has passed."""
    return before is not None and now.last_seen - before.last_seen >= REFRESH


def assessed(incident: Incident, options: IncidentOptions) -> Incident:
    """Return the incident with its risk by rule."""
    return replace(incident, assessment=assess(incident, incident.started.astimezone(options.zone)))


def assess(incident: Incident, local: datetime) -> Assessment:
    """Return the risk of an incident that began at this local time, and why."""
    points = [
        _points_for_what(incident.labels),
        _points_for_company(incident.count, incident.labels),
        _points_for_staying(incident.last_seen - incident.started),
        _points_for_the_hour(local),
    ]
    risk = sum(each for each, _ in points)
    return Assessment(
        risk=risk,
        level=max((level for level in LEVELS if risk >= LEVELS[level]), key=LEVELS.__getitem__),
        reasons=tuple(reason for each, reason in points if each),
    )


def _joined(
    incident: Incident, found: tuple[Detection, ...], captured: datetime, agreed: int
) -> Incident:
    return replace(
        incident,
        last_seen=max(incident.last_seen, captured),
        labels=tuple(sorted({*incident.labels, *(each.label for each in found)})),
        count=max(incident.count, agreed, 1),
        score=max(incident.score, *(each.score for each in found)),
    )


def _area(detection: Detection) -> float:
    box = detection.box
    return (box.right - box.left) * (box.bottom - box.top)


def _gist(incident: Incident) -> tuple[object, ...]:
    risk = incident.assessment.risk if incident.assessment else None
    return incident.labels, incident.count, incident.picture, risk


def _points_for_what(labels: tuple[str, ...]) -> tuple[int, str]:
    label = max(labels, key=lambda label: SEEN_POINTS.get(label, OTHER_POINTS), default="")
    article = "An" if label[:1] in "aeiou" else "A"
    points = SEEN_POINTS.get(label, OTHER_POINTS) if label else 0
    return points, f"{article} {label} was seen"


def _points_for_company(count: int, labels: tuple[str, ...]) -> tuple[int, str]:
    points = next((COMPANY_POINTS[least] for least in COMPANY_POINTS if count >= least), 0)
    return points, f"{count} people at once" if labels == ("person",) else f"{count} at once"


def _points_for_staying(stay: timedelta) -> tuple[int, str]:
    seconds = int(stay.total_seconds())
    points = next((STAY_POINTS[least] for least in STAY_POINTS if seconds >= least), 0)
    return points, f"stayed {seconds} s"


def _points_for_the_hour(local: datetime) -> tuple[int, str]:
    by_night = not NIGHT_ENDS <= local.hour < NIGHT_BEGINS
    return (NIGHT_POINTS if by_night else 0), f"at night ({local:%H:%M})"
