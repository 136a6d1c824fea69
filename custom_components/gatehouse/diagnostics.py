"""What helps to understand a site that misbehaves, without its secrets."""

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

from homeassistant.components.diagnostics import REDACTED, async_redact_data
from homeassistant.const import CONF_HOST
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from yarl import URL

from .access import PassageQuery
from .const import (
    CONF_CODEPROJECT_URL,
    CONF_DB_URL,
    CONF_FOLDER,
    CONF_KSERVE_URL,
    CONF_LAMBDA_URL,
    CONF_MODEL_PATH,
    CONF_REMOTE_URL,
    CONF_S3_BUCKET,
    CONF_S3_ENDPOINT,
    CONF_SERVER_URL,
    DOMAIN,
    SECRET_OPTIONS,
)
from .database import DatabaseError
from .detector_choice import split_addresses
from .incidents import IncidentQuery
from .on_demand import async_installed_runtime
from .options import chosen, model_choice

if TYPE_CHECKING:
    from . import GatehouseConfigEntry
    from .coordinator import CameraCoordinator, CameraData
    from .hub import Hub
    from .storage import Storage

# An address of a service may carry a key in it, a path the name of who lives there.
ADDRESSES: Final = frozenset(
    {
        CONF_CODEPROJECT_URL,
        CONF_DB_URL,
        CONF_KSERVE_URL,
        CONF_LAMBDA_URL,
        CONF_REMOTE_URL,
        CONF_S3_ENDPOINT,
        CONF_SERVER_URL,
    }
)
SECRETS: Final = (
    ADDRESSES | SECRET_OPTIONS | {CONF_HOST, CONF_FOLDER, CONF_MODEL_PATH, CONF_S3_BUCKET}
)

# Enough to see a pattern of failures, short enough to read.
NEWEST: Final = 20
NEWEST_INCIDENTS: Final = 100
NEWEST_PASSAGES: Final = 100


async def async_get_config_entry_diagnostics(
    hass: HomeAssistant, entry: GatehouseConfigEntry
) -> dict[str, Any]:
    """Return what was chosen, and how the agents, cameras, detectors and queues are now."""
    hub = entry.runtime_data
    found = {
        "options": async_redact_data(chosen(entry), SECRETS),
        "subentries": [
            {
                "type": subentry.subentry_type,
                "title": subentry.title,
                "data": async_redact_data(subentry.data, SECRETS),
            }
            for subentry in entry.subentries.values()
        ],
        "detector": _detector(hub) | {"installed": await async_installed_runtime(hass)},
        "language_model": model_choice(entry).kind,
        "machine": asdict(hub.machine.data),
        "agents": [_agent(hub, agent) for agent in hub.cameras.agents],
        "access": _access(hub),
        "problems": _problems(hass),
        "cameras": {
            coordinator.key(camera): _camera(hub, coordinator, camera, data)
            for coordinator in hub.cameras
            for camera, data in coordinator.data.cameras.items()
        },
        **await _rows(hub),
    }
    return dict(_without(found, _secrets(entry)))


def _detector(hub: Hub) -> dict[str, Any]:
    detection = hub.detection
    return {
        "status": detection.status,
        "progress": detection.progress,
        "error": detection.error,
        "runtime": detection.runtime,
        "health": [asdict(each) for each in detection.health],
    }


def _agent(hub: Hub, agent: str) -> dict[str, Any]:
    coordinator = hub.cameras.agents[agent]
    error = coordinator.last_exception
    return {
        "id": agent,
        "title": coordinator.subentry.title,
        "connected": coordinator.last_update_success,
        "since": coordinator.since,
        # Its name only: the text names the host.
        "last_error": type(error).__name__ if error else None,
        "info": asdict(coordinator.data.info) if coordinator.data.info else None,
        "stats": asdict(coordinator.data.stats),
        "clock_ahead_s": coordinator.data.clock_ahead.total_seconds(),
        "probes": [asdict(probe) for probe in coordinator.data.probes],
        "bookings": asdict(coordinator.data.bookings) if coordinator.data.bookings else None,
        "spool": asdict(coordinator.data.spool) if coordinator.data.spool else None,
        "doors": {door: asdict(data) for door, data in coordinator.data.doors.items()},
        "access": asdict(coordinator.data.access) if coordinator.data.access else None,
    }


def _problems(hass: HomeAssistant) -> list[str]:
    """Return what is wrong by its kind: who has it is in the texts of the issues."""
    issues = ir.async_get(hass).issues.values()
    return sorted(str(each.translation_key) for each in issues if each.domain == DOMAIN)


def _access(hub: Hub) -> dict[str, Any]:
    """Return how much is said of who may enter, and how the doors are; nobody's name is in it."""
    policy, emergency = hub.admission.policies.policy, hub.admission.emergency
    return {
        "site": policy.site.value,
        "waited_for": sorted(emergency.waited_for),
        "people": Counter("active" if each.active else "off" for each in policy.people.values()),
        "credentials": Counter(each.kind.value for each in policy.credentials.values()),
        "schedules": len(policy.schedules),
        "holidays": len(policy.holidays),
        "groups": len(policy.groups),
        "rules": {key: asdict(rules) for key, rules in policy.doors.items()},
        "doors": sorted(hub.admission.doors()),
    }


def _camera(
    hub: Hub, coordinator: CameraCoordinator[Any], camera: str, data: CameraData
) -> dict[str, Any]:
    """Return how a camera is; what it saw is nobody's business."""
    kept = hub.zones.of(coordinator.key(camera))
    return {
        "info": asdict(data.info),
        "state": asdict(data.state),
        "zones": Counter(zone.kind.value for zone in kept.zones),
        "ignore_boxes": len(kept.ignored),
        "tuning": asdict(kept.tuning),
    }


async def _rows(hub: Hub) -> dict[str, Any]:
    """Return the queues; a database that fails is what somebody wants to read of here."""
    try:
        incidents = await hub.archive.find(IncidentQuery(limit=NEWEST_INCIDENTS))
        passages = await hub.admission.log.find(PassageQuery(limit=NEWEST_PASSAGES))
        pending = await hub.assessor.pending()
        footage = await _footage(hub.storage)
    except DatabaseError as err:
        return {"database": f"{type(err).__name__}: {err}"}
    return {
        "incidents": Counter(incident.state.value for incident in incidents),
        "assessments": Counter(incident.assessing.value for incident in incidents),
        "assessments_pending": pending,
        "passages": Counter(f"{each.kind} {each.reason or ''}".strip() for each in passages),
        "footage": footage,
    }


async def _footage(storage: Storage) -> dict[str, Any]:
    """Return what is kept and what waits to be uploaded; `options` say what is to be."""
    newest = await storage.library.find(limit=NEWEST)
    return {
        "stock": asdict(await storage.library.stock()),
        "backlog": asdict(await storage.offsite.backlog()),
        "uploads": asdict(storage.offsite.progress),
        "newest": [asdict(row) for row in newest],
    }


def _secrets(entry: GatehouseConfigEntry) -> frozenset[str]:
    """Return the values that no text may repeat, as errors do."""
    return frozenset(
        secret
        for data in (entry.options, *(each.data for each in entry.subentries.values()))
        for key, value in data.items()
        if key in SECRETS and isinstance(value, str) and value
        for secret in _parts(key, value)
    )


def _parts(key: str, value: str) -> Iterator[str]:
    yield value
    for address in split_addresses(value) if key in ADDRESSES else ():
        yield address
        with suppress(ValueError):
            if host := URL(address).host:
                yield host


def _without(found: Any, secrets: frozenset[str]) -> Any:
    """Return the same without the secrets in its texts."""
    match found:
        case str():
            for secret in sorted(secrets, key=len, reverse=True):
                found = found.replace(secret, REDACTED)
        case Mapping():
            return {key: _without(value, secrets) for key, value in found.items()}
        case list() | tuple():
            return [_without(value, secrets) for value in found]
    return found
