"""The entry's options of footage: how it is made, where it is kept, and how long."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry

from .const import (
    CONF_CAMERA_RULES,
    CONF_DAYS,
    CONF_FLOOR_GB,
    CONF_LEVELS,
    CONF_LONGEST,
    CONF_MOST_GB,
    CONF_OFFSITE_DAYS,
    CONF_OPTIMISE,
    CONF_OPTIMISE_BITRATE,
    CONF_OPTIMISE_HEIGHT,
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
    AddressStyle,
)
from .footage import FootageOptions, OffsiteOptions, OptimiseOptions, RetentionOptions, S3Options
from .models import Level
from .options import chosen

# An agent ends a recording after this long, and the action takes no longer wish; how much is
# kept of an incident is the incidents' own option.
LONGEST_RECORDING: Final = timedelta(seconds=300)

GIGABYTE: Final = 1_000_000_000
KILOBYTE: Final = 1000
KILOBIT: Final = 1000

PATH_STYLES: Final = {
    AddressStyle.AUTO: None,
    AddressStyle.PATH: True,
    AddressStyle.VIRTUAL: False,
}


def footage_options(entry: ConfigEntry) -> FootageOptions:
    """Return how long a recording may be, whoever asks for it."""
    longest = timedelta(seconds=chosen(entry)[CONF_LONGEST])
    return FootageOptions(longest=max(LONGEST_RECORDING, longest))


def optimise_options(entry: ConfigEntry) -> OptimiseOptions:
    """Return whether clips are made smaller, and how small."""
    options = chosen(entry)
    return OptimiseOptions(
        enabled=options[CONF_OPTIMISE],
        height=int(options[CONF_OPTIMISE_HEIGHT]),
        bitrate=int(options[CONF_OPTIMISE_BITRATE]) * KILOBIT,
    )


def s3_options(entry: ConfigEntry, answers: Mapping[str, Any] | None = None) -> S3Options:
    """Return which storage the user chose, or chooses by these answers.

    Without a bucket it cannot be asked for anything; offsite_options() wants nothing of it then.
    """
    options = chosen(entry, answers)
    return S3Options(
        bucket=options[CONF_S3_BUCKET],
        endpoint=options[CONF_S3_ENDPOINT] or None,
        region=options[CONF_S3_REGION] or None,
        key_id=options[CONF_S3_KEY_ID],
        secret=options[CONF_S3_SECRET],
        prefix=options[CONF_S3_PREFIX].strip("/"),
        path_style=PATH_STYLES[options[CONF_S3_STYLE]],
        storage_class=options[CONF_S3_STORAGE_CLASS] or None,
    )


def offsite_options(entry: ConfigEntry) -> OffsiteOptions:
    """Return what is uploaded; nothing where there is no bucket."""
    options = chosen(entry)
    if not options[CONF_S3_BUCKET]:
        return OffsiteOptions()
    return OffsiteOptions(
        levels=_levels(options[CONF_UPLOAD_LEVELS]),
        by_camera={
            camera: _levels(rule[CONF_LEVELS])
            for camera, rule in options[CONF_CAMERA_RULES].items()
            if CONF_LEVELS in rule
        },
        by_hand=options[CONF_UPLOAD_BY_HAND],
        booked=True,
        bytes_per_second=int(options[CONF_UPLOAD_LIMIT]) * KILOBYTE or None,
    )


def retention_options(entry: ConfigEntry) -> RetentionOptions:
    """Return how long what is kept, here and, where there is a bucket, off-site."""
    options = chosen(entry)
    offsite = options[CONF_OFFSITE_DAYS] if options[CONF_S3_BUCKET] else 0
    return RetentionOptions(
        age=timedelta(days=options[CONF_DAYS]),
        by_level={
            Level(level): timedelta(days=options[field])
            for level, field in LEVEL_DAYS.items()
            if options[field]
        },
        by_camera={
            camera: timedelta(days=rule[CONF_DAYS])
            for camera, rule in options[CONF_CAMERA_RULES].items()
            if CONF_DAYS in rule
        },
        most_bytes=int(options[CONF_MOST_GB]) * GIGABYTE or None,
        floor_bytes=int(options[CONF_FLOOR_GB]) * GIGABYTE,
        offsite_age=timedelta(days=offsite) or None,
    )


def _levels(chosen: Iterable[str]) -> frozenset[Level]:
    return frozenset(map(Level, chosen))
