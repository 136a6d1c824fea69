"""The dashboard that the owner sees first."""

import asyncio
from typing import Any, Final

from .home_assistant import DemoError, HomeAssistant
from .memory import Memory
from .places import PLACES, Place

PATH: Final = "gatehouse-demo"

OF_A_CAMERA: Final = (
    "camera",
    "person",
    "motion",
    "person_count",
    "last_risk",
    "last_incident",
)
OF_AN_AGENT: Final = ("cpu", "disk")

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
        agents = [(place, memory.agents[place.agent].id) for place in PLACES]
        wanted = [f"{agent}_{place.camera}_{key}" for place, agent in agents for key in OF_A_CAMERA]
        wanted += [f"{agent}_{key}" for _, agent in agents for key in OF_AN_AGENT]
        return [name for name in wanted if name not in self._ids]


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
    cameras = [_camera(place, memory.agents[place.agent].id, entities) for place in PLACES]
    view = {
        "title": "Gatehouse",
        "path": "home",
        "type": "sections",
        "max_columns": 3,
        "sections": [*cameras, _story(entities, memory)],
    }
    return {"views": [view]}


def _camera(place: Place, agent: str, entities: Entities) -> dict[str, Any]:
    """One camera: live, what is seen on it now, and the picture of what was seen last."""

    def entity(key: str) -> str:
        return entities.of(agent, place.camera, key)

    cards = [
        {"type": "heading", "heading": place.name, "icon": "mdi:cctv"},
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
        {
            "type": "picture-entity",
            "entity": entity("last_incident"),
            "name": "Last incident",
            "show_state": False,
            "grid_options": {"columns": "full"},
        },
    ]
    return {"type": "grid", "cards": cards}


def _story(entities: Entities, memory: Memory) -> dict[str, Any]:
    """What happened, in words and over time."""
    agents = [(place, memory.agents[place.agent].id) for place in PLACES]
    persons = [
        {"entity": entities.of(agent, place.camera, "person"), "name": place.name}
        for place, agent in agents
    ]
    cameras = [entities.of(agent, place.camera, "camera") for place, agent in agents]
    cards = [
        {"type": "heading", "heading": "What happened", "icon": "mdi:script-text-outline"},
        {
            "type": "logbook",
            "target": {"entity_id": cameras},
            "hours_to_show": 1,
            "grid_options": {"columns": "full", "rows": 7},
        },
        {"type": "heading", "heading": "Somebody there", "icon": "mdi:chart-timeline"},
        {
            "type": "history-graph",
            "entities": persons,
            "hours_to_show": 0.25,
            "grid_options": {"columns": "full"},
        },
        *(card for place, agent in agents for card in _agent(place, agent, entities)),
    ]
    return {"type": "grid", "cards": cards}


def _agent(place: Place, agent: str, entities: Entities) -> list[dict[str, Any]]:
    """One agent: how the machine is on which it runs."""
    return [
        {"type": "heading", "heading": f"{place.name} Pi", "icon": "mdi:raspberry-pi"},
        _tile(entities.of(agent, "cpu"), "CPU"),
        _tile(entities.of(agent, "disk"), "Disk"),
    ]


def _tile(entity: str, name: str, color: str | None = None) -> dict[str, Any]:
    tile: dict[str, Any] = {"type": "tile", "entity": entity, "name": name}
    return {**tile, "color": color} if color else tile
