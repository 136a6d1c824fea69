"""The site on Home Assistant's page of the system's health."""

from typing import TYPE_CHECKING, Any, Final

from homeassistant.components import system_health
from homeassistant.core import HomeAssistant, callback

from .const import DOMAIN
from .database import DatabaseError
from .following import running_hub
from .footage_options import s3_options
from .roster import Attendance

if TYPE_CHECKING:
    from .hub import Hub

PAGE: Final = f"/config/integrations/integration/{DOMAIN}"
AWS: Final = "https://s3.amazonaws.com"
MEGABYTE: Final = 1_000_000


@callback
def async_register(hass: HomeAssistant, register: system_health.SystemHealthRegistration) -> None:
    """Let Home Assistant ask."""
    register.async_register_info(_async_info, PAGE)


async def _async_info(hass: HomeAssistant) -> dict[str, Any]:
    """Return how the site is, in a line each."""
    hub = running_hub(hass)
    if hub is None:
        return {"running": False}
    info: dict[str, Any] = {
        "version": hub.caretaker.version,
        "agents": _of(hub.cameras.agents_there()),
        "cameras": _of(hub.cameras.cameras_there()),
        "detector": _detector(hub),
        **await _async_queues(hub),
    }
    [site] = hass.config_entries.async_loaded_entries(DOMAIN)
    storage = s3_options(site)
    if storage.bucket:
        info["storage_reachable"] = system_health.async_check_can_reach_url(
            hass, storage.endpoint or AWS
        )
    return info


async def _async_queues(hub: Hub) -> dict[str, Any]:
    """Return how much there is and waits; a database that fails is told here too."""
    try:
        figures = await hub.storage.figures()
        size = await hub.database.size()
        summaries = await hub.assessor.pending()
    except DatabaseError as err:
        return {"database": {"type": "failed", "error": str(err)}}
    free = figures.free_bytes
    return {
        "database": _megabytes(size),
        "uploads_waiting": figures.backlog.depth,
        "summaries_waiting": summaries,
        "free_space": None if free is None else _megabytes(free),
    }


def _of(attendance: Attendance) -> str:
    there, away = len(attendance.there), len(attendance.away)
    return f"{there} / {there + away}"


def _detector(hub: Hub) -> str:
    """Return who looks, and how quickly: the first that is well."""
    detection = hub.detection
    used = next((each for each in detection.health if each.latency and not each.error), None)
    if used is None or used.latency is None:
        return detection.status.value
    return f"{used.name}, {round(used.latency.total_seconds() * 1000)} ms"


def _megabytes(size: int) -> str:
    return f"{size / MEGABYTE:.1f} MB"
