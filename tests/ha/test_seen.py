"""Seen, on Home Assistant's floor: what entities show of what agents and detections say."""

from datetime import timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any
from unittest.mock import patch

from homeassistant.components.http.auth import async_sign_path
from homeassistant.core import HomeAssistant, State
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr, entity_registry as er, issue_registry as ir
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_capture_events,
    mock_restore_cache_with_extra_data,
)
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator, WebSocketGenerator

from custom_components.gatehouse.database import Database, DatabaseError
from tests.ha.scripted import CAMERA, KEY, TOKEN, ScriptedAgent, ScriptedDetections, golden
from tests.ha.seeing import (
    CONNECTED,
    DETECTION,
    EVENT,
    LIVE,
    MOTION,
    NOT_A_PERSON,
    PEOPLE,
    PERSON,
    PICTURE,
    REVIEWED,
    RISK,
    SNOOZE,
    becomes,
    incident_with_a_clip,
    incidents,
    incidents_that_are,
    set_up,
    state_of,
    walk_by,
)
from tests.ha.site import site_with, subentry_of
from tests.waiting import eventually


async def test_every_entity_of_an_agent_and_a_camera_is_there(
    hass: HomeAssistant, site: MockConfigEntry
) -> None:
    registry = er.async_get(hass)
    entities = [
        entity
        for entity in er.async_entries_for_config_entry(registry, site.entry_id)
        if entity.config_subentry_id
    ]

    assert {entity.entity_id for entity in entities} == {
        LIVE,
        PERSON,
        MOTION,
        CONNECTED,
        PEOPLE,
        RISK,
        EVENT,
        PICTURE,
        DETECTION,
        SNOOZE,
        NOT_A_PERSON,
        REVIEWED,
        "number.front_door_certainty",
        "number.front_door_detection_threshold",
        "number.front_door_largest_size",
        "number.front_door_smallest_size",
        "binary_sensor.porch_throttled",
        "binary_sensor.porch_under_voltage",
        "sensor.porch_cpu",
        "sensor.porch_cpu_temperature",
        "sensor.porch_disk",
        "sensor.porch_free_disk_space",
        "sensor.porch_load",
        "sensor.porch_memory",
        "sensor.porch_spooled_clips",
        "sensor.porch_started",
        "switch.front_door_recording",
        "button.front_door_restart",
        "button.porch_reboot",
        "button.porch_restart_agent",
        "sensor.front_door_encoder_load",
        "sensor.front_door_frame_age",
        "sensor.front_door_frame_rate",
        "sensor.front_door_status",
        "sensor.porch_air_pressure_bme280",
        "sensor.porch_clock_ahead",
        "sensor.porch_free_camera_memory",
        "sensor.porch_network_received",
        "sensor.porch_network_sent",
        "sensor.porch_nvidia_geforce_rtx_3060_memory",
        "sensor.porch_nvidia_geforce_rtx_3060_temperature",
        "sensor.porch_nvidia_geforce_rtx_3060_utilisation",
        "sensor.porch_temperature_ds18b20",
        "switch.front_door_privacy",
        "update.porch_agent",
    }
    assert {entity.entity_id for entity in entities if entity.disabled} == {
        "number.front_door_certainty",
        "number.front_door_detection_threshold",
        "number.front_door_largest_size",
        "number.front_door_smallest_size",
        "binary_sensor.porch_throttled",
        "binary_sensor.porch_under_voltage",
        "sensor.porch_free_disk_space",
        "sensor.porch_load",
        "sensor.porch_memory",
        "sensor.porch_started",
        "button.porch_reboot",
        "sensor.front_door_encoder_load",
        "sensor.front_door_frame_age",
        "sensor.front_door_frame_rate",
        "sensor.porch_clock_ahead",
        "sensor.porch_free_camera_memory",
        "sensor.porch_network_received",
        "sensor.porch_network_sent",
        "sensor.porch_nvidia_geforce_rtx_3060_memory",
    }
    assert state_of(hass, PERSON) == "off"
    assert hass.states.get(PERSON).attributes["device_class"] == "occupancy"
    assert state_of(hass, "sensor.porch_cpu") == "12.5"
    assert state_of(hass, "sensor.home_detector") == "ready"


async def test_a_pi_hangs_below_the_site_and_a_camera_below_its_pi(
    hass: HomeAssistant, site: MockConfigEntry
) -> None:
    devices = {
        device.name: device
        for device in dr.async_entries_for_config_entry(dr.async_get(hass), site.entry_id)
    }

    assert set(devices) == {"Home", "Porch", "Front door"}
    assert devices["Porch"].via_device_id == devices["Home"].id
    assert devices["Front door"].via_device_id == devices["Porch"].id
    assert devices["Porch"].sw_version == "0.1.0"
    assert devices["Porch"].model == "Raspberry Pi 5 Model B Rev 1.0"


async def test_motion_follows_the_feed(
    hass: HomeAssistant, site: MockConfigEntry, agent: ScriptedAgent
) -> None:
    await agent.move(moving=True)
    await becomes(hass, MOTION, "on")

    await agent.move(moving=False)
    await becomes(hass, MOTION, "off")


async def test_an_idle_camera_sends_no_pictures(
    hass: HomeAssistant,
    site: MockConfigEntry,
    agent: ScriptedAgent,
    detections: ScriptedDetections,
) -> None:
    assert agent.streams == 0

    await agent.move(moving=True)
    await eventually(lambda: detections.asked > 2)
    assert agent.streams == 1

    await agent.move(moving=False)
    await eventually(lambda: agent.streams == 0)


async def test_a_walk_becomes_an_incident_with_a_picture_and_a_clip(
    hass: HomeAssistant,
    site: MockConfigEntry,
    agent: ScriptedAgent,
    detections: ScriptedDetections,
    folder: Path,
    hass_client: ClientSessionGenerator,
) -> None:
    told = async_capture_events(hass, "gatehouse_incident")

    await walk_by(hass, agent, detections, people=2)
    await eventually(lambda: state_of(hass, EVENT) not in {"unknown", None})
    await eventually(lambda: hass.states.get(EVENT).attributes["event_type"] == "closed")
    await agent.complete()
    incident = await eventually(lambda: incident_with_a_clip(hass))

    assert (incident["cameras"], incident["place"]) == ([LIVE], "Front door")
    assert (incident["state"], incident["labels"], incident["count"]) == ("closed", ["person"], 2)
    assert state_of(hass, RISK) == str(incident["risk"])
    assert hass.states.get(RISK).attributes["reasons"] == incident["reasons"]
    assert [event.data["type"] for event in told] == ["confirmed", "closed"]
    assert told[0].data["entity_id"] == LIVE

    client = await hass_client()
    shown = await client.get(hass.states.get(PICTURE).attributes["entity_picture"])
    assert shown.content_type == "image/jpeg"
    assert list(folder.glob("media/gatehouse/*/*/*.mp4"))
    assert list(folder.glob("media/gatehouse/*/*/*.jpg"))
    assert not agent.recordings
    assert not await incidents(hass, level="critical")
    assert await incidents(hass, camera=[LIVE], limit=1)


async def test_somebody_says_that_an_incident_was_looked_at(
    hass: HomeAssistant,
    site: MockConfigEntry,
    agent: ScriptedAgent,
    detections: ScriptedDetections,
) -> None:
    assert state_of(hass, REVIEWED) == "unavailable"
    await walk_by(hass, agent, detections)
    await eventually(lambda: state_of(hass, REVIEWED) != "unavailable")
    assert hass.states.get(RISK).attributes["reviewed"] is False

    await press(hass, REVIEWED)

    await becomes(hass, REVIEWED, "unavailable")
    assert hass.states.get(RISK).attributes["reviewed"] is True
    assert state_of(hass, NOT_A_PERSON) != "unavailable"


async def test_what_was_not_a_person_is_not_seen_there_again(
    hass: HomeAssistant,
    site: MockConfigEntry,
    agent: ScriptedAgent,
    detections: ScriptedDetections,
) -> None:
    detections.people = 1
    await agent.move(moving=True)
    await eventually(lambda: state_of(hass, NOT_A_PERSON) not in {"unavailable", None})

    await press(hass, NOT_A_PERSON)

    await becomes(hass, PERSON, "off")
    await eventually(lambda: hass.states.get(EVENT).attributes["event_type"] == "closed")
    assert state_of(hass, NOT_A_PERSON) == "unavailable"
    assert hass.states.get(RISK).attributes["false_alarm"] is True
    [ignored] = site.runtime_data.zones.of(KEY).ignored
    assert ignored.label == "person"

    detections.people = 2
    await becomes(hass, PEOPLE, "1")


async def test_a_button_that_cannot_do_it_says_why(
    hass: HomeAssistant,
    site: MockConfigEntry,
    agent: ScriptedAgent,
    detections: ScriptedDetections,
) -> None:
    await walk_by(hass, agent, detections)
    await eventually(lambda: state_of(hass, NOT_A_PERSON) != "unavailable")

    with (
        patch.object(Database, "write", side_effect=DatabaseError("the disk is full")),
        pytest.raises(HomeAssistantError, match="the disk is full"),
    ):
        await press(hass, NOT_A_PERSON)


async def press(hass: HomeAssistant, button: str) -> None:
    """Press a button."""
    await hass.services.async_call("button", "press", {"entity_id": button}, blocking=True)


async def test_the_person_count_is_how_many_are_there(
    hass: HomeAssistant,
    site: MockConfigEntry,
    agent: ScriptedAgent,
    detections: ScriptedDetections,
) -> None:
    detections.people = 3
    await agent.move(moving=True)
    await becomes(hass, PEOPLE, "3")

    detections.people = 0
    await agent.move(moving=False)
    await becomes(hass, PEOPLE, "0")


async def test_an_agent_that_is_lost_makes_everything_unavailable_at_once(
    hass: HomeAssistant,
    site: MockConfigEntry,
    agent: ScriptedAgent,
    detections: ScriptedDetections,
) -> None:
    detections.people = 1
    await agent.move(moving=True)
    await becomes(hass, PERSON, "on")
    agent.state["cameras"][CAMERA]["moving"] = False
    detections.people = 0

    await agent.stop()

    await becomes(hass, LIVE, "unavailable")
    for entity in (PERSON, MOTION, PEOPLE, "sensor.porch_cpu"):
        assert state_of(hass, entity) == "unavailable"
    assert state_of(hass, CONNECTED) == "off"
    await eventually(lambda: incidents_that_are(hass, "interrupted"))

    await agent.start(agent.port)

    await becomes(hass, CONNECTED, "on")
    assert state_of(hass, PERSON) == "off"
    assert state_of(hass, LIVE) == "streaming"


async def test_a_camera_that_goes_offline_takes_only_its_own_entities(
    hass: HomeAssistant, site: MockConfigEntry, agent: ScriptedAgent
) -> None:
    await agent.say(golden("camera"))

    await becomes(hass, LIVE, "unavailable")
    assert state_of(hass, PERSON) == "unavailable"
    assert state_of(hass, CONNECTED) == "on"
    assert state_of(hass, "sensor.porch_cpu") == "12.5"


async def test_a_restart_in_mid_incident_leaves_nobody_present(
    hass: HomeAssistant,
    site: MockConfigEntry,
    agent: ScriptedAgent,
    detections: ScriptedDetections,
) -> None:
    detections.people = 1
    await agent.move(moving=True)
    await becomes(hass, PERSON, "on")
    detections.people = 0
    agent.state["cameras"][CAMERA]["moving"] = False

    await hass.config_entries.async_unload(site.entry_id)
    assert state_of(hass, PERSON) == "unavailable"
    await set_up(hass, site)

    assert state_of(hass, PERSON) == "off"
    [incident] = await incidents(hass)
    assert incident["state"] == "interrupted"
    await becomes(hass, RISK, str(incident["risk"]))


async def test_the_entities_of_an_agent_that_is_away_at_the_start_are_there(
    hass: HomeAssistant, site: MockConfigEntry, agent: ScriptedAgent
) -> None:
    await hass.config_entries.async_unload(site.entry_id)
    await agent.stop()

    assert await hass.config_entries.async_setup(site.entry_id)
    await hass.async_block_till_done()

    assert state_of(hass, LIVE) == "unavailable"
    assert state_of(hass, PERSON) == "unavailable"
    assert state_of(hass, CONNECTED) == "off"

    await agent.start(agent.port)
    await becomes(hass, LIVE, "streaming")


async def test_a_camera_that_an_agent_gains_or_loses_comes_and_goes(
    hass: HomeAssistant, site: MockConfigEntry, agent: ScriptedAgent
) -> None:
    back = agent.state["info"]["cameras"][0] | {"id": "back", "name": "Back door"}
    agent.state["info"]["cameras"].append(back)
    agent.state["cameras"]["back"] = agent.state["cameras"][CAMERA]
    await agent.cut()
    await becomes(hass, "camera.back_door", "streaming")

    agent.state["info"]["cameras"].pop()
    del agent.state["cameras"]["back"]
    await agent.cut()
    await eventually(lambda: hass.states.get("camera.back_door") is None)
    assert state_of(hass, LIVE) == "streaming"


async def test_detection_that_is_switched_off_sees_nobody_and_stays_off_over_a_restart(
    hass: HomeAssistant,
    site: MockConfigEntry,
    agent: ScriptedAgent,
    detections: ScriptedDetections,
) -> None:
    await hass.services.async_call("switch", "turn_off", {"entity_id": DETECTION}, blocking=True)
    detections.people = 1
    await agent.move(moving=True)
    await becomes(hass, MOTION, "on")
    assert state_of(hass, DETECTION) == "off"
    assert detections.asked == 0

    await hass.config_entries.async_unload(site.entry_id)
    mock_restore_cache_with_extra_data(hass, [(State(DETECTION, "unavailable"), {"on": False})])
    await set_up(hass, site)
    assert state_of(hass, DETECTION) == "off"

    await hass.services.async_call("switch", "turn_on", {"entity_id": DETECTION}, blocking=True)
    await becomes(hass, PERSON, "on")


async def test_a_token_that_is_refused_asks_for_a_new_one(
    hass: HomeAssistant, site: MockConfigEntry, agent: ScriptedAgent
) -> None:
    agent.token = "another-token-of-some-length"
    await agent.cut()

    await eventually(lambda: hass.config_entries.flow.async_progress_by_handler("gatehouse"))
    [flow] = hass.config_entries.flow.async_progress_by_handler("gatehouse")
    assert flow["context"]["source"] == "reauth"
    assert state_of(hass, LIVE) == "unavailable"


async def test_an_agent_of_another_version_is_a_repair_issue_until_it_is_updated(
    hass: HomeAssistant, site: MockConfigEntry, agent: ScriptedAgent
) -> None:
    agent.state["info"]["api"] = 2
    await agent.cut()
    issue = ("gatehouse", f"agent_incompatible_{agent.state['info']['id']}")
    await eventually(lambda: ir.async_get(hass).async_get_issue(*issue))

    agent.state["info"]["api"] = 1
    await becomes(hass, CONNECTED, "on")
    assert ir.async_get(hass).async_get_issue(*issue) is None


async def test_a_model_that_cannot_be_loaded_is_said_and_everything_else_goes_on(
    hass: HomeAssistant, agent: ScriptedAgent, folder: Path
) -> None:
    model = folder / "cut.onnx"
    model.write_bytes(b"\x08\x08\x12\x07pytorch")
    assert await async_setup_component(hass, "http", {})
    entry = site_with(subentry_of(agent), detectors=["local"], model="file", model_path=str(model))

    await set_up(hass, entry)

    await becomes(hass, "sensor.home_detector", "failed")
    assert "cut.onnx" in hass.states.get("sensor.home_detector").attributes["error"]
    assert ir.async_get(hass).async_get_issue("gatehouse", "detector_unavailable")
    assert state_of(hass, LIVE) == "streaming"


async def test_the_still_and_the_live_pictures_pass_through(
    hass: HomeAssistant,
    site: MockConfigEntry,
    agent: ScriptedAgent,
    hass_client: ClientSessionGenerator,
) -> None:
    client = await hass_client()

    still = await client.get(f"/api/camera_proxy/{LIVE}")
    assert (await still.read())[:2] == b"\xff\xd8"

    async with client.get(f"/api/camera_proxy_stream/{LIVE}") as stream:
        received = b""
        while received.count(b"image/jpeg") < 3:
            received += await stream.content.readany()
    await eventually(lambda: agent.streams == 0)

    await agent.stop()
    gone = await client.get(f"/api/camera_proxy_stream/{LIVE}")
    assert gone.status in {HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE}


async def test_the_stream_source_is_a_short_lived_address_without_the_token(
    hass: HomeAssistant, site: MockConfigEntry, agent: ScriptedAgent
) -> None:
    camera = hass.data["camera"].get_entity(LIVE)

    source = await camera.stream_source()

    assert source.startswith(f"http://127.0.0.1:{agent.port}/api/v1/cameras/front/live.ts?expires=")
    assert TOKEN not in source


async def test_media_is_only_for_those_who_may_see_it(
    hass: HomeAssistant,
    site: MockConfigEntry,
    agent: ScriptedAgent,
    detections: ScriptedDetections,
    hass_client: ClientSessionGenerator,
    hass_client_no_auth: ClientSessionGenerator,
) -> None:
    await walk_by(hass, agent, detections)
    [incident] = await incidents(hass)
    address = f"/api/gatehouse/picture/{incident['id']}"
    stranger = await hass_client_no_auth()
    signed = async_sign_path(hass, address, timedelta(minutes=1), use_content_user=True)

    assert (await stranger.get(address)).status == HTTPStatus.FORBIDDEN
    wrong = await stranger.get(address, headers={"Authorization": "Bearer wrong"})
    assert wrong.status == HTTPStatus.UNAUTHORIZED
    assert (await stranger.get(signed)).status == HTTPStatus.OK
    other = signed.replace(incident["id"], "0" * 32)
    assert (await stranger.get(other)).status == HTTPStatus.FORBIDDEN

    friend = await hass_client()
    assert (await friend.get(address)).status == HTTPStatus.OK
    assert (await friend.head(address)).headers["Accept-Ranges"] == "bytes"
    assert (await friend.get("/api/gatehouse/picture/abc123")).status == HTTPStatus.NOT_FOUND
    assert (await friend.get("/api/gatehouse/footage/no-id")).status == HTTPStatus.BAD_REQUEST
    assert (await friend.get("/api/gatehouse/footage/..%2f..%2fx")).status == HTTPStatus.BAD_REQUEST


async def test_the_media_browser_shows_cameras_days_and_clips(
    hass: HomeAssistant,
    site: MockConfigEntry,
    agent: ScriptedAgent,
    detections: ScriptedDetections,
    hass_ws_client: WebSocketGenerator,
) -> None:
    assert await async_setup_component(hass, "media_source", {})
    await walk_by(hass, agent, detections)
    await agent.complete()
    await eventually(lambda: incident_with_a_clip(hass))
    socket = await hass_ws_client()

    async def ask(kind: str, content: str) -> dict[str, Any]:
        await socket.send_json_auto_id(
            {"type": f"media_source/{kind}", "media_content_id": content}
        )
        return await socket.receive_json()

    site_level = (await ask("browse_media", "media-source://gatehouse"))["result"]
    assert [child["title"] for child in site_level["children"]] == ["Front door"]
    camera = (await ask("browse_media", site_level["children"][0]["media_content_id"]))["result"]
    day = (await ask("browse_media", camera["children"][0]["media_content_id"]))["result"]
    [item] = day["children"]
    assert item["title"].startswith(camera["children"][0]["title"])
    assert "person, risk" in item["title"]
    assert "authSig=" in item["thumbnail"]

    played = (await ask("resolve_media", item["media_content_id"]))["result"]
    assert played["mime_type"] == "video/mp4"
    [incident] = await incidents(hass)
    shown = (await ask("resolve_media", incident["picture"]))["result"]
    assert shown["mime_type"] == "image/jpeg"
    for gone in ("footage/abc", "picture/abc", "nonsense"):
        assert not (await ask("resolve_media", f"media-source://gatehouse/{gone}"))["success"]
    for gone in ("day/a/b/yesterday", "nonsense"):
        assert not (await ask("browse_media", f"media-source://gatehouse/{gone}"))["success"]


async def test_record_and_snapshot_keep_what_they_are_asked_for(
    hass: HomeAssistant, site: MockConfigEntry, agent: ScriptedAgent, folder: Path
) -> None:
    answer = await hass.services.async_call(
        "gatehouse",
        "record",
        {"entity_id": LIVE, "duration": 5},
        blocking=True,
        return_response=True,
    )
    await eventually(lambda: agent.recordings)
    [recording] = agent.recordings.values()
    assert recording["until"] - recording["started"] == pytest.approx(5)
    await agent.complete()
    await eventually(lambda: list(folder.glob("media/gatehouse/*/*/*.mp4")))
    assert answer[LIVE]["footage_id"]

    await hass.services.async_call("gatehouse", "snapshot", {"entity_id": LIVE}, blocking=True)
    assert list(folder.glob("media/gatehouse/*/*/*snapshot*.jpg"))


async def test_removing_the_site_forgets_its_agents_and_keeps_the_users_media(
    hass: HomeAssistant, site: MockConfigEntry, hass_storage: dict[str, Any]
) -> None:
    await hass.config_entries.async_remove(site.entry_id)
    await hass.async_block_till_done()

    assert "gatehouse.agents" not in hass_storage
    assert not er.async_entries_for_config_entry(er.async_get(hass), site.entry_id)
