"""Cameras that are on no agent: uploads to a folder, and what Home Assistant has already."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from http import HTTPStatus
import io
import logging
from pathlib import Path
import threading
from typing import Any

from homeassistant.const import EVENT_HOMEASSISTANT_STARTED, STATE_UNAVAILABLE
from homeassistant.core import CoreState, HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr, entity_registry as er
from PIL import Image
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator
from watchdog.observers.api import BaseObserver
from watchdog.utils import BaseThread

from custom_components.gatehouse import folder_coordinator, stills
from custom_components.gatehouse.incidents import PicturesLost
from custom_components.gatehouse.models import Frame
from custom_components.gatehouse.stills import Stills, async_still
from custom_components.gatehouse.uploads import FolderUnreadable, check
from custom_components.gatehouse.uploads.lookout import Lookout
from tests.ha.happened import SEEN, happened
from tests.ha.scripted import ScriptedDetections, jpeg
from tests.ha.seeing import becomes, incidents, incidents_that_are, state_of
from tests.ha.site import site_with
from tests.ha.sources import SENSOR, YARD, Yard, from_entity, from_folder, plug_in, start
from tests.waiting import eventually

LIVE = "camera.back_yard"
PERSON = "binary_sensor.back_yard_person"
MOTION = "binary_sensor.back_yard_motion"
EVENT = "event.back_yard_incident"
PICTURE = "image.back_yard_last_incident"
ENTITIES = (PERSON, EVENT, PICTURE)


def move(hass: HomeAssistant, state: str = "on") -> None:
    """Let the motion sensor of another integration tell something."""
    hass.states.async_set(SENSOR, state, {"device_class": "motion"})


async def start_watching(hass: HomeAssistant, site: MockConfigEntry) -> MockConfigEntry:
    """Set a site up whose one camera uploads to a folder, and wait until that is watched."""
    await start(hass, site)
    await eventually(is_watched)
    await becomes(hass, LIVE, "idle")
    return site


def upload(uploads: Path, name: str = "1.jpg", data: bytes = b"") -> None:
    """Put a picture where the camera puts them."""
    uploads.mkdir(exist_ok=True)
    (uploads / name).write_bytes(data or jpeg())


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return what was warned of."""
    return [
        record.getMessage()
        for record in caplog.records
        if record.levelno >= logging.WARNING and record.name.startswith("custom_components")
    ]


def watchers() -> set[threading.Thread]:
    """Return the threads that watch folders."""
    return {thread for thread in threading.enumerate() if isinstance(thread, BaseThread)}


def is_watched() -> bool:
    """Return whether a folder is watched: of the threads, the observer's is the last to start."""
    return any(isinstance(thread, BaseObserver) for thread in watchers())


def stories() -> set[str]:
    """Return the names of our tasks."""
    return {name for task in asyncio.all_tasks() if (name := task.get_name()).startswith("gate")}


@pytest.fixture
def uploads(folder: Path) -> Path:
    """The folder that the camera uploads to."""
    uploads = folder / "uploads"
    uploads.mkdir()
    return uploads


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look for what is away at once, and take what fails as away soon."""
    monkeypatch.setattr(folder_coordinator, "RETRY", timedelta(seconds=0.1))
    monkeypatch.setattr(stills, "RETRY", timedelta(seconds=0.1))
    monkeypatch.setattr(stills, "PATIENCE", timedelta(seconds=0.2))
    monkeypatch.setattr(stills, "TIMEOUT", 0.2)


@pytest.fixture
async def yard(hass: HomeAssistant) -> Yard:
    """The camera that Home Assistant has."""
    camera = Yard()
    await plug_in(hass, camera)
    move(hass, "off")
    return camera


@pytest.fixture
async def folder_site(
    hass: HomeAssistant, uploads: Path, seeing: dict[str, Any]
) -> MockConfigEntry:
    """A site whose one camera uploads to a folder."""
    return await start_watching(hass, site_with(from_folder(uploads), **seeing))


@pytest.fixture
async def entity_site(
    hass: HomeAssistant, yard: Yard, folder: Path, seeing: dict[str, Any]
) -> MockConfigEntry:
    """A site whose one camera Home Assistant has already, and a motion sensor for it."""
    site = await start(hass, site_with(from_entity(), **seeing))
    await becomes(hass, PERSON, "off")
    return site


# --- Uploads ---------------------------------------------------------------------------------


@pytest.mark.usefixtures("folder_site")
async def test_one_upload_that_shows_somebody_is_an_incident_with_a_picture(
    hass: HomeAssistant, uploads: Path, detections: ScriptedDetections, folder: Path
) -> None:
    told = async_capture_events(hass, "gatehouse_incident")
    detections.people = 1

    upload(uploads)

    await becomes(hass, PERSON, "on")
    assert state_of(hass, MOTION) == "on"
    [incident] = await eventually(lambda: incidents_that_are(hass, "closed"))
    assert (incident["place"], incident["cameras"]) == ("Back yard", [LIVE])
    assert incident["picture"]
    assert list(folder.glob("media/gatehouse/*/*/*.jpg"))
    assert state_of(hass, PERSON) == "off"
    assert state_of(hass, PICTURE) not in {"unknown", STATE_UNAVAILABLE}
    # The row is there before anybody is told.
    await eventually(lambda: len(told) == 2)
    assert [event.data["type"] for event in told] == ["confirmed", "closed"]
    assert told[0].data["entity_id"] == LIVE


@pytest.mark.usefixtures("folder_site")
async def test_uploads_that_show_nobody_are_motion_and_nothing_else(
    hass: HomeAssistant, uploads: Path, detections: ScriptedDetections
) -> None:
    upload(uploads)

    await becomes(hass, MOTION, "on")
    await eventually(lambda: detections.asked)
    assert state_of(hass, PERSON) == "off"
    assert not await incidents(hass)


@pytest.mark.usefixtures("folder_site")
async def test_the_camera_of_a_folder_shows_the_newest_upload(
    hass: HomeAssistant, uploads: Path, hass_client: ClientSessionGenerator
) -> None:
    browser = await hass_client()
    address = f"/api/camera_proxy/{LIVE}"
    assert (await browser.get(address)).status == HTTPStatus.SERVICE_UNAVAILABLE

    upload(uploads, data=jpeg(200))
    await becomes(hass, MOTION, "on")

    assert await (await browser.get(address)).read() == jpeg(200)
    async with browser.get(f"/api/camera_proxy_stream/{LIVE}") as stream:
        received = b""
        while jpeg(200) not in received:
            received += await stream.content.readany()
    camera = hass.states.get(LIVE)
    assert camera.attributes["supported_features"] == 0
    assert str(uploads) not in str(camera.attributes)


@pytest.mark.parametrize(
    ("others", "status", "without"),
    [
        ([], HTTPStatus.OK, HTTPStatus.INTERNAL_SERVER_ERROR),
        (["agent/front"], HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.SERVICE_UNAVAILABLE),
    ],
)
async def test_until_the_next_upload_the_camera_of_a_folder_shows_what_it_alone_saw_last(
    hass: HomeAssistant,
    folder_site: MockConfigEntry,
    folder: Path,
    hass_client: ClientSessionGenerator,
    others: list[str],
    status: HTTPStatus,
    without: HTTPStatus,
) -> None:
    last = folder / "last.jpg"
    last.write_bytes(jpeg(7))
    [subentry] = folder_site.subentries
    [seen] = SEEN.sightings
    cameras = [f"{subentry}/camera", *others]
    sightings = tuple(replace(seen, camera=camera) for camera in cameras)
    await happened(folder_site, replace(SEEN, sightings=sightings, frames=(Frame(path=last),)))
    await hass.config_entries.async_reload(folder_site.entry_id)
    await becomes(hass, LIVE, "idle")
    await becomes(hass, "sensor.back_yard_last_risk", "45")
    browser = await hass_client()

    shown = await browser.get(f"/api/camera_proxy/{LIVE}")

    assert shown.status == status
    assert (jpeg(7) == await shown.read()) is (status == HTTPStatus.OK)
    last.unlink()
    gone = await browser.get(f"/api/camera_proxy/{LIVE}")
    assert gone.status == without


@pytest.mark.usefixtures("folder_site")
async def test_the_newest_upload_can_be_kept_as_a_snapshot(
    hass: HomeAssistant, uploads: Path, folder: Path
) -> None:
    with pytest.raises(HomeAssistantError) as nothing:
        await hass.services.async_call("gatehouse", "snapshot", {"entity_id": LIVE}, blocking=True)
    assert nothing.value.translation_key == "nothing_uploaded"

    upload(uploads)
    await becomes(hass, MOTION, "on")
    await hass.services.async_call("gatehouse", "snapshot", {"entity_id": LIVE}, blocking=True)

    [kept] = folder.glob("media/gatehouse/*/*/*snapshot*.jpg")
    assert kept.read_bytes() == jpeg()


@pytest.mark.usefixtures("impatient")
async def test_a_folder_that_goes_and_comes_is_told_once_and_watched_again(
    hass: HomeAssistant,
    folder_site: MockConfigEntry,
    uploads: Path,
    detections: ScriptedDetections,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tries = []

    async def counted(path: Path) -> None:
        tries.append(path)
        await check(path)

    monkeypatch.setattr(folder_coordinator, "check", counted)
    detections.people = 1
    away = uploads.with_name("unplugged")

    uploads.rename(away)
    await becomes(hass, LIVE, STATE_UNAVAILABLE)
    assert state_of(hass, PERSON) == STATE_UNAVAILABLE
    await eventually(lambda: len(tries) > 3)
    [warned] = warnings(caplog)
    assert warned.startswith(f"Back yard gives no pictures: {uploads} does not exist")

    away.rename(uploads)
    await becomes(hass, LIVE, "idle")
    assert "Back yard gives pictures again" in caplog.text
    await eventually(is_watched)
    upload(uploads)
    await becomes(hass, PERSON, "on")


@pytest.mark.usefixtures("impatient")
async def test_a_folder_that_is_there_and_cannot_be_watched_stays_unavailable(
    hass: HomeAssistant,
    uploads: Path,
    seeing: dict[str, Any],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tries = []

    def fail(lookout: Lookout) -> None:
        tries.append(lookout)
        raise FolderUnreadable("a folder inside it is closed")

    with monkeypatch.context() as patched:
        patched.setattr(Lookout, "start", fail)
        await start(hass, site_with(from_folder(uploads), **seeing))
        shown = async_capture_events(hass, "state_changed")
        await eventually(lambda: len(tries) > 3)
    assert not [event for event in shown if event.data["entity_id"] == LIVE]
    assert warnings(caplog) == ["Back yard gives no pictures: a folder inside it is closed"]

    await becomes(hass, LIVE, "idle")


async def test_an_upload_right_after_the_start_stays_motion(
    hass: HomeAssistant, uploads: Path, seeing: dict[str, Any]
) -> None:
    began = hass.loop.time()
    await start(hass, site_with(from_folder(uploads), **seeing))
    await eventually(is_watched)
    upload(uploads)
    await becomes(hass, MOTION, "on")

    steady = began + 2 * folder_coordinator.STEADY.total_seconds()
    await eventually(lambda: hass.loop.time() > steady)
    assert state_of(hass, MOTION) == "on"


async def test_a_folder_that_is_lost_interrupts_its_incident(
    hass: HomeAssistant,
    uploads: Path,
    seeing: dict[str, Any],
    detections: ScriptedDetections,
) -> None:
    await start_watching(hass, site_with(from_folder(uploads), **seeing | {"idle": 60}))
    detections.people = 1
    upload(uploads)
    await becomes(hass, PERSON, "on")

    uploads.rename(uploads.with_name("unplugged"))

    [incident] = await eventually(lambda: incidents_that_are(hass, "interrupted"))
    assert incident["cameras"] == [LIVE]


async def test_a_folder_that_is_unloaded_is_watched_by_nobody(
    hass: HomeAssistant, uploads: Path, seeing: dict[str, Any]
) -> None:
    site = await start_watching(hass, site_with(from_folder(uploads), **seeing))

    assert await hass.config_entries.async_reload(site.entry_id)
    await eventually(lambda: state_of(hass, LIVE) == "idle" and is_watched())
    assert await hass.config_entries.async_unload(site.entry_id)

    assert not watchers()
    assert not stories()


# --- A camera that Home Assistant has already ------------------------------------------------


@pytest.mark.usefixtures("entity_site")
async def test_a_camera_is_asked_while_its_sensor_tells_motion_and_somebody_is_an_incident(
    hass: HomeAssistant, yard: Yard, detections: ScriptedDetections, folder: Path
) -> None:
    told = async_capture_events(hass, "gatehouse_incident")
    assert yard.asked == 0
    detections.people = 1

    move(hass)
    await becomes(hass, PERSON, "on")
    assert state_of(hass, MOTION) == "on"
    detections.people = 0
    move(hass, "off")

    [incident] = await eventually(lambda: incidents_that_are(hass, "closed"))
    assert (incident["place"], incident["cameras"]) == ("Back yard", [YARD])
    assert list(folder.glob("media/gatehouse/*/*/*.jpg"))
    assert told[0].data["entity_id"] == YARD
    assert state_of(hass, PERSON) == "off"
    assert [found["id"] for found in await incidents(hass, camera=[YARD])] == [incident["id"]]
    assert hass.states.get(LIVE) is None


async def test_a_camera_that_loses_its_motion_sensor_has_no_motion_entity_any_more(
    hass: HomeAssistant, yard: Yard
) -> None:
    site = await start(hass, site_with(from_entity(), detectors=[]))
    await becomes(hass, MOTION, "off")
    [subentry] = site.subentries.values()

    hass.config_entries.async_update_subentry(site, subentry, data={"camera": YARD, "interval": 15})
    await hass.async_block_till_done()

    assert er.async_get(hass).async_get(PERSON)
    assert er.async_get(hass).async_get(MOTION) is None


async def test_a_camera_without_a_motion_sensor_is_asked_at_its_interval(
    hass: HomeAssistant,
    yard: Yard,
    folder: Path,
    seeing: dict[str, Any],
    detections: ScriptedDetections,
) -> None:
    await start(hass, site_with(from_entity(motion=None, interval=0.2), **seeing))
    await eventually(lambda: detections.asked > 1)
    assert state_of(hass, PERSON) == "off"

    detections.people = 1
    await becomes(hass, PERSON, "on")
    detections.people = 0

    [incident] = await eventually(lambda: incidents_that_are(hass, "closed"))
    assert incident["cameras"] == [YARD]


async def test_the_same_still_again_and_again_confirms_nobody(
    hass: HomeAssistant,
    entity_site: MockConfigEntry,
    yard: Yard,
    detections: ScriptedDetections,
) -> None:
    yard.still = jpeg(10)
    detections.people = 1

    move(hass)
    await eventually(lambda: yard.asked > 3)
    assert detections.asked == 1
    assert state_of(hass, PERSON) == "off"

    yard.still = None
    await becomes(hass, PERSON, "on")


async def test_a_camera_is_asked_twice_a_second_at_most(hass: HomeAssistant, yard: Yard) -> None:
    began = hass.loop.time()
    pictures = Stills(hass, YARD, lambda: None).pictures(1000)

    seen = [await anext(pictures) for _ in range(3)]

    assert hass.loop.time() - began >= 1
    assert seen[0].captured < seen[1].captured < seen[2].captured
    await pictures.aclose()


async def test_a_png_becomes_a_jpeg(hass: HomeAssistant, yard: Yard) -> None:
    png = io.BytesIO()
    Image.new("RGB", (64, 48)).save(png, "PNG")
    yard.still = png.getvalue()

    assert (await async_still(hass, YARD)).startswith(b"\xff\xd8")


async def test_a_camera_that_is_away_says_so(hass: HomeAssistant) -> None:
    with pytest.raises(PicturesLost, match=r"camera\.yard gives no picture"):
        await async_still(hass, YARD)


# --- Trouble with it -------------------------------------------------------------------------


def raises(camera: Yard) -> None:
    camera.trouble = RuntimeError("the lens fell off")


def refuses(camera: Yard) -> None:
    camera.trouble = HomeAssistantError("not today")


def hangs(camera: Yard) -> None:
    camera.hangs = True


def gives_garbage(camera: Yard) -> None:
    camera.still = b"<html>Log in first</html>"


def gives_nothing(camera: Yard) -> None:
    camera.still = b""


@pytest.mark.usefixtures("impatient", "entity_site")
@pytest.mark.parametrize(
    ("fails", "reason"),
    [
        (raises, "the lens fell off"),
        (refuses, "not today"),
        (hangs, "Unable to get image"),
        (gives_garbage, "cannot be read"),
        (gives_nothing, "Unable to get image"),
    ],
)
async def test_a_camera_that_fails_is_unavailable_until_it_gives_pictures_again(
    hass: HomeAssistant,
    yard: Yard,
    detections: ScriptedDetections,
    caplog: pytest.LogCaptureFixture,
    fails: Callable[[Yard], None],
    reason: str,
) -> None:
    detections.people = 1
    fails(yard)
    move(hass)

    await becomes(hass, PERSON, STATE_UNAVAILABLE)
    asked = yard.asked
    await eventually(lambda: yard.asked > asked + 2)
    [warned] = warnings(caplog)
    assert warned.startswith("Back yard gives no pictures: ")
    assert reason in warned

    yard.trouble = yard.still = None
    yard.hangs = False
    await becomes(hass, PERSON, "on")
    assert "Back yard gives pictures again" in caplog.text


@pytest.mark.usefixtures("impatient")
async def test_a_camera_that_fails_is_asked_at_its_interval_too(
    hass: HomeAssistant, yard: Yard, folder: Path, seeing: dict[str, Any]
) -> None:
    raises(yard)
    await start(hass, site_with(from_entity(motion=None, interval=0.2), **seeing))
    await becomes(hass, PERSON, STATE_UNAVAILABLE)

    yard.trouble = None
    await becomes(hass, PERSON, "off")


@pytest.mark.usefixtures("entity_site")
async def test_one_still_that_fails_is_no_reason_to_be_unavailable(
    hass: HomeAssistant, yard: Yard, detections: ScriptedDetections
) -> None:
    raises(yard)
    detections.people = 1
    move(hass)
    await eventually(lambda: yard.asked)

    yard.trouble = None
    assert state_of(hass, PERSON) == "off"
    await becomes(hass, PERSON, "on")


async def test_a_camera_that_hangs_does_not_hold_up_an_unload(
    hass: HomeAssistant, entity_site: MockConfigEntry, yard: Yard
) -> None:
    yard.hangs = True
    move(hass)
    await eventually(lambda: yard.asked)

    async with asyncio.timeout(5):
        assert await hass.config_entries.async_unload(entity_site.entry_id)

    assert not stories()


@pytest.mark.usefixtures("entity_site")
@pytest.mark.parametrize("entity", [YARD, SENSOR])
async def test_a_camera_or_a_sensor_that_is_unavailable_makes_it_unavailable(
    hass: HomeAssistant, caplog: pytest.LogCaptureFixture, entity: str
) -> None:
    before = hass.states.get(entity)

    hass.states.async_set(entity, STATE_UNAVAILABLE)
    for each in ENTITIES:
        await becomes(hass, each, STATE_UNAVAILABLE)
    hass.states.async_set(entity, STATE_UNAVAILABLE, {"still": True})
    assert warnings(caplog) == [f"Back yard gives no pictures: {entity} is not available"]

    hass.states.async_set(entity, before.state, before.attributes)
    await becomes(hass, PERSON, "off")


async def test_a_sensor_that_knows_nothing_yet_tells_no_motion(
    hass: HomeAssistant, entity_site: MockConfigEntry
) -> None:
    move(hass)
    await becomes(hass, MOTION, "on")

    move(hass, "unknown")
    await becomes(hass, MOTION, "off")


@pytest.fixture
def starting(hass: HomeAssistant) -> Iterator[None]:
    """Home Assistant as it still sets up one integration after the other."""
    hass.set_state(CoreState.not_running)
    yield
    hass.set_state(CoreState.running)


@pytest.mark.usefixtures("starting")
async def test_a_camera_may_come_later_than_the_site_when_home_assistant_starts(
    hass: HomeAssistant, folder: Path, seeing: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    await start(hass, site_with(from_entity(), **seeing))
    assert state_of(hass, PERSON) == STATE_UNAVAILABLE

    await plug_in(hass, Yard())
    assert state_of(hass, PERSON) == STATE_UNAVAILABLE
    move(hass, "off")

    await becomes(hass, PERSON, "off")
    hass.set_state(CoreState.running)
    hass.bus.async_fire(EVENT_HOMEASSISTANT_STARTED)
    await hass.async_block_till_done()
    assert not warnings(caplog)


@pytest.mark.usefixtures("starting")
async def test_a_camera_that_did_not_come_is_told_when_home_assistant_has_started(
    hass: HomeAssistant, folder: Path, seeing: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    await start(hass, site_with(from_entity(), **seeing))
    assert not warnings(caplog)

    hass.set_state(CoreState.running)
    hass.bus.async_fire(EVENT_HOMEASSISTANT_STARTED)
    await hass.async_block_till_done()

    assert warnings(caplog) == ["Back yard gives no pictures: camera.yard does not exist"]


async def test_a_camera_that_is_renamed_is_followed(
    hass: HomeAssistant, entity_site: MockConfigEntry, detections: ScriptedDetections
) -> None:
    er.async_get(hass).async_update_entity(YARD, new_entity_id="camera.garden")
    await hass.async_block_till_done()

    [subentry] = entity_site.subentries.values()
    assert subentry.data == {"camera": "camera.garden", "motion": SENSOR, "interval": 15}
    await becomes(hass, PERSON, "off")
    detections.people = 1
    move(hass)
    await becomes(hass, PERSON, "on")


async def test_a_camera_that_is_removed_makes_it_unavailable(
    hass: HomeAssistant, entity_site: MockConfigEntry, caplog: pytest.LogCaptureFixture
) -> None:
    er.async_get(hass).async_update_entity(YARD, name="Yard of the neighbours")
    er.async_get(hass).async_remove(YARD)

    await becomes(hass, PERSON, STATE_UNAVAILABLE)
    assert warnings(caplog) == ["Back yard gives no pictures: camera.yard does not exist"]


async def test_a_camera_hangs_below_the_site_and_goes_with_its_subentry(
    hass: HomeAssistant, yard: Yard, uploads: Path, seeing: dict[str, Any]
) -> None:
    garden = from_folder(uploads) | {"title": "Garden"}
    site = await start(hass, site_with(from_entity(), garden, **seeing))
    registry = dr.async_get(hass)
    devices = {
        device.name: device for device in dr.async_entries_for_config_entry(registry, site.entry_id)
    }
    assert set(devices) == {"Home", "Back yard", "Garden"}
    assert devices["Back yard"].via_device_id == devices["Home"].id
    assert devices["Garden"].via_device_id == devices["Home"].id

    for subentry in tuple(site.subentries):
        hass.config_entries.async_remove_subentry(site, subentry)
        await hass.async_block_till_done()

    left = dr.async_entries_for_config_entry(registry, site.entry_id)
    assert [device.name for device in left] == ["Home"]
    assert not watchers()
