"""One place: what its cameras see and its doors hear at one time is one incident."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final
from uuid import uuid4

from ..models import Assessment, Group, Incident, IncidentState, Passage
from ..vision import Sight
from .facts import facts
from .house import House, surroundings_of_then
from .journal import Journal
from .nouns import Case, IncidentOptions, Sign
from .pictures import DOUBT
from .risk import AlarmState, Surroundings, assess
from .rules import begun, ended, is_late, is_over, with_passage, with_sign

# Uploads of a visit come together; those of an hour ago may come with them, when a camera or a
# folder was away, or a clock was set.
APART: Final = timedelta(minutes=15)


class Place:
    """A camera group and its open incident, of which there is one at most."""

    def __init__(
        self,
        group: Group,
        journal: Journal,
        options: IncidentOptions,
        house: House,
    ) -> None:
        """Nothing has happened."""
        self._group = group
        self._journal = journal
        self._options = options
        self._house = house
        self._case: Case | None = None
        self._over: datetime | None = None
        self._zero = self._now_zero()
        self._surroundings = Surroundings()
        self._watches: dict[str, Callable[[], None]] = {}

    def attend(self, camera: str, settle: Callable[[], None]) -> None:
        """Know that a camera looks, and have its watch told when an incident has run its time."""
        self._watches[camera] = settle

    def leave(self, camera: str) -> None:
        """Do without a camera: an incident that nobody looks at any more is interrupted."""
        self._watches.pop(camera, None)
        cameras = self._case.incident.cameras if self._case else ()
        if self._case and cameras and self._watches.keys().isdisjoint(cameras):
            self._end(self._case, IncidentState.INTERRUPTED)

    def involves(self, camera: str) -> bool:
        """Return whether a camera has a reason to look: what is open, or somebody at a door."""
        if self._case is None:
            return False
        incident = self._case.incident
        at_the_door = bool(incident.passages) and camera in self._group.cameras
        return at_the_door or camera in incident.cameras

    def sign(self, sign: Sign, sight: Sight) -> None:
        """Take what a camera sees; it may open an incident."""
        sign = self._after_the_last(sign)
        case = self._case or self._opened(sign.captured, sign.since)
        sensitive = {zone.name for zone in sign.zones if zone.sensitive}
        self._surroundings = replace(
            self._surroundings, sensitive=self._surroundings.sensitive | sensitive
        )
        self._take(case, with_sign(case.incident, sign))
        self._journal.keep(case.incident.id, sign.camera, sight)

    def passage(self, passage: Passage) -> str | None:
        """Take what happened at a door, which may open an incident, and return the incident's id.

        What happened long ago is no part of what happens now: None.
        """
        if is_late(passage, self._house.now(), self._options):
            return None
        self._close_if_set()
        case = self._case or self._opened(passage.at, passage.at)
        incident = with_passage(case.incident, passage)
        if incident != case.incident:  # told twice, it is no new sign
            self._take(case, incident)
        return incident.id

    def settle(self) -> None:
        """Close the incident if its time is over; leave it to the journal if not."""
        self._close_if_set()
        if self._case is None:
            return
        if not is_over(self._case, now=self._house.clock(), options=self._options):
            self._journal.note(self._case.incident, self._group)
            return
        self._close(self._case)

    def part(self, moment: datetime) -> None:
        """Close the incident if it is of another time than what comes now, late."""
        if self._case is None:
            return
        since, until = self._case.incident.started, self._case.incident.last_seen
        if not since - APART <= moment <= until + APART:
            self._close(self._case)

    def interrupt(self) -> None:
        """End what is open, because nobody looks any more."""
        if self._case:
            self._end(self._case, IncidentState.INTERRUPTED)

    def _after_the_last(self, sign: Sign) -> Sign:
        """Return the sign as of what is news: somebody may have come before the last was over."""
        over = self._over
        if over is None or not sign.since < over <= sign.captured:
            return sign
        return replace(sign, since=over)

    def _close(self, case: Case) -> None:
        self._end(case, IncidentState.CLOSED)
        for settle in tuple(self._watches.values()):
            settle()

    def _close_if_set(self) -> None:
        """Close the incident if the site's clock was set: it has the moments of one clock only.

        Whoever still is there begins another.
        """
        before, self._zero = self._zero, self._now_zero()
        if self._case and abs(self._zero - before) > DOUBT:
            self._end(self._case, IncidentState.CLOSED)

    def _now_zero(self) -> datetime:
        """Return what the site's clock showed when the one that is never set was at zero."""
        return self._house.now() - timedelta(seconds=self._house.clock())

    def _opened(self, moment: datetime, since: datetime) -> Case:
        self._surroundings = self._house.surroundings()
        heard = self._house.clock()
        opened = heard - (moment - since).total_seconds()
        return Case(incident=begun(uuid4().hex, self._group, since), opened=opened, heard=heard)

    def _take(self, case: Case, incident: Incident) -> None:
        incident = self._assessed(incident)
        self._case = replace(case, incident=incident, heard=self._house.clock())
        self._journal.note(incident, self._group)

    def _end(self, case: Case, state: IncidentState) -> None:
        silence = timedelta(seconds=self._house.clock() - case.heard)
        incident = self._assessed(ended(case.incident, state, silence, self._options))
        self._case, self._over = None, incident.ended
        self._journal.note(incident, self._group)

    def _assessed(self, incident: Incident) -> Incident:
        """Return the incident with its risk and its facts; an alarm that went off stays so."""
        before, now = self._surroundings.alarm, self._house.surroundings().alarm
        self._surroundings = replace(self._surroundings, alarm=_worse(before, now))
        assessment = assess(incident, self._surroundings, self._house.camera_names())
        return told(incident, assessment, self._house)


def remembered(
    incident: Incident, house: House, sensitive: frozenset[str] = frozenset()
) -> Incident:
    """Return an incident of long ago with its risk and its facts; some zones are sensitive."""
    around = replace(surroundings_of_then(house), sensitive=sensitive)
    return told(incident, assess(incident, around, house.camera_names()), house)


def told(incident: Incident, assessment: Assessment | None, house: House) -> Incident:
    """Return the incident with its assessment by rule, and with its facts as the summary."""
    summary = facts(incident, house.camera_names(), house.surroundings().zone)
    return replace(incident, assessment=assessment and replace(assessment, summary=summary))


def _worse(one: AlarmState | None, other: AlarmState | None) -> AlarmState | None:
    known = [state for state in (one, other) if state is not None]
    return max(known, key=list(AlarmState).index, default=None)
