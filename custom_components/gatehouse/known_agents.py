"""What each agent last said of itself, kept so that its entities exist while it is away."""

from dataclasses import asdict
from datetime import timedelta
from typing import Any, Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.storage import Store

from .const import DOMAIN
from .models import AgentInfo, CameraInfo

VERSION: Final = 1

# A description changes when somebody edits a Pi's configuration: seldom.
SAVE_DELAY: Final = 1


class KnownAgents:
    """The last description of every agent, by its id."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Nothing is known before load()."""
        self._store = Store[dict[str, dict[str, Any]]](hass, VERSION, f"{DOMAIN}.agents")
        self._infos: dict[str, AgentInfo] = {}

    async def load(self) -> None:
        """Read what was stored."""
        stored = await self._store.async_load() or {}
        self._infos = {agent: _info(fields) for agent, fields in stored.items()}

    def get(self, agent: str) -> AgentInfo | None:
        """Return the last description of an agent, if it ever gave one."""
        return self._infos.get(agent)

    @callback
    def put(self, agent: str, info: AgentInfo) -> None:
        """Remember a description; written only when it is new."""
        if self._infos.get(agent) != info:
            self._infos[agent] = info
            self._store.async_delay_save(self._fields, SAVE_DELAY)

    async def save(self) -> None:
        """Write at once what waits to be written: whoever loads next must find it."""
        await self._store.async_save(self._fields())

    async def remove(self) -> None:
        """Forget everything, also on disk."""
        self._infos = {}
        await self._store.async_remove()

    def _fields(self) -> dict[str, dict[str, Any]]:
        return {agent: _fields(info) for agent, info in self._infos.items()}


def _fields(info: AgentInfo) -> dict[str, Any]:
    return asdict(info) | {"ring": info.ring and info.ring.total_seconds()}


def _info(fields: dict[str, Any]) -> AgentInfo:
    cameras = tuple(CameraInfo(**camera) for camera in fields["cameras"])
    ring = fields.get("ring")
    return AgentInfo(
        **{
            **fields,
            "cameras": cameras,
            "ring": None if ring is None else timedelta(seconds=ring),
        }
    )
