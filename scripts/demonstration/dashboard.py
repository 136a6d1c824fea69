"""The dashboard that the owner sees first."""

import asyncio
from typing import Any, Final

from .home_assistant import DemoError, HomeAssistant
from .memory import Memory
from .places import GATE, GATE_CAMERA, PLACES, Place

PATH: Final = "gatehouse-demo"

OF_A_CAMERA: Final = (
    "camera",
    "person",
    "motion",
    "person_count",
    "last_risk",
    "last_incident",
    "recording",
)
OF_A_DOOR: Final = {
    "lock": "Lock",
    "contact": "Door",
    "access": "Last at the door",
    "mode": "Mode",
}
"""And what they are called."""
LAST_ACCESS: Final = "last_access"
LOCKDOWN: Final = "lockdown"
OF_AN_AGENT: Final = ("cpu", "disk")
OF_THE_STORAGE: Final = {
    "upload_queue": "To upload",
    "upload_waiting": "Waiting",
    "stored_here": "Stored here",
    "freed": "Freed",
}
"""And what they are called."""

KNOWN_WITHIN: Final = 60.0
"""Seconds until an agent that was added has told of its cameras."""


class Entities:
    """The entities of Gatehouse by what they are, whatever Home Assistant calls them."""

    def __init__(self, registry: list[dict[str, Any]]) -> None:
        self._ids = {
            entity["unique_id"]: str(entity["entity_id"])
            for entity in registry
            if entity["platform"] == "gatehouse"
        }

    def of(self, *parts: str) -> str:
        """Return the entity whose unique id is made of these parts."""
        return self._ids["_".join(parts)]

    def missing(self, memory: Memory) -> list[str]:
        """Return what is not there yet of all that the dashboard shows."""
        cameras = cameras_of(memory)
        wanted = [f"{owner}_{camera}_{key}" for owner, camera, _ in cameras for key in OF_A_CAMERA]
        doors = doors_of(memory)
        wanted += [f"{door}_{key}" for door in doors for key in (*OF_A_DOOR, LAST_ACCESS)]
        wanted += [f"{memory.site}_{LOCKDOWN}"] if doors else []
        agents = [memory.agents[place.agent].id for place in PLACES]
        wanted += [f"{agent}_{key}" for agent in agents for key in OF_AN_AGENT]
        wanted += [f"{memory.site}_{key}" for key in OF_THE_STORAGE]
        return [name for name in wanted if name not in self._ids]


def cameras_of(memory: Memory) -> list[tuple[str, str, str]]:
    """Return who has each camera, its id there, and its name."""
    on_agents = [(memory.agents[place.agent].id, place.camera, place.name) for place in PLACES]
    return [*on_agents, (memory.gate, GATE_CAMERA, GATE)]


def doors_of(memory: Memory) -> list[str]:
    """Return the keys of the agents' doors."""
    return [
        f"{memory.agents[place.agent].id}/door/{place.door.id}" for place in PLACES if place.door
    ]


async def find_entities(home: HomeAssistant, memory: Memory) -> Entities:
    """Return Gatehouse's entities as soon as all that are shown are there."""
    missing: list[str] = []
    try:
        async with asyncio.timeout(KNOWN_WITHIN):
            while True:
                entities = Entities(await home.ask("config/entity_registry/list"))
                if not (missing := entities.missing(memory)):
                    return entities
                await asyncio.sleep(0.3)
    except TimeoutError as error:
        raise DemoError(f"Gatehouse has no entity for {', '.join(missing)}.") from error


async def make_dashboard(home: HomeAssistant, memory: Memory) -> None:
    """Make the dashboard if it is missing, fill it, and let everybody begin there."""
    entities = await find_entities(home, memory)
    dashboards = await home.ask("lovelace/dashboards/list")
    if all(dashboard["url_path"] != PATH for dashboard in dashboards):
        await home.ask(
            "lovelace/dashboards/create", url_path=PATH, title="Gatehouse", icon="mdi:gate"
        )
    await home.ask("lovelace/config/save", url_path=PATH, config=_config(entities, memory))
    await home.ask("frontend/set_system_data", key="core", value={"default_panel": PATH})


def _config(entities: Entities, memory: Memory) -> dict[str, Any]:
    cameras = [_camera(*camera, entities) for camera in cameras_of(memory)]
    view = {
        "title": "Gatehouse",
        "path": "home",
        "type": "sections",
        "max_columns": 4,
        "sections": [*cameras, _story(entities, memory)],
    }
    return {"views": [view]}


def _camera(owner: str, camera: str, name: str, entities: Entities) -> dict[str, Any]:
    """One camera: live, what is seen on it now, and the picture of what was seen last."""

    def entity(key: str) -> str:
        return entities.of(owner, camera, key)

    cards = [
        {"type": "heading", "heading": name, "icon": "mdi:cctv"},
        {
            "type": "picture-entity",
            "entity": entity("camera"),
            "camera_view": "live",
            "show_name": False,
            "show_state": False,
            "grid_options": {"columns": "full"},
        },
        _tile(entity("person"), "Person", color="red"),
        _tile(entity("motion"), "Motion", color="amber"),
        _tile(entity("person_count"), "People", color="red"),
        _tile(entity("last_risk"), "Last risk", color="deep-orange"),
        _tile(entity("recording"), "Recording", color="red", columns="full"),
        {
            "type": "picture-entity",
            "entity": entity("last_incident"),
            "name": "Last incident",
            "show_state": False,
            "grid_options": {"columns": "full"},
        },
        {
            "type": "markdown",
            "content": f"{{{{ state_attr('{entity('last_risk')}', 'summary') or '' }}}}",
            "grid_options": {"columns": "full"},
        },
    ]
    return {"type": "grid", "cards": cards}


def _story(entities: Entities, memory: Memory) -> dict[str, Any]:
    """What happened, in words and over time."""
    agents = [(place, memory.agents[place.agent].id) for place in PLACES]
    persons = [
        {"entity": entities.of(owner, camera, "person"), "name": name}
        for owner, camera, name in cameras_of(memory)
    ]
    cameras = [entities.of(owner, camera, "camera") for owner, camera, _ in cameras_of(memory)]
    cards = [
        {"type": "heading", "heading": "What happened", "icon": "mdi:script-text-outline"},
        {
            "type": "custom:gatehouse-incidents-card",
            "title": "",
            "limit": 20,
            "grid_options": {"columns": "full", "rows": 9},
        },
        {"type": "heading", "heading": "Logbook", "icon": "mdi:format-list-bulleted"},
        {
            "type": "logbook",
            "target": {"entity_id": cameras},
            "hours_to_show": 1,
            "grid_options": {"columns": "full", "rows": 4},
        },
        {"type": "heading", "heading": "Somebody there", "icon": "mdi:chart-timeline"},
        {
            "type": "history-graph",
            "entities": persons,
            "hours_to_show": 0.25,
            "grid_options": {"columns": "full"},
        },
        {"type": "heading", "heading": "Footage", "icon": "mdi:filmstrip-box-multiple"},
        *(_tile(entities.of(memory.site, key), name) for key, name in OF_THE_STORAGE.items()),
        *(card for place, agent in agents for card in _door(place, agent, entities, memory)),
        *(card for place, agent in agents for card in _agent(place, agent, entities)),
    ]
    return {"type": "grid", "cards": cards}


def _door(place: Place, agent: str, entities: Entities, memory: Memory) -> list[dict[str, Any]]:
    """A door, if there is one: how it is, who was there last, and what stops everybody."""
    if place.door is None:
        return []
    door = f"{agent}/door/{place.door.id}"
    return [
        {"type": "heading", "heading": place.door.name, "icon": "mdi:door"},
        *(_tile(entities.of(door, key), name) for key, name in OF_A_DOOR.items()),
        _tile(entities.of(memory.site, LOCKDOWN), "Lockdown", color="red", columns="full"),
        {
            "type": "picture-entity",
            "entity": entities.of(door, LAST_ACCESS),
            "name": "Last access",
            "show_state": False,
            "grid_options": {"columns": "full"},
        },
    ]


def _agent(place: Place, agent: str, entities: Entities) -> list[dict[str, Any]]:
    """One agent: how the machine is on which it runs."""
    return [
        {"type": "heading", "heading": f"{place.name} Pi", "icon": "mdi:raspberry-pi"},
        _tile(entities.of(agent, "cpu"), "CPU"),
        _tile(entities.of(agent, "disk"), "Disk"),
    ]


def _tile(
    entity: str, name: str, color: str | None = None, columns: str | None = None
) -> dict[str, Any]:
    tile: dict[str, Any] = {"type": "tile", "entity": entity, "name": name}
    tile |= {"color": color} if color else {}
    return tile | ({"grid_options": {"columns": columns}} if columns else {})
