"""Somebody comes, stays and leaves."""

import asyncio
from datetime import timedelta

import pytest

from custom_components.gatehouse.models import Incident, IncidentState, Tuning, Zone, ZoneKind
from custom_components.gatehouse.vision import BadPicture, DetectorFailed
from tests.rooms.incidents.fakes import (
    CLOSED,
    CONFIRMED,
    FRONT,
    GATE,
    Camera,
    Stage,
    lost,
    moment,
    passage,
    person,
)
from tests.waiting import eventually

SOON = timedelta(milliseconds=30)
# So long that whoever looks from time to time sees that nobody looks at the camera meanwhile.
A_WHILE = timedelta(milliseconds=500)
"""How long a test waits for the next look at a camera that is still."""


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

    await eventually(lambda: not stage.camera.open)
    assert stage.camera.asked == [5.0]
    assert stage.house.presences == []


async def test_nothing_turns_on_before_three_frames_of_five_are_sure(stage: Stage) -> None:
    await stage.begin()
    await stage.move()
    await stage.frame(0)
    await stage.frame(0.2, person(0.6))
    await stage.frame(0.4)
    await stage.frame(0.6, person(0.8))
    assert stage.house.presences == []
    assert await stage.rows() == []

    await stage.frame(0.8, person(0.7))

    assert stage.house.present == [True]
    assert stage.house.presences[0][0] == FRONT
    await stage.told(CONFIRMED)
    (row,) = await stage.rows()
    assert (row.group, row.place, row.cameras) == (FRONT, "Front", (FRONT,))
    assert (row.state, row.labels, row.count) == (IncidentState.OPEN, ("person",), 1)
    assert (row.started, row.last_seen) == (moment(0.2), moment(0.8))
    assert row.assessment is not None
    assert row.assessment.summary == "A person at Front since 12:00:00."


async def test_many_frames_that_are_not_sure_confirm_nobody(stage: Stage) -> None:
    await stage.begin()
    await stage.move()

    await stage.frames(0, 3, person(0.6))

    assert stage.house.presences == []
    assert await stage.rows() == []


async def test_a_camera_may_be_content_with_less_certainty(stage: Stage) -> None:
    await stage.zones.tune(FRONT, Tuning(certainty=0.3))
    await stage.begin()
    await stage.move()

    await stage.frames(0, 0.6, person(0.6))

    assert stage.house.present == [True]


async def test_one_frame_is_nobody(stage: Stage) -> None:
    await stage.begin()
    await stage.move()
    await stage.frame(0, person())

    await stage.frames(0.2, 5.4)

    assert stage.house.presences == []
    assert stage.house.incidents == []
    assert stage.films.recorded == []


async def test_a_doubt_keeps_looking_after_the_motion_has_ended(stage: Stage) -> None:
    await stage.begin()
    await stage.move()
    await stage.frame(0, person())
    await stage.move(False)

    await stage.frame(0.2, person())
    await stage.frame(1.2, person())

    assert stage.house.present == [True]


async def test_signs_of_an_earlier_motion_confirm_nobody(stage: Stage) -> None:
    await stage.begin()
    await stage.move()
    await stage.frames(0, 0.4, person())
    await stage.frames(0.4, 2)
    await stage.move(False)
    await eventually(lambda: not stage.camera.open)
    await stage.move()

    await stage.frames(600, 600.4, person())

    assert stage.house.presences == []


async def test_what_is_not_looked_for_is_not_seen(stage: Stage) -> None:
    stage.built(labels=frozenset({"dog"}))
    await stage.begin()
    await stage.move()

    await stage.frames(0, 1, person())

    assert stage.house.presences == []


async def test_who_stands_in_a_mask_is_not_seen(stage: Stage) -> None:
    await stage.zones.save(drawn("Street", ZoneKind.MASK))
    await stage.begin()
    await stage.move()

    await stage.frames(0, 1, person())

    assert stage.house.presences == []


async def test_zones_are_told_by_id_to_the_house_and_by_name_in_the_incident(stage: Stage) -> None:
    kept = await stage.zones.save(drawn("Drive", sensitive=True))
    await stage.confirmed()

    assert stage.house.presences[-1][1].zones == {kept.id}
    (row,) = await stage.rows()
    assert row.zones == ("Drive",)
    assert row.assessment is not None
    assert "in Drive, a sensitive zone" in row.assessment.reasons


async def test_one_person_who_walks_through_is_one_incident_of_one(stage: Stage) -> None:
    await stage.begin()
    await stage.move()

    for number in range(20):
        await stage.frame(number / 5, person(left=0.04 * number))
    await stage.frames(4, 10, every=0.5)
    await stage.pass_time(40)

    await stage.told(CONFIRMED, CLOSED)
    (row,) = await stage.rows()
    assert row.count == 1
    assert stage.house.counts == [1, 0]


async def test_the_presence_counts_those_who_are_there(stage: Stage) -> None:
    await stage.confirmed()

    await stage.frames(0.6, 1.2, person(), person(0.8, left=0.7))

    assert stage.house.counts == [1, 2]
    await eventually(lambda: stage.house.last.count == 2)
    await stage.frames(1.2, 7, person(), every=0.5)
    assert stage.house.counts == [1, 2, 1]
    assert stage.house.last.count == 2


async def test_motion_before_the_story_begins_is_not_lost(stage: Stage) -> None:
    stage.incidents.motion(FRONT, moving=True)

    await stage.begin()

    await eventually(lambda: stage.camera.open)


# --- Staying and leaving ---


async def test_who_leaves_is_gone_after_five_seconds_and_the_incident_after_thirty(
    stage: Stage,
) -> None:
    await stage.confirmed()
    await stage.frames(0.6, 5.4)
    assert stage.house.present == [True]

    await stage.frames(5.4, 5.8)
    assert stage.house.present == [True, False]
    await stage.pass_time(30.3)
    assert CLOSED not in stage.house.kinds

    await stage.pass_time(30.5)

    await stage.told(CONFIRMED, CLOSED)
    (row,) = await stage.rows()
    assert row == stage.house.last
    assert row.state is IncidentState.CLOSED
    assert row.last_seen == moment(0.4)
    assert row.ended is not None
    assert moment(30.4) <= row.ended <= moment(30.6)


async def test_the_pictures_close_when_nothing_moves_and_the_incident_is_over(
    stage: Stage,
) -> None:
    await stage.confirmed()
    await stage.move(False)
    await stage.frames(1, 8, every=1)
    assert stage.camera.open

    await stage.pass_time(31)

    await eventually(lambda: not stage.camera.open)


async def test_who_stands_still_is_looked_at_once_a_second(stage: Stage) -> None:
    await stage.confirmed()

    await stage.move(False)
    await stage.frame(1, person())

    await eventually(lambda: stage.camera.asked == [5.0, 1.0])
    await stage.move()
    await stage.frame(2, person())
    await eventually(lambda: stage.camera.asked == [5.0, 1.0, 5.0])
    assert stage.camera.open == 1


async def test_who_returns_in_time_is_in_the_same_incident(stage: Stage) -> None:
    first = await stage.confirmed()
    await stage.frames(0.6, 6)

    await stage.frames(20, 20.6, person())

    assert stage.house.present == [True, False, True]
    await stage.written(lambda row: row.last_seen >= moment(20))
    assert [row.id for row in await stage.rows()] == [first.id]


async def staying(stage: Stage) -> Incident:
    """Have somebody stay until the window is over."""
    first = await stage.confirmed()
    await stage.frames(1, 90, person(), every=1)
    await stage.pass_time(90.1)
    await stage.told(CONFIRMED, CLOSED)
    return first


async def test_who_stays_after_the_window_is_present_and_makes_no_second_incident(
    stage: Stage,
) -> None:
    await staying(stage)

    await stage.frames(91, 130, person(), every=1)

    assert stage.house.present == [True]
    (row,) = await stage.rows()
    assert (row.started, row.last_seen, row.ended) == (moment(0), moment(89), moment(90))


async def test_who_has_settled_is_looked_at_once_and_not_all_the_time(stage: Stage) -> None:
    stage.built(idle_check=A_WHILE)
    await staying(stage)
    await stage.move(False)
    await stage.frame(91, person())
    await eventually(lambda: not stage.camera.open)

    asked = len(stage.camera.asked)
    await eventually(lambda: stage.camera.open)
    await stage.frame(106, person())

    await eventually(lambda: not stage.camera.open)
    assert stage.camera.asked[asked:] == [1.0]
    assert stage.house.present == [True]


async def test_who_has_settled_and_is_found_elsewhere_keeps_us_looking(stage: Stage) -> None:
    stage.built(idle_check=A_WHILE)
    await staying(stage)
    await stage.move(False)
    await stage.frame(91, person())
    await eventually(lambda: not stage.camera.open)
    await eventually(lambda: stage.camera.open)
    asked = len(stage.camera.asked)

    await stage.frames(106, 108, person(left=0.4), every=1)

    await stage.told(CONFIRMED, CLOSED, CONFIRMED)
    assert len(stage.camera.asked) == asked


async def test_who_has_settled_and_moves_again_is_news(stage: Stage) -> None:
    first = await staying(stage)

    await stage.frames(100, 101, person(left=0.4))

    await stage.told(CONFIRMED, CLOSED, CONFIRMED)
    second, closed = await stage.rows()
    assert closed.id == first.id
    assert moment(90) <= second.started <= moment(100)
    assert stage.house.present == [True]


async def test_who_comes_to_one_who_has_settled_is_news_and_counted_alone(stage: Stage) -> None:
    await staying(stage)

    await stage.frames(100, 101, person(), person(0.8, left=0.7))

    await stage.told(CONFIRMED, CLOSED, CONFIRMED)
    newest = (await stage.rows())[0]
    assert (newest.count, newest.sightings[0].best.score) == (1, 0.8)
    assert stage.house.counts == [1, 2]


async def test_who_comes_just_before_a_window_is_over_is_of_the_next_from_there_on(
    stage: Stage,
) -> None:
    await stage.confirmed()
    await stage.frames(1, 89, person(), every=1)

    await stage.frames(89.4, 90, person(), person(0.8, left=0.7), every=0.4)
    await stage.frames(90.2, 92, person(), person(0.8, left=0.7), every=0.4)

    await stage.told(CONFIRMED, CLOSED, CONFIRMED)
    second, closed = await stage.rows()
    assert moment(89.4) <= closed.last_seen < closed.ended
    assert second.started == second.sightings[0].first == closed.ended


async def test_a_poster_that_flickers_makes_no_second_incident(stage: Stage) -> None:
    await staying(stage)

    for minute in range(2, 10):
        await stage.frames(minute * 60, minute * 60 + 7, every=0.5)
        await stage.frames(minute * 60 + 20, minute * 60 + 21, person())

    assert len(await stage.rows()) == 1
    assert stage.house.present[:3] == [True, False, True]


async def test_one_who_has_settled_does_not_hold_the_next_incident_open(stage: Stage) -> None:
    await staying(stage)
    await stage.frames(100, 101, person(), person(0.8, left=0.7))
    await stage.told(CONFIRMED)

    await stage.frames(101, 131, person(), every=0.5)
    await stage.pass_time(131.5)

    await stage.told(CONFIRMED, CLOSED)


async def test_who_leaves_at_the_end_of_a_window_does_not_stay_present(stage: Stage) -> None:
    await stage.confirmed()
    await stage.frames(1, 89, person(), every=1)
    await stage.frame(90)
    await stage.told(CLOSED)
    assert stage.house.present == [True]

    await stage.frames(91, 97, every=1)

    assert stage.house.present == [True, False]


# --- Cameras without motion, and pictures that come one by one ---


async def test_a_camera_that_tells_no_motion_is_looked_at_now_and_then(stage: Stage) -> None:
    stage.camera = Camera(idle_check=A_WHILE)
    await stage.begin()

    await eventually(lambda: stage.camera.open)
    await stage.frame(15)
    await eventually(lambda: not stage.camera.open)
    await eventually(lambda: stage.camera.open)
    await stage.frame(30)

    await eventually(lambda: not stage.camera.open)
    assert set(stage.camera.asked) == {1.0}
    assert stage.house.presences == []


async def test_whoever_a_look_finds_keeps_us_looking(stage: Stage) -> None:
    stage.camera = Camera(idle_check=SOON)
    await stage.begin()
    await eventually(lambda: stage.camera.open)

    await stage.frames(15, 18, person(), every=1)

    await stage.told(CONFIRMED)
    assert stage.camera.asked == [1.0]


@pytest.mark.parametrize("error", [BadPicture("cut off"), DetectorFailed("out of order")])
async def test_a_look_in_vain_is_followed_by_another(stage: Stage, error: Exception) -> None:
    stage.camera = Camera(idle_check=SOON)
    stage.eye.errors = [error]
    await stage.begin()
    await eventually(lambda: stage.camera.open)

    await stage.frame(15, person())
    await eventually(lambda: not stage.camera.open)
    await eventually(lambda: stage.camera.open)
    await stage.frames(30, 33, person(), every=1)

    await stage.told(CONFIRMED)


async def test_a_look_goes_on_until_there_is_a_picture(stage: Stage) -> None:
    stage.camera = Camera(idle_check=SOON)
    await stage.begin()
    await eventually(lambda: stage.camera.open)

    stage.camera.fail(lost())
    await eventually(lambda: len(stage.camera.asked) == 2)
    await stage.frame(15)

    await eventually(lambda: not stage.camera.open)


async def test_motion_is_heard_while_a_look_finds_no_picture(stage: Stage) -> None:
    stage.camera = Camera(idle_check=SOON)
    await stage.begin()
    await eventually(lambda: stage.camera.open)

    stage.incidents.motion(FRONT, moving=True)
    await stage.frames(15, 15.6, person())

    await stage.told(CONFIRMED)


async def test_a_camera_without_motion_is_not_looked_at_while_it_is_off(stage: Stage) -> None:
    stage.camera = Camera(idle_check=SOON)
    stage.incidents.switch(FRONT, on=False)
    await stage.begin()

    await asyncio.sleep(5 * SOON.total_seconds())
    assert stage.camera.asked == []
    stage.incidents.switch(FRONT, on=True)

    await eventually(lambda: stage.camera.open)


async def test_one_upload_is_enough_where_pictures_come_one_by_one(stage: Stage) -> None:
    stage.camera = Camera(needed=1)
    await stage.begin()
    await stage.move()

    await stage.frame(0, person())

    await stage.told(CONFIRMED)
    assert stage.house.present == [True]


async def test_nobody_stays_present_in_a_single_upload(stage: Stage) -> None:
    stage.camera = Camera(needed=1)
    await stage.begin()
    await stage.move()
    await stage.frame(0, person())
    await stage.move(False)

    await stage.pass_time(31)

    await stage.told(CONFIRMED, CLOSED)
    assert stage.house.present == [True, False]
    await eventually(lambda: not stage.camera.open)


async def test_uploads_of_one_incident_are_one_clip(stage: Stage) -> None:
    stage.camera = Camera(needed=1)
    await stage.begin()
    await stage.move()
    await stage.frame(0, person())
    await stage.told(CONFIRMED)

    await stage.frame(20, person())
    await eventually(lambda: stage.films.extended == [("film 1", moment(50))])
    await stage.frame(40, person())
    await eventually(lambda: stage.films.extended[1:] == [("film 1", moment(70))])

    [(camera, since, _, _)] = stage.films.recorded
    assert (camera, since) == (FRONT, moment(-5))


async def test_every_upload_after_an_incident_is_news(stage: Stage) -> None:
    stage.camera = Camera(needed=1)
    await stage.begin()
    await stage.move()
    await stage.frames(0, 90, person(), every=10)
    await stage.pass_time(91)
    await stage.told(CONFIRMED, CLOSED)

    await stage.frame(100, person())

    await stage.told(CONFIRMED, CLOSED, CONFIRMED)


# --- Clocks ---


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("hours", [-1, 1, 24 * 365])
async def test_all_moments_are_by_the_sites_clock_and_footage_by_the_cameras(
    stage: Stage, hours: int, known: bool
) -> None:
    stage.camera.skew = timedelta(hours=hours)
    stage.camera.known_skew = stage.camera.skew * known
    await stage.confirmed()
    await stage.noted()
    for second in (1, 4, 7):  # time passes no faster than it is written down
        await stage.frames(second, second + 3, person(), every=1)
        await stage.noted()
    await stage.frames(10, 16, every=0.5)
    assert stage.house.present == [True, False]

    await stage.pass_time(40)

    await stage.told(CONFIRMED, CLOSED)
    (row,) = await stage.rows()
    assert (row.started, row.last_seen) == (moment(0), moment(9))
    assert stage.films.of(FRONT) == [
        (moment(-5) + stage.camera.skew, moment(5.4) + stage.camera.skew)
    ]


@pytest.mark.parametrize("hours", [-1, 1])
async def test_a_cameras_clock_may_be_set_while_somebody_is_there(stage: Stage, hours: int) -> None:
    await stage.confirmed()
    await stage.noted()
    stage.camera.skew = timedelta(hours=hours)

    await stage.frames(1, 6, person(), every=1)
    await stage.pass_time(36)

    assert stage.house.present == [True, False]
    await stage.told(CONFIRMED, CLOSED)
    (row,) = await stage.rows()
    assert (row.started, row.last_seen) == (moment(0), moment(5))


@pytest.mark.parametrize("hours", [-1, 1])
async def test_footage_goes_on_by_the_clock_that_was_set(stage: Stage, hours: int) -> None:
    await stage.confirmed()
    await stage.noted()
    stage.camera.skew = timedelta(hours=hours)

    await stage.frame(1, person())

    await eventually(lambda: len(stage.films.recorded) == 2)
    skew = stage.camera.skew
    assert stage.films.of(FRONT)[1] == (moment(-4) + skew, moment(6) + skew)


async def test_who_was_at_a_door_is_not_recorded_again_for_a_clock_that_was_set(
    stage: Stage,
) -> None:
    stage.built(groups=(GATE,))
    await stage.begin()
    stage.join(0)
    await eventually(lambda: stage.films.of(FRONT))
    stage.camera.known_skew = timedelta(hours=1)
    await stage.pass_time(8)
    await stage.noted()

    assert stage.films.of(FRONT) == [(moment(-5), moment(5))]
    stage.join(9)
    await eventually(lambda: len(stage.films.of(FRONT)) == 2)
    hour = timedelta(hours=1)
    assert stage.films.of(FRONT)[1] == (moment(4) + hour, moment(14) + hour)


async def test_what_pictures_told_of_a_clock_gives_way_to_what_the_agent_told_since(
    stage: Stage,
) -> None:
    stage.built(groups=(GATE,))
    stage.camera.skew = timedelta(hours=1)
    await stage.confirmed()
    await stage.noted()
    stage.camera.known_skew = timedelta(hours=1)
    await stage.pass_time(40)
    await stage.told(CONFIRMED, CLOSED)
    await eventually(lambda: not stage.camera.open or stage.incidents.motion(FRONT, moving=False))
    stage.camera.known_skew = timedelta()

    stage.join(60)

    await eventually(lambda: len(stage.films.of(FRONT)) == 2)
    assert stage.films.of(FRONT)[1] == (moment(55), moment(65))


@pytest.mark.parametrize("hours", [-1, 1])
async def test_what_is_open_when_the_sites_clock_is_set_ends_and_goes_on_as_another(
    stage: Stage, hours: int
) -> None:
    """None of them is longer than it was, and footage is of when it really was."""
    await stage.confirmed()
    await stage.frames(1, 6, person(), every=1)
    stage.clock.set_by = timedelta(hours=hours)
    stage.camera.known_skew = -stage.clock.set_by

    await stage.frames(6, 12, person(), every=1)
    await stage.pass_time(50)

    await stage.told(CONFIRMED, CLOSED, CONFIRMED, CLOSED)
    first, second = sorted(await stage.rows(), key=lambda row: abs(row.started - moment(0)))
    assert (first.started, first.last_seen) == (moment(0), moment(5))
    assert second.last_seen == moment(11) + stage.clock.set_by
    for row in (first, second):
        assert row.ended
        assert row.started <= row.last_seen <= row.ended
        assert row.ended - row.started < timedelta(minutes=1)
    assert {each.incident.id for each in stage.house.incidents} == {first.id, second.id}
    for since, until in stage.films.of(FRONT):
        assert moment(-20) < since < until < moment(30)


@pytest.mark.parametrize("hours", [-1, 1])
async def test_a_passage_after_the_sites_clock_was_set_is_no_part_of_what_was_before(
    stage: Stage, hours: int
) -> None:
    stage.built(groups=(GATE,))
    stage.join(0)
    stage.clock.set_by = timedelta(hours=hours)

    stage.incidents.join(passage(2 + hours * 3600))
    await stage.incidents.stop()

    rows = await stage.rows()
    assert {row.started for row in rows} == {moment(0), moment(2) + stage.clock.set_by}
    assert all(len(row.passages) == 1 for row in rows)


@pytest.mark.parametrize("hours", [-1, 1])
async def test_a_picture_of_before_the_sites_clock_was_set_is_no_sign(
    stage: Stage, hours: int
) -> None:
    await stage.confirmed()
    stage.eye.open.clear()
    stage.camera.show(stage.picture(1, person()))
    await stage.calm()
    stage.clock.set_by = timedelta(hours=hours)
    stage.camera.known_skew = -stage.clock.set_by
    stage.eye.open.set()
    await eventually(lambda: moment(1) in stage.eye.seen)

    await stage.frames(2, 5, person(), every=1)
    await stage.pass_time(50)

    await stage.told(CONFIRMED, CLOSED, CONFIRMED, CLOSED)
    assert all(row.last_seen - row.started < timedelta(minutes=1) for row in await stage.rows())


async def test_uploads_may_come_late(stage: Stage) -> None:
    stage.camera = Camera(needed=1, clock_ahead=None)
    stage.camera.skew = timedelta(minutes=-20)
    await stage.begin()
    await stage.move()

    await stage.frame(0, person())
    await stage.pass_time(31)

    await stage.told(CONFIRMED, CLOSED)
    assert stage.house.last.started == moment(-20 * 60)


@pytest.mark.parametrize("hours", [-1, 1])
async def test_uploads_of_another_hour_are_another_incident_though_they_come_together(
    stage: Stage, hours: int
) -> None:
    stage.camera = Camera(needed=1, clock_ahead=None)
    await stage.begin()
    await stage.move()

    await stage.frame(0, person())
    stage.camera.skew = timedelta(hours=hours)
    await stage.frame(1, person())
    await stage.frame(2, person())
    await stage.pass_time(40)

    await stage.told(CONFIRMED, CLOSED, CONFIRMED, CLOSED)
    first, second = sorted(await stage.rows(), key=lambda row: abs(row.started - moment(0)))
    assert (first.started, first.last_seen) == (moment(0), moment(0))
    later = stage.camera.skew
    assert (second.started, second.last_seen) == (moment(1) + later, moment(2) + later)


def drawn(name: str, kind: ZoneKind = ZoneKind.ZONE, *, sensitive: bool = False) -> Zone:
    """Return a zone that holds the whole left half of the front camera's picture."""
    points = ((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0))
    return Zone(id="", camera=FRONT, kind=kind, name=name, points=points, sensitive=sensitive)
