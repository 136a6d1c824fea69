"""The site: set up, renamed, joined by the agents that are found, asked for a refused token."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, override

from homeassistant.config_entries import (
    SOURCE_USER,
    ConfigEntry,
    ConfigFlow,
    ConfigFlowResult,
    ConfigSubentry,
    ConfigSubentryData,
    ConfigSubentryFlow,
    FlowType,
    OptionsFlow,
    SubentryFlowContext,
)
from homeassistant.const import CONF_HOST, CONF_NAME, CONF_PORT
from homeassistant.core import callback
from homeassistant.data_entry_flow import AbortFlow
from homeassistant.exceptions import ConfigEntryError
from homeassistant.helpers.selector import TextSelector
from homeassistant.helpers.service_info.zeroconf import ZeroconfServiceInfo
import voluptuous as vol

from .agent import AgentError, AgentUnauthorized
from .agent_flow import (
    TOKEN_SCHEMA,
    AgentSubentryFlow,
    Trouble,
    async_meet,
    known_agent,
    trouble_of,
)
from .camera_flows import EntitySubentryFlow, FolderSubentryFlow, GroupSubentryFlow
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
from .media_root import async_check_media_root
from .models import AgentInfo
from .options_flow import GatehouseOptionsFlow
from .pair_flow import PairSubentryFlow

# One home, one entry: its agents are subentries.
SITE: Final = "site"

SITE_SCHEMA = vol.Schema({vol.Required(CONF_NAME): TextSelector()})


class GatehouseConfigFlow(ConfigFlow, domain=DOMAIN):
    """Makes the one entry that there is, and looks after its agents."""

    VERSION = 1
    MINOR_VERSION = 2

    # The agent that this flow is about, if it is about one: its name and its address.
    _name: str
    _address: Mapping[str, Any]
    _refused: ConfigSubentry

    @classmethod
    @callback
    @override
    def async_get_supported_subentry_types(
        cls, config_entry: ConfigEntry
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
    def async_get_options_flow(config_entry: ConfigEntry) -> OptionsFlow:
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

    @override
    async def async_step_zeroconf(self, discovery_info: ZeroconfServiceInfo) -> ConfigFlowResult:
        """Follow a known agent to its new address, or offer to add an unknown one."""
        properties = discovery_info.properties
        if not (agent := properties.get("id")):
            return self.async_abort(reason="not_an_agent")
        await self.async_set_unique_id(agent)
        self._abort_if_unique_id_configured()  # found before, and ignored by the user
        if (site := self._site) and (known := known_agent(site, agent)):
            address = _address_of(known, discovery_info)
            self.hass.config_entries.async_update_subentry(
                site, known, data={**known.data, **address}
            )
            return self.async_abort(reason="already_configured")
        self._name = properties.get("name") or discovery_info.hostname.partition(".")[0]
        self._address = {CONF_HOST: discovery_info.host, CONF_PORT: discovery_info.port}
        self.context["title_placeholders"] = {"name": self._name}
        return await self.async_step_discovered()

    async def async_step_discovered(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for the token of the agent that was found, and add it."""
        trouble = Trouble()
        if user_input is not None:
            try:
                info, fields = await async_meet(
                    self.hass, {**self._address, **user_input}, self.unique_id
                )
            except AgentError as err:
                trouble = trouble_of(err)
            else:
                return await self._async_add(info, fields)
        return self._async_ask_token("discovered", self._name, self._address, trouble)

    async def async_step_reauth(self, entry_data: Mapping[str, Any]) -> ConfigFlowResult:
        """Find out which agent refuses its token."""
        for subentry in self._get_reauth_entry().get_subentries_of_type(SUBENTRY_AGENT):
            if await self._async_refuses(subentry):
                self._refused = subentry
                self.context["title_placeholders"] = {"name": subentry.title}
                return await self.async_step_reauth_confirm()
        return self.async_abort(reason="tokens_accepted")

    async def async_step_reauth_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for that agent's new token."""
        subentry = self._refused
        trouble = Trouble()
        if user_input is not None:
            try:
                _, fields = await async_meet(
                    self.hass, {**subentry.data, **user_input}, subentry.unique_id
                )
            except AgentError as err:
                trouble = trouble_of(err)
            else:
                self.hass.config_entries.async_update_subentry(
                    self._get_reauth_entry(), subentry, data=fields
                )
                return self.async_abort(reason="reauth_successful")
        return self._async_ask_token("reauth_confirm", subentry.title, subentry.data, trouble)

    @property
    def _home(self) -> str:
        return self.hass.config.location_name or "Home"

    @property
    def _site(self) -> ConfigEntry | None:
        entries = self.hass.config_entries.async_entries(DOMAIN, include_ignore=False)
        return entries[0] if entries else None

    async def _async_claim_site(self) -> None:
        """Make sure that this flow creates the only site, and that it has a place for its media."""
        await self.async_set_unique_id(SITE, raise_on_progress=False)
        self._abort_if_unique_id_configured()
        try:
            await async_check_media_root(self.hass)
        except ConfigEntryError as err:
            raise AbortFlow(err.translation_key or "", err.translation_placeholders) from err

    async def _async_refuses(self, subentry: ConfigSubentry) -> bool:
        try:
            await async_meet(self.hass, subentry.data)
        except AgentError as err:
            return isinstance(err, AgentUnauthorized)
        return False

    async def _async_add(self, info: AgentInfo, fields: Mapping[str, Any]) -> ConfigFlowResult:
        """Add the agent to the site, which is created if there is none."""
        if site := self._site:
            new = ConfigSubentry(
                subentry_type=SUBENTRY_AGENT,
                title=info.name,
                unique_id=info.id,
                data=MappingProxyType(dict(fields)),
            )
            self.hass.config_entries.async_add_subentry(site, new)
            return self.async_abort(
                reason="agent_added", description_placeholders={"name": info.name}
            )
        await self._async_claim_site()
        first = ConfigSubentryData(
            subentry_type=SUBENTRY_AGENT, title=info.name, unique_id=info.id, data=fields
        )
        return self.async_create_entry(title=self._home, data={}, subentries=[first])

    def _async_ask_name(self, step: str, name: str) -> ConfigFlowResult:
        schema = self.add_suggested_values_to_schema(SITE_SCHEMA, {CONF_NAME: name})
        return self.async_show_form(step_id=step, data_schema=schema)

    def _async_ask_token(
        self, step: str, name: str, address: Mapping[str, Any], trouble: Trouble
    ) -> ConfigFlowResult:
        where = {CONF_HOST: address[CONF_HOST], CONF_PORT: str(address[CONF_PORT])}
        return self.async_show_form(
            step_id=step,
            data_schema=TOKEN_SCHEMA,
            errors=trouble.get("errors"),
            description_placeholders={
                "name": name,
                **where,
                **trouble.get("description_placeholders", {}),
            },
        )


def _address_of(known: ConfigSubentry, found: ZeroconfServiceInfo) -> dict[str, Any]:
    """Return where a known agent is now; of several addresses that it has, the stored one stays."""
    hosts = {str(address) for address in found.ip_addresses}
    stored = known.data[CONF_HOST]
    return {CONF_HOST: stored if stored in hosts else found.host, CONF_PORT: found.port}
