"""Attempts at doors as their agent tells of them, from JSON to nouns."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from . import wire
from .decoding import decoding, milliseconds_or_none, moment, text_or_none, whole, whole_or_none


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentPassage:
    """One attempt at a door in the agent's own words and by its own clock."""

    journal: str
    seq: int
    at: datetime
    door: str
    reader: str | None
    kind: wire.PassageKind
    authentication: str | None
    direction: str | None
    credential: str | None
    """The id of a credential, as the grants have it."""
    person: str | None
    """The id of a person, as the grants have it."""
    card: str | None
    """The first digits of the keyed hash of a card that the agent does not know."""
    reason: str | None
    warning: str | None
    latency: timedelta | None
    decided_by: str
    grants: int | None
    """The version of the grants that it was judged by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PassagePage:
    """A page of an agent's passages, the oldest first."""

    journal: str
    last: int
    """The number of the last passage that there is."""
    lost: int
    passages: tuple[AgentPassage, ...]
    until: int | None
    """The number of the last passage of this page, of whatever kind; None if it is empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PassageMade:
    """Somebody tried a door, or something was done to it."""

    passage: AgentPassage


@decoding()
def parse_passage(body: Mapping[str, Any]) -> AgentPassage | None:
    """Return a passage, None if it is of a kind that we do not know."""
    if body["kind"] not in wire.PassageKind:
        return None
    return AgentPassage(
        journal=str(body["journal"]),
        seq=whole(body["seq"]),
        at=moment(body["at"]),
        door=str(body["door"]),
        reader=text_or_none(body.get("reader")),
        kind=wire.PassageKind(body["kind"]),
        authentication=text_or_none(body.get("authentication")),
        direction=text_or_none(body.get("direction")),
        credential=text_or_none(body.get("credential")),
        person=text_or_none(body.get("person")),
        card=text_or_none(body.get("card")),
        reason=text_or_none(body.get("reason")),
        warning=text_or_none(body.get("warning")),
        latency=milliseconds_or_none(body.get("latency_ms")),
        decided_by=str(body.get("decided_by", wire.Decider.AGENT)),
        grants=whole_or_none(body.get("grants")),
    )


@decoding()
def parse_passages(body: Mapping[str, Any]) -> PassagePage:
    """Return a page of passages; those of kinds that we do not know are passed over."""
    rows = body["passages"]
    return PassagePage(
        journal=str(body["journal"]),
        last=whole(body["last"]),
        lost=whole(body.get("lost", 0)),
        passages=tuple(passage for row in rows if (passage := parse_passage(row))),
        until=whole(rows[-1]["seq"]) if rows else None,
    )
