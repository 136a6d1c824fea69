"""Where our media are, and which of them may be served."""

import logging
import os
from pathlib import Path
from typing import Final

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ConfigEntryError

from .const import DOMAIN

_LOGGER = logging.getLogger(__name__)

SERVED: Final = frozenset({".mp4", ".jpg"})

# What is in this folder of the configuration is served to everybody, without a login.
PUBLIC: Final = "www"


def media_root(hass: HomeAssistant) -> Path:
    """Return our folder among Home Assistant's media, outside the configuration if there is one."""
    config = _plain(hass.config.config_dir)
    folders = hass.config.media_dirs
    local_first = sorted(folders, key=lambda name: name != "local")
    places = [_plain(folders[name]) for name in local_first]
    outside = (place for place in places if not place.is_relative_to(config))
    return next(outside, places[0]) / DOMAIN


async def async_check_media_root(hass: HomeAssistant) -> None:
    """See that our media are not in the configuration folder; raises ConfigEntryError.

    There every backup would have them, a full disk would stop Home Assistant itself, and in its
    public part everybody could see them.
    """
    root = media_root(hass)
    config = Path(hass.config.config_dir)
    in_config, is_public = await hass.async_add_executor_job(_lies_in, root, config)
    if is_public:
        raise ConfigEntryError(
            translation_domain=DOMAIN,
            translation_key="media_public",
            translation_placeholders={"folder": str(root)},
        )
    if in_config:
        raise ConfigEntryError(
            translation_domain=DOMAIN,
            translation_key="media_in_config",
            translation_placeholders={"folder": str(root)},
        )


async def async_served(hass: HomeAssistant, path: Path | None) -> Path | None:
    """Return the file at a path that a row of ours names, if it is there and may be served.

    A row that names anything but a clip or a picture of ours gives nothing but a warning.
    """
    if path is None:
        return None
    return await hass.async_add_executor_job(_served, media_root(hass), path)


def _plain(folder: str) -> Path:
    return Path(os.path.normpath(folder))


def _lies_in(root: Path, config: Path) -> tuple[bool, bool]:
    """Whether the root is in the configuration folder, and whether in the public part of it."""
    where, config = root.resolve(), config.resolve()
    public = (config / PUBLIC).resolve()
    return where.is_relative_to(config), where.is_relative_to(public)


def _served(root: Path, path: Path) -> Path | None:
    where = path.resolve()
    if where.suffix not in SERVED or not where.is_relative_to(root.resolve()):
        _LOGGER.warning("%s is not served: it is no clip or picture below %s", path, root)
        return None
    return where if where.is_file() else None
