"""What can be kept of people, credentials, schedules, holidays and doors."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

import pytest

from custom_components.gatehouse.access import (
    AccessError,
    DoorGroup,
    DoorRules,
    HoursBad,
    NameBad,
    NoteTooLong,
    SpecialDays,
    ValidityBad,
)
from custom_components.gatehouse.access.checks import (
    checked_credential,
    checked_door,
    checked_group,
    checked_holiday,
    checked_person,
    checked_schedule,
)
from tests.rooms.access.policies import at, card, holiday, hours, person, schedule, window

NOON: Final = at("2027-01-11T12:00")
DAY: Final = timedelta(days=1)
NAIVE: Final = datetime(2027, 1, 11)  # noqa: DTZ001

LAST_FIRST: Final = SpecialDays(first=date(2027, 1, 2), last=date(2027, 1, 1))
GROUP: Final = DoorGroup(id="all", name="All")


@pytest.mark.parametrize(
    ("checked", "noun"),
    [
        (checked_person, person(valid_from=NOON, valid_until=NOON + DAY, note="x" * 1000)),
        (checked_credential, card()),
        (checked_credential, card(visitor=True, max_uses=1)),
        (checked_credential, card(visitor=True, valid_until=NOON)),
        (checked_schedule, schedule()),
        (
            checked_schedule,
            schedule(
                window("22:00", "06:00"),
                special=(
                    replace(LAST_FIRST, last=LAST_FIRST.first, hours=(hours("09:00", "10:00"),)),
                ),
            ),
        ),
        (checked_holiday, holiday("2026-12-24", "2027-01-01", yearly=True)),
        (checked_holiday, holiday("2027-01-01", "2029-01-01")),
        (checked_group, GROUP),
        (checked_door, DoorRules(door="front", mode_until=NOON)),
    ],
    ids=lambda each: getattr(each, "__name__", ""),
)
def test_what_makes_sense_is_kept_as_it_is(checked: Callable[[Any], Any], noun: Any) -> None:
    assert checked(noun) == noun


@pytest.mark.parametrize(
    ("checked", "noun", "error"),
    [
        (checked_person, person(name=" \t "), NameBad),
        (checked_person, person(name="x" * 81), NameBad),
        (checked_person, person(name="Anna\x00"), NameBad),
        (checked_person, person(note="x" * 1001), NoteTooLong),
        (checked_person, person(valid_from=NOON, valid_until=NOON), ValidityBad),
        (checked_person, person(valid_from=NAIVE), ValidityBad),
        (checked_credential, card(name=""), NameBad),
        (checked_credential, card(valid_until=NAIVE), ValidityBad),
        (checked_credential, card(max_uses=0), ValidityBad),
        (checked_credential, card(max_uses=1001), ValidityBad),
        (checked_credential, card(visitor=True), ValidityBad),
        (checked_schedule, schedule(window("08:00", "09:00", ())), HoursBad),
        (checked_schedule, schedule(*[window("08:00", "09:00")] * 65), HoursBad),
        (checked_schedule, schedule(special=(LAST_FIRST,)), HoursBad),
        (
            checked_schedule,
            schedule(replace(window("08:00", "09:00"), start=time(8, tzinfo=UTC))),
            HoursBad,
        ),
        (checked_schedule, schedule(name=""), NameBad),
        (checked_holiday, holiday("2027-01-02", "2027-01-01"), HoursBad),
        (checked_holiday, holiday("2027-01-01", "2028-01-02", yearly=True), HoursBad),
        (checked_group, replace(GROUP, name=""), NameBad),
        (checked_door, DoorRules(door="front", mode_until=NAIVE), ValidityBad),
        (checked_door, DoorRules(door="front", antipassback_reset=timedelta(0)), ValidityBad),
    ],
)
def test_what_makes_no_sense_is_refused(
    checked: Callable[[Any], Any], noun: Any, error: type[AccessError]
) -> None:
    with pytest.raises(error):
        checked(noun)


def test_a_name_has_plain_spaces_and_one_way_to_write_its_letters() -> None:
    assert checked_person(person(name="  Zoe\u0308 \u00a0 Maier ")).name == "Zo\u00eb Maier"


def test_a_group_has_each_door_once_in_its_order() -> None:
    assert checked_group(replace(GROUP, doors=("b", "a", "b"))).doors == ("b", "a")
