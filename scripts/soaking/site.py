"""Gatehouse in the soak's Home Assistant, set up through its own flows."""

import asyncio
from typing import Any, Final

from scripts.demonstration.gatehouse import DOMAIN, ENTRIES, until_loaded
from scripts.demonstration.home_assistant import DemoError, HomeAssistant

from .owner import Owner
from .schedule import DETECTOR, HOME, STORAGE
from .storage import BUCKET
from .world import World

DETECTION: Final = {
    "labels": ["person"],
    "threshold": 0.4,
    "certainty": 0.6,
    "detectors": ["remote"],
}
INCIDENTS: Final = {
    "needed": 2,
    "of": 4,
    "window": 60,
    "idle": 8,
    "idle_check": 15,
    "cooldown": 60,
    "snooze": 60,
}
OFFSITE: Final = {
    "s3_bucket": BUCKET,
    "s3_key_id": "soak",
    "s3_secret": "wet-through",
    "s3_style": "auto",
    "upload_levels": ["low", "medium", "high", "critical"],
    "upload_by_hand": True,
    "upload_limit": 0,
    "offsite_days": 0,
}
PROGRESS: Final = {"progress", "progress_done"}


async def set_up(world: World) -> Owner:
    """Start Home Assistant, and have it know everything."""
    await world.programs[HOME].start()
    owner = Owner(world.session, world.address(HOME))
    await owner.enter(new=True)
    home = owner.home
    made = await _go(home, f"{ENTRIES}/flow", {"handler": DOMAIN}, {"name": "Soak"})
    entry = made["result"]["entry_id"]
    if waiting := made.get("next_flow"):
        await home.delete(f"{ENTRIES}/subentries/flow/{waiting[1]}")
    detector = {"remote_url": world.address(DETECTOR)}
    await _choose(home, entry, "detection", DETECTION, detector)
    await _choose(home, entry, "incidents", INCIDENTS)
    await _choose(home, entry, "offsite", {"s3_endpoint": world.address(STORAGE), **OFFSITE})
    for place in world.places.values():
        about = place.memory
        address = {"host": place.host, "port": about.port, "token": about.token}
        await _add(home, entry, "agent", address)
    await _add(home, entry, "folder", {"folder": str(world.uploads), "name": "Uploads"})
    for place in world.places.values():
        looks_at_door = place.camera(place.cameras[0])
        group = {"name": place.name, "cameras": [looks_at_door], "doors": [place.door]}
        await _add(home, entry, "group", group)
    await until_loaded(home)
    return owner


async def _choose(home: HomeAssistant, entry: str, part: str, *answers: dict[str, Any]) -> None:
    step = {"next_step_id": part}
    await _go(home, f"{ENTRIES}/options/flow", {"handler": entry}, step, *answers)


async def _add(home: HomeAssistant, entry: str, kind: str, answer: dict[str, Any]) -> None:
    await until_loaded(home)
    # An agent has told of its cameras and doors a moment later.
    async with asyncio.timeout(30):
        while True:
            try:
                await _go(home, f"{ENTRIES}/subentries/flow", {"handler": [entry, kind]}, answer)
            except DemoError:
                if kind != "group":
                    raise
                await asyncio.sleep(0.5)
            else:
                return


async def _go(
    home: HomeAssistant, path: str, begin: dict[str, Any], *answers: dict[str, Any]
) -> Any:
    """Go through a flow and return its end."""
    step = await home.post(path, begin)
    for answer in answers:
        step = await home.post(f"{path}/{step['flow_id']}", answer)
        while step["type"] in PROGRESS:
            await asyncio.sleep(0.1)
            step = await home.get(f"{path}/{step['flow_id']}")
        if step.get("errors"):
            raise DemoError(f"Gatehouse does not take {answer}: {step['errors']}")
    if step["type"] == "abort":
        raise DemoError(f"Gatehouse gave up on {begin}: {step['reason']}")
    return step
