"""What an action is."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Set
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from homeassistant.auth.models import User
from homeassistant.auth.permissions.const import POLICY_CONTROL
from homeassistant.const import ENTITY_MATCH_ALL
from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse, SupportsResponse
from homeassistant.exceptions import ServiceValidationError, Unauthorized, UnknownUser
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.service import async_register_admin_service
from homeassistant.helpers.target import TargetSelection, async_extract_referenced_entity_ids
import voluptuous as vol

from .asking import existing, existing_clip, not_a_camera, site_of, translated
from .const import DOMAIN
from .secret_fields import NOTHING_SECRET, hiding

if TYPE_CHECKING:
    from .hub import Hub
    from .models import Footage

ATTR_CAMERA: Final = "camera"
ATTR_INCIDENT: Final = "incident_id"
ATTR_FOOTAGE: Final = "footage_id"
ATTR_LIMIT: Final = "limit"
ATTR_BEFORE: Final = "before"
ATTR_REVIEWED: Final = "reviewed"
ATTR_NOTE: Final = "note"

CLIPS: Final = {vol.Optional(ATTR_INCIDENT): cv.string, vol.Optional(ATTR_FOOTAGE): cv.string}
"""What names the clips of an incident, or one clip."""


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
    secrets: Set[str] = NOTHING_SECRET
    """The fields that are in no event and no log."""

    def register(self, hass: HomeAssistant) -> None:
        """Let Home Assistant know of it."""

        async def perform(call: ServiceCall) -> ServiceResponse:
            async with translated():
                return await self.run(site_of(call.hass).runtime_data, call)

        fields = dict(self.fields)
        schema = cv.make_entity_service_schema(fields) if self.has_target else vol.Schema(fields)
        schema = vol.All(hiding(self.secrets), schema) if self.secrets else schema
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


async def cameras_controlled(hub: Hub, call: ServiceCall) -> dict[str, str]:
    """Return the cameras that are a call's target, by their entities.

    Raises ServiceValidationError, and Unauthorized where the user may not control one of them.
    """
    known = hub.cameras.entities()
    called = {known[camera]: camera for camera in cameras_meant(hub, call)}
    must_control(await caller_of(call), called)
    return called


async def caller_of(call: ServiceCall) -> User | None:
    """Return who calls, None for an automation; raises UnknownUser if they are gone."""
    if call.context.user_id is None:
        return None
    caller = await call.hass.auth.async_get_user(call.context.user_id)
    if caller is None:
        raise UnknownUser(context=call.context)
    return caller


def must_control(user: User | None, entities: Iterable[str]) -> None:
    """Raise Unauthorized unless somebody may control all of these; an automation may."""
    for entity in entities:
        if user and not user.permissions.check_entity(entity, POLICY_CONTROL):
            raise Unauthorized(user_id=user.id, entity_id=entity, permission=POLICY_CONTROL)


async def clips_meant(hub: Hub, fields: Mapping[str, Any]) -> list[Footage]:
    """Return the clips that CLIPS let somebody name, newest first.

    Raises ServiceValidationError if they are not there, and if both are named or none.
    """
    if (ATTR_INCIDENT in fields) == (ATTR_FOOTAGE in fields):
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="which_clip")
    if ATTR_FOOTAGE in fields:
        clip = fields[ATTR_FOOTAGE]
        return [existing_clip(await hub.storage.library.get(clip), clip)]
    incident = fields[ATTR_INCIDENT]
    existing(await hub.archive.get(incident), incident)
    return await hub.storage.library.find(incident=incident, limit=None)
