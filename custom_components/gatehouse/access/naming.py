"""An agent's words for a passage as the site's."""

from datetime import timedelta

from ..agent import AgentPassage, Authentication
from ..models import Passage, PassageKind
from .log import Entry
from .people import Policy, door_key


def entry_of(
    agent: str, passage: AgentPassage, policy: Policy, ahead: timedelta, *, replayed: bool
) -> Entry:
    """Return a passage for the log, by the site's clock and with the names of now."""
    credential = policy.credentials.get(passage.credential or "")
    return Entry(
        passage=Passage(
            id=passage_id(agent, passage.journal, passage.seq),
            door=door_key(agent, passage.door),
            kind=PassageKind(passage.kind.value),
            at=passage.at - ahead,
            person=_name(passage, policy),
            reason=passage.reason,
            reader=passage.reader,
            holder=passage.person,
            credential=None if credential is None else credential.name,
            card=passage.card,
            authentication=passage.authentication,
            direction=passage.direction,
            latency=passage.latency,
            decided_by=passage.decided_by,
            warning=passage.warning,
            replayed=replayed,
        ),
        credential=passage.credential,
        decider=agent,
    )


def parted(door: str) -> tuple[str | None, str]:
    """Return the agent of a door by the door's key, None if it has none, and its own id there."""
    agent, is_one, own = door.partition(door_key("", ""))
    return (agent, own) if is_one and agent else (None, door)


def passage_id(agent: str, journal: str, seq: int) -> str:
    """Return the id of a passage, by which the site knows it again."""
    return f"{agent}-{journal}-{seq}"


def _name(passage: AgentPassage, policy: Policy) -> str | None:
    """Return what people call who it was; who unlocks from afar may be called by name."""
    if person := policy.people.get(passage.person or ""):
        return person.name
    return passage.person if passage.authentication == Authentication.APP else None
