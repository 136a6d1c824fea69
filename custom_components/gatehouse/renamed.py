"""Entities of other integrations that the site was told to use: followed when they are renamed."""

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from homeassistant.core import CALLBACK_TYPE, Event, HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.event import async_track_entity_registry_updated_event

from .const import (
    CONF_AI_TASK,
    CONF_ALARM,
    CONF_CAMERA,
    CONF_MOTION,
    SUBENTRY_DOOR,
    SUBENTRY_ENTITY,
    SUBENTRY_PAIR,
)
from .other_doors import CONF_CONTACT, CONF_LOCK
from .pairs import CONF_CALENDAR

if TYPE_CHECKING:
    from . import GatehouseConfigEntry

# Where they are named: in the options, and in each kind of subentry.
OPTIONS: Final = (CONF_ALARM, CONF_AI_TASK)
SUBENTRIES: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        SUBENTRY_ENTITY: (CONF_CAMERA, CONF_MOTION),
        SUBENTRY_DOOR: (CONF_LOCK, CONF_CONTACT),
        SUBENTRY_PAIR: (CONF_CALENDAR,),
    }
)


@callback
def async_follow_names(hass: HomeAssistant, site: GatehouseConfigEntry) -> CALLBACK_TYPE:
    """Take each entity's new id when it gets one; the site is loaded again with it."""

    @callback
    def follow(event: Event[er.EventEntityRegistryUpdatedData]) -> None:
        if event.data["action"] == "update" and (old := event.data.get("old_entity_id")):
            _rename(hass, site, old, event.data["entity_id"])

    return async_track_entity_registry_updated_event(hass, frozenset(_used(site)), follow)


def _used(site: GatehouseConfigEntry) -> Iterator[str]:
    """Yield the ids of all of them."""
    yield from _named(site.options, OPTIONS)
    for subentry in site.subentries.values():
        yield from _named(subentry.data, SUBENTRIES.get(subentry.subentry_type, ()))


def _named(said: Mapping[str, Any], fields: Iterable[str]) -> Iterator[str]:
    return (said[field] for field in fields if said.get(field))


def _rename(hass: HomeAssistant, site: GatehouseConfigEntry, old: str, new: str) -> None:
    entries = hass.config_entries
    entries.async_update_entry(site, options=_renamed(site.options, OPTIONS, old, new))
    for subentry in tuple(site.subentries.values()):
        fields = SUBENTRIES.get(subentry.subentry_type, ())
        data = _renamed(subentry.data, fields, old, new)
        entries.async_update_subentry(site, subentry, data=data)


def _renamed(said: Mapping[str, Any], fields: Iterable[str], old: str, new: str) -> dict[str, Any]:
    return {**said, **{field: new for field in fields if said.get(field) == old}}
