"""The zones that somebody is in now, and which of them an automation is about."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Self

from homeassistant.components.binary_sensor import DOMAIN as BINARY_SENSOR_DOMAIN
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import config_validation as cv, entity_registry as er
import voluptuous as vol

from .const import CONF_CAMERAS, DOMAIN
from .models import IncidentState
from .zone_occupancy import ZONE

if TYPE_CHECKING:
    from .hub import Hub

CONF_ZONES: Final = "zones"

ZONE_FIELDS: Final = {
    vol.Optional(CONF_CAMERAS, default=list): cv.entity_ids,
    vol.Optional(CONF_ZONES, default=list): vol.All(cv.ensure_list, [cv.string]),
}
"""The options that narrow it; no cameras and no zones are all of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OccupiedZone:
    """A zone with somebody in it."""

    id: str
    name: str
    entity: str | None
    """The sensor that says so."""
    camera: str | None
    """The entity of the camera that sees it."""
    count: int
    """How many people the camera sees, in this zone or not."""
    incident: str | None
    """The open incident that the camera sees."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneFilter:
    """One of these zones, in the picture of one of these cameras."""

    cameras: frozenset[str]
    """Their entities."""
    zones: frozenset[str]
    """What people call them, whatever the case, or their sensors."""

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Self:
        """Return what ZONE_FIELDS let somebody say."""
        return cls(
            cameras=frozenset(options[CONF_CAMERAS]),
            zones=frozenset(zone.casefold() for zone in options[CONF_ZONES]),
        )

    def takes(self, zone: OccupiedZone) -> bool:
        """Return whether a zone is one of them."""
        if self.cameras and zone.camera not in self.cameras:
            return False
        return not self.zones or not self.zones.isdisjoint({zone.name.casefold(), zone.entity})


@callback
def occupied_zones(hass: HomeAssistant, hub: Hub) -> Iterator[OccupiedZone]:
    """Yield each zone with somebody in it."""
    registry = er.async_get(hass)
    for coordinator in hub.cameras:
        for camera, data in coordinator.data.cameras.items():
            if not data.presence.zones:
                continue
            last = data.incident
            is_open = last is not None and last.state is IncidentState.OPEN
            for zone in hub.zones.of(coordinator.key(camera)).zones:
                if zone.id in data.presence.zones:
                    sensor = f"{coordinator.owner}_{camera}_{ZONE}_{zone.id}"
                    yield OccupiedZone(
                        id=zone.id,
                        name=zone.name,
                        entity=registry.async_get_entity_id(BINARY_SENSOR_DOMAIN, DOMAIN, sensor),
                        camera=coordinator.camera_entity_id(camera),
                        count=data.presence.count,
                        incident=last.id if last and is_open else None,
                    )
