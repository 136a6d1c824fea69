"""Home Assistant is killed while somebody is there, and started again."""

import asyncio
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any

import av
from PIL import Image
import pytest

from tests.waiting import eventually

from .site import Site

pytestmark = [pytest.mark.timeout(400), pytest.mark.asyncio(loop_scope="session")]


async def test_home_assistant_killed_in_mid_incident_ends_it_and_brings_its_footage_home(
    site: Site,
) -> None:
    person = await site.entity("person")

    async def running() -> tuple[dict[str, Any], str] | None:
        """Return an open incident and its recording on the agent."""
        opened = [incident for incident in await site.incidents() if incident["state"] == "open"]
        recording = [
            name for name, status in (await site.recordings()).items() if status == "recording"
        ]
        return (opened[0], recording[0]) if opened and recording else None

    before, recording = await eventually(running, 60, "an incident that is being recorded")
    killed = await site.kill_home()
    await site.start_home()

    async def now() -> dict[str, Any]:
        return next(one for one in await site.incidents() if one["id"] == before["id"])

    after = await now()
    assert after["state"] == "interrupted"
    assert datetime.fromisoformat(after["ended"]) <= killed
    assert after["risk"]

    # Nobody is there until somebody is seen.
    states = await eventually(lambda: site.states(person, killed), 10, "the sensor's history")
    assert states[0] in {"unavailable", "unknown", "off"}

    clip = await eventually(lambda: _clip(now), 60, "the clip of the interrupted incident")
    with av.open(BytesIO(await site.media(clip)), "r") as container:
        video = container.streams.video[0]
        assert (video.codec_context.name, video.codec_context.pix_fmt) == ("h264", "yuv420p")
        seconds = len(list(container.decode(video))) / float(video.average_rate)
    assert seconds >= (_time(before["last_seen"]) - _time(before["started"])).total_seconds()

    async def gone() -> bool:
        return recording not in await site.recordings()

    assert await eventually(gone, 10, "the agent's copy is gone")

    async def another() -> dict[str, Any] | None:
        return next((one for one in await site.incidents() if _time(one["started"]) > killed), None)

    assert (await eventually(another, 60, "the next incident"))["id"] != before["id"]

    async def seen() -> bool:
        return "on" in await site.states(person, killed)

    assert await eventually(seen, 10, "the person sensor's history")


async def test_who_walks_by_while_home_assistant_is_dead_is_an_incident_once_it_is_back(
    site: Site,
) -> None:
    witness = await site.witness()
    known = {one["id"] for one in await site.incidents()}
    # A power cut; the Pi is back first, and in its video nobody is there yet.
    killed = await site.kill_home()
    await site.stop_agent()
    await site.start_agent(spool=True)

    first, last = await witness.a_visit(60)
    await witness.close()
    assert first > killed
    assert await site.spooled()

    await site.start_home()

    async def replayed() -> dict[str, Any] | None:
        await asyncio.sleep(0.2)  # the detector needs the processor
        fresh = [one for one in await site.incidents() if one["id"] not in known]
        return next((one for one in fresh if _is_of(one, first) and one["clip"]), None)

    incident = await eventually(replayed, 60, "the incident of the absence")
    assert incident["replayed"] is True
    assert incident["state"] == "closed"
    assert abs(_time(incident["started"]) - first) <= timedelta(seconds=1)
    # Perhaps another one came soon after.
    assert _time(incident["last_seen"]) >= last - timedelta(seconds=1)
    assert incident["risk"]

    picture = await site.media(incident["picture"])
    assert Image.open(BytesIO(picture)).size[0] > 200
    with av.open(BytesIO(await site.media(incident["clip"])), "r") as container:
        video = container.streams.video[0]
        seconds = len(list(container.decode(video))) / float(video.average_rate)
    assert seconds >= (last - first).total_seconds()

    async def fetched() -> bool:
        return not await site.spooled()

    await eventually(fetched, 10, "the agent's spool is empty")

    # The others were told, as they happened.
    told = {event["incident_id"] for event in await site.events("gatehouse_incident")}
    assert told
    assert incident["id"] not in told


def _is_of(incident: dict[str, Any], moment: datetime) -> bool:
    return abs(_time(incident["started"]) - moment) < timedelta(seconds=5)


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


async def _clip(now: Any) -> str | None:
    clip: str | None = (await now())["clip"]
    return clip
