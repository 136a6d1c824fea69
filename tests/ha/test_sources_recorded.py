"""Cameras that are on no agent are recorded too: their incidents have clips."""

from collections.abc import AsyncIterator
from datetime import timedelta
import logging
from pathlib import Path
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.gatehouse.folder_coordinator import FolderCoordinator
from custom_components.gatehouse.footage import local, stream
from custom_components.gatehouse.models import Footage, FootageStage
from custom_components.gatehouse.source_coordinator import SourceCoordinator
from tests.ha.scripted import ScriptedDetections, jpeg
from tests.ha.seeing import becomes
from tests.ha.site import site_with
from tests.ha.sources import SENSOR, Yard, from_entity, from_folder, plug_in, start
from tests.rooms.footage.films import LiveCamera, Seen, footage, live_camera, play
from tests.waiting import eventually

LIVE = "camera.back_yard"
PERSON = "binary_sensor.back_yard_person"


@pytest.fixture
async def yard(hass: HomeAssistant) -> Yard:
    """The camera that Home Assistant has."""
    camera = Yard()
    await plug_in(hass, camera)
    hass.states.async_set(SENSOR, "off", {"device_class": "motion"})
    return camera


@pytest.fixture
def uploads(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that the camera uploads to, never late."""
    monkeypatch.setattr(FolderCoordinator, "late", timedelta(seconds=1))
    uploads = folder / "uploads"
    uploads.mkdir()
    return uploads


@pytest.fixture
async def camera(socket_enabled: None) -> AsyncIterator[LiveCamera]:
    """A camera that streams H.264 and AAC."""
    async with live_camera() as camera:
        yield camera


def source_of(site: MockConfigEntry) -> SourceCoordinator:
    """Return the site's one camera."""
    [coordinator] = site.runtime_data.cameras
    assert isinstance(coordinator, SourceCoordinator)
    return coordinator


async def clip_of(site: MockConfigEntry) -> tuple[Footage, Seen]:
    """Wait for the site's one clip, and return it with what it shows."""

    async def ready() -> list[Footage]:
        found: list[Footage] = await site.runtime_data.storage.library.find()
        return [row for row in found if row.stage is FootageStage.READY]

    [row] = await eventually(ready, 45, "the clip")
    assert row.incident
    assert row.path
    return row, play(row.path)


async def somebody_passes(hass: HomeAssistant, detections: ScriptedDetections) -> None:
    """Let somebody come, be seen, and leave."""
    detections.people = 1
    hass.states.async_set(SENSOR, "on", {"device_class": "motion"})
    await becomes(hass, PERSON, "on")
    detections.people = 0
    hass.states.async_set(SENSOR, "off", {"device_class": "motion"})
    await becomes(hass, PERSON, "off")


async def test_an_incident_of_a_camera_that_gives_stills_has_a_clip(
    hass: HomeAssistant,
    yard: Yard,
    folder: Path,
    seeing: dict[str, Any],
    detections: ScriptedDetections,
) -> None:
    site = await start(hass, site_with(from_entity(), **seeing))
    await becomes(hass, PERSON, "off")

    await somebody_passes(hass, detections)

    row, seen = await clip_of(site)
    assert (seen.profile, seen.pixels, seen.size) == ("High", "yuv420p", (320, 180))
    assert seen.duration >= 4
    assert len(set(map(round, seen.greys))) > 4
    assert row.camera == source_of(site).key("camera")
    assert source_of(site).stream_problem == "it has no stream"
    assert not list((folder / "media").rglob("*.stills"))


async def test_a_camera_is_asked_for_stills_after_its_motion_has_ended_until_the_clip_does(
    hass: HomeAssistant,
    yard: Yard,
    folder: Path,
    seeing: dict[str, Any],
    detections: ScriptedDetections,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(local, "SILENCE", 0.2)
    site = await start(hass, site_with(from_entity(), **seeing))
    await becomes(hass, PERSON, "off")
    source = source_of(site)
    now = source.hass.loop.time
    began, since = now(), source.recorder._now()
    assert yard.asked == 0

    await source.recorder.start("camera", since, since + timedelta(seconds=1))
    await eventually(lambda: yard.asked > 2)
    yard.trouble = HomeAssistantError("not today")
    asked = yard.asked
    await eventually(lambda: yard.asked > asked)

    assert now() - began < 5


async def test_an_incident_of_a_camera_that_streams_has_a_clip_that_begins_before_it_with_sound(
    hass: HomeAssistant,
    yard: Yard,
    camera: LiveCamera,
    folder: Path,
    seeing: dict[str, Any],
    detections: ScriptedDetections,
) -> None:
    yard.source = camera.address
    site = await start(hass, site_with(from_entity(), **seeing | {"pre_roll": 3}))
    await becomes(hass, PERSON, "off")
    await eventually(lambda: source_of(site).stream_problem is None, 20)
    await eventually(lambda: len(source_of(site).recorder._ring.since(hass_began(site))) > 6, 20)

    await somebody_passes(hass, detections)

    row, seen = await clip_of(site)
    assert row.duration
    assert row.duration.total_seconds() == pytest.approx(seen.duration, abs=0.1)
    assert seen.duration >= 6
    assert seen.heard == pytest.approx(seen.duration, abs=0.7)


def hass_began(site: MockConfigEntry) -> Any:
    """Return a moment before everything."""
    return source_of(site).recorder._now() - timedelta(hours=1)


async def test_a_stream_that_is_not_to_be_recorded_is_never_asked_for(
    hass: HomeAssistant, yard: Yard, folder: Path, seeing: dict[str, Any]
) -> None:
    site = await start(hass, site_with(from_entity(stream=False), **seeing))
    await becomes(hass, PERSON, "off")

    assert yard.sources_asked == 0
    assert source_of(site).stream_problem == "it is not to be recorded"


async def test_a_camera_that_fails_to_tell_its_stream_is_asked_again(
    hass: HomeAssistant,
    yard: Yard,
    folder: Path,
    seeing: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(stream, "RETRY_FIRST", 0.05)
    yard.trouble = RuntimeError("user:secret@host")
    site = await start(hass, site_with(from_entity(), **seeing))

    await eventually(lambda: yard.sources_asked > 3)

    assert source_of(site).stream_problem == "it does not tell its stream (RuntimeError)"
    said = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert (
        said.count(
            "Only stills of Back yard are recorded: it does not tell its stream (RuntimeError)"
        )
        == 1
    )
    assert "secret" not in caplog.text


async def test_an_incident_of_uploaded_pictures_has_a_clip(
    hass: HomeAssistant,
    uploads: Path,
    seeing: dict[str, Any],
    detections: ScriptedDetections,
) -> None:
    site = await start(hass, site_with(from_folder(uploads), **seeing))
    await becomes(hass, LIVE, "idle")
    detections.people = 1

    (uploads / "1.jpg").write_bytes(jpeg(200))

    _, seen = await clip_of(site)
    assert set(map(round, seen.greys)) <= set(range(196, 205))
    assert seen.duration == pytest.approx(4, abs=0.2)


async def test_an_incident_of_an_uploaded_video_has_a_clip_cut_from_it(
    hass: HomeAssistant,
    uploads: Path,
    seeing: dict[str, Any],
    detections: ScriptedDetections,
) -> None:
    site = await start(hass, site_with(from_folder(uploads), **seeing))
    await becomes(hass, LIVE, "idle")
    detections.people = 1

    (uploads / "1.mp4").write_bytes(footage(6.0, container="mp4"))

    _, seen = await clip_of(site)
    assert seen.duration == pytest.approx(6, abs=0.3)
    assert seen.heard == pytest.approx(6, abs=0.3)
    assert list(uploads.iterdir()) == [uploads / "1.mp4"]


async def test_what_a_restart_interrupts_becomes_a_clip_afterwards(
    hass: HomeAssistant,
    yard: Yard,
    folder: Path,
    seeing: dict[str, Any],
    detections: ScriptedDetections,
) -> None:
    site = await start(hass, site_with(from_entity(), **seeing))
    await becomes(hass, PERSON, "off")
    detections.people = 1
    hass.states.async_set(SENSOR, "on", {"device_class": "motion"})
    await becomes(hass, PERSON, "on")
    await eventually(lambda: list(folder.rglob("*.stills")))

    detections.people = 0
    hass.states.async_set(SENSOR, "off", {"device_class": "motion"})
    assert await hass.config_entries.async_reload(site.entry_id)

    await clip_of(site)
