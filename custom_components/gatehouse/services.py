"""Actions: what there is to ask of cameras, incidents, recordings, zones, doors and bookings."""

from typing import TYPE_CHECKING, Final

from homeassistant.components.camera import DOMAIN as CAMERA_DOMAIN
from homeassistant.core import (
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
    callback,
)
from homeassistant.helpers.service import async_register_platform_entity_service

from .access_deeds import ACCESS_ACTIONS
from .asking import translated
from .booking_deeds import BOOKING_ACTIONS
from .const import DOMAIN
from .footage_services import FOOTAGE_ACTIONS
from .incident_services import INCIDENT_ACTIONS
from .log_deeds import LOG_ACTIONS
from .share_services import SHARE_ACTIONS
from .upkeep_services import CLEANUP, UPKEEP_ACTIONS
from .zone_services import ZONE_ACTIONS

if TYPE_CHECKING:
    from .camera import GatehouseCamera

__all__ = ["ACTIONS", "async_setup_services"]

ACTIONS: Final = (
    *INCIDENT_ACTIONS,
    *FOOTAGE_ACTIONS,
    *SHARE_ACTIONS,
    *ZONE_ACTIONS,
    *ACCESS_ACTIONS,
    *BOOKING_ACTIONS,
    CLEANUP,
    *UPKEEP_ACTIONS,
    *LOG_ACTIONS,
)
"""All actions but the one that a camera's entity takes."""


@callback
def async_setup_services(hass: HomeAssistant) -> None:
    """Register the actions, once."""
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


async def _async_snapshot(camera: GatehouseCamera, call: ServiceCall) -> ServiceResponse:
    async with translated():
        return await camera.async_store_snapshot()
