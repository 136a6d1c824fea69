"""Appointments as they go: recorded, made a movie, handed over, whatever happens meanwhile."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from custom_components.gatehouse.bookings import Appointment, Booking
from custom_components.gatehouse.bookings.plans import Plans
from custom_components.gatehouse.database import Database, DatabaseLocked
from custom_components.gatehouse.footage import DiskRefused, FootageStore, Movies
from custom_components.gatehouse.models import BookingState, Footage, Layout
from tests.rooms.bookings.booked import LEFT, RIGHT, Clock, berlin, booking
from tests.rooms.bookings.world import OPTIONS, World
from tests.waiting import eventually

QUARTER = timedelta(minutes=15)
HOURLY = timedelta(hours=1)
ATTIC = "attic/court"


@pytest.fixture
def world(database: Database, clock: Clock, tmp_path: Path, never_blocks: None) -> World:
    return World(database, clock, tmp_path / "media")


async def booked(world: World, **more: object) -> Booking:
    """Book a quarter of an hour from five o'clock on, and let the agent know."""
    kept = await world.diary.create(booking(length=QUARTER, **more))
    async with world.planning():
        await eventually(lambda: len(world.pi.planned + world.attic.planned) == len(kept.cameras))
    return kept


async def state(world: World, key: str) -> Appointment:
    found = await world.store.get(key)
    assert found
    return found


async def parts_here(world: World, key: str) -> list[Footage]:
    """Return the parts of an appointment that take room on the disk."""
    parts = [each for each in await world.rows(key) if each.part and each.path]
    assert await asyncio.to_thread(lambda: all(each.path.exists() for each in parts if each.path))
    return parts


async def movies(world: World, key: str) -> list[Footage]:
    return [each for each in await world.rows(key) if not each.part]


async def until(world: World, moment: datetime, step: timedelta = timedelta(minutes=1)) -> None:
    """Let the time go by."""
    while world.clock.now < moment:
        world.clock.now += step
        await world.look()


async def test_an_hour_is_recorded_made_a_movie_uploaded_and_shared(world: World) -> None:
    kept = await booked(world, upload=True, share=True)

    await until(world, berlin(18, 17, 8))
    assert (await state(world, kept.uid)).state is BookingState.RECORDING
    await until(world, berlin(18, 17, 20))

    row = await state(world, kept.uid)
    assert (row.state, row.error) == (BookingState.SHARED, None)
    assert (row.recorded_since, row.recorded_until) == (berlin(18, 17), berlin(18, 17, 15))
    (movie,) = [each for each in await world.rows(kept.uid) if not each.part]
    assert (row.movie, row.link) == (movie.id, f"https://example.org/{movie.id}")
    assert world.shared == [movie.id]
    assert [each.id for each in world.told] == [kept.uid]
    (plan,) = world.merger.plans
    assert plan.right
    assert [len(plan.left.parts), len(plan.right.parts)] == [3, 3]
    assert (plan.since, plan.until) == (berlin(18, 17), berlin(18, 17, 15))
    assert not [each for each in await world.rows(kept.uid) if each.part and each.path]


async def test_what_nobody_wants_elsewhere_is_ready_and_told_once(world: World) -> None:
    kept = await booked(world)

    await until(world, berlin(18, 17, 40))

    assert (await state(world, kept.uid)).state is BookingState.READY
    assert len(world.told) == 1
    assert world.shared == []


async def test_without_a_storage_a_movie_is_shared_from_here(world: World) -> None:
    world.can_upload = False
    kept = await booked(world, upload=True, share=True)

    await until(world, berlin(18, 17, 20))

    assert (await state(world, kept.uid)).state is BookingState.SHARED


async def test_one_camera_that_fails_leaves_the_other_alone_and_that_is_said(world: World) -> None:
    world.pi.broken = {"right"}
    kept = await booked(world)

    await until(world, berlin(18, 17, 20))

    row = await state(world, kept.uid)
    assert (row.state, row.error) == (BookingState.READY, "one_camera")
    (plan,) = world.merger.plans
    assert (plan.left.camera, plan.right) == (LEFT, None)


async def test_separate_cameras_are_two_movies(world: World) -> None:
    kept = await booked(world, layout=Layout.SEPARATE)

    await until(world, berlin(18, 17, 20))

    movies = [each for each in await world.rows(kept.uid) if not each.part]
    assert sorted(each.camera for each in movies) == [LEFT, RIGHT]
    assert (await state(world, kept.uid)).error is None


async def test_what_an_agent_records_while_we_are_away_is_taken_up_later(world: World) -> None:
    kept = await booked(world)

    world.pi.is_away = True
    await until(world, berlin(18, 18))
    assert (await state(world, kept.uid)).state is BookingState.MISSED
    world.start()
    world.pi.is_away = False
    await until(world, berlin(18, 18, 5))

    assert (await state(world, kept.uid)).state is BookingState.READY
    (plan,) = world.merger.plans
    assert len(plan.left.parts) == 3


async def test_a_restart_in_the_middle_loses_nothing(world: World) -> None:
    kept = await booked(world)

    await until(world, berlin(18, 17, 7))
    world.start()
    await until(world, berlin(18, 17, 20))

    assert (await state(world, kept.uid)).state is BookingState.READY
    (plan,) = world.merger.plans
    assert len(plan.left.parts) == 3


async def test_an_agent_that_was_off_recorded_nothing(world: World) -> None:
    kept = await booked(world)

    world.pi.is_off = True
    await until(world, berlin(18, 18))
    world.pi.is_off = False
    await until(world, berlin(18, 18, 5))

    row = await state(world, kept.uid)
    assert row.state is BookingState.MISSED
    assert await world.rows(kept.uid) == []


async def test_a_full_disk_is_waited_for(world: World) -> None:
    world.merger.fails = 3
    kept = await booked(world)

    await until(world, berlin(18, 17, 17))
    row = await state(world, kept.uid)
    assert (row.state, row.error) == (BookingState.COMPLETED, "disk_full")
    await until(world, berlin(18, 18))

    assert (await state(world, kept.uid)).state is BookingState.READY
    assert len(world.merger.plans) == 1


async def test_an_hour_that_is_cancelled_while_it_is_recorded_is_forgotten(world: World) -> None:
    kept = await booked(world)

    await until(world, berlin(18, 17, 8))
    async with world.planning():
        await world.diary.delete(kept.uid)
        await eventually(lambda: world.pi.planned == ())
    await until(world, berlin(18, 17, 20))
    assert (await state(world, kept.uid)).state is BookingState.CANCELLED
    assert [each for each in await world.rows(kept.uid) if each.path]
    await until(world, berlin(19, 18), timedelta(hours=1))

    assert (await state(world, kept.uid)).state is BookingState.CANCELLED
    assert not [each for each in await world.rows(kept.uid) if each.path]
    assert world.merger.plans == []


async def test_an_hour_may_become_longer_while_it_is_recorded(world: World) -> None:
    kept = await booked(world)

    await until(world, berlin(18, 17, 8))
    async with world.planning():
        await world.diary.edit(replace(kept, end=berlin(18, 17, 30)))
        await eventually(lambda: world.pi.planned[0].until == berlin(18, 17, 30))
    await until(world, berlin(18, 17, 40))

    row = await state(world, kept.uid)
    assert (row.state, row.recorded_until) == (BookingState.READY, berlin(18, 17, 30))


async def test_a_movie_that_was_interrupted_is_made_again(world: World) -> None:
    kept = await booked(world)
    await until(world, berlin(18, 17, 15))
    world.clock.now += timedelta(minutes=2)
    world.pi.record()
    await world.fetch()
    await world.bookings.look()
    completed = await state(world, kept.uid)
    assert await world.diary.move(completed, replace(completed, state=BookingState.PROCESSING))

    world.start()
    await world.bookings.recover()
    await until(world, berlin(18, 17, 20))

    assert (await state(world, kept.uid)).state is BookingState.READY
    assert len([each for each in await world.rows(kept.uid) if not each.part]) == 1


async def test_a_plan_is_sent_again_only_when_it_changes(world: World) -> None:
    await booked(world)
    plans = world.pi.plans

    async with world.planning():
        await eventually(lambda: world.pi.plans == plans + 1)
        for _ in range(3):
            await world.diary.refresh()
        await asyncio.sleep(0.05)

    assert world.pi.plans == plans + 1


async def test_an_agent_that_comes_back_is_told_at_once_what_is_booked(world: World) -> None:
    world.pi.refuses = True
    await world.diary.create(booking(length=QUARTER))
    plans = Plans(world.store, replace(OPTIONS, retry_first=timedelta(hours=1)), world)
    plans.described("pi")
    sending = asyncio.create_task(plans.run())
    await eventually(lambda: world.pi.refused)

    world.pi.refuses = False
    plans.described("pi")

    await eventually(lambda: world.pi.planned)
    sending.cancel()
    await asyncio.gather(sending, return_exceptions=True)


async def test_two_movies_are_off_site_when_both_are(world: World) -> None:
    kept = await booked(world, layout=Layout.SEPARATE, upload=True)
    world.uploads_at_once = 0
    await until(world, berlin(18, 17, 20))
    world.uploads_at_once = 1

    await world.look()
    assert (await state(world, kept.uid)).state is BookingState.READY
    await world.look()

    assert (await state(world, kept.uid)).state is BookingState.UPLOADED


async def test_a_panorama_tells_when_a_camera_was_moved(world: World) -> None:
    world.merger.moved = True
    kept = await booked(world, layout=Layout.PANORAMA)

    await until(world, berlin(18, 17, 20))

    row = await state(world, kept.uid)
    assert (row.state, row.error) == (BookingState.READY, "cameras_moved")


async def test_what_can_be_no_panorama_is_side_by_side_and_says_so(world: World) -> None:
    world.merger.can_stitch = False
    kept = await booked(world, layout=Layout.PANORAMA)

    await until(world, berlin(18, 17, 20))

    row = await state(world, kept.uid)
    assert (row.state, row.error) == (BookingState.READY, "panorama_unavailable")
    assert [plan.layout for plan in world.merger.plans] == [Layout.SIDE_BY_SIDE]


@pytest.mark.parametrize(("late", "other"), [("attic", LEFT), ("pi", ATTIC)])
@pytest.mark.parametrize("filed_as", ["pair", LEFT])
async def test_a_camera_that_comes_late_has_a_movie_of_its_own(
    world: World, late: str, other: str, filed_as: str
) -> None:
    world.filed_as = filed_as
    kept = await booked(world, cameras=(LEFT, ATTIC), upload=True, share=True)
    agent = world.pi if late == "pi" else world.attic
    agent.is_away = True
    await until(world, berlin(18, 17, 30))
    await until(world, berlin(19, 18), HOURLY)
    alone = await state(world, kept.uid)
    assert (alone.state, alone.error) == (BookingState.SHARED, "one_camera")

    agent.is_away = False
    await until(world, berlin(19, 18, 40))

    row = await state(world, kept.uid)
    assert (row.state, row.error) == (BookingState.SHARED, None)
    assert (row.movie, row.link) == (alone.movie, alone.link)
    first, second = world.merger.plans
    assert first.left.camera == other
    assert {first.left.camera, second.left.camera} == {LEFT, ATTIC}
    assert len(second.left.parts) == 3
    found = {each.id: each.camera for each in await movies(world, kept.uid)}
    assert found.pop(alone.movie or "") == ("pair" if filed_as == "pair" else other)
    assert list(found.values()) == [second.left.camera]
    assert await parts_here(world, kept.uid) == []
    assert len(world.shared) == 1


async def test_what_comes_late_of_a_camera_is_not_lost_either(world: World) -> None:
    kept = await booked(world)
    await until(world, berlin(18, 17, 7))
    world.pi.is_away = True
    await until(world, berlin(18, 17, 30))
    await until(world, berlin(19, 18), HOURLY)
    row = await state(world, kept.uid)
    assert (row.state, row.recorded_until) == (BookingState.READY, berlin(18, 17, 5))

    world.pi.is_away = False
    await until(world, berlin(19, 18, 40))

    row = await state(world, kept.uid)
    assert (row.state, row.error) == (BookingState.READY, None)
    assert (row.recorded_since, row.recorded_until) == (berlin(18, 17), berlin(18, 17, 15))
    assert sorted(each.camera for each in await movies(world, kept.uid)) == [LEFT, RIGHT, "site"]
    assert [len(plan.left.parts) for plan in world.merger.plans] == [1, 2, 2]


async def test_what_is_on_its_way_when_a_movie_is_made_is_waited_for(world: World) -> None:
    kept = await booked(world, cameras=(LEFT, ATTIC))
    world.attic.is_away = True
    await until(world, berlin(18, 17, 30))
    world.attic.record()
    on_its_way = await world.send_for(world.attic)
    await until(world, berlin(19, 18), HOURLY)
    assert (await state(world, kept.uid)).state is BookingState.READY
    assert len(await parts_here(world, kept.uid)) == 3

    for each in on_its_way:
        await world.arrive(each)
    await until(world, berlin(19, 18, 40))

    assert len(await movies(world, kept.uid)) == 2
    assert await parts_here(world, kept.uid) == []


async def test_what_never_comes_takes_no_room_for_ever(world: World) -> None:
    kept = await booked(world, cameras=(LEFT, ATTIC))
    world.attic.is_away = True
    await until(world, berlin(18, 17, 30))
    world.attic.record()
    await world.send_for(world.attic)
    await until(world, berlin(30, 17), 6 * HOURLY)
    assert len(await parts_here(world, kept.uid)) == 3

    world.clock.at(3, 18, month=12)
    await world.bookings.tidy()

    assert await parts_here(world, kept.uid) == []


async def test_parts_that_the_disk_keeps_are_no_late_ones(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(*_: object, **__: object) -> bool:
        raise DiskRefused("It is read-only: mend it")

    kept = await booked(world)
    with monkeypatch.context() as patch:
        patch.setattr(Movies, "drop_parts", refuse)
        await until(world, berlin(18, 17, 20))
    assert len(await parts_here(world, kept.uid)) == 6

    world.start()
    await world.look()

    assert await parts_here(world, kept.uid) == []
    assert len(world.merger.plans) == 1


async def test_what_comes_late_and_can_be_no_movie_leaves_the_first_one_alone(
    world: World,
) -> None:
    kept = await booked(world, cameras=(LEFT, ATTIC))
    world.attic.is_away = True
    await until(world, berlin(18, 17, 30))
    await until(world, berlin(19, 18), HOURLY)

    world.attic.is_away = False
    world.merger.fails = 8
    await until(world, berlin(20, 18), HOURLY)

    row = await state(world, kept.uid)
    assert (row.state, row.error, row.attempts) == (BookingState.READY, "one_camera", 8)
    assert len(world.told) == 1
    world.start()
    await until(world, berlin(26, 12), HOURLY)
    assert len(world.merger.plans) == 1
    assert len(await parts_here(world, kept.uid)) == 3
    await until(world, berlin(28, 18), HOURLY)
    assert await parts_here(world, kept.uid) == []


@pytest.mark.parametrize("is_deleted", [False, True])
async def test_parts_that_can_be_no_movie_go_after_a_week(world: World, is_deleted: bool) -> None:
    world.merger.fails = 8
    kept = await booked(world)
    await until(world, berlin(18, 17, 30))
    await until(world, berlin(19, 12), HOURLY)
    if is_deleted:
        await world.diary.delete(kept.uid)

    await until(world, berlin(25, 12), HOURLY)
    row = await state(world, kept.uid)
    assert (row.state, row.error) == (BookingState.FAILED, "disk_full")
    assert len(await parts_here(world, kept.uid)) == 6
    await until(world, berlin(26, 12), HOURLY)

    assert await parts_here(world, kept.uid) == []
    assert (await state(world, kept.uid)).state is BookingState.FAILED


async def test_a_movie_that_the_database_refuses_once_is_made_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(*_: object) -> bool:
        raise DatabaseLocked("It is locked: try again")

    kept = await booked(world)
    await until(world, berlin(18, 17, 15))
    world.clock.now += timedelta(minutes=2)
    world.pi.record()
    await world.fetch()
    await world.bookings.look()
    with monkeypatch.context() as patch:
        patch.setattr(FootageStore, "add", refuse)
        with pytest.raises(DatabaseLocked):
            await world.bookings.make_next()

    await world.bookings.recover()
    await world.look()

    assert (await state(world, kept.uid)).state is BookingState.READY
    assert len(await movies(world, kept.uid)) == 1
    assert await parts_here(world, kept.uid) == []
