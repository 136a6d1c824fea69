"""Which incidents an automation is about."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

from homeassistant.helpers import config_validation as cv
import voluptuous as vol

from .const import CONF_CAMERAS
from .models import Incident, Level

CONF_PLACES: Final = "places"
CONF_LEVEL: Final = "level"

INCIDENT_FIELDS: Final = {
    vol.Optional(CONF_CAMERAS, default=list): cv.entity_ids,
    vol.Optional(CONF_PLACES, default=list): vol.All(cv.ensure_list, [cv.string]),
    vol.Optional(CONF_LEVEL, default=Level.LOW): vol.Coerce(Level),
}
"""The options that narrow it; no cameras and no places are all of them."""

LEVELS: Final = tuple(Level)


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentFilter:
    """Seen by one of these cameras, at one of these places, at least this bad."""

    cameras: frozenset[str]
    """Their entities."""
    places: frozenset[str]
    """What people call them or their ids, whatever the case."""
    level: Level

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Self:
        """Return what INCIDENT_FIELDS let somebody say."""
        return cls(
            cameras=frozenset(options[CONF_CAMERAS]),
            places=frozenset(place.casefold() for place in options[CONF_PLACES]),
            level=options[CONF_LEVEL],
        )

    def objection(self, incident: Incident, entities: Mapping[str, str]) -> str | None:
        """Return why an incident is not one of them, None if it is; entities are by camera."""
        seen_by = {entities.get(camera) for camera in incident.cameras}
        if self.cameras and self.cameras.isdisjoint(seen_by):
            return "other_camera"
        at = {incident.place.casefold(), incident.group.casefold()}
        if self.places and self.places.isdisjoint(at):
            return "other_place"
        level = incident.assessment.level if incident.assessment else Level.LOW
        return "level_too_low" if LEVELS.index(level) < LEVELS.index(self.level) else None
