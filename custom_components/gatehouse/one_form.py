"""Something of the site that one form adds and changes."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any

from homeassistant.config_entries import (
    SOURCE_USER,
    ConfigSubentry,
    ConfigSubentryFlow,
    SubentryFlowResult,
)
from homeassistant.const import CONF_NAME
import voluptuous as vol

from .agent_meeting import Trouble


class Refused(Exception):
    """What was typed cannot be: at which field, and why."""

    def __init__(self, field: str, error: str, /, **placeholders: str) -> None:
        """Know the error's translation key, and what stands in for its placeholders."""
        super().__init__(error)
        self.trouble = Trouble(errors={field: error}, description_placeholders=placeholders)


class OneFormFlow(ConfigSubentryFlow):
    """One form, the same for adding something and for changing it."""

    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Add it."""
        return await self._async_step("user", {}, user_input)

    async def async_step_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Change it."""
        subentry = self._get_reconfigure_subentry()
        stored = {**subentry.data, CONF_NAME: subentry.title}
        return await self._async_step("reconfigure", stored, user_input)

    @abstractmethod
    def _schema(self, stored: Mapping[str, Any]) -> vol.Schema:
        """Return what the form asks."""

    @abstractmethod
    async def _async_check(
        self, stored: Mapping[str, Any], typed: Mapping[str, Any]
    ) -> tuple[str, dict[str, Any]]:
        """Return what it is called if nobody names it, and what to store; raises Refused."""

    async def _async_step(
        self, step: str, stored: Mapping[str, Any], typed: Mapping[str, Any] | None
    ) -> SubentryFlowResult:
        trouble = Trouble()
        if typed is not None:
            try:
                name, data = await self._async_check(stored, typed)
            except Refused as err:
                trouble = err.trouble
            else:
                return self._async_keep(typed.get(CONF_NAME, "").strip() or name, data)
        schema = self.add_suggested_values_to_schema(
            self._schema(stored), stored if typed is None else typed
        )
        return self.async_show_form(step_id=step, data_schema=schema, **trouble)

    def _async_keep(self, name: str, data: dict[str, Any]) -> SubentryFlowResult:
        if self.source == SOURCE_USER:
            return self.async_create_entry(title=name, data=data)
        subentry = self._get_reconfigure_subentry()
        return self.async_update_and_abort(self._get_entry(), subentry, title=name, data=data)

    @property
    def _others(self) -> list[ConfigSubentry]:
        """What the site has of the kind, but for the one that is being changed."""
        known = self._get_entry().get_subentries_of_type(self._subentry_type)
        own = self.context.get("subentry_id")
        return [subentry for subentry in known if subentry.subentry_id != own]
