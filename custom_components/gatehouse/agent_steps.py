"""The steps about one agent that was found, or lost: it joins the site, or lets us in again."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, override

from homeassistant.config_entries import (
    SOURCE_REAUTH,
    ConfigEntry,
    ConfigFlow,
    ConfigFlowResult,
    ConfigSubentry,
    ConfigSubentryData,
)
from homeassistant.const import CONF_CODE, CONF_HOST, CONF_PORT, CONF_TOKEN
from homeassistant.data_entry_flow import AbortFlow
from homeassistant.exceptions import ConfigEntryError
from homeassistant.helpers.service_info.zeroconf import ZeroconfServiceInfo

from .agent import AgentError, AgentImpostor, AgentUnauthorized
from .agent_flow import CODE_SCHEMA, TOKEN_SCHEMA, known_agent, secret_form
from .agent_meeting import (
    Met,
    NeedsToken,
    Trouble,
    async_fingerprint,
    async_greet,
    async_meet,
    async_pair,
    first_trouble,
    trouble_of,
)
from .const import CONF_FINGERPRINT, DOMAIN, SUBENTRY_AGENT
from .media_root import async_check_media_root
from .site_identity import agent_of

# One home, one entry: its agents are subentries.
SITE: Final = "site"

# The steps that ask for a code, and where they end for an agent that has a token instead.
TOKEN_STEPS: Final = {"pair": "discovered", "reauth_pair": "reauth_confirm"}


class AgentSteps(ConfigFlow):
    """Lets agents in."""

    # The agent that this flow is about, if it is about one: its id, name and address, what is to be
    # known of it beforehand, and where it is stored if it does not let us in any more.
    _agent: str | None
    _name: str
    _address: Mapping[str, Any]
    _beforehand = Trouble()
    _lost: ConfigSubentry

    @override
    async def async_step_zeroconf(self, discovery_info: ZeroconfServiceInfo) -> ConfigFlowResult:
        """Follow a known agent to its new address, or offer to add an unknown one."""
        properties = discovery_info.properties
        if not (agent := properties.get("id")):
            return self.async_abort(reason="not_an_agent")
        await self.async_set_unique_id(agent)
        self._abort_if_unique_id_configured()  # found before, and ignored by the user
        if (site := self._site) and (known := known_agent(site, agent)):
            return await self._async_follow(site, known, discovery_info)
        self._agent = agent
        self._name = properties.get("name") or discovery_info.hostname.partition(".")[0]
        self._address = {CONF_HOST: discovery_info.host, CONF_PORT: discovery_info.port}
        self.context["title_placeholders"] = {"name": self._name}
        return await self._async_ask_first("pair", "discovered")

    async def async_step_pair(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Add the agent that was found by the code that it shows."""
        return await self._async_ask("pair", user_input)

    async def async_step_discovered(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Add the agent that was found, and cannot be paired, by its token."""
        return await self._async_ask("discovered", user_input)

    async def async_step_reauth(self, entry_data: Mapping[str, Any]) -> ConfigFlowResult:
        """Find out which agent does not let us in, or is another one."""
        for subentry in self._get_reauth_entry().get_subentries_of_type(SUBENTRY_AGENT):
            if loss := await self._async_loss(subentry):
                self._lost = subentry
                self._agent, self._name = subentry.unique_id, subentry.title
                self._address = _trusted(subentry.data, loss)
                self.context["title_placeholders"] = {"name": subentry.title}
                return await self._async_ask_first("reauth_pair", "reauth_confirm", loss)
        return self.async_abort(reason="tokens_accepted")

    async def async_step_reauth_pair(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Pair that agent again."""
        return await self._async_ask("reauth_pair", user_input)

    async def async_step_reauth_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Take that agent's new token."""
        return await self._async_ask("reauth_confirm", user_input)

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
        await self._async_check_media()

    async def _async_check_media(self) -> None:
        try:
            await async_check_media_root(self.hass)
        except ConfigEntryError as err:
            raise AbortFlow(err.translation_key or "", err.translation_placeholders) from err

    async def _async_follow(
        self, site: ConfigEntry, known: ConfigSubentry, found: ZeroconfServiceInfo
    ) -> ConfigFlowResult:
        """Take a known agent's new address if it is there: anybody can announce anything.

        One that did not speak TLS so far, and says that it does, is pinned from now on.
        """
        fields = {**known.data, **_address_of(known, found)}
        pinned = known.data.get(CONF_FINGERPRINT)
        if pinned or found.properties.get("tls") == "1":
            shown = await async_fingerprint(self.hass, fields)
            if not shown or pinned not in {None, shown}:
                return self.async_abort(reason="not_there")
            fields[CONF_FINGERPRINT] = shown
        self.hass.config_entries.async_update_subentry(site, known, data=fields)
        return self.async_abort(reason="already_configured")

    async def _async_loss(self, subentry: ConfigSubentry) -> AgentError | None:
        """Return why an agent is lost until somebody does something, if it is."""
        try:
            await agent_of(self.hass, subentry.data).info()
        except (AgentUnauthorized, AgentImpostor) as err:
            return err
        except AgentError:
            pass  # it is away, and will be back
        return None

    async def _async_ask_first(
        self, by_code: str, by_token: str, loss: AgentError | None = None
    ) -> ConfigFlowResult:
        """Ask for the code of an agent, or for its token if that is all it takes."""
        try:
            stranger = await async_greet(self.hass, self._address)
        except AgentError:
            stranger = None  # it is greeted again when there is a code
        if stranger:
            self._beforehand = first_trouble(stranger, loss)
        return await self._async_ask(by_token if stranger and not stranger.takes_code else by_code)

    async def _async_ask(
        self, step: str, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for the secret of a step until the agent lets us in."""
        trouble = self._beforehand
        if user_input is not None:
            try:
                return await self._async_end(await self._async_let_in(user_input))
            except NeedsToken:
                step, trouble = TOKEN_STEPS[step], Trouble()
            except AgentError as err:
                trouble = trouble_of(err)
        schema = CODE_SCHEMA if step in TOKEN_STEPS else TOKEN_SCHEMA
        return self.async_show_form(**secret_form(step, schema, self._name, self._address, trouble))

    async def _async_let_in(self, typed: Mapping[str, Any]) -> Met:
        if CONF_TOKEN in typed:
            stranger = await async_greet(self.hass, self._address, self._agent)
            pinned = self._address.get(CONF_FINGERPRINT)
            return await async_meet(self.hass, stranger, typed[CONF_TOKEN], self._agent, pinned)
        if not self._site:
            # An agent that is paired must not remain without a site.
            await self._async_check_media()
        return await async_pair(self.hass, self._address, typed[CONF_CODE], self._agent)

    async def _async_end(self, met: Met) -> ConfigFlowResult:
        """Add the agent to the site, which is created if there is none; or let it in again."""
        if self.source == SOURCE_REAUTH:
            self.hass.config_entries.async_update_subentry(
                self._get_reauth_entry(), self._lost, data=met.fields
            )
            return self.async_abort(reason="reauth_successful")
        if site := self._site:
            new = ConfigSubentry(
                subentry_type=SUBENTRY_AGENT,
                title=met.name,
                unique_id=met.id,
                data=MappingProxyType(dict(met.fields)),
            )
            self.hass.config_entries.async_add_subentry(site, new)
            return self.async_abort(
                reason="agent_added", description_placeholders={"name": met.name}
            )
        await self._async_claim_site()
        first = ConfigSubentryData(
            subentry_type=SUBENTRY_AGENT, title=met.name, unique_id=met.id, data=met.fields
        )
        return self.async_create_entry(title=self._home, data={}, subentries=[first])


def _trusted(fields: Mapping[str, Any], loss: AgentError) -> dict[str, Any]:
    """Return what still holds of a lost agent: who was warned of its certificate takes another."""
    other = isinstance(loss, AgentImpostor)
    return {key: value for key, value in fields.items() if not (other and key == CONF_FINGERPRINT)}


def _address_of(known: ConfigSubentry, found: ZeroconfServiceInfo) -> dict[str, Any]:
    """Return where a known agent is now; of several addresses that it has, the stored one stays."""
    hosts = {str(address) for address in found.ip_addresses}
    stored = known.data[CONF_HOST]
    return {CONF_HOST: stored if stored in hosts else found.host, CONF_PORT: found.port}
