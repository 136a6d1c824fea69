"""A passage as the values of its row in the access log, and back."""

from datetime import timedelta
from typing import Any, Final

from sqlalchemy import BigInteger, Column, Integer, RowMapping, Table, Text

from ..database import Moment, metadata
from ..models import Passage, PassageKind
from .rows import MICROSECOND

PASSAGES: Final = Table(
    "passages",
    metadata,
    Column("number", Moment, primary_key=True),
    Column("id", Text, nullable=False),
    Column("door", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Column("holder", Text),
    Column("person", Text),
    Column("credential_id", Text),
    Column("credential", Text),
    Column("card", Text),
    Column("reader", Text),
    Column("authentication", Text),
    Column("direction", Text),
    Column("reason", Text),
    Column("warning", Text),
    Column("latency_us", BigInteger),
    Column("decided_by", Text),
    Column("replayed", Integer, nullable=False),
    Column("incident", Text),
)


def passage_values(passage: Passage, credential: str | None) -> dict[str, Any]:
    """Return what the columns hold of a passage, and of the id of its credential."""
    return {
        "id": passage.id,
        "door": passage.door,
        "kind": passage.kind.value,
        "at": passage.at,
        "holder": passage.holder,
        "person": passage.person,
        "credential_id": credential,
        "credential": passage.credential,
        "card": passage.card,
        "reader": passage.reader,
        "authentication": passage.authentication,
        "direction": passage.direction,
        "reason": passage.reason,
        "warning": passage.warning,
        "latency_us": None if passage.latency is None else passage.latency // MICROSECOND,
        "decided_by": passage.decided_by,
        "replayed": int(passage.replayed),
        "incident": passage.incident,
    }


def passage_of(row: RowMapping) -> Passage:
    """Return the passage that a row holds."""
    latency: int | None = row["latency_us"]
    return Passage(
        id=row["id"],
        door=row["door"],
        kind=PassageKind(row["kind"]),
        at=row["at"],
        person=row["person"],
        reason=row["reason"],
        reader=row["reader"],
        holder=row["holder"],
        credential=row["credential"],
        card=row["card"],
        authentication=row["authentication"],
        direction=row["direction"],
        latency=None if latency is None else timedelta(microseconds=latency),
        decided_by=row["decided_by"],
        warning=row["warning"],
        replayed=bool(row["replayed"]),
        incident=row["incident"],
    )
