"""What a site looks for, what it takes for an incident, how much is recorded and who tells it."""

from typing import Any

from homeassistant.config_entries import ConfigFlowResult

from .const import CONF_NEEDED, CONF_OF
from .detector_steps import DetectorSteps
from .language_steps import LanguageSteps
from .options_forms import MENU, trouble_at


class GatehouseOptionsFlow(DetectorSteps, LanguageSteps):
    """Changes one part of the options and leaves the others as they are."""

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask which part."""
        return self.async_show_menu(step_id="init", menu_options=list(MENU))

    async def async_step_incidents(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """When something seen becomes an incident, and when it is over."""
        if user_input and user_input[CONF_NEEDED] > user_input[CONF_OF]:
            trouble = trouble_at(CONF_NEEDED, "needed_above_of")
            return self._async_ask("incidents", user_input, trouble)
        return self._async_part("incidents", user_input)

    async def async_step_footage(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """How much is recorded of an incident."""
        return self._async_part("footage", user_input)

    def _async_part(self, part: str, user_input: dict[str, Any] | None) -> ConfigFlowResult:
        """Save what was answered, or ask for it."""
        if user_input is None:
            return self._async_ask(part)
        self._take(self._answered(part, user_input))
        return self._async_save()
