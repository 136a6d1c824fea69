"""Diagnostics: enough to help, nothing that opens a door."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from homeassistant.config_entries import ConfigSubentryData
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.gatehouse.access import DoorRules
from custom_components.gatehouse.agent import Verify
from custom_components.gatehouse.diagnostics import async_get_config_entry_diagnostics
from custom_components.gatehouse.models import AssessmentState, Picture, Tuning, Zone, ZoneKind
from custom_components.gatehouse.vision import DetectorFailed
from tests.ha.entering import HASH, STRANGER
from tests.ha.happened import NOON, SEEN, happened
from tests.ha.scripted import AGENT_ID, KEY, TOKEN, ScriptedAgent, jpeg
from tests.ha.scripted_doors import FRONT, GARAGE
from tests.ha.site import site_with, subentry_of
from tests.waiting import eventually

CAMERA = "camera.front_door"
LOW = ("gatehouse", f"under_voltage_{AGENT_ID}")
CORNERS = ((0.1, 0.1), (0.9, 0.1), (0.9, 0.9))


@pytest.fixture
async def busy_site(hass: HomeAssistant, agent: ScriptedAgent, folder: Any) -> MockConfigEntry:
    """A site with many secrets, which detects by a service that is away and has recorded."""
    uploads = folder / "uploads-of-jane"
    uploads.mkdir()
    hass.config.allowlist_external_dirs = {str(folder)}
    site = site_with(
        subentry_of(agent),
        ConfigSubentryData(
            subentry_type="folder",
            title="Shed",
            unique_id=None,
            data={"folder": str(uploads)},
        ),
        detectors=["remote", "kserve"],
        kserve_url="ftp://garage.home, http://lab:tulip@127.0.0.1:9",
        kserve_model="yolo",
        remote_url="http://user:swordfish@127.0.0.1:9/detect",
        lambda_url="https://hidden.lambda-url.eu-central-1.on.aws/",
        lambda_key_id="AKIASECRET",
        lambda_secret="open-sesame",
        language_model="server",
        server_url="http://models.home:8080/v1",
        server_key="sk-secret",
        codeproject_url="http://[",
        s3_endpoint="http://minio.home:9000",
        s3_bucket="bucket-of-jane",
        s3_key_id="AKIASTORAGE",
        s3_secret="abracadabra",
        upload_by_hand=False,
    )
    site.add_to_hass(hass)
    assert await hass.config_entries.async_setup(site.entry_id)
    await eventually(lambda: hass.states.is_state(CAMERA, "streaming"))
    await hass.services.async_call(
        "gatehouse", "record", {"entity_id": CAMERA}, blocking=True, return_response=True
    )
    return site


@pytest.fixture
async def downloaded(
    hass: HomeAssistant, busy_site: MockConfigEntry, hass_client: ClientSessionGenerator
) -> dict[str, Any]:
    """What a user downloads of that site, once a detector has failed and zones are drawn."""
    hub = busy_site.runtime_data
    with pytest.raises(DetectorFailed):
        await hub.detection.detect(lambda: Picture(jpeg=jpeg(), captured=dt_util.utcnow()))
    for kind in ZoneKind:
        zone = Zone(id="", camera=KEY, kind=kind, name=f"The {kind}", points=CORNERS)
        await hub.zones.save(zone)
    await hub.zones.tune(KEY, Tuning(threshold=0.5))
    assert await async_setup_component(hass, "diagnostics", {})
    browser = await hass_client()
    answered = await browser.get(f"/api/diagnostics/config_entry/{busy_site.entry_id}")
    assert answered.status == 200
    content: dict[str, Any] = await answered.json()
    return content


SECRETS = (
    TOKEN,
    "127.0.0.1",
    "garage.home",
    "tulip",
    "swordfish",
    "hidden",
    "AKIASECRET",
    "open-sesame",
    "models.home",
    "sk-secret",
    "minio.home",
    "bucket-of-jane",
    "AKIASTORAGE",
    "abracadabra",
    "uploads-of-jane",
    "auth=",
)


async def test_diagnostics_have_no_secrets(
    downloaded: dict[str, Any], subtests: pytest.Subtests
) -> None:
    for secret in SECRETS:
        with subtests.test(secret):
            assert secret not in str(downloaded["data"])


async def test_diagnostics_tell_how_the_site_is(downloaded: dict[str, Any]) -> None:
    data = downloaded["data"]
    (agent,) = data["agents"]
    (recorded,) = data["footage"]["newest"]

    assert data["options"]["detectors"] == ["remote", "kserve"]
    assert data["options"]["model"] == "yolox_tiny"
    assert [each["type"] for each in data["subentries"]] == ["agent", "folder"]
    assert (agent["id"], agent["connected"], agent["last_error"]) == (AGENT_ID, True, None)
    assert agent["info"]["model"] == "Raspberry Pi 5 Model B Rev 1.0"
    assert agent["stats"]["cpu_percent"] == 12.5
    assert data["machine"]["memory_total_bytes"] > 0
    assert recorded["camera"] == f"{AGENT_ID}/front"
    assert data["language_model"] == "server"
    assert (data["incidents"], data["assessments"]) == ({}, {})


async def test_diagnostics_tell_how_much_is_kept_and_what_waits(
    downloaded: dict[str, Any],
) -> None:
    footage = downloaded["data"]["footage"]

    assert footage["stock"]["here"] == 0
    assert footage["stock"]["freed"] == 0
    assert footage["backlog"]["depth"] == 0
    assert footage["uploads"]["error"] is None
    assert downloaded["data"]["agents"][0]["spool"]["clips"] == 0


async def test_diagnostics_tell_how_each_detector_does(downloaded: dict[str, Any]) -> None:
    detector = downloaded["data"]["detector"]
    health, other = detector["health"]

    assert detector["status"] == "failed"
    assert detector["runtime"] is None
    assert detector["installed"].startswith("onnxruntime ")
    assert (health["name"], health["state"], health["failures"]) == ("remote", "failing", 1)
    assert (other["name"], other["state"]) == ("kserve", "failing")
    assert other["error"].endswith("has no valid address; it starts with http:// or https://")
    assert "cannot be asked" in health["error"]


async def test_diagnostics_tell_how_each_camera_is_and_not_what_it_saw(
    downloaded: dict[str, Any],
) -> None:
    camera = downloaded["data"]["cameras"][f"{AGENT_ID}/front"]

    assert camera["state"]["status"] == "online"
    assert camera["zones"] == {"zone": 1, "mask": 1}
    assert camera["ignore_boxes"] == 0
    assert camera["tuning"]["threshold"] == 0.5
    assert "incident" not in camera


async def test_diagnostics_tell_how_each_pi_is_and_what_is_wrong(
    hass: HomeAssistant, running_site: MockConfigEntry, agent: ScriptedAgent
) -> None:
    agent.state["stats"]["under_voltage"] = True
    await agent.upkeep.measure(bookings=agent.state["bookings"])
    await eventually(lambda: ir.async_get(hass).issues.keys() >= {LOW})

    data = await async_get_config_entry_diagnostics(hass, running_site)

    [told] = data["agents"]
    assert data["problems"] == ["under_voltage"]
    assert told["stats"]["gpus"][0]["name"] == "NVIDIA GeForce RTX 3060"
    assert [probe["sensor"] for probe in told["probes"]] == ["DS18B20", "BME280"]
    assert (told["bookings"]["planned"], abs(told["clock_ahead_s"]) < 1) == (3, True)
    assert told["since"] <= dt_util.utcnow()


async def test_diagnostics_count_all_that_waits_for_a_language_model(
    hass: HomeAssistant, running_site: MockConfigEntry
) -> None:
    waiting = AssessmentState.PENDING
    await happened(running_site, replace(SEEN, id="w1", assessing=waiting))
    later = (replace(SEEN, id=f"{n:x}", started=NOON + timedelta(hours=n)) for n in range(1, 101))
    await happened(running_site, *later)

    data = await async_get_config_entry_diagnostics(hass, running_site)

    assert (data["assessments"], data["assessments_pending"]) == ({"done": 100}, 1)


async def test_diagnostics_of_a_site_that_is_being_taken_down_are_no_error(
    hass: HomeAssistant, running_site: MockConfigEntry
) -> None:
    await running_site.runtime_data.async_close()

    data = await async_get_config_entry_diagnostics(hass, running_site)

    assert data["database"] == "DatabaseClosed: The database is closed."


async def test_diagnostics_tell_how_doors_are_and_not_who_enters(
    hass: HomeAssistant,
    doored: MockConfigEntry,
    agent: ScriptedAgent,
    hass_client: ClientSessionGenerator,
) -> None:
    admission = doored.runtime_data.admission
    await admission.policies.save(DoorRules(door=FRONT, verify=Verify.CARD_AND_PIN))
    await agent.doors.scan()
    await agent.doors.scan("denied", **STRANGER)
    await eventually(lambda: len(agent.doors.rows) == 0, seconds=15)
    assert await async_setup_component(hass, "diagnostics", {})

    browser = await hass_client()
    answered = await browser.get(f"/api/diagnostics/config_entry/{doored.entry_id}")
    data = (await answered.json())["data"]

    access, told = data["access"], data["agents"][0]
    assert access["site"] == "normal"
    assert access["people"] == {"active": 1}
    assert access["credentials"] == {"rfid": 1}
    assert access["rules"][FRONT]["verify"] == "card_and_pin"
    assert access["doors"] == [FRONT, GARAGE]
    assert data["passages"] == {"granted": 1, "denied unknown_card": 1}
    assert told["doors"]["front"]["state"]["locked"] is True
    assert told["access"]["journal"] == "a1b2c3d4"
    text = str(data)
    policy = admission.policies.policy
    assert not any(
        secret in text
        for secret in ("Anna", "anna", "blue tag", HASH[:8], policy.key.hex(), policy.salt.hex())
    )
