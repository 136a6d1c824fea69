"""Fifty appointments in a month in which the clocks go back, and everything goes wrong once."""

from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import pytest

from custom_components.gatehouse.bookings import Appointment, AppointmentQuery, Clash
from custom_components.gatehouse.database import Database
from custom_components.gatehouse.models import BookingState
from tests.rooms.bookings.booked import LEFT, RIGHT, Clock, berlin, booking
from tests.rooms.bookings.world import World
from tests.waiting import eventually

_S: Final = BookingState
HALF_HOUR: Final = timedelta(minutes=30)
MINUTE: Final = timedelta(minutes=1)
STEP: Final = timedelta(minutes=5)
IDLE: Final = timedelta(hours=1)

# From the tenth of October on: on the 25th, a Sunday, the clocks go back.
FIRST: Final = 10
END: Final = berlin(9, 0, month=11)

type Trouble = Callable[[World], Awaitable[object]]


async def off(world: World) -> None:
    world.pi.is_off = True


async def away(world: World) -> None:
    world.pi.is_away = True


async def back(world: World) -> None:
    world.pi.is_off = world.pi.is_away = False


async def restart(world: World) -> None:
    world.start()


async def no_room(world: World) -> None:
    world.merger.fails = 4


async def one_camera_breaks(world: World) -> None:
    world.pi.broken = {"left"}


async def it_is_mended(world: World) -> None:
    world.pi.broken = set()


async def cancel(world: World) -> None:
    row = await running(world)
    await world.diary.delete(row.booking, row.recurrence)


async def lengthen(world: World) -> None:
    await end_at(world, timedelta(minutes=10))


async def shorten(world: World) -> None:
    await end_at(world, -timedelta(minutes=10))


async def end_at(world: World, later: timedelta) -> None:
    row = await running(world)
    hours = await world.diary.between(row.start, row.end)
    (hour,) = [each for each in hours if each.id == row.id]
    said = replace(hour.booking, start=row.start.astimezone(hour.booking.zone))
    said = replace(said, end=(row.end + later).astimezone(hour.booking.zone))
    await world.diary.edit(said, hour.recurrence)


async def overlap(world: World) -> None:
    row = await running(world)
    with pytest.raises(Clash, match=row.summary):
        await world.diary.create(booking(world.clock.now + MINUTE, MINUTE, cameras=(LEFT,)))


async def running(world: World) -> Appointment:
    """Return what is being recorded now."""
    now = world.clock.now
    query = AppointmentQuery(since=now, until=now + MINUTE, states=frozenset({_S.RECORDING}))
    (row,) = await world.store.find(query)
    return row


def at(day: int, minute: int = 0) -> datetime:
    """Return a moment of the appointment of a day, so many minutes after its start."""
    start = berlin(FIRST, 18, month=10) + timedelta(days=day)
    return start.astimezone(UTC) + timedelta(minutes=minute)


# When what happens; days are counted from the first.
TROUBLES: Final[dict[datetime, Trouble]] = {
    at(1, 12): restart,
    at(2, 12): lengthen,
    at(3, 12): shorten,
    at(4, 12): cancel,
    at(5, 12): overlap,
    at(6, -5): one_camera_breaks,
    at(6, 40): it_is_mended,
    at(7, 29): no_room,
    at(8, 10): away,
    at(8, 50): back,
    at(9, -10): away,
    at(9, 300): back,
    at(10, -10): off,
    at(10, 50): back,
    at(11, 10): off,
    at(11, 20): back,
    at(12, 5): restart,
    at(12, 15): restart,
    at(15, 10): restart,
    at(16, 10): lengthen,
    at(17, 10): cancel,
}


@pytest.mark.timeout(300)
async def test_each_of_fifty_hours_ends_as_it_should_once(
    database: Database, clock: Clock, tmp_path: Path
) -> None:
    clock.at(FIRST - 1, 12, month=10)
    world = World(database, clock, tmp_path / "media")
    await world.diary.create(
        booking(berlin(FIRST, 18, month=10), HALF_HOUR, rrule="FREQ=DAILY;COUNT=30")
    )
    # Of a single camera each, one after the other: they are in nobody's way.
    for day in range(20):
        start = berlin(FIRST + day, 20, month=10) if day < 15 else berlin(day - 14, 20, month=11)
        camera = (LEFT, RIGHT)[day % 2]
        plain = booking(start, HALF_HOUR, summary=f"Lesson {day}", cameras=(camera,), share=True)
        await world.diary.create(plain)

    while clock.now < END:
        await go_on(world)

    rows = await world.store.find(AppointmentQuery())
    assert len({row.id for row in rows}) == len(rows) == 50
    assert Counter(row.state for row in rows) == {
        _S.READY: 27,
        _S.SHARED: 20,
        _S.CANCELLED: 2,
        _S.MISSED: 1,
    }
    series = {(row.start - at(0)).days: row for row in rows if not row.share}
    lengths = {day: row.recorded_until - row.start for day, row in series.items() if row.movie}  # type: ignore[operator]
    assert (lengths[2], lengths[3], lengths[0]) == (4 * HALF_HOUR / 3, 2 * HALF_HOUR / 3, HALF_HOUR)
    assert {day for day, row in series.items() if row.error} == {6}
    assert [day for day, row in series.items() if row.state is _S.MISSED] == [10]
    # One movie each, no part that is left, nobody told twice.
    for row in rows:
        movies = [each for each in await world.rows(row.id) if not each.part]
        assert len(movies) == (row.movie is not None), row
        assert not [each for each in await world.rows(row.id) if each.part and each.path], row
    assert Counter(row.id for row in world.told) == Counter(row.id for row in rows if row.movie)
    # By the clock on the wall it is always six in the evening.
    assert {row.start.astimezone(END.tzinfo).hour for row in rows} == {18, 20}


async def go_on(world: World) -> None:
    """Let the time go by until something happens."""
    now = world.clock.now
    troubles = [moment for moment in TROUBLES if moment > now]
    near = AppointmentQuery(since=now - HALF_HOUR, until=now + IDLE + STEP)
    is_busy = bool(await world.store.find(near))
    world.clock.now = min([now + (STEP if is_busy else IDLE), *troubles])
    if trouble := TROUBLES.get(world.clock.now):
        await trouble(world)
    if trouble or (not is_busy and now.hour % 6 == 0):
        await world.diary.refresh()
        await plan(world)
    await world.look()


async def plan(world: World) -> None:
    """Let the agent know what is booked, if it can be reached."""
    if "pi" in world.agents():
        plans = world.pi.plans
        async with world.planning():
            await eventually(lambda: world.pi.plans > plans)
