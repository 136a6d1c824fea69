"""An agent, added to the site by its address and token, and changed."""

from collections.abc import Mapping
from typing import Any, TypedDict

from homeassistant.config_entries import (
    ConfigEntry,
    ConfigSubentry,
    ConfigSubentryFlow,
    SubentryFlowResult,
)
from homeassistant.const import CONF_HOST, CONF_PORT, CONF_TOKEN
from homeassistant.core import HomeAssistant
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.helpers.selector import (
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)
import voluptuous as vol

from .agent import (
    DEFAULT_PORT,
    Agent,
    AgentError,
    AgentIncompatible,
    AgentRefused,
    AgentUnauthorized,
    NotAnAgent,
)
from .const import DOMAIN, SUBENTRY_AGENT
from .models import AgentInfo

PORT = vol.All(
    NumberSelector(NumberSelectorConfig(min=1, max=65535, mode=NumberSelectorMode.BOX)),
    vol.Coerce(int),
)
TOKEN = TextSelector(TextSelectorConfig(type=TextSelectorType.PASSWORD))

TOKEN_SCHEMA = vol.Schema({vol.Required(CONF_TOKEN): TOKEN})
ADDRESS_SCHEMA = vol.Schema(
    {vol.Required(CONF_HOST): TextSelector(), vol.Required(CONF_PORT, default=DEFAULT_PORT): PORT}
)
NEW_SCHEMA = ADDRESS_SCHEMA.extend({vol.Required(CONF_TOKEN): TOKEN})
# The stored token is never sent to a browser: left empty, it stays.
CHANGE_SCHEMA = ADDRESS_SCHEMA.extend({vol.Optional(CONF_TOKEN): TOKEN})


class BadAddress(AgentError):
    """What was typed cannot be an address."""


class OtherAgent(AgentError):
    """There is an agent at this address, but not the expected one."""


class Trouble(TypedDict, total=False):
    """What a form shows of an error; empty while there is none."""

    errors: dict[str, str]
    description_placeholders: dict[str, str]


class AgentSubentryFlow(ConfigSubentryFlow):
    """Adds an agent, and changes its address or token."""

    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Add an agent."""
        trouble = Trouble()
        if user_input is not None:
            try:
                info, fields = await async_meet(self.hass, user_input)
            except AgentError as err:
                trouble = trouble_of(err)
            else:
                return self._async_add(info, fields)
        return self._async_ask("user", NEW_SCHEMA, user_input, trouble)

    async def async_step_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Change an agent's address or token; the same agent must answer there."""
        subentry = self._get_reconfigure_subentry()
        trouble = Trouble()
        if user_input is not None:
            changed = {**subentry.data, **user_input}
            try:
                _, fields = await async_meet(self.hass, changed, subentry.unique_id)
            except AgentError as err:
                trouble = trouble_of(err)
            else:
                return self.async_update_and_abort(self._get_entry(), subentry, data=fields)
        shown = user_input or {key: subentry.data[key] for key in (CONF_HOST, CONF_PORT)}
        return self._async_ask("reconfigure", CHANGE_SCHEMA, shown, trouble)

    def _async_add(self, info: AgentInfo, fields: Mapping[str, Any]) -> SubentryFlowResult:
        if known_agent(self._get_entry(), info.id):
            return self.async_abort(reason="already_configured")
        # If it was found in the network too, the offer to add it has become pointless.
        flows = self.hass.config_entries.flow
        for flow in flows.async_progress_by_handler(DOMAIN, match_context={"unique_id": info.id}):
            flows.async_abort(flow["flow_id"])
        return self.async_create_entry(title=info.name, unique_id=info.id, data=fields)

    def _async_ask(
        self, step: str, schema: vol.Schema, shown: Mapping[str, Any] | None, trouble: Trouble
    ) -> SubentryFlowResult:
        return self.async_show_form(
            step_id=step,
            data_schema=self.add_suggested_values_to_schema(schema, shown),
            **trouble,
        )


async def async_meet(
    hass: HomeAssistant, typed: Mapping[str, Any], expected: str | None = None
) -> tuple[AgentInfo, dict[str, Any]]:
    """Ask the agent at an address who it is, and return that with the fields to store.

    Raises AgentError; OtherAgent when it is not the expected one.
    """
    host, token = typed[CONF_HOST].strip(), typed[CONF_TOKEN].strip()
    fields = {CONF_HOST: host, CONF_PORT: typed[CONF_PORT], CONF_TOKEN: token}
    session = async_get_clientsession(hass)
    try:
        agent = Agent(session, host, fields[CONF_PORT], token)
    except ValueError as err:
        raise BadAddress(str(err)) from err
    info = await agent.info()
    if expected not in {None, info.id}:
        raise OtherAgent(info.name)
    return info, fields


def trouble_of(err: AgentError) -> Trouble:
    """Return what a form shows of an agent's error."""
    match err:
        case BadAddress():
            return Trouble(errors={CONF_HOST: "bad_address"})
        case AgentUnauthorized():
            return Trouble(errors={CONF_TOKEN: "invalid_auth"})
        case NotAnAgent():
            return _trouble("not_an_agent")
        case AgentIncompatible():
            return _trouble("incompatible", theirs=str(err.theirs))
        case OtherAgent():
            return _trouble("other_agent", other=str(err))
        case AgentRefused():
            return _trouble("refused", error=str(err))
    return _trouble("cannot_connect")


def known_agent(entry: ConfigEntry, agent: str) -> ConfigSubentry | None:
    """Return the subentry of the agent with this id, if the site has it."""
    agents = entry.get_subentries_of_type(SUBENTRY_AGENT)
    return next((subentry for subentry in agents if subentry.unique_id == agent), None)


def _trouble(error: str, /, **placeholders: str) -> Trouble:
    return Trouble(errors={"base": error}, description_placeholders=placeholders)
