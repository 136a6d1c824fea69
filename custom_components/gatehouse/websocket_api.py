"""What the cards ask over the WebSocket."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from homeassistant.components import websocket_api
from homeassistant.components.websocket_api import ActiveConnection
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import (
    config_validation as cv,
    device_registry as dr,
    entity_registry as er,
)
import voluptuous as vol

from .access_deeds import ACCESS_COMMANDS
from .access_feed import subscribe as subscribe_access
from .actions import ATTR_BEFORE, ATTR_CAMERA, ATTR_INCIDENT, ATTR_LIMIT, ATTR_NOTE, ATTR_REVIEWED
from .asking import FILTERS, ignored_since, page_of, places_of, query_of
from .booking_deeds import BOOKING_COMMANDS
from .booking_feed import subscribe as subscribe_bookings
from .commands import Command, Request
from .const import DOMAIN
from .footage_commands import FOOTAGE_COMMANDS
from .health_feed import subscribe as subscribe_health
from .incident_feed import LARGEST_PAGE, IncidentFeed, footage_shown, page_shown
from .incident_services import not_a_person
from .incidents import IncidentQuery
from .log_deeds import LOG_COMMANDS
from .log_feed import subscribe as subscribe_log
from .options import groups
from .serialize import ignore_box_json, zone_json
from .storage_feed import StorageFeed
from .zone_services import ATTR_BOX, ATTR_ZONE, ZONE_FIELDS, forget, ignored_by, save_zone, zones_of

if TYPE_CHECKING:
    from .coordinator import CameraData

ATTR_CAMERAS: Final = "cameras"
ATTR_GROUP: Final = "group"

OF_INCIDENTS: Final = {
    **FILTERS,
    vol.Optional(ATTR_CAMERAS): [cv.string],
    vol.Optional(ATTR_GROUP): cv.string,
}
"""What cards look for; cameras are called by their keys or their entities."""


@callback
def async_register_commands(hass: HomeAssistant) -> None:
    """Register the commands, once."""
    for command in COMMANDS:
        command.register(hass)
    websocket_api.async_register_command(hass, _subscribe)
    websocket_api.async_register_command(hass, _subscribe_storage)
    websocket_api.async_register_command(hass, subscribe_access)
    websocket_api.async_register_command(hass, subscribe_bookings)
    websocket_api.async_register_command(hass, subscribe_health)
    websocket_api.async_register_command(hass, subscribe_log)


@websocket_api.websocket_command(
    {
        vol.Required("type"): "gatehouse/incidents/subscribe",
        **OF_INCIDENTS,
        vol.Optional(ATTR_LIMIT, default=0): vol.All(int, vol.Range(min=0, max=LARGEST_PAGE)),
    }
)
@callback
def _subscribe(hass: HomeAssistant, connection: ActiveConnection, msg: dict[str, Any]) -> None:
    """Tell the newest that are asked for, if there is a limit, and all news until unsubscribed."""
    connection.send_result(msg["id"])
    feed = IncidentFeed(hass, connection, msg["id"], _wanted(msg))
    connection.subscriptions[msg["id"]] = feed.open()


@websocket_api.websocket_command({vol.Required("type"): "gatehouse/storage/subscribe"})
@callback
def _subscribe_storage(
    hass: HomeAssistant, connection: ActiveConnection, msg: dict[str, Any]
) -> None:
    """Tell how the storage is, now and whenever that changes, until unsubscribed."""
    connection.send_result(msg["id"])
    feed = StorageFeed(hass, connection, msg["id"])
    connection.subscriptions[msg["id"]] = feed.open()


async def _list_incidents(request: Request) -> dict[str, Any]:
    page = await page_of(request.hub, _wanted(request.fields), request.fields.get(ATTR_BEFORE))
    return page_shown(request.connection, page, request.hub.cameras)


async def _get_incident(request: Request) -> dict[str, Any]:
    shown = request.shown(await request.hub.archive.get(request.incident))
    rows = await request.hub.storage.library.find(incident=request.incident)
    return shown | {"footage": [footage_shown(request.connection, row) for row in rows]}


async def _review(request: Request) -> dict[str, Any]:
    reviewed = request.fields[ATTR_REVIEWED]
    return request.shown(await request.hub.archive.review(request.incident, reviewed))


async def _note(request: Request) -> dict[str, Any]:
    note = request.fields[ATTR_NOTE]
    return request.shown(await request.hub.archive.annotate(request.incident, note))


async def _not_a_person(request: Request) -> dict[str, Any]:
    found = await not_a_person(request.hub, request.incident, request.connection.user)
    return {"incident": request.shown(found), "ignored": ignored_since(request.hub, found)}


async def _list_cameras(request: Request) -> dict[str, Any]:
    return {
        "cameras": [
            _camera_json(request, coordinator.key(camera), data)
            for coordinator in request.hub.cameras
            for camera, data in coordinator.data.cameras.items()
        ]
    }


async def _list_zones(request: Request) -> dict[str, Any]:
    entities = request.hub.cameras.entities()
    return {"zones": [zone_json(each, entities) for each in zones_of(request.hub, request.cameras)]}


async def _save_zone(request: Request) -> dict[str, Any]:
    (camera,) = request.cameras or ()
    zone = await save_zone(request.hub, camera, request.fields)
    return {"zone": zone_json(zone, request.hub.cameras.entities())}


async def _delete_zone(request: Request) -> dict[str, Any]:
    zone = await forget(request.hub, request.fields[ATTR_ZONE], zones_of(request.hub))
    return {"zone": zone_json(zone, request.hub.cameras.entities())}


async def _list_ignored(request: Request) -> dict[str, Any]:
    entities = request.hub.cameras.entities()
    found = ignored_by(request.hub, request.cameras)
    return {"ignored": [ignore_box_json(box, entities) for box in found]}


async def _remove_ignored(request: Request) -> dict[str, Any]:
    box = await forget(request.hub, request.fields[ATTR_BOX], ignored_by(request.hub))
    return {"ignored": ignore_box_json(box, request.hub.cameras.entities())}


def _wanted(fields: Mapping[str, Any]) -> IncidentQuery:
    cameras = fields.get(ATTR_CAMERAS)
    return query_of(
        fields,
        cameras=None if cameras is None else tuple(cameras),
        group=fields.get(ATTR_GROUP),
        limit=fields[ATTR_LIMIT],
    )


def _camera_json(request: Request, key: str, data: CameraData) -> dict[str, Any]:
    hub, info = request.hub, data.info
    kept, until = hub.zones.of(key), hub.snoozes.until(key)
    group = next((each.id for each in groups(request.site) if key in each.cameras), key)
    return {
        "key": key,
        "name": info.name,
        "group": group,
        "place": places_of(request.site)[group],
        "online": data.state.online,
        "width": info.width,
        "height": info.height,
        "zones": len(kept.zones),
        "ignored": len(kept.ignored),
        "snoozed_until": until.isoformat() if until else None,
        "entities": _entities(request, key),
    }


def _entities(request: Request, key: str) -> dict[str, str]:
    """Return a camera's entities by what they are for."""
    hass, site = request.hub.hass, request.site
    device = dr.async_get(hass).async_get_device_by_identifier((DOMAIN, key), site.entry_id)
    ours = er.async_entries_for_device(er.async_get(hass), device.id) if device else []
    prefix = f"{key.replace('/', '_', 1)}_"
    found = {entity.unique_id.removeprefix(prefix): entity.entity_id for entity in ours}
    live = request.hub.cameras.entities().get(key)
    return found | ({ATTR_CAMERA: live} if live else {})


ONE: Final = {vol.Required(ATTR_INCIDENT): cv.string}
OF_A_CAMERA: Final = {vol.Optional(ATTR_CAMERA): cv.string}

COMMANDS: Final = (
    Command(
        name="incidents/list",
        answer=_list_incidents,
        fields={
            **OF_INCIDENTS,
            vol.Optional(ATTR_BEFORE): cv.string,
            vol.Optional(ATTR_LIMIT, default=50): vol.All(int, vol.Range(min=1, max=LARGEST_PAGE)),
        },
    ),
    Command(name="incidents/get", answer=_get_incident, fields=ONE),
    Command(
        name="incidents/review",
        answer=_review,
        fields={**ONE, vol.Optional(ATTR_REVIEWED, default=True): bool},
    ),
    Command(
        name="incidents/note", answer=_note, fields={**ONE, vol.Required(ATTR_NOTE): cv.string}
    ),
    Command(name="incidents/not_a_person", answer=_not_a_person, fields=ONE),
    Command(name="cameras", answer=_list_cameras, fields={}),
    Command(name="zones/list", answer=_list_zones, fields=OF_A_CAMERA),
    Command(
        name="zones/save",
        answer=_save_zone,
        fields={vol.Required(ATTR_CAMERA): cv.string, **ZONE_FIELDS},
        admin=True,
    ),
    Command(
        name="zones/delete",
        answer=_delete_zone,
        fields={vol.Required(ATTR_ZONE): cv.string},
        admin=True,
    ),
    Command(name="ignored/list", answer=_list_ignored, fields=OF_A_CAMERA),
    Command(
        name="ignored/remove",
        answer=_remove_ignored,
        fields={vol.Required(ATTR_BOX): cv.string},
        admin=True,
    ),
    *FOOTAGE_COMMANDS,
    *ACCESS_COMMANDS,
    *BOOKING_COMMANDS,
    *LOG_COMMANDS,
)
