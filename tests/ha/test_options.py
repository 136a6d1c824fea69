"""The options as the rooms take them: those of an older version, and those that nobody chose."""

from datetime import timedelta
from typing import Any

import pytest

from custom_components.gatehouse.const import ModelKind
from custom_components.gatehouse.incidents import AssessorOptions, IncidentOptions
from custom_components.gatehouse.language_model import ModelChoice
from custom_components.gatehouse.options import (
    alarm_panel,
    assessor_options,
    incident_options,
    migrated,
    model_choice,
    snooze_for,
)
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
    assert alarm_panel(site) is None
    assert snooze_for(site) == timedelta(hours=1)


def test_a_language_model_is_waited_for_only_where_there_is_one() -> None:
    site = site_with(language_model="server", server_url="http://h/v1", server_key="k", budget=5.0)

    assert incident_options(site).ask_model
    assert assessor_options(site).budget == 5
    assert model_choice(site) == ModelChoice(kind=ModelKind.SERVER, url="http://h/v1", api_key="k")


def test_answers_that_are_not_saved_yet_can_be_tried() -> None:
    choice = model_choice(site_with(language_model="off"), {"language_model": "ai_task"})

    assert choice == ModelChoice(kind=ModelKind.AI_TASK)
