"""Stills of a camera that Home Assistant has already, and whether it still gives any."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import suppress
from datetime import timedelta
from typing import Final

from homeassistant.components import camera
from homeassistant.core import HomeAssistant, callback
from homeassistant.util import dt as dt_util

from .incidents import PicturesLost
from .models import Picture
from .vision import BadPicture, read_still

# Made on demand, often by another machine: more than Home Assistant itself asks for while somebody
# looks at a camera is too much.
MOST: Final = 2.0  # a second
TIMEOUT: Final = 10  # seconds

# One still that fails is a hiccup; a camera that has given none for so long is away.
PATIENCE: Final = timedelta(seconds=10)
RETRY: Final = timedelta(seconds=10)


class Stills:
    """The stills of one camera; changed is called when it begins to fail and when it recovers."""

    def __init__(self, hass: HomeAssistant, entity: str, changed: Callable[[], None]) -> None:
        """Ask for nothing yet."""
        self._hass = hass
        self._entity = entity
        self._changed = changed
        self._failing_since: float | None = None
        self._failing = asyncio.Event()
        self.error: str | None = None
        """Why there are none, None while all is well."""

    async def run(self) -> None:
        """Ask whether there are stills again, as long as there are none, until cancelled."""
        while True:
            await self._failing.wait()
            await asyncio.sleep(RETRY.total_seconds())
            with suppress(PicturesLost):
                await self.newest()

    async def pictures(self, fps: float) -> AsyncGenerator[Picture]:
        """Ask for stills, at most so many a second; raises PicturesLost.

        A camera that gives an old still shows nothing new: it counts once.
        """
        pause = 1 / min(fps, MOST)
        shown = None
        while True:
            asked = self._hass.loop.time()
            picture = await self.newest()
            if picture.jpeg != shown:
                shown = picture.jpeg
                yield picture
            await asyncio.sleep(asked + pause - self._hass.loop.time())

    async def newest(self) -> Picture:
        """Ask for a still; raises PicturesLost."""
        asked = self._hass.loop.time()
        try:
            jpeg = await async_still(self._hass, self._entity)
        except PicturesLost as err:
            self._fail(str(err), asked)
            raise
        self._recover()
        return Picture(jpeg=jpeg, captured=dt_util.utcnow())

    @callback
    def _fail(self, error: str, asked: float) -> None:
        self._failing.set()
        if self._failing_since is None:
            self._failing_since = asked
        if self._hass.loop.time() - self._failing_since >= PATIENCE.total_seconds():
            self.error = error
            self._changed()

    @callback
    def _recover(self) -> None:
        self._failing.clear()
        self._failing_since = None
        if self.error:
            self.error = None
            self._changed()


async def async_still(hass: HomeAssistant, entity: str) -> bytes:
    """Return what a camera shows now as a JPEG; raises PicturesLost."""
    # A stranger's camera raises anything, and Home Assistant takes being cancelled for a time-out:
    # a task of its own keeps both from whoever waits.
    asking = camera.async_get_image(hass, entity, TIMEOUT)
    [image] = await asyncio.gather(asking, return_exceptions=True)
    if isinstance(image, BaseException):
        reason = str(image) or type(image).__name__
        raise PicturesLost(f"{entity} gives no picture: {reason}") from image
    try:
        still = await hass.async_add_executor_job(read_still, image.content)
    except BadPicture as err:
        raise PicturesLost(f"What {entity} gives cannot be used: {err}") from err
    return still.jpeg


async def async_stream_source(hass: HomeAssistant, entity: str) -> str | None:
    """Return where a camera's stream is, None if it has none; raises ConnectionError."""
    asking = asyncio.wait_for(camera.async_get_stream_source(hass, entity), TIMEOUT)
    [source] = await asyncio.gather(asking, return_exceptions=True)
    if isinstance(source, BaseException):
        raise ConnectionError(f"it does not tell its stream ({type(source).__name__})") from source
    return source
