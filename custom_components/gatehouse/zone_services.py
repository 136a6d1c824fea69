"""Actions about the cameras' pictures: where to look, and what to ignore."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

from homeassistant.core import ServiceCall, SupportsResponse
from homeassistant.helpers import config_validation as cv
import voluptuous as vol

from .actions import ATTR_CAMERA, Action, cameras_called
from .models import IgnoreBox, Zone, ZoneKind
from .serialize import ignore_box_json, zone_json
from .zones import CameraZones, ZoneNotFound

if TYPE_CHECKING:
    from .hub import Hub

ATTR_ZONE: Final = "zone_id"
ATTR_BOX: Final = "box_id"
ATTR_NAME: Final = "name"

IDENTITY: Final = cv.matches_regex(r"^[0-9a-f]{1,64}$")
NUMBER: Final = vol.All(vol.Any(int, float), vol.Coerce(float))

ZONE_FIELDS: Final = {
    vol.Optional(ATTR_ZONE): IDENTITY,
    vol.Required(ATTR_NAME): cv.string,
    vol.Optional("kind", default=ZoneKind.ZONE): vol.Coerce(ZoneKind),
    vol.Required("points"): [vol.All(vol.ExactSequence((NUMBER, NUMBER)), vol.Coerce(tuple))],
    vol.Optional("sensitive", default=False): cv.boolean,
}
"""What a zone or a mask is, but for its camera; without an id it is a new one."""


async def save_zone(hub: Hub, camera: str, fields: Mapping[str, Any]) -> Zone:
    """Keep what ZONE_FIELDS let somebody say; raises ZoneError."""
    return await hub.zones.save(
        Zone(
            id=fields.get(ATTR_ZONE, ""),
            camera=camera,
            kind=fields["kind"],
            name=fields[ATTR_NAME],
            points=tuple(fields["points"]),
            sensitive=fields["sensitive"],
        )
    )


async def forget[T: (Zone, IgnoreBox)](hub: Hub, identity: str, among: Iterable[T]) -> T:
    """Forget one of these zones or ignore boxes, and return it; raises ZoneError if none is it."""
    for kept in among:
        if kept.id == identity:
            await hub.zones.remove(identity)
            return kept
    raise ZoneNotFound("It is not there any more: list the camera's zones again")


def zones_of(hub: Hub, cameras: Iterable[str] | None = None) -> list[Zone]:
    """Return the zones and masks of some cameras, or of all."""
    return [zone for kept in _kept(hub, cameras) for zone in kept.zones]


def ignored_by(hub: Hub, cameras: Iterable[str] | None = None) -> list[IgnoreBox]:
    """Return what some cameras ignore, or all."""
    return [box for kept in _kept(hub, cameras) for box in kept.ignored]


def _kept(hub: Hub, cameras: Iterable[str] | None) -> list[CameraZones]:
    keys = sorted(hub.camera_names()) if cameras is None else cameras
    return [hub.zones.of(key) for key in keys]


async def _get_zones(hub: Hub, call: ServiceCall) -> dict[str, Any]:
    entities = hub.cameras.entities()
    return {"zones": [zone_json(zone, entities) for zone in zones_of(hub, _asked(hub, call))]}


async def _set_zone(hub: Hub, call: ServiceCall) -> dict[str, Any]:
    """Keep a zone; one of the same name and camera is changed."""
    (camera,) = cameras_called(hub, [call.data[ATTR_CAMERA]])
    known = {zone.name.casefold(): zone.id for zone in hub.zones.of(camera).zones}
    same = known.get(call.data[ATTR_NAME].casefold(), "")
    zone = await save_zone(hub, camera, {ATTR_ZONE: same, **call.data})
    return {"zone": zone_json(zone, hub.cameras.entities())}


async def _delete_zone(hub: Hub, call: ServiceCall) -> dict[str, Any]:
    zone = await forget(hub, call.data[ATTR_ZONE], zones_of(hub))
    return {"zone": zone_json(zone, hub.cameras.entities())}


async def _get_ignore_boxes(hub: Hub, call: ServiceCall) -> dict[str, Any]:
    entities = hub.cameras.entities()
    found = ignored_by(hub, _asked(hub, call))
    return {"ignored": [ignore_box_json(box, entities) for box in found]}


async def _remove_ignore_box(hub: Hub, call: ServiceCall) -> dict[str, Any]:
    box = await forget(hub, call.data[ATTR_BOX], ignored_by(hub))
    return {"ignored": ignore_box_json(box, hub.cameras.entities())}


def _asked(hub: Hub, call: ServiceCall) -> tuple[str, ...] | None:
    return cameras_called(hub, call.data[ATTR_CAMERA]) if ATTR_CAMERA in call.data else None


ZONE_ACTIONS: Final = (
    Action(name="get_zones", run=_get_zones, fields={vol.Optional(ATTR_CAMERA): cv.entity_ids}),
    Action(
        name="set_zone",
        run=_set_zone,
        fields={vol.Required(ATTR_CAMERA): cv.entity_id, **ZONE_FIELDS},
        response=SupportsResponse.OPTIONAL,
        admin=True,
    ),
    Action(
        name="delete_zone",
        run=_delete_zone,
        fields={vol.Required(ATTR_ZONE): cv.string},
        response=SupportsResponse.OPTIONAL,
        admin=True,
    ),
    Action(
        name="get_ignore_boxes",
        run=_get_ignore_boxes,
        fields={vol.Optional(ATTR_CAMERA): cv.entity_ids},
    ),
    Action(
        name="remove_ignore_box",
        run=_remove_ignore_box,
        fields={vol.Required(ATTR_BOX): cv.string},
        response=SupportsResponse.OPTIONAL,
        admin=True,
    ),
)
