"""What is shown of the storage: how much there is, how uploads go, and when a person must help."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

from homeassistant.const import STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er, issue_registry as ir
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed

from custom_components.gatehouse.database import DatabaseError
from custom_components.gatehouse.footage import FootageStore
from custom_components.gatehouse.footage_options import offsite_options
from custom_components.gatehouse.incidents import IncidentNews
from custom_components.gatehouse.models import Footage, FootageStage, Level
from tests.ha.happened import CLIP, SEEN, filmed, happened
from tests.ha.scripted import ScriptedAgent, clip, golden
from tests.ha.seeing import becomes, set_up, state_of
from tests.ha.site import site_with, subentry_of
from tests.rooms.footage.storage import KEY_ID, SECRET, Fault, Storage, moto
from tests.waiting import eventually

QUEUE = "sensor.home_upload_queue"
WAITING = "sensor.home_oldest_waiting_upload"
HERE = "sensor.home_stored_here"
AWAY = "sensor.home_stored_off_site"
FREED = "sensor.home_freed"
SPOOL = "sensor.porch_spooled_clips"
UPLOADS = {QUEUE, WAITING, AWAY}

HEALTH = "custom_components.gatehouse.storage_health"
SOON = timedelta(seconds=0.05)
GIGABYTE = 1_000_000_000
DENIED = Fault(status=403, code="AccessDenied")


@pytest.fixture(scope="module")
def moto_address() -> Iterator[str]:
    """Where a storage is."""
    with moto() as address:
        yield address


@pytest.fixture
async def bucket(socket_enabled: None, moto_address: str) -> AsyncIterator[Storage]:
    """An off-site storage, and the bad line to it."""
    async with Storage(moto_address) as storage:
        storage.make_bucket()
        yield storage


@pytest.fixture(autouse=True)
def _impatient() -> Iterator[None]:
    """Look at the health, and try to upload, again at once."""

    def impatient(entry: Any) -> Any:
        return replace(offsite_options(entry), retry_first=SOON, retry_longest=SOON)

    with (
        patch(f"{HEALTH}.LOOK_EVERY", SOON),
        patch("custom_components.gatehouse.storage.offsite_options", impatient),
    ):
        yield


def storing(bucket: Storage, **options: Any) -> MockConfigEntry:
    """Return a site that uploads to a bucket."""
    s3 = bucket.options()
    named = {"s3_bucket": s3.bucket, "s3_endpoint": s3.endpoint, "s3_region": "us-east-1"}
    return site_with(detectors=[], **named, s3_key_id=KEY_ID, s3_secret=SECRET, **options)


async def start(hass: HomeAssistant, site: MockConfigEntry, media: Path) -> MockConfigEntry:
    """Set a site up that has no agent, with all of its sensors."""
    hass.config.media_dirs = {"local": str(media)}
    (media / "gatehouse").mkdir(exist_ok=True)
    site.add_to_hass(hass)
    assert await hass.config_entries.async_setup(site.entry_id)
    await hass.async_block_till_done()
    return site


async def made(media: Path, **changes: Any) -> Footage:
    """Return a clip that is really there."""
    path = media / "gatehouse" / "clip.mp4"
    path.write_bytes(clip(1.0))
    known = {"incident": None, "path": path, "size": path.stat().st_size}
    return replace(CLIP, **known | changes)


async def minutes_later(hass: HomeAssistant) -> None:
    """Let so much time pass that everything is read again."""
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(minutes=2))
    await hass.async_block_till_done(wait_background_tasks=False)


def issue(hass: HomeAssistant, name: str) -> ir.IssueEntry | None:
    """Return what a person is told, None if nothing."""
    return ir.async_get(hass).async_get_issue("gatehouse", name)


async def told(hass: HomeAssistant, name: str) -> dict[str, str]:
    """Wait until a person is told something, and return what."""
    found = await eventually(lambda: issue(hass, name), what=name)
    return found.translation_placeholders


async def test_what_is_here_and_what_went_is_counted(
    hass: HomeAssistant, running_site: MockConfigEntry
) -> None:
    assert (state_of(hass, HERE), state_of(hass, FREED)) == ("0.0", "0.0")
    gone = replace(CLIP, id="f2", incident=None, size=GIGABYTE)
    await filmed(running_site, replace(CLIP, size=3 * GIGABYTE), gone)
    expired = replace(gone, stage=FootageStage.EXPIRED, path=None)
    store = FootageStore(running_site.runtime_data.database)
    await store.move(gone, expired, freed=GIGABYTE)

    await minutes_later(hass)

    await becomes(hass, HERE, "3.0")
    assert hass.states.get(HERE).attributes["clips"] == 1
    assert state_of(hass, FREED) == "1.0"


@pytest.mark.usefixtures("running_site", "every_entity")
async def test_without_an_off_site_storage_nothing_is_shown_of_uploads(hass: HomeAssistant) -> None:
    assert UPLOADS.isdisjoint(hass.states.async_entity_ids("sensor"))


@pytest.mark.usefixtures("every_entity")
async def test_where_the_off_site_storage_is_taken_away_its_sensors_go_too(
    hass: HomeAssistant, bucket: Storage, tmp_path: Path
) -> None:
    site = await start(hass, storing(bucket), tmp_path)
    assert set(hass.states.async_entity_ids("sensor")) >= UPLOADS

    hass.config_entries.async_update_entry(site, options=site.options | {"s3_bucket": ""})
    await hass.async_block_till_done()

    registry = er.async_get(hass)
    assert [registry.async_get(sensor) for sensor in UPLOADS] == [None] * 3
    assert registry.async_get(HERE)


@pytest.mark.usefixtures("every_entity")
async def test_a_clip_that_waits_is_seen_to_wait_and_then_to_be_off_site(
    hass: HomeAssistant, bucket: Storage, tmp_path: Path
) -> None:
    bucket.is_open.clear()
    site = await start(hass, storing(bucket), tmp_path)
    waiting = await made(tmp_path, since=dt_util.utcnow() - timedelta(hours=3))
    await filmed(site, waiting)
    site.runtime_data.storage.offsite.wake()

    await eventually(lambda: hass.states.get(QUEUE).attributes["uploading"])
    await minutes_later(hass)

    queue = hass.states.get(QUEUE)
    assert (queue.state, queue.attributes["size"]) == ("1", waiting.size)
    assert [each["camera"] for each in queue.attributes["uploading"]] == [waiting.camera]
    assert float(state_of(hass, WAITING)) == pytest.approx(180, abs=3)

    bucket.is_open.set()
    await eventually(lambda: _is_uploaded(site))
    await minutes_later(hass)
    await becomes(hass, QUEUE, "0")
    assert state_of(hass, WAITING) == "0.0"
    assert hass.states.get(AWAY).attributes["clips"] == 1


async def _is_uploaded(site: MockConfigEntry) -> bool:
    row = await site.runtime_data.storage.library.get(CLIP.id)
    return row is not None and row.stage is FootageStage.UPLOADED


async def test_that_uploads_fail_and_work_again_is_seen_at_once(
    hass: HomeAssistant, bucket: Storage, tmp_path: Path
) -> None:
    bucket.weather = lambda request, number: Fault(status=500, code="InternalError")
    site = await start(hass, storing(bucket), tmp_path)
    await filmed(site, await made(tmp_path))
    site.runtime_data.storage.offsite.wake()

    await eventually(lambda: hass.states.get(QUEUE).attributes["error"])
    assert hass.states.get(QUEUE).attributes["failing_since"] <= dt_util.utcnow()

    bucket.weather = lambda request, number: None
    await eventually(lambda: hass.states.get(QUEUE).attributes["error"] is None)
    assert issue(hass, "offsite_stalled") is None


async def test_a_clip_is_no_news_again_when_its_upload_fails_or_its_incident_gets_worse(
    hass: HomeAssistant, bucket: Storage, tmp_path: Path
) -> None:
    bucket.weather = lambda request, number: DENIED
    site = await start(hass, storing(bucket), tmp_path)
    await happened(site, SEEN)
    await filmed(site, await made(tmp_path, incident=SEEN.id))
    heard: list[IncidentNews] = []
    site.runtime_data.house.async_subscribe(heard.append)
    storage = site.runtime_data.storage

    storage.offsite.wake()
    await eventually(lambda: storage.offsite.progress.failures >= 3)
    await storage.flow.grade(SEEN.id, Level.HIGH)
    bucket.weather = lambda request, number: None
    await eventually(lambda: _is_uploaded(site))

    assert heard == []


async def test_a_clock_that_was_set_back_puts_no_upload_off_for_as_long(
    hass: HomeAssistant, bucket: Storage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ahead, right = [timedelta(days=365)], dt_util.utcnow
    monkeypatch.setattr(dt_util, "utcnow", lambda: right() + ahead[-1])
    bucket.weather = lambda request, number: DENIED
    site = await start(hass, storing(bucket), tmp_path)
    await filmed(site, await made(tmp_path))
    offsite = site.runtime_data.storage.offsite
    offsite.wake()
    await eventually(lambda: offsite.progress.failures)

    ahead.append(timedelta(0))
    bucket.weather = lambda request, number: None
    offsite.wake()

    await eventually(lambda: _is_uploaded(site))


async def test_what_does_not_pass_by_itself_is_told_soon_and_taken_back_when_it_works(
    hass: HomeAssistant, bucket: Storage, tmp_path: Path
) -> None:
    bucket.weather = lambda request, number: DENIED
    site = await start(hass, storing(bucket), tmp_path)
    await filmed(site, await made(tmp_path))
    site.runtime_data.storage.offsite.wake()

    words = await told(hass, "offsite_stalled")
    progress = site.runtime_data.storage.offsite.progress
    assert progress.failures >= 3
    assert (words["clips"], words["error"]) == ("1", progress.reason)

    bucket.weather = lambda request, number: None
    await eventually(lambda: issue(hass, "offsite_stalled") is None)


async def test_what_passes_by_itself_is_told_when_it_has_not_for_long(
    hass: HomeAssistant, bucket: Storage, tmp_path: Path
) -> None:
    await bucket.go_away()
    site = await start(hass, storing(bucket), tmp_path)
    await filmed(site, await made(tmp_path))
    offsite = site.runtime_data.storage.offsite
    offsite.wake()
    await eventually(lambda: offsite.progress.failures > 4)
    assert issue(hass, "offsite_stalled") is None

    with patch(f"{HEALTH}.PATIENCE", SOON):
        await told(hass, "offsite_stalled")


async def test_where_nothing_waits_any_more_nobody_is_told(
    hass: HomeAssistant, bucket: Storage, tmp_path: Path
) -> None:
    bucket.weather = lambda request, number: DENIED
    site = await start(hass, storing(bucket), tmp_path)
    await filmed(site, await made(tmp_path))
    site.runtime_data.storage.offsite.wake()
    await told(hass, "offsite_stalled")

    store = FootageStore(site.runtime_data.database)
    [row] = await store.find()
    assert await store.move(row, replace(row, stage=FootageStage.EXPIRED, path=None))

    await eventually(lambda: issue(hass, "offsite_stalled") is None)


async def test_a_disk_on_which_nothing_may_be_deleted_is_told_with_what_holds_it(
    hass: HomeAssistant, tmp_path: Path
) -> None:
    site = await start(hass, site_with(detectors=[], floor_gb=10**9), tmp_path)
    await filmed(site, replace(CLIP, size=7_000_000, kept=True))

    words = await eventually(
        lambda: (found := issue(hass, "disk_full")) and found.translation_placeholders
    )
    await eventually(lambda: issue(hass, "disk_full").translation_placeholders["kept"] == "7")
    assert words["folder"] == str(tmp_path / "gatehouse")

    await site.runtime_data.storage.library.keep(False, footage=CLIP.id)
    await eventually(lambda: issue(hass, "disk_full") is None)


async def test_a_disk_with_room_is_not_spoken_of(hass: HomeAssistant, tmp_path: Path) -> None:
    site = await start(hass, site_with(detectors=[], floor_gb=0), tmp_path)
    retention = site.runtime_data.storage.retention

    with patch.object(type(retention), "stuck", side_effect=retention.stuck) as looked:
        await eventually(lambda: looked.call_count > 2)

    assert issue(hass, "disk_full") is None


@pytest.mark.usefixtures("running_site")
async def test_a_database_that_fails_makes_sensors_unavailable_until_it_works(
    hass: HomeAssistant, running_site: MockConfigEntry
) -> None:
    storage = running_site.runtime_data.storage

    with patch.object(type(storage.library), "stock", side_effect=DatabaseError("It is locked.")):
        await minutes_later(hass)
        await becomes(hass, HERE, STATE_UNAVAILABLE)
    await minutes_later(hass)

    await becomes(hass, HERE, "0.0")


async def test_the_health_is_looked_at_again_after_a_database_failed(
    hass: HomeAssistant, tmp_path: Path
) -> None:
    site = await start(hass, site_with(detectors=[], floor_gb=10**9), tmp_path)
    retention = type(site.runtime_data.storage.retention)
    ir.async_delete_issue(hass, "gatehouse", "disk_full")

    with patch.object(retention, "stuck", side_effect=DatabaseError("It is locked.")) as looked:
        await eventually(lambda: looked.call_count > 2)
        assert issue(hass, "story_failing_health of the disk") is None

    await told(hass, "disk_full")


async def test_how_much_waits_on_an_agent_is_told_as_it_changes(
    hass: HomeAssistant, agent: ScriptedAgent, tmp_path: Path
) -> None:
    hass.config.media_dirs = {"local": str(tmp_path)}
    agent.state["spool"] = {"clips": 3, "bytes": 12_000_000, "lost": 0, "readings": 0}
    await set_up(hass, site_with(subentry_of(agent), detectors=[]))
    assert state_of(hass, SPOOL) == "3"

    await agent.say(golden("stats"))

    await becomes(hass, SPOOL, "1")
    attributes = hass.states.get(SPOOL).attributes
    assert (attributes["size"], attributes["lost"]) == (4194304, 1)
    [lost] = [key for _, key in ir.async_get(hass).issues if key.startswith("spool_lost")]
    assert issue(hass, lost).translation_placeholders["lost"] == "1"


async def test_an_agent_that_tells_of_its_spool_only_once_is_believed(
    hass: HomeAssistant, agent: ScriptedAgent, tmp_path: Path
) -> None:
    hass.config.media_dirs = {"local": str(tmp_path)}
    agent.state["spool"] = {"clips": 3, "bytes": 12_000_000, "lost": 0, "readings": 0}
    await set_up(hass, site_with(subentry_of(agent), detectors=[]))
    stats = golden("stats")
    del stats["spool"]

    await agent.say(stats | {"stats": {"cpu_percent": 99.0}})

    await becomes(hass, "sensor.porch_cpu", "99.0")
    assert state_of(hass, SPOOL) == "3"


async def test_an_agent_without_a_spool_has_nothing_to_tell(
    hass: HomeAssistant, agent: ScriptedAgent, tmp_path: Path
) -> None:
    hass.config.media_dirs = {"local": str(tmp_path)}
    del agent.state["spool"]

    await set_up(hass, site_with(subentry_of(agent), detectors=[]))

    assert state_of(hass, SPOOL) == STATE_UNKNOWN
