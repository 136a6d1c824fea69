"""What each agent last said of itself, kept so that its entities exist while it is away."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any, Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.storage import Store

from .agent import AgentInfo, DoorInfo, ReaderInfo
from .const import DOMAIN
from .models import CameraInfo

VERSION: Final = 1

# A description changes when somebody edits a Pi's configuration: seldom.
SAVE_DELAY: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownAgent:
    """An agent and its doors, as they were described last."""

    info: AgentInfo | None = None
    """None if it never was."""
    doors: tuple[DoorInfo, ...] = ()


class KnownAgents:
    """The last description of every agent, by its id."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Nothing is known before load()."""
        self._store = Store[dict[str, dict[str, Any]]](hass, VERSION, f"{DOMAIN}.agents")
        self._known: dict[str, KnownAgent] = {}

    async def load(self) -> None:
        """Read what was stored."""
        stored = await self._store.async_load() or {}
        self._known = {agent: _known(fields) for agent, fields in stored.items()}

    def get(self, agent: str) -> KnownAgent:
        """Return the last description of an agent."""
        return self._known.get(agent) or KnownAgent()

    @callback
    def put(self, agent: str, info: AgentInfo, doors: Iterable[DoorInfo] = ()) -> None:
        """Remember a description; written only when it is new."""
        known = KnownAgent(info=info, doors=tuple(doors))
        if self._known.get(agent) != known:
            self._known[agent] = known
            self._store.async_delay_save(self._fields, SAVE_DELAY)

    async def save(self) -> None:
        """Write at once what waits to be written: whoever loads next must find it."""
        await self._store.async_save(self._fields())

    async def remove(self) -> None:
        """Forget everything, also on disk."""
        self._known = {}
        await self._store.async_remove()

    def _fields(self) -> dict[str, dict[str, Any]]:
        return {
            agent: _info_fields(known.info)
            | {"doors": [_door_fields(door) for door in known.doors]}
            for agent, known in self._known.items()
            if known.info
        }


def _info_fields(info: AgentInfo) -> dict[str, Any]:
    return asdict(info) | {"ring": _seconds(info.ring)}


def _door_fields(door: DoorInfo) -> dict[str, Any]:
    return asdict(door) | {"unlock": _seconds(door.unlock)}


def _known(fields: dict[str, Any]) -> KnownAgent:
    doors = fields.pop("doors", ())  # before there were doors, none were stored
    return KnownAgent(info=_info(fields), doors=tuple(map(_door, doors)))


def _info(fields: dict[str, Any]) -> AgentInfo:
    cameras = tuple(CameraInfo(**camera) for camera in fields["cameras"])
    ring = _span(fields.get("ring"))
    return AgentInfo(**{**fields, "cameras": cameras, "ring": ring})


def _door(fields: dict[str, Any]) -> DoorInfo:
    readers = tuple(ReaderInfo(**reader) for reader in fields["readers"])
    return DoorInfo(**{**fields, "readers": readers, "unlock": _span(fields["unlock"])})


def _seconds(span: timedelta | None) -> float | None:
    return None if span is None else span.total_seconds()


def _span(seconds: float | None) -> timedelta | None:
    return None if seconds is None else timedelta(seconds=seconds)
