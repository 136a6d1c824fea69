"""What there is to tell of an incident, and when somebody is notified of it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from ..models import Incident, IncidentState, Level
from .nouns import IncidentOptions

# How often a row and a recording follow an open incident: well below the shortest post-roll.
REFRESH: Final = timedelta(seconds=2)


class NewsKind(StrEnum):
    """What became of an incident; recorded means that a clip of it can be played.

    Replayed: it was found afterwards, or has grown then, and is news for lists and nobody else.
    """

    CONFIRMED = "confirmed"
    UPDATED = "updated"
    RECORDED = "recorded"
    CLOSED = "closed"
    INTERRUPTED = "interrupted"
    REPLAYED = "replayed"


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentNews:
    """An incident, what just became of it, and whether somebody is to be notified of that."""

    kind: NewsKind
    incident: Incident
    due: bool = False
    assessed: bool = False
    """Whether it is that a language model has judged."""

    @property
    def is_live(self) -> bool:
        """Whether it is of something that happens now, or just did."""
        return not self.incident.replayed


def news_between(before: Incident | None, now: Incident, retouched: bool) -> list[NewsKind]:
    """Return what there is to tell between what was written last and now, in order.

    Retouched is an incident that has another picture, perhaps under the same name.
    """
    kinds = []
    if before is None:
        kinds.append(NewsKind.CONFIRMED)
    if now.state is not IncidentState.OPEN and not (before and before.state is now.state):
        kinds.append(NewsKind(now.state))
    if before and not kinds and (retouched or _gist(before) != _gist(now)):
        kinds.append(NewsKind.UPDATED)
    return kinds


def is_worth_writing(before: Incident | None, now: Incident) -> bool:
    """Return whether a row should follow though there is no news: time has passed."""
    return before is not None and now.last_seen - before.last_seen >= REFRESH


def is_due(
    incident: Incident, last: Incident | None, *, now: datetime, options: IncidentOptions
) -> bool:
    """Return whether somebody is to be notified of an incident; last is the group's last such.

    Once is enough, and the cooldown holds back another, but never one that is worse.
    """
    if incident.notified or incident.false_alarm:
        return False
    if last is None or last.notified is None:
        return True
    # A notification from the future comes from a clock that was set back since.
    rested = not timedelta() <= now - last.notified < options.cooldown
    return rested or severity(incident) > severity(last)


def severity(incident: Incident) -> int:
    """Return how bad an incident is, as a number to compare levels by."""
    return list(Level).index(incident.assessment.level) if incident.assessment else 0


def _gist(incident: Incident) -> tuple[object, ...]:
    return (
        incident.labels,
        incident.count,
        incident.cameras,
        incident.zones,
        incident.passages,
        incident.picture,
        _risk(incident),
    )


def _risk(incident: Incident) -> int:
    return incident.assessment.risk if incident.assessment else 0
