"""The diary: what is booked, and the appointments that come of it."""

import asyncio
from dataclasses import replace
from datetime import datetime
import logging
from zoneinfo import ZoneInfo

import pytest

from custom_components.gatehouse.bookings import (
    CLASH,
    SITE,
    Appointment,
    AppointmentQuery,
    BookedElsewhere,
    Booking,
    BookingError,
    BookingNotFound,
    BookingOver,
    BookingStore,
    Clash,
    Diary,
    StepBad,
)
from custom_components.gatehouse.models import BookingState
from tests.rooms.bookings.booked import BERLIN, HOUR, LEFT, RIGHT, Clock, berlin, booking, shown

WEEK = berlin(16, 0), berlin(23, 0)
CLUB = "calendar.club"


async def rows(store: BookingStore) -> dict[str, str]:
    """Return the states of all appointments, by when they begin in Berlin."""
    return {
        f"{row.start.astimezone(BERLIN):%m-%d %H:%M}": row.state.value
        for row in await store.find(AppointmentQuery())
    }


async def only(store: BookingStore) -> Appointment:
    (row,) = await store.find(AppointmentQuery())
    return row


async def record(diary: Diary, row: Appointment, *states: BookingState) -> Appointment:
    """Let an appointment come from state to state."""
    for state in states:
        moved = replace(row, state=state)
        assert await diary.move(row, moved)
        row = moved
    return row


async def test_what_is_booked_is_an_appointment_at_once(diary: Diary, store: BookingStore) -> None:
    kept = await diary.create(booking())

    row = await only(store)
    assert (row.id, row.booking, row.state) == (kept.uid, kept.uid, BookingState.SCHEDULED)
    assert (row.start, row.end) == (berlin(18, 17), berlin(18, 18))
    assert await store.booking(kept.uid) is not None


async def test_a_series_has_appointments_for_the_next_days(
    diary: Diary, store: BookingStore, clock: Clock
) -> None:
    kept = await diary.create(booking(berlin(20, 17), rrule="FREQ=DAILY;INTERVAL=3"))
    assert await rows(store) == {"11-20 17:00": "scheduled", "11-23 17:00": "scheduled"}

    clock.at(19, 12)
    changes = await diary.refresh()

    assert [row.id for row in changes.new] == [f"{kept.uid}@20261126T170000"]


async def test_a_camera_is_had_once_at_a_time(diary: Diary) -> None:
    await diary.create(booking(owner="Bert"))

    with pytest.raises(Clash) as refused:
        await diary.create(booking(berlin(18, 17, 30), cameras=(RIGHT,), calendar="pair"))

    clash = refused.value
    assert (clash.summary, clash.owner, clash.camera) == ("Tennis", "Bert", RIGHT)
    assert (clash.start, clash.end) == (berlin(18, 17), berlin(18, 18))
    assert str(clash) == (
        "Tennis of Bert has the camera pi/right on 2026-11-18 from 17:00 to 18:00: choose another"
        " time, or another camera"
    )
    assert shown(await diary.between(*WEEK)) == ["11-18 17:00-18:00"]


async def test_back_to_back_and_other_cameras_are_fine(diary: Diary) -> None:
    await diary.create(booking(cameras=(LEFT,)))
    await diary.create(booking(cameras=(RIGHT,)))
    await diary.create(booking(berlin(18, 18)))
    await diary.create(booking(berlin(18, 16)))

    assert len(await diary.between(*WEEK)) == 4


async def test_a_clash_is_told_by_the_clock_of_who_books(diary: Diary) -> None:
    await diary.create(booking())
    start = datetime(2026, 11, 18, 16, 30, tzinfo=ZoneInfo("Europe/London"))

    with pytest.raises(Clash, match="from 16:00 to 17:00"):
        await diary.create(booking(start))


async def test_of_two_who_book_at_once_one_wins(diary: Diary) -> None:
    results = await asyncio.gather(
        *(diary.create(booking(summary=str(number))) for number in range(10)),
        return_exceptions=True,
    )

    assert sum(isinstance(each, Booking) for each in results) == 1
    assert sum(isinstance(each, Clash) for each in results) == 9
    assert len(await diary.between(*WEEK)) == 1


async def test_a_series_must_find_its_cameras_free_for_a_year(diary: Diary) -> None:
    await diary.create(booking(datetime(2027, 11, 15, 17, tzinfo=BERLIN)))
    far = datetime(2027, 11, 22, 17, tzinfo=BERLIN)
    await diary.create(booking(far))

    with pytest.raises(Clash, match="on 2027-11-15"):
        await diary.create(booking(berlin(16, 17), rrule="FREQ=WEEKLY"))
    await diary.create(booking(datetime(2026, 11, 23, 17, 30, tzinfo=BERLIN), rrule="FREQ=YEARLY"))
    with pytest.raises(Clash):
        await diary.create(booking(far))


async def test_a_series_is_not_in_its_own_way(diary: Diary) -> None:
    kept = await diary.create(booking(berlin(18, 17), rrule="FREQ=DAILY"))

    with pytest.raises(Clash, match="on 2026-11-20"):
        await diary.edit(booking(berlin(20, 16, 30), uid=kept.uid), "20261119T170000")
    await diary.edit(replace(kept, end=berlin(18, 19)))

    assert shown(await diary.between(*WEEK))[0] == "11-18 17:00-19:00"


async def test_one_hour_is_moved_by_itself(diary: Diary, store: BookingStore) -> None:
    kept = await diary.create(booking(berlin(18, 17), rrule="FREQ=DAILY;COUNT=3"))
    this = replace(kept, start=berlin(19, 9), end=berlin(19, 10), summary="Finals")

    own = await diary.edit(this, "20261119T170000")

    assert (own.recurrence, own.start, own.summary) == ("20261119T170000", berlin(19, 9), "Finals")
    hours = await diary.between(*WEEK)
    assert shown(hours) == ["11-18 17:00-18:00", "11-19 09:00-10:00", "11-20 17:00-18:00"]
    row = await store.get(f"{kept.uid}@20261119T170000")
    assert row is not None
    assert (row.start, row.summary) == (berlin(19, 9), "Finals")


async def test_an_hour_that_is_moved_far_away_is_still_the_same(
    diary: Diary, store: BookingStore
) -> None:
    kept = await diary.create(booking())

    await diary.edit(replace(kept, start=berlin(20, 9, month=12), end=berlin(20, 10, month=12)))

    row = await only(store)
    assert (row.start, row.state) == (berlin(20, 9, month=12), BookingState.SCHEDULED)
    assert await diary.between(*WEEK) == []


async def test_an_hour_and_the_following_are_another_series(
    diary: Diary, store: BookingStore
) -> None:
    kept = await diary.create(booking(berlin(18, 17), rrule="FREQ=DAILY;COUNT=4"))
    this = replace(kept, start=berlin(20, 18), end=berlin(20, 19))

    fresh = await diary.edit(this, "20261120T170000", following=True)

    assert fresh.uid != kept.uid
    assert (fresh.start, fresh.rrule) == (berlin(20, 18), "FREQ=DAILY;COUNT=2")
    assert await rows(store) == {
        "11-18 17:00": "scheduled",
        "11-19 17:00": "scheduled",
        "11-20 17:00": "cancelled",
        "11-20 18:00": "scheduled",
        "11-21 17:00": "cancelled",
        "11-21 18:00": "scheduled",
    }
    assert len(await diary.between(*WEEK)) == 4


async def test_what_is_deleted_is_free_again(diary: Diary, store: BookingStore) -> None:
    kept = await diary.create(booking(rrule="FREQ=DAILY;COUNT=3"))
    await diary.delete(kept.uid, "20261119T170000")
    await diary.create(booking(berlin(19, 17, 30), summary="Golf"))

    await diary.delete(kept.uid)

    assert await rows(store) == {
        "11-18 17:00": "cancelled",
        "11-19 17:00": "cancelled",
        "11-19 17:30": "scheduled",
        "11-20 17:00": "cancelled",
    }
    assert [hour.booking.summary for hour in await diary.between(*WEEK)] == ["Golf"]


async def test_what_is_recorded_is_cancelled_when_it_is_deleted(
    diary: Diary, store: BookingStore, clock: Clock
) -> None:
    kept = await diary.create(booking())
    clock.at(18, 17, 30)
    await record(diary, await only(store), BookingState.RECORDING)

    await diary.delete(kept.uid)

    assert (await only(store)).state is BookingState.CANCELLED


async def test_the_end_of_what_is_recorded_is_moved(
    diary: Diary, store: BookingStore, clock: Clock
) -> None:
    kept = await diary.create(booking())
    clock.at(18, 17, 30)
    await record(diary, await only(store), BookingState.RECORDING)

    await diary.edit(replace(kept, end=berlin(18, 17, 10)))

    row = await only(store)
    assert (row.start, row.end) == (berlin(18, 17), berlin(18, 17, 30))
    assert row.state is BookingState.RECORDING


async def test_what_is_over_stays_when_its_series_is_deleted(
    diary: Diary, store: BookingStore, clock: Clock
) -> None:
    kept = await diary.create(booking(rrule="FREQ=DAILY;COUNT=3"))
    done = (BookingState.RECORDING, BookingState.COMPLETED)
    first, *_ = await store.find(AppointmentQuery())
    await record(diary, first, *done)
    clock.at(19, 12)

    await diary.delete(kept.uid, "20261119T170000", following=True)

    assert shown(await diary.between(*WEEK)) == ["11-18 17:00-18:00"]
    await diary.delete(kept.uid)
    assert (await rows(store))["11-18 17:00"] == "completed"


async def test_the_past_is_shown_as_it_was(diary: Diary, store: BookingStore, clock: Clock) -> None:
    kept = await diary.create(booking(rrule="FREQ=DAILY;COUNT=3"))
    clock.at(19, 12)
    await diary.refresh()

    await diary.edit(replace(kept, start=berlin(18, 9), end=berlin(18, 10)))

    hours = await diary.between(*WEEK)
    assert shown(hours) == ["11-18 17:00-18:00", "11-20 09:00-10:00"]
    assert [hour.state for hour in hours] == [BookingState.MISSED, BookingState.SCHEDULED]
    assert await rows(store) == {
        "11-18 17:00": "missed",
        "11-19 17:00": "cancelled",
        "11-20 09:00": "scheduled",
        "11-20 17:00": "cancelled",
    }


async def test_hours_without_an_appointment_yet_are_shown(diary: Diary) -> None:
    kept = await diary.create(booking(rrule="FREQ=MONTHLY"))

    (hour,) = await diary.between(berlin(1, 0, month=12), berlin(31, 0, month=12))

    assert (hour.id, hour.appointment) == (f"{kept.uid}@20261218T170000", None)
    assert hour.state is BookingState.SCHEDULED


async def test_each_calendar_shows_its_own(diary: Diary) -> None:
    await diary.create(booking(cameras=(LEFT,)))
    pair = await diary.create(booking(cameras=(RIGHT,), calendar="pair"))

    assert [hour.booking for hour in await diary.between(*WEEK, "pair")] == [pair]
    assert len(await diary.between(*WEEK, SITE)) == 1


async def test_what_nobody_recorded_is_missed_also_after_two_weeks_without_us(
    diary: Diary, store: BookingStore, clock: Clock
) -> None:
    await diary.create(booking(berlin(1, 17), rrule="FREQ=DAILY;INTERVAL=9"))
    assert await rows(store) == {"11-19 17:00": "scheduled"}

    clock.at(2, 12, month=12)
    changes = await diary.refresh()

    assert len(changes.missed) == 2
    assert await rows(store) == {
        "11-19 17:00": "missed",
        "11-28 17:00": "missed",
        "12-07 17:00": "scheduled",
    }


async def test_all_that_changes_is_told(diary: Diary, store: BookingStore) -> None:
    told: list[tuple[Appointment, ...]] = []
    leave = diary.listen(told.append)

    kept = await diary.create(booking())
    await record(diary, await only(store), BookingState.RECORDING)
    await diary.delete(kept.uid)
    leave()
    await diary.create(booking())

    assert [[row.state.value for row in each] for each in told] == [
        ["scheduled"],
        ["recording"],
        ["cancelled"],
    ]


async def test_what_says_nothing_new_is_not_told(diary: Diary) -> None:
    told: list[tuple[Appointment, ...]] = []
    await diary.take_over(SITE, CLUB, [there(berlin(20, 17, month=12))])
    diary.listen(told.append)

    await diary.take_over(SITE, CLUB, [there(berlin(20, 17, month=12))])
    await diary.refresh()
    assert told == []

    await diary.take_over(SITE, CLUB, [there(berlin(20, 18, month=12))])
    await diary.take_over(SITE, CLUB, [])
    assert told == [(), ()]


async def test_an_appointment_cannot_go_back(diary: Diary, store: BookingStore) -> None:
    await diary.create(booking())
    row = await only(store)

    with pytest.raises(StepBad, match="scheduled does not become ready"):
        await diary.move(row, replace(row, state=BookingState.READY))

    assert await record(diary, row, BookingState.RECORDING)
    assert not await diary.move(row, replace(row, state=BookingState.COMPLETED))
    assert (await only(store)).state is BookingState.RECORDING


async def test_what_is_not_there_is_not_found(diary: Diary) -> None:
    with pytest.raises(BookingNotFound):
        await diary.edit(booking(uid="missing"))
    with pytest.raises(BookingNotFound):
        await diary.delete("missing")


async def test_what_cannot_be_booked_changes_nothing(diary: Diary, clock: Clock) -> None:
    kept = await diary.create(booking())
    clock.at(18, 19)

    with pytest.raises(BookingOver):
        await diary.edit(replace(kept, start=berlin(19, 17), end=berlin(19, 18)))

    assert shown(await diary.between(*WEEK)) == ["11-18 17:00-18:00"]


def there(start: datetime, name: str = "a", **more: object) -> Booking:
    return booking(start, source_uid=name, **more)


async def test_another_calendar_is_taken_over(diary: Diary, store: BookingStore) -> None:
    entries = [there(berlin(18, 17)), there(berlin(19, 17), "b"), there(berlin(20, 17), "c")]
    await diary.take_over("pair", CLUB, entries)
    before = {row.summary + row.id for row in await store.find(AppointmentQuery())}

    await diary.take_over("pair", CLUB, entries)
    again = {row.summary + row.id for row in await store.find(AppointmentQuery())}
    await diary.take_over("pair", CLUB, [there(berlin(18, 18), summary="Golf"), entries[2]])

    assert again == before
    assert await rows(store) == {
        "11-18 18:00": "scheduled",
        "11-19 17:00": "cancelled",
        "11-20 17:00": "scheduled",
    }
    hours = await diary.between(*WEEK, "pair")
    assert [hour.booking.summary for hour in hours] == ["Golf", "Tennis"]
    assert {hour.booking.source for hour in hours} == {CLUB}


async def test_what_is_over_stays_when_another_calendar_forgets_it(
    diary: Diary, store: BookingStore, clock: Clock
) -> None:
    await diary.take_over(SITE, CLUB, [there(berlin(18, 17)), there(berlin(19, 17), "b")])
    clock.at(18, 18)

    await diary.take_over(SITE, CLUB, [])

    assert await rows(store) == {"11-18 17:00": "scheduled", "11-19 17:00": "cancelled"}
    assert shown(await diary.between(*WEEK)) == ["11-18 17:00-18:00"]


async def test_the_end_of_what_is_running_follows_another_calendar(
    diary: Diary, store: BookingStore, clock: Clock
) -> None:
    await diary.take_over(SITE, CLUB, [there(berlin(18, 17))])
    clock.at(18, 17, 30)
    await record(diary, await only(store), BookingState.RECORDING)

    await diary.take_over(SITE, CLUB, [there(berlin(18, 16, 45), length=2 * HOUR)])

    row = await only(store)
    assert (row.start, row.end) == (berlin(18, 17), berlin(18, 18, 45))


async def test_what_another_calendar_says_is_not_refused_but_marked(
    diary: Diary, store: BookingStore
) -> None:
    mine = await diary.create(booking())

    await diary.take_over(SITE, CLUB, [there(berlin(18, 17, 30))])
    marked = {
        row.summary: row.error for row in await store.find(AppointmentQuery(booking=mine.uid))
    }
    theirs = [row for row in await store.find(AppointmentQuery()) if row.booking != mine.uid]
    await diary.delete(mine.uid)

    assert marked == {"Tennis": None}
    assert [row.error for row in theirs] == [CLASH]
    row = await store.get(theirs[0].id)
    assert row is not None
    assert row.error is None


async def test_what_is_in_nobodys_way_any_more_may_be_edited_in_spite_of_a_stranger(
    diary: Diary,
) -> None:
    mine = await diary.create(booking())
    await diary.take_over(SITE, CLUB, [there(berlin(18, 17, 30))])

    edited = await diary.edit(replace(mine, summary="Finals"))

    assert edited.summary == "Finals"
    with pytest.raises(Clash):
        await diary.edit(replace(mine, end=berlin(18, 18, 30)))


async def test_what_comes_from_another_calendar_is_changed_there(diary: Diary) -> None:
    await diary.take_over(SITE, CLUB, [there(berlin(18, 17))])
    (hour,) = await diary.between(*WEEK)

    with pytest.raises(BookedElsewhere, match="change it there"):
        await diary.delete(hour.booking.uid)
    with pytest.raises(BookedElsewhere):
        await diary.edit(hour.booking)


async def test_what_cannot_be_booked_is_left_out_of_what_is_taken_over(
    diary: Diary, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    endless = there(berlin(18, 17), "b", length=48 * HOUR)

    await diary.take_over(SITE, CLUB, [endless, there(berlin(19, 17))])

    assert shown(await diary.between(*WEEK)) == ["11-19 17:00-18:00"]
    assert f"Left out an hour of {CLUB}" in caplog.text


def test_every_error_has_its_code() -> None:
    errors = BookingError.__subclasses__()

    assert len({error.code for error in (BookingError, *errors)}) == len(errors) + 1
