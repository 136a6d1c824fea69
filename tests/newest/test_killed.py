"""Home Assistant is killed while somebody is there, and started again."""

from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import av
import pytest

from tests.waiting import eventually

from .site import Site

pytestmark = [pytest.mark.timeout(200), pytest.mark.asyncio(loop_scope="session")]


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


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


async def _clip(now: Any) -> str | None:
    clip: str | None = (await now())["clip"]
    return clip
