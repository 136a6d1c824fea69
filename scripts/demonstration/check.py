"""Waits for the first incident that is over and has everything: a picture, a clip, a risk."""

import asyncio
from dataclasses import asdict, dataclass
from datetime import datetime
import json
import time
from typing import Any, Final

from .dashboard import Entities, find_entities
from .home_assistant import DemoError, HomeAssistant
from .memory import Memory
from .places import PLACES, Place

PAUSE: Final = 0.5
JPEG: Final = b"\xff\xd8"
HEAD: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What the check saw; times are seconds since the demonstration said that it is ready."""

    live: list[str]
    confirmed_s: float
    ready_s: float
    incident: dict[str, Any]
    picture_bytes: int
    clip: str
    logbook: list[str]
    browsed: int

    def __str__(self) -> str:
        """Return it as JSON."""
        return json.dumps(asdict(self), indent=2)


async def watch_for_incident(
    home: HomeAssistant, memory: Memory, since: datetime, seconds: float
) -> Seen:
    """Return the first incident since then that has everything; raises DemoError without one."""
    began = time.monotonic()
    entities = await find_entities(home, memory)
    try:
        async with asyncio.timeout(seconds):
            live = await _live(home, entities, memory)
            await _until(home, since, "confirmed", "picture")
            confirmed = time.monotonic() - began
            incident = await _until(home, since, "confirmed", "picture", "clip", "ended")
            return Seen(
                live=live,
                confirmed_s=round(confirmed, 1),
                ready_s=round(time.monotonic() - began, 1),
                incident=incident,
                picture_bytes=len(await _media(home, incident["picture"], JPEG)),
                clip=await _clip(home, incident["clip"]),
                logbook=await _logbook(home, since),
                browsed=await _browse(home),
            )
    except TimeoutError as error:
        raise DemoError(f"No incident with a picture and a clip within {seconds:g} s.") from error


async def _live(home: HomeAssistant, entities: Entities, memory: Memory) -> list[str]:
    """Wait until every camera gives pictures; return their entities."""
    cameras = [_camera(place, entities, memory) for place in PLACES]
    for camera in cameras:
        # Another process answers: there is nothing to wait for but the answer.
        while not (await home.fetch(f"/api/camera_proxy/{camera}"))[1].startswith(JPEG):  # noqa: ASYNC110
            await asyncio.sleep(PAUSE)
    return cameras


def _camera(place: Place, entities: Entities, memory: Memory) -> str:
    return entities.of(memory.agents[place.agent].id, place.camera, "camera")


async def _until(home: HomeAssistant, since: datetime, *parts: str) -> dict[str, Any]:
    """Ask for incidents until one has all of these parts."""
    path = "/api/services/gatehouse/get_incidents?return_response"
    while True:
        answer = await home.post(path, {"since": since.isoformat()})
        for incident in answer["service_response"]["incidents"]:
            if all(incident[part] for part in parts):
                return dict(incident)
        await asyncio.sleep(PAUSE)


async def _media(home: HomeAssistant, content_id: str, start: bytes) -> bytes:
    resolved = await home.ask("media_source/resolve_media", media_content_id=content_id)
    status, body = await home.fetch(resolved["url"])
    if status != 200 or not body.startswith(start):
        raise DemoError(f"{content_id} is not what it should be: {status} {body[:16]!r}")
    return body


async def _clip(home: HomeAssistant, content_id: str) -> str:
    """Return the clip's type if a browser can play it: an MP4 that may be read in parts."""
    resolved = await home.ask("media_source/resolve_media", media_content_id=content_id)
    status, head = await home.fetch(resolved["url"], first=HEAD)
    if status != 206 or head[4:8] != b"ftyp" or len(head) != HEAD:
        raise DemoError(f"{content_id} cannot be played: {status} {head[:16]!r}")
    return str(resolved["mime_type"])


async def _logbook(home: HomeAssistant, since: datetime) -> list[str]:
    """Return what the logbook tells of Gatehouse."""
    rows = await home.ask("logbook/get_events", start_time=since.isoformat())
    return [
        f"{row.get('name')} {row['message']}" for row in rows if row.get("domain") == "gatehouse"
    ]


async def _browse(home: HomeAssistant) -> int:
    """Return how many folders Gatehouse has in the media browser."""
    root = await home.ask("media_source/browse_media", media_content_id="media-source://gatehouse")
    return len(root["children"])
