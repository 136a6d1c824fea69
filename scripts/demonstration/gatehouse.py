"""Gatehouse in a Home Assistant, set up as its user would: through its own flows."""

from typing import Any, Final

from .home_assistant import DemoError, HomeAssistant
from .memory import Memory
from .places import LOCAL, Assets

DOMAIN: Final = "gatehouse"
NAME: Final = "Gatehouse demo"
ENTRIES: Final = "/api/config/config_entries"

# Shorter than at home, so that all of it is to be seen within a minute.
INCIDENTS: Final = {"needed": 3, "of": 5, "window": 45, "idle": 10}


async def set_up(home: HomeAssistant, memory: Memory, assets: Assets) -> Memory:
    """Set up the site and its agents, or whatever of it is missing."""
    entries = await home.get(f"{ENTRIES}/entry?domain={DOMAIN}")
    waiting = None
    if entries:
        entry = entries[0]["entry_id"]
    else:
        made = await _answer(home, f"{ENTRIES}/flow", {"handler": DOMAIN}, {"name": NAME})
        entry = made["result"]["entry_id"]
        waiting = made.get("next_flow")
    if waiting:
        await home.delete(f"{ENTRIES}/subentries/flow/{waiting[1]}")
    await _choose(home, entry, "detection", _detection(assets))
    await _choose(home, entry, "incidents", INCIDENTS)
    for name in memory.agents:
        memory = await _join(home, entry, name, memory)
    return memory


def _detection(assets: Assets) -> dict[str, Any]:
    what = {"model": "yolox_tiny", "threshold": assets.threshold, "labels": ["person"]}
    if assets.model is None:
        return {**what, "detector": "off"}
    return {**what, "detector": "local", "model": "file", "model_path": str(assets.model)}


async def _choose(home: HomeAssistant, entry: str, part: str, answer: dict[str, Any]) -> None:
    """Fill in one part of the options; nothing is reloaded if nothing changes."""
    begin = {"handler": entry}
    await _answer(home, f"{ENTRIES}/options/flow", begin, {"next_step_id": part}, answer)


async def _join(home: HomeAssistant, entry: str, name: str, memory: Memory) -> Memory:
    """Add an agent, or tell its new port."""
    agent = memory.agents[name]
    if agent.added == agent.port:
        return memory
    begin: dict[str, Any] = {"handler": [entry, "agent"]}
    if agent.added is not None:
        begin["subentry_id"] = await _subentry(home, entry, agent.id)
    address = {"host": LOCAL, "port": agent.port, "token": agent.token}
    await _answer(home, f"{ENTRIES}/subentries/flow", begin, address)
    return memory.with_agent(name, added=agent.port)


async def _subentry(home: HomeAssistant, entry: str, agent: str) -> str:
    subentries = await home.ask("config_entries/subentries/list", entry_id=entry)
    found = [item["subentry_id"] for item in subentries if item["unique_id"] == agent]
    if not found:
        raise DemoError("An agent was removed from Home Assistant; start again with --fresh.")
    return str(found[0])


async def _answer(
    home: HomeAssistant, path: str, begin: dict[str, Any], *answers: dict[str, Any]
) -> Any:
    """Go through a flow and return its end."""
    step = await home.post(path, begin)
    for answer in answers:
        step = await home.post(f"{path}/{step['flow_id']}", answer)
        if step.get("errors"):
            raise DemoError(f"Gatehouse does not take {answer}: {step['errors']}")
    if step["type"] == "abort" and step["reason"] != "reconfigure_successful":
        raise DemoError(f"Gatehouse gave up on {begin}: {step['reason']}")
    return step
