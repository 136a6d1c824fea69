"""What a site looks for, what it takes for an incident and how much of it is recorded."""

from base64 import b64decode
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from homeassistant.config_entries import ConfigFlowResult, OptionsFlow
from homeassistant.core import HomeAssistant
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.helpers.selector import (
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
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
    CONF_DETECTOR,
    CONF_IDLE,
    CONF_LABELS,
    CONF_LONGEST,
    CONF_MODEL,
    CONF_MODEL_PATH,
    CONF_NEEDED,
    CONF_OF,
    CONF_POST_ROLL,
    CONF_PRE_ROLL,
    CONF_REMOTE_URL,
    CONF_THRESHOLD,
    CONF_WINDOW,
    DEFAULTS,
    DETECTOR_LOCAL,
    DETECTOR_OFF,
    DETECTOR_REMOTE,
    MODEL_FILE,
)
from .models import Picture
from .vision import (
    MODELS,
    BadModel,
    DetectorOptions,
    DetectorUnavailable,
    OnnxDetector,
    RemoteDetector,
    VisionError,
)

DETECTORS: Final = [DETECTOR_LOCAL, DETECTOR_REMOTE, DETECTOR_OFF]

# What moves and matters around a house, of the 80 things that the models know.
LABELS: Final = ["person", "bicycle", "car", "motorcycle", "bus", "truck", "dog", "cat", "bird"]

# A grey picture of 64 x 64 pixels: whoever detects must understand it, and finds nothing.
GREY: Final = b64decode(
    "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAFA3PEY8MlBGQUZaVVBfeMiCeG5uePWvuZHI////////////////////////"
    "////////////////////////////2wBDAVVaWnhpeOuCguv/////////////////////////////////////////////"
    "////////////////////////////wAARCABAAEADASIAAhEBAxEB/8QAFAABAAAAAAAAAAAAAAAAAAAAAP/EABQQAQAA"
    "AAAAAAAAAAAAAAAAAAD/xAAUAQEAAAAAAAAAAAAAAAAAAAAA/8QAFBEBAAAAAAAAAAAAAAAAAAAAAP/aAAwDAQACEQMR"
    "AD8AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA/9k="
)


def _choice(key: str, options: list[str], *, multiple: bool = False) -> SelectSelector:
    return SelectSelector(
        SelectSelectorConfig(
            options=options,
            translation_key=key,
            multiple=multiple,
            mode=SelectSelectorMode.LIST if multiple else SelectSelectorMode.DROPDOWN,
        )
    )


def _frames(most: int) -> vol.All:
    return vol.All(
        NumberSelector(NumberSelectorConfig(min=1, max=most, mode=NumberSelectorMode.SLIDER)),
        vol.Coerce(int),
    )


def _seconds(least: int, most: int) -> vol.All:
    selector = NumberSelectorConfig(
        min=least, max=most, mode=NumberSelectorMode.SLIDER, unit_of_measurement="s"
    )
    return vol.All(NumberSelector(selector), vol.Coerce(int))


PARTS: Final = {
    "detection": vol.Schema(
        {
            vol.Required(CONF_DETECTOR): _choice(CONF_DETECTOR, DETECTORS),
            vol.Required(CONF_MODEL): _choice(CONF_MODEL, [*MODELS, MODEL_FILE]),
            vol.Optional(CONF_MODEL_PATH): TextSelector(),
            vol.Optional(CONF_REMOTE_URL): TextSelector(
                TextSelectorConfig(type=TextSelectorType.URL)
            ),
            vol.Required(CONF_THRESHOLD): NumberSelector(
                NumberSelectorConfig(min=0.05, max=0.95, step=0.05, mode=NumberSelectorMode.SLIDER)
            ),
            vol.Required(CONF_LABELS): _choice(CONF_LABELS, LABELS, multiple=True),
        }
    ),
    "incidents": vol.Schema(
        {
            vol.Required(CONF_NEEDED): _frames(10),
            vol.Required(CONF_OF): _frames(10),
            vol.Required(CONF_WINDOW): _seconds(30, 600),
            vol.Required(CONF_IDLE): _seconds(5, 120),
        }
    ),
    "footage": vol.Schema(
        {
            # An agent remembers 15 s unless it is told otherwise.
            vol.Required(CONF_PRE_ROLL): _seconds(0, 15),
            vol.Required(CONF_POST_ROLL): _seconds(5, 30),
            vol.Required(CONF_LONGEST): _seconds(60, 600),
        }
    ),
}


class GatehouseOptionsFlow(OptionsFlow):
    """Changes one part of the options and leaves the others as they are."""

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask which part."""
        return self.async_show_menu(step_id="init", menu_options=list(PARTS))

    async def async_step_detection(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """What to look for, and where that is done."""
        trouble = await _try_detector(self.hass, user_input) if user_input else Trouble()
        return self._async_save("detection", user_input, trouble)

    async def async_step_incidents(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """When something seen becomes an incident, and when it is over."""
        trouble = Trouble()
        if user_input and user_input[CONF_NEEDED] > user_input[CONF_OF]:
            trouble = Trouble(errors={CONF_NEEDED: "needed_above_of"})
        return self._async_save("incidents", user_input, trouble)

    async def async_step_footage(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """How much is recorded of an incident."""
        return self._async_save("footage", user_input, Trouble())

    def _async_save(
        self, part: str, user_input: dict[str, Any] | None, trouble: Trouble
    ) -> ConfigFlowResult:
        """Save what was answered, or ask (again) for it."""
        options = self.config_entry.options
        if user_input is not None and not trouble:
            fields = PARTS[part].schema
            others = {key: value for key, value in options.items() if key not in fields}
            return self.async_create_entry(data=others | user_input)
        shown = DEFAULTS | options if user_input is None else user_input
        schema = self.add_suggested_values_to_schema(PARTS[part], shown)
        return self.async_show_form(step_id=part, data_schema=schema, **trouble)


async def _try_detector(hass: HomeAssistant, chosen: Mapping[str, Any]) -> Trouble:
    """Try the model file or the service that was chosen."""
    if not chosen[CONF_LABELS]:
        return Trouble(errors={CONF_LABELS: "no_labels"})
    if chosen[CONF_DETECTOR] == DETECTOR_REMOTE:
        return await _try_service(hass, chosen.get(CONF_REMOTE_URL, ""))
    if chosen[CONF_DETECTOR] == DETECTOR_LOCAL and chosen[CONF_MODEL] == MODEL_FILE:
        return await _try_model(hass, Path(chosen.get(CONF_MODEL_PATH, "")))
    return Trouble()


async def _try_service(hass: HomeAssistant, url: str) -> Trouble:
    try:
        cv.url(url)
    except vol.Invalid, ValueError:
        return Trouble(errors={CONF_REMOTE_URL: "bad_url"})
    detector = RemoteDetector(async_get_clientsession(hass), url, DetectorOptions())
    grey = Picture(jpeg=GREY, captured=datetime.now(UTC))
    try:
        await detector.detect(lambda: grey)
    except VisionError as err:
        return _trouble(CONF_REMOTE_URL, "service_failed", err)
    return Trouble()


async def _try_model(hass: HomeAssistant, path: Path) -> Trouble:
    if not await hass.async_add_executor_job(path.is_file):
        return Trouble(errors={CONF_MODEL_PATH: "no_such_file"})
    try:
        detector = await OnnxDetector.load(path, DetectorOptions())
    except BadModel as err:
        return _trouble(CONF_MODEL_PATH, "bad_model", err)
    except DetectorUnavailable:
        # The runtime is installed when the site is set up with this choice; a repair tells if not.
        return Trouble()
    await detector.close()
    return Trouble()


def _trouble(field: str, error: str, err: VisionError) -> Trouble:
    return Trouble(errors={field: error}, description_placeholders={"error": str(err)})
