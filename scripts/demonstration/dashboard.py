"""The dashboard that the owner sees first."""

import asyncio
from typing import Any, Final

from .home_assistant import DemoError, HomeAssistant
from .memory import Memory
from .places import GATE, GATE_CAMERA, PLACES

PATH: Final = "gatehouse-demo"
ITSELF: Final = {"strategy": {"type": "custom:gatehouse"}}

OF_A_CAMERA: Final = (
    "camera",
    "person",
    "motion",
    "person_count",
    "last_risk",
    "last_incident",
    "recording",
)
OF_A_DOOR: Final = ("lock", "contact", "access", "mode", "last_access")
LOCKDOWN: Final = "lockdown"
OF_AN_AGENT: Final = ("cpu", "disk")
OF_THE_STORAGE: Final = ("upload_queue", "upload_waiting", "stored_here", "freed")

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
        """Return what is not there yet of all that the demo shows."""
        cameras = cameras_of(memory)
        wanted = [f"{owner}_{camera}_{key}" for owner, camera, _ in cameras for key in OF_A_CAMERA]
        doors = doors_of(memory)
        wanted += [f"{door}_{key}" for door in doors for key in OF_A_DOOR]
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
    """Make the dashboard, which makes itself of what there is; let everybody begin there."""
    await find_entities(home, memory)
    dashboards = await home.ask("lovelace/dashboards/list")
    if all(dashboard["url_path"] != PATH for dashboard in dashboards):
        await home.ask("lovelace/dashboards/create", url_path=PATH, title="House", icon="mdi:home")
    await home.ask("lovelace/config/save", url_path=PATH, config=ITSELF)
    await home.ask("frontend/set_system_data", key="core", value={"default_panel": PATH})
