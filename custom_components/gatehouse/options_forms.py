"""The forms of the options, and how a flow goes through them."""

from collections.abc import Mapping
from functools import cached_property
from types import MappingProxyType
from typing import Any, Final

from homeassistant.config_entries import ConfigFlowResult, OptionsFlow
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.selector import SelectSelector
import voluptuous as vol

from .agent_meeting import Trouble
from .const import (
    CONF_AI_TASK,
    CONF_ALARM,
    CONF_AT_ONCE,
    CONF_BUDGET,
    CONF_COOLDOWN,
    CONF_DB_PASSWORD,
    CONF_DB_URL,
    CONF_IDLE,
    CONF_IDLE_CHECK,
    CONF_LAMBDA_KEY_ID,
    CONF_LAMBDA_SECRET,
    CONF_LANGUAGE_MODEL,
    CONF_LOG_DAYS,
    CONF_NEEDED,
    CONF_OF,
    CONF_S3_KEY_ID,
    CONF_S3_SECRET,
    CONF_SERVER_KEY,
    CONF_SERVER_MODEL,
    CONF_SERVER_URL,
    CONF_SNOOZE,
    CONF_TAG_EVENTS,
    CONF_WINDOW,
    DEFAULTS,
    ModelKind,
)
from .detector_forms import DETECTOR_FORMS
from .footage_forms import FOOTAGE_FORMS, LONGEST_KEPT
from .form_fields import PASSWORD, SWITCH, TEXT, URL, choice, entity, typed, whole

MENU: Final = (
    "detection",
    "incidents",
    "footage",
    "offsite",
    "retention",
    "camera_rules",
    "language",
    "access",
    "database",
)

# A stored secret is never sent to a browser: left empty, it stays as long as what it belongs to.
SECRETS: Final = MappingProxyType(
    {
        CONF_DB_PASSWORD: CONF_DB_URL,
        CONF_LAMBDA_SECRET: CONF_LAMBDA_KEY_ID,
        CONF_S3_SECRET: CONF_S3_KEY_ID,
        CONF_SERVER_KEY: CONF_SERVER_URL,
    }
)

# By the step that asks them.
FORMS: Final[Mapping[str, vol.Schema]] = MappingProxyType(
    {
        **DETECTOR_FORMS,
        "incidents": vol.Schema(
            {
                vol.Required(CONF_NEEDED): whole(1, 10),
                vol.Required(CONF_OF): whole(1, 10),
                vol.Required(CONF_WINDOW): whole(30, 600, "s"),
                vol.Required(CONF_IDLE): whole(5, 120, "s"),
                vol.Required(CONF_IDLE_CHECK): whole(5, 120, "s"),
                vol.Required(CONF_COOLDOWN): whole(0, 1800, "s"),
                vol.Required(CONF_SNOOZE): whole(5, 720, "min"),
                vol.Optional(CONF_ALARM): entity("alarm_control_panel"),
            }
        ),
        "language": vol.Schema(
            {
                vol.Required(CONF_LANGUAGE_MODEL): choice(CONF_LANGUAGE_MODEL, [*ModelKind]),
                vol.Required(CONF_BUDGET): whole(1, 500),
                vol.Required(CONF_AT_ONCE): whole(1, 16),
            }
        ),
        ModelKind.AI_TASK: vol.Schema({vol.Optional(CONF_AI_TASK): entity("ai_task")}),
        ModelKind.SERVER: vol.Schema(
            {vol.Required(CONF_SERVER_URL): URL, vol.Optional(CONF_SERVER_KEY): PASSWORD}
        ),
        "server_model": vol.Schema({vol.Optional(CONF_SERVER_MODEL): TEXT}),
        "access": vol.Schema(
            {
                vol.Required(CONF_LOG_DAYS): typed(1, LONGEST_KEPT, "d"),
                vol.Required(CONF_TAG_EVENTS): SWITCH,
            }
        ),
        "database": vol.Schema(
            {vol.Optional(CONF_DB_URL): TEXT, vol.Optional(CONF_DB_PASSWORD): PASSWORD}
        ),
        **FOOTAGE_FORMS,
    }
)


class OptionsForms(OptionsFlow):
    """Asks form by form, keeps what was answered, and saves all of it at the end."""

    @cached_property
    def _options(self) -> dict[str, Any]:
        """The options as they will be saved."""
        return dict(self.config_entry.options)

    @cached_property
    def _secrets(self) -> dict[tuple[str, str], str]:
        """What was stored or typed, by the field and by what the secret belongs to."""
        return {
            (field, self._options.get(owner, "")): self._options[field]
            for field, owner in SECRETS.items()
            if field in self._options
        }

    def _answered(self, step: str, user_input: Mapping[str, Any]) -> dict[str, Any]:
        """Return the options with what was answered; a field that was emptied is forgotten."""
        fields = FORMS[step].schema
        others = {key: value for key, value in self._options.items() if key not in fields}
        answers = {key: _trimmed(value) for key, value in user_input.items()}
        for field, owner in SECRETS.items():
            belongs = (field, answers.get(owner, ""))
            if answers.get(field):
                self._secrets[belongs] = answers[field]
            elif field in fields and belongs in self._secrets:
                answers[field] = self._secrets[belongs]
        return {**others, **answers}

    def _take(self, options: Mapping[str, Any]) -> None:
        """Take what was answered; nothing is saved yet."""
        self._options = dict(options)

    def _async_ask(
        self,
        step: str,
        user_input: Mapping[str, Any] | None = None,
        trouble: Trouble | None = None,
        offered: Mapping[str, SelectSelector] | None = None,
        **placeholders: str,
    ) -> ConfigFlowResult:
        """Ask, or ask again; offered are the selectors that only this site can fill."""
        known = DEFAULTS | self._options if user_input is None else user_input
        shown = {key: value for key, value in known.items() if key not in SECRETS}
        trouble, offered = trouble or Trouble(), offered or {}
        fields = {key: offered.get(str(key), field) for key, field in FORMS[step].schema.items()}
        return self.async_show_form(
            step_id=step,
            data_schema=self.add_suggested_values_to_schema(vol.Schema(fields), shown),
            errors=trouble.get("errors"),
            description_placeholders=placeholders | trouble.get("description_placeholders", {}),
        )

    def _async_part(self, part: str, user_input: Mapping[str, Any] | None) -> ConfigFlowResult:
        """Save what was answered, or ask for it."""
        if user_input is None:
            return self._async_ask(part)
        self._take(self._answered(part, user_input))
        return self._async_save()

    def _async_save(self) -> ConfigFlowResult:
        return self.async_create_entry(data=self._options)


def is_address(text: str) -> bool:
    """Return whether a text is a whole address of something on the web."""
    try:
        cv.url(text)
    except vol.Invalid, ValueError:
        return False
    return True


def trouble_at(field: str, error: str, reason: object = "") -> Trouble:
    """Return what a form shows at a field, with the reason in other words than ours."""
    return Trouble(errors={field: error}, description_placeholders={"error": str(reason)})


def _trimmed(answer: Any) -> Any:
    """Return a text without what a paste brings along."""
    return answer.strip() if isinstance(answer, str) else answer
