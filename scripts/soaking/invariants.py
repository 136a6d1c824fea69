"""What must hold whatever goes wrong: each takes what was seen, and says where it was broken."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from operator import attrgetter
from typing import Final

from .clocks import CLOCKS, CLOCKS_S, may_have_struck
from .doubles import nothing_is_doubled
from .evidence import Evidence
from .film import STAY
from .ledger import Answer, Ledger, Sighting, What
from .place import CAMERAS, own_place
from .schedule import DETECTOR, HOME, Kind
from .steadiness import loops_are_never_late, memory_and_descriptors_are_flat

# What may cost a visit its incident, or make two of it; slow, full and locked disks may not.
BLINDING: Final = CLOCKS | {Kind.KILL, Kind.CUT, Kind.NONSENSE, Kind.BROKEN}

# What follows the last sight of somebody until his incident is over, and the next begins.
VISIT_ENDS_S: Final = 4.0

# So long an incident may be open here, and so old may be what a door tells late of it.
LONGEST_S: Final = 60.0 + 60.0 + 15.0

# What may cost a recording. Of Home Assistant's own clock, which is set, no agent knows anything.
OVERTAKING: Final = {
    *((kind, "agent") for kind in (*CLOCKS, Kind.KILL, Kind.CUT, Kind.FULL_DISK)),
    *((kind, HOME) for kind in (Kind.KILL, Kind.LOCKED, Kind.FULL_DISK)),
}
TRIED_S: Final = 40.0
INCIDENT_ENDS_S: Final = 12.0
# Who comes just before everything is read may not be in a row yet.
SEEN_S: Final = 10.0
# Nobody at a door waits for a disk: a passage is told before its row is there.
WRITTEN_S: Final = 2.0
SURE: Final = 6  # sightings, of which two are needed
# Footage of an absence is looked at as fast as can be; who is there may only come a bit late.
HURRY: Final = 1.5

type Invariant = Callable[[Ledger, Evidence], Iterator[str]]


def nothing_announced_is_lost(ledger: Ledger, evidence: Evidence) -> Iterator[str]:
    """What was announced is there in the end, and can be read."""
    until, incidents = evidence.read - WRITTEN_S, {row.id for row in evidence.incidents}
    for each in ledger.said(What.INCIDENT, until):
        if each.id not in incidents:
            yield f"the incident {each.id}, announced as {each.about}, has no row"
    yield from _lost_passages(ledger, evidence)
    clips = {row.id: row for row in evidence.clips}
    for each in ledger.said(What.FOOTAGE, until):
        clip = clips.get(each.id)
        if clip is None or clip.stage == "failed":
            yield f"the clip {each.id} of {each.about} was ready, and is {clip and clip.error}"
        elif clip.stage == "expired" and not _made_room(ledger):
            yield f"the clip {each.id} of {each.about} was ready, and has expired"
        elif clip.unplayable:
            yield f"the clip {each.id} of {each.about} does not play: {clip.unplayable}"
    for each in ledger.said(What.OBJECT, until):
        clip = clips.get(each.about)
        kept = evidence.objects.get(each.id)
        if kept is None or (clip and clip.size not in {None, kept.size}):
            size = "missing" if kept is None else f"{kept.size} bytes"
            yield f"{each.id} was off-site, and is {size}"


def nothing_written_down_is_lost(ledger: Ledger, evidence: Evidence) -> Iterator[str]:
    """What an agent wrote down of its door is in Home Assistant's access log."""
    known = Counter(row.id for row in evidence.passages)
    seen = {row: str(shown.answer) for shown in ledger.shown for row in shown.rows}
    for name, kind in {**seen, **evidence.journal}.items():
        if known[name] != 1:
            yield f"the passage {name} ({kind}) is in the access log {known[name]} times"


def each_visit_is_an_incident(ledger: Ledger, evidence: Evidence) -> Iterator[str]:
    """Somebody whom the detector was shown for long enough, with nothing wrong, is one incident."""
    for camera, since, until in visits(ledger.sightings):
        place = own_place(camera)
        around = since - 15, until + INCIDENT_ENDS_S + 5
        concerned = {f"agent{camera // CAMERAS}", HOME, DETECTOR}
        if place is None or not ledger.is_calm(*around, BLINDING, concerned):
            continue
        if until > evidence.read - SEEN_S:
            continue
        found = [
            row
            for row in evidence.incidents
            if row.place == place
            and row.started < until + CLOCKS_S
            and row.last_seen > since - CLOCKS_S
        ]
        if len(found) != 1:
            names = ", ".join(row.id for row in found) or "none"
            yield f"the visit at camera {camera}, {since:.1f} to {until:.1f}, is {names}"


def nothing_ends_before_it_begins(ledger: Ledger, evidence: Evidence) -> Iterator[str]:
    """No clip and no incident ends before its beginning, or lasts longer than it was there."""
    del ledger
    for row in evidence.incidents:
        ended = row.last_seen if row.ended is None else row.ended
        longest = LONGEST_S if not row.replayed else float("inf")
        if not row.started <= row.last_seen <= ended <= row.started + longest:
            times = f"{row.started:.1f}, {row.last_seen:.1f}, {ended:.1f}"
            yield f"the incident {row.id} of {row.place} began, was seen last, and ended at {times}"
    for clip in evidence.clips:
        if clip.until < clip.since:
            yield f"the clip {clip.id} of {clip.camera} is of {clip.since:.1f} to {clip.until:.1f}"


def no_footage_is_given_up(ledger: Ledger, evidence: Evidence) -> Iterator[str]:
    """What an agent was asked for comes, unless it was not there or had another time."""
    for clip in evidence.clips:
        name, _, _ = clip.camera.partition("/")
        if clip.stage != "failed" or not name.startswith("soak"):
            continue
        who = {name.replace("soak", "agent"): "agent", HOME: HOME}
        span = clip.since - TRIED_S, clip.until + TRIED_S
        if not any(
            (trouble.kind, who.get(trouble.target)) in OVERTAKING and may_have_struck(trouble, span)
            for trouble in ledger.troubles
        ):
            yield f"the clip {clip.id} of {clip.camera}, {clip.since:.1f}, is lost: {clip.error}"


def nobody_enters_after_revocation(ledger: Ledger, evidence: Evidence) -> Iterator[str]:
    """A card that all agents confirmed to be revoked opens nothing any more."""
    del evidence
    revoked = {each.card: each.at for each in ledger.revoked}
    for shown in ledger.shown:
        if shown.answer is Answer.GRANTED and shown.at > revoked.get(shown.card, shown.at):
            after = shown.at - revoked[shown.card]
            yield f"{shown.card} was let in by {shown.door} {after:.1f} s after it was revoked"


def every_card_is_answered(ledger: Ledger, evidence: Evidence) -> Iterator[str]:
    """An agent that is there says something to every card, whoever else is away."""
    del evidence
    for shown in ledger.shown:
        if shown.answer is None and not shown.excuse:
            yield f"{shown.card} got no answer at {shown.door}, {shown.reader}, {shown.at:.1f}"


def nothing_ends_by_itself(ledger: Ledger, evidence: Evidence) -> Iterator[str]:
    """A program that was not killed goes on."""
    del evidence
    yield from ledger.fallen.values()


INVARIANTS: Final[tuple[Invariant, ...]] = (
    nothing_announced_is_lost,
    nothing_written_down_is_lost,
    nothing_is_doubled,
    each_visit_is_an_incident,
    nothing_ends_before_it_begins,
    no_footage_is_given_up,
    nobody_enters_after_revocation,
    every_card_is_answered,
    nothing_ends_by_itself,
    memory_and_descriptors_are_flat,
    loops_are_never_late,
)


def _lost_passages(ledger: Ledger, evidence: Evidence) -> Iterator[str]:
    moments = [row.at for row in evidence.passages]
    for each in ledger.said(What.PASSAGE, evidence.read - WRITTEN_S):
        if not any(abs(moment - each.at) < CLOCKS_S for moment in moments):
            yield f"the passage {each.id}, announced as {each.about}, has no row"


def _made_room(ledger: Ledger) -> bool:
    """Whether clips had to make room: on a full disk the oldest go."""
    return any(each.kind is Kind.FULL_DISK and each.target == HOME for each in ledger.troubles)


def visits(sightings: Iterable[Sighting]) -> Iterator[tuple[int, float, float]]:
    """Return who was seen for long enough where, from when to when."""
    visit: list[Sighting] = []
    for each in sorted(sightings, key=attrgetter("camera", "at")):
        if visit and (each.camera != visit[-1].camera or each.at > visit[-1].at + VISIT_ENDS_S):
            yield from _visit(visit)
            visit = []
        visit.append(each)
    yield from _visit(visit)


def _visit(visit: list[Sighting]) -> Iterator[tuple[int, float, float]]:
    """Return a visit unless it was too short, or was looked at again in the footage of it."""
    if len(visit) < SURE:
        return
    since, until = visit[0].at, visit[-1].at
    walked = [each.walked for each in visit]
    if max(walked) - min(walked) <= HURRY * (until - since) / STAY[1]:
        yield visit[0].camera, since, until
