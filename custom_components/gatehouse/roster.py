"""The cameras and doors of the site, wherever they are, by their keys."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any, override

from homeassistant.core import callback

from .agent_coordinator import AgentCoordinator
from .coordinator import CameraCoordinator
from .footage import Recorder
from .incidents import IncidentNews, Presence
from .models import Incident
from .source_coordinator import SourceCoordinator


@dataclass(frozen=True, slots=True, kw_only=True)
class Attendance:
    """Who is there and who is not, as people call them."""

    there: tuple[str, ...] = ()
    away: tuple[str, ...] = ()


def agent_there(coordinator: CameraCoordinator[Any]) -> Attendance:
    """Return whether an agent is connected; what is no agent does not count."""
    if not isinstance(coordinator, AgentCoordinator):
        return Attendance()
    name = (coordinator.name,)
    return Attendance(there=name) if coordinator.last_update_success else Attendance(away=name)


def cameras_there(coordinator: CameraCoordinator[Any]) -> Attendance:
    """Return which of an agent's cameras give pictures; a private one is not expected to."""
    expected = [
        (_beside(data.info.name, coordinator.subentry.title), coordinator.is_online(camera))
        for camera, data in coordinator.data.cameras.items()
        if not (coordinator.last_update_success and data.state.private)
    ]
    return Attendance(
        there=tuple(name for name, online in expected if online),
        away=tuple(name for name, online in expected if not online),
    )


def together(counted: Iterable[Attendance]) -> Attendance:
    """Return who of all of them is there and who is not."""
    counted = tuple(counted)
    return Attendance(
        there=tuple(chain.from_iterable(each.there for each in counted)),
        away=tuple(chain.from_iterable(each.away for each in counted)),
    )


class Names(Mapping[str, str]):
    """What people call cameras and doors, by their keys: found when asked for, whatever changes.

    Each sign of somebody asks for a few of them, and a site may have a thousand.
    """

    def __init__(self, roster: Roster) -> None:
        """Ask this roster."""
        self._roster = roster

    @override
    def __getitem__(self, key: str) -> str:
        if (name := self._roster.name_of(key)) is None:
            raise KeyError(key)
        return name

    @override
    def __iter__(self) -> Iterator[str]:
        return iter(self._roster.names() | self._roster.doors())

    @override
    def __len__(self) -> int:
        return len(self._roster.names() | self._roster.doors())


class Roster:
    """Who has which camera or door; what is told of a camera that has gone goes nowhere."""

    def __init__(self, doors: Mapping[str, str]) -> None:
        """There is no camera yet, and no doors but those of other systems: names by their keys."""
        self._doors = doors
        self._coordinators: dict[str, CameraCoordinator[Any]] = {}

    def __iter__(self) -> Iterator[CameraCoordinator[Any]]:
        """Go through the agents and the other cameras."""
        return iter(self._coordinators.values())

    def add(self, coordinator: CameraCoordinator[Any]) -> None:
        """Have these cameras too."""
        self._coordinators[coordinator.owner] = coordinator

    @property
    def agents(self) -> dict[str, AgentCoordinator]:
        """The agents, by their ids."""
        return {each.owner: each for each in self if isinstance(each, AgentCoordinator)}

    def agents_there(self) -> Attendance:
        """Return which agents are connected."""
        return together(map(agent_there, self))

    def cameras_there(self) -> Attendance:
        """Return which cameras give pictures; one that is private is not expected to."""
        return together(map(cameras_there, self))

    def names(self) -> dict[str, str]:
        """Return every camera's name by its key."""
        return {
            coordinator.key(camera): data.info.name
            for coordinator in self
            for camera, data in coordinator.data.cameras.items()
        }

    def name_of(self, key: str) -> str | None:
        """Return what people call a camera or a door, None if it is gone."""
        owner, _, own = key.partition("/")
        coordinator = self._coordinators.get(owner)
        if coordinator and own in coordinator.data.cameras:
            return str(coordinator.data.cameras[own].info.name)
        if isinstance(coordinator, AgentCoordinator):
            for door, data in coordinator.data.doors.items():
                if coordinator.door_key(door) == key:
                    return str(data.info.name)
        return self._doors.get(key)

    def doors(self) -> dict[str, str]:
        """Return every door's name by its key."""
        return {
            agent.door_key(door): data.info.name
            for agent in self.agents.values()
            for door, data in agent.data.doors.items()
        } | dict(self._doors)

    def full_names(self) -> dict[str, str]:
        """Return the same with the agent beside the name, where that is another."""
        return {
            coordinator.key(camera): _beside(data.info.name, coordinator.subentry.title)
            for coordinator in self
            for camera, data in coordinator.data.cameras.items()
        }

    def entities(self) -> dict[str, str]:
        """Return the entity that shows each camera, by the camera's key."""
        found = {
            coordinator.key(camera): coordinator.camera_entity_id(camera)
            for coordinator in self
            for camera in coordinator.data.cameras
        }
        return {key: entity for key, entity in found.items() if entity}

    def find(self, key: str) -> tuple[CameraCoordinator[Any], str] | None:
        """Return who has a camera and its name there, None if it is gone."""
        owner, _, camera = key.partition("/")
        coordinator = self._coordinators.get(owner)
        if coordinator is None or camera not in coordinator.data.cameras:
            return None
        return coordinator, camera

    def recorder(self, key: str) -> tuple[Recorder, str] | None:
        """Return what records a camera and its name there, None while nobody is known to."""
        owner, _, camera = key.partition("/")
        match self._coordinators.get(owner):
            case AgentCoordinator() as agent:
                return agent.agent.recordings, camera
            case SourceCoordinator() as source:
                return source.recorder, camera
        return None

    @callback
    def presence(self, key: str, presence: Presence) -> None:
        """Tell who is in a camera's view."""
        if found := self.find(key):
            found[0].async_set_presence(found[1], presence)

    @callback
    def last_incident(self, key: str, incident: Incident) -> None:
        """Tell what a camera saw last."""
        if found := self.find(key):
            found[0].async_set_incident(found[1], incident)

    @callback
    def zones(self, key: str) -> None:
        """Tell that people have said something else about a camera's picture."""
        if found := self.find(key):
            found[0].async_update_listeners()

    @callback
    def incident(self, news: IncidentNews) -> None:
        """Tell the logbook once what became of an incident, and every camera that saw it."""
        known = [found for key in news.incident.cameras if (found := self.find(key))]
        for coordinator, camera in known[:1]:
            coordinator.async_log_incident(camera, news)
        for coordinator, camera in known:
            coordinator.async_tell_incident(camera, news)


def _beside(name: str, owner: str) -> str:
    return name if name == owner else f"{name} ({owner})"
