"""The forms of the options, and how a flow goes through them."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from types import MappingProxyType
from typing import Any, Final

from homeassistant.config_entries import ConfigFlowResult, OptionsFlow
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.selector import (
    EntitySelector,
    EntitySelectorConfig,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)
import voluptuous as vol

from .agent_flow import Trouble
from .const import (
    CONF_AI_TASK,
    CONF_ALARM,
    CONF_BUDGET,
    CONF_CERTAINTY,
    CONF_CODEPROJECT_URL,
    CONF_COOLDOWN,
    CONF_DETECTOR_AGENT,
    CONF_DETECTORS,
    CONF_IDLE,
    CONF_IDLE_CHECK,
    CONF_KSERVE_MODEL,
    CONF_KSERVE_URL,
    CONF_LABELS,
    CONF_LAMBDA_KEY_ID,
    CONF_LAMBDA_REGION,
    CONF_LAMBDA_SECRET,
    CONF_LAMBDA_URL,
    CONF_LANGUAGE_MODEL,
    CONF_LONGEST,
    CONF_MODEL,
    CONF_MODEL_PATH,
    CONF_NEEDED,
    CONF_OF,
    CONF_POST_ROLL,
    CONF_PRE_ROLL,
    CONF_PROVIDERS,
    CONF_REMOTE_URL,
    CONF_SERVER_KEY,
    CONF_SERVER_MODEL,
    CONF_SERVER_URL,
    CONF_SNOOZE,
    CONF_THREADS,
    CONF_THRESHOLD,
    CONF_WINDOW,
    DEFAULTS,
    MODEL_FILE,
    DetectorKind,
    ModelKind,
)
from .vision import MODELS

MENU: Final = ("detection", "incidents", "footage", "language")

# What moves and matters around a house, of the 80 things that the models know.
LABELS: Final = ("person", "bicycle", "car", "motorcycle", "bus", "truck", "dog", "cat", "bird")

# Of the builds of onnxruntime that people bring themselves; others can be typed.
PROVIDERS: Final = (
    "CUDAExecutionProvider",
    "TensorrtExecutionProvider",
    "OpenVINOExecutionProvider",
    "ROCMExecutionProvider",
    "CoreMLExecutionProvider",
)

# A stored secret is never sent to a browser: left empty, it stays as long as what it belongs to.
SECRETS: Final = MappingProxyType(
    {CONF_LAMBDA_SECRET: CONF_LAMBDA_KEY_ID, CONF_SERVER_KEY: CONF_SERVER_URL}
)

URL: Final = TextSelector(TextSelectorConfig(type=TextSelectorType.URL))
PASSWORD: Final = TextSelector(TextSelectorConfig(type=TextSelectorType.PASSWORD))


def _choice(key: str, options: Sequence[str]) -> SelectSelector:
    return SelectSelector(
        SelectSelectorConfig(
            options=list(options), translation_key=key, mode=SelectSelectorMode.DROPDOWN
        )
    )


def _choices(key: str, options: Sequence[str], mode: SelectSelectorMode) -> SelectSelector:
    return SelectSelector(
        SelectSelectorConfig(options=list(options), translation_key=key, multiple=True, mode=mode)
    )


def _whole(least: int, most: int, unit: str | None = None) -> vol.All:
    config = NumberSelectorConfig(min=least, max=most, step=1, mode=NumberSelectorMode.SLIDER)
    if unit:
        config["unit_of_measurement"] = unit
    return vol.All(NumberSelector(config), vol.Coerce(int))


def _share() -> NumberSelector:
    return NumberSelector(
        NumberSelectorConfig(min=0.05, max=0.95, step=0.05, mode=NumberSelectorMode.SLIDER)
    )


def _entity(domain: str) -> EntitySelector:
    return EntitySelector(EntitySelectorConfig(domain=domain))


# By the step that asks them.
FORMS: Final[Mapping[str, vol.Schema]] = MappingProxyType(
    {
        "detection": vol.Schema(
            {
                # Chips, because those stand in the order in which they were chosen.
                vol.Required(CONF_DETECTORS): _choices(
                    CONF_DETECTORS, [*DetectorKind], SelectSelectorMode.DROPDOWN
                ),
                vol.Required(CONF_LABELS): _choices(CONF_LABELS, LABELS, SelectSelectorMode.LIST),
                vol.Required(CONF_THRESHOLD): _share(),
                vol.Required(CONF_CERTAINTY): _share(),
            }
        ),
        DetectorKind.LOCAL: vol.Schema(
            {
                vol.Required(CONF_MODEL): _choice(CONF_MODEL, [*MODELS, MODEL_FILE]),
                vol.Optional(CONF_MODEL_PATH): TextSelector(),
                vol.Required(CONF_THREADS): _whole(0, 16),
                vol.Optional(CONF_PROVIDERS): SelectSelector(
                    SelectSelectorConfig(
                        options=list(PROVIDERS),
                        multiple=True,
                        custom_value=True,
                        mode=SelectSelectorMode.DROPDOWN,
                    )
                ),
            }
        ),
        DetectorKind.AGENT: vol.Schema({vol.Required(CONF_DETECTOR_AGENT): TextSelector()}),
        DetectorKind.REMOTE: vol.Schema({vol.Required(CONF_REMOTE_URL): URL}),
        DetectorKind.LAMBDA: vol.Schema(
            {
                vol.Required(CONF_LAMBDA_URL): URL,
                vol.Optional(CONF_LAMBDA_REGION): TextSelector(),
                vol.Optional(CONF_LAMBDA_KEY_ID): TextSelector(),
                vol.Optional(CONF_LAMBDA_SECRET): PASSWORD,
            }
        ),
        DetectorKind.KSERVE: vol.Schema(
            {
                vol.Required(CONF_KSERVE_URL): URL,
                vol.Required(CONF_KSERVE_MODEL): TextSelector(),
            }
        ),
        DetectorKind.CODEPROJECT: vol.Schema({vol.Required(CONF_CODEPROJECT_URL): URL}),
        "incidents": vol.Schema(
            {
                vol.Required(CONF_NEEDED): _whole(1, 10),
                vol.Required(CONF_OF): _whole(1, 10),
                vol.Required(CONF_WINDOW): _whole(30, 600, "s"),
                vol.Required(CONF_IDLE): _whole(5, 120, "s"),
                vol.Required(CONF_IDLE_CHECK): _whole(5, 120, "s"),
                vol.Required(CONF_COOLDOWN): _whole(0, 1800, "s"),
                vol.Required(CONF_SNOOZE): _whole(5, 720, "min"),
                vol.Optional(CONF_ALARM): _entity("alarm_control_panel"),
            }
        ),
        "footage": vol.Schema(
            {
                # An agent remembers 15 s unless it is told otherwise.
                vol.Required(CONF_PRE_ROLL): _whole(0, 15, "s"),
                vol.Required(CONF_POST_ROLL): _whole(5, 30, "s"),
                vol.Required(CONF_LONGEST): _whole(60, 600, "s"),
            }
        ),
        "language": vol.Schema(
            {
                vol.Required(CONF_LANGUAGE_MODEL): _choice(CONF_LANGUAGE_MODEL, [*ModelKind]),
                vol.Required(CONF_BUDGET): _whole(1, 500),
            }
        ),
        ModelKind.AI_TASK: vol.Schema({vol.Optional(CONF_AI_TASK): _entity("ai_task")}),
        ModelKind.SERVER: vol.Schema(
            {vol.Required(CONF_SERVER_URL): URL, vol.Optional(CONF_SERVER_KEY): PASSWORD}
        ),
        "server_model": vol.Schema({vol.Optional(CONF_SERVER_MODEL): TextSelector()}),
    }
)


class OptionsForms(OptionsFlow):
    """Asks form by form, keeps what was answered, and saves all of it at the end."""

    @cached_property
    def _options(self) -> dict[str, Any]:
        """The options as they will be saved."""
        return dict(self.config_entry.options)

    def _answered(self, step: str, user_input: Mapping[str, Any]) -> dict[str, Any]:
        """Return the options with what was answered; a field that was emptied is forgotten."""
        fields = FORMS[step].schema
        kept = {
            secret: self._options[secret]
            for secret, owner in SECRETS.items()
            if secret in fields
            and secret in self._options
            and user_input.get(owner, "") == self._options.get(owner, "")
        }
        others = {key: value for key, value in self._options.items() if key not in fields}
        return {**others, **kept, **user_input}

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
        stored = {k: v for k, v in (DEFAULTS | self._options).items() if k not in SECRETS}
        shown = stored if user_input is None else user_input
        trouble, offered = trouble or Trouble(), offered or {}
        fields = {key: offered.get(str(key), field) for key, field in FORMS[step].schema.items()}
        return self.async_show_form(
            step_id=step,
            data_schema=self.add_suggested_values_to_schema(vol.Schema(fields), shown),
            errors=trouble.get("errors"),
            description_placeholders=placeholders | trouble.get("description_placeholders", {}),
        )

    def _async_save(self) -> ConfigFlowResult:
        return self.async_create_entry(data=self._options)


def offering(options: Mapping[str, str] | Sequence[str], *, others: bool = False) -> SelectSelector:
    """Return a choice of names by their values, or of words; others may be typed."""
    named = options if isinstance(options, Mapping) else dict(zip(options, options, strict=True))
    return SelectSelector(
        SelectSelectorConfig(
            options=[SelectOptionDict(value=value, label=name) for value, name in named.items()],
            custom_value=others,
            mode=SelectSelectorMode.DROPDOWN,
        )
    )


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
