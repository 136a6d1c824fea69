"""Waits for the first incident that is over and has everything: a picture, a clip, a risk."""

import asyncio
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from html import unescape
from io import BytesIO
from itertools import pairwise
import json
from pathlib import Path
import re
import time
from typing import Any, Final

import av

from .dashboard import OF_THE_STORAGE, Entities, cameras_of, find_entities
from .door import Passed, pass_by
from .happened import PAUSE, ask_action, share, wait_for_incident
from .home_assistant import DemoError, HomeAssistant
from .memory import Memory
from .people import ANNA
from .places import GATE, GROUP
from .storage import endpoint_of

JPEG: Final = b"\xff\xd8"
FTYP: Final = b"ftyp"
HEAD: Final = 64
TITLE: Final = re.compile("<title>(.*)</title>")
SOURCE: Final = re.compile('<source src="([^"]+)"')


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """What a browser needs to know of a clip before it plays it."""

    type: str
    codec: str
    pixels: str
    seconds: float
    frames: int
    """As many as could be decoded."""
    starts_at_once: bool
    """Whether it can be played before all of it has come."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """What somebody gets who follows a share link."""

    link: str
    page: str
    """The title that the browser shows."""
    from_storage: bool
    """Whether the clip comes from off-site, and not from the house."""
    clip_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What the check saw; times are seconds since the demonstration said that it is ready."""

    live: list[str]
    persons: Mapping[str, list[str]]
    """The states of each person sensor, oldest first."""
    confirmed_s: float
    ready_s: float
    incident: dict[str, Any]
    """What both cameras of the group saw."""
    uploaded: dict[str, Any]
    """What the uploaded pictures show."""
    passed: Passed
    picture_bytes: int
    clip: Clip
    shared: Shared
    stored: dict[str, float]
    """What the sensors of the footage say."""
    logbook: list[str]
    browsed: list[str]

    def __str__(self) -> str:
        """Return it as JSON."""
        return json.dumps(asdict(self), indent=2)


async def watch_for_incident(
    home: HomeAssistant, memory: Memory, folder: Path, since: datetime, seconds: float
) -> Seen:
    """Return the first incident since then that has everything; raises DemoError without one."""
    began = time.monotonic()
    entities = await find_entities(home, memory)
    try:
        async with asyncio.timeout(seconds):
            live = await _live(home, _of_cameras(entities, memory, "camera"))
            await wait_for_incident(home, GROUP, "picture", since=since)
            confirmed = time.monotonic() - began
            incident = await wait_for_incident(home, GROUP, "picture", "clip", "ended", since=since)
            ready = time.monotonic() - began
            uploaded = await wait_for_incident(home, GATE, "picture", since=since)
            passed = await pass_by(home, memory, entities, folder, ANNA)
            return Seen(
                live=live,
                persons=await _gone(home, since, _of_cameras(entities, memory, "person")),
                confirmed_s=round(confirmed, 1),
                ready_s=round(ready, 1),
                incident=incident,
                uploaded=uploaded,
                passed=passed,
                picture_bytes=len((await _media(home, incident["picture"], JPEG))[1]),
                clip=await _clip(home, incident["clip"]),
                shared=await _shared(home, memory, incident["id"], since),
                stored=await _stored(home, memory, entities),
                logbook=await _logbook(home, since),
                browsed=await _browse(home, "media-source://gatehouse"),
            )
    except TimeoutError as error:
        raise DemoError(f"No incident with a picture and a clip within {seconds:g} s.") from error


def _of_cameras(entities: Entities, memory: Memory, key: str) -> list[str]:
    return [entities.of(owner, camera, key) for owner, camera, _ in cameras_of(memory)]


async def _live(home: HomeAssistant, cameras: list[str]) -> list[str]:
    """Wait until every camera gives pictures."""
    for camera in cameras:
        # Another process answers: there is nothing to wait for but the answer.
        while not (await home.fetch(f"/api/camera_proxy/{camera}"))[1].startswith(JPEG):  # noqa: ASYNC110
            await asyncio.sleep(PAUSE)
    return cameras


async def _gone(home: HomeAssistant, since: datetime, sensors: list[str]) -> dict[str, list[str]]:
    """Wait until everybody who was there has left; return what every sensor said."""
    while True:
        history = await home.ask(
            "history/history_during_period",
            start_time=since.isoformat(),
            entity_ids=sensors,
            include_start_time_state=False,
            minimal_response=True,
            no_attributes=True,
        )
        states = {sensor: [row["s"] for row in history.get(sensor, [])] for sensor in sensors}
        if all(("on", "off") in pairwise(said) for said in states.values()):
            return states
        await asyncio.sleep(PAUSE)


async def _media(home: HomeAssistant, content_id: str, start: bytes) -> tuple[str, bytes]:
    """Return the type and the bytes of something in the media browser."""
    resolved = await home.ask("media_source/resolve_media", media_content_id=content_id)
    status, body = await home.fetch(resolved["url"])
    if status != 200 or start not in body[:HEAD]:
        raise DemoError(f"{content_id} is not what it should be: {status} {body[:16]!r}")
    part_status, part = await home.fetch(resolved["url"], first=HEAD)
    if (part_status, part) != (206, body[:HEAD]):
        raise DemoError(f"{content_id} cannot be read in parts: {part_status} {part[:16]!r}")
    return str(resolved["mime_type"]), body


async def _clip(home: HomeAssistant, content_id: str) -> Clip:
    """Return what a clip is, as one who plays it finds out."""
    kind, body = await _media(home, content_id, FTYP)
    with av.open(BytesIO(body), "r") as container:
        video = container.streams.video[0]
        return Clip(
            type=kind,
            codec=video.codec_context.name,
            pixels=str(video.codec_context.pix_fmt),
            seconds=round(float((video.duration or 0) * (video.time_base or 0)), 1),
            frames=len(list(container.decode(video))),
            starts_at_once=body.index(b"moov") < body.index(b"mdat"),
        )


async def _shared(home: HomeAssistant, memory: Memory, incident: str, since: datetime) -> Shared:
    """Wait until an incident's clip is off-site, and follow a link to it."""
    while not await _is_away(home, incident, since):  # noqa: ASYNC110 - another process
        await asyncio.sleep(PAUSE)
    link = await share(home, incident)
    page = (await home.visit(link))[1].decode()
    title, player = (re.search(found, page) for found in (TITLE, SOURCE))
    if title is None or player is None:
        raise DemoError(f"Nothing can be played behind {link}: {page}")
    source, body = await home.visit(f"{home.url}{unescape(player[1])}")
    if FTYP not in body[:HEAD]:
        raise DemoError(f"What is shared is no clip: {body[:16]!r}")
    return Shared(
        link=link,
        page=unescape(title[1]),
        from_storage=source.startswith(endpoint_of(memory)),
        clip_bytes=len(body),
    )


async def _is_away(home: HomeAssistant, incident: str, since: datetime) -> bool:
    history = await ask_action(home, "get_history", {"since": since.isoformat()})
    told = {each["id"]: each["clips"] for each in history["incidents"]}
    return any(clip["stage"] == "uploaded" for clip in told[incident])


async def _stored(home: HomeAssistant, memory: Memory, entities: Entities) -> dict[str, float]:
    """Wait until the sensors know that something is kept and nothing waits; return all of them."""
    while True:
        states = {
            key: await home.get(f"/api/states/{entities.of(memory.site, key)}")
            for key in OF_THE_STORAGE
        }
        told = {key: float(state["state"]) for key, state in states.items()}
        if told["stored_here"] and not told["upload_queue"]:
            return told
        await asyncio.sleep(PAUSE)


async def _logbook(home: HomeAssistant, since: datetime) -> list[str]:
    """Wait until the logbook tells of a walk that is over; return what it tells of Gatehouse."""
    while True:
        rows = await home.ask("logbook/get_events", start_time=since.isoformat())
        ours = [row for row in rows if row.get("domain") == "gatehouse"]
        told = [f"{row['name']} {row['message']}" for row in ours]
        if any(row.startswith(f"{GROUP} saw ") for row in told):
            return told
        await asyncio.sleep(PAUSE)


async def _browse(home: HomeAssistant, folder: str) -> list[str]:
    """Return the titles of all that can be played in the media browser below a folder."""
    level = await home.ask("media_source/browse_media", media_content_id=folder)
    titles = []
    for child in level["children"]:
        if child["can_expand"]:
            titles += await _browse(home, child["media_content_id"])
        else:
            titles.append(child["title"])
    return titles
