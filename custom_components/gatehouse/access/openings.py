"""How many persons came through one opening of a door, and how many of them were let in."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from ..agent import Direction
from ..models import Group, Passage, PassageKind

# Who was let in opens the door within so long; without a contact that is all anybody knows.
GRACE: Final = timedelta(seconds=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """More persons came through an opening than were let in."""

    door: str
    let_in: int
    persons: int


@dataclass(slots=True)
class _Opening:
    """One time that a door is open, may be, or was unlocked so that it will be."""

    is_open: bool
    ends: datetime | None = None
    """When it is over, if no contact will tell."""
    let_in: set[str] = field(default_factory=set)
    """Persons, or passages of those of whom nobody knows who they are."""
    has_left: bool = False
    """Whether somebody went out: cameras do not tell them from those who came in."""
    persons: int = 0
    """The most that one camera saw at once while it was open."""


class Openings:
    """Follows the openings of the doors that cameras see; now is the site's clock."""

    def __init__(self, groups: Iterable[Group]) -> None:
        """Every door is shut, and nobody is there."""
        self._cameras: Mapping[str, tuple[str, ...]] = {
            door: group.cameras for group in groups for door in group.doors if group.cameras
        }
        self._contacts: set[str] = set()
        self._seen: dict[str, int] = {}
        self._openings: dict[str, _Opening] = {}

    def meet(self, door: str, *, contact: bool) -> None:
        """Learn whether a door tells when it is open; what was is not known any more."""
        self._openings.pop(door, None)
        (self._contacts.add if contact else self._contacts.discard)(door)

    def passage(self, passage: Passage, now: datetime) -> None:
        """Hear who was let in or out just now."""
        is_exit = passage.kind is PassageKind.EXIT
        if passage.door not in self._cameras or not (is_exit or _lets_in(passage)):
            return
        opening = self._openings.get(passage.door)
        if opening is None:
            opening = self._begin(passage.door, is_open=passage.door not in self._contacts)
            opening.ends = now
        if opening.ends is not None:
            opening.ends = now + GRACE
        if is_exit:
            opening.has_left = True
        else:
            opening.let_in.add(passage.holder or passage.id)

    def contact(self, door: str, *, is_open: bool) -> Followed | None:
        """Hear that a door was opened or shut; who was let in since it was unlocked counts."""
        if door not in self._cameras:
            return None
        opening = self._openings.get(door)
        if not is_open:
            return self._end(door)
        if opening is None or not opening.is_open:
            let_in, has_left = (opening.let_in, opening.has_left) if opening else (set(), False)
            opening = self._begin(door, is_open=True)
            opening.let_in, opening.has_left = let_in, has_left
        return None

    def seen(self, camera: str, persons: int) -> None:
        """Hear how many persons a camera sees now."""
        self._seen[camera] = persons
        for door, opening in self._openings.items():
            if opening.is_open and camera in self._cameras[door]:
                opening.persons = max(opening.persons, persons)

    def due(self, now: datetime) -> Iterator[Followed]:
        """End what is over by itself, and yield where somebody was followed."""
        over = [door for door, each in self._openings.items() if each.ends and each.ends <= now]
        for door in over:
            if followed := self._end(door):
                yield followed

    def next_due(self) -> datetime | None:
        """Return when the first opening is over by itself."""
        return min((each.ends for each in self._openings.values() if each.ends), default=None)

    def _begin(self, door: str, *, is_open: bool) -> _Opening:
        persons = max((self._seen.get(camera, 0) for camera in self._cameras[door]), default=0)
        opening = _Opening(is_open=is_open, persons=persons if is_open else 0)
        self._openings[door] = opening
        return opening

    def _end(self, door: str) -> Followed | None:
        opening = self._openings.pop(door, None)
        if opening is None or not opening.is_open or opening.has_left:
            return None
        let_in, persons = len(opening.let_in), opening.persons
        return Followed(door=door, let_in=let_in, persons=persons) if persons > let_in > 0 else None


def _lets_in(passage: Passage) -> bool:
    return passage.kind is PassageKind.GRANTED and passage.direction != Direction.OUT
