"""What automations are told of an incident; addresses are relative, and signed for an hour."""

from datetime import timedelta
import logging
from typing import TYPE_CHECKING, Any, Final

from homeassistant.components.http.auth import async_sign_path
from homeassistant.core import HomeAssistant

from .coordinator import incident_attributes
from .dashboard_cards import INCIDENT_URL
from .database import DatabaseError
from .incidents import IncidentNews, NewsKind
from .models import Incident
from .serialize import clip_of
from .views import FOOTAGE_URL, PICTURE_URL

if TYPE_CHECKING:
    from .hub import Hub

_LOGGER = logging.getLogger(__name__)

# Until then somebody has looked at the notification; what is on the phone by then stays there.
LIFETIME: Final = timedelta(hours=1)


async def incident_payload(hass: HomeAssistant, hub: Hub, news: IncidentNews) -> dict[str, Any]:
    """Return it as JSON; what is told of a new incident is told at once."""
    incident = news.incident
    entities = hub.cameras.entities()
    picture = PICTURE_URL.format(id=incident.id) if incident.picture else None
    # Nothing is recorded to its end when somebody has just been seen.
    clip = None if news.kind is NewsKind.CONFIRMED else await _clip(hub, incident)
    return incident_attributes(incident) | {
        "cameras": [entities[camera] for camera in incident.cameras if camera in entities],
        "due": news.due,
        "notified": incident.notified is not None,
        "picture": _signed(hass, picture),
        "clip": _signed(hass, clip),
        "url": INCIDENT_URL.format(id=incident.id),
    }


async def _clip(hub: Hub, incident: Incident) -> str | None:
    """Return the address of the longest clip."""
    try:
        media = clip_of(await hub.storage.library.find(incident=incident.id))
    except DatabaseError as err:
        _LOGGER.warning("Automations are told of an incident without its clip: %s", err)
        return None
    return FOOTAGE_URL.format(id=media.rpartition("/")[2]) if media else None


def _signed(hass: HomeAssistant, path: str | None) -> str | None:
    return path and async_sign_path(hass, path, LIFETIME, use_content_user=True)
