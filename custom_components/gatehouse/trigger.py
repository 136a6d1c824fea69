"""What automations can begin with: the news of incidents, and people entering zones."""

from abc import abstractmethod
import asyncio
from collections.abc import Iterable, Mapping
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Final, cast, override

from homeassistant.const import CONF_OPTIONS
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.trigger import (
    NotTriggeredInfo,
    Trigger,
    TriggerActionRunner,
    TriggerConfig,
    TriggerNotTriggeredReporter,
)
from homeassistant.helpers.typing import ConfigType
import voluptuous as vol

from .coordinator import incident_attributes
from .following import async_follow_site
from .incident_filter import INCIDENT_FIELDS, IncidentFilter
from .incident_payload import incident_payload
from .incidents import IncidentNews, NewsKind
from .occupied_zones import ZONE_FIELDS, ZoneFilter, occupied_zones

if TYPE_CHECKING:
    from .hub import Hub

CONF_ONLY_DUE: Final = "only_due"
CONF_CHANGES: Final = "changes"


class Change(StrEnum):
    """What can change about an incident: a clip is ready, a model has judged, anything else."""

    RECORDED = "recorded"
    ASSESSED = "assessed"
    UPDATED = "updated"


NEWS_FIELDS: Final = {
    **INCIDENT_FIELDS,
    vol.Optional(CONF_ONLY_DUE, default=False): cv.boolean,
}
CHANGE_FIELDS: Final = {
    **NEWS_FIELDS,
    vol.Optional(CONF_CHANGES, default=[Change.RECORDED, Change.ASSESSED]): vol.All(
        cv.ensure_list, [vol.Coerce(Change)], vol.Length(min=1)
    ),
}


class SiteTrigger(Trigger):
    """A trigger with options of ours and no target."""

    _fields: ClassVar[Mapping[Any, Any]]

    @classmethod
    @override
    async def async_validate_config(cls, hass: HomeAssistant, config: ConfigType) -> ConfigType:
        """Take the options, or none."""
        schema = vol.Schema({vol.Required(CONF_OPTIONS, default=dict): dict(cls._fields)})
        return cast(ConfigType, schema(config))

    def __init__(self, hass: HomeAssistant, config: TriggerConfig) -> None:
        """Keep the options."""
        super().__init__(hass, config)
        self._options = config.options or {}
        self._run: TriggerActionRunner
        self._report: TriggerNotTriggeredReporter | None = None

    @override
    async def async_attach_runner(
        self,
        run_action: TriggerActionRunner,
        did_not_trigger: TriggerNotTriggeredReporter | None = None,
    ) -> CALLBACK_TYPE:
        """Follow the site, whenever it runs."""
        self._run, self._report = run_action, did_not_trigger
        return async_follow_site(self._hass, lambda hub: self._join(hub) if hub else ())

    @abstractmethod
    def _join(self, hub: Hub) -> Iterable[CALLBACK_TYPE]:
        """Listen to a site that runs, and return how to listen no more."""


class IncidentTrigger(SiteTrigger):
    """Some of the news of the incidents that the options choose."""

    _fields = NEWS_FIELDS

    def __init__(self, hass: HomeAssistant, config: TriggerConfig) -> None:
        """Keep the options."""
        super().__init__(hass, config)
        self._filter = IncidentFilter.of(self._options)
        self._firing: set[asyncio.Task[None]] = set()
        self._turn = asyncio.Lock()  # wakes in the order of asking: news is told as it came

    @override
    def _join(self, hub: Hub) -> Iterable[CALLBACK_TYPE]:
        return hub.house.async_subscribe(partial(self._hear, hub)), self._stop_firing

    @callback
    @abstractmethod
    def _change(self, news: IncidentNews) -> str | None:
        """Return what the news is, None if it is not for this trigger."""

    @callback
    def _hear(self, hub: Hub, news: IncidentNews) -> None:
        if not news.is_live or (change := self._change(news)) is None:
            return
        if reason := self._objection(hub, news):
            if self._report:
                told = incident_attributes(news.incident)
                self._report(NotTriggeredInfo(reason=reason, data=told))
            return
        # Eager, so that what needs no clip is told at once.
        task = self._hass.async_create_task(self._fire(hub, news, change))
        self._firing.add(task)
        task.add_done_callback(self._firing.discard)

    def _objection(self, hub: Hub, news: IncidentNews) -> str | None:
        if self._options[CONF_ONLY_DUE] and not news.due:
            return "not_due"
        return self._filter.objection(news.incident, hub.cameras.entities())

    async def _fire(self, hub: Hub, news: IncidentNews, change: str) -> None:
        async with self._turn:
            told = await incident_payload(self._hass, hub, news)
            self._run(told | {"change": change}, f"incident {change} at {news.incident.place}")

    @callback
    def _stop_firing(self) -> None:
        for task in tuple(self._firing):
            task.cancel()


class IncidentConfirmed(IncidentTrigger):
    """An incident has begun: somebody is there for sure."""

    @override
    def _change(self, news: IncidentNews) -> str | None:
        return "confirmed" if news.kind is NewsKind.CONFIRMED else None


class IncidentUpdated(IncidentTrigger):
    """More is known of an incident."""

    _fields = CHANGE_FIELDS

    @override
    def _change(self, news: IncidentNews) -> str | None:
        match news.kind:
            case NewsKind.RECORDED:
                change = Change.RECORDED
            case NewsKind.UPDATED:
                change = Change.ASSESSED if news.assessed else Change.UPDATED
            case _:
                return None
        return change.value if change in self._options[CONF_CHANGES] else None


class IncidentClosed(IncidentTrigger):
    """An incident is over, or nobody looks any more."""

    @override
    def _change(self, news: IncidentNews) -> str | None:
        ends = news.kind in (NewsKind.CLOSED, NewsKind.INTERRUPTED)
        return news.kind.value if ends else None


class PersonInZone(SiteTrigger):
    """Somebody enters a zone in which nobody was."""

    _fields = ZONE_FIELDS

    @override
    def _join(self, hub: Hub) -> Iterable[CALLBACK_TYPE]:
        wanted = ZoneFilter.of(self._options)
        inside = {zone.id for zone in occupied_zones(self._hass, hub)}

        @callback
        def look() -> None:
            nonlocal inside
            now = {zone.id: zone for zone in occupied_zones(self._hass, hub)}
            before, inside = inside, set(now)
            for zone in (now[each] for each in now if each not in before):
                if wanted.takes(zone):
                    told = {
                        "entity_id": zone.entity,
                        "zone": zone.name,
                        "camera": zone.camera,
                        "count": zone.count,
                        "incident_id": zone.incident,
                    }
                    self._run(told, f"person in {zone.name}")

        return [coordinator.async_add_listener(look) for coordinator in hub.cameras]


async def async_get_triggers(hass: HomeAssistant) -> dict[str, type[Trigger]]:
    """Return Gatehouse's triggers."""
    return {
        "incident_confirmed": IncidentConfirmed,
        "incident_updated": IncidentUpdated,
        "incident_closed": IncidentClosed,
        "person_in_zone": PersonInZone,
    }
