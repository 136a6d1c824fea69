"""The options of footage: a storage is tried before it is saved, and cameras have their rules."""

from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
import json
import logging
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.gatehouse import offsite_steps
from custom_components.gatehouse.const import DEFAULTS
from tests.ha import words
from tests.ha.asking import answer, opened
from tests.ha.scripted import KEY, ScriptedAgent
from tests.ha.seeing import set_up
from tests.ha.site import site_with, subentry_of
from tests.rooms.footage.storage import KEY_ID, SECRET, Fault, Storage, moto

OPTIONS = words.ENGLISH["options"]
SAVED = FlowResultType.CREATE_ENTRY
# What a storage is told that nobody asks.
FIELDS = {"s3_bucket": "clips", "s3_key_id": KEY_ID, "s3_secret": SECRET}


@pytest.fixture(scope="module")
def upstream() -> Iterator[str]:
    """A server of storages."""
    with moto() as address:
        yield address


@pytest.fixture
async def storage(upstream: str, socket_enabled: None) -> AsyncIterator[Storage]:
    """An S3 storage with an empty bucket."""
    async with Storage(upstream) as storage:
        storage.make_bucket()
        yield storage


@pytest.fixture
def site(hass: HomeAssistant, never_set_up: None) -> MockConfigEntry:
    """A site that is not running."""
    site = site_with(idle=10)
    site.add_to_hass(hass)
    return site


def fields_of(storage: Storage, **changes: Any) -> dict[str, Any]:
    """Return what a user types to keep footage in this storage."""
    return FIELDS | {
        "s3_endpoint": storage.options().endpoint,
        "s3_bucket": storage.bucket,
        **changes,
    }


# --- Off-site --------------------------------------------------------------------------------


async def test_a_storage_is_written_read_and_left_empty_before_it_is_saved(
    hass: HomeAssistant, site: MockConfigEntry, storage: Storage
) -> None:
    form = await opened(hass, site, "offsite")

    saved = await answer(hass, form, **fields_of(storage))

    assert saved["type"] is SAVED
    assert site.options["s3_bucket"] == storage.bucket
    assert site.options["s3_secret"] == SECRET
    assert site.options["idle"] == 10
    assert {"PUT", "HEAD", "DELETE"} <= storage.asked.keys()
    assert storage.keys() == []


async def test_a_bucket_that_does_not_exist_is_told_at_its_field(
    hass: HomeAssistant, site: MockConfigEntry, storage: Storage
) -> None:
    form = await opened(hass, site, "offsite")

    again = await answer(hass, form, **fields_of(storage, s3_bucket="nothing"))

    assert again["errors"] == {"s3_bucket": "storage_failed"}
    assert "NoSuchBucket" in words.error(again, OPTIONS, "s3_bucket")
    assert site.options == {"idle": 10}


@pytest.mark.parametrize(
    ("code", "status", "field"),
    [
        ("SignatureDoesNotMatch", 403, "s3_secret"),
        ("InvalidAccessKeyId", 403, "s3_secret"),
        ("AccessDenied", 403, "s3_secret"),
        ("NoSuchBucket", 404, "s3_bucket"),
        ("ServiceUnavailable", 503, "s3_endpoint"),
        ("RequestTimeTooSkewed", 403, "base"),
        ("InvalidStorageClass", 400, "base"),
        ("PermanentRedirect", 301, "base"),
    ],
)
async def test_what_a_storage_says_stands_where_the_user_can_mend_it(
    hass: HomeAssistant,
    site: MockConfigEntry,
    storage: Storage,
    code: str,
    status: int,
    field: str,
) -> None:
    storage.weather = lambda *_: Fault(status=status, code=code)
    form = await opened(hass, site, "offsite")

    again = await answer(hass, form, **fields_of(storage))

    assert again["errors"] == {field: "storage_failed"}
    assert code in words.error(again, OPTIONS, field)
    assert site.options == {"idle": 10}


async def test_a_storage_that_is_away_is_told_at_its_address(
    hass: HomeAssistant, site: MockConfigEntry, storage: Storage
) -> None:
    await storage.go_away()
    form = await opened(hass, site, "offsite")

    again = await answer(hass, form, **fields_of(storage))

    assert again["errors"] == {"s3_endpoint": "storage_failed"}
    assert "cannot be reached" in words.error(again, OPTIONS, "s3_endpoint")


async def test_nobody_waits_for_a_storage_that_says_nothing(
    hass: HomeAssistant,
    site: MockConfigEntry,
    storage: Storage,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    storage.weather = lambda *_: Fault(seconds=1)
    monkeypatch.setattr(offsite_steps, "PATIENCE", timedelta(milliseconds=100))
    form = await opened(hass, site, "offsite")

    again = await answer(hass, form, **fields_of(storage))

    assert again["errors"] == {"s3_endpoint": "storage_slow"}
    assert words.error(again, OPTIONS, "s3_endpoint")


async def test_what_cannot_be_deleted_there_is_not_to_be_deleted_by_us(
    hass: HomeAssistant, site: MockConfigEntry, storage: Storage
) -> None:
    denied = {"DELETE": Fault(status=403, code="AccessDenied")}
    storage.weather = lambda request, _: denied.get(request.method)
    form = await opened(hass, site, "offsite")

    again = await answer(hass, form, **fields_of(storage, offsite_days=90))
    assert again["errors"] == {"offsite_days": "delete_refused"}
    assert words.error(again, OPTIONS, "offsite_days")

    saved = await answer(hass, again, offsite_days=0)
    assert saved["type"] is SAVED


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"s3_endpoint": "minio.home"}, {"s3_endpoint": "bad_url"}),
        ({"s3_key_id": " "}, {"s3_key_id": "no_key_id"}),
        ({"s3_secret": ""}, {"s3_secret": "no_secret"}),
    ],
)
async def test_what_a_storage_needs_is_asked_for_before_it_is_tried(
    hass: HomeAssistant, site: MockConfigEntry, fields: dict[str, str], error: dict[str, str]
) -> None:
    form = await opened(hass, site, "offsite")

    again = await answer(hass, form, **FIELDS | fields)

    assert again["errors"] == error
    assert words.error(again, OPTIONS, *error)


async def test_without_a_bucket_no_storage_is_asked_and_uploading_is_off(
    hass: HomeAssistant, never_set_up: None, storage: Storage
) -> None:
    site = site_with(**fields_of(storage))
    site.add_to_hass(hass)
    form = await opened(hass, site, "offsite")

    saved = await answer(hass, form, s3_bucket="")

    assert saved["type"] is SAVED
    assert not site.options["s3_bucket"]
    assert site.options["s3_secret"] == SECRET
    assert not storage.asked


async def test_a_pasted_secret_may_have_blanks_around_it(
    hass: HomeAssistant, site: MockConfigEntry, storage: Storage
) -> None:
    form = await opened(hass, site, "offsite")

    await answer(hass, form, **fields_of(storage, s3_secret=f" {SECRET}\n"))

    assert site.options["s3_secret"] == SECRET


async def test_a_secret_that_was_typed_need_not_be_typed_again_after_an_error(
    hass: HomeAssistant, site: MockConfigEntry, storage: Storage
) -> None:
    form = await opened(hass, site, "offsite")
    again = await answer(hass, form, **fields_of(storage, s3_bucket="nothing"))

    saved = await answer(hass, again, s3_bucket=storage.bucket)

    assert saved["type"] is SAVED
    assert site.options["s3_secret"] == SECRET


async def test_a_secret_is_forgotten_with_the_key_it_belongs_to(
    hass: HomeAssistant, never_set_up: None, storage: Storage
) -> None:
    site = site_with(**fields_of(storage))
    site.add_to_hass(hass)
    form = await opened(hass, site, "offsite")

    again = await answer(hass, form, s3_key_id="AKIAANOTHER")

    assert again["errors"] == {"s3_secret": "no_secret"}


async def test_a_secret_is_neither_sent_back_to_a_browser_nor_logged(
    hass: HomeAssistant,
    site: MockConfigEntry,
    storage: Storage,
    hass_client: ClientSessionGenerator,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    assert await async_setup_component(hass, "gatehouse", {})
    assert await async_setup_component(hass, "config", {})
    browser = await hass_client()
    flows = "/api/config/config_entries/options/flow"
    fields = {key: value for key, value in DEFAULTS.items() if key in OFFSITE}

    async def said(path: str, answers: dict[str, Any]) -> dict[str, Any]:
        replied = await (await browser.post(path, json=answers)).text()
        assert SECRET not in replied
        body: dict[str, Any] = json.loads(replied)
        return body

    menu = await said(flows, {"handler": site.entry_id})
    flow = f"{flows}/{menu['flow_id']}"
    await said(flow, {"next_step_id": "offsite"})
    again = await said(flow, fields | fields_of(storage, s3_bucket="nothing"))
    saved = await said(flow, fields | fields_of(storage))
    menu = await said(flows, {"handler": site.entry_id})
    await said(f"{flows}/{menu['flow_id']}", {"next_step_id": "offsite"})

    assert again["errors"] == {"s3_bucket": "storage_failed"}
    assert saved["type"] == "create_entry"
    assert site.options["s3_secret"] == SECRET
    assert SECRET not in caplog.text


OFFSITE = OPTIONS["step"]["offsite"]["data"]


# --- Pre-roll --------------------------------------------------------------------------------


async def remembering(hass: HomeAssistant, agent: ScriptedAgent, ring: float) -> MockConfigEntry:
    """Return a running site whose agent remembers so many seconds."""
    agent.state["info"]["ring_s"] = ring
    site = site_with(subentry_of(agent), detectors=[])
    assert await async_setup_component(hass, "http", {})
    await set_up(hass, site)
    return site


@pytest.mark.usefixtures("folder")
async def test_an_agent_that_remembers_less_than_the_pre_roll_is_named(
    hass: HomeAssistant, agent: ScriptedAgent
) -> None:
    site = await remembering(hass, agent, 8)
    form = await opened(hass, site, "footage")

    again = await answer(hass, form, pre_roll=10)
    assert again["errors"] == {"pre_roll": "ring_too_short"}
    assert "Porch (8 s)" in words.error(again, OPTIONS, "pre_roll")

    saved = await answer(hass, again, pre_roll=8)
    await hass.async_block_till_done()
    assert saved["type"] is SAVED


# --- Rules of cameras ------------------------------------------------------------------------


async def ruled(
    hass: HomeAssistant, site: MockConfigEntry, camera: str = KEY, **fields: Any
) -> dict[str, Any]:
    """Save the rule of a camera, and return those of all."""
    form = await answer(hass, await opened(hass, site, "camera_rules"), camera=camera)
    assert form["step_id"] == "camera_rule"
    saved = await hass.config_entries.options.async_configure(form["flow_id"], fields)
    assert saved["type"] is SAVED
    await hass.async_block_till_done()
    rules: dict[str, Any] = site.options["camera_rules"]
    return rules


async def test_cameras_are_chosen_by_their_names(
    hass: HomeAssistant, running_site: MockConfigEntry
) -> None:
    form = await opened(hass, running_site, "camera_rules")

    (cameras,) = form["data_schema"].schema.values()
    assert cameras.config["options"] == [{"value": KEY, "label": "Front door (Porch)"}]
    rule = await answer(hass, form, camera=KEY)
    assert "Front door (Porch)" in words.description(rule, OPTIONS)


async def test_a_camera_has_its_own_days_its_own_levels_or_none_at_all(
    hass: HomeAssistant, running_site: MockConfigEntry
) -> None:
    days = await ruled(hass, running_site, days=7, rule_uploads="site", levels=["low"])
    assert days == {KEY: {"days": 7}}

    levels = await ruled(hass, running_site, rule_uploads="own", levels=["high", "critical"])
    assert levels == {KEY: {"levels": ["high", "critical"]}}

    nothing = await ruled(hass, running_site, days=3, rule_uploads="own", levels=[])
    assert nothing == {KEY: {"days": 3, "levels": []}}

    assert await ruled(hass, running_site, rule_uploads="own") == {KEY: {"levels": []}}
    assert await ruled(hass, running_site, rule_uploads="site") == {}


@pytest.mark.parametrize(
    ("rule", "shown"),
    [
        ({}, {"rule_uploads": "site", "levels": ["low", "medium", "high", "critical"]}),
        ({"days": 9, "levels": []}, {"days": 9, "rule_uploads": "own", "levels": []}),
    ],
)
async def test_a_rule_is_shown_as_it_is(
    hass: HomeAssistant,
    running_site: MockConfigEntry,
    rule: dict[str, Any],
    shown: dict[str, Any],
) -> None:
    hass.config_entries.async_update_entry(running_site, options={"camera_rules": {KEY: rule}})
    await hass.async_block_till_done()

    form = await answer(hass, await opened(hass, running_site, "camera_rules"), camera=KEY)

    told = {str(key): key.description for key in form["data_schema"].schema}
    suggested = {key: said["suggested_value"] for key, said in told.items() if said}
    assert suggested == shown


async def test_the_rule_of_a_camera_that_is_gone_is_dropped_with_the_next_one(
    hass: HomeAssistant, running_site: MockConfigEntry
) -> None:
    gone = {"camera_rules": {"gone/away": {"days": 1}}}
    hass.config_entries.async_update_entry(running_site, options=gone)
    await hass.async_block_till_done()

    assert await ruled(hass, running_site, days=5, rule_uploads="site") == {KEY: {"days": 5}}
