"""The rows of bookings and appointments, in a real file."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from custom_components.gatehouse.bookings import (
    AppointmentQuery,
    Booking,
    BookingStore,
    Page,
    Series,
    Tally,
)
from custom_components.gatehouse.models import BookingState
from tests.rooms.bookings.booked import BERLIN, HOUR, NOW, appointment, berlin, booking, full


async def keep(store: BookingStore, *series: Series) -> None:
    def work(page: Page) -> None:
        for each in series:
            page.replace(each.uid, (each,))

    await store.change(work)


async def save(store: BookingStore, *rows: object) -> None:
    await store.change(lambda page: page.save(rows))  # type: ignore[arg-type]


async def test_a_series_comes_back_as_it_was(store: BookingStore) -> None:
    moved = replace(full(), rrule=None, exceptions=frozenset(), recurrence="20261202T170000")
    series = Series(booking=full(), overrides=(moved,))
    bare = Series(booking=booking(uid="bare"))

    await keep(store, series, bare)

    assert await store.booking("full") == series
    assert await store.booking("bare") == bare
    assert await store.booking("missing") is None


TWICE = datetime(2026, 10, 25, 2, 30, tzinfo=BERLIN)


@pytest.mark.parametrize("start", [TWICE, TWICE.replace(fold=1), berlin(29, 2, 30, month=3)])
async def test_a_time_comes_back_even_if_a_clock_shows_it_twice_or_never(
    store: BookingStore, start: datetime
) -> None:
    await keep(store, Series(booking=booking(start, uid="a")))

    kept = await store.booking("a")

    assert kept is not None
    assert kept.booking.start.isoformat() == start.isoformat()
    assert kept.booking.zone is BERLIN


async def test_what_is_replaced_is_gone(store: BookingStore) -> None:
    await keep(store, Series(booking=full()))

    await store.change(lambda page: page.replace("full", ()))

    assert await store.booking("full") is None


async def test_an_appointment_comes_back_as_it_was(store: BookingStore) -> None:
    row = appointment(
        recurrence="20261118T170000",
        owner_id="user",
        upload=True,
        share=True,
        notify=("notify.anna",),
        state=BookingState.SHARED,
        recorded_since=NOW,
        recorded_until=NOW + HOUR,
        movie="m",
        link="https://example.org/x",
        error="e",
        attempts=2,
        retry_at=NOW,
        changed=NOW,
    )

    await save(store, row)

    assert await store.get("a") == row
    assert await store.get("missing") is None
    assert "example.org" not in repr(row)


SERIES = {
    "endless": booking(berlin(1, 10, month=1), uid="endless", rrule="FREQ=WEEKLY"),
    "ended": booking(berlin(1, 10, month=1), uid="ended", rrule="FREQ=WEEKLY;COUNT=3"),
    "before": booking(berlin(18, 16), uid="before"),
    "inside": booking(berlin(18, 17), uid="inside"),
    "around": booking(berlin(18, 10), 24 * HOUR, uid="around"),
    "after": booking(berlin(18, 18), uid="after"),
}


async def test_series_of_a_span_are_found(store: BookingStore) -> None:
    await keep(store, *(Series(booking=each) for each in SERIES.values()))

    found = await store.look(lambda page: page.overlapping(berlin(18, 17), berlin(18, 18)))

    assert {each.uid for each in found} == {"endless", "inside", "around"}


async def test_a_series_is_found_as_long_as_its_last_hour_lasts(store: BookingStore) -> None:
    await keep(store, Series(booking=SERIES["ended"]))
    last = berlin(15, 10, month=1)

    found = await store.look(lambda page: page.overlapping(last + HOUR / 2, last + HOUR))

    assert [each.uid for each in found] == ["ended"]


async def test_a_series_is_found_with_all_its_hours_by_any_of_them(store: BookingStore) -> None:
    ended = SERIES["ended"]
    moved = replace(booking(berlin(18, 17), uid="ended"), recurrence="20260108T100000")
    series = Series(booking=ended, overrides=(moved,))
    await keep(store, series)

    found = await store.look(lambda page: page.overlapping(berlin(18, 17), berlin(18, 18)))

    assert found == [series]


async def test_a_booking_is_found_where_its_appointment_still_is(store: BookingStore) -> None:
    await keep(store, Series(booking=booking(berlin(30, 17), uid="a")))
    await save(store, appointment())

    found = await store.look(lambda page: page.overlapping(berlin(18, 17), berlin(18, 18)))

    assert [each.uid for each in found] == ["a"]


def taken(uid: str, source: str = "calendar.club", calendar: str = "site") -> Booking:
    return booking(uid=uid, source=source, source_uid=uid, calendar=calendar)


async def test_what_was_taken_over_is_known_by_where_it_came_from(store: BookingStore) -> None:
    bookings = [taken("a"), taken("b", source="calendar.other"), taken("c", calendar="pair")]
    await keep(store, *(Series(booking=each) for each in (*bookings, booking(uid="mine"))))

    club = await store.look(lambda page: page.taken_over("site", "calendar.club", NOW))
    strangers = await store.look(lambda page: page.strangers(NOW))
    late = await store.look(lambda page: page.taken_over("site", "calendar.club", berlin(18, 18)))

    assert [each.uid for each in club] == ["a"]
    assert strangers == {"a", "b", "c"}
    assert late == []


ROWS = (
    appointment(berlin(17, 17), id="old", state=BookingState.SHARED, owner_id="anna"),
    appointment(berlin(18, 11), id="running", state=BookingState.RECORDING, calendar="pair"),
    appointment(berlin(18, 17), id="next", booking="series", owner_id="anna"),
    appointment(berlin(19, 17), id="far", booking="series"),
)
QUERIES = {
    "all": (AppointmentQuery(), "old running next far"),
    "newest": (AppointmentQuery(newest_first=True, limit=2), "far next"),
    "span": (AppointmentQuery(since=berlin(18, 11, 30), until=berlin(18, 17, 1)), "running next"),
    "edges": (AppointmentQuery(since=berlin(18, 12), until=berlin(18, 17)), ""),
    "states": (AppointmentQuery(states=frozenset({BookingState.SCHEDULED})), "next far"),
    "owner": (AppointmentQuery(owner_id="anna"), "old next"),
    "calendar": (AppointmentQuery(calendar="pair"), "running"),
    "booking": (AppointmentQuery(booking="series"), "next far"),
}


@pytest.mark.parametrize("name", QUERIES)
async def test_appointments_are_found(store: BookingStore, name: str) -> None:
    query, expected = QUERIES[name]
    await save(store, *ROWS)

    assert [row.id for row in await store.find(query)] == expected.split()


async def test_the_next_is_what_is_running_or_comes_first(store: BookingStore) -> None:
    assert await store.next_due(NOW) is None
    await save(store, *ROWS)

    running = await store.next_due(berlin(18, 11, 30))
    coming = await store.next_due(NOW)

    assert running is not None
    assert running.id == "running"
    assert coming is not None
    assert coming.id == "next"


async def test_hours_are_counted_by_their_state(store: BookingStore) -> None:
    half = {"recorded_since": NOW, "recorded_until": NOW + HOUR / 2}
    ready = [appointment(id=name, state=BookingState.READY, **half) for name in "ab"]
    missed = appointment(berlin(10, 9), id="c", state=BookingState.MISSED)
    await save(store, *ready, missed)

    everything, lately = await store.tally(), await store.tally(since=berlin(11, 0))

    assert everything == {
        BookingState.READY: Tally(count=2, booked=2 * HOUR, recorded=HOUR),
        BookingState.MISSED: Tally(count=1, booked=HOUR, recorded=timedelta(0)),
    }
    assert lately.keys() == {BookingState.READY}
    assert (await store.tally(until=berlin(11, 0))).keys() == {BookingState.MISSED}


async def test_how_far_it_has_come_changes_nothing_that_people_said(store: BookingStore) -> None:
    was = appointment()
    await save(store, was)
    await save(store, replace(was, summary="Finals", end=was.end + HOUR))
    moved = replace(was, state=BookingState.RECORDING, recorded_since=NOW)

    assert await store.move(was, moved)

    kept = await store.get("a")
    assert kept == replace(moved, summary="Finals", end=was.end + HOUR)


MEANWHILE = {
    "state": {"state": BookingState.CANCELLED},
    "attempts": {"attempts": 1},
    "movie": {"movie": "m"},
    "link": {"link": "https://example.org"},
}


@pytest.mark.parametrize("what", MEANWHILE)
async def test_what_somebody_moved_meanwhile_is_not_moved(store: BookingStore, what: str) -> None:
    was = appointment()
    moved = replace(was, **MEANWHILE[what])  # type: ignore[arg-type]
    await save(store, moved)

    assert not await store.move(was, replace(was, state=BookingState.RECORDING))

    assert await store.get("a") == moved
    assert was.start.tzinfo is UTC
