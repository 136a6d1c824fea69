"""What an action is."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from homeassistant.const import ENTITY_MATCH_ALL
from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse, SupportsResponse
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.service import async_register_admin_service
from homeassistant.helpers.target import TargetSelection, async_extract_referenced_entity_ids
import voluptuous as vol

from .asking import not_a_camera, site_of, translated
from .const import DOMAIN

if TYPE_CHECKING:
    from .hub import Hub

ATTR_CAMERA: Final = "camera"
ATTR_INCIDENT: Final = "incident_id"
ATTR_LIMIT: Final = "limit"
ATTR_BEFORE: Final = "before"
ATTR_REVIEWED: Final = "reviewed"
ATTR_NOTE: Final = "note"


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """Something to ask of the site, and what a call of it may say."""

    name: str
    run: Callable[[Hub, ServiceCall], Awaitable[ServiceResponse]]
    fields: Mapping[Any, Any]
    response: SupportsResponse = SupportsResponse.ONLY
    has_target: bool = False
    """Whether cameras can be called by their areas, labels and so on."""
    admin: bool = False
    """Whether a user must be an administrator."""

    def register(self, hass: HomeAssistant) -> None:
        """Let Home Assistant know of it."""

        async def perform(call: ServiceCall) -> ServiceResponse:
            async with translated():
                return await self.run(site_of(call.hass).runtime_data, call)

        fields = dict(self.fields)
        schema = cv.make_entity_service_schema(fields) if self.has_target else vol.Schema(fields)
        if self.admin:
            async_register_admin_service(hass, DOMAIN, self.name, perform, schema, self.response)
        else:
            hass.services.async_register(DOMAIN, self.name, perform, schema, self.response)


def cameras_called(hub: Hub, entities: list[str]) -> tuple[str, ...]:
    """Return the keys of cameras by their entities; raises ServiceValidationError."""
    keys = {entity: camera for camera, entity in hub.cameras.entities().items()}
    for entity in entities:
        if entity not in keys:
            raise not_a_camera(entity)
    return tuple(keys[entity] for entity in entities)


def cameras_meant(hub: Hub, call: ServiceCall) -> tuple[str, ...]:
    """Return the keys of the cameras that are a call's target; raises ServiceValidationError."""
    known = hub.cameras.entities()
    if call.data.get("entity_id") == ENTITY_MATCH_ALL:
        return tuple(known)
    meant = async_extract_referenced_entity_ids(call.hass, TargetSelection(call.data))
    by_name = cameras_called(hub, sorted(meant.referenced))
    around = (key for key, entity in known.items() if entity in meant.indirectly_referenced)
    return tuple(dict.fromkeys((*by_name, *around)))
