"""Gatehouse in a Home Assistant, set up as its user would: through its own flows."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from .dashboard import doors_of, find_entities
from .home_assistant import DemoError, HomeAssistant
from .memory import Memory
from .people import ANNA, BOB, let_in
from .places import GATE, GROUP, LOCAL, PAIR, PLACES, Assets
from .storage import offsite_answers

DOMAIN: Final = "gatehouse"
NAME: Final = "Gatehouse demo"
ENTRIES: Final = "/api/config/config_entries"

PROGRESS: Final = {"progress", "progress_done"}
PAUSE: Final = 0.1
STEADY: Final = 3
"""How often in a row it is seen to run before it is taken to."""

# Shorter than at home, so that all of it is to be seen within a minute.
INCIDENTS: Final = {
    "needed": 3,
    "of": 5,
    "window": 45,
    "idle": 10,
    "idle_check": 15,
    "cooldown": 120,
    "snooze": 60,
}

# CenterNet is seldom surer of anybody than 0.7.
CERTAINTY: Final = 0.45


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
    memory = replace(memory, site=entry)
    if waiting:
        await home.delete(f"{ENTRIES}/subentries/flow/{waiting[1]}")
    await _choose(home, entry, "detection", *_detection(assets))
    await _choose(home, entry, "incidents", INCIDENTS)
    for name in memory.agents:
        memory = await _join(home, entry, name, memory)
    return memory


async def furnish(home: HomeAssistant, memory: Memory, assets: Assets, uploads: Path) -> Memory:
    """Add what agents alone do not show: a storage, an uploading camera, zones, people, a pair."""
    await _choose(home, memory.site, "offsite", offsite_answers(memory))
    gate = await add_once(home, memory.site, "folder", {"folder": str(uploads), "name": GATE})
    memory = replace(memory, gate=gate)
    await until_loaded(home)
    entities = await find_entities(home, memory)
    for door in doors_of(memory):
        await let_in(home, entities.of(door, "lock"), ANNA, BOB)
    for place in PLACES:
        for zone in place.zones.get(assets.video_kind, ()):
            await _draw(home, f"{memory.agents[place.agent].id}/{place.camera}", zone)
    cameras = [f"{memory.agents[place.agent].id}/{place.camera}" for place in PLACES]
    group = {"name": GROUP, "cameras": cameras, "doors": doors_of(memory)}
    await add_once(home, memory.site, "group", group)
    left, right = cameras
    pair = {"left": left, "right": right, "layout": "side_by_side", "corner": "bottom_right"}
    pair |= {"name": PAIR, "upload": True, "share": True}
    await add_once(home, memory.site, "pair", pair)
    await until_loaded(home)
    return memory


async def add_once(home: HomeAssistant, entry: str, kind: str, answer: dict[str, Any]) -> str:
    """Return the one thing of its kind that a site has, after it was added if it was missing."""
    for subentry in await home.ask("config_entries/subentries/list", entry_id=entry):
        if subentry["subentry_type"] == kind:
            return str(subentry["subentry_id"])
    await until_loaded(home)
    await _answer(home, f"{ENTRIES}/subentries/flow", {"handler": [entry, kind]}, answer)
    return await add_once(home, entry, kind, answer)


async def _draw(home: HomeAssistant, camera: str, zone: dict[str, Any]) -> None:
    """Draw a zone unless the camera has one of its name."""
    await until_loaded(home)
    known = (await home.ask("gatehouse/zones/list", camera=camera))["zones"]
    if all(each["name"] != zone["name"] for each in known):
        await home.ask("gatehouse/zones/save", camera=camera, **zone)


async def until_loaded(home: HomeAssistant) -> None:
    """Wait until the site runs; after each change it is started anew, a moment after the answer."""
    path = f"{ENTRIES}/entry?domain={DOMAIN}"
    in_a_row = 0
    while in_a_row < STEADY:
        loaded = (await home.get(path))[0]["state"] == "loaded"
        in_a_row = in_a_row + 1 if loaded else 0
        await asyncio.sleep(PAUSE)


def _detection(assets: Assets) -> list[dict[str, Any]]:
    """Return what is answered about detection, form by form."""
    what = {"labels": ["person"], "threshold": assets.threshold, "certainty": CERTAINTY}
    if assets.model is None:
        return [{**what, "detectors": []}]
    model = {"model": "file", "model_path": str(assets.model), "threads": 1, "providers": []}
    return [{**what, "detectors": ["local"]}, model]


async def _choose(home: HomeAssistant, entry: str, part: str, *answers: dict[str, Any]) -> None:
    """Fill in one part of the options; nothing is reloaded if nothing changes."""
    begin = {"handler": entry}
    await _answer(home, f"{ENTRIES}/options/flow", begin, {"next_step_id": part}, *answers)


async def _join(home: HomeAssistant, entry: str, name: str, memory: Memory) -> Memory:
    """Add an agent, or tell its new port."""
    agent = memory.agents[name]
    if agent.added == agent.port:
        return memory
    begin: dict[str, Any] = {"handler": [entry, "agent"]}
    if agent.added is not None:
        begin["subentry_id"] = await _subentry(home, entry, agent.id)
    await until_loaded(home)
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
        while step["type"] in PROGRESS:
            await asyncio.sleep(PAUSE)
            step = await home.get(f"{path}/{step['flow_id']}")
        if step.get("errors"):
            raise DemoError(f"Gatehouse does not take {answer}: {step['errors']}")
    if step["type"] == "abort" and step["reason"] != "reconfigure_successful":
        raise DemoError(f"Gatehouse gave up on {begin}: {step['reason']}")
    return step
