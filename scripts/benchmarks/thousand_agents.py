"""Agents without machines, who speak as agents do (`tests/wire`), by the agent's own feed."""

import asyncio
from collections.abc import Coroutine
from functools import cache
import json
from pathlib import Path
import time
from typing import Any, Final

from camera_agent import __version__, wire
from camera_agent.feed import Feed

from .thousand_day import CAMERAS, Course, Day, camera_name, door_name, has_door
from .thousand_shown import FILM, FILM_SHA256

WIRE: Final = Path(__file__).parents[2] / "tests" / "wire"
DOOR: Final = "door"
PEOPLE: Final = 100
"""So many have a card, and come in turn."""

TICK_S: Final = 0.05
STATS_S: Final = 10.0  # as the agent measures
SCORE_S: Final = 1.0  # from one change of what moves to the next that is worth telling


def golden(name: str) -> dict[str, Any]:
    """Return a message as both sides have agreed on it."""
    found: dict[str, Any] = json.loads(_text(name))
    return found


@cache
def _text(name: str) -> str:
    return (WIRE / f"{name}.json").read_text("utf-8")


def agent_id(number: int) -> str:
    """Return by what an agent is known."""
    return f"sim{number:04}"


class SimulatedAgent:
    """One agent: what it says of itself, and what it was asked to keep."""

    def __init__(self, number: int) -> None:
        self.id = agent_id(number)
        self.feed = Feed(self.state)
        self.recordings: dict[str, dict[str, Any]] = {}
        self.somebody: set[str] = set()
        """At which of its cameras there is somebody."""
        self._number = number
        self._moving: dict[str, float] = {}
        self._grants: dict[str, Any] | None = None
        self._passages = 0

    @property
    def first(self) -> int:
        """The number of its first camera."""
        return self._number * CAMERAS

    def info(self) -> dict[str, Any]:
        """Say who it is and what it has."""
        about = golden("info") | {"id": self.id, "name": f"Agent {self._number:03}"}
        one = about["cameras"][0]
        about["cameras"] = [
            one | {"id": f"camera{own}", "name": camera_name(self.first + own)}
            for own in range(CAMERAS)
        ]
        if has_door(self._number):
            door = golden("info_doors")["doors"][0]
            about["doors"] = [door | {"id": DOOR, "name": door_name(self._number)}]
        return about | {"version": __version__}

    def state(self) -> dict[str, Any]:
        """Say all that there is to say."""
        state = golden("state") | {"now": time.time(), "info": self.info()}
        state |= {"recordings": [], "spool": None, "probes": [], "stats": self._stats()}
        state["bookings"] |= {"planned": 0, "running": 0, "waiting": 0, "bytes": 0}
        one = state["cameras"].pop("front")
        for own in range(CAMERAS):
            name = f"camera{own}"
            moves = {"motion": self._moving.get(name, 0.0), "moving": name in self._moving}
            state["cameras"][name] = one | moves
        if has_door(self._number):
            door = golden("state_doors")["doors"]["front"] | {"open": False}
            state |= {"doors": {DOOR: door}, "access": self._access()}
        return state

    def measure(self) -> None:
        """Tell how the machine is."""
        told = golden("stats") | {"now": time.time(), "stats": self._stats(), "spool": None}
        told["bookings"] |= {"planned": 0, "running": 0, "waiting": 0, "bytes": 0, "error": None}
        well = {"fps": 14.9, "frame_age_s": 0.05, "encoder_percent": 12.5}
        told["cameras"] = {f"camera{own}": well for own in range(CAMERAS)}
        access = {"access": self._access()} if has_door(self._number) else {}
        self.feed.publish(told | access)

    def move(self, camera: str, score: float) -> float:
        """Tell how much moves at a camera, and return when that was told; 0 is nothing."""
        now = time.time()
        if score:
            self._moving[camera] = score
        else:
            self._moving.pop(camera, None)
        about = {"camera": camera, "score": score, "moving": bool(score), "at": now}
        self.feed.publish({"type": wire.MessageType.MOTION, **about})
        return now

    def moves(self, camera: str) -> bool:
        """Return whether something moves at a camera."""
        return camera in self._moving

    def let_in(self) -> float:
        """Tell that somebody has passed the door, and return when."""
        now, self._passages = time.time(), self._passages + 1
        passage = golden("passage")["passage"] | {"journal": self.id, "seq": self._passages}
        passage |= {"at": now, "door": DOOR, "warning": None}
        who = self._passages % PEOPLE
        passage |= {"credential": f"c{who}", "person": f"p{who}"}
        self.feed.publish({"type": wire.MessageType.PASSAGE, "passage": passage})
        return now

    def go_by(self, document: str) -> None:
        """Take who may enter."""
        grants = json.loads(document)
        self._grants = {key: grants[key] for key in ("version", "issued", "until")}
        self._grants["cards"] = len(grants["cards"])
        self.feed.publish({"type": wire.MessageType.ACCESS, "access": self._access()})

    def record(self, camera: str, since: float, until: float) -> dict[str, Any]:
        """Begin to record."""
        name = f"{camera}-{len(self.recordings)}-{int(since * 1000):x}"
        recording: dict[str, Any] = golden("recording")["recording"]
        recording |= {
            "id": name,
            "camera": camera,
            "status": "recording",
            "started": since,
            "until": until,
        }
        recording |= {"duration_s": None, "bytes": None, "sha256": None}
        self.recordings[name] = recording
        return recording

    def end_recordings(self, now: float) -> None:
        """Tell of the recordings whose time is over."""
        for recording in self.recordings.values():
            if recording["status"] == "recording" and recording["until"] <= now:
                lasted = recording["until"] - recording["started"]
                recording |= {"status": "complete", "duration_s": lasted}
                recording |= {"bytes": len(FILM), "sha256": FILM_SHA256}
                told = {"type": wire.MessageType.RECORDING, "recording": recording}
                self.feed.publish(told)

    def _stats(self) -> dict[str, Any]:
        stats: dict[str, Any] = golden("stats")["stats"]
        wave = int(time.time() / STATS_S + self._number) % 20
        return stats | {
            "cpu_percent": 12.5 + wave,
            "clock_synchronised": True,
            "under_voltage": False,
        }

    def _access(self) -> dict[str, Any]:
        access: dict[str, Any] = golden("access")["access"]
        access |= {"journal": self.id, "last": self._passages, "waiting": 0, "lost": 0}
        access["grants"] = self._grants
        return access


class Crowd:
    """All of them, what happens at them, and what they have told."""

    def __init__(self, cameras: int) -> None:
        self.agents = [SimulatedAgent(number) for number in range(cameras // CAMERAS)]
        self.pace = 0.0
        """Nothing happens before somebody says how busy it is."""
        self.motions: list[tuple[int, bool, float, bool]] = []
        self.passages: list[tuple[str, float]] = []
        self.met: list[float] = []
        """When somebody came to listen to each, by a clock that all processes share."""
        self.looks = 0
        self._day = Day()
        self._course = Course(cameras, self._day)
        self._tasks = set[asyncio.Task[None]]()

    def told(self) -> dict[str, Any]:
        """Return what was told since the last time."""
        said = {
            "motions": self.motions,
            "passages": self.passages,
            "met": self.met,
            "listened": sum(agent.feed.silent_since is None for agent in self.agents),
            "looks": self.looks,
        }
        self.motions, self.passages, self.looks = [], [], 0
        return said

    async def run(self) -> None:
        """Let the day pass."""
        for number in range(len(self.agents)):
            self._begin(self._measure(number))
        while True:
            await asyncio.sleep(TICK_S)
            for each in self._course.pass_by(TICK_S * self.pace):
                if each.at_door:
                    self.passages.append(
                        (door_name(each.number), self.agents[each.number].let_in())
                    )
                else:
                    self._begin(self._move(each.number))
            for agent in self.agents:
                agent.end_recordings(time.time())

    def _begin(self, story: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(story)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _measure(self, number: int) -> None:
        await asyncio.sleep(number / len(self.agents) * STATS_S)
        while True:
            self.agents[number].measure()
            await asyncio.sleep(STATS_S)

    async def _move(self, number: int) -> None:
        agent, camera = self.agents[number // CAMERAS], f"camera{number % CAMERAS}"
        if agent.moves(camera):
            return
        somebody = self._course.is_somebody()
        if somebody:
            agent.somebody.add(camera)
        self.motions.append((number, True, agent.move(camera, 0.05), somebody))
        for step in range(int(self._day.moves_s / SCORE_S)):
            await asyncio.sleep(SCORE_S)
            agent.move(camera, 0.05 + 0.02 * (step % 3))
        agent.somebody.discard(camera)
        self.motions.append((number, False, agent.move(camera, 0.0), somebody))
