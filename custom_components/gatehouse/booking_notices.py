"""Who is told that a movie is ready, and in which words."""

import asyncio
from datetime import timedelta
import logging
from typing import Any, Final

from homeassistant.components.notify import (
    ATTR_MESSAGE,
    ATTR_TITLE,
    DOMAIN as NOTIFY_DOMAIN,
    SERVICE_SEND_MESSAGE,
)
from homeassistant.const import ATTR_ENTITY_ID, Platform
from homeassistant.core import HomeAssistant, callback, split_entity_id, valid_entity_id
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.translation import async_translate_state_attr
from homeassistant.util import dt as dt_util
import voluptuous as vol

from .bookings import Appointment
from .const import DOMAIN

_LOGGER = logging.getLogger(__name__)

# A mail server may be slow; the next one is not to wait for it for ever.
PATIENCE: Final = timedelta(seconds=30)


@callback
def is_target(hass: HomeAssistant, name: str) -> bool:
    """Return whether somebody can be told there: a notify entity, or an action of notify."""
    return _is_entity(hass, name) or _is_action(hass, name)


async def async_tell_ready(hass: HomeAssistant, appointment: Appointment, link: str | None) -> None:
    """Tell everybody once who is to know that a movie is ready, and where, if it is shared."""
    words = {ATTR_TITLE: appointment.summary, ATTR_MESSAGE: _message(hass, appointment, link)}
    for target in dict.fromkeys(appointment.notify):
        try:
            async with asyncio.timeout(PATIENCE.total_seconds()):
                await _tell(hass, target, words)
        except (HomeAssistantError, TimeoutError, vol.Invalid) as err:
            _LOGGER.warning(
                "%s is not told that %s is ready: %s", target, appointment.id, err or "no answer"
            )


async def _tell(hass: HomeAssistant, target: str, words: dict[str, Any]) -> None:
    """Tell one target; raises HomeAssistantError, as when there is no such target any more."""
    action = split_entity_id(target)[1]
    if _is_entity(hass, target):
        action, words = SERVICE_SEND_MESSAGE, words | {ATTR_ENTITY_ID: target}
    await hass.services.async_call(NOTIFY_DOMAIN, action, words, blocking=True)


def _message(hass: HomeAssistant, appointment: Appointment, link: str | None) -> str:
    start, end = dt_util.as_local(appointment.start), dt_util.as_local(appointment.end)
    hour = f"{appointment.summary}: {start:%Y-%m-%d}, {start:%H:%M} to {end:%H:%M}, is recorded"
    if (code := appointment.error) is not None:
        hour += f", but {async_translate_state_attr(hass, code, *_LAST_BOOKING)}"
    return f"{hour}: {link}" if link else f"{hour}. You find it in the media browser."


def _is_entity(hass: HomeAssistant, name: str) -> bool:
    known = hass.states.get(name) or er.async_get(hass).async_get(name)
    return name.startswith(f"{NOTIFY_DOMAIN}.") and known is not None


def _is_action(hass: HomeAssistant, name: str) -> bool:
    if not valid_entity_id(name):
        return False
    domain, action = split_entity_id(name)
    # What tells entities tells nobody by itself.
    is_theirs = domain == NOTIFY_DOMAIN and action != SERVICE_SEND_MESSAGE
    return is_theirs and hass.services.has_service(domain, action)


# Where the words of all errors are.
_LAST_BOOKING: Final = (Platform.SENSOR, DOMAIN, "last_booking", None, "error")
