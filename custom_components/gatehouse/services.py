"""Actions: what there is to ask of cameras, of incidents and of zones."""

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from homeassistant.components.camera import DOMAIN as CAMERA_DOMAIN
from homeassistant.core import (
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
    callback,
)
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.service import async_register_platform_entity_service
import voluptuous as vol

from .asking import translated
from .const import DOMAIN
from .incident_services import INCIDENT_ACTIONS
from .options import LONGEST_RECORDING
from .zone_services import ZONE_ACTIONS

if TYPE_CHECKING:
    from .camera import GatehouseCamera

__all__ = ["ACTIONS", "RECORD_SCHEMA", "async_setup_services", "translated"]

ATTR_DURATION: Final = "duration"

RECORD_SCHEMA: Final = {
    vol.Optional(ATTR_DURATION, default=30): vol.All(
        cv.time_period, vol.Range(min=timedelta(seconds=1), max=LONGEST_RECORDING)
    )
}

ACTIONS: Final = (*INCIDENT_ACTIONS, *ZONE_ACTIONS)
"""All actions but those that a camera's entity takes."""


@callback
def async_setup_services(hass: HomeAssistant) -> None:
    """Register the actions, once."""
    async_register_platform_entity_service(
        hass,
        DOMAIN,
        "record",
        entity_domain=CAMERA_DOMAIN,
        func=_async_record,
        schema=RECORD_SCHEMA,
        supports_response=SupportsResponse.OPTIONAL,
    )
    async_register_platform_entity_service(
        hass,
        DOMAIN,
        "snapshot",
        entity_domain=CAMERA_DOMAIN,
        func=_async_snapshot,
        schema=None,
        supports_response=SupportsResponse.OPTIONAL,
    )
    for action in ACTIONS:
        action.register(hass)


async def _async_record(camera: GatehouseCamera, call: ServiceCall) -> ServiceResponse:
    async with translated():
        return await camera.async_record(call.data[ATTR_DURATION])


async def _async_snapshot(camera: GatehouseCamera, call: ServiceCall) -> ServiceResponse:
    async with translated():
        return await camera.async_store_snapshot()
