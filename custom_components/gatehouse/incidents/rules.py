"""When somebody is there, what becomes an incident, when it is over, and what is recorded of it."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from ..models import AssessmentState, Detection, Group, Incident, IncidentState, Passage, Sighting
from .nouns import Case, IncidentOptions, Sign

# A recording about to end may be over before a wish to extend it arrives, so it is never asked
# for less than what lies between two wishes.
TOO_LATE: Final = timedelta(seconds=1)
SHORTEST_POST_ROLL: Final = timedelta(seconds=4)

# Who stands still is looked at more rarely; three of five frames still fit into the five seconds
# after which somebody is gone.
STILL_FPS: Final = 1.0

# A picture replaces the one that is shown when what it shows is so much larger or surer.
CLEARLY_BETTER: Final = 1.5

# The pictures that tell an incident without its clip: the best of each so long, four at most.
FRAME_EVERY: Final = timedelta(seconds=10)
MOST_FRAMES: Final = 4

# It takes seconds to be sure of somebody; who was there before that was no news then.
JUST_NOW: Final = timedelta(seconds=10)

LONGEST_RETRY: Final = timedelta(seconds=30)

# Nobody reads more of a door at which everybody comes and goes; a place of many doors is one.
MOST_OF_A_KIND: Final = 50

# What is found afterwards joins an incident; somebody who stays all day makes a new one of each
# quarter of an hour, as nobody reads a longer story.
LONGEST_STORY: Final = timedelta(minutes=15)


def group_of(camera: str, name: str, options: IncidentOptions) -> Group:
    """Return the group of a camera; one without is alone in its own."""
    for group in options.groups:
        if camera in group.cameras:
            return group
    return Group(id=camera, name=name, cameras=(camera,))


def group_of_door(door: str, name: str, options: IncidentOptions) -> Group:
    """Return the group of a door; one without is alone in its own."""
    for group in options.groups:
        if door in group.doors:
            return group
    return Group(id=door, name=name, doors=(door,))


def begun(identity: str, group: Group, at: datetime) -> Incident:
    """Return a new open incident in which nothing has happened yet."""
    return Incident(
        id=identity,
        group=group.id,
        place=group.name,
        state=IncidentState.OPEN,
        started=at,
        last_seen=at,
    )


def with_sign(incident: Incident, sign: Sign) -> Incident:
    """Return the incident with what a camera sees now."""
    names = (zone.name for zone in sign.zones)
    return replace(
        incident,
        started=min(incident.started, sign.since),
        last_seen=max(incident.last_seen, sign.captured),
        labels=tuple(sorted({*incident.labels, *(each.label for each in sign.shown)})),
        count=max(incident.count, len(sign.shown)),
        zones=tuple(dict.fromkeys((*incident.zones, *names))),
        sightings=_with_sighting(incident.sightings, sign),
    )


def with_passage(incident: Incident, passage: Passage) -> Incident:
    """Return the incident with what happened at a door; twice the same is once.

    It goes on with each passage, but names only so many of a kind; the log has them all.
    """
    if any(known.id == passage.id for known in incident.passages):
        return incident
    alike = sum(known.kind is passage.kind for known in incident.passages)
    named = (passage,) if alike < MOST_OF_A_KIND else ()
    return replace(
        incident,
        started=min(incident.started, passage.at),
        last_seen=max(incident.last_seen, passage.at),
        passages=(*incident.passages, *named),
    )


def is_over(case: Case, *, now: float, options: IncidentOptions) -> bool:
    """Return whether an incident has been silent, or open, for long enough."""
    silent = now - case.heard >= options.idle.total_seconds()
    return silent or now - case.opened >= options.window.total_seconds()


def goes_on(incident: Incident, sign: Sign, options: IncidentOptions) -> bool:
    """Return whether what is found afterwards belongs to an incident that was found so too."""
    return _goes_on(incident, sign.since, sign.captured, options)


def belongs(passage: Passage, incident: Incident, options: IncidentOptions) -> bool:
    """Return whether what is told of a door afterwards belongs to an incident found so too."""
    return _goes_on(incident, passage.at, passage.at, options)


def is_told(incident: Incident, sign: Sign) -> bool:
    """Return whether somebody who is found afterwards was seen at that moment already."""
    over = incident.ended if incident.state is not IncidentState.OPEN else None
    is_before = over is None or sign.captured <= over
    return not incident.replayed and is_before and incident.started - JUST_NOW <= sign.captured


def is_late(passage: Passage, now: datetime, options: IncidentOptions) -> bool:
    """Return whether somebody tells of what happened long ago, which is no sign of now."""
    return abs(now - passage.at) >= options.window


def ended(
    incident: Incident, state: IncidentState, silence: timedelta, options: IncidentOptions
) -> Incident:
    """Return the incident as it ended, so long after its last sign."""
    latest = min(incident.last_seen + silence, incident.started + options.window)
    asked = AssessmentState.PENDING if options.ask_model else AssessmentState.NONE
    over = max(incident.last_seen, latest)
    return replace(incident, state=state, ended=over, assessing=asked)


def since_of(firsts: Iterable[datetime], captured: datetime) -> datetime:
    """Return when what a picture shows began, as far as that is news and no clock was set."""
    return min(max(min(firsts), captured - JUST_NOW), captured)


def pace(moving: bool, options: IncidentOptions) -> float:
    """Return how many pictures a second are worth reading."""
    return options.fps if moving else min(STILL_FPS, options.fps)


def retry_delay(failures: int, first: timedelta) -> timedelta:
    """Return how long to rest after so many failures in a row."""
    return min(first * (1 << min(failures - 1, 16)), LONGEST_RETRY)


def merit(found: tuple[Detection, ...]) -> float:
    """Return how well a frame shows somebody: the best of score times area."""
    return max((_merit(each) for each in found), default=0.0)


def spans(incident: Incident, group: Group) -> dict[str, tuple[datetime, datetime]]:
    """Return from when to when each camera is worth recording.

    The cameras of a door's group are recorded when somebody is at the door, seen or not.
    """
    found = {each.camera: (each.first, each.last) for each in incident.sightings}
    at = [passage.at for passage in incident.passages]
    if at:
        for camera in group.cameras:
            first, last = found.get(camera, (at[0], at[0]))
            found[camera] = (min(first, *at), max(last, *at))
    return found


def next_recording(
    span: tuple[datetime, datetime], asked: datetime | None, options: IncidentOptions
) -> tuple[datetime, datetime] | None:
    """Return from when to when to ask for a recording, None if the last one goes on.

    Somebody who returns after it has ended begins another.
    """
    first, last = span
    since = first - options.pre_roll
    if asked is not None:
        if last <= asked - TOO_LATE:
            return None
        since = max(asked, last - options.pre_roll)
    until = recording_end(span, options)
    return (since, until) if since < until else None


def recording_end(span: tuple[datetime, datetime], options: IncidentOptions) -> datetime:
    """Return until when a camera is to be recorded, as far as is known now."""
    first, last = span
    longest = first - options.pre_roll + options.longest
    return min(last + max(options.post_roll, SHORTEST_POST_ROLL), longest)


def frame_slot(incident: Incident, captured: datetime) -> int:
    """Return in which stretch of an incident a picture lies; each gives one frame at most."""
    return (captured - incident.started) // FRAME_EVERY


def _with_sighting(sightings: tuple[Sighting, ...], sign: Sign) -> tuple[Sighting, ...]:
    best = max(sign.shown, key=_merit)
    for place, known in enumerate(sightings):
        if known.camera == sign.camera:
            better = replace(
                known,
                first=min(known.first, sign.since),
                last=max(known.last, sign.captured),
                best=max(known.best, best, key=_merit),
            )
            return (*sightings[:place], better, *sightings[place + 1 :])
    new = Sighting(camera=sign.camera, first=sign.since, last=sign.captured, best=best)
    return (*sightings, new)


def _merit(detection: Detection) -> float:
    box = detection.box
    return detection.score * (box.right - box.left) * (box.bottom - box.top)


def _goes_on(
    incident: Incident, since: datetime, until: datetime, options: IncidentOptions
) -> bool:
    begins, ends = incident.started - options.idle, incident.last_seen + options.idle
    near = begins < until and since < ends
    return incident.replayed and near and abs(since - incident.started) <= LONGEST_STORY
