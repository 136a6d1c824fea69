"""The site: set up, renamed, joined by the agents that are found, let in again where it was not."""

from typing import Any, override

from homeassistant.config_entries import (
    SOURCE_USER,
    ConfigFlowResult,
    ConfigSubentryFlow,
    FlowType,
    OptionsFlow,
    SubentryFlowContext,
)
from homeassistant.const import CONF_NAME
from homeassistant.core import callback
from homeassistant.helpers.selector import TextSelector
import voluptuous as vol

from . import GatehouseConfigEntry
from .agent_flow import AgentSubentryFlow
from .agent_steps import AgentSteps
from .camera_flows import EntitySubentryFlow, FolderSubentryFlow
from .const import (
    DOMAIN,
    SUBENTRY_AGENT,
    SUBENTRY_DOOR,
    SUBENTRY_ENTITY,
    SUBENTRY_FOLDER,
    SUBENTRY_GROUP,
    SUBENTRY_PAIR,
)
from .door_flow import DoorSubentryFlow
from .group_flow import GroupSubentryFlow
from .options_flow import GatehouseOptionsFlow
from .pair_flow import PairSubentryFlow

SITE_SCHEMA = vol.Schema({vol.Required(CONF_NAME): TextSelector()})


class GatehouseConfigFlow(AgentSteps, domain=DOMAIN):
    """Makes the one entry that there is, and looks after its agents."""

    VERSION = 1
    MINOR_VERSION = 2

    @classmethod
    @callback
    @override
    def async_get_supported_subentry_types(
        cls, config_entry: GatehouseConfigEntry
    ) -> dict[str, type[ConfigSubentryFlow]]:
        """Return what can be added to a site."""
        return {
            SUBENTRY_AGENT: AgentSubentryFlow,
            SUBENTRY_FOLDER: FolderSubentryFlow,
            SUBENTRY_ENTITY: EntitySubentryFlow,
            SUBENTRY_GROUP: GroupSubentryFlow,
            SUBENTRY_DOOR: DoorSubentryFlow,
            SUBENTRY_PAIR: PairSubentryFlow,
        }

    @staticmethod
    @callback
    @override
    def async_get_options_flow(config_entry: GatehouseConfigEntry) -> OptionsFlow:
        """Return the flow that changes a site's options."""
        return GatehouseOptionsFlow()

    @override
    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Name the site and create it."""
        await self._async_claim_site()
        if user_input is not None:
            return self.async_create_entry(title=user_input[CONF_NAME], data={})
        return self._async_ask_name("user", self._home)

    @override
    async def async_on_create_entry(self, result: ConfigFlowResult) -> ConfigFlowResult:
        """Go on with the first agent: a site without one shows nothing."""
        entry = result["result"]
        if not entry.subentries:
            flow = await self.hass.config_entries.subentries.async_init(
                (entry.entry_id, SUBENTRY_AGENT), context=SubentryFlowContext(source=SOURCE_USER)
            )
            result["next_flow"] = (FlowType.CONFIG_SUBENTRIES_FLOW, flow["flow_id"])
        return result

    async def async_step_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Rename the site."""
        entry = self._get_reconfigure_entry()
        if user_input is not None:
            return self.async_update_and_abort(entry, title=user_input[CONF_NAME])
        return self._async_ask_name("reconfigure", entry.title)

    def _async_ask_name(self, step: str, name: str) -> ConfigFlowResult:
        schema = self.add_suggested_values_to_schema(SITE_SCHEMA, {CONF_NAME: name})
        return self.async_show_form(step_id=step, data_schema=schema)
