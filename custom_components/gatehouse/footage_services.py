"""Actions about recordings: make one, keep one, find those of a span of time."""

from collections.abc import Mapping
from datetime import timedelta
import logging
from typing import TYPE_CHECKING, Any, Final

from homeassistant.components.http.auth import async_sign_path
from homeassistant.core import HomeAssistant, ServiceCall, SupportsResponse, callback
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import config_validation as cv
from homeassistant.util import dt as dt_util
import voluptuous as vol

from .actions import (
    ATTR_BEFORE,
    ATTR_CAMERA,
    ATTR_FOOTAGE,
    ATTR_INCIDENT,
    ATTR_LIMIT,
    CLIPS,
    Action,
    cameras_called,
    cameras_controlled,
    clips_meant,
)
from .asking import FILTERS, SPAN, existing, footage_of, page_of, query_of
from .const import DOMAIN
from .footage import FootageError
from .footage_options import LONGEST_RECORDING
from .serialize import footage_json, incident_json, is_playable
from .share_services import ATTR_LIFETIME, LONGEST_ADDRESS, direct_url
from .views import FOOTAGE_URL, PICTURE_URL, POSTER_URL

if TYPE_CHECKING:
    from .hub import Hub
    from .models import Footage, Incident

_LOGGER = logging.getLogger(__name__)

ATTR_DURATION: Final = "duration"
ATTR_KEEP: Final = "keep"
ATTR_SINCE: Final = "since"
ATTR_UNTIL: Final = "until"
ATTR_DAYS: Final = "days"

# Every incident of a page has addresses of its own, and signing them takes time.
LARGEST_HISTORY: Final = 200

ASKED_OF_HISTORY: Final = ("text", ATTR_SINCE, ATTR_UNTIL, "level")


async def keep(hub: Hub, incident: str, kept: bool) -> Incident:
    """Have an incident and its clips kept for good, or no longer.

    Raises ServiceValidationError if there is none.
    """
    # The clips first: whoever hears of the incident may look at them at once.
    await hub.storage.library.keep(kept, incident=incident)
    return existing(await hub.archive.keep(incident, kept), incident)


async def _record(hub: Hub, call: ServiceCall) -> dict[str, Any]:
    """Record each camera from now on, by its own clock; returns their footage by the entities.

    Raises HomeAssistantError where one is away: what it was to record is over when it is back.
    """
    recorded, away = {}, []
    for entity, camera in (await cameras_controlled(hub, call)).items():
        if not _is_there(hub, camera):
            away.append(entity)
            continue
        now = dt_util.utcnow() + hub.house.clock_ahead(camera)
        footage = await hub.storage.flow.record(camera, now, now + call.data[ATTR_DURATION])
        recorded[entity] = {"footage_id": footage.id}
    if away:
        raise HomeAssistantError(
            translation_domain=DOMAIN,
            translation_key="camera_away",
            translation_placeholders={"cameras": ", ".join(away)},
        )
    return recorded


def _is_there(hub: Hub, camera: str) -> bool:
    found = hub.cameras.find(camera)
    return found is not None and found[0].tells_of(found[1])


async def _keep(hub: Hub, call: ServiceCall) -> dict[str, Any]:
    asked, kept = call.data, call.data[ATTR_KEEP]
    incident = None
    await clips_meant(hub, asked)
    if ATTR_INCIDENT in asked:
        incident = await keep(hub, asked[ATTR_INCIDENT], kept)
    else:
        await hub.storage.library.keep(kept, footage=asked[ATTR_FOOTAGE])
    return {
        "incident": incident_json(incident, hub.cameras.entities()) if incident else None,
        "footage": [footage_json(clip) for clip in await clips_meant(hub, asked)],
    }


async def _get_history(hub: Hub, call: ServiceCall) -> dict[str, Any]:
    asked, lifetime = call.data, call.data[ATTR_LIFETIME]
    expires = dt_util.utcnow() + lifetime
    query = query_of(
        _span(asked),
        cameras=cameras_called(hub, asked[ATTR_CAMERA]) if ATTR_CAMERA in asked else None,
        limit=asked[ATTR_LIMIT],
    )
    page = await page_of(hub, query, asked.get(ATTR_BEFORE))
    footage = await footage_of(hub, page.incidents)
    told = [await _told(hub, each, footage[each.id], lifetime) for each in page.incidents]
    return {"incidents": told, "next": page.next, "expires": expires.isoformat()}


def _span(asked: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is asked, with the beginning that a number of days means."""
    if ATTR_DAYS not in asked:
        return dict(asked)
    if ATTR_SINCE in asked:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="since_or_days")
    until = asked.get(ATTR_UNTIL, dt_util.utcnow())
    return {**asked, ATTR_SINCE: until - timedelta(days=asked[ATTR_DAYS])}


async def _told(
    hub: Hub, incident: Incident, footage: list[Footage], lifetime: timedelta
) -> dict[str, Any]:
    """Return an incident with its clips, whose addresses hold so long and need no login."""
    picture = PICTURE_URL.format(id=incident.id) if incident.picture else None
    return incident_json(incident, hub.cameras.entities()) | {
        "picture_url": _signed(hub.hass, picture, lifetime) if picture else None,
        "clips": [footage_json(row) | await _addresses(hub, row, lifetime) for row in footage],
    }


async def _addresses(hub: Hub, row: Footage, lifetime: timedelta) -> dict[str, str | None]:
    if not is_playable(row):
        return {"url": None, "poster_url": None}
    here = _signed(hub.hass, FOOTAGE_URL.format(id=row.id), lifetime)
    return {
        "url": await _away(hub, row, lifetime) or here,
        "poster_url": _signed(hub.hass, POSTER_URL.format(id=row.id), lifetime),
    }


async def _away(hub: Hub, row: Footage, lifetime: timedelta) -> str | None:
    """Return where a clip is off-site; Home Assistant's own address says why if it is not."""
    try:
        return await direct_url(hub, row, lifetime)
    except FootageError as err:
        _LOGGER.debug("Clip %s has no address off-site: %s", row.id, err)
        return None


@callback
def _signed(hass: HomeAssistant, path: str, lifetime: timedelta) -> str:
    return async_sign_path(hass, path, lifetime, use_content_user=True)


FOOTAGE_ACTIONS: Final = (
    Action(
        name="record",
        run=_record,
        fields={
            vol.Optional(ATTR_DURATION, default=30): vol.All(
                SPAN, vol.Range(min=timedelta(seconds=1), max=LONGEST_RECORDING)
            )
        },
        response=SupportsResponse.OPTIONAL,
        has_target=True,
    ),
    Action(
        name="keep",
        run=_keep,
        fields={**CLIPS, vol.Optional(ATTR_KEEP, default=True): cv.boolean},
        response=SupportsResponse.OPTIONAL,
    ),
    Action(
        name="get_history",
        run=_get_history,
        fields={
            **{field: check for field, check in FILTERS.items() if field in ASKED_OF_HISTORY},
            vol.Optional(ATTR_DAYS): vol.All(vol.Coerce(float), vol.Range(min=0, max=3660)),
            vol.Optional(ATTR_CAMERA): cv.entity_ids,
            vol.Optional(ATTR_BEFORE): cv.string,
            vol.Optional(ATTR_LIMIT, default=50): vol.All(
                vol.Coerce(int), vol.Range(min=1, max=LARGEST_HISTORY)
            ),
            vol.Optional(ATTR_LIFETIME, default={"hours": 1}): vol.All(
                SPAN, vol.Range(min=timedelta(seconds=1), max=LONGEST_ADDRESS)
            ),
        },
    ),
)
