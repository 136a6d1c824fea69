"""Camera groups: added to the site, and changed."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, override

from homeassistant.config_entries import ConfigEntryState, SubentryFlowResult
from homeassistant.const import CONF_NAME
from homeassistant.helpers.selector import (
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
)
import voluptuous as vol

from .const import CONF_CAMERAS, CONF_DOORS
from .form_fields import TEXT
from .hub import Hub
from .one_form import OneFormFlow, Refused

# One camera is a place by itself.
FEWEST: Final = 2


class GroupSubentryFlow(OneFormFlow):
    """Cameras and doors of one place: what happens there at one time is one incident."""

    @override
    def _schema(self, stored: Mapping[str, Any]) -> vol.Schema:
        fields: dict[vol.Marker, Any] = {
            vol.Optional(CONF_NAME): TEXT,
            vol.Required(CONF_CAMERAS): _several(stored.get(CONF_CAMERAS, ()), self._cameras),
        }
        if self._doors or stored.get(CONF_DOORS):
            fields[vol.Optional(CONF_DOORS)] = _several(stored.get(CONF_DOORS, ()), self._doors)
        return vol.Schema(fields)

    @override
    async def _async_step(
        self, step: str, stored: Mapping[str, Any], typed: Mapping[str, Any] | None
    ) -> SubentryFlowResult:
        if self._get_entry().state is not ConfigEntryState.LOADED:
            return self.async_abort(reason="entry_not_loaded")
        if not stored and len(self._cameras) + len(self._doors) < FEWEST:
            return self.async_abort(reason="too_few_cameras")
        return await super()._async_step(step, stored, typed)

    @override
    async def _async_check(
        self, stored: Mapping[str, Any], typed: Mapping[str, Any]
    ) -> tuple[str, dict[str, Any]]:
        cameras, doors = typed[CONF_CAMERAS], typed.get(CONF_DOORS, stored.get(CONF_DOORS, []))
        if len(cameras) + len(doors) < FEWEST:
            raise Refused(CONF_CAMERAS, "too_few")
        self._check_alone(CONF_CAMERAS, cameras, self._cameras)
        self._check_alone(CONF_DOORS, doors, self._doors)
        known = self._cameras | self._doors
        names = [known.get(key, key) for key in (*cameras, *doors)]
        return ", ".join(names), {CONF_CAMERAS: cameras, CONF_DOORS: doors}

    def _check_alone(self, field: str, keys: Sequence[str], names: Mapping[str, str]) -> None:
        """Refuse what another group has already: it would be of two incidents at once."""
        for key in keys:
            for other in self._others:
                if key in other.data.get(field, ()):
                    name = names.get(key, key)
                    raise Refused(field, "in_other_group", camera=name, other=other.title)

    @property
    def _cameras(self) -> dict[str, str]:
        """What the site's cameras are called, by their keys."""
        return self._hub.cameras.full_names()

    @property
    def _doors(self) -> dict[str, str]:
        """What the site's doors are called, by their keys."""
        return self._hub.admission.doors()

    @property
    def _hub(self) -> Hub:
        hub: Hub = self._get_entry().runtime_data
        return hub


def _several(chosen: Iterable[str], names: Mapping[str, str]) -> SelectSelector:
    """Return a choice of several, by their keys; one that is gone can be taken out."""
    offered = {key: key for key in chosen} | dict(names)
    by_name = sorted(offered.items(), key=lambda each: each[1].casefold())
    return SelectSelector(
        SelectSelectorConfig(
            options=[SelectOptionDict(value=key, label=name) for key, name in by_name],
            multiple=True,
            mode=SelectSelectorMode.LIST,
        )
    )
