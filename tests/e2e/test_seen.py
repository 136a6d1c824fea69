"""Seen, from lens to screen: a real agent, real pixels, a real model, a real Home Assistant."""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import av
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator, WebSocketGenerator

from custom_components.gatehouse.models import Picture
from custom_components.gatehouse.vision import DetectorOptions, OnnxDetector
from tests.ha.seeing import incident_with_a_clip
from tests.waiting import eventually

from .conftest import CAMERA, PERSON, AgentProcess, Scene, is_state

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]

MOTION = "binary_sensor.front_door_motion"
EVENT = "event.front_door_incident"
IMAGE = "image.front_door_last_incident"
RISK = "sensor.front_door_last_risk"
CONNECTED = "binary_sensor.porch_connectivity"


async def test_a_person_who_walks_by_becomes_an_incident_with_a_picture_and_a_clip(
    hass: HomeAssistant,
    site: MockConfigEntry,
    scene: Scene,
    media: Path,
    hass_client: ClientSessionGenerator,
    hass_ws_client: WebSocketGenerator,
) -> None:
    told = async_capture_events(hass, "gatehouse_incident")
    changes = async_capture_events(hass, "state_changed")

    def types() -> list[str]:
        states = [event.data["new_state"] for event in changes if event.data["entity_id"] == EVENT]
        return [state.attributes["event_type"] for state in states if state.state != "unavailable"]

    await eventually(is_state(hass, PERSON, "on"), 40, "the person sensor is on")
    assert int(hass.states.get("sensor.front_door_people").state) >= 1
    await eventually(is_state(hass, PERSON, "off"), 40, "the person sensor is off again")
    await eventually(lambda: "closed" in types(), 40, "the incident is closed")
    assert types() == ["confirmed", "closed"]
    assert [event.data["type"] for event in told] == ["confirmed", "closed"]
    # Now: the film begins anew, and the next who comes is another incident.
    risk = hass.states.get(RISK)
    client = await hass_client()
    shown = await client.get(hass.states.get(IMAGE).attributes["entity_picture"])

    incident = await eventually(lambda: incident_with_a_clip(hass), 40, "the incident's clip")

    assert incident["cameras"] == [CAMERA]
    assert incident["place"] == "Front door"
    assert 1 <= incident["count"] <= scene.people
    assert incident["state"] == "closed"
    assert incident["labels"] == ["person"]
    assert 0 < incident["risk"] <= 100
    assert incident["reasons"][0] == "a person was seen"
    assert (incident["author"], incident["assessment"]) == ("facts", "none")
    who = ("A person", "Two people")[incident["count"] - 1]
    assert incident["summary"].startswith(f"{who} at Front door from ")
    assert (risk.attributes["incident_id"], risk.state) == (incident["id"], str(incident["risk"]))

    picture = await client.get(f"/api/gatehouse/picture/{incident['id']}")
    assert (picture.status, picture.content_type) == (200, "image/jpeg")
    assert await shown.read() == await picture.read()

    clip = await play(hass, hass_ws_client, incident["clip"])
    assert clip.is_relative_to(media)
    detector = await OnnxDetector.load(scene.model, DetectorOptions(threshold=scene.threshold))
    try:
        await check_clip(clip, detector, incident)
    finally:
        await detector.close()

    ranged = await client.get(
        f"/api/gatehouse/footage/{incident['clip'].rpartition('/')[2]}",
        headers={"Range": "bytes=0-99"},
    )
    assert (ranged.status, len(await ranged.read())) == (206, 100)


async def play(hass: HomeAssistant, hass_ws_client: WebSocketGenerator, content: str) -> Path:
    """Resolve a media content id as the browser does, find it in the tree, return its file."""
    socket = await hass_ws_client()
    await socket.send_json_auto_id(
        {"type": "media_source/resolve_media", "media_content_id": content}
    )
    resolved = await socket.receive_json()
    assert resolved["success"], resolved
    assert resolved["result"]["mime_type"] == "video/mp4"

    tree = "media-source://gatehouse"
    titles = []
    while True:
        await socket.send_json_auto_id(
            {"type": "media_source/browse_media", "media_content_id": tree}
        )
        level = (await socket.receive_json())["result"]
        titles.append(level["title"])
        child = level["children"][0]
        if child["can_play"]:
            break
        tree = child["media_content_id"]
    assert titles[:2] == ["Gatehouse", "Front door"]
    moment = dt_util.parse_datetime(child["title"][:19])
    assert abs(dt_util.now().replace(tzinfo=None) - moment) < timedelta(minutes=5)

    from homeassistant.components import media_source

    return (await media_source.async_resolve_media(hass, content, None)).path


async def check_clip(path: Path, detector: OnnxDetector, incident: dict[str, Any]) -> None:
    """The clip is a phone's kind of MP4, as long as the incident, and shows the person."""
    data = await asyncio.to_thread(path.read_bytes)
    assert data.index(b"moov") < data.index(b"mdat")

    started = dt_util.parse_datetime(incident["started"])
    last_seen = dt_util.parse_datetime(incident["last_seen"])
    wanted = (last_seen - started).total_seconds() + 5 + 5
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert stream.codec_context.name == "h264"
        assert stream.codec_context.pix_fmt == "yuv420p"
        length = float(stream.duration * stream.time_base)
        frames = [frame.to_image() for frame in container.decode(stream)]
    # The first frame is a key frame, so it may come up to a group of pictures earlier.
    assert wanted - 1 <= length <= wanted + 2
    assert len(frames) == pytest.approx(length * 10, rel=0.1)

    seen = 0
    for frame in frames[::5]:
        seen += bool(await detect(detector, frame))
    assert seen >= 5


async def detect(detector: OnnxDetector, frame: Any) -> tuple[Any, ...]:
    """Return what the model sees in a decoded frame."""
    from io import BytesIO

    jpeg = BytesIO()
    frame.save(jpeg, "JPEG", quality=90)
    picture = Picture(jpeg=jpeg.getvalue(), captured=dt_util.utcnow())
    return (await detector.detect(lambda: picture)).detections


async def test_an_agent_that_is_killed_takes_its_entities_with_it_and_brings_them_back(
    hass: HomeAssistant, site: MockConfigEntry, agent: AgentProcess
) -> None:
    await agent.kill()

    await eventually(is_state(hass, CAMERA, "unavailable"), 5, "the camera is unavailable")
    assert hass.states.get(PERSON).state == "unavailable"
    assert hass.states.get(MOTION).state == "unavailable"
    assert hass.states.get(CONNECTED).state == "off"

    await agent.start()

    await eventually(is_state(hass, CAMERA, "streaming"), 30, "the camera is back")
    assert hass.states.get(CONNECTED).state == "on"
    assert hass.states.get(PERSON).state in {"on", "off"}


async def test_a_camera_whose_process_dies_is_unavailable_until_it_is_restarted(
    hass: HomeAssistant, site: MockConfigEntry, agent: AgentProcess
) -> None:
    events = async_capture_events(hass, "state_changed")

    def changes() -> list[str]:
        ours = [event for event in events if event.data["entity_id"] == CAMERA]
        return [event.data["new_state"].state for event in ours]

    agent.begin_anew()

    await eventually(lambda: "streaming" in changes(), 30, "the camera is back")
    assert changes()[0] == "unavailable"
    assert hass.states.get(CONNECTED).state == "on"


async def test_the_live_pictures_and_the_still_come_through_home_assistant(
    hass: HomeAssistant, site: MockConfigEntry, hass_client: ClientSessionGenerator
) -> None:
    client = await hass_client()

    still = await client.get(f"/api/camera_proxy/{CAMERA}")
    assert (await still.read())[:2] == b"\xff\xd8"

    stream = await client.get(f"/api/camera_proxy_stream/{CAMERA}")
    assert stream.headers["Content-Type"].startswith("multipart/x-mixed-replace")
    received = b""
    async with asyncio.timeout(30):
        while received.count(b"Content-Length") < 5:
            received += await stream.content.readany()
    stream.close()


async def test_an_agent_that_is_away_when_home_assistant_starts_has_its_entities_too(
    hass: HomeAssistant, site: MockConfigEntry, agent: AgentProcess
) -> None:
    before = {
        entity.entity_id
        for entity in er.async_entries_for_config_entry(er.async_get(hass), site.entry_id)
    }
    await asyncio.sleep(1.5)  # the description is written a second after it came
    await agent.kill()

    assert await hass.config_entries.async_reload(site.entry_id)
    await hass.async_block_till_done()

    assert hass.states.get(CAMERA).state == "unavailable"
    assert hass.states.get(PERSON).state == "unavailable"
    after = {
        entity.entity_id
        for entity in er.async_entries_for_config_entry(er.async_get(hass), site.entry_id)
        if hass.states.get(entity.entity_id) or entity.disabled
    }
    assert after == before
