"""What is booked next, today and last, for dashboards and automations."""

from datetime import datetime, timedelta
from typing import Any, Final

from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed

from custom_components.gatehouse.bookings import Booking
from custom_components.gatehouse.database import DatabaseError
from custom_components.gatehouse.models import BookingState
from tests.ha.courts import LEFT, PAIR, RIGHT, at, comes_to, courts, give_courts, pair, schedule_of
from tests.ha.scripted import ScriptedAgent
from tests.ha.seeing import becomes, state_of
from tests.waiting import eventually

NEXT: Final = "sensor.centre_court_next_booking"
TODAY: Final = "sensor.centre_court_bookings_today"
LAST: Final = "sensor.centre_court_last_booking"
OURS: Final = (NEXT, TODAY, LAST)

BOOKED: Final = "sensor.home_booked_hours_30_days"
RECORDED: Final = "sensor.home_recorded_hours_30_days"
LOST: Final = "sensor.home_failed_hours_30_days"


async def be_where_it_is(hass: HomeAssistant, hour: int) -> None:
    """Live in a zone in which this hour of the day has begun."""
    east = (hour - dt_util.utcnow().hour + 11) % 24 - 11
    await hass.config.async_set_time_zone(f"Etc/GMT{-east:+d}")


@pytest.fixture(autouse=True)
async def _noon(hass: HomeAssistant) -> None:
    """Be far from midnight."""
    await be_where_it_is(hass, 12)


@pytest.fixture
async def site(hass: HomeAssistant, agent: ScriptedAgent) -> MockConfigEntry:
    """A site with a pair."""
    give_courts(agent)
    return await courts(hass, agent, pair())


async def book(site: MockConfigEntry, start: datetime, minutes: int = 60, **more: Any) -> Booking:
    """Book both cameras for a while."""
    draft = Booking(
        uid="",
        calendar=more.pop("calendar", PAIR),
        summary=more.pop("summary", "Tennis"),
        start=start,
        end=start + timedelta(minutes=minutes),
        cameras=(LEFT, RIGHT),
        **more,
    )
    return await schedule_of(site).diary.create(draft)


def attributes(hass: HomeAssistant, entity: str) -> dict[str, Any]:
    """Return what a sensor tells besides its state, without what Home Assistant adds."""
    added = {"friendly_name", "device_class", "state_class", "unit_of_measurement", "options"}
    told = hass.states.get(entity).attributes
    return {key: value for key, value in told.items() if key not in added}


def ago(minutes: int) -> datetime:
    """Return a moment that is past, by the clock of the house."""
    return dt_util.now().replace(microsecond=0) - timedelta(minutes=minutes)


async def test_a_calendar_in_which_nothing_is_booked_tells_so(
    hass: HomeAssistant, site: MockConfigEntry
) -> None:
    assert [state_of(hass, each) for each in OURS] == ["unknown", "0", "unknown"]
    assert attributes(hass, NEXT) == {}
    assert attributes(hass, TODAY) == {"bookings": []}
    assert attributes(hass, LAST) == {}


async def test_the_next_booking_is_told_with_whose_it_is(
    hass: HomeAssistant, site: MockConfigEntry
) -> None:
    await book(site, at(19))
    await book(site, at(17), summary="Lesson", owner="Anna")

    await becomes(hass, NEXT, at(17).astimezone(dt_util.UTC).isoformat())

    assert attributes(hass, NEXT) == {
        "summary": "Lesson",
        "owner": "Anna",
        "cameras": ["Court left", "Court right"],
    }


async def test_an_agent_that_cannot_record_is_told_beside_what_is_booked(
    hass: HomeAssistant, site: MockConfigEntry, agent: ScriptedAgent
) -> None:
    booked = {"planned": 1, "running": 0, "waiting": 0, "bytes": 0, "error": "no_space"}
    await agent.upkeep.measure(bookings=booked)
    [coordinator] = site.runtime_data.cameras
    await eventually(lambda: coordinator.data.bookings and coordinator.data.bookings.error)

    await book(site, ago(-60))

    await becomes(hass, TODAY, "1")
    assert attributes(hass, NEXT)["agent_errors"] == {coordinator.name: "no_space"}
    assert attributes(hass, TODAY)["agent_errors"] == {coordinator.name: "no_space"}


async def test_a_booking_is_the_next_one_however_far_away_it_is(
    hass: HomeAssistant, site: MockConfigEntry
) -> None:
    await book(site, at(17, days=200))

    await becomes(hass, NEXT, at(17, days=200).astimezone(dt_util.UTC).isoformat())


async def test_each_calendar_tells_of_its_own_bookings(
    hass: HomeAssistant, site: MockConfigEntry
) -> None:
    await book(site, at(17), calendar="site")

    await eventually(lambda: state_of(hass, "sensor.home_next_booking") != "unknown")

    assert state_of(hass, NEXT) == "unknown"


async def test_the_bookings_of_today_are_counted_and_listed(
    hass: HomeAssistant, site: MockConfigEntry
) -> None:
    lesson = await book(site, ago(60), minutes=90, summary="Lesson", owner="Anna")
    await book(site, at(22, days=0), minutes=180)
    await book(site, at(8))
    row = await comes_to(site, lesson.uid, state=BookingState.PROCESSING)

    schedule_of(site).progressed(row, 0.5)
    await becomes(hass, TODAY, "2")
    told = await eventually(
        lambda: [each for each in attributes(hass, TODAY)["bookings"] if each["progress"]]
    )

    assert told == [
        {
            "summary": "Lesson",
            "owner": "Anna",
            "cameras": ["Court left", "Court right"],
            "start": lesson.start.isoformat(),
            "end": lesson.end.isoformat(),
            "state": "processing",
            "progress": 50,
            "eta": told[0]["eta"],
        }
    ]


async def test_a_day_begins_when_it_does_where_the_house_is(
    hass: HomeAssistant, site: MockConfigEntry
) -> None:
    await book(site, ago(-3 * 60))
    await book(site, ago(-14 * 60))
    await becomes(hass, TODAY, "1")

    await be_where_it_is(hass, 8)
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(minutes=2))

    await becomes(hass, TODAY, "2")


async def test_the_last_booking_is_the_newest_that_has_begun_and_how_far_it_has_come(
    hass: HomeAssistant, site: MockConfigEntry
) -> None:
    older = await book(site, ago(30), minutes=31)
    await book(site, at(17))
    await becomes(hass, LAST, "scheduled")

    row = await comes_to(site, older.uid, state=BookingState.PROCESSING, link="http://secret")
    schedule_of(site).progressed(row, 0.25)
    await becomes(hass, LAST, "processing")

    told = await eventually(lambda: attributes(hass, LAST))
    assert {key: told[key] for key in ("summary", "progress", "error")} == {
        "summary": "Tennis",
        "progress": 25,
        "error": None,
    }
    assert told["start"] == older.start
    assert "secret" not in str(hass.states.get(LAST))


async def test_a_booking_that_failed_says_why(hass: HomeAssistant, site: MockConfigEntry) -> None:
    booking = await book(site, ago(30), minutes=31)
    row = await comes_to(site, booking.uid, state=BookingState.FAILED, error="merge_failed")

    schedule_of(site).progressed(row, 0.0)

    await becomes(hass, LAST, "failed")
    assert attributes(hass, LAST)["error"] == "merge_failed"


async def test_the_hours_of_the_last_days_are_counted_by_what_came_of_them(
    hass: HomeAssistant, site: MockConfigEntry
) -> None:
    whole = await book(site, ago(59))
    since = ago(59)
    row = await comes_to(
        site,
        whole.uid,
        state=BookingState.READY,
        recorded_since=since,
        recorded_until=since + timedelta(minutes=30),
    )

    schedule_of(site).progressed(row, 1.0)

    await becomes(hass, RECORDED, "0.5")
    assert [state_of(hass, each) for each in (BOOKED, LOST)] == ["1.0", "0.0"]


async def test_hours_that_failed_or_were_missed_are_counted_as_failed(
    hass: HomeAssistant, site: MockConfigEntry
) -> None:
    booking = await book(site, ago(59))
    row = await comes_to(site, booking.uid, state=BookingState.MISSED)

    schedule_of(site).progressed(row, 0.0)

    await becomes(hass, LOST, "1.0")


async def test_a_database_that_fails_makes_the_sensors_unavailable(
    hass: HomeAssistant, site: MockConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object) -> None:
        raise DatabaseError("The disk is gone")

    with monkeypatch.context() as broken:
        broken.setattr(schedule_of(site).store, "tally", fail)
        async_fire_time_changed(hass, dt_util.utcnow() + timedelta(minutes=2))
        await becomes(hass, NEXT, "unavailable")

    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(minutes=4))
    await becomes(hass, NEXT, "unknown")


async def test_the_sensors_of_a_pair_go_with_it(hass: HomeAssistant, site: MockConfigEntry) -> None:
    hass.config_entries.async_remove_subentry(site, PAIR)
    await hass.async_block_till_done()

    assert [er.async_get(hass).async_get(each) for each in OURS] == [None, None, None]
    assert state_of(hass, "sensor.home_next_booking") == "unknown"
