"""What the cameras of a door show as somebody is there, whether anybody is looked for or not."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import aclosing
from datetime import timedelta
import logging
from typing import Final

from ..models import Group, Picture
from ..vision import Sight
from .errors import PicturesLost
from .pictures import Watched

_LOGGER = logging.getLogger(__name__)

# Who has gone through a door is out of the picture soon.
PATIENCE: Final = timedelta(seconds=5)


class Portraits:
    """Takes a picture for each passage: the first that a camera beside the door gives."""

    def __init__(
        self, sources: Mapping[str, Watched], keep: Callable[[str, str, Sight], None]
    ) -> None:
        """Give the incident, the camera and what it shows to keep."""
        self._sources = sources
        self._keep = keep
        self._wanted = asyncio.Queue[tuple[str, Group]]()

    def want(self, incident: str, group: Group) -> None:
        """Have a picture taken for this incident, at this place."""
        self._wanted.put_nowait((incident, group))

    async def run(self) -> None:
        """Take what is wanted until cancelled; no camera waits for another."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                incident, group = await self._wanted.get()
                for camera in group.cameras:
                    if source := self._sources.get(camera):
                        tasks.create_task(self._take(incident, source), name=f"portrait {camera}")

    async def _take(self, incident: str, source: Watched) -> None:
        try:
            async with asyncio.timeout(PATIENCE.total_seconds()):
                picture = await _first(source)
        except (PicturesLost, TimeoutError) as error:
            why = str(error) or "it gave none in time"
            _LOGGER.info("No picture of %s for a passage: %s", source.name, why)
        else:
            self._keep(incident, source.camera, Sight(picture=picture))


async def _first(source: Watched) -> Picture:
    async with aclosing(source.pictures(1)) as pictures:
        async for picture in pictures:
            return picture
    raise PicturesLost("the stream ended")
