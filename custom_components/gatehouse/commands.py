"""What a command of the WebSocket is."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from homeassistant.components import websocket_api
from homeassistant.components.websocket_api import (
    BASE_COMMAND_MESSAGE_SCHEMA,
    ERR_HOME_ASSISTANT_ERROR,
    ActiveConnection,
)
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, Unauthorized
import voluptuous as vol

from .actions import ATTR_CAMERA, ATTR_INCIDENT
from .asking import existing, not_a_camera, site_of, translated
from .const import DOMAIN
from .incident_feed import incident_shown
from .models import Incident

if TYPE_CHECKING:
    from . import GatehouseConfigEntry
    from .hub import Hub

# What cards tell apart; any other error has its own key as its code.
CODES: Final = {
    "access_not_found": "not_found",
    "booking_not_found": "not_found",
    "incident_not_found": "not_found",
    "footage_not_found": "not_found",
    "share_not_found": "not_found",
    "not_a_camera": "not_found",
    "zone_not_found": "not_found",
    "service_config_entry_not_loaded": "not_loaded",
    "service_found_no_config_entry_for_domain": "not_loaded",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What somebody asks of the site."""

    site: GatehouseConfigEntry
    connection: ActiveConnection
    fields: Mapping[str, Any]

    @property
    def hub(self) -> Hub:
        """The running site."""
        return self.site.runtime_data

    @property
    def incident(self) -> str:
        """The id of the incident that it is about."""
        identity: str = self.fields[ATTR_INCIDENT]
        return identity

    @property
    def cameras(self) -> tuple[str, ...] | None:
        """The camera that it names, None if it names none; raises ServiceValidationError."""
        camera = self.fields.get(ATTR_CAMERA)
        if camera is None:
            return None
        if camera not in self.hub.camera_names():
            raise not_a_camera(camera)
        return (camera,)

    def shown(self, incident: Incident | None) -> dict[str, Any]:
        """Return the incident that it is about; raises ServiceValidationError if there is none."""
        found = existing(incident, self.incident)
        return incident_shown(self.connection, found, self.hub.cameras)


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A question, and what it may say."""

    name: str
    answer: Callable[[Request], Awaitable[Any]]
    fields: Mapping[Any, Any]
    admin: bool = False
    """Whether a user must be an administrator."""

    def register(self, hass: HomeAssistant) -> None:
        """Let Home Assistant know of it."""
        type_ = f"{DOMAIN}/{self.name}"
        schema = BASE_COMMAND_MESSAGE_SCHEMA.extend({vol.Required("type"): type_, **self.fields})
        respond = websocket_api.async_response(self._respond)
        handler = websocket_api.require_admin(respond) if self.admin else respond
        websocket_api.async_register_command(hass, type_, handler, schema)

    async def _respond(
        self, hass: HomeAssistant, connection: ActiveConnection, msg: dict[str, Any]
    ) -> None:
        try:
            async with translated():
                request = Request(site=site_of(hass), connection=connection, fields=msg)
                answer = await self.answer(request)
        except Unauthorized:
            raise  # Home Assistant says so in its own words
        except HomeAssistantError as err:
            code = err.translation_key or ERR_HOME_ASSISTANT_ERROR
            connection.send_error(
                msg["id"],
                CODES.get(code, code),
                str(err),
                translation_key=err.translation_key,
                translation_domain=err.translation_domain,
                translation_placeholders=err.translation_placeholders,
            )
        else:
            connection.send_result(msg["id"], answer)
