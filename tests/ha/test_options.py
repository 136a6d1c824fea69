"""The options as the rooms take them: those of an older version, and those that nobody chose."""

from datetime import timedelta
from typing import Any

from homeassistant.config_entries import ConfigSubentryData
import pytest

from custom_components.gatehouse.access.naming import parted
from custom_components.gatehouse.const import LEVELS, ModelKind
from custom_components.gatehouse.footage import (
    FootageOptions,
    OffsiteOptions,
    OptimiseOptions,
    RetentionOptions,
    S3Options,
)
from custom_components.gatehouse.footage_options import (
    footage_options,
    offsite_options,
    optimise_options,
    retention_options,
    s3_options,
)
from custom_components.gatehouse.incidents import AssessorOptions, IncidentOptions
from custom_components.gatehouse.language_model import ModelChoice
from custom_components.gatehouse.models import Level
from custom_components.gatehouse.options import (
    access_options,
    alarm_panel,
    assessor_options,
    incident_options,
    migrated,
    model_choice,
    other_door_key,
    other_doors,
    snooze_for,
    tells_tags,
)
from tests.ha.entering import porch_group
from tests.ha.scripted import KEY
from tests.ha.scripted_doors import FRONT
from tests.ha.site import site_with


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"detector": "local"}, {"detectors": ["local"]}),
        ({"detector": "remote", "remote_url": "u"}, {"detectors": ["remote"], "remote_url": "u"}),
        ({"detector": "off", "idle": 20}, {"detectors": [], "idle": 20}),
        ({"threshold": 0.5}, {"threshold": 0.5}),
        ({}, {}),
    ],
)
def test_the_one_detector_of_an_older_version_becomes_a_list(
    before: dict[str, Any], after: dict[str, Any]
) -> None:
    assert migrated(before) == after


def test_what_nobody_chose_is_what_the_rooms_think_best() -> None:
    site = site_with()

    assert incident_options(site) == IncidentOptions()
    assert assessor_options(site) == AssessorOptions()
    assert model_choice(site) == ModelChoice()
    assert offsite_options(site) == OffsiteOptions()
    assert retention_options(site) == RetentionOptions()
    assert optimise_options(site) == OptimiseOptions()
    assert alarm_panel(site) is None
    assert snooze_for(site) == timedelta(hours=1)


def test_a_language_model_is_waited_for_only_where_there_is_one() -> None:
    site = site_with(language_model="server", server_url="http://h/v1", server_key="k", budget=5.0)

    assert incident_options(site).ask_model
    assert assessor_options(site).budget == 5
    assert assessor_options(site).at_once == 1
    assert assessor_options(site_with(at_once=4.0)).at_once == 4
    assert model_choice(site) == ModelChoice(kind=ModelKind.SERVER, url="http://h/v1", api_key="k")


def test_answers_that_are_not_saved_yet_can_be_tried() -> None:
    choice = model_choice(site_with(language_model="off"), {"language_model": "ai_task"})

    assert choice == ModelChoice(kind=ModelKind.AI_TASK)


def test_the_levels_of_the_options_are_those_of_incidents() -> None:
    assert tuple(Level) == LEVELS


@pytest.mark.parametrize(("chosen", "longest"), [(60, 300), (600, 600)])
def test_no_recording_is_cut_shorter_than_an_incident_may_be(chosen: int, longest: int) -> None:
    assert footage_options(site_with(longest=chosen)) == FootageOptions(
        longest=timedelta(seconds=longest)
    )


def test_clips_are_made_as_small_as_was_chosen() -> None:
    site = site_with(optimise=True, optimise_height="480", optimise_bitrate=800)

    assert optimise_options(site) == OptimiseOptions(enabled=True, height=480, bitrate=800_000)


BUCKET = {"s3_bucket": "clips", "s3_key_id": "AKIA", "s3_secret": "open-sesame"}


def test_without_a_bucket_nothing_is_wanted_off_site_whatever_else_was_chosen() -> None:
    site = site_with(
        **BUCKET | {"s3_bucket": ""},
        upload_by_hand=True,
        upload_levels=["high"],
        camera_rules={"a/front": {"levels": ["low"]}},
        offsite_days=90,
    )

    assert offsite_options(site) == OffsiteOptions()
    assert retention_options(site).offsite_age is None


def test_with_a_bucket_everything_is_wanted_there_unless_somebody_says_otherwise() -> None:
    assert offsite_options(site_with(**BUCKET)) == OffsiteOptions(
        levels=frozenset(Level), by_hand=True, booked=True
    )


def test_what_is_uploaded_can_be_narrowed_for_the_site_and_for_a_camera() -> None:
    rules = {"a/front": {"levels": ["low", "high"]}, "a/shed": {"levels": []}, "a/x": {"days": 3}}
    site = site_with(
        **BUCKET,
        upload_levels=["critical"],
        upload_by_hand=False,
        upload_limit=250,
        camera_rules=rules,
    )

    assert offsite_options(site) == OffsiteOptions(
        levels=frozenset({Level.CRITICAL}),
        by_camera={"a/front": frozenset({Level.LOW, Level.HIGH}), "a/shed": frozenset()},
        booked=True,
        bytes_per_second=250_000,
    )


def test_a_storage_of_ones_own_is_reached_by_its_address() -> None:
    site = site_with(
        **BUCKET,
        s3_endpoint="https://minio.home:9000",
        s3_region="auto",
        s3_prefix="/house/clips/",
        s3_storage_class="STANDARD_IA",
    )

    assert s3_options(site) == S3Options(
        bucket="clips",
        key_id="AKIA",
        secret="open-sesame",
        endpoint="https://minio.home:9000",
        region="auto",
        prefix="house/clips",
        storage_class="STANDARD_IA",
    )


def test_aws_is_the_storage_without_an_address() -> None:
    assert s3_options(site_with(**BUCKET)) == S3Options(
        bucket="clips", key_id="AKIA", secret="open-sesame"
    )


@pytest.mark.parametrize(("style", "in_path"), [("auto", None), ("path", True), ("virtual", False)])
def test_the_bucket_is_named_where_the_user_says(style: str, in_path: bool | None) -> None:
    assert s3_options(site_with(), {**BUCKET, "s3_style": style}).path_style is in_path


def test_the_secret_of_the_storage_is_in_no_text_of_it() -> None:
    assert "open-sesame" not in repr(s3_options(site_with(**BUCKET)))


def test_how_long_what_is_kept_is_told_in_days_and_gigabytes() -> None:
    site = site_with(
        **BUCKET,
        days=14,
        days_critical=365,
        most_gb=50,
        floor_gb=5,
        offsite_days=90,
        camera_rules={"a/front": {"days": 7}, "a/shed": {"levels": []}},
    )

    assert retention_options(site) == RetentionOptions(
        age=timedelta(days=14),
        by_level={Level.CRITICAL: timedelta(days=365)},
        by_camera={"a/front": timedelta(days=7)},
        most_bytes=50_000_000_000,
        floor_bytes=5_000_000_000,
        offsite_age=timedelta(days=90),
    )


def test_how_long_the_access_log_is_kept_is_told_in_days() -> None:
    assert access_options(site_with()).keep == timedelta(days=365)
    assert access_options(site_with(log_days=30)).keep == timedelta(days=30)


def test_the_doors_of_a_group_are_those_that_its_cameras_see() -> None:
    groups = access_options(site_with(porch_group())).groups

    assert [(group.cameras, group.doors) for group in groups] == [((KEY,), (FRONT,))]


def test_cards_are_no_tags_unless_somebody_wants_that() -> None:
    assert not tells_tags(site_with())
    assert tells_tags(site_with(tag_events=True))


def test_the_key_of_a_door_of_another_system_is_no_agents() -> None:
    gate = ConfigSubentryData(
        subentry_type="door", title="Gate", unique_id=None, data={}, subentry_id="gate"
    )

    assert other_doors(site_with(gate)) == {other_door_key("gate"): "Gate"}
    assert parted(other_door_key("gate"))[0] is None
