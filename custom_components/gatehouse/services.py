"""Actions: record, take a snapshot, ask what happened."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from homeassistant.components.camera import DOMAIN as CAMERA_DOMAIN
from homeassistant.const import ATTR_CONFIG_ENTRY_ID
from homeassistant.core import (
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
    callback,
)
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import config_validation as cv, entity_registry as er
from homeassistant.helpers.service import (
    async_get_config_entry,
    async_register_platform_entity_service,
)
from homeassistant.util import dt as dt_util
import voluptuous as vol

from .agent import AgentError, AgentRefused, ErrorCode
from .const import DOMAIN
from .database import DatabaseError
from .footage import FootageError
from .incidents import IncidentQuery
from .models import Footage, FootageStage, Incident, Level
from .options import LONGEST_RECORDING

if TYPE_CHECKING:
    from .camera import GatehouseCamera
    from .hub import Hub

ATTR_DURATION: Final = "duration"
ATTR_CAMERA: Final = "camera"
ATTR_SINCE: Final = "since"
ATTR_UNTIL: Final = "until"
ATTR_LEVEL: Final = "level"
ATTR_LIMIT: Final = "limit"

MOMENT = vol.All(cv.datetime, dt_util.as_utc)

RECORD_SCHEMA: Final = {
    vol.Optional(ATTR_DURATION, default=30): vol.All(
        cv.time_period, vol.Range(min=timedelta(seconds=1), max=LONGEST_RECORDING)
    )
}
GET_INCIDENTS_SCHEMA: Final = vol.Schema(
    {
        vol.Optional(ATTR_CONFIG_ENTRY_ID): cv.string,
        vol.Optional(ATTR_CAMERA): cv.entity_ids,
        vol.Optional(ATTR_SINCE): MOMENT,
        vol.Optional(ATTR_UNTIL): MOMENT,
        vol.Optional(ATTR_LEVEL): vol.Coerce(Level),
        vol.Optional(ATTR_LIMIT, default=50): vol.All(vol.Coerce(int), vol.Range(min=1, max=500)),
    }
)


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
    hass.services.async_register(
        DOMAIN,
        "get_incidents",
        _async_get_incidents,
        GET_INCIDENTS_SCHEMA,
        SupportsResponse.ONLY,
    )


@asynccontextmanager
async def translated() -> AsyncIterator[None]:
    """Turn what goes wrong in a room into words for the user."""
    try:
        yield
    except (AgentError, FootageError, DatabaseError) as err:
        raise HomeAssistantError(
            translation_domain=DOMAIN,
            translation_key=_key(err),
            translation_placeholders={"error": str(err)},
        ) from err


async def _async_record(camera: GatehouseCamera, call: ServiceCall) -> ServiceResponse:
    async with translated():
        return await camera.async_record(call.data[ATTR_DURATION])


async def _async_snapshot(camera: GatehouseCamera, call: ServiceCall) -> ServiceResponse:
    async with translated():
        return await camera.async_store_snapshot()


async def _async_get_incidents(call: ServiceCall) -> dict[str, Any]:
    entry = async_get_config_entry(call.hass, DOMAIN, call.data.get(ATTR_CONFIG_ENTRY_ID))
    hub: Hub = entry.runtime_data
    entities = _camera_entities(call.hass, hub)
    query = IncidentQuery(
        cameras=_cameras(entities, call.data.get(ATTR_CAMERA)),
        since=call.data.get(ATTR_SINCE),
        until=call.data.get(ATTR_UNTIL),
        level=call.data.get(ATTR_LEVEL),
        limit=call.data[ATTR_LIMIT],
    )
    async with translated():
        found = [
            _described(incident, entities, await hub.footage.find(incident=incident.id))
            for incident in await hub.incidents.find(query)
        ]
    return {"incidents": found}


def _key(err: AgentError | FootageError | DatabaseError) -> str:
    """Return an error's translation key; most refusals of an agent share one."""
    match err:
        case AgentRefused(code=ErrorCode.CAMERA_OFFLINE):
            return "camera_offline"
        case AgentRefused():
            return "agent_refused"
        case DatabaseError():
            return "database_failed"
    return err.code


def _camera_entities(hass: HomeAssistant, hub: Hub) -> dict[str, str]:
    """Return the entity of each camera, by the camera's key."""
    registry = er.async_get(hass)
    entities = {
        coordinator.key(camera): registry.async_get_entity_id(
            CAMERA_DOMAIN, DOMAIN, f"{coordinator.agent_id}_{camera}_camera"
        )
        for coordinator in hub.coordinators.values()
        for camera in coordinator.data.cameras
    }
    return {camera: entity for camera, entity in entities.items() if entity}


def _cameras(entities: dict[str, str], asked: list[str] | None) -> tuple[str, ...] | None:
    """Return the keys of the cameras that were asked for; None for all."""
    if asked is None:
        return None
    keys = {entity: camera for camera, entity in entities.items()}
    for entity in asked:
        if entity not in keys:
            raise ServiceValidationError(
                translation_domain=DOMAIN,
                translation_key="not_a_camera",
                translation_placeholders={"entity": entity},
            )
    return tuple(keys[entity] for entity in asked)


def _described(
    incident: Incident, entities: dict[str, str], footage: list[Footage]
) -> dict[str, Any]:
    assessment = incident.assessment
    ready = [row for row in footage if row.stage is FootageStage.READY]
    clip = max(ready, key=lambda row: row.duration or timedelta(), default=None)
    return {
        "id": incident.id,
        "camera": entities.get(incident.camera),
        "state": incident.state.value,
        "started": incident.started.isoformat(),
        "confirmed": _iso(incident.confirmed),
        "last_seen": incident.last_seen.isoformat(),
        "ended": _iso(incident.ended),
        "labels": list(incident.labels),
        "count": incident.count,
        "risk": assessment.risk if assessment else None,
        "level": assessment.level.value if assessment else None,
        "reasons": list(assessment.reasons) if assessment else [],
        "clip": f"media-source://{DOMAIN}/footage/{clip.id}" if clip else None,
        "picture": f"media-source://{DOMAIN}/picture/{incident.id}" if incident.picture else None,
    }


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
