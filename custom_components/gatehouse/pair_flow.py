"""Pairs: two cameras that are recorded together, added to the site and changed."""

from collections.abc import Mapping
from typing import Any, Final, override

from homeassistant.components.calendar import DOMAIN as CALENDAR_DOMAIN
from homeassistant.components.notify import DOMAIN as NOTIFY_DOMAIN, SERVICE_SEND_MESSAGE
from homeassistant.config_entries import ConfigEntryState, SubentryFlowResult
from homeassistant.const import CONF_NAME
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.selector import (
    EntitySelector,
    EntitySelectorConfig,
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
)
import voluptuous as vol

from .booking_notices import is_target
from .footage import Corner
from .form_fields import SWITCH, TEXT, choice, offering
from .models import Layout
from .one_form import Refused
from .pairs import (
    CONF_CALENDAR,
    CONF_CALIBRATION,
    CONF_CORNER,
    CONF_LAYOUT,
    CONF_LEFT,
    CONF_NOTIFY,
    CONF_RIGHT,
    CONF_SHARE,
    CONF_UPLOAD,
)
from .panorama_steps import PanoramaSteps

FEWEST: Final = 2


class PairSubentryFlow(PanoramaSteps):
    """Two cameras that are recorded together."""

    _stored: Mapping[str, Any]

    @override
    async def _async_step(
        self, step: str, stored: Mapping[str, Any], typed: Mapping[str, Any] | None
    ) -> SubentryFlowResult:
        if self._get_entry().state is not ConfigEntryState.LOADED:
            return self.async_abort(reason="entry_not_loaded")
        if not stored and len(self._cameras) < FEWEST:
            return self.async_abort(reason="too_few_cameras")
        self._stored = stored
        return await super()._async_step(step, stored, typed)

    @override
    def _schema(self, stored: Mapping[str, Any]) -> vol.Schema:
        gone = {key: key for key in (stored.get(CONF_LEFT), stored.get(CONF_RIGHT)) if key}
        cameras = offering(gone | self._cameras)
        return vol.Schema(
            {
                vol.Optional(CONF_NAME): TEXT,
                vol.Required(CONF_LEFT): cameras,
                vol.Required(CONF_RIGHT): cameras,
                vol.Required(CONF_LAYOUT, default=Layout.SIDE_BY_SIDE.value): choice(
                    CONF_LAYOUT, list(Layout)
                ),
                vol.Required(CONF_CORNER, default=Corner.BOTTOM_RIGHT.value): choice(
                    CONF_CORNER, list(Corner)
                ),
                vol.Optional(CONF_CALENDAR): self._other_calendar(),
                vol.Required(CONF_UPLOAD, default=False): SWITCH,
                vol.Required(CONF_SHARE, default=False): SWITCH,
                vol.Optional(CONF_NOTIFY): self._targets(),
            }
        )

    @override
    async def _async_check(
        self, stored: Mapping[str, Any], typed: Mapping[str, Any]
    ) -> tuple[str, dict[str, Any]]:
        if typed[CONF_LEFT] == typed[CONF_RIGHT]:
            raise Refused(CONF_RIGHT, "same_camera")
        cameras = self._cameras
        name = " + ".join(cameras.get(typed[side], typed[side]) for side in (CONF_LEFT, CONF_RIGHT))
        called = typed.get(CONF_NAME, "").strip() or name
        for other in self._others:
            if other.title.casefold() == called.casefold():
                raise Refused(CONF_NAME, "name_in_use")
        for target in typed.get(CONF_NOTIFY, ()):
            if not is_target(self.hass, target):
                raise Refused(CONF_NOTIFY, "target_unknown", target=target)
        return name, {key: value for key, value in typed.items() if key != CONF_NAME}

    @override
    def _async_keep(self, name: str, data: dict[str, Any]) -> SubentryFlowResult:
        """Keep a pair; how its pictures lie beside each other holds as long as the cameras do."""
        known = [self._stored.get(side) for side in (CONF_LEFT, CONF_RIGHT)]
        same = known == [data[CONF_LEFT], data[CONF_RIGHT]]
        calibration = self._stored.get(CONF_CALIBRATION) if same else None
        self._name, self._data = name, data | {CONF_CALIBRATION: calibration}
        if data[CONF_LAYOUT] == Layout.PANORAMA:
            return self._async_offer()
        return self._async_store({})

    def _other_calendar(self) -> EntitySelector:
        """Return a choice of calendars that are not ours."""
        ours = er.async_entries_for_config_entry(er.async_get(self.hass), self._entry_id)
        excluded = [entity.entity_id for entity in ours if entity.domain == CALENDAR_DOMAIN]
        return EntitySelector(
            EntitySelectorConfig(domain=CALENDAR_DOMAIN, exclude_entities=excluded)
        )

    def _targets(self) -> SelectSelector:
        """Return a choice of whom to tell: notify entities, and the actions of older services."""
        names = {state.entity_id: state.name for state in self.hass.states.async_all(NOTIFY_DOMAIN)}
        actions = self.hass.services.async_services_for_domain(NOTIFY_DOMAIN)
        names |= {
            f"{NOTIFY_DOMAIN}.{name}": name for name in actions if name != SERVICE_SEND_MESSAGE
        }
        options = [SelectOptionDict(value=each, label=name) for each, name in names.items()]
        return SelectSelector(
            SelectSelectorConfig(
                options=options,
                multiple=True,
                custom_value=True,
                mode=SelectSelectorMode.DROPDOWN,
            )
        )
