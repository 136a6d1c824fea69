"""Cameras that are on no agent, and camera groups: added to the site, and changed."""

from abc import abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, override

from homeassistant.components.camera import DOMAIN as CAMERA_DOMAIN
from homeassistant.config_entries import (
    SOURCE_USER,
    ConfigEntryState,
    ConfigSubentry,
    ConfigSubentryFlow,
    SubentryFlowResult,
)
from homeassistant.const import CONF_NAME, Platform, UnitOfTime
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.selector import (
    EntitySelector,
    EntitySelectorConfig,
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
)
import voluptuous as vol

from .agent_meeting import Trouble
from .const import (
    CONF_CAMERA,
    CONF_CAMERAS,
    CONF_DOORS,
    CONF_FOLDER,
    CONF_INTERVAL,
    CONF_MOTION,
    CONF_STREAM,
)
from .form_fields import SWITCH, TEXT, typed
from .hub import Hub
from .incidents import PicturesLost
from .media_root import media_root
from .stills import async_still
from .uploads import UploadsLost, check

# One camera is a place by itself.
FEWEST: Final = 2

FOLDER_SCHEMA: Final = vol.Schema({vol.Required(CONF_FOLDER): TEXT, vol.Optional(CONF_NAME): TEXT})


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


class GroupSubentryFlow(OneFormFlow):
    """Cameras and doors of one place: what happens there at one time is one incident."""

    @override
    def _schema(self, stored: Mapping[str, Any]) -> vol.Schema:
        fields: dict[vol.Marker, Any] = {
            vol.Optional(CONF_NAME): TEXT,
            vol.Required(CONF_CAMERAS): _several(stored.get(CONF_CAMERAS, ()), self._cameras),
        }
        if self._doors or stored.get(CONF_DOORS):
            fields[vol.Optional(CONF_DOORS)] = _several(stored.get(CONF_DOORS, ()), self._doors)
        return vol.Schema(fields)

    @override
    async def _async_step(
        self, step: str, stored: Mapping[str, Any], typed: Mapping[str, Any] | None
    ) -> SubentryFlowResult:
        if self._get_entry().state is not ConfigEntryState.LOADED:
            return self.async_abort(reason="entry_not_loaded")
        if not stored and len(self._cameras) + len(self._doors) < FEWEST:
            return self.async_abort(reason="too_few_cameras")
        return await super()._async_step(step, stored, typed)

    @override
    async def _async_check(
        self, stored: Mapping[str, Any], typed: Mapping[str, Any]
    ) -> tuple[str, dict[str, Any]]:
        cameras, doors = typed[CONF_CAMERAS], typed.get(CONF_DOORS, stored.get(CONF_DOORS, []))
        if len(cameras) + len(doors) < FEWEST:
            raise Refused(CONF_CAMERAS, "too_few")
        self._check_alone(CONF_CAMERAS, cameras, self._cameras)
        self._check_alone(CONF_DOORS, doors, self._doors)
        known = self._cameras | self._doors
        names = [known.get(key, key) for key in (*cameras, *doors)]
        return ", ".join(names), {CONF_CAMERAS: cameras, CONF_DOORS: doors}

    def _check_alone(self, field: str, keys: Sequence[str], names: Mapping[str, str]) -> None:
        """Refuse what another group has already: it would be of two incidents at once."""
        for key in keys:
            for other in self._others:
                if key in other.data.get(field, ()):
                    name = names.get(key, key)
                    raise Refused(field, "in_other_group", camera=name, other=other.title)

    @property
    def _cameras(self) -> dict[str, str]:
        """What the site's cameras are called, by their keys."""
        return self._hub.cameras.full_names()

    @property
    def _doors(self) -> dict[str, str]:
        """What the site's doors are called, by their keys."""
        return self._hub.admission.doors()

    @property
    def _hub(self) -> Hub:
        hub: Hub = self._get_entry().runtime_data
        return hub


def _several(chosen: Iterable[str], names: Mapping[str, str]) -> SelectSelector:
    """Return a choice of several, by their keys; one that is gone can be taken out."""
    offered = {key: key for key in chosen} | dict(names)
    by_name = sorted(offered.items(), key=lambda each: each[1].casefold())
    return SelectSelector(
        SelectSelectorConfig(
            options=[SelectOptionDict(value=key, label=name) for key, name in by_name],
            multiple=True,
            mode=SelectSelectorMode.LIST,
        )
    )


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
