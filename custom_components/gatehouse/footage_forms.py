"""The forms of the options that are about footage: how much, where to, and for how long."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import voluptuous as vol

from .const import (
    CONF_CAMERA,
    CONF_DAYS,
    CONF_FLOOR_GB,
    CONF_LEVELS,
    CONF_LONGEST,
    CONF_MOST_GB,
    CONF_OFFSITE_DAYS,
    CONF_OPTIMISE,
    CONF_OPTIMISE_BITRATE,
    CONF_OPTIMISE_HEIGHT,
    CONF_POST_ROLL,
    CONF_PRE_ROLL,
    CONF_RULE_UPLOADS,
    CONF_S3_BUCKET,
    CONF_S3_ENDPOINT,
    CONF_S3_KEY_ID,
    CONF_S3_PREFIX,
    CONF_S3_REGION,
    CONF_S3_SECRET,
    CONF_S3_STORAGE_CLASS,
    CONF_S3_STYLE,
    CONF_UPLOAD_BY_HAND,
    CONF_UPLOAD_LEVELS,
    CONF_UPLOAD_LIMIT,
    LEVEL_DAYS,
    LEVELS,
    AddressStyle,
    RuleUploads,
)
from .form_fields import PASSWORD, SWITCH, TEXT, URL, choice, choices, offering, typed, whole

HEIGHTS: Final = ("480", "720", "1080")

# From these a clip can be played at once; others can be typed.
STORAGE_CLASSES: Final = (
    "STANDARD",
    "STANDARD_IA",
    "ONEZONE_IA",
    "INTELLIGENT_TIERING",
    "GLACIER_IR",
)

LONGEST_KEPT: Final = 3650  # days

# What is asked of one camera after the other, and stored by the camera.
RULE_FORMS: Final[Mapping[str, vol.Schema]] = MappingProxyType(
    {
        "camera_rules": vol.Schema({vol.Required(CONF_CAMERA): TEXT}),
        "camera_rule": vol.Schema(
            {
                vol.Optional(CONF_DAYS): typed(1, LONGEST_KEPT, "d"),
                vol.Required(CONF_RULE_UPLOADS): choice(CONF_RULE_UPLOADS, [*RuleUploads]),
                vol.Optional(CONF_LEVELS): choices("level", LEVELS),
            }
        ),
    }
)

FOOTAGE_FORMS: Final[Mapping[str, vol.Schema]] = MappingProxyType(
    {
        "footage": vol.Schema(
            {
                vol.Required(CONF_PRE_ROLL): whole(0, 15, "s"),
                vol.Required(CONF_POST_ROLL): whole(5, 30, "s"),
                vol.Required(CONF_LONGEST): whole(60, 600, "s"),
                vol.Required(CONF_OPTIMISE): SWITCH,
                vol.Required(CONF_OPTIMISE_HEIGHT): offering(HEIGHTS),
                vol.Required(CONF_OPTIMISE_BITRATE): typed(200, 10_000, "kbit/s"),
            }
        ),
        "offsite": vol.Schema(
            {
                vol.Optional(CONF_S3_ENDPOINT): URL,
                vol.Optional(CONF_S3_BUCKET): TEXT,
                vol.Optional(CONF_S3_REGION): TEXT,
                vol.Optional(CONF_S3_KEY_ID): TEXT,
                vol.Optional(CONF_S3_SECRET): PASSWORD,
                vol.Optional(CONF_S3_PREFIX): TEXT,
                vol.Required(CONF_S3_STYLE): choice(CONF_S3_STYLE, [*AddressStyle]),
                vol.Optional(CONF_S3_STORAGE_CLASS): offering(STORAGE_CLASSES, others=True),
                vol.Required(CONF_UPLOAD_LEVELS): choices("level", LEVELS),
                vol.Required(CONF_UPLOAD_BY_HAND): SWITCH,
                vol.Required(CONF_UPLOAD_LIMIT): typed(0, 1_000_000, "kB/s"),
                vol.Required(CONF_OFFSITE_DAYS): typed(0, LONGEST_KEPT, "d"),
            }
        ),
        "retention": vol.Schema(
            {
                vol.Required(CONF_DAYS): typed(1, LONGEST_KEPT, "d"),
                **{
                    vol.Optional(field): typed(1, LONGEST_KEPT, "d")
                    for field in LEVEL_DAYS.values()
                },
                vol.Required(CONF_MOST_GB): typed(0, 100_000, "GB"),
                vol.Required(CONF_FLOOR_GB): typed(1, 1000, "GB"),
            }
        ),
        **RULE_FORMS,
    }
)
