"""Doors of other systems: added to the site, and changed."""

from collections.abc import Mapping
from typing import Any, override

from homeassistant.components.binary_sensor import DOMAIN as BINARY_SENSOR_DOMAIN
from homeassistant.components.lock import DOMAIN as LOCK_DOMAIN
from homeassistant.const import CONF_NAME
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.selector import EntitySelector, EntitySelectorConfig
import voluptuous as vol

from .form_fields import TEXT
from .one_form import OneFormFlow, Refused
from .other_doors import CONF_CONTACT, CONF_LOCK


class DoorSubentryFlow(OneFormFlow):
    """A door whose readers ask Gatehouse who may enter."""

    @override
    def _schema(self, stored: Mapping[str, Any]) -> vol.Schema:
        return vol.Schema(
            {
                vol.Required(CONF_NAME): TEXT,
                vol.Optional(CONF_LOCK): self._strange(LOCK_DOMAIN),
                vol.Optional(CONF_CONTACT): self._strange(BINARY_SENSOR_DOMAIN),
            }
        )

    @override
    async def _async_check(
        self, stored: Mapping[str, Any], typed: Mapping[str, Any]
    ) -> tuple[str, dict[str, Any]]:
        name = typed[CONF_NAME].strip()
        if not name:
            raise Refused(CONF_NAME, "no_name")
        for other in self._others:
            if other.title.casefold() == name.casefold():
                raise Refused(CONF_NAME, "name_in_use")
            if typed.get(CONF_LOCK) and other.data.get(CONF_LOCK) == typed[CONF_LOCK]:
                raise Refused(CONF_LOCK, "lock_in_use", other=other.title)
        return name, {key: value for key, value in typed.items() if key != CONF_NAME}

    def _strange(self, domain: str) -> EntitySelector:
        """Return a choice of entities that are not ours: our locks are opened by their agents."""
        ours = er.async_entries_for_config_entry(er.async_get(self.hass), self._entry_id)
        excluded = [entity.entity_id for entity in ours if entity.domain == domain]
        return EntitySelector(EntitySelectorConfig(domain=domain, exclude_entities=excluded))
