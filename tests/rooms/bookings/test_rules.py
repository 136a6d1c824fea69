"""Which appointments there are, what they may become, and which are in the way."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise, product

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.gatehouse.bookings import (
    AHEAD,
    CLASH,
    GRACE,
    Appointment,
    Booking,
    Changes,
    Hour,
    may_become,
    reconcile,
)
from custom_components.gatehouse.bookings.rules import STEPS, clash, in_the_way, marked, matched
from custom_components.gatehouse.models import BookingState, Layout
from tests.rooms.bookings.booked import HOUR, LEFT, NOW, RIGHT, appointment, berlin, booking

MINUTE = timedelta(minutes=1)


def hour(start: datetime | None = None, length: timedelta = HOUR, **more: object) -> Hour:
    """Return an hour of a booking, named `a` if nothing is said."""
    said = booking(start, length, **({"uid": "a"} | more))
    return hour_of(said)


def hour_of(said: Booking) -> Hour:
    start, end = said.start.astimezone(UTC), said.end.astimezone(UTC)
    return Hour(booking=said, recurrence=None, start=start, end=end)


def after(wanted: list[Hour], known: list[Appointment], now: datetime = NOW) -> list[Appointment]:
    """Return the appointments that there are then."""
    rows = {row.id: row for row in known}
    rows |= {row.id: row for row in reconcile(wanted, known, now).all}
    return list(rows.values())


def test_what_is_booked_becomes_an_appointment() -> None:
    wanted = hour(owner_id="user", upload=True, share=True, notify=("notify.a",))

    changes = reconcile([wanted], [], NOW)

    said = wanted.booking
    expected = appointment(owner_id="user", upload=True, share=True, notify=said.notify)
    assert changes == Changes(new=(replace(expected, changed=NOW),))


def test_what_is_moved_before_it_begins_is_moved_as_a_whole() -> None:
    known = appointment(error="agent_unreachable", attempts=3)
    wanted = hour(berlin(19, 8), 2 * HOUR, cameras=(LEFT,), layout=Layout.SEPARATE)

    (moved,) = reconcile([wanted], [known], NOW).moved

    assert (moved.start, moved.end, moved.cameras) == (wanted.start, wanted.end, (LEFT,))
    assert (moved.layout, moved.error, moved.attempts) == (Layout.SEPARATE, "agent_unreachable", 3)
    assert moved.changed == NOW


@pytest.mark.parametrize("minutes", [10, 90])
def test_the_end_of_what_is_being_recorded_can_be_moved(minutes: int) -> None:
    known = appointment(state=BookingState.RECORDING)
    wanted = hour(berlin(18, 16), cameras=(LEFT,), summary="Finals")
    wanted = replace(wanted, end=known.start + minutes * MINUTE)

    (moved,) = reconcile([wanted], [known], known.start + 5 * MINUTE).moved

    assert moved.start == known.start
    assert moved.end == wanted.end
    assert moved.cameras == known.cameras
    assert moved.summary == "Finals"


def test_what_is_being_recorded_ends_now_rather_than_going_on_at_another_time() -> None:
    known = appointment(state=BookingState.RECORDING)
    now = known.start + 20 * MINUTE

    wanted = hour(berlin(18, 18, 30))

    (moved,) = reconcile([wanted], [known], now).moved

    assert (moved.start, moved.end) == (known.start, now)
    assert reconcile([wanted], [moved], wanted.start).all == ()


@pytest.mark.parametrize("state", sorted(AHEAD))
def test_what_is_deleted_before_its_end_is_cancelled(state: BookingState) -> None:
    known = appointment(state=state)

    (cancelled,) = reconcile([], [known], known.end - MINUTE).cancelled

    assert cancelled == replace(known, state=BookingState.CANCELLED, changed=known.end - MINUTE)


def test_what_is_deleted_at_its_end_is_over() -> None:
    known = appointment(state=BookingState.RECORDING)

    assert reconcile([], [known], known.end).all == ()


def test_what_is_over_is_not_touched_by_what_is_deleted() -> None:
    over = [appointment(id=state, state=state) for state in BookingState]
    states = {row.id: row.state for row in over}

    left = {row.id: row.state for row in after([], over, berlin(20, 12))}

    assert left == states | {"scheduled": BookingState.MISSED}


def test_what_nobody_recorded_is_missed_a_moment_after_its_end() -> None:
    known, wanted = appointment(), hour()

    assert reconcile([wanted], [known], known.end + GRACE - MINUTE / 60).all == ()
    (missed,) = reconcile([wanted], [known], known.end + GRACE).missed
    assert missed.state is BookingState.MISSED


def test_what_went_by_while_nobody_looked_is_missed_and_not_forgotten() -> None:
    changes = reconcile([hour(berlin(10, 17))], [], NOW)

    assert [row.state for row in changes.missed] == [BookingState.MISSED]
    assert changes.new == ()


def test_what_is_booked_again_is_scheduled_again() -> None:
    known = appointment(state=BookingState.CANCELLED, recorded_since=NOW, error="x", attempts=2)

    (again,) = reconcile([hour()], [known], NOW).moved

    assert again == replace(appointment(), changed=NOW)


@pytest.mark.parametrize("state", sorted(set(BookingState) - AHEAD))
def test_nothing_that_is_over_is_doubled(state: BookingState) -> None:
    known = appointment(state=state)

    assert reconcile([hour()], [known], known.end + HOUR).all == ()


def test_an_appointment_goes_its_way_and_no_other() -> None:
    way = "scheduled recording completed processing ready uploaded shared".split()
    states = [BookingState(each) for each in way]
    back = {(each, BookingState.COMPLETED) for each in states[states.index("processing") :]}

    pairs = set(product(states, states))

    onward = {(one, other) for one, other in pairs if states.index(one) < states.index(other)}
    allowed = {pair for pair in pairs if may_become(*pair)}
    assert set(pairwise(states)) <= allowed
    assert allowed <= onward | back | {(state, state) for state in states}
    assert STEPS.keys() == set(BookingState)


STARTS = st.integers(0, 40).map(lambda quarter: NOW - 3 * HOUR + quarter * 15 * MINUTE)
LENGTHS = st.integers(1, 8).map(lambda quarter: quarter * 15 * MINUTE)
NAMES = st.sampled_from("abcdef")


@st.composite
def wants(draw: st.DrawFn) -> list[Hour]:
    names = draw(st.sets(NAMES))
    return [hour(draw(STARTS), draw(LENGTHS), uid=name) for name in sorted(names)]


@st.composite
def knows(draw: st.DrawFn) -> list[Appointment]:
    """Draw appointments in any state, but none that is recorded before it begins."""
    rows = []
    for name in sorted(draw(st.sets(NAMES))):
        state = draw(st.sampled_from(BookingState))
        latest = NOW if state is BookingState.RECORDING else NOW + 8 * HOUR
        start = min(draw(STARTS), latest)
        row = appointment(start, id=name, booking=name, state=state)
        rows.append(replace(row, end=start + draw(LENGTHS)))
    return rows


@settings(max_examples=200, deadline=None)
@given(wanted=wants(), known=knows())
def test_no_appointment_is_lost_and_none_doubled(
    wanted: list[Hour], known: list[Appointment]
) -> None:
    changes = reconcile(wanted, known, NOW)
    rows = after(wanted, known)
    by_id = {row.id: row for row in rows}
    hours = {each.id: each for each in wanted}
    were = {row.id: row for row in known}

    changed = [row.id for row in changes.all]
    assert len(changed) == len(set(changed))
    assert by_id.keys() == hours.keys() | were.keys()
    # What is to come is ahead, unless it was done with already; what is not to be is not ahead.
    done = {row.id for row in known if row.state not in AHEAD}
    to_come = {key for key, each in hours.items() if each.end > NOW}
    ahead = {key for key, row in by_id.items() if row.state in AHEAD and row.end > NOW}
    moved_away = {key for key, row in were.items() if row.state is BookingState.RECORDING}
    assert to_come - done - moved_away <= ahead <= hours.keys()
    # What is done stays as it was, and nothing that was recorded begins at another time.
    untouched = done - {
        key for key in done if were[key].state in {BookingState.MISSED, BookingState.CANCELLED}
    }
    assert all(by_id[key] == were[key] for key in untouched)
    assert all(by_id[key].start == were[key].start for key in moved_away)


@settings(max_examples=200, deadline=None)
@given(wanted=wants(), known=knows(), later=st.integers(0, 20))
def test_what_follows_once_follows_for_good(
    wanted: list[Hour], known: list[Appointment], later: int
) -> None:
    rows = after(wanted, known)

    assert reconcile(wanted, rows, NOW).all == ()
    changes = reconcile(wanted, rows, NOW + later * 15 * MINUTE)
    assert {row.state for row in changes.all} <= {BookingState.MISSED}


@settings(max_examples=200, deadline=None)
@given(one=wants(), many=wants())
def test_a_clash_is_found_if_there_is_one(one: list[Hour], many: list[Hour]) -> None:
    others = [replace(each, booking=replace(each.booking, uid=each.id * 2)) for each in many]
    pairs = [
        (a, b)
        for a in one
        for b in (*one, *others)
        if a is not b and a.start < b.end and b.start < a.end
    ]

    found = clash(one, [*one, *others])

    assert (found is not None) == bool(pairs)
    assert found is None or (found[0], found[1]) in pairs


def test_back_to_back_is_no_clash() -> None:
    assert clash([hour(berlin(18, 17))], [hour(berlin(18, 18), uid="b")]) is None
    assert clash([hour(berlin(18, 17))], [hour(berlin(18, 16), uid="b")]) is None


def test_who_needs_another_camera_is_not_in_the_way() -> None:
    left, right = hour(cameras=(LEFT,)), hour(uid="b", cameras=(RIGHT,))

    assert clash([left], [right]) is None
    both = hour(berlin(18, 17, 30), uid="c")
    assert clash([both], [right, left]) == (both, left, LEFT)


def test_a_long_hour_is_in_the_way_of_all_that_begin_in_it() -> None:
    long, short = hour(length=4 * HOUR), hour(berlin(18, 18), uid="b")
    last = hour(berlin(18, 20), uid="c")

    assert clash([last], [long, short]) == (last, long, LEFT)


def test_only_what_strangers_booked_is_marked() -> None:
    mine, theirs = appointment(), appointment(id="b", booking="b")
    apart = appointment(berlin(18, 19), id="c", booking="c", error=CLASH)
    failing = appointment(id="d", booking="d", error="agent_unreachable")

    changed = list(marked([mine, theirs, apart, failing], {"b", "c", "d"}))

    assert in_the_way([mine, theirs, apart, failing]) == {"a", "b", "d"}
    assert changed == [replace(theirs, error=CLASH), replace(apart, error=None)]


def entry(day: int, clock: int, name: str = "club", **more: object) -> Booking:
    return booking(berlin(day, clock), source="calendar.club", source_uid=name, **more)


def test_hours_of_one_name_are_told_apart_by_their_time() -> None:
    first, second = entry(19, 17, uid="1"), entry(20, 17, uid="2")
    moved, same, new = entry(21, 9), entry(20, 17), entry(22, 9)

    pairs = list(matched([first, second], [moved, same, new, same], NOW))

    assert pairs == [(second, same), (first, moved), (None, new)]


def test_what_has_begun_is_not_moved_to_later_but_another_hour() -> None:
    running, later = entry(18, 12, uid="1"), entry(18, 20)

    assert list(matched([running], [later], NOW)) == [(None, later)]
    assert list(matched([running], [entry(18, 11)], NOW)) == [(running, entry(18, 11))]


def test_what_is_over_there_is_not_taken_over() -> None:
    assert list(matched([], [entry(18, 10)], NOW)) == []
