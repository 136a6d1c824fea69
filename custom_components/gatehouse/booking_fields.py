"""What people say of a booking, and what they mean by it."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, timedelta
from typing import TYPE_CHECKING, Any, Final

from homeassistant.components.calendar import DOMAIN as CALENDAR_DOMAIN
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import config_validation as cv, entity_registry as er
import voluptuous as vol

from .access_fields import one_of
from .asking import SPAN, local
from .booking_notices import is_target
from .bookings import SITE, BookedElsewhere, Booking, Clash
from .const import DOMAIN
from .models import Layout

if TYPE_CHECKING:
    from .hub import Hub

ATTR_CALENDAR: Final = "calendar"
ATTR_CAMERAS: Final = "cameras"
ATTR_LAYOUT: Final = "layout"
ATTR_SUMMARY: Final = "summary"
ATTR_START: Final = "start"
ATTR_END: Final = "end"
ATTR_DURATION: Final = "duration"
ATTR_RRULE: Final = "rrule"
ATTR_OWNER: Final = "owner"
ATTR_DESCRIPTION: Final = "description"
ATTR_UPLOAD: Final = "upload"
ATTR_SHARE: Final = "share"
ATTR_NOTIFY: Final = "notify"

LOCAL: Final = local
"""A time by the clock of the house, by which a series repeats."""

MORE: Final = {
    vol.Optional(ATTR_CAMERAS): vol.All(cv.ensure_list, [cv.string]),
    vol.Optional(ATTR_LAYOUT): vol.Coerce(Layout),
    vol.Optional(ATTR_END): LOCAL,
    vol.Optional(ATTR_DURATION): SPAN,
    vol.Optional(ATTR_RRULE): vol.Any(None, cv.string),
    vol.Optional(ATTR_OWNER): cv.string,
    vol.Optional(ATTR_DESCRIPTION): cv.string,
    vol.Optional(ATTR_UPLOAD): cv.boolean,
    vol.Optional(ATTR_SHARE): cv.boolean,
    vol.Optional(ATTR_NOTIFY): vol.All(cv.ensure_list, [cv.string]),
}
"""What may be said of a booking besides its name and its start."""

# Words that are kept as they are said.
PLAIN: Final = (
    ATTR_SUMMARY,
    ATTR_LAYOUT,
    ATTR_DESCRIPTION,
    ATTR_UPLOAD,
    ATTR_SHARE,
)


def new_booking(hub: Hub, fields: Mapping[str, Any]) -> Booking:
    """Return what somebody wants to book, but for its owner.

    Raises BookedElsewhere and ServiceValidationError.
    """
    calendar = calendar_called(hub, fields.get(ATTR_CALENDAR))
    pair, start = hub.schedule.pairs.get(calendar), fields[ATTR_START]
    one_of(fields, ATTR_END, ATTR_DURATION)
    draft = Booking(
        uid="",
        calendar=calendar,
        summary=fields[ATTR_SUMMARY],
        start=start,
        end=start,
        rrule=fields.get(ATTR_RRULE),
        cameras=(),
    )
    if pair is None:
        cameras = fields.get(ATTR_CAMERAS) or _only_cameras(hub)
        return _said_of(hub, draft, {**fields, ATTR_CAMERAS: cameras})
    if pair.source is not None:
        raise BookedElsewhere(f"{pair.name} follows {pair.source}: book it there")
    draft = replace(
        draft,
        cameras=(pair.left, pair.right),
        layout=pair.layout,
        upload=pair.upload,
        share=pair.share,
        notify=pair.notify,
    )
    return _said_of(hub, draft, fields)


def changed_booking(hub: Hub, booking: Booking, fields: Mapping[str, Any]) -> Booking:
    """Return how somebody wants a booking to be, but for its owner; what is not said stays.

    Raises ServiceValidationError.
    """
    if ATTR_END in fields and ATTR_DURATION in fields:
        one_of(fields, ATTR_END, ATTR_DURATION)
    return _said_of(hub, booking, fields)


def calendar_called(hub: Hub, name: str | None) -> str:
    """Return a calendar by its key, its entity or its name; that of the site if none is said.

    Raises ServiceValidationError.
    """
    known = hub.schedule.calendars()
    if name is None or name in known:
        return name or SITE
    entity = er.async_get(hub.hass).async_get(name)
    if entity and (entity.domain, entity.platform) == (CALENDAR_DOMAIN, DOMAIN):
        return entity.config_subentry_id or SITE
    found = [key for key, each in known.items() if each.casefold() == name.casefold()]
    if len(found) != 1:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="not_a_calendar",
            translation_placeholders={"calendar": name, "known": _listed(known.values())},
        )
    return found[0]


def cameras_called(hub: Hub, names: Iterable[str]) -> tuple[str, ...]:
    """Return cameras by their entities, names or keys; raises ServiceValidationError."""
    full = hub.cameras.full_names()
    return tuple(_camera_called(hub, name.strip(), full) for name in names)


@contextmanager
def naming_cameras(hub: Hub) -> Iterator[None]:
    """Let whoever is refused for a clash read the name of the camera, not its key."""
    try:
        yield
    except Clash as err:
        camera = hub.camera_names().get(err.camera, err.camera)
        raise Clash(err.summary, err.owner, camera, err.start, err.end) from err


def _said_of(hub: Hub, booking: Booking, fields: Mapping[str, Any]) -> Booking:
    """Return a booking with all that is said of it."""
    said = {name: fields[name] for name in PLAIN if name in fields}
    if ATTR_CAMERAS in fields:
        if booking.cameras and booking.calendar in hub.schedule.pairs:
            raise ServiceValidationError(
                translation_domain=DOMAIN, translation_key="cameras_of_pair"
            )
        said[ATTR_CAMERAS] = cameras_called(hub, fields[ATTR_CAMERAS])
    if ATTR_NOTIFY in fields:
        said[ATTR_NOTIFY] = _targets(hub, fields[ATTR_NOTIFY])
    if ATTR_RRULE in fields:
        said[ATTR_RRULE] = fields[ATTR_RRULE] or None
    _check_layout(hub, booking.calendar, fields.get(ATTR_LAYOUT))
    return replace(booking, **said, **_times(booking, fields))


def _times(booking: Booking, fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return start and end; what is moved lasts as long as before unless it is said."""
    start = fields.get(ATTR_START, booking.start)
    if ATTR_END in fields:
        return {ATTR_START: start, ATTR_END: fields[ATTR_END]}
    if ATTR_START not in fields and ATTR_DURATION not in fields:
        return {}
    if fields.get(ATTR_RRULE, booking.rrule):
        # What repeats lasts from one time on the clock to another, also where clocks are set.
        shown = booking.end.replace(tzinfo=None) - booking.start.replace(tzinfo=None)
        return {ATTR_START: start, ATTR_END: start + fields.get(ATTR_DURATION, shown)}
    lasts: timedelta = booking.end.astimezone(UTC) - booking.start.astimezone(UTC)
    end = start.astimezone(UTC) + fields.get(ATTR_DURATION, lasts)
    return {ATTR_START: start, ATTR_END: end.astimezone(start.tzinfo)}


def _check_layout(hub: Hub, calendar: str, layout: Layout | None) -> None:
    """Refuse a panorama of cameras of which nobody knows how their pictures overlap."""
    pair = hub.schedule.pairs.get(calendar)
    usual = pair and (pair.calibration or pair.layout is Layout.PANORAMA)
    if layout is Layout.PANORAMA and not usual:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="no_panorama")


def _only_cameras(hub: Hub) -> tuple[str, ...]:
    """Return the cameras of a site that has no more than a booking can have."""
    keys = tuple(hub.camera_names())
    if not 1 <= len(keys) <= 2:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="which_cameras",
            translation_placeholders={"known": _listed(hub.cameras.full_names().values())},
        )
    return keys


def _camera_called(hub: Hub, name: str, full: Mapping[str, str]) -> str:
    if name in full:
        return name
    for known in (hub.cameras.entities(), full, hub.camera_names()):
        found = [key for key, each in known.items() if each.casefold() == name.casefold()]
        if len(found) == 1:
            return found[0]
    raise ServiceValidationError(
        translation_domain=DOMAIN,
        translation_key="which_camera",
        translation_placeholders={"camera": name, "known": _listed(full.values())},
    )


def _targets(hub: Hub, names: Iterable[str]) -> tuple[str, ...]:
    """Return whom to tell, each once."""
    for name in names:
        if not is_target(hub.hass, name):
            raise ServiceValidationError(
                translation_domain=DOMAIN,
                translation_key="not_a_notifier",
                translation_placeholders={"target": name},
            )
    return tuple(dict.fromkeys(names))


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))
