"""Actions that begin something anew, a camera, an agent, a Pi; and one that makes room."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Final

from homeassistant.core import ServiceCall, ServiceResponse, SupportsResponse
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import config_validation as cv, device_registry as dr
import voluptuous as vol

from .actions import Action, cameras_meant
from .agent import Upkeep
from .agent_coordinator import AgentCoordinator
from .const import DOMAIN

if TYPE_CHECKING:
    from .hub import Hub

ATTR_DEVICE: Final = "device_id"


async def restart_camera(hub: Hub, key: str) -> None:
    """Have a camera begun anew by its agent.

    Raises AgentError, and ServiceValidationError if the camera is on none.
    """
    match hub.cameras.find(key):
        case (AgentCoordinator() as coordinator, camera):
            await coordinator.agent.upkeep.restart_camera(camera)
        case _:
            raise ServiceValidationError(
                translation_domain=DOMAIN,
                translation_key="not_on_an_agent",
                translation_placeholders={"camera": hub.camera_names().get(key, key)},
            )


async def _restart_cameras(hub: Hub, call: ServiceCall) -> None:
    for key in cameras_meant(hub, call):
        await restart_camera(hub, key)


async def _clean_up(hub: Hub, _: ServiceCall) -> ServiceResponse:
    """Delete now what the next sweep would: footage first, for pictures go with the last of it."""
    swept = await hub.storage.retention.sweep()
    pictures = await hub.observation.old_pictures.sweep()
    return {"recordings": swept.clips, "bytes": swept.size + pictures}


def _asked(ask: Callable[[Upkeep], Awaitable[None]]) -> Callable[[Hub, ServiceCall], Any]:
    async def run(hub: Hub, call: ServiceCall) -> None:
        await ask(_agent_meant(hub, call.data[ATTR_DEVICE]).agent.upkeep)

    return run


def _agent_meant(hub: Hub, device: str) -> AgentCoordinator:
    known = dr.async_get(hub.hass).async_get(device)
    identifiers = known.identifiers if known else set()
    for owner, coordinator in hub.cameras.agents.items():
        if (DOMAIN, owner) in identifiers:
            return coordinator
    raise ServiceValidationError(translation_domain=DOMAIN, translation_key="not_an_agent_device")


CLEANUP: Final = Action(
    name="cleanup", run=_clean_up, fields={}, response=SupportsResponse.OPTIONAL, admin=True
)

UPKEEP_ACTIONS: Final = (
    Action(
        name="restart_camera",
        run=_restart_cameras,
        fields={},
        response=SupportsResponse.NONE,
        has_target=True,
        admin=True,
    ),
    Action(
        name="restart_agent",
        run=_asked(lambda upkeep: upkeep.restart()),
        fields={vol.Required(ATTR_DEVICE): cv.string},
        response=SupportsResponse.NONE,
        admin=True,
    ),
    Action(
        name="reboot_agent",
        run=_asked(lambda upkeep: upkeep.reboot()),
        fields={vol.Required(ATTR_DEVICE): cv.string},
        response=SupportsResponse.NONE,
        admin=True,
    ),
)
