"""Who is to be seen in a clip that was recorded while nobody listened."""

import asyncio
from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing, closing
from datetime import datetime, timedelta
import logging
from pathlib import Path
from typing import Final

from ..footage import NotPlayable, frames_of
from ..models import Footage, Picture
from ..vision import BadPicture, Detector, Sight
from ..zones import Zones
from .nouns import IncidentOptions, Sign
from .signs import counted, is_parked, sign_of, track_rules
from .tracks import Tracks, followed, seen_now

_LOGGER = logging.getLogger(__name__)

# Three of five pictures make sure of somebody, who is in view for two seconds at least.
FPS: Final = 3.0

# So much is decoded at once: soon there, and small enough to be kept.
STRETCH: Final = timedelta(seconds=3)


class Screening:
    """Looks at clips with the rules of now, and lets whoever looks at what happens now go first."""

    def __init__(self, detector: Detector, zones: Zones, options: IncidentOptions) -> None:
        """Share this detector with the cameras."""
        self._detector = detector
        self._zones = zones
        self._options = options

    async def signs(self, clip: Footage, ahead: timedelta) -> AsyncGenerator[tuple[Sign, Sight]]:
        """Yield what shows somebody, by the site's clock; the camera's is ahead of it by so much.

        A film that breaks off is taken as it is. Raises VisionError, or OSError for a file that is
        not there.
        """
        began, options = clip.since - ahead, self._options
        rules = self._zones.rules(clip.camera, options.threshold, options.certainty)
        tracks = Tracks()
        async with aclosing(self._pictures(clip, began)) as pictures:
            async for picture in pictures:
                if (sight := await self._look(picture)) is None:
                    continue
                found, captured = counted(sight, rules, options), picture.captured
                tracks = followed(
                    tracks,
                    found,
                    captured,
                    now=(captured - began).total_seconds(),
                    rules=track_rules(rules, options),
                )
                there = seen_now(tracks, captured)
                if shown := tuple(track for track in there if not is_parked(track, began)):
                    yield sign_of(clip.camera, captured, shown, rules), sight

    def sensitive(self, cameras: Iterable[str]) -> frozenset[str]:
        """Return the names of the zones of cameras in which somebody is a greater risk."""
        zones = (zone for camera in cameras for zone in self._zones.of(camera).zones)
        return frozenset(zone.name for zone in zones if zone.sensitive)

    async def _pictures(self, clip: Footage, began: datetime) -> AsyncGenerator[Picture]:
        if clip.path is None:
            raise FileNotFoundError(f"footage {clip.id} has no file here")
        since, length = timedelta(), clip.duration or clip.until - clip.since
        while since < length:
            try:
                frames = await asyncio.to_thread(_stretch, clip.path, since)
            except NotPlayable as error:
                _LOGGER.warning("Nobody looks at the rest of footage %s: %s", clip.id, error)
                return
            for at, jpeg in frames:
                yield Picture(jpeg=jpeg, captured=began + at)
            since += STRETCH

    async def _look(self, picture: Picture) -> Sight | None:
        """Look at a picture, then rest for as long as its turn took to come and to go."""
        time = asyncio.get_running_loop().time
        began = time()
        try:
            sight = await self._detector.detect(lambda: picture)
        except BadPicture as error:
            _LOGGER.debug("A picture of a clip cannot be looked at: %s", error)
            return None
        await asyncio.sleep(time() - began)
        return sight


def _stretch(path: Path, since: timedelta) -> list[tuple[timedelta, bytes]]:
    """Return the pictures of one stretch of a film; blocks."""
    with closing(frames_of(path, FPS, since=since, until=since + STRETCH)) as frames:
        return list(frames)
