"""What the sensors of the storage read: its figures, as they change."""

from datetime import timedelta
import logging
from typing import Final, override

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.debounce import Debouncer
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator, UpdateFailed

from . import GatehouseConfigEntry
from .const import DOMAIN
from .database import DatabaseError
from .footage import Progress
from .storage import Figures, Storage

_LOGGER = logging.getLogger(__name__)

# Uploads change these numbers all the time, and nobody reads them as fast.
NUMBERS_EVERY: Final = timedelta(seconds=10)

# What waits grows older, and other programs fill the disk, without anybody telling.
LOOK_EVERY: Final = timedelta(minutes=1)


class StorageCoordinator(DataUpdateCoordinator[Figures]):
    """What the sensors of the storage read; reads it anew when something changes."""

    config_entry: GatehouseConfigEntry

    def __init__(self, hass: HomeAssistant, entry: GatehouseConfigEntry) -> None:
        """Nothing is read yet."""
        super().__init__(
            hass,
            _LOGGER,
            config_entry=entry,
            name="the storage",
            update_interval=LOOK_EVERY,
            always_update=False,
            request_refresh_debouncer=Debouncer(
                hass, _LOGGER, cooldown=NUMBERS_EVERY.total_seconds(), immediate=True
            ),
        )
        self._storage: Storage = entry.runtime_data.storage
        self._told = Progress()

    async def async_start(self) -> None:
        """Read for the first time, and follow what happens until the site is unloaded."""
        await self.async_refresh()
        on_unload = self.config_entry.async_on_unload
        on_unload(self._storage.async_subscribe(self._changed))
        on_unload(self._storage.offsite.watch(self._changed))

    @override
    async def _async_update_data(self) -> Figures:
        try:
            return await self._storage.figures()
        except DatabaseError as err:
            raise UpdateFailed(
                translation_domain=DOMAIN,
                translation_key="database_failed",
                translation_placeholders={"error": str(err)},
            ) from err

    @callback
    def _changed(self, _: object = None) -> None:
        """Read soon; at once where uploads begin to fail, or work again."""
        was, self._told = self._told, self._storage.offsite.progress
        if was.error == self._told.error:
            self._debounced_refresh.async_schedule_call()
        else:
            self.config_entry.async_create_background_task(
                self.hass, self.async_refresh(), f"{DOMAIN} figures"
            )
