"""The doors of other systems: whoever is let in has their lock opened."""

import logging
from typing import TYPE_CHECKING, Final

from homeassistant.components.lock import DOMAIN as LOCK_DOMAIN, LockEntityFeature
from homeassistant.const import (
    ATTR_ENTITY_ID,
    ATTR_SUPPORTED_FEATURES,
    SERVICE_OPEN,
    SERVICE_UNLOCK,
    STATE_UNAVAILABLE,
)
from homeassistant.core import Context, HomeAssistant

from .access import Attempt, Decision
from .const import SUBENTRY_DOOR
from .options import other_door_key

if TYPE_CHECKING:
    from . import GatehouseConfigEntry

_LOGGER = logging.getLogger(__name__)

CONF_LOCK: Final = "lock"
CONF_CONTACT: Final = "contact"


def locks(site: GatehouseConfigEntry) -> dict[str, str]:
    """Return the lock entity of each door of another system that has one, by the door's key."""
    return _entities(site, CONF_LOCK)


def contacts(site: GatehouseConfigEntry) -> dict[str, str]:
    """Return the entity that tells whether a door is open, where there is one, likewise."""
    return _entities(site, CONF_CONTACT)


async def async_check(
    hass: HomeAssistant, site: GatehouseConfigEntry, attempt: Attempt, context: Context
) -> Decision:
    """Return the decision for a reader that is no agent's, and open the lock if there is one.

    Raises DatabaseError as `Access.check` does.
    """
    decision = await site.runtime_data.admission.access.check(attempt)
    if decision.granted and (lock := locks(site).get(attempt.door)):
        await _async_open(hass, lock, context)
    return decision


async def _async_open(hass: HomeAssistant, lock: str, context: Context) -> None:
    """Have a lock opened, or unlocked if it does no more; nobody waits for its motor."""
    state = hass.states.get(lock)
    if state is None or state.state == STATE_UNAVAILABLE:
        _LOGGER.warning("Somebody is let in, but %s cannot be opened: look why it is lost", lock)
        return
    features = LockEntityFeature(state.attributes.get(ATTR_SUPPORTED_FEATURES, 0))
    await hass.services.async_call(
        LOCK_DOMAIN,
        SERVICE_OPEN if LockEntityFeature.OPEN in features else SERVICE_UNLOCK,
        {ATTR_ENTITY_ID: lock},
        blocking=False,
        context=context,
    )


def _entities(site: GatehouseConfigEntry, field: str) -> dict[str, str]:
    return {
        other_door_key(subentry.subentry_id): subentry.data[field]
        for subentry in site.get_subentries_of_type(SUBENTRY_DOOR)
        if subentry.data.get(field)
    }
