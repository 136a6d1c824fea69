"""What a site does with its doors: the parts of the access room, and who hears of passages."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
import logging
import time
from typing import TYPE_CHECKING, Final, override
from zoneinfo import ZoneInfo

from homeassistant.const import EVENT_CORE_CONFIG_UPDATE
from homeassistant.core import CALLBACK_TYPE, Event, HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util

from .access import Access, House, PassageLog, PassageQuery, Policies, PolicyStore, door_key
from .agent import AgentDoors, Message, Rang, State
from .const import DOMAIN
from .database import Database, DatabaseError
from .emergency import Emergency
from .incidents import Incidents, Presence, Replays
from .models import Passage, PassageKind
from .options import access_options, tells_tags
from .passage_events import async_log_passage, async_tell_tag, tag_of

if TYPE_CHECKING:
    from . import GatehouseConfigEntry
    from .roster import Roster

_LOGGER = logging.getLogger(__name__)

# Of what was taken over when Home Assistant was stopped, so much is made part of the past again.
MOST_TAKEN_UP: Final = 1000


class Admission(House):
    """The access room of one site; its stories are run by the hub."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: GatehouseConfigEntry,
        database: Database,
        cameras: Roster,
        incidents: Incidents,
        replays: Replays,
    ) -> None:
        """Make passages part of incidents: of those of now, or of those of the past."""
        self._hass = hass
        self._entry = entry
        self._cameras = cameras
        self._incidents = incidents
        self._replays = replays
        self._listeners: list[Callable[[Passage], None]] = []
        self._ringing: list[Callable[[str], None]] = []
        self._spending: list[Callable[[], None]] = []
        self._told = asyncio.Queue[Passage]()
        self._lately: dict[tuple[str, PassageKind], Passage] = {}
        self.policies = Policies(PolicyStore(database), _zone())
        self.log = PassageLog(database)
        self.access = Access(self.policies, self.log, access_options(entry), self)
        self.emergency = Emergency(self.policies, self.access, self._with_doors)

    async def load(self) -> None:
        """Read who may enter; raises DatabaseError."""
        await self.policies.load()
        self._entry.async_on_unload(
            self._hass.bus.async_listen(EVENT_CORE_CONFIG_UPDATE, self._moved)
        )

    def stories(self) -> Iterator[tuple[str, Callable[[], Awaitable[None]]]]:
        """Give what is to run, by its names."""
        yield "access", self.access.run
        yield "passages", self._join
        yield "lockdown", self.emergency.run

    def doors(self) -> dict[str, str]:
        """Return every door's name by its key, whoever has it."""
        return self._cameras.doors()

    def entities(self) -> dict[str, str]:
        """Return the entity that stands for each door, by its key: its lock if it has one."""
        registry = er.async_get(self._hass)
        found = {
            door: registry.async_get_entity_id("lock", DOMAIN, f"{door}_lock")
            or registry.async_get_entity_id("event", DOMAIN, f"{door}_access")
            for door in self.doors()
        }
        return {door: entity for door, entity in found.items() if entity}

    async def last(self, door: str, *kinds: PassageKind) -> Passage | None:
        """Return the last passage of a door, of these kinds if any are named."""
        query = PassageQuery(doors=(door,), kinds=kinds or None, limit=1)
        try:
            found = await self.log.find(query)
        except DatabaseError as error:
            _LOGGER.warning("Nobody knows who came last: %s", error)
            found = []
        # Whoever came just now may have no row yet.
        lately = [
            each
            for (where, kind), each in self._lately.items()
            if where == door and (not kinds or kind in kinds)
        ]
        return max((*found, *lately), key=lambda each: each.at, default=None)

    @callback
    def described(self, agent: str, state: State) -> None:
        """Take up an agent that is connected now."""
        self.access.described(agent, state.doors, state.access)
        if state.access is not None:
            self.emergency.described(agent)

    @callback
    def hear(self, agent: str, message: Message) -> None:
        """Take what an agent tells of its doors."""
        self.access.hear(agent, message)
        if isinstance(message, Rang):
            for listener in tuple(self._ringing):
                listener(door_key(agent, message.door))

    @callback
    def seen(self, camera: str, presence: Presence) -> None:
        """Hear who is in a camera's view now."""
        self.access.seen(camera, presence.persons)

    @callback
    def async_subscribe(self, listener: Callable[[Passage], None]) -> CALLBACK_TYPE:
        """Call listener with every passage, the replayed ones too, until unsubscribed."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    @callback
    def async_subscribe_spent(self, listener: Callable[[], None]) -> CALLBACK_TYPE:
        """Call listener when a card of so many uses was used, until unsubscribed."""
        self._spending.append(listener)
        return lambda: self._spending.remove(listener)

    @callback
    def async_subscribe_rings(self, listener: Callable[[str], None]) -> CALLBACK_TYPE:
        """Call listener with the key of each door at which somebody rings, until unsubscribed."""
        self._ringing.append(listener)
        return lambda: self._ringing.remove(listener)

    @callback
    @override
    def passage(self, passage: Passage) -> Passage:
        """Tell at once what happens now; what happened long ago waits for its incident."""
        if incident := self._incidents.join(passage):
            passage = replace(passage, incident=incident)
            self._tell(passage)
        if passage.replayed or incident is None:
            self._told.put_nowait(passage)
        return passage

    @callback
    @override
    def spent(self) -> None:
        for listener in tuple(self._spending):
            listener()

    @override
    def agents(self) -> Mapping[str, AgentDoors]:
        return {
            owner: coordinator.agent.doors
            for owner, coordinator in self._cameras.agents.items()
            if coordinator.last_update_success
        }

    @override
    def clock_ahead(self, agent: str) -> timedelta:
        coordinator = self._cameras.agents.get(agent)
        return coordinator.agent.clock_ahead if coordinator else timedelta()

    @override
    def now(self) -> datetime:
        return dt_util.utcnow()

    @override
    def clock(self) -> float:
        return time.monotonic()

    async def _join(self) -> None:
        """Keep of which incident each passage is part, until cancelled."""
        async for passage in self._to_join():
            joined = passage
            try:
                if passage.incident is None:
                    joined = replace(passage, incident=await self._replays.join(passage))
                await self.log.join(joined.id, str(joined.incident))
            except DatabaseError as error:
                _LOGGER.warning("A passage is part of no incident in the log: %s", error)
            if passage.incident is None:
                self._tell(joined)

    async def _to_join(self) -> AsyncIterator[Passage]:
        """Yield what was left when we were stopped, then what comes."""
        for passage in reversed(await self.log.find(PassageQuery(limit=MOST_TAKEN_UP))):
            if passage.replayed and passage.incident is None:
                yield passage
        while True:
            yield await self._told.get()

    def _tell(self, passage: Passage) -> None:
        self._lately[passage.door, passage.kind] = passage
        for listener in tuple(self._listeners):
            listener(passage)
        if not passage.replayed:
            self._tell_home_assistant(passage)

    def _tell_home_assistant(self, passage: Passage) -> None:
        door, entity = passage.door, self.entities().get(passage.door)
        async_log_passage(self._hass, passage, self.doors().get(door, door), entity)
        if tells_tags(self._entry) and (tag := tag_of(passage, self.policies.policy)):
            registered = er.async_get(self._hass).async_get(entity) if entity else None
            device = registered.device_id if registered else None
            self._entry.async_create_background_task(
                self._hass, async_tell_tag(self._hass, tag, device), f"{DOMAIN} tag"
            )

    def _with_doors(self) -> dict[str, bool]:
        """Return the agents with doors, and whether each is connected."""
        return {
            owner: coordinator.last_update_success
            for owner, coordinator in self._cameras.agents.items()
            if coordinator.data.doors
        }

    @callback
    def _moved(self, _: Event) -> None:
        self.policies.move(_zone())


def _zone() -> ZoneInfo:
    """Return the local time that Home Assistant is set to."""
    zone = dt_util.get_default_time_zone()
    return zone if isinstance(zone, ZoneInfo) else ZoneInfo("UTC")
