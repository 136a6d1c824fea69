"""What can be done from here about what is wrong: a camera is begun anew."""

from typing import Any

from homeassistant.components.repairs import RepairsFlow, RepairsFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import issue_registry as ir
import voluptuous as vol

from .asking import translated
from .const import DOMAIN
from .following import running_hub
from .issues import ABOUT
from .upkeep_services import restart_camera


async def async_create_fix_flow(
    hass: HomeAssistant, issue_id: str, data: dict[str, str | int | float | None] | None
) -> RepairsFlow:
    """Return the flow for an issue that can be fixed: of those there is one kind."""
    return RestartCamera(str((data or {}).get(ABOUT)))


class RestartCamera(RepairsFlow):
    """Has a camera that gives no pictures begun anew, if somebody agrees."""

    def __init__(self, camera: str) -> None:
        """Be about the camera of this key."""
        self._camera = camera

    async def async_step_init(self, _: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Ask first."""
        return await self.async_step_confirm()

    async def async_step_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Begin it anew; the issue is told again if that does not help."""
        if user_input is None:
            issue = ir.async_get(self.hass).async_get_issue(DOMAIN, self.issue_id)
            return self.async_show_form(
                step_id="confirm",
                data_schema=vol.Schema({}),
                description_placeholders=issue.translation_placeholders if issue else None,
            )
        if (hub := running_hub(self.hass)) is None:
            return self.async_abort(reason="not_running")
        try:
            async with translated():
                await restart_camera(hub, self._camera)
        except HomeAssistantError as err:
            words = {"error": str(err)}
            return self.async_abort(reason="not_restarted", description_placeholders=words)
        hub.caretaker.forgive(self.issue_id)
        return self.async_create_entry(data={})
