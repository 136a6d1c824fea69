"""The forms of the options that are about detection: of what, how surely, and by whom."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from homeassistant.helpers.selector import SelectSelector, SelectSelectorConfig, SelectSelectorMode
import voluptuous as vol

from .const import (
    CONF_CERTAINTY,
    CONF_CODEPROJECT_URL,
    CONF_DETECTOR_AGENT,
    CONF_DETECTORS,
    CONF_KSERVE_MODEL,
    CONF_KSERVE_URL,
    CONF_LABELS,
    CONF_LAMBDA_KEY_ID,
    CONF_LAMBDA_REGION,
    CONF_LAMBDA_SECRET,
    CONF_LAMBDA_URL,
    CONF_MODEL,
    CONF_MODEL_PATH,
    CONF_PROVIDERS,
    CONF_REMOTE_URL,
    CONF_THREADS,
    CONF_THRESHOLD,
    MODEL_FILE,
    DetectorKind,
)
from .form_fields import LINES, PASSWORD, SHARE, TEXT, URL, choice, choices, whole
from .vision import MODELS

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

DETECTOR_FORMS: Final[Mapping[str, vol.Schema]] = MappingProxyType(
    {
        "detection": vol.Schema(
            {
                # Chips, because those stand in the order in which they were chosen.
                vol.Required(CONF_DETECTORS): choices(
                    CONF_DETECTORS, [*DetectorKind], SelectSelectorMode.DROPDOWN
                ),
                vol.Required(CONF_LABELS): choices(CONF_LABELS, LABELS),
                vol.Required(CONF_THRESHOLD): SHARE,
                vol.Required(CONF_CERTAINTY): SHARE,
            }
        ),
        DetectorKind.LOCAL: vol.Schema(
            {
                vol.Required(CONF_MODEL): choice(CONF_MODEL, [*MODELS, MODEL_FILE]),
                vol.Optional(CONF_MODEL_PATH): TEXT,
                vol.Required(CONF_THREADS): whole(0, 16),
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
        DetectorKind.AGENT: vol.Schema({vol.Required(CONF_DETECTOR_AGENT): TEXT}),
        DetectorKind.REMOTE: vol.Schema({vol.Required(CONF_REMOTE_URL): URL}),
        DetectorKind.LAMBDA: vol.Schema(
            {
                vol.Required(CONF_LAMBDA_URL): URL,
                vol.Optional(CONF_LAMBDA_REGION): TEXT,
                vol.Optional(CONF_LAMBDA_KEY_ID): TEXT,
                vol.Optional(CONF_LAMBDA_SECRET): PASSWORD,
            }
        ),
        DetectorKind.KSERVE: vol.Schema(
            {
                vol.Required(CONF_KSERVE_URL): LINES,
                vol.Required(CONF_KSERVE_MODEL): TEXT,
            }
        ),
        DetectorKind.CODEPROJECT: vol.Schema({vol.Required(CONF_CODEPROJECT_URL): URL}),
    }
)
