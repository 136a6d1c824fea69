"""What the description of a calendar event says of a booking, as calendars have no fields for it.

Cameras are a line `cameras: Court left, Court right`; what is as usual in its calendar needs none.
"""

from collections.abc import Callable, Iterator, Mapping
import re
from typing import TYPE_CHECKING, Any, Final

from homeassistant.const import Platform
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers.translation import async_translate_state, async_translate_state_attr

from .booking_fields import (
    ATTR_CAMERAS,
    ATTR_DESCRIPTION,
    ATTR_LAYOUT,
    ATTR_NOTIFY,
    ATTR_OWNER,
    ATTR_SHARE,
    ATTR_UPLOAD,
)
from .bookings import Booking, Hour
from .const import DOMAIN
from .models import Layout

if TYPE_CHECKING:
    from .hub import Hub

# Before how far a booking has come: whoever edits an event sends that line back with it.
MARK: Final = "●"

# The sensor whose states and whose attribute are translated for all.
LAST_BOOKING: Final = "last_booking"
ATTR_ERROR: Final = "error"

# A site with no more cameras means all of them.
MOST_CAMERAS: Final = 2

ANSWERS: Final = {"yes": True, "on": True, "true": True, "no": False, "off": False, "false": False}


def read(hub: Hub, calendar: str, description: str) -> dict[str, Any]:
    """Return what a description says, as the action that books takes it: all that can be usual.

    Raises ServiceValidationError where a line cannot be understood.
    """
    said, others = _usual(hub, calendar), []
    for line in description.splitlines():
        if found := _LINE.fullmatch(line):
            field, text = found[1].lower(), found[2].strip()
            said[field] = _READ[field](field, text)
        elif not line.startswith(MARK):
            others.append(line)
    return said | {ATTR_DESCRIPTION: "\n".join(others).strip()}


def check_cameras(hub: Hub, calendar: str, said: Mapping[str, Any]) -> None:
    """Raise ServiceValidationError where a new booking must say who records, with the line."""
    known = [*_short_names(hub).values()]
    if calendar in hub.schedule.pairs or said.get(ATTR_CAMERAS) or len(known) <= MOST_CAMERAS:
        return
    raise ServiceValidationError(
        translation_domain=DOMAIN,
        translation_key="booking_needs_cameras",
        translation_placeholders={"line": f"{ATTR_CAMERAS}: {', '.join(known[:MOST_CAMERAS])}"},
    )


def written(hub: Hub, booking: Booking, state: str) -> str:
    """Return the description that `read` takes back, with how far the booking has come."""
    return "\n".join([f"{MARK} {state}", *_lines(hub, booking), *booking.description.splitlines()])


def state_words(hub: Hub, hour: Hour) -> str:
    """Return how far an hour has come, in the language of the site."""
    words = async_translate_state(hub.hass, hour.state, Platform.SENSOR, DOMAIN, LAST_BOOKING, None)
    if (progress := hub.schedule.progress(hour.id)) is not None:
        words = f"{words} ({100 * progress:.0f} %)"
    error = hour.appointment.error if hour.appointment else None
    return f"{words}: {error_words(hub, error)}" if error else words


def error_words(hub: Hub, code: str) -> str:
    """Return what went wrong, in the language of the site; a code that has no words as it is."""
    return async_translate_state_attr(
        hub.hass, code, Platform.SENSOR, DOMAIN, LAST_BOOKING, None, ATTR_ERROR
    )


def _usual(hub: Hub, calendar: str) -> dict[str, Any]:
    """Return what is meant in a calendar if nobody says otherwise."""
    pair = hub.schedule.pairs.get(calendar)
    return {
        ATTR_LAYOUT: pair.layout if pair else Layout.SIDE_BY_SIDE,
        ATTR_UPLOAD: pair is not None and pair.upload,
        ATTR_SHARE: pair is not None and pair.share,
        ATTR_NOTIFY: [*pair.notify] if pair else [],
    }


def _lines(hub: Hub, booking: Booking) -> Iterator[str]:
    """Yield who records it, in whose name it is, and what is not as usual in its calendar."""
    if booking.calendar not in hub.schedule.pairs:
        names = _short_names(hub)
        yield f"{ATTR_CAMERAS}: {', '.join(names.get(key, key) for key in booking.cameras)}"
    if booking.owner:
        yield f"{ATTR_OWNER}: {booking.owner}"
    wishes: dict[str, Layout | bool | list[str]] = {
        ATTR_LAYOUT: booking.layout,
        ATTR_UPLOAD: booking.upload,
        ATTR_SHARE: booking.share,
        ATTR_NOTIFY: [*booking.notify],
    }
    usual = _usual(hub, booking.calendar)
    yield from (f"{name}: {_said(wish)}" for name, wish in wishes.items() if wish != usual[name])


def _said(wish: Layout | bool | list[str]) -> str:
    match wish:
        case bool():
            return "yes" if wish else "no"
        case Layout():
            return _plain(wish)
    return ", ".join(wish)


def _short_names(hub: Hub) -> dict[str, str]:
    """Return what tells each camera from all others, without a comma, by its key."""
    names, full = hub.camera_names(), hub.cameras.full_names()
    every = [name.casefold() for name in names.values()]
    best = {
        key: name if every.count(name.casefold()) == 1 else full[key] for key, name in names.items()
    }
    return {key: key if "," in name else name for key, name in best.items()}


def _listed(_: str, text: str) -> list[str]:
    return [each for part in text.split(",") if (each := part.strip())]


def _layout(_: str, text: str) -> Layout:
    try:
        return Layout(re.sub(r"[\s-]+", "_", text.lower()))
    except ValueError as err:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="not_a_layout",
            translation_placeholders={"layout": text, "known": ", ".join(map(_plain, Layout))},
        ) from err


def _answer(field: str, text: str) -> bool:
    try:
        return ANSWERS[text.lower()]
    except KeyError as err:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="yes_or_no",
            translation_placeholders={"field": field, "answer": text},
        ) from err


def _as_said(_: str, text: str) -> str:
    return text


def _plain(layout: Layout) -> str:
    return layout.replace("_", " ")


_READ: Final[Mapping[str, Callable[[str, str], Any]]] = {
    ATTR_CAMERAS: _listed,
    ATTR_LAYOUT: _layout,
    ATTR_OWNER: _as_said,
    ATTR_UPLOAD: _answer,
    ATTR_SHARE: _answer,
    ATTR_NOTIFY: _listed,
}
_LINE: Final = re.compile(rf"\s*({'|'.join(_READ)})\s*:(.*)", re.IGNORECASE)
