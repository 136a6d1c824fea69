"""Actions about incidents: ask what happened, say what came of it."""

from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, Final

from homeassistant.auth.models import User
from homeassistant.core import ServiceCall, SupportsResponse
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import config_validation as cv
from homeassistant.util import dt as dt_util
import voluptuous as vol

from .actions import (
    ATTR_BEFORE,
    ATTR_CAMERA,
    ATTR_INCIDENT,
    ATTR_LIMIT,
    ATTR_NOTE,
    ATTR_REVIEWED,
    Action,
    caller_of,
    cameras_called,
    cameras_controlled,
    must_control,
)
from .asking import (
    FILTERS,
    SPAN,
    existing,
    footage_of,
    ignored_since,
    page_of,
    places_of,
    query_of,
    site_of,
)
from .const import DOMAIN
from .incidents import digest_of
from .options import snooze_for
from .serialize import clip_of, incident_json

if TYPE_CHECKING:
    from .hub import Hub
    from .models import Incident

ATTR_PLACE: Final = "place"
ATTR_DURATION: Final = "duration"
ATTR_DATE: Final = "date"
ATTR_USE_MODEL: Final = "use_model"

MOST_AT_ONCE: Final = 500
LONGEST_SNOOZE: Final = timedelta(days=7)

# Who asks for a digest at breakfast means the day that is over.
NOON: Final = time(12)

ONE: Final = {vol.Required(ATTR_INCIDENT): cv.string}


async def _get_incidents(hub: Hub, call: ServiceCall) -> dict[str, Any]:
    asked = call.data
    query = query_of(
        asked,
        cameras=cameras_called(hub, asked[ATTR_CAMERA]) if ATTR_CAMERA in asked else None,
        group=_group(call, asked[ATTR_PLACE]) if ATTR_PLACE in asked else None,
        limit=asked[ATTR_LIMIT],
    )
    page = await page_of(hub, query, asked.get(ATTR_BEFORE))
    entities, footage = hub.cameras.entities(), await footage_of(hub, page.incidents)
    found = [
        incident_json(incident, entities) | {"clip": clip_of(footage[incident.id])}
        for incident in page.incidents
    ]
    return {"incidents": found, "next": page.next}


async def _review(hub: Hub, call: ServiceCall) -> dict[str, Any]:
    incident = call.data[ATTR_INCIDENT]
    return _told(hub, await hub.archive.review(incident, call.data[ATTR_REVIEWED]), incident)


async def _set_note(hub: Hub, call: ServiceCall) -> dict[str, Any]:
    incident = call.data[ATTR_INCIDENT]
    return _told(hub, await hub.archive.annotate(incident, call.data[ATTR_NOTE]), incident)


async def _mark_notified(hub: Hub, call: ServiceCall) -> dict[str, Any]:
    incident = call.data[ATTR_INCIDENT]
    return _told(hub, await hub.archive.notified(incident), incident)


async def _not_a_person(hub: Hub, call: ServiceCall) -> dict[str, Any]:
    incident = call.data[ATTR_INCIDENT]
    found = await not_a_person(hub, incident, await caller_of(call))
    return _told(hub, found, incident) | {"ignored": ignored_since(hub, found)}


async def not_a_person(hub: Hub, identity: str, user: User | None) -> Incident:
    """Have ignored from now on what an incident was about, where a user may control its cameras.

    Raises ServiceValidationError if it is not there, and Unauthorized.
    """
    incident = existing(await hub.archive.get(identity), identity)
    entities = hub.cameras.entities()
    must_control(user, (entities[each] for each in incident.cameras if each in entities))
    return existing(await hub.archive.not_a_person(identity), identity)


async def _snooze(hub: Hub, call: ServiceCall) -> dict[str, Any]:
    duration = call.data.get(ATTR_DURATION, snooze_for(site_of(call.hass)))
    until = dt_util.utcnow() + duration if duration else None
    for camera in (await cameras_controlled(hub, call)).values():
        hub.snoozes.snooze(camera, until)
    return {"until": until.isoformat() if until else None}


async def _get_digest(hub: Hub, call: ServiceCall) -> dict[str, Any]:
    day = call.data.get(ATTR_DATE) or day_meant(dt_util.now())
    model = hub.assessor if call.data[ATTR_USE_MODEL] else None
    zone = dt_util.get_default_time_zone()
    told = await digest_of(day, hub.archive, hub.house.camera_names(), zone, model)
    return {
        "date": told.day.isoformat(),
        "text": told.text,
        "author": told.author.value,
        "error": told.error,
        "count": told.totals.incidents,
        "false_alarms": told.totals.false_alarms,
        "places": dict(told.totals.places),
        "levels": {level.value: count for level, count in told.totals.levels.items()},
        "incidents": list(told.incidents),
    }


def day_meant(now: datetime) -> date:
    """Return the day that is meant if none is named: today, before noon yesterday."""
    return now.date() - timedelta(days=now.time() < NOON)


def _told(hub: Hub, incident: Incident | None, identity: str) -> dict[str, Any]:
    return {"incident": incident_json(existing(incident, identity), hub.cameras.entities())}


def _group(call: ServiceCall, place: str) -> str:
    """Return the camera group of a place, by what people call it or by its id."""
    places = places_of(site_of(call.hass))
    for group, name in places.items():
        if place == group or place.casefold() == name.casefold():
            return group
    raise ServiceValidationError(
        translation_domain=DOMAIN,
        translation_key="not_a_place",
        translation_placeholders={"place": place, "places": ", ".join(sorted(places.values()))},
    )


INCIDENT_ACTIONS: Final = (
    Action(
        name="get_incidents",
        run=_get_incidents,
        fields={
            **FILTERS,
            vol.Optional(ATTR_CAMERA): cv.entity_ids,
            vol.Optional(ATTR_PLACE): cv.string,
            vol.Optional(ATTR_BEFORE): cv.string,
            vol.Optional(ATTR_LIMIT, default=50): vol.All(
                vol.Coerce(int), vol.Range(min=1, max=MOST_AT_ONCE)
            ),
        },
    ),
    Action(
        name="review",
        run=_review,
        fields={**ONE, vol.Optional(ATTR_REVIEWED, default=True): cv.boolean},
        response=SupportsResponse.OPTIONAL,
    ),
    Action(
        name="set_note",
        run=_set_note,
        fields={**ONE, vol.Required(ATTR_NOTE): cv.string},
        response=SupportsResponse.OPTIONAL,
    ),
    Action(
        name="not_a_person",
        run=_not_a_person,
        fields=ONE,
        response=SupportsResponse.OPTIONAL,
    ),
    Action(
        name="mark_notified",
        run=_mark_notified,
        fields=ONE,
        response=SupportsResponse.OPTIONAL,
    ),
    Action(
        name="snooze",
        run=_snooze,
        fields={
            vol.Optional(ATTR_DURATION): vol.All(
                SPAN, vol.Range(min=timedelta(), max=LONGEST_SNOOZE)
            )
        },
        response=SupportsResponse.OPTIONAL,
        has_target=True,
    ),
    Action(
        name="get_digest",
        run=_get_digest,
        fields={
            vol.Optional(ATTR_DATE): cv.date,
            vol.Optional(ATTR_USE_MODEL, default=False): cv.boolean,
        },
    ),
)
