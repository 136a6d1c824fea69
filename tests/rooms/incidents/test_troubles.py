"""Everything that can go wrong while somebody is there."""

import asyncio
from dataclasses import replace
from datetime import timedelta
import logging
import threading
from typing import Any

import pytest
from sqlalchemy import Connection

from custom_components.gatehouse.database import Database, DatabaseLocked
from custom_components.gatehouse.incidents import IncidentStore
from custom_components.gatehouse.models import AssessmentState, Incident, IncidentState, Picture
from custom_components.gatehouse.vision import BadPicture, DetectorFailed
from tests.rooms.incidents.fakes import (
    BACK,
    CLOSED,
    CONFIRMED,
    FRONT,
    INTERRUPTED,
    Camera,
    Stage,
    errors,
    lost,
    moment,
    person,
)
from tests.waiting import eventually

# --- What breaks ---


async def test_the_newest_picture_wins_when_the_detector_is_busy(stage: Stage) -> None:
    await stage.begin()
    await stage.move()
    stage.eye.open.clear()
    for number in range(10):
        stage.camera.show(stage.picture(number))
        await stage.calm()

    stage.eye.open.set()
    await eventually(lambda: stage.eye.seen)
    await stage.calm()

    assert stage.eye.seen == [moment(9)]


async def test_a_slow_detector_confirms_who_stays_and_lets_go_of_who_left(stage: Stage) -> None:
    await stage.begin()
    await stage.move()

    await stage.frames(0, 6, person(), every=2)
    assert stage.house.present == [True]
    await stage.frames(6, 10, every=2)
    assert stage.house.present == [True]
    await stage.frame(10)

    assert stage.house.present == [True, False]
    await stage.told(CONFIRMED)


async def test_an_agent_that_comes_and_goes_makes_one_incident_of_each_stay(stage: Stage) -> None:
    await stage.confirmed()
    for start in (5, 10, 15):
        stage.incidents.lost(FRONT)
        await eventually(lambda: not stage.camera.open)
        await stage.move()
        await stage.frames(start, start + 0.6, person())
    stage.incidents.lost(FRONT)

    await stage.told(*[CONFIRMED, INTERRUPTED] * 4)
    assert stage.house.present == [True, False] * 4
    assert len({news.incident.id for news in stage.house.incidents}) == 4


async def test_pictures_that_break_are_asked_for_again(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    await stage.confirmed()

    stage.camera.fail(lost())
    await eventually(lambda: len(stage.camera.asked) == 2)
    stage.camera.fail(lost())
    stage.camera.fail(lost())
    await eventually(lambda: len(stage.camera.asked) == 4)
    await stage.frame(3, person())

    assert stage.house.present == [True]
    assert caplog.text.count("No pictures of") == 1
    stage.camera.fail(lost())
    await eventually(lambda: caplog.text.count("No pictures of") == 2)


async def test_pictures_that_end_are_asked_for_again(stage: Stage) -> None:
    await stage.begin()
    await stage.move()

    stage.camera.fail(None)

    await eventually(lambda: len(stage.camera.asked) == 2)


async def test_without_pictures_the_incident_ends_by_our_own_clock(stage: Stage) -> None:
    await stage.confirmed()
    stage.camera.fail(lost())
    await stage.pass_time(30)
    assert stage.house.present == [True]

    await stage.pass_time(31)

    await stage.told(CLOSED)
    assert stage.house.present == [True, False]


async def test_a_bad_picture_is_passed_over(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    await stage.begin()
    await stage.move()
    stage.eye.errors = errors(BadPicture("cut off"), 2)

    await stage.frames(0, 1.0, person())

    assert stage.house.present == [True]
    warnings = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert [record.getMessage() for record in warnings] == ["Bad picture 1 of Front: cut off"]


async def test_a_detector_that_fails_is_complained_of_once_and_asked_again(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    await stage.begin()
    await stage.move()
    stage.eye.errors = errors(DetectorFailed("out of order"), 3)

    await stage.frames(0, 1.2, person())

    assert stage.house.present == [True]
    assert caplog.text.count("out of order") == 1
    assert caplog.text.count("works again") == 1


async def test_nobody_stays_present_while_the_detector_is_blind(stage: Stage) -> None:
    await stage.confirmed()
    stage.eye.open.clear()
    stage.camera.show(stage.picture(1, person()))

    await stage.pass_time(31)

    await eventually(lambda: stage.house.present == [True, False])
    await stage.told(CLOSED)


async def test_a_detector_that_was_out_of_order_for_long_is_soon_asked_again(
    stage: Stage,
) -> None:
    await stage.begin()
    await stage.move()
    stage.eye.errors = errors(DetectorFailed("out of order"), 20)

    async with asyncio.timeout(5):
        await stage.frames(0, 4.6, person())

    assert stage.house.present == [True]


async def test_a_lost_agent_clears_the_sensor_at_once(stage: Stage) -> None:
    await stage.confirmed()

    stage.incidents.lost(FRONT)

    assert stage.house.present == [True, False]
    await stage.told(INTERRUPTED)
    assert [row.state for row in await stage.rows()] == [IncidentState.INTERRUPTED]
    await eventually(lambda: not stage.camera.open)


async def test_an_agent_that_comes_and_goes_makes_no_news_of_who_stays_where_he_was(
    stage: Stage,
) -> None:
    await stage.confirmed()
    await stage.frames(1, 90, person(), every=1)
    await stage.pass_time(90.1)
    await stage.told(CONFIRMED, CLOSED)
    for start in (100, 200, 300):
        stage.incidents.lost(FRONT)
        await eventually(lambda: not stage.camera.open)
        await stage.move()
        await stage.frames(start, start + 2, person())

    assert stage.house.present == [True, *[False, True] * 3]
    assert len(await stage.rows()) == 1


async def test_a_sight_from_before_the_loss_changes_nothing(stage: Stage) -> None:
    stage.built(needed=1, of=1)
    await stage.begin()
    await stage.move()
    stage.eye.open.clear()
    stage.camera.show(stage.picture(0, person()))
    await stage.calm()

    stage.incidents.lost(FRONT)
    stage.eye.open.set()
    stage.incidents.motion(FRONT, moving=True)
    await eventually(lambda: stage.eye.seen)
    await stage.calm()

    assert stage.house.presences == []
    assert await stage.rows() == []


async def test_an_agent_that_returns_is_watched_again(stage: Stage) -> None:
    await stage.confirmed()
    stage.incidents.lost(FRONT)
    await eventually(lambda: not stage.camera.open)

    await stage.move()
    await stage.frames(60, 60.6, person())

    assert stage.house.present == [True, False, True]


async def test_a_camera_switched_off_is_not_read(stage: Stage) -> None:
    await stage.confirmed()

    stage.incidents.switch(FRONT, on=False)

    assert stage.house.present == [True, False]
    await eventually(lambda: not stage.camera.open)
    await stage.told(INTERRUPTED)
    stage.incidents.motion(FRONT, moving=True)
    await stage.pass_time(5)
    assert stage.camera.open == 0
    stage.incidents.switch(FRONT, on=True)
    await eventually(lambda: stage.camera.open)


async def test_a_camera_switched_off_stays_off_when_its_story_starts_over(stage: Stage) -> None:
    stage.incidents.switch(FRONT, on=False)
    stage.incidents.motion(FRONT, moving=True)

    await stage.begin()

    await stage.pass_time(5)
    assert stage.camera.asked == []


async def test_news_of_a_camera_that_nobody_watches_is_harmless(stage: Stage) -> None:
    stage.incidents.motion(BACK, moving=True)
    stage.incidents.switch(BACK, on=True)
    stage.incidents.lost(BACK)

    assert stage.house.presences == []


async def test_one_cameras_trouble_is_not_anothers(stage: Stage) -> None:
    back = Camera(BACK)
    await stage.begin(stage.camera, back)
    await stage.move(camera=back)
    await stage.move()
    await stage.frames(0, 0.6, person())

    back.fail(lost())
    stage.incidents.lost(BACK)
    await stage.frames(0.6, 1.2, person())

    assert stage.house.presences[-1][0] == FRONT
    assert stage.house.present == [True]


# --- Restarts ---


async def test_a_story_that_is_cancelled_interrupts_its_incident(stage: Stage) -> None:
    await stage.confirmed()
    room, camera = stage.stories

    await stage.cancel(camera)

    assert stage.house.present == [True, False]
    await stage.told(CONFIRMED, INTERRUPTED)
    assert [row.state for row in await stage.rows()] == [IncidentState.INTERRUPTED]
    assert stage.camera.open == 0
    assert not room.done()


@pytest.mark.parametrize("order", [1, -1])
async def test_stories_cancelled_in_any_order_leave_nothing_open(stage: Stage, order: int) -> None:
    await stage.confirmed()

    await stage.cancel(*stage.stories[::order])
    await stage.incidents.stop()

    assert [row.state for row in await stage.rows()] == [IncidentState.INTERRUPTED]
    assert stage.house.kinds == [CONFIRMED, INTERRUPTED]
    assert stage.house.present == [True, False]


async def test_stopping_interrupts_and_writes_what_is_open(stage: Stage) -> None:
    await stage.confirmed()

    await stage.incidents.stop()

    assert [row.state for row in await stage.rows()] == [IncidentState.INTERRUPTED]


@pytest.mark.parametrize("asks", [True, False])
async def test_after_a_crash_in_mid_incident_nothing_stays_open(stage: Stage, asks: bool) -> None:
    await stage.confirmed()
    (left,) = await stage.rows()
    await stage.store.save(replace(left, id="left", last_seen=moment(12)))
    stage.built(ask_model=asks)

    await stage.incidents.start()

    row = await stage.store.get("left")
    assert row is not None
    assert (row.state, row.ended) == (IncidentState.INTERRUPTED, moment(12))
    assert row.assessing is (AssessmentState.PENDING if asks else AssessmentState.NONE)
    assert row.assessment is not None
    assert row.assessment.summary == (
        "A person at Front from 12:00:00 to 12:00:12 (12 s). We stopped looking before it was over."
    )
    # The one that crashed here goes on to write what it knows.
    assert "left" not in {each.id for each in await stage.store.left_open()}


async def test_what_waits_for_a_language_model_that_was_given_up_waits_no_more(
    stage: Stage,
) -> None:
    await stage.confirmed()
    (row,) = await stage.rows()
    over = replace(row, state=IncidentState.CLOSED, assessing=AssessmentState.PENDING)
    await stage.store.save(replace(over, id="waits"))
    await stage.store.assess_later("waits", 1, moment(600))

    await stage.built(ask_model=False).start()

    waited = await stage.store.get("waits")
    assert waited is not None
    assert waited.assessing is AssessmentState.NONE
    assert await stage.store.next_retry() is None


async def test_a_story_that_breaks_tells_so_and_leaves_nothing_open(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    await stage.confirmed()

    def broken(_: Picture) -> Any:
        raise ZeroDivisionError

    monkeypatch.setattr(stage.eye, "detect", broken)
    stage.camera.show(stage.picture(1))

    with pytest.RaisesGroup(ZeroDivisionError):
        await asyncio.wait_for(stage.stories[1], 5)
    assert stage.house.present == [True, False]
    await stage.told(CONFIRMED, INTERRUPTED)
    assert [row.state for row in await stage.rows()] == [IncidentState.INTERRUPTED]
    assert stage.camera.open == 0


async def test_a_house_that_breaks_on_a_presence_leaves_nothing_open(stage: Stage) -> None:
    await stage.confirmed()
    stage.house.deaf = {"presences"}

    with pytest.raises(ZeroDivisionError):
        stage.incidents.lost(FRONT)

    await stage.told(INTERRUPTED)
    assert [row.state for row in await stage.rows()] == [IncidentState.INTERRUPTED]


async def test_a_house_that_breaks_on_news_ends_the_story_and_loses_no_row(stage: Stage) -> None:
    await stage.confirmed()
    await eventually(lambda: stage.house.last.picture)
    stage.house.deaf = {"news"}

    await stage.pass_time(31)

    with pytest.RaisesGroup(ZeroDivisionError):
        await asyncio.wait_for(stage.stories[0], 5)
    assert [row.state for row in await stage.rows()] == [IncidentState.CLOSED]


async def test_the_story_that_broke_on_news_starts_over_and_tells_each_once(stage: Stage) -> None:
    await stage.begin()
    await stage.move()
    stage.house.deaf = {"news"}
    await stage.frames(0, 0.6, person())
    with pytest.RaisesGroup(ZeroDivisionError):
        await asyncio.wait_for(stage.stories[0], 5)
    assert stage.films.recorded == []
    stage.house.deaf.clear()

    stage.stories.append(asyncio.create_task(stage.incidents.run()))

    await eventually(lambda: stage.house.last.picture)
    await stage.pass_time(31)
    await stage.told(CONFIRMED, CLOSED)
    assert stage.house.kinds == [CONFIRMED, CLOSED]
    assert len(stage.films.recorded) == 1


# --- A slow or a full disk ---


async def test_a_busy_writer_never_delays_the_sensor(stage: Stage, database: Database) -> None:
    begun, release = threading.Event(), threading.Event()

    def slow(_: Connection) -> None:
        begun.set()
        assert release.wait(10)

    writing = asyncio.create_task(database.write(slow))
    await asyncio.to_thread(begun.wait, 10)
    await stage.begin()
    await stage.move()

    await stage.frames(0, 0.6, person())

    assert stage.house.present == [True]
    assert stage.house.kinds == []
    release.set()
    await writing
    await stage.told(CONFIRMED)


async def test_a_story_cancelled_while_it_writes_still_tells_each_news_once(
    stage: Stage, database: Database
) -> None:
    begun, release = threading.Event(), threading.Event()

    def slow(_: Connection) -> None:
        begun.set()
        assert release.wait(10)

    await stage.begin()
    await stage.move()
    writing = asyncio.create_task(database.write(slow))
    await asyncio.to_thread(begun.wait, 10)
    await stage.frames(0, 0.6, person())

    await stage.cancel()
    release.set()
    await writing
    await stage.incidents.stop()

    assert stage.house.kinds == [CONFIRMED, INTERRUPTED]
    assert [row.state for row in await stage.rows()] == [IncidentState.INTERRUPTED]
    assert len(stage.films.recorded) == 1


class Sulking(IncidentStore):
    """A store whose disk is full for a while."""

    full = True
    refused = 0

    async def save(self, incident: Incident) -> Incident:
        if self.full:
            self.refused += 1
            raise DatabaseLocked("no room")
        return await super().save(incident)


async def test_what_cannot_be_written_is_written_later(
    stage: Stage, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    stage.store = store = Sulking(database)
    stage.built()
    await stage.begin()
    await stage.move()
    await stage.frames(0, 0.6, person())
    await stage.move(False)
    await stage.pass_time(31)
    await eventually(lambda: stage.house.present == [True, False])
    assert caplog.text.count("no room") == 1
    assert stage.house.kinds == []

    store.full = False

    await stage.told(CONFIRMED, CLOSED)
    assert [row.state for row in await stage.rows()] == [IncidentState.CLOSED]
    assert len(stage.house.due) == 1


async def test_incidents_that_cannot_be_written_keep_few_pictures(
    stage: Stage, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("custom_components.gatehouse.incidents.journal.MOST_PICTURED", 2)
    stage.store = store = Sulking(database)
    stage.built()
    await stage.begin()
    await stage.move()
    for start in range(0, 400, 100):
        await stage.frames(start, start + 0.6, person())
        await stage.pass_time(start + 31)
    store.full = False

    await stage.told(*[CONFIRMED, CLOSED] * 4)
    await eventually(lambda: not stage.incidents._journal._pages)

    newest, second, third, _ = await stage.rows()
    assert all((newest.picture, newest.frames, second.picture, second.frames))
    assert not any((third.picture, third.frames))


async def test_what_cannot_be_written_for_long_is_filed_once(
    stage: Stage, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("custom_components.gatehouse.incidents.journal.REFRESH", timedelta())
    stage.store = store = Sulking(database)
    stage.built()
    await stage.begin()
    await stage.move()
    await stage.frames(0, 0.6, person())
    await stage.move(False)
    await stage.pass_time(31)
    await eventually(lambda: len(stage.films.pictures) == 2)
    before = store.refused
    await eventually(lambda: store.refused > before + 20)
    store.full = False

    await stage.told(CONFIRMED, CLOSED)
    assert len(stage.films.pictures) == 2
    (row,) = await stage.rows()
    assert len(row.frames) == 1


async def test_of_pictures_that_come_one_by_one_none_is_passed_over(stage: Stage) -> None:
    stage.camera = Camera(needed=1, clock_ahead=None)
    await stage.begin()
    await stage.move()
    stage.eye.open.clear()
    for second in range(4):
        stage.camera.show(stage.picture(second))
    await stage.calm()
    stage.eye.open.set()

    await eventually(lambda: len(stage.eye.seen) == 4)


async def test_a_picture_that_nobody_could_look_at_is_looked_at_again(stage: Stage) -> None:
    stage.camera = Camera(needed=1, clock_ahead=None)
    await stage.begin()
    await stage.move()
    stage.eye.blind = 2
    stage.camera.show(stage.picture(0, person()))

    await stage.told(CONFIRMED)
