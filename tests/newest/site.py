"""A site of the test's own: one agent, the newest Home Assistant, a folder for both."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack, closing
from dataclasses import dataclass
from datetime import UTC, datetime
import json
import os
from pathlib import Path
import signal
import sqlite3
import sys
from typing import Any

import aiohttp

from camera_agent.wire import HEALTH_LIVE, RECORDINGS, RecordingOrigin
from scripts.demonstration.children import Child, watch
from scripts.demonstration.dashboard import Entities
from scripts.demonstration.gatehouse import ENTRIES, set_up
from scripts.demonstration.home_assistant import HomeAssistant
from scripts.demonstration.memory import AgentMemory, Memory
from scripts.demonstration.places import (
    LOCAL,
    ROOT,
    Assets,
    Place,
    has_owner,
    write_agent,
    write_home,
)
from tests.ports import free_port
from tests.waiting import eventually

from .witness import Witness

RECORDED_WITHIN = 3.0  # seconds; the recorder writes every two (places.py)

EVENTS = """
SELECT event_data.shared_data FROM events
JOIN event_types ON event_types.event_type_id = events.event_type_id
JOIN event_data ON event_data.data_id = events.data_id
WHERE event_types.event_type = ?
"""

AGENT_PYTHON = ROOT / ".venv-agent" / "bin" / "python"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A place in whose video somebody comes and goes, and a model that sees them."""

    place: Place
    assets: Assets


class Site:
    """One agent and one Home Assistant, as processes."""

    home: HomeAssistant
    entry: str

    def __init__(self, folder: Path, scene: Scene, session: aiohttp.ClientSession) -> None:
        self.place = scene.place
        self._assets = scene.assets
        self._session = session
        self._folder = folder
        self._children: dict[str, Child] = {}
        self._talk = AsyncExitStack()
        self.memory = Memory.fresh([self.place.agent]).with_agent(
            self.place.agent, port=free_port()
        )

    @property
    def agent(self) -> AgentMemory:
        """What is known of the agent."""
        return self.memory.agents[self.place.agent]

    @property
    def address(self) -> dict[str, Any]:
        """What a user types to add the agent."""
        return {"host": LOCAL, "port": self.agent.port, "token": self.agent.token}

    async def witness(self) -> Witness:
        """Return somebody who stands beside the camera."""
        agent = self.agent
        return await Witness.of(self._assets, agent.port, self.place.camera, agent.token)

    @property
    def log(self) -> str:
        """All that Home Assistant wrote, since the site was made."""
        return "".join(file.read_text() for file in sorted(self._folder.glob("hass-*.log")))

    async def start_agent(self, *, spool: bool = False) -> None:
        """Start the agent, which may keep what Home Assistant would miss."""
        config = write_agent(self._folder, self.place, self.agent, self._assets, spool=spool)
        command: list[str | Path] = [AGENT_PYTHON, "-m", "camera_agent", "--config", config]
        await self._start("agent", command, ROOT, self._folder / "agent.log", self._agent_is_up)

    async def start_home(self) -> None:
        """Start Home Assistant and wait until it shows the camera, and would see somebody."""
        port = free_port()
        config = write_home(self._folder, LOCAL, port)
        run = len(list(self._folder.glob("hass-*.log")))
        log = self._folder / f"hass-{run}.log"
        command: list[str | Path] = [sys.executable, "-m", "homeassistant", "-c", config]
        self.home = HomeAssistant(self._session, f"http://{LOCAL}:{port}")
        await self._talk.enter_async_context(self.home.talking())
        await self._start("home", command, config, log, self.home.wait_until_up)
        await self.home.enter(
            self.memory.username, self.memory.password, new=not has_owner(self._folder)
        )
        # What is written at this level must keep the secrets too.
        await self.home.post(
            "/api/services/logger/set_level", {"custom_components.gatehouse": "debug"}
        )
        self.memory = await set_up(self.home, self.memory, self._assets)
        self.entry = (await self.home.get(f"{ENTRIES}/entry?domain=gatehouse"))[0]["entry_id"]
        await self.is_ready()
        # Home Assistant writes down what it was told a second later.
        entries = config / ".storage" / "core.config_entries"
        await eventually(entries.is_file, 10, "the stored site")
        await eventually(lambda: self.agent.id in entries.read_text(), 10, "the stored agent")

    async def kill_home(self) -> datetime:
        """End Home Assistant as a power cut does; return when."""
        os.kill(self._children["home"].pid, signal.SIGKILL)
        await self._children["home"].end()
        await self._talk.aclose()
        return datetime.now(UTC)

    async def stop_agent(self) -> None:
        await self._children["agent"].stop()

    async def stop(self) -> None:
        """End both, Home Assistant first; it would wait for a WebSocket that nobody closes."""
        await self._talk.aclose()
        for name in ("home", "agent"):
            if child := self._children.get(name):
                await child.stop()

    async def is_ready(self) -> None:
        """Wait until there are pictures and a detector."""
        for key, state in (("camera", "streaming"), ("detector", "ready")):
            await eventually(lambda key=key, state=state: self._is(key, state), 30, f"the {key}")

    async def entity(self, key: str) -> str:
        """Return an entity of the camera, or the site's detector."""
        entities = Entities(await self.home.ask("config/entity_registry/list"))
        if key == "detector":
            return entities.of(self.entry, key)
        return entities.of(self.agent.id, self.place.camera, key)

    async def incidents(self) -> list[dict[str, Any]]:
        """Return the confirmed incidents, newest first."""
        path = "/api/services/gatehouse/get_incidents?return_response"
        incidents: list[dict[str, Any]] = (await self.home.post(path, {}))["service_response"][
            "incidents"
        ]
        return incidents

    async def events(self, kind: str) -> list[dict[str, Any]]:
        """Return the data of all events of a kind that Home Assistant has written down."""
        await asyncio.sleep(RECORDED_WITHIN)
        return await asyncio.to_thread(_events, self._folder, kind)

    async def recordings(self) -> dict[str, str]:
        """Return the agent's recordings and their status."""
        return {recording["id"]: recording["status"] for recording in await self._recordings()}

    async def spooled(self) -> dict[str, str]:
        """Return the recordings that nobody asked the agent for, and their status."""
        told = await self._recordings()
        return {one["id"]: one["status"] for one in told if one["origin"] == RecordingOrigin.SPOOL}

    async def states(self, entity: str, since: datetime) -> list[str]:
        """Return the states that an entity took on since then, oldest first."""
        history = await self.home.ask(
            "history/history_during_period",
            start_time=since.isoformat(),
            entity_ids=[entity],
            include_start_time_state=False,
            minimal_response=True,
            no_attributes=True,
        )
        return [row["s"] for row in history.get(entity, [])]

    async def media(self, content: str) -> bytes:
        """Return something of the media browser as a browser gets it."""
        resolved = await self.home.ask("media_source/resolve_media", media_content_id=content)
        status, body = await self.home.fetch(resolved["url"])
        assert status == 200
        return body

    async def _recordings(self) -> list[dict[str, Any]]:
        path = RECORDINGS.format(camera=self.place.camera)
        async with self._session.get(
            f"http://{LOCAL}:{self.agent.port}{path}",
            headers={"Authorization": f"Bearer {self.agent.token}"},
        ) as response:
            recordings: list[dict[str, Any]] = (await response.json())["recordings"]
        return recordings

    async def _start(
        self,
        name: str,
        command: list[str | Path],
        folder: Path,
        log: Path,
        until: Callable[[], Coroutine[Any, Any, None]],
    ) -> None:
        """Start a process and wait until it is up; if it falls, fail with its last words."""
        child = self._children[name] = await Child.start(name, command, folder, log)
        tasks = [asyncio.create_task(until()), asyncio.create_task(watch([child]))]
        done, _ = await asyncio.wait(tasks, timeout=180, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()
        assert done, f"{name} is not up after three minutes; the end of its log: {self.log[-2000:]}"
        done.pop().result()

    async def _agent_is_up(self) -> None:
        async def answers() -> bool:
            try:
                address = f"http://{LOCAL}:{self.agent.port}{HEALTH_LIVE}"
                async with self._session.get(address) as response:
                    return response.ok
            except aiohttp.ClientConnectionError:
                return False

        await eventually(answers, 20, "the agent")

    async def _is(self, key: str, state: str) -> bool:
        try:
            entity = await self.entity(key)
        except KeyError:
            return False
        states = {one["entity_id"]: one["state"] for one in await self.home.get("/api/states")}
        return states.get(entity) == state


def _events(folder: Path, kind: str) -> list[dict[str, Any]]:
    database = folder / "config" / "home-assistant_v2.db"
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        return [json.loads(data) for (data,) in connection.execute(EVENTS, (kind,))]
