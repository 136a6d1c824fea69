"""One attempt at a door, as it is written down and told; and what the doors remember of them."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Final, TypeVar

from .verdicts import Memory, Whereabouts
from .wire import Authentication, Decider, Direction, PassageKind, Reason

# So many people and cards are remembered; whoever was away longer counts as the grants say.
REMEMBERED: Final = 20_000

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """One attempt at a door, or what was done to it; its fields are those of the wire."""

    journal: str = ""
    """The journal that gave it its number."""
    seq: int = 0
    at: float
    door: str
    reader: str | None = None
    kind: PassageKind
    authentication: Authentication | None = None
    direction: Direction | None = None
    credential: str | None = None
    person: str | None = None
    card: str | None = None
    """The first digits of the hash of a card that nobody knows."""
    reason: Reason | None = None
    warning: Reason | None = None
    latency_ms: float | None = None
    decided_by: Decider = Decider.AGENT
    grants: int | None = None
    """The version of the grants that it was decided by."""


def row_of(passage: Passage) -> dict[str, Any]:
    """Return a passage as a row, its fields by their names.

    Nothing is copied, as `asdict` would: somebody stands at the door.
    """
    return {name: getattr(passage, name) for name in _FIELDS}


def read_passage(row: Mapping[str, Any]) -> Passage | None:
    """Return the passage of a row that was written; None if it makes no sense."""
    given = {name: row[name] for name in _FIELDS if name in row}
    try:
        chosen = {key: kind(given[key]) for key, kind in _CHOICES.items() if given.get(key)}
        return Passage(**given | chosen)
    except (TypeError, ValueError):
        return None


class Tally:
    """How often each credential entered here, and where each person went last."""

    def __init__(self) -> None:
        self._uses: dict[str, int] = {}
        self._whereabouts: dict[str, Whereabouts] = {}
        self.memory = Memory(uses=self._uses, whereabouts=self._whereabouts)
        """What is remembered now; it goes along."""

    def count(self, row: Mapping[str, Any]) -> None:
        """Remember a row, if somebody entered by it."""
        if row.get("kind") != PassageKind.GRANTED:
            return
        match row:
            case {"credential": str(credential)}:
                _renew(self._uses, credential, self._uses.get(credential, 0) + 1)
        match row:
            case {"person": str(person), "direction": "in" | "out" as way, "at": int() | float()}:
                last = Whereabouts(direction=Direction(way), at=row["at"])
                _renew(self._whereabouts, person, last)

    def copy(self) -> "Tally":
        """Return what is remembered now, to stay as it is."""
        copied = Tally()
        copied._uses |= self._uses
        copied._whereabouts |= self._whereabouts
        return copied

    def told(self) -> dict[str, Any]:
        """Return it as JSON can hold it."""
        went = {person: [last.direction, last.at] for person, last in self._whereabouts.items()}
        return {"uses": self._uses, "whereabouts": went}

    def recall(self, told: Mapping[str, Any]) -> None:
        """Remember what was told, as far as it makes sense."""
        match told:
            case {"uses": dict(uses), "whereabouts": dict(whereabouts)}:
                self._uses |= {name: times for name, times in uses.items() if type(times) is int}
                for person, last in whereabouts.items():
                    match last:
                        case ["in" | "out" as way, int() | float() as at]:
                            known = Whereabouts(direction=Direction(way), at=at)
                            self._whereabouts[person] = known


def _renew(table: dict[str, Value], key: str, value: Value) -> None:
    """Put it last, and forget the first if there are too many."""
    table.pop(key, None)
    table[key] = value
    if len(table) > REMEMBERED:
        del table[next(iter(table))]


_FIELDS: Final = tuple(field.name for field in fields(Passage))
_CHOICES: Final = {
    "kind": PassageKind,
    "authentication": Authentication,
    "direction": Direction,
    "reason": Reason,
    "warning": Reason,
    "decided_by": Decider,
}
