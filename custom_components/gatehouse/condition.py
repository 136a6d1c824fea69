"""What automations can ask for: somebody in a zone, an open incident, a snooze."""

from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Final, cast, override

from homeassistant.const import CONF_OPTIONS
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.exceptions import ConditionErrorMessage
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.condition import Condition, ConditionConfig
from homeassistant.helpers.typing import ConfigType
import voluptuous as vol

from .const import CONF_CAMERAS, DOMAIN
from .following import async_follow_site, running_hub
from .incident_filter import INCIDENT_FIELDS, IncidentFilter
from .models import IncidentState
from .occupied_zones import ZONE_FIELDS, ZoneFilter, occupied_zones

if TYPE_CHECKING:
    from .hub import Hub

SNOOZE_FIELDS: Final = {vol.Optional(CONF_CAMERAS, default=list): cv.entity_ids}


class SiteCondition(Condition):
    """A question to the site; it cannot be answered while the site does not run."""

    _fields: ClassVar[Mapping[Any, Any]]

    @classmethod
    @override
    async def async_validate_config(cls, hass: HomeAssistant, config: ConfigType) -> ConfigType:
        """Take the options, or none."""
        schema = vol.Schema({vol.Required(CONF_OPTIONS, default=dict): dict(cls._fields)})
        return cast(ConfigType, schema(config))

    def __init__(self, hass: HomeAssistant, config: ConditionConfig) -> None:
        """Keep the options."""
        super().__init__(hass, config)
        self._options = config.options or {}

    @property
    @override
    def needs_polling(self) -> bool:
        """Nothing changes that is not told."""
        return False

    @override
    async def _async_track_changes(self, action: Callable[[], None]) -> CALLBACK_TYPE:
        """Follow what the answer depends on, over the reloads of the site."""
        tracking = False

        @callback
        def join(hub: Hub | None) -> Iterable[CALLBACK_TYPE]:
            if tracking:
                action()
            return self._listen(hub, action) if hub else ()

        end = async_follow_site(self._hass, join)
        tracking = True
        return end

    @override
    def _async_check(self, **kwargs: Any) -> bool:
        hub = running_hub(self._hass)
        if hub is None:
            raise ConditionErrorMessage(
                DOMAIN, "Gatehouse does not run: look at it in the settings, under devices"
            )
        return self._answer(hub)

    @callback
    def _listen(self, hub: Hub, action: Callable[[], None]) -> Iterable[CALLBACK_TYPE]:
        """Call action whenever the answer may have changed."""
        return [coordinator.async_add_listener(action) for coordinator in hub.cameras]

    @callback
    @abstractmethod
    def _answer(self, hub: Hub) -> bool:
        """Return the answer of a site that runs."""


class IsPersonInZone(SiteCondition):
    """Somebody is in one of the zones."""

    _fields = ZONE_FIELDS

    @override
    def _answer(self, hub: Hub) -> bool:
        return any(map(ZoneFilter.of(self._options).takes, occupied_zones(self._hass, hub)))


class IsIncidentOpen(SiteCondition):
    """One of the incidents is open."""

    _fields = INCIDENT_FIELDS

    @override
    def _answer(self, hub: Hub) -> bool:
        wanted, entities = IncidentFilter.of(self._options), hub.cameras.entities()
        newest = (
            data.incident
            for coordinator in hub.cameras
            for data in coordinator.data.cameras.values()
            if data.incident and data.incident.state is IncidentState.OPEN
        )
        return any(wanted.objection(incident, entities) is None for incident in newest)


class IsSnoozed(SiteCondition):
    """All of the cameras are snoozed."""

    _fields = SNOOZE_FIELDS

    @override
    def _answer(self, hub: Hub) -> bool:
        wanted = set(self._options[CONF_CAMERAS])
        entities = hub.cameras.entities()
        return hub.snoozes.covers(
            camera for camera, entity in entities.items() if not wanted or entity in wanted
        )

    @override
    def _listen(self, hub: Hub, action: Callable[[], None]) -> Iterable[CALLBACK_TYPE]:
        return [hub.snoozes.subscribe(action)]


async def async_get_conditions(hass: HomeAssistant) -> dict[str, type[Condition]]:
    """Return Gatehouse's conditions."""
    return {
        "is_person_in_zone": IsPersonInZone,
        "is_incident_open": IsIncidentOpen,
        "is_snoozed": IsSnoozed,
    }
