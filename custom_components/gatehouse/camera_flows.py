"""Cameras that are on no agent: added to the site, and changed."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, override

from homeassistant.components.camera import DOMAIN as CAMERA_DOMAIN
from homeassistant.const import CONF_NAME, Platform, UnitOfTime
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.selector import EntitySelector, EntitySelectorConfig
import voluptuous as vol

from .const import CONF_CAMERA, CONF_FOLDER, CONF_INTERVAL, CONF_MOTION, CONF_STREAM
from .form_fields import SWITCH, TEXT, typed
from .incidents import PicturesLost
from .media_root import media_root
from .one_form import OneFormFlow, Refused
from .stills import async_still
from .uploads import UploadsLost, check

FOLDER_SCHEMA: Final = vol.Schema({vol.Required(CONF_FOLDER): TEXT, vol.Optional(CONF_NAME): TEXT})


class FolderSubentryFlow(OneFormFlow):
    """A folder that a camera uploads to."""

    @override
    def _schema(self, stored: Mapping[str, Any]) -> vol.Schema:
        return FOLDER_SCHEMA

    @override
    async def _async_check(
        self, stored: Mapping[str, Any], typed: Mapping[str, Any]
    ) -> tuple[str, dict[str, Any]]:
        folder = await async_real(self.hass, typed[CONF_FOLDER].strip())
        for other in self._others:
            theirs = Path(other.data[CONF_FOLDER])
            if theirs.is_relative_to(folder) or folder.is_relative_to(theirs):
                raise Refused(CONF_FOLDER, "folder_in_use", other=other.title)
        return folder.name, {CONF_FOLDER: str(folder)}


class EntitySubentryFlow(OneFormFlow):
    """A camera that Home Assistant has already."""

    @override
    def _schema(self, stored: Mapping[str, Any]) -> vol.Schema:
        return vol.Schema(
            {
                vol.Required(CONF_CAMERA): self._stranger(CAMERA_DOMAIN),
                vol.Optional(CONF_NAME): TEXT,
                vol.Optional(CONF_MOTION): self._stranger(Platform.BINARY_SENSOR),
                vol.Required(CONF_INTERVAL, default=15): typed(5, 3600, UnitOfTime.SECONDS),
                vol.Required(CONF_STREAM, default=True): SWITCH,
            }
        )

    @override
    async def _async_check(
        self, stored: Mapping[str, Any], typed: Mapping[str, Any]
    ) -> tuple[str, dict[str, Any]]:
        camera = typed[CONF_CAMERA]
        for other in self._others:
            if other.data[CONF_CAMERA] == camera:
                raise Refused(CONF_CAMERA, "camera_in_use", other=other.title)
        try:
            await async_still(self.hass, camera)
        except PicturesLost as err:
            raise Refused(CONF_CAMERA, "no_picture", error=str(err)) from err
        state = self.hass.states.get(camera)
        name = state.name if state else camera
        return name, {key: value for key, value in typed.items() if key != CONF_NAME}

    def _stranger(self, domain: str) -> EntitySelector:
        """Return a choice of entities that are not ours: those would follow themselves."""
        ours = er.async_entries_for_config_entry(er.async_get(self.hass), self._entry_id)
        excluded = [entity.entity_id for entity in ours if entity.domain == domain]
        return EntitySelector(EntitySelectorConfig(domain=domain, exclude_entities=excluded))


async def async_real(hass: HomeAssistant, typed: str) -> Path:
    """Return a folder without links if a camera may upload to it; raises Refused."""
    path = Path(typed)
    if not path.is_absolute() or "\0" in typed:
        raise Refused(CONF_FOLDER, "not_absolute")
    try:
        await check(path)
    except UploadsLost as err:
        raise Refused(CONF_FOLDER, err.code, error=str(err)) from err
    folder, config, media = await hass.async_add_executor_job(
        _resolved, path, Path(hass.config.config_dir), media_root(hass)
    )
    # Whatever is written there would be taken for uploads: also our own pictures.
    if config.is_relative_to(folder):
        raise Refused(CONF_FOLDER, "holds_home_assistant")
    if media.is_relative_to(folder) or folder.is_relative_to(media):
        raise Refused(CONF_FOLDER, "holds_our_media", media=str(media))
    return folder


def _resolved(*paths: Path) -> tuple[Path, ...]:
    return tuple(path.resolve() for path in paths)
