"""What a site looks for, takes for an incident, records and keeps, and who tells it."""

from typing import Any

from homeassistant.config_entries import ConfigFlowResult

from .const import CONF_NEEDED, CONF_OF
from .database_steps import DatabaseSteps
from .detector_steps import DetectorSteps
from .footage_steps import FootageSteps
from .language_steps import LanguageSteps
from .offsite_steps import OffsiteSteps
from .options_forms import MENU, trouble_at


class GatehouseOptionsFlow(DetectorSteps, FootageSteps, OffsiteSteps, LanguageSteps, DatabaseSteps):
    """Changes one part of the options and leaves the others as they are."""

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask which part; no rules are asked for while no camera is known."""
        parts = [part for part in MENU if part != "camera_rules" or self._cameras]
        return self.async_show_menu(step_id="init", menu_options=parts)

    async def async_step_incidents(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """When something seen becomes an incident, and when it is over."""
        if user_input and user_input[CONF_NEEDED] > user_input[CONF_OF]:
            trouble = trouble_at(CONF_NEEDED, "needed_above_of")
            return self._async_ask("incidents", user_input, trouble)
        return self._async_part("incidents", user_input)

    async def async_step_access(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """How long the access log is kept, and whether cards are told as tags."""
        return self._async_part("access", user_input)
