"""What can be kept of people, credentials, schedules, holidays and doors, each by itself."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Final
import unicodedata

from .errors import HoursBad, NameBad, NoteTooLong, ValidityBad
from .people import Credential, DoorGroup, DoorRules, Holiday, Person, Schedule

LONGEST_NAME: Final = 80
LONGEST_NOTE: Final = 1000
NOT_TEXT: Final = frozenset({"Cc", "Cs"})  # control characters and halves of characters

MOST_WINDOWS: Final = 64
MOST_USES: Final = 1000
YEAR: Final = timedelta(days=366)


def checked_person(person: Person) -> Person:
    """Return somebody as they can be kept; raises AccessError if they cannot."""
    _check_validity(person.valid_from, person.valid_until)
    if len(person.note) > LONGEST_NOTE:
        raise NoteTooLong(f"A note has at most {LONGEST_NOTE} letters, digits and signs")
    return replace(person, name=checked_name(person.name))


def checked_credential(credential: Credential) -> Credential:
    """Return a credential as it can be kept; raises AccessError if it cannot."""
    _check_validity(credential.valid_from, credential.valid_until)
    if credential.max_uses is not None and not 1 <= credential.max_uses <= MOST_USES:
        raise ValidityBad(
            f"A credential can be used once to {MOST_USES} times: leave it out for no limit"
        )
    if credential.visitor and credential.valid_until is None and credential.max_uses is None:
        raise ValidityBad("A visitor's credential needs an end or a number of uses: say one")
    return replace(credential, name=checked_name(credential.name))


def checked_schedule(schedule: Schedule) -> Schedule:
    """Return a schedule as it can be kept; raises AccessError if it cannot."""
    if len(schedule.windows) + len(schedule.special) > MOST_WINDOWS:
        raise HoursBad(f"A schedule has at most {MOST_WINDOWS} windows and special days")
    if not all(window.days for window in schedule.windows):
        raise HoursBad("A window needs a day of the week: choose one or more")
    hours = [*schedule.windows, *(each for days in schedule.special for each in days.hours)]
    if any(each.start.tzinfo or each.end.tzinfo for each in hours):
        raise HoursBad("A schedule goes by the site's local time: leave the time zone out")
    for special in schedule.special:
        _check_days(special.first, special.last)
    return replace(schedule, name=checked_name(schedule.name))


def checked_holiday(holiday: Holiday) -> Holiday:
    """Return a holiday as it can be kept; raises AccessError if it cannot."""
    _check_days(holiday.first, holiday.last)
    if holiday.yearly and holiday.last - holiday.first >= YEAR:
        raise HoursBad("A holiday of every year cannot last for more than one")
    return replace(holiday, name=checked_name(holiday.name))


def checked_group(group: DoorGroup) -> DoorGroup:
    """Return a door group as it can be kept; raises AccessError if it cannot."""
    return replace(group, name=checked_name(group.name), doors=tuple(dict.fromkeys(group.doors)))


def checked_door(rules: DoorRules) -> DoorRules:
    """Return what is said of a door as it can be kept; raises AccessError if it cannot."""
    _check_aware(rules.mode_until)
    if rules.antipassback_reset <= timedelta(0):
        raise ValidityBad("Anti-passback must end some time: choose a time above zero")
    return rules


def checked_name(name: str) -> str:
    """Return a name with plain spaces; raises NameBad if it is none."""
    name = " ".join(unicodedata.normalize("NFC", name).split())
    is_text = NOT_TEXT.isdisjoint(map(unicodedata.category, name))
    if not (is_text and 0 < len(name) <= LONGEST_NAME):
        raise NameBad(f"Choose a name of 1 to {LONGEST_NAME} letters, digits and signs")
    return name


def _check_validity(since: datetime | None, until: datetime | None) -> None:
    _check_aware(since)
    _check_aware(until)
    if since is not None and until is not None and since >= until:
        raise ValidityBad("It would be over before it begins: choose an end after the start")


def _check_aware(at: datetime | None) -> None:
    if at is not None and at.tzinfo is None:
        raise ValidityBad("A moment without a time zone could be any: say which")


def _check_days(first: date, last: date) -> None:
    if first > last:
        raise HoursBad("The last day is before the first: exchange them")
