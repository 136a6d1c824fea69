"""An agent, added to the site by its address and its pairing code or token, and changed."""

from collections.abc import Mapping
from typing import Any

from homeassistant.config_entries import (
    SOURCE_RECONFIGURE,
    ConfigEntry,
    ConfigSubentry,
    ConfigSubentryFlow,
    SubentryFlowResult,
)
from homeassistant.const import CONF_CODE, CONF_HOST, CONF_PORT, CONF_TOKEN
from homeassistant.helpers.selector import (
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)
import voluptuous as vol

from .agent import DEFAULT_PORT, AgentError, AgentImpostor, AgentUnauthorized, Stranger
from .agent_meeting import (
    Met,
    NeedsToken,
    Trouble,
    async_greet,
    async_meet,
    async_pair,
    first_trouble,
    trouble_of,
)
from .const import CONF_FINGERPRINT, DOMAIN, SUBENTRY_AGENT

PORT = vol.All(
    NumberSelector(NumberSelectorConfig(min=1, max=65535, mode=NumberSelectorMode.BOX)),
    vol.Coerce(int),
)
TOKEN = TextSelector(TextSelectorConfig(type=TextSelectorType.PASSWORD))

CODE_SCHEMA = vol.Schema({vol.Required(CONF_CODE): TextSelector()})
TOKEN_SCHEMA = vol.Schema({vol.Required(CONF_TOKEN): TOKEN})
# A token is asked for only where an agent cannot be paired; a stored one is not sent to a browser.
ADDRESS_SCHEMA = vol.Schema(
    {
        vol.Required(CONF_HOST): TextSelector(),
        vol.Required(CONF_PORT, default=DEFAULT_PORT): PORT,
        vol.Optional(CONF_TOKEN): TOKEN,
    }
)


class AgentSubentryFlow(ConfigSubentryFlow):
    """Adds an agent, and changes its address or how we are let in."""

    # Who is to be paired, and whether the user knows that its certificate is another one.
    _stranger: Stranger
    _warned = False

    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Ask for an agent's address; a token is only for one that cannot be paired."""
        trouble = Trouble()
        if user_input is not None:
            try:
                return await self._async_meet(await async_greet(self.hass, user_input), user_input)
            except AgentError as err:
                trouble = trouble_of(err)
        return self._async_ask_address("user", user_input, trouble)

    async def async_step_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Change an agent's address or token; the same agent must answer there."""
        subentry = self._get_reconfigure_subentry()
        trouble = Trouble()
        if user_input is not None:
            try:
                stranger = await async_greet(self.hass, user_input, subentry.unique_id)
                return await self._async_meet_again(stranger, user_input)
            except AgentError as err:
                trouble = trouble_of(err)
        shown = user_input or {key: subentry.data[key] for key in (CONF_HOST, CONF_PORT)}
        return self._async_ask_address("reconfigure", shown, trouble)

    async def async_step_pair(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Ask for the code that the agent shows, and become its owner."""
        trouble = first_trouble(self._stranger)
        if user_input is not None:
            address = {CONF_HOST: self._stranger.host, CONF_PORT: self._stranger.port}
            try:
                code = user_input[CONF_CODE]
                return self._async_end(
                    await async_pair(self.hass, address, code, self._stranger.id)
                )
            except AgentError as err:
                trouble = trouble_of(err)
        return self._async_ask_code(trouble)

    async def _async_meet(self, stranger: Stranger, typed: Mapping[str, Any]) -> SubentryFlowResult:
        """Add an agent by its token, or go on with its code. Who is known is not paired again."""
        if known_agent(self._get_entry(), stranger.id):
            return self.async_abort(reason="already_configured")
        if token := typed.get(CONF_TOKEN):
            return self._async_end(await async_meet(self.hass, stranger, token))
        if not stranger.takes_code:
            raise NeedsToken("The agent has a token in its configuration.")
        self._stranger = stranger
        return await self.async_step_pair()

    async def _async_meet_again(
        self, stranger: Stranger, typed: Mapping[str, Any]
    ) -> SubentryFlowResult:
        """Change an agent, or go on with its code where it does not know us any more."""
        subentry = self._get_reconfigure_subentry()
        typed_token = typed.get(CONF_TOKEN)
        pinned = None if typed_token and self._warned else subentry.data.get(CONF_FINGERPRINT)
        token = typed_token or subentry.data[CONF_TOKEN]
        try:
            met = await async_meet(self.hass, stranger, token, subentry.unique_id, pinned)
        except (AgentImpostor, AgentUnauthorized) as err:
            self._warned = isinstance(err, AgentImpostor)
            if typed_token or not stranger.takes_code:
                raise
            self._stranger = stranger
            return self._async_ask_code(first_trouble(stranger, err))
        return self._async_end(met)

    def _async_end(self, met: Met) -> SubentryFlowResult:
        entry = self._get_entry()
        if self.source == SOURCE_RECONFIGURE:
            subentry = self._get_reconfigure_subentry()
            return self.async_update_and_abort(entry, subentry, data=met.fields)
        if known_agent(entry, met.id):
            return self.async_abort(reason="already_configured")
        # If it was found in the network too, the offer to add it has become pointless.
        flows = self.hass.config_entries.flow
        for flow in flows.async_progress_by_handler(DOMAIN, match_context={"unique_id": met.id}):
            flows.async_abort(flow["flow_id"])
        return self.async_create_entry(title=met.name, unique_id=met.id, data=met.fields)

    def _async_ask_address(
        self, step: str, shown: Mapping[str, Any] | None, trouble: Trouble
    ) -> SubentryFlowResult:
        schema = self.add_suggested_values_to_schema(ADDRESS_SCHEMA, shown)
        return self.async_show_form(step_id=step, data_schema=schema, **trouble)

    def _async_ask_code(self, trouble: Trouble) -> SubentryFlowResult:
        stranger = self._stranger
        address = {CONF_HOST: stranger.host, CONF_PORT: stranger.port}
        shown = secret_form("pair", CODE_SCHEMA, stranger.name, address, trouble)
        return self.async_show_form(**shown)


def known_agent(entry: ConfigEntry, agent: str) -> ConfigSubentry | None:
    """Return the subentry of the agent with this id, if the site has it."""
    agents = entry.get_subentries_of_type(SUBENTRY_AGENT)
    return next((subentry for subentry in agents if subentry.unique_id == agent), None)


def secret_form(
    step: str, schema: vol.Schema, name: str, address: Mapping[str, Any], trouble: Trouble
) -> dict[str, Any]:
    """Return a form that asks for the code or the token of an agent, by this name and address."""
    where = {CONF_HOST: address[CONF_HOST], CONF_PORT: str(address[CONF_PORT])}
    placeholders = {"name": name, **where, **trouble.get("description_placeholders", {})}
    return {
        "step_id": step,
        "data_schema": schema,
        "errors": trouble.get("errors"),
        "description_placeholders": placeholders,
    }
