"""Somebody comes, stays and leaves, and everything that can go wrong meanwhile."""

import asyncio
from dataclasses import replace
from datetime import timedelta
import logging
import threading
from typing import Any

import pytest
from sqlalchemy import Connection

from custom_components.gatehouse.database import Database, DatabaseLocked
from custom_components.gatehouse.footage import FootageError
from custom_components.gatehouse.incidents import IncidentQuery, IncidentStore
from custom_components.gatehouse.models import Incident, IncidentState, Picture
from custom_components.gatehouse.vision import BadPicture, DetectorFailed
from tests.rooms.incidents.fakes import BACK, FRONT, NOON, Camera, Stage, jpeg, lost, person

EVERYTHING = IncidentQuery(confirmed_only=False)


def moment(seconds: float) -> Any:
    return NOON + timedelta(seconds=seconds)


async def rows(stage: Stage) -> list[Incident]:
    return await stage.store.find(EVERYTHING)


# --- Coming ---


async def test_an_idle_camera_is_never_read(stage: Stage) -> None:
    await stage.begin()

    await stage.pass_time(60)

    assert stage.camera.asked == []


async def test_motion_opens_the_pictures_and_stillness_closes_them(stage: Stage) -> None:
    await stage.begin()
    await stage.move()
    await stage.frame(0)

    await stage.move(False)

    await stage.eventually(lambda: not stage.camera.open)
    assert stage.camera.asked == [5.0]
    assert stage.news.presences == []


async def test_three_frames_of_five_make_an_incident(stage: Stage) -> None:
    await stage.begin()
    await stage.move()
    await stage.frame(0)
    await stage.frame(0.2, person(0.5))
    await stage.frame(0.4)
    await stage.frame(0.6, person(0.7))
    assert stage.news.present == []

    await stage.frame(0.8, person(0.6))

    assert stage.news.present == [True]
    assert stage.news.presences[0][0] == FRONT
    await stage.eventually(lambda: stage.news.kinds == ["opened", "confirmed"])
    row = (await rows(stage))[0]
    assert (row.camera, row.state, row.labels, row.count) == (
        FRONT,
        IncidentState.OPEN,
        ("person",),
        1,
    )
    assert (row.started, row.confirmed, row.score) == (moment(0.2), moment(0.8), 0.7)
    assert row.assessment is not None


async def test_one_frame_is_nobody_and_is_forgotten(stage: Stage) -> None:
    await stage.begin()
    await stage.move()
    await stage.frame(0, person())
    await stage.eventually(lambda: stage.news.kinds == ["opened"])
    assert len(await rows(stage)) == 1

    await stage.frames(0.2, 5.4)

    await stage.eventually(lambda: stage.news.kinds == ["opened", "dropped"])
    assert await rows(stage) == []
    assert stage.news.present == []
    assert stage.films.recorded == []


async def test_a_doubt_keeps_looking_after_the_motion_has_ended(stage: Stage) -> None:
    await stage.begin()
    await stage.move()
    await stage.frame(0, person())
    await stage.move(False)

    await stage.frame(0.2, person())
    await stage.frame(1.2, person())

    assert stage.news.present == [True]


async def test_signs_of_an_earlier_motion_confirm_nobody(stage: Stage) -> None:
    await stage.begin()
    await stage.move()
    await stage.frames(0, 0.4, person())
    await stage.frames(0.4, 5.6)
    await stage.frames(5.6, 6.0, person())
    await stage.frames(6.0, 11.4)
    await stage.move(False)
    await stage.eventually(lambda: not stage.camera.open)
    await stage.move()

    await stage.frames(600, 600.4, person())

    assert stage.news.present == []


async def test_what_is_not_looked_for_is_not_seen(stage: Stage) -> None:
    stage.built(labels=frozenset({"dog"}))
    await stage.begin()
    await stage.move()

    await stage.frames(0, 1, person())

    assert stage.news.kinds == []


async def test_each_frame_counts_the_people(stage: Stage) -> None:
    await stage.confirmed()

    await stage.frames(0.6, 1.2, person(), person(0.6))

    assert [presence.count for _, presence in stage.news.presences] == [1, 2]
    await stage.eventually(lambda: stage.news.last.count == 2)


async def test_motion_before_the_story_begins_is_not_lost(stage: Stage) -> None:
    stage.incidents.motion(FRONT, moving=True)

    await stage.begin()

    await stage.eventually(lambda: stage.camera.open)


# --- Staying and leaving ---


async def test_who_leaves_is_gone_after_five_seconds_and_the_incident_after_thirty(
    stage: Stage,
) -> None:
    await stage.confirmed()
    await stage.frames(0.6, 5.0)
    assert stage.news.present == [True]

    await stage.frames(5.0, 5.6)
    assert stage.news.present == [True, False]
    await stage.pass_time(30.3)
    assert "closed" not in stage.news.kinds

    await stage.pass_time(30.5)

    await stage.eventually(lambda: stage.news.kinds == ["opened", "confirmed", "closed"])
    row = (await rows(stage))[0]
    assert row == stage.news.last
    assert row.state is IncidentState.CLOSED
    assert row.last_seen == moment(0.4)
    assert moment(30.4) <= row.ended <= moment(30.6)


async def test_the_pictures_close_when_nothing_moves_and_nobody_is_there(stage: Stage) -> None:
    await stage.confirmed()
    await stage.move(False)
    await stage.frames(1, 8, every=1)
    assert stage.camera.open

    await stage.pass_time(31)

    await stage.eventually(lambda: not stage.camera.open)


async def test_who_stands_still_is_looked_at_once_a_second(stage: Stage) -> None:
    await stage.confirmed()

    await stage.move(False)
    await stage.frame(1, person())

    await stage.eventually(lambda: stage.camera.asked == [5.0, 1.0])
    await stage.move()
    await stage.frame(2, person())
    await stage.eventually(lambda: stage.camera.asked == [5.0, 1.0, 5.0])
    assert stage.camera.open == 1


async def test_who_returns_in_time_is_in_the_same_incident(stage: Stage) -> None:
    first = await stage.confirmed()
    await stage.frames(0.6, 6)

    await stage.frames(20, 20.6, person())

    assert stage.news.present == [True, False, True]
    await stage.eventually(lambda: stage.news.last.last_seen >= moment(20))
    assert [row.id for row in await rows(stage)] == [first.id]


async def test_who_stays_begins_a_new_incident_and_is_there_all_the_time(stage: Stage) -> None:
    first = await stage.confirmed()

    await stage.frames(1, 95, person(), every=1)

    assert stage.news.present == [True]
    await stage.eventually(
        lambda: stage.news.kinds == ["opened", "confirmed", "closed", "opened", "confirmed"]
    )
    second, closed = await rows(stage)
    assert closed.id == first.id
    assert (closed.started, closed.last_seen, closed.ended) == (moment(0), moment(89), moment(90))
    assert second.started == moment(90)


async def test_who_leaves_at_the_end_of_a_window_does_not_stay_present(stage: Stage) -> None:
    await stage.confirmed()
    await stage.frames(1, 89, person(), every=1)
    await stage.frame(90)
    await stage.eventually(lambda: "closed" in stage.news.kinds)
    assert stage.news.present == [True]

    await stage.pass_time(120)

    await stage.eventually(lambda: stage.news.present == [True, False])


@pytest.mark.parametrize("hours", [-1, 1, 24 * 365])
async def test_an_agents_clock_may_be_wrong(stage: Stage, hours: int) -> None:
    stage.skew = timedelta(hours=hours)
    await stage.confirmed()
    await stage.frames(1, 60, person(), every=1)
    await stage.frames(60, 66, every=0.5)
    assert stage.news.present == [True, False]
    assert stage.news.kinds == ["opened", "confirmed"]

    await stage.pass_time(90)

    await stage.eventually(lambda: stage.news.kinds == ["opened", "confirmed", "closed"])
    assert stage.news.last.last_seen == moment(59) + stage.skew


@pytest.mark.parametrize("hours", [-1, 1])
async def test_an_agents_clock_may_be_set_while_somebody_is_there(stage: Stage, hours: int) -> None:
    first = await stage.confirmed()
    stage.skew = timedelta(hours=hours)

    await stage.frames(0.6, 1.2, person())

    assert stage.news.present == [True]
    await stage.eventually(lambda: len(stage.news.kinds) == 5)
    ids = list(dict.fromkeys(news.incident.id for news in stage.news.incidents))
    before, after = [await stage.store.get(each) for each in ids]
    assert before is not None
    assert after is not None
    assert (before.id, before.state) == (first.id, IncidentState.CLOSED)
    assert before.last_seen == moment(0.4)
    assert after.started == moment(0.6) + stage.skew


# --- What breaks ---


async def test_the_newest_picture_wins_when_the_detector_is_busy(stage: Stage) -> None:
    await stage.begin()
    await stage.move()
    stage.eye.open.clear()
    for number in range(10):
        stage.camera.show(stage.picture(number))
        await stage.calm()

    stage.eye.open.set()
    await stage.eventually(lambda: stage.eye.seen)
    await stage.calm()

    assert stage.eye.seen == [moment(9)]


async def test_a_slow_detector_confirms_who_stays_and_lets_go_of_who_left(stage: Stage) -> None:
    await stage.begin()
    await stage.move()

    await stage.frames(0, 6, person(), every=2)
    assert stage.news.present == [True]
    await stage.frames(6, 10, every=2)
    assert stage.news.present == [True]
    await stage.frame(10)

    assert stage.news.present == [True, False]
    await stage.eventually(lambda: stage.news.kinds == ["opened", "confirmed"])


async def test_an_agent_that_comes_and_goes_makes_one_incident_of_each_stay(stage: Stage) -> None:
    await stage.confirmed()
    for start in (5, 10, 15):
        stage.incidents.lost(FRONT)
        await stage.eventually(lambda: not stage.camera.open)
        await stage.move()
        await stage.frames(start, start + 0.6, person())
    stage.incidents.lost(FRONT)

    await stage.eventually(lambda: stage.news.kinds.count("interrupted") == 4)
    assert stage.news.present == [True, False] * 4
    assert stage.news.kinds == ["opened", "confirmed", "interrupted"] * 4
    assert len({news.incident.id for news in stage.news.incidents}) == 4


async def test_pictures_that_break_are_asked_for_again(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    await stage.confirmed()

    stage.camera.fail(lost())
    await stage.eventually(lambda: len(stage.camera.asked) == 2)
    stage.camera.fail(lost())
    stage.camera.fail(lost())
    await stage.eventually(lambda: len(stage.camera.asked) == 4)
    await stage.frame(3, person())

    assert stage.news.present == [True]
    assert caplog.text.count("No pictures of") == 1
    stage.camera.fail(lost())
    await stage.eventually(lambda: caplog.text.count("No pictures of") == 2)


async def test_pictures_that_end_are_asked_for_again(stage: Stage) -> None:
    await stage.begin()
    await stage.move()

    stage.camera.fail(None)

    await stage.eventually(lambda: len(stage.camera.asked) == 2)


async def test_without_pictures_the_incident_ends_by_our_own_clock(stage: Stage) -> None:
    await stage.confirmed()
    stage.camera.fail(lost())
    await stage.pass_time(30)
    assert stage.news.present == [True]

    await stage.pass_time(31)

    await stage.eventually(lambda: stage.news.kinds[-1] == "closed")
    assert stage.news.present == [True, False]


async def test_a_bad_picture_is_passed_over(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    await stage.begin()
    await stage.move()
    stage.eye.errors = [BadPicture("cut off"), BadPicture("cut off")]

    await stage.frames(0, 1.0, person())

    assert stage.news.present == [True]
    warnings = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert [record.getMessage() for record in warnings] == [f"Bad picture 1 of {FRONT}: cut off"]


async def test_a_detector_that_fails_is_complained_of_once_and_asked_again(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    await stage.begin()
    await stage.move()
    stage.eye.errors = [DetectorFailed("out of order")] * 3

    await stage.frames(0, 1.2, person())

    assert stage.news.present == [True]
    assert caplog.text.count("out of order") == 1
    assert caplog.text.count("works again") == 1


async def test_nobody_stays_present_while_the_detector_is_blind(stage: Stage) -> None:
    await stage.confirmed()
    stage.eye.open.clear()
    stage.camera.show(stage.picture(1, person()))

    await stage.pass_time(31)

    await stage.eventually(lambda: stage.news.present == [True, False])
    await stage.eventually(lambda: stage.news.kinds[-1] == "closed")


async def test_a_lost_agent_clears_the_sensor_at_once(stage: Stage) -> None:
    await stage.confirmed()

    stage.incidents.lost(FRONT)

    assert stage.news.present == [True, False]
    await stage.eventually(lambda: stage.news.kinds[-1] == "interrupted")
    assert [row.state for row in await rows(stage)] == [IncidentState.INTERRUPTED]
    await stage.eventually(lambda: not stage.camera.open)


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
    await stage.eventually(lambda: stage.eye.seen)
    await stage.calm()

    assert stage.news.present == []
    assert await rows(stage) == []


async def test_an_agent_that_returns_is_watched_again(stage: Stage) -> None:
    await stage.confirmed()
    stage.incidents.lost(FRONT)
    await stage.eventually(lambda: not stage.camera.open)

    await stage.move()
    await stage.frames(60, 60.6, person())

    assert stage.news.present == [True, False, True]


async def test_a_camera_switched_off_is_not_read(stage: Stage) -> None:
    await stage.confirmed()

    stage.incidents.switch(FRONT, on=False)

    assert stage.news.present == [True, False]
    await stage.eventually(lambda: not stage.camera.open)
    await stage.eventually(lambda: stage.news.kinds[-1] == "interrupted")
    stage.incidents.motion(FRONT, moving=True)
    await stage.pass_time(5)
    assert stage.camera.open == 0
    stage.incidents.switch(FRONT, on=True)
    await stage.eventually(lambda: stage.camera.open)


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

    assert stage.news.presences == []


async def test_one_cameras_trouble_is_not_anothers(stage: Stage) -> None:
    back = Camera(BACK)
    await stage.begin(back)
    stage.incidents.motion(BACK, moving=True)
    await stage.eventually(lambda: back.open)
    await stage.confirmed()

    back.fail(lost())
    stage.incidents.lost(BACK)
    await stage.frames(0.6, 1.2, person())

    assert stage.news.presences[-1][0] == FRONT
    assert stage.news.present == [True]


# --- Restarts ---


async def test_a_story_that_is_cancelled_interrupts_its_incident(stage: Stage) -> None:
    await stage.confirmed()

    await stage.end()

    assert stage.news.present == [True, False]
    assert [row.state for row in await rows(stage)] == [IncidentState.INTERRUPTED]
    assert stage.news.kinds == ["opened", "confirmed", "interrupted"]
    assert stage.camera.open == 0


async def test_a_story_that_is_cancelled_drops_what_was_never_confirmed(stage: Stage) -> None:
    await stage.begin()
    await stage.move()
    await stage.frame(0, person())
    await stage.eventually(lambda: stage.news.kinds == ["opened"])

    await stage.end()

    assert await rows(stage) == []


async def test_stopping_interrupts_and_writes_what_is_open(stage: Stage) -> None:
    await stage.confirmed()

    await stage.incidents.stop()

    assert [row.state for row in await rows(stage)] == [IncidentState.INTERRUPTED]
    assert stage.news.present == [True, False]


async def test_after_a_crash_in_mid_incident_nothing_stays_open(stage: Stage) -> None:
    confirmed = Incident(
        id="confirmed",
        camera=FRONT,
        state=IncidentState.OPEN,
        started=moment(0),
        last_seen=moment(12),
        confirmed=moment(1),
        labels=("person",),
        count=1,
    )
    await stage.store.save(confirmed)
    await stage.store.save(replace(confirmed, id="doubted", confirmed=None))

    await stage.incidents.start()

    row = await stage.incidents.get("confirmed")
    assert row is not None
    assert (row.state, row.ended) == (IncidentState.INTERRUPTED, moment(12))
    assert row.assessment is not None
    assert await stage.incidents.get("doubted") is None
    assert [row.id for row in await stage.incidents.find(EVERYTHING)] == ["confirmed"]


async def test_a_story_that_breaks_tells_so_and_leaves_nothing_open(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    await stage.confirmed()

    def broken(_: Picture) -> Any:
        raise ZeroDivisionError

    monkeypatch.setattr(stage.eye, "detect", broken)
    stage.camera.show(stage.picture(1))

    with pytest.RaisesGroup(ZeroDivisionError):
        await asyncio.wait_for(stage.stories[0], 5)
    assert stage.news.present == [True, False]
    assert [row.state for row in await rows(stage)] == [IncidentState.INTERRUPTED]
    assert stage.camera.open == 0


async def test_a_listener_that_breaks_ends_the_story_and_leaves_nothing_open(stage: Stage) -> None:
    await stage.confirmed()
    stage.news.broken = True

    stage.incidents.lost(FRONT)

    with pytest.raises(ZeroDivisionError):
        await asyncio.wait_for(stage.stories[0], 5)
    assert [row.state for row in await rows(stage)] == [IncidentState.INTERRUPTED]


async def test_a_story_begins_by_closing_what_an_earlier_one_could_not(
    stage: Stage, store: IncidentStore
) -> None:
    left = Incident(
        id="left",
        camera=FRONT,
        state=IncidentState.OPEN,
        started=moment(0),
        last_seen=moment(12),
        confirmed=moment(1),
    )
    await store.save(left)
    await store.save(replace(left, id="elsewhere", camera=BACK))

    await stage.begin()

    assert [row.id for row in await store.left_open()] == ["elsewhere"]


# --- Footage and pictures ---


async def test_a_confirmed_incident_is_recorded_from_before_its_first_sign(stage: Stage) -> None:
    incident = await stage.confirmed()

    await stage.eventually(lambda: stage.films.recorded)

    assert stage.films.recorded == [(FRONT, moment(-5), moment(5.4), incident.id)]


async def test_footage_is_extended_while_signs_come_and_not_more_often_than_needed(
    stage: Stage,
) -> None:
    await stage.confirmed()
    await stage.eventually(lambda: stage.films.recorded)

    await stage.frames(0.6, 10.6, person())
    await stage.frames(10.6, 13)

    await stage.eventually(lambda: stage.films.extended[-1] == ("film 1", moment(15.4)))
    assert len(stage.films.recorded) == 1
    assert 4 <= len(stage.films.extended) <= 6
    untils = [until for _, until in stage.films.extended]
    assert untils == sorted(set(untils))


async def test_footage_is_never_longer_than_the_longest(stage: Stage) -> None:
    stage.built(longest=timedelta(seconds=20))
    await stage.confirmed()

    await stage.frames(1, 60, person(), every=1)

    assert len(stage.films.recorded) == 1
    assert stage.films.extended[-1] == ("film 1", moment(15))


async def test_who_returns_after_the_footage_has_ended_is_recorded_again(stage: Stage) -> None:
    incident = await stage.confirmed()
    await stage.frames(0.6, 6)

    await stage.frames(20, 20.6, person())

    await stage.eventually(lambda: len(stage.films.recorded) == 2)
    assert stage.films.recorded[1] == (FRONT, moment(15), moment(25), incident.id)


async def test_the_best_picture_is_kept_with_boxes(stage: Stage) -> None:
    incident = await stage.confirmed()

    await stage.eventually(lambda: stage.news.last.picture)

    place = stage.films.pictures[0]
    assert place.read_bytes().startswith(b"\xff\xd8")
    assert place.read_bytes() != jpeg()
    row = await stage.store.get(incident.id)
    assert row is not None
    assert row.picture == place


async def test_a_clearly_better_picture_replaces_the_first_and_the_best_stays(
    stage: Stage,
) -> None:
    await stage.confirmed()
    await stage.eventually(lambda: len(stage.films.pictures) == 1)

    await stage.frame(0.6, person(size=0.21))
    await stage.frame(0.8, person(size=0.1))
    await stage.frame(1.0, person(size=0.5))
    await stage.eventually(lambda: len(stage.films.pictures) == 2)
    await stage.eventually(lambda: stage.news.updates == 2)
    await stage.frame(1.2, person(size=0.51))
    await stage.frame(1.4, person(size=0.1))
    await stage.pass_time(60)

    await stage.eventually(lambda: stage.news.kinds[-1] == "closed")
    assert len(stage.films.pictures) == 3
    assert stage.news.last.picture == stage.films.pictures[-1]


async def test_an_incident_whose_picture_has_no_room_is_an_incident_all_the_same(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    stage.films.error = FootageError("the disk is full")
    await stage.confirmed()

    await stage.pass_time(60)

    await stage.eventually(lambda: stage.news.kinds[-1] == "closed")
    assert stage.news.last.picture is None
    assert caplog.text.count("the disk is full") == 1


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

    assert stage.news.present == [True]
    assert stage.news.kinds == []
    release.set()
    await writing
    await stage.eventually(lambda: stage.news.kinds == ["opened", "confirmed"])


class Sulking(IncidentStore):
    """A store whose disk is full for a while."""

    full = True

    async def save(self, incident: Incident) -> None:
        if self.full:
            raise DatabaseLocked("no room")
        await super().save(incident)


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
    await stage.eventually(lambda: stage.news.present == [True, False])
    assert caplog.text.count("no room") == 1
    assert stage.news.kinds == []

    store.full = False

    await stage.eventually(lambda: stage.news.kinds == ["opened", "confirmed", "closed"])
    assert [row.state for row in await rows(stage)] == [IncidentState.CLOSED]


async def test_a_doubt_that_could_not_be_written_is_never_told(
    stage: Stage, database: Database
) -> None:
    stage.store = Sulking(database)
    stage.built()
    await stage.begin()
    await stage.move()

    await stage.frame(0, person())
    await stage.frames(0.2, 6)

    assert stage.news.kinds == []
