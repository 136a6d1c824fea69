"""What people say about the cameras' pictures: kept in rows, read from memory."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import replace
from itertools import chain
from typing import Any
from uuid import uuid4

from ..models import IgnoreBox, Tuning, Zone
from .errors import ZoneNotFound
from .rules import (
    CameraRules,
    CameraZones,
    camera_rules,
    check_tuning,
    checked_ignore_box,
    checked_zone,
    ignored_as,
    with_ignored,
    with_zone,
    without,
)
from .store import ZoneStore


class Zones:
    """Holds the zones, masks, ignore boxes and tunings of all cameras."""

    def __init__(self, store: ZoneStore, news: Callable[[str], None]) -> None:
        """Tell `news` the key of a camera of which something has changed."""
        self._store = store
        self._news = news
        self._kept: dict[str, CameraZones] = {}
        self._rules: dict[tuple[str, float, float], CameraRules] = {}
        self._turn = asyncio.Lock()

    async def load(self) -> None:
        """Read what is kept; until then no camera has any zones."""
        self._kept = await self._store.load()
        self._rules.clear()

    def of(self, camera: str) -> CameraZones:
        """Return all that is kept of a camera."""
        return self._kept.get(camera, CameraZones())

    def rules(self, camera: str, threshold: float, certainty: float) -> CameraRules:
        """Return a camera's rules on a site with this threshold and certainty."""
        key = (camera, threshold, certainty)
        if (rules := self._rules.get(key)) is None:
            rules = self._rules[key] = camera_rules(self.of(camera), threshold, certainty)
        return rules

    async def save(self, zone: Zone) -> Zone:
        """Keep a zone or mask and return it as kept; a new one has no id, or that of a removed one.

        Raises ZoneError.
        """
        return await self._in_turn(self._save, zone)

    async def ignore(self, box: IgnoreBox) -> IgnoreBox:
        """Ignore what stands in a box, and return the box as kept, with an id.

        That is the older box if the thing is ignored already. Raises ZoneError.
        """
        return await self._in_turn(self._ignore, box)

    async def tune(self, camera: str, tuning: Tuning) -> None:
        """Keep a camera's tuning. Raises TuningBad."""
        await self._in_turn(self._tune, camera, tuning)

    async def remove(self, kept: str) -> Zone | IgnoreBox:
        """Forget the zone, mask or ignore box of this id, and return it: kept again, it is undone.

        Raises ZoneNotFound.
        """
        return await self._in_turn(self._remove, kept)

    async def _in_turn[*Given, T](
        self, change: Callable[[*Given], Coroutine[Any, Any, T]], *given: *Given
    ) -> T:
        """Make one change after the other; one whose caller leaves is still finished."""

        async def alone() -> T:
            async with self._turn:
                return await change(*given)

        # Left half-way, rows and memory would no longer say the same.
        return await asyncio.shield(alone())

    async def _save(self, zone: Zone) -> Zone:
        zone, before = self._identified(zone), self.of(zone.camera)
        zone = checked_zone(zone, before)
        await self._store.save(zone)
        self._publish(zone.camera, with_zone(before, zone))
        return zone

    async def _ignore(self, box: IgnoreBox) -> IgnoreBox:
        box, before = self._identified(box), self.of(box.camera)
        others = (each for each in before.ignored if each.id != box.id)
        if older := ignored_as(box.label, box.box, others):
            return older
        box = checked_ignore_box(box, before)
        await self._store.save(box)
        self._publish(box.camera, with_ignored(before, box))
        return box

    async def _tune(self, camera: str, tuning: Tuning) -> None:
        check_tuning(tuning)
        await self._store.tune(camera, tuning)
        self._publish(camera, replace(self.of(camera), tuning=tuning))

    async def _remove(self, kept: str) -> Zone | IgnoreBox:
        if (found := self._find(kept)) is None:
            raise ZoneNotFound("It is not there any more: list the camera's zones again")
        await self._store.delete(found)
        self._publish(found.camera, without(self.of(found.camera), found))
        return found

    def _identified[T: (Zone, IgnoreBox)](self, kept: T) -> T:
        """Return it with an id, which is not that of something else."""
        if not kept.id:
            return replace(kept, id=uuid4().hex)
        found = self._find(kept.id)
        if found and (type(found), found.camera) != (type(kept), kept.camera):
            raise ZoneNotFound(f"{kept.camera} has none of this id: save it without one")
        return kept

    def _find(self, kept: str) -> Zone | IgnoreBox | None:
        everything: Iterator[Zone | IgnoreBox] = chain.from_iterable(
            (*of.zones, *of.ignored) for of in self._kept.values()
        )
        return next((each for each in everything if each.id == kept), None)

    def _publish(self, camera: str, kept: CameraZones) -> None:
        self._kept[camera] = kept
        self._rules.clear()
        self._news(camera)
