"""What actions and WebSocket commands share: whom to ask, for what, and errors in words."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from homeassistant.core import Context, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError, Unauthorized
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.service import async_get_config_entry
from homeassistant.util import dt as dt_util
import voluptuous as vol

from .access import AccessError
from .agent import AgentError, AgentRefused, ErrorCode
from .bookings import BookingError
from .const import DOMAIN
from .database import DatabaseError
from .footage import FootageError, LinkRefused
from .incidents import IncidentQuery, NoteTooLong
from .models import Footage, Incident, IncidentState, Level
from .options import groups
from .serialize import ignore_box_json
from .zones import ZoneError

if TYPE_CHECKING:
    from . import GatehouseConfigEntry
    from .hub import Hub


BEYOND: Final = "this is beyond all calendars"

# What is reckoned from here, in whatever zone, is a time as well.
EARLIEST, LATEST = 2, 9000
LONGEST: Final = timedelta(days=36_525)


def local(value: Any) -> datetime:
    """Return a moment by the clock of the house; raises vol.Invalid for what no clock shows."""
    said: datetime = cv.datetime(value)
    if not EARLIEST <= said.year <= LATEST:
        raise vol.Invalid(BEYOND)
    return dt_util.as_local(said)


def _span(value: Any) -> timedelta:
    try:
        return cv.positive_time_period(value)
    except OverflowError:
        raise vol.Invalid(BEYOND) from None


MOMENT: Final = vol.All(local, dt_util.as_utc)
"""A moment; without a zone it is local time."""

SPAN: Final = vol.All(_span, vol.Range(max=LONGEST, msg=BEYOND))
"""How long something lasts, which is never less than nothing."""

FILTERS: Final = {
    vol.Optional("text"): cv.string,
    vol.Optional("zone"): cv.string,
    vol.Optional("since"): MOMENT,
    vol.Optional("until"): MOMENT,
    vol.Optional("level"): vol.Coerce(Level),
    vol.Optional("state"): vol.Coerce(IncidentState),
    vol.Optional("reviewed"): cv.boolean,
    vol.Optional("false_alarm"): cv.boolean,
    vol.Optional("label"): cv.string,
    vol.Optional("kept"): cv.boolean,
}
"""What can be asked of incidents by everybody: fields of IncidentQuery, by their names."""

type RoomError = (
    AccessError | AgentError | BookingError | FootageError | ZoneError | NoteTooLong | DatabaseError
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Incidents, newest first, and before which one the next page begins; None at the end."""

    incidents: tuple[Incident, ...]
    next: str | None


@callback
def site_of(hass: HomeAssistant) -> GatehouseConfigEntry:
    """Return the site; raises ServiceValidationError if it does not run."""
    return async_get_config_entry(hass, DOMAIN, None)


async def async_require_admin(hass: HomeAssistant, context: Context | None) -> None:
    """Raise Unauthorized if somebody asks who is no administrator; automations may."""
    if context is None or context.user_id is None:
        return
    user = await hass.auth.async_get_user(context.user_id)
    if user is None or not user.is_admin:
        raise Unauthorized(context=context)


def places_of(site: GatehouseConfigEntry) -> dict[str, str]:
    """Return what people call each group, by its id; a camera or door without one is one."""
    known = groups(site)
    grouped = {key for group in known for key in (*group.cameras, *group.doors)}
    names = site.runtime_data.house.camera_names()
    alone = {key: name for key, name in names.items() if key not in grouped}
    return alone | {group.id: group.name for group in known}


@asynccontextmanager
async def translated() -> AsyncIterator[None]:
    """Turn what goes wrong in a room into words for the user."""
    try:
        yield
    except (
        AccessError,
        AgentError,
        BookingError,
        FootageError,
        ZoneError,
        NoteTooLong,
        DatabaseError,
    ) as err:
        mistaken = isinstance(
            err, AccessError | BookingError | ZoneError | NoteTooLong | LinkRefused
        )
        raise (ServiceValidationError if mistaken else HomeAssistantError)(
            translation_domain=DOMAIN,
            translation_key=_key(err),
            translation_placeholders={"error": str(err)},
        ) from err


def query_of(fields: Mapping[str, Any], **more: Any) -> IncidentQuery:
    """Return what FILTERS let somebody ask, and more."""
    names = {str(name) for name in FILTERS}
    return IncidentQuery(**{name: fields[name] for name in names & fields.keys()}, **more)


async def page_of(hub: Hub, query: IncidentQuery, before: str | None) -> Page:
    """Return the page that begins before an incident, or the first one.

    Cameras may be called by their keys or by their entities.
    """
    last = existing(await hub.archive.get(before), before) if before else None
    if query.cameras is not None:
        keys = {entity: key for key, entity in hub.cameras.entities().items()}
        query = replace(query, cameras=tuple(keys.get(name, name) for name in query.cameras))
    found = await hub.archive.find(replace(query, before=last, limit=query.limit + 1))
    shown = tuple(found[: query.limit])
    return Page(incidents=shown, next=shown[-1].id if len(found) > query.limit else None)


async def footage_of(hub: Hub, incidents: Sequence[Incident]) -> dict[str, list[Footage]]:
    """Return all that was recorded of each of these incidents, newest first, by its id."""
    found: dict[str, list[Footage]] = {incident.id: [] for incident in incidents}
    for row in await hub.storage.library.find(incident=tuple(found), limit=None):
        found[str(row.incident)].append(row)
    return found


def existing(incident: Incident | None, identity: str) -> Incident:
    """Return an incident that was asked for by its id; raises ServiceValidationError if none is."""
    if incident is None:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="incident_not_found",
            translation_placeholders={"incident": identity},
        )
    return incident


def existing_clip(clip: Footage | None, identity: str) -> Footage:
    """Return a clip that was asked for by its id; raises ServiceValidationError if none is."""
    if clip is None:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="footage_not_found",
            translation_placeholders={"footage": identity},
        )
    return clip


def ignored_since(hub: Hub, incident: Incident) -> list[dict[str, Any]]:
    """Return what is ignored since an incident was said to be nothing."""
    entities = hub.cameras.entities()
    return [
        ignore_box_json(box, entities)
        for camera in incident.cameras
        for box in hub.zones.of(camera).ignored
        if box.incident == incident.id
    ]


def not_a_camera(name: str) -> ServiceValidationError:
    """Return the error for what is called like no camera of the site."""
    return ServiceValidationError(
        translation_domain=DOMAIN,
        translation_key="not_a_camera",
        translation_placeholders={"entity": name},
    )


def _key(err: RoomError) -> str:
    """Return an error's translation key; most refusals of an agent share one."""
    match err:
        case AgentRefused(code=ErrorCode.CAMERA_OFFLINE):
            return "camera_offline"
        case AgentRefused(code=ErrorCode.CAMERA_PRIVATE):
            return "camera_private"
        case AgentRefused(code=ErrorCode.NO_CARD):
            return "no_card"
        case AgentRefused():
            return "agent_refused"
        case DatabaseError():
            return "database_failed"
        case NoteTooLong():
            return "note_too_long"
    return err.code
