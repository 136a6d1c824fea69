"""The steps in which the pictures of a pair are compared, before its movies become panoramas."""

import asyncio
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

from homeassistant.config_entries import SubentryFlowResult
from homeassistant.helpers.selector import TextSelector, TextSelectorConfig
import voluptuous as vol

from .agent_meeting import Trouble
from .footage import Calibration
from .hub import Hub
from .models import Layout
from .one_form import OneFormFlow, Refused
from .pair_calibration import CONF_POINTS, async_compare, async_sizes, async_take_points
from .pairs import CONF_CALIBRATION, CONF_LAYOUT, CONF_LEFT, CONF_RIGHT

POINTS_SCHEMA: Final = vol.Schema(
    {vol.Required(CONF_POINTS): TextSelector(TextSelectorConfig(multiline=True))}
)

# What can always be done about a panorama.
AGAIN: Final = ("compare", "points", "side_by_side")

NOTHING_ELSE: Final[Mapping[str, str]] = MappingProxyType({})


class PanoramaSteps(OneFormFlow):
    """How the two pictures lie beside each other: found out, typed, or given up."""

    _name: str
    _data: dict[str, Any]
    """What is to be stored of the pair, with what was found out before."""
    _calibration: Calibration
    _comparison: asyncio.Task[str] | None = None
    _refused: Mapping[str, str]
    """Why the pictures could not be compared."""

    async def async_step_panorama(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Choose how to find out how the pictures lie beside each other."""
        return self._async_offer()

    async def async_step_compare(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Wait until OpenCV is there and has compared what both cameras show now."""
        if self._comparison is None:
            self._comparison = self.hass.async_create_task(
                self._compare(), "gatehouse panorama", eager_start=False
            )
        comparison = self._comparison
        if not comparison.done():
            return self.async_show_progress(
                step_id="compare", progress_action="compare", progress_task=comparison
            )
        self._comparison = None
        return self.async_show_progress_done(next_step_id=comparison.result())

    async def async_step_points(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Ask for points that both pictures show."""
        trouble = Trouble()
        if user_input is not None:
            points = user_input[CONF_POINTS]
            try:
                self._calibration = await async_take_points(self.hass, *self._entities, points)
            except Refused as err:
                trouble = err.trouble
            else:
                return await self.async_step_calibrated()
        return await self._async_ask_points(user_input or {}, trouble)

    async def async_step_calibrated(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Show how well the pictures fit together."""
        found = self._calibration
        quality = {
            "inliers": str(found.inliers),
            "share": f"{found.share:.0%}",
            "error": f"{found.error:.1f}",
            "overlap": f"{found.overlap:.0%}",
        }
        return self._async_menu("calibrated", ["save", *AGAIN], quality)

    async def async_step_refused(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Show why there is no panorama, and what can be done."""
        return self._async_menu("refused", AGAIN, self._refused)

    async def async_step_save(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Store the pair with what was found out."""
        return self._async_store({CONF_CALIBRATION: self._calibration.as_json()})

    async def async_step_keep(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Store the pair with what was found out before."""
        return self._async_store({})

    async def async_step_side_by_side(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Store the pair without a panorama, as that works everywhere."""
        return self._async_store({CONF_LAYOUT: Layout.SIDE_BY_SIDE.value})

    def _async_store(self, changes: Mapping[str, Any]) -> SubentryFlowResult:
        return super()._async_keep(self._name, {**self._data, **changes})

    def _async_offer(self) -> SubentryFlowResult:
        kept = ["keep"] if self._data[CONF_CALIBRATION] else []
        return self._async_menu("panorama", [*kept, *AGAIN])

    def _async_menu(
        self, step: str, options: Sequence[str], more: Mapping[str, str] = NOTHING_ELSE
    ) -> SubentryFlowResult:
        return self.async_show_menu(
            step_id=step,
            menu_options=[*options],
            description_placeholders={**self._called, **more},
        )

    async def _async_ask_points(
        self, typed: Mapping[str, Any], trouble: Trouble
    ) -> SubentryFlowResult:
        try:
            left, right = await async_sizes(self.hass, *self._entities)
        except Refused as err:
            self._refused = err.trouble["description_placeholders"]
            return await self.async_step_refused()
        return self.async_show_form(
            step_id="points",
            data_schema=self.add_suggested_values_to_schema(POINTS_SCHEMA, typed),
            errors=trouble.get("errors"),
            description_placeholders={
                **self._called,
                "left_size": f"{left[0]} × {left[1]}",
                "right_size": f"{right[0]} × {right[1]}",
                **trouble.get("description_placeholders", {}),
            },
        )

    async def _compare(self) -> str:
        """Compare both pictures, and return which step shows what came of it."""
        try:
            self._calibration = await self._compared()
        except Refused as err:
            self._refused = err.trouble["description_placeholders"]
            return "refused"
        return "calibrated"

    async def _compared(self) -> Calibration:
        """Compare both pictures; whichever camera looks to the left becomes the left one."""
        found = await async_compare(self.hass, *self._entities)
        if not found.is_swapped:
            return found
        left, right = self._data[CONF_LEFT], self._data[CONF_RIGHT]
        self._data |= {CONF_LEFT: right, CONF_RIGHT: left}
        return await async_compare(self.hass, *self._entities)

    @property
    def _entities(self) -> tuple[str, str]:
        """The entities of the left and the right camera."""
        known = self._hub.cameras.entities()
        left, right = self._data[CONF_LEFT], self._data[CONF_RIGHT]
        return known.get(left, left), known.get(right, right)

    @property
    def _called(self) -> dict[str, str]:
        """What the two cameras are called, by their sides."""
        known = self._cameras
        keys = {side: self._data[side] for side in (CONF_LEFT, CONF_RIGHT)}
        return {side: known.get(key, key) for side, key in keys.items()}

    @property
    def _cameras(self) -> dict[str, str]:
        """What the site's cameras are called, by their keys."""
        return self._hub.cameras.full_names()

    @property
    def _hub(self) -> Hub:
        hub: Hub = self._get_entry().runtime_data
        return hub
