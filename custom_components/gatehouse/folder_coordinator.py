"""A camera that uploads its pictures to a folder."""

import asyncio
from collections.abc import AsyncGenerator, Coroutine, Iterable
from contextlib import aclosing
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, override

from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import HomeAssistant, callback
from homeassistant.util import dt as dt_util

from .const import CONF_FOLDER
from .footage import Movie
from .incidents import PicturesLost, Watched
from .models import Picture
from .source_coordinator import CAMERA, SourceCoordinator, SourceListener
from .uploads import UploadFolder, UploadOptions, UploadsLost, check

if TYPE_CHECKING:
    from . import GatehouseConfigEntry

# A folder on a drive that is away is looked for again after this.
RETRY: Final = timedelta(seconds=10)
# One that is lost again before this cannot be watched, though it is there: a folder in it is
# closed to us, for one.
STEADY: Final = timedelta(seconds=1)


class FolderCoordinator(SourceCoordinator):
    """A camera that uploads its pictures to a folder."""

    # Uploading takes its time. An incident of uploads waits for the next one in any case.
    late = timedelta(seconds=10)

    def __init__(
        self,
        hass: HomeAssistant,
        entry: GatehouseConfigEntry,
        subentry: ConfigSubentry,
        listener: SourceListener,
        encoders: asyncio.Semaphore,
    ) -> None:
        """Watch the folder of the subentry."""
        super().__init__(hass, entry, subentry, listener, encoders)
        self._path = Path(subentry.data[CONF_FOLDER])
        self._folder = UploadFolder(
            self._path,
            name=subentry.title,
            options=UploadOptions(zone=dt_util.get_default_time_zone()),
            on_moving=lambda moving: self._be_there(moving=moving),
        )

    @property
    def newest(self) -> Picture | None:
        """The picture that came last, None until one has come."""
        return self._folder.newest

    @override
    def watched(self, camera: str) -> Watched:
        """Return how to watch the uploads: one picture is enough, its camera saw motion."""
        return Watched(
            camera=self.key(camera),
            name=self.subentry.title,
            pictures=lambda fps: self._recorded(self._pictures(fps)),
            needed=1,
        )

    @override
    def _stories(self) -> Iterable[Coroutine[Any, Any, None]]:
        yield self._follow()

    @override
    def _movies(self) -> Iterable[Movie]:
        return self._folder.movies

    async def _follow(self) -> None:
        while True:
            try:
                await check(self._path)
                await self._watch()
            except UploadsLost as err:
                self._be_away(str(err))
            await asyncio.sleep(RETRY.total_seconds())

    async def _watch(self) -> None:
        steady = self.hass.loop.call_later(STEADY.total_seconds(), self._become_steady)
        try:
            await self._folder.run()
        finally:
            steady.cancel()

    @callback
    def _become_steady(self) -> None:
        if not self.data.cameras[CAMERA].state.online:
            self._be_there(moving=False)

    async def _pictures(self, fps: float) -> AsyncGenerator[Picture]:
        try:
            async with aclosing(self._folder.pictures(fps)) as pictures:
                async for picture in pictures:
                    yield picture
        except UploadsLost as err:
            raise PicturesLost(str(err)) from err
