"""Which doors there are to make entities of: an agent's as it tells of them, and all others'."""

from collections.abc import Callable, Iterable, Mapping

from homeassistant.const import Platform
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.entity import Entity
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from . import GatehouseConfigEntry
from .agent import DoorInfo
from .agent_coordinator import AgentCoordinator
from .const import DOMAIN, SUBENTRY_DOOR
from .door_entity import AgentDoor, OtherDoor
from .entity import async_follow


@callback
def async_follow_doors(
    hass: HomeAssistant,
    entry: GatehouseConfigEntry,
    platform: Platform,
    async_add_entities: AddConfigEntryEntitiesCallback,
    build: Callable[[AgentDoor], Iterable[Entity]],
) -> None:
    """Add the entities that build makes for each agent's door there is or will be.

    Those of a platform that a door has no more, as its contact is gone, are forgotten.
    """
    for coordinator in entry.runtime_data.cameras.agents.values():
        _follow(hass, entry, platform, async_add_entities, (coordinator, build))


@callback
def async_add_other_doors(
    hass: HomeAssistant,
    entry: GatehouseConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
    build: Callable[[OtherDoor], Iterable[Entity]],
) -> None:
    """Add the entities that build makes for each door of another system."""
    site = _site_device(hass, entry)
    for subentry in entry.get_subentries_of_type(SUBENTRY_DOOR):
        entities = build(OtherDoor(subentry, site))
        async_add_entities(entities, config_subentry_id=subentry.subentry_id)


@callback
def async_once_doors(
    entry: GatehouseConfigEntry,
    coordinators: Iterable[AgentCoordinator],
    add: Callable[[], None],
) -> None:
    """Call add once, as soon as one of these agents has doors."""
    agents, done = tuple(coordinators), False

    @callback
    def look() -> None:
        nonlocal done
        if not done and any(agent.data.doors for agent in agents):
            done = True
            add()

    for agent in agents:
        async_follow(entry, agent, look)
    look()


def _follow(
    hass: HomeAssistant,
    entry: GatehouseConfigEntry,
    platform: Platform,
    async_add_entities: AddConfigEntryEntitiesCallback,
    doors: tuple[AgentCoordinator, Callable[[AgentDoor], Iterable[Entity]]],
) -> None:
    coordinator, build = doors
    subentry = coordinator.subentry.subentry_id
    known: Mapping[str, DoorInfo] = {}
    shown: set[str | None] = set()

    @callback
    def follow() -> None:
        nonlocal known, shown
        infos = {door: data.info for door, data in coordinator.data.doors.items()}
        if infos == known:
            return
        entities = [
            entity for door in sorted(infos) for entity in build(AgentDoor(coordinator, door))
        ]
        new = [entity for entity in entities if entity.unique_id not in shown]
        known, shown = infos, {entity.unique_id for entity in entities}
        _forget_others(hass, entry, platform, coordinator, shown)
        async_add_entities(new, config_subentry_id=subentry)

    follow()
    async_follow(entry, coordinator, follow)


def _forget_others(
    hass: HomeAssistant,
    entry: GatehouseConfigEntry,
    platform: Platform,
    coordinator: AgentCoordinator,
    shown: set[str | None],
) -> None:
    registry = er.async_get(hass)
    for entity in er.async_entries_for_config_entry(registry, entry.entry_id):
        of_a_door = entity.unique_id.startswith(coordinator.door_key(""))
        if of_a_door and entity.domain == platform and entity.unique_id not in shown:
            registry.async_remove(entity.entity_id)


def _site_device(hass: HomeAssistant, entry: GatehouseConfigEntry) -> str:
    devices = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    site = (DOMAIN, entry.entry_id)
    return next(device.id for device in devices if site in device.identifiers)
