"""The picture of who was at a door last."""

from contextlib import suppress
from typing import override

from homeassistant.components.image import ImageEntity
from homeassistant.core import HomeAssistant, callback

from . import GatehouseConfigEntry
from .const import DOMAIN
from .database import DatabaseError
from .door_entity import Door, PassageEntity
from .incidents import IncidentNews
from .models import Incident, Passage


class LastAccess(PassageEntity[Door], ImageEntity):
    """The best picture of the incident of a door's last passage of which there is one."""

    _attr_content_type = "image/jpeg"

    def __init__(self, hass: HomeAssistant, entry: GatehouseConfigEntry, door: Door) -> None:
        """Show nothing until somebody was seen."""
        PassageEntity.__init__(self, entry, door, "last_access")
        ImageEntity.__init__(self, hass)
        self._entry = entry
        self._shown: Incident | None = None

    @override
    async def async_added_to_hass(self) -> None:
        """Follow the incidents: their pictures come after the passages."""
        await super().async_added_to_hass()
        self.async_on_remove(self._entry.runtime_data.house.async_subscribe(self._async_see))

    @override
    async def async_image(self) -> bytes | None:
        """Return the picture's bytes."""
        if self._shown is None or self._shown.picture is None:
            return None
        try:
            return await self.hass.async_add_executor_job(self._shown.picture.read_bytes)
        except OSError:
            return None

    @callback
    @override
    def _async_hear(self, passage: Passage) -> None:
        before = self._last
        super()._async_hear(passage)
        if self._last is not before and passage.incident:
            self._entry.async_create_background_task(
                self.hass, self._find(passage.incident), f"{DOMAIN} picture of {passage.id}"
            )

    async def _find(self, identity: str) -> None:
        """Show what is there already, as of a passage of long ago."""
        with suppress(DatabaseError):  # its next news will show it
            if incident := await self._entry.runtime_data.archive.get(identity):
                self._show(incident)

    @callback
    def _async_see(self, news: IncidentNews) -> None:
        if self._last and news.incident.id == self._last.incident:
            self._show(news.incident)

    def _show(self, incident: Incident) -> None:
        """Show a picture, dated by what it shows: a restart makes nothing new."""
        if incident.picture:
            self._shown = incident
            self._attr_image_last_updated = incident.ended or incident.last_seen
            self.async_write_ha_state()
