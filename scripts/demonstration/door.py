"""The simulated door: how somebody shows a card to it, and what is to be seen of that."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from .dashboard import Entities, doors_of
from .happened import PAUSE, ask_action
from .home_assistant import DemoError, HomeAssistant
from .memory import Memory
from .people import ANNA, BOB, STRANGERS, Resident
from .places import AGENT_PYTHON, PLACES, ROOT

HINTS: Final = (
    (f"present {ANNA.card}", "Anna's card: Admitted"),
    (f"present --pin {ANNA.pin}", "her PIN, by the keypad"),
    (f"present {BOB.card}", "Bob's, for working hours"),
    (f"present {STRANGERS}", "nobody's: Denied"),
    ("door open", "and close; without a card it is forced"),
    ("press exit", "and press doorbell"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Passed:
    """What came of a card that was shown."""

    said: str
    """By the command that showed it."""
    lock: list[str]
    """The states of the lock from then on."""
    event: dict[str, Any]
    """The attributes of the door's event."""
    incident: dict[str, Any]
    """What the passage is part of."""
    refused: str
    """What was said to a card that nobody has."""


def command(folder: Path) -> list[str]:
    """Return how the demonstration's door is played at, but for what is done there."""
    agent = next(place.agent for place in PLACES if place.door)
    config = folder / "agents" / agent / "agent.toml"
    return [str(AGENT_PYTHON), "-m", "camera_agent", "--config", str(config)]


def invitation(folder: Path) -> list[str]:
    """Return the lines that tell what can be tried at the door, for any shell."""
    paths = [Path(word) if "/" in word else word for word in command(folder)]
    words = [
        str(word.relative_to(ROOT, walk_up=True)) if isinstance(word, Path) else word
        for word in paths
    ]
    return [
        "    the door   in this folder, type this line and then one of the others",
        f'        agent() {{ {" ".join(words)} "$@"; }}',
        *(f"        agent {act:<24} # {what}" for act, what in HINTS),
    ]


async def pass_by(
    home: HomeAssistant, memory: Memory, entities: Entities, folder: Path, who: Resident
) -> Passed:
    """Show somebody's card, and wait until all of it is known; then show a stranger's."""
    door, since = doors_of(memory)[0], datetime.now(UTC)
    said = await _played(folder, "present", who.card)
    event = await _told(home, entities.of(door, "access"), who.name, since)
    incident = await _named(home, who.name, since)
    return Passed(
        said=said,
        lock=await _relocked(home, entities.of(door, "lock"), since),
        event=event,
        incident=incident,
        refused=await _played(folder, "present", STRANGERS),
    )


async def _played(folder: Path, *acts: str) -> str:
    process = await asyncio.create_subprocess_exec(
        *command(folder), *acts, cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    said, _ = await process.communicate()
    if not said:
        raise DemoError(f"Nobody answered at the door: {' '.join(acts)}")
    return said.decode().strip()


async def _told(home: HomeAssistant, event: str, actor: str, since: datetime) -> dict[str, Any]:
    while True:
        state = await home.get(f"/api/states/{event}")
        attributes: dict[str, Any] = state["attributes"]
        if attributes.get("actor") == actor and datetime.fromisoformat(state["state"]) >= since:
            return attributes
        await asyncio.sleep(PAUSE)


async def _named(home: HomeAssistant, person: str, since: datetime) -> dict[str, Any]:
    while True:
        for incident in (await ask_action(home, "get_incidents", {"limit": 5}))["incidents"]:
            for passage in incident["passages"]:
                moment = datetime.fromisoformat(passage["at"])
                if passage["person"] == person and moment >= since:
                    return dict(incident)
        await asyncio.sleep(PAUSE)


async def _relocked(home: HomeAssistant, lock: str, since: datetime) -> list[str]:
    """Wait until the lock is locked again; return what it was meanwhile."""
    while True:
        history = await home.ask(
            "history/history_during_period",
            start_time=since.isoformat(),
            entity_ids=[lock],
            minimal_response=True,
            no_attributes=True,
        )
        states = [row["s"] for row in history.get(lock, [])]
        if states[-2:] == ["unlocked", "locked"]:
            return states
        await asyncio.sleep(PAUSE)
