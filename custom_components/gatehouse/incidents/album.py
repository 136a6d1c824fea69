"""The pictures of one incident: the best one, and a few that tell it without its clip."""

import asyncio
from dataclasses import dataclass
from datetime import datetime
import logging
from pathlib import Path
from typing import Final

from .. import vision
from ..footage import FootageError, FootageFlow
from ..models import Box, Detection, Frame, Incident, IncidentState
from ..vision import Sight, VisionError
from .rules import CLEARLY_BETTER, MOST_FRAMES, frame_slot, merit

_LOGGER = logging.getLogger(__name__)

# More boxes than that hide the picture that they are drawn over.
MOST_BOXES: Final = 20


class Album:
    """Holds the best pictures, and files them when their time has come."""

    def __init__(self, footage: FootageFlow) -> None:
        """There is no picture yet."""
        self.picture: Path | None = None
        """The best picture that is filed, with boxes."""
        self.frames: tuple[Frame, ...] = ()
        """At most four pictures without boxes, in the order of time."""
        self.retouched = False
        """Whether another picture was filed, perhaps under the same name; who tells resets it."""
        self._footage = footage
        self._best: _Seen | None = None
        self._shown = -1.0  # any picture is better than none, also one of nobody
        self._frames: dict[int, _Seen] = {}
        self._place: tuple[str, datetime] | None = None

    def keep(self, incident: Incident, camera: str, sight: Sight) -> None:
        """Hold a picture, if it is among the best."""
        seen = _Seen(camera, sight, merit(sight.detections))
        if self._best is None or seen.merit > self._best.merit:
            self._best = seen
        slot = frame_slot(incident, sight.picture.captured)
        if slot not in self._frames or seen.merit > self._frames[slot].merit:
            self._frames[slot] = seen
        if len(self._frames) > MOST_FRAMES:
            del self._frames[min(self._frames, key=lambda each: self._frames[each].merit)]

    def forget(self) -> None:
        """Let go of the pictures that are not filed."""
        self._best = None
        self._frames.clear()

    async def file_picture(self, incident: Incident) -> None:
        """File the best picture if it is clearly better than the one before, or the last."""
        best = self._best
        better = 1.0 if incident.state is not IncidentState.OPEN else CLEARLY_BETTER
        if best is None or best.merit <= self._shown * better:
            return
        self._shown = best.merit
        jpeg = await _drawn(incident, best.sight)
        if jpeg and (path := await self._filed(incident, best, incident.id, jpeg)):
            self.picture = path
            self.retouched = True

    async def file_frames(self, incident: Incident) -> None:
        """File the frames, as the camera gave them; those that are filed stay."""
        if not self._frames:
            return
        in_order = [self._frames[slot] for slot in sorted(self._frames)]
        filed = [
            await self._filed(incident, seen, f"{incident.id[-6:]}-{number}", seen.jpeg)
            for number, seen in enumerate(in_order, 1)
        ]
        self.frames = tuple(
            Frame(path=path, detections=_marked(seen.sight.detections))
            for path, seen in zip(filed, in_order, strict=True)
            if path
        )
        self._frames.clear()

    async def _filed(self, incident: Incident, seen: _Seen, name: str, jpeg: bytes) -> Path | None:
        # A better picture of another camera, or of an earlier moment, replaces the one before.
        self._place = self._place or (seen.camera, incident.started)
        try:
            return await self._footage.keep_picture(*self._place, name, jpeg)
        except FootageError as error:
            _LOGGER.warning("A picture of incident %s cannot be kept: %s", incident.id, error)
            return None


@dataclass(frozen=True, slots=True)
class _Seen:
    """A picture, and how well it shows somebody."""

    camera: str
    sight: Sight
    merit: float

    @property
    def jpeg(self) -> bytes:
        return self.sight.picture.jpeg


def _marked(found: tuple[Detection, ...]) -> tuple[Detection, ...]:
    """Return the surest, as exactly as anybody sees them: to a thousandth of the picture."""
    surest = sorted(found, key=lambda each: each.score, reverse=True)[:MOST_BOXES]
    return tuple(
        Detection(
            label=each.label,
            score=round(each.score, 3),
            box=Box(*(round(edge, 3) for edge in each.box)),
        )
        for each in surest
    )


async def _drawn(incident: Incident, sight: Sight) -> bytes | None:
    try:
        return await asyncio.to_thread(vision.thumbnail, sight.picture.jpeg, sight.detections)
    except VisionError as error:
        _LOGGER.warning("Incident %s has a picture that is none: %s", incident.id, error)
        return None
