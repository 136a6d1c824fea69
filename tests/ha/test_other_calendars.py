"""Bookings that come from other calendars of Home Assistant."""

from datetime import datetime, timedelta
from typing import Any, Final, override

from homeassistant.components.calendar import CalendarEntity, CalendarEvent
from homeassistant.core import CoreState, HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    setup_test_component_platform,
)

from custom_components.gatehouse import other_calendars
from custom_components.gatehouse.bookings import Diary, Hour
from custom_components.gatehouse.database import DatabaseError
from tests.ha.courts import LEFT, PAIR, RIGHT, ask, at, courts, give_courts, hour, pair, schedule_of
from tests.ha.scripted import ScriptedAgent
from tests.waiting import eventually

CLUB: Final = "calendar.club"
ISSUE: Final = ("gatehouse", f"other_calendar_gone_{PAIR}")


class Club(CalendarEntity):
    """A calendar of another integration, which says what a test tells it to."""

    _attr_name = "Club"
    _attr_should_poll = False

    def __init__(self) -> None:
        self.events: list[CalendarEvent] = []
        self.broken: Exception | None = None
        self.asked = 0

    @property
    @override
    def event(self) -> CalendarEvent | None:
        return None

    @override
    async def async_get_events(
        self, hass: HomeAssistant, start_date: datetime, end_date: datetime
    ) -> list[CalendarEvent]:
        self.asked += 1
        if self.broken:
            raise self.broken
        return self.events

    def change(self) -> None:
        """Let Home Assistant know that there is news."""
        self._attr_extra_state_attributes = {"changes": self.asked}
        self.async_write_ha_state()

    async def say(self, *events: CalendarEvent) -> None:
        """Have these events, and be asked for them."""
        self.events, asked = list(events), self.asked
        self.change()
        await eventually(lambda: self.asked > asked)


def event(start: int, uid: str | None = "e1", days: int = 1, **more: Any) -> CalendarEvent:
    """Return an hour that the club has."""
    return CalendarEvent(
        start=at(start, days),
        end=at(start + 1, days),
        uid=uid,
        **{"summary": "League"} | more,
    )


@pytest.fixture
async def club(hass: HomeAssistant) -> Club:
    """The calendar of a club."""
    club = Club()
    setup_test_component_platform(hass, "calendar", [club])
    assert await async_setup_component(hass, "calendar", {"calendar": {"platform": "test"}})
    await hass.async_block_till_done()
    return club


@pytest.fixture
async def site(hass: HomeAssistant, agent: ScriptedAgent, club: Club) -> MockConfigEntry:
    """A site with a pair that follows the calendar of the club."""
    give_courts(agent)
    site = await courts(hass, agent, pair(calendar=CLUB, upload=True, layout="separate"))
    await eventually(lambda: club.asked)
    return site


async def taken(site: MockConfigEntry) -> list[Hour]:
    """Return what the pair's calendar says."""
    return await schedule_of(site).diary.between(at(0, -1), at(0, 20), PAIR)


async def takes(site: MockConfigEntry, *summaries: str) -> list[Hour]:
    """Wait until the pair has hours of these names, and return them."""

    async def found() -> list[Hour] | None:
        hours = await taken(site)
        return hours if [each.booking.summary for each in hours] == [*summaries] else None

    hours: list[Hour] = await eventually(found)
    return hours


async def test_what_another_calendar_says_is_booked(club: Club, site: MockConfigEntry) -> None:
    await club.say(event(17, description="Cup"))

    (found,) = await takes(site, "League")
    booking = found.booking
    assert (found.start, found.end, booking.description) == (at(17), at(18), "Cup")
    assert (booking.cameras, booking.layout, booking.upload) == ((LEFT, RIGHT), "separate", True)
    assert (booking.calendar, booking.source, booking.source_uid) == (PAIR, CLUB, "e1")


async def test_what_is_moved_there_is_moved_here(club: Club, site: MockConfigEntry) -> None:
    await club.say(event(17))
    (before,) = await takes(site, "League")

    await club.say(event(19, summary="Cup"))

    (after,) = await takes(site, "Cup")
    assert (after.booking.uid, after.start) == (before.booking.uid, at(19))


async def test_events_without_names_of_their_own_are_told_apart(
    club: Club, site: MockConfigEntry
) -> None:
    await club.say(event(9, None), event(11, None), event(13, None, summary="Cup"))
    before = await takes(site, "League", "League", "Cup")

    await club.say(event(11, None), event(13, None, summary="Cup"))

    after = await takes(site, "League", "Cup")
    assert [each.id for each in after] == [each.id for each in before[1:]]


async def test_whole_days_are_left_out(club: Club, site: MockConfigEntry) -> None:
    day = at(0).date()

    await club.say(
        CalendarEvent(start=day, end=day + timedelta(days=1), summary="Holiday"), event(17)
    )

    await takes(site, "League")


async def test_words_that_no_booking_can_have_do_not_matter(
    club: Club, site: MockConfigEntry
) -> None:
    long = "An invitation with its conditions. " * 1000

    await club.say(event(9, "e1", summary="  "), event(11, "e2", summary=long, description=long))

    await takes(site, "Centre Court", long[:200].strip())


@pytest.mark.parametrize(
    "broken", [HomeAssistantError("no answer"), TimeoutError(), ConnectionError(), KeyError("uid")]
)
async def test_a_calendar_that_does_not_answer_changes_nothing(
    club: Club, site: MockConfigEntry, broken: Exception
) -> None:
    await club.say(event(17))
    await takes(site, "League")

    club.broken = broken
    await club.say()
    club.broken = None
    await club.say(event(17), event(19, "e2", summary="Cup"))

    await takes(site, "League", "Cup")


async def test_a_calendar_that_is_unavailable_changes_nothing(
    hass: HomeAssistant, club: Club, site: MockConfigEntry
) -> None:
    await club.say(event(17))
    await takes(site, "League")

    club.events, asked = [], club.asked
    club._attr_available = False
    club.change()
    await hass.async_block_till_done()

    assert club.asked == asked
    assert len(await taken(site)) == 1
    assert ISSUE not in ir.async_get(hass).issues


async def test_a_database_that_fails_is_tried_again(
    club: Club, site: MockConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: Any) -> None:
        raise DatabaseError("The disk is broken.")

    with monkeypatch.context() as broken:
        broken.setattr(Diary, "take_over", fail)
        await club.say(event(17))
    await club.say(event(17))

    await takes(site, "League")


async def test_a_calendar_is_asked_by_and_by(
    hass: HomeAssistant, agent: ScriptedAgent, club: Club, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(other_calendars, "LOOK_EVERY", timedelta(milliseconds=20))
    give_courts(agent)
    site = await courts(hass, agent, pair(calendar=CLUB))

    club.events = [event(17)]

    await takes(site, "League")


async def test_a_clash_with_what_is_booked_here_is_marked(
    hass: HomeAssistant, club: Club, site: MockConfigEntry
) -> None:
    await ask(hass, "book", hour(17))

    await club.say(event(17))

    (found,) = await takes(site, "League")
    assert found.appointment is not None
    assert found.appointment.error == "clash"


async def test_a_calendar_that_is_gone_is_told_until_it_is_back(
    hass: HomeAssistant, club: Club, site: MockConfigEntry
) -> None:
    await club.say(event(17))
    await takes(site, "League")

    await club.async_remove()
    issue = await eventually(lambda: ir.async_get(hass).issues.get(ISSUE))
    assert issue.translation_placeholders == {"pair": "Centre Court", "calendar": CLUB}
    assert len(await taken(site)) == 1
    hass.states.async_set(CLUB, "off")

    await eventually(lambda: ISSUE not in ir.async_get(hass).issues)


async def test_while_home_assistant_starts_no_calendar_is_missed(
    hass: HomeAssistant, agent: ScriptedAgent, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[str] = []
    report = other_calendars.OtherCalendars._report

    def counted(self: Any, pair: Any, source: str, issues: Any) -> None:
        report(self, pair, source, issues)
        looked.append(source)

    monkeypatch.setattr(other_calendars.OtherCalendars, "_report", counted)
    monkeypatch.setattr(other_calendars, "LOOK_EVERY", timedelta(milliseconds=20))
    give_courts(agent)
    hass.set_state(CoreState.starting)
    await courts(hass, agent, pair(calendar=CLUB))
    await eventually(lambda: looked)
    assert ISSUE not in ir.async_get(hass).issues

    hass.set_state(CoreState.running)

    await eventually(lambda: ISSUE in ir.async_get(hass).issues)


@pytest.mark.parametrize("now", [None, "calendar.other"])
async def test_what_is_followed_no_more_is_taken_back(
    hass: HomeAssistant, club: Club, site: MockConfigEntry, now: str | None
) -> None:
    await club.say(event(17))
    await takes(site, "League")
    (subentry,) = site.get_subentries_of_type("pair")

    hass.config_entries.async_update_subentry(
        site, subentry, data={**subentry.data, "calendar": now}
    )
    await hass.async_block_till_done()

    async def is_empty() -> bool:
        return not await taken(site)

    await eventually(is_empty)
