"""Cameras and doors of one place: what happens there at one time is one incident."""

from datetime import timedelta

import pytest

from custom_components.gatehouse.incidents import portraits
from custom_components.gatehouse.models import AssessmentState, Group, IncidentState, PassageKind
from tests.rooms.incidents.fakes import (
    BACK,
    CLOSED,
    CONFIRMED,
    DOOR,
    FRONT,
    GATE,
    INTERRUPTED,
    YARD,
    Camera,
    Stage,
    lost,
    moment,
    passage,
    person,
)
from tests.waiting import eventually


async def two(stage: Stage, second: Camera | None = None) -> Camera:
    """Have the gate's two cameras watched while something moves in both; return the second."""
    stage.built(groups=(GATE,), ask_model=stage.options.ask_model)
    back = second or Camera(BACK)
    await stage.begin(stage.camera, back)
    await stage.move()
    await stage.move(camera=back)
    return back


async def seen_by_both(stage: Stage, second: Camera | None = None) -> Camera:
    """Have somebody walk from the front to the back."""
    back = await two(stage, second)
    await stage.frames(0, 0.6, person())
    await stage.told(CONFIRMED)
    await stage.frames(5, 5.6, person(0.8, size=0.4), camera=back)
    await eventually(lambda: stage.house.last.cameras == (FRONT, BACK))
    return back


# --- Cameras ---


async def test_two_cameras_of_a_group_make_one_incident(stage: Stage) -> None:
    await seen_by_both(stage)

    await stage.pass_time(36)

    await stage.told(CONFIRMED, CLOSED)
    assert stage.house.kinds == [CONFIRMED, CLOSED]
    (row,) = await stage.rows()
    assert (row.group, row.place, row.count) == ("gate", "Gate", 1)
    assert [(each.camera, each.first, each.last, each.best.score) for each in row.sightings] == [
        (FRONT, moment(0), moment(0.4), 0.9),
        (BACK, moment(5), moment(5.4), 0.8),
    ]
    assert (row.started, row.last_seen) == (moment(0), moment(5.4))


async def test_each_camera_tells_its_own_presence(stage: Stage) -> None:
    await seen_by_both(stage)

    assert [(camera, here.present) for camera, here in stage.house.presences] == [
        (FRONT, True),
        (BACK, True),
    ]


async def test_each_camera_is_recorded_on_its_own_span_by_its_own_clock(stage: Stage) -> None:
    back = Camera(BACK)
    back.skew = back.known_skew = timedelta(hours=2)

    await seen_by_both(stage, back)

    await eventually(lambda: len(stage.films.recorded) == 2)
    assert stage.films.of(FRONT) == [(moment(-5), moment(5.4))]
    late = timedelta(hours=2)
    assert stage.films.of(BACK) == [(moment(0) + late, moment(10.4) + late)]


async def test_the_best_picture_is_that_of_whichever_camera_saw_more(stage: Stage) -> None:
    await two(stage)
    await stage.frames(0, 0.6, person())
    await eventually(lambda: len(stage.films.pictures) == 1)
    small = stage.films.pictures[0].read_bytes()

    await stage.end()
    stage.stories.clear()
    stage.films.pictures.clear()
    stage.camera = Camera()
    await seen_by_both(stage)

    await eventually(lambda: len(stage.films.pictures) == 2)
    first, second = stage.films.pictures
    assert first == second
    assert first.read_bytes() != small


async def test_a_camera_that_saw_nothing_has_no_reason_to_look(stage: Stage) -> None:
    back = await two(stage)
    await stage.move(False, camera=back)
    await eventually(lambda: not back.open)

    await stage.frames(0, 0.6, person())

    await stage.pass_time(5)
    assert not back.open


async def test_an_incident_goes_on_while_another_camera_that_saw_it_looks(stage: Stage) -> None:
    back = await seen_by_both(stage)

    stage.incidents.lost(FRONT)
    await stage.frames(6, 9, person(0.8, size=0.4), camera=back)

    await stage.written(lambda row: row.last_seen >= moment(6))
    assert stage.house.kinds == [CONFIRMED]
    stage.incidents.lost(BACK)
    await stage.told(CONFIRMED, INTERRUPTED)
    (row,) = await stage.rows()
    assert row.cameras == (FRONT, BACK)


async def test_a_camera_that_is_lost_is_looked_for_while_its_incident_goes_on(stage: Stage) -> None:
    back = await seen_by_both(stage)
    stage.incidents.lost(FRONT)

    await stage.frames(6, 6.6, person())
    stage.incidents.lost(BACK)
    await stage.frames(7, 11, person())

    await stage.written(lambda row: row.last_seen >= moment(8))
    assert stage.house.kinds == [CONFIRMED]
    assert back.open


async def test_the_loss_of_one_that_saw_nothing_interrupts_nothing(stage: Stage) -> None:
    back = await two(stage)
    await stage.frame(0, camera=back)
    await stage.frames(0, 0.6, person())
    await stage.told(CONFIRMED)

    stage.incidents.lost(BACK)

    await stage.pass_time(5)
    assert stage.house.kinds == [CONFIRMED]


async def test_a_bystander_that_looks_does_not_keep_an_incident_open(stage: Stage) -> None:
    back = await two(stage)
    await stage.frame(0, camera=back)
    await stage.frames(0, 0.6, person())
    await stage.told(CONFIRMED)

    stage.incidents.lost(FRONT)

    await stage.told(CONFIRMED, INTERRUPTED)


async def test_who_stays_with_one_camera_is_no_news_to_it_when_the_incident_is_over(
    stage: Stage,
) -> None:
    back = await seen_by_both(stage)
    await stage.frames(6, 91, person(0.8, size=0.4), every=1, camera=back)
    await stage.told(CONFIRMED, CLOSED)

    await stage.frames(92, 100, person(0.8, size=0.4), every=1, camera=back)

    assert stage.house.kinds == [CONFIRMED, CLOSED]
    assert [here.present for camera, here in stage.house.presences if camera == BACK] == [True]


@pytest.mark.parametrize("hours", [-1, 1])
async def test_a_clock_that_is_wrong_does_not_tear_an_incident_apart(
    stage: Stage, hours: int
) -> None:
    back = await seen_by_both(stage)
    back.skew = timedelta(hours=hours)

    for second in range(6, 12):
        await stage.frame(second, person(0.8, size=0.4), camera=back)
        await stage.frame(second + 0.5, person())
    await stage.pass_time(42)

    await stage.told(CONFIRMED, CLOSED)
    assert stage.house.kinds == [CONFIRMED, CLOSED]
    assert (stage.house.last.started, stage.house.last.last_seen) == (moment(0), moment(11.5))


async def test_cameras_of_different_groups_make_two_incidents(stage: Stage) -> None:
    yard = Camera(YARD)
    stage.built(groups=(GATE,))
    await stage.begin(stage.camera, yard)
    await stage.move()
    await stage.move(camera=yard)

    await stage.frames(0, 0.6, person())
    await stage.frames(1, 1.6, person(), camera=yard)

    await stage.told(CONFIRMED, CONFIRMED)
    assert {(row.group, row.place) for row in await stage.rows()} == {
        ("gate", "Gate"),
        (YARD, "Yard"),
    }
    assert len(stage.house.due) == 2


async def test_the_cooldown_is_that_of_the_group(stage: Stage) -> None:
    back = await two(stage)
    await stage.frames(0, 0.6, person())
    await stage.told(CONFIRMED)
    first = stage.house.last
    await stage.store.mark_notified(first.id, moment(1))
    await stage.pass_time(31)
    await stage.told(CONFIRMED, CLOSED)

    await stage.frames(60, 60.6, person(), camera=back)

    await stage.told(CONFIRMED, CLOSED, CONFIRMED)
    assert stage.house.due == [first.id]


# --- Doors ---


async def test_a_passage_opens_an_incident_and_has_the_cameras_look(stage: Stage) -> None:
    stage.built(groups=(GATE,))
    await stage.begin()
    assert not stage.camera.open

    stage.join(3, person="Anna")

    await eventually(lambda: stage.camera.open)
    await stage.told(CONFIRMED)
    (row,) = await stage.rows()
    assert (row.group, row.cameras, row.labels) == ("gate", (), ())
    assert row.passages == (passage(3, person="Anna"),)
    assert row.assessment is not None
    assert row.assessment.summary == "Anna's card opened Front door at 12:00:03."


async def test_at_a_door_is_recorded_though_nobody_is_seen(stage: Stage) -> None:
    stage.built(groups=(GATE,))
    await stage.begin(stage.camera, Camera(BACK))

    stage.join(0)

    await eventually(lambda: len(stage.films.recorded) == 2)
    assert stage.films.of(FRONT) == stage.films.of(BACK) == [(moment(-5), moment(5))]
    await stage.pass_time(31)
    await stage.told(CONFIRMED, CLOSED)
    assert stage.house.last.picture is None
    await eventually(lambda: not stage.camera.open)


async def test_at_a_door_whose_camera_nobody_watches_there_is_a_picture_and_a_clip(
    stage: Stage,
) -> None:
    stage.built(groups=(GATE,))
    await stage.incidents.watch(stage.camera.source, looks=False)
    await stage.begin(Camera(BACK))
    shown = stage.picture(0)

    stage.join(0, person="Anna")
    await eventually(lambda: stage.camera.open)
    stage.camera.show(shown)

    await stage.told(CONFIRMED)
    await stage.written(lambda row: row.picture)
    (row,) = await stage.rows()
    assert row.picture is not None
    assert row.picture.read_bytes()
    assert stage.films.of(FRONT) == [(moment(-5), moment(5))]
    assert not stage.camera.open
    assert stage.eye.seen == []


async def test_a_picture_of_somebody_is_better_than_one_of_the_door(stage: Stage) -> None:
    stage.built(groups=(GATE,))
    await stage.begin()
    stage.join(0)
    await eventually(lambda: stage.camera.open == 2)
    await stage.frame(0.5)
    await stage.told(CONFIRMED)
    await stage.written(lambda row: row.picture)
    before = (await stage.rows())[0].picture
    assert before is not None
    of_the_door = before.read_bytes()

    await stage.frames(1, 4, person(), every=1)

    await eventually(lambda: before.read_bytes() != of_the_door)


async def test_a_passage_waits_for_no_camera_that_gives_nothing(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(portraits, "PATIENCE", timedelta(milliseconds=50))
    caplog.set_level("INFO")
    stage.built(groups=(GATE,))
    back = Camera(BACK)
    await stage.incidents.watch(back.source, looks=False)
    await stage.begin()
    stage.join(0)
    await eventually(lambda: back.open)
    stage.camera.fail(lost())

    await eventually(lambda: not back.open)

    assert "No picture of Back for a passage: it gave none in time" in caplog.text
    await stage.told(CONFIRMED)
    assert stage.house.last.picture is None


async def test_a_passage_joins_the_incident_of_its_group(stage: Stage) -> None:
    back = await seen_by_both(stage)

    stage.join(8, PassageKind.DENIED, reason="expired")
    await stage.pass_time(36)
    assert stage.house.kinds == [CONFIRMED]
    await stage.pass_time(39)

    await stage.told(CONFIRMED, CLOSED)
    (row,) = await stage.rows()
    assert [each.kind for each in row.passages] == [PassageKind.DENIED]
    assert row.last_seen == moment(8)
    assert back.source.camera in row.cameras


async def test_who_is_seen_after_a_passage_is_in_its_incident(stage: Stage) -> None:
    stage.built(groups=(GATE,))
    await stage.begin()
    stage.join(0)
    await eventually(lambda: stage.camera.open)

    await stage.frames(1, 4, person(), every=1)

    await eventually(lambda: stage.house.last.cameras == (FRONT,))
    (row,) = await stage.rows()
    assert row.passages == (passage(0),)
    assert set(stage.camera.asked) == {1.0}


async def test_the_same_passage_told_twice_is_one(stage: Stage) -> None:
    stage.built(groups=(GATE,))
    await stage.begin()
    stage.join(0)
    await stage.pass_time(20)

    stage.incidents.join(passage(0))
    await stage.pass_time(31)

    await stage.told(CONFIRMED, CLOSED)
    (row,) = await stage.rows()
    assert row.passages == (passage(0),)


async def test_losing_a_camera_interrupts_nothing_that_only_a_door_told(stage: Stage) -> None:
    stage.built(groups=(GATE,))
    await stage.begin()
    stage.join(0)
    await stage.told(CONFIRMED)

    stage.incidents.lost(FRONT)

    await stage.pass_time(5)
    assert stage.house.kinds == [CONFIRMED]


async def test_a_door_without_a_group_is_a_place_of_its_own(stage: Stage) -> None:
    stage.built(groups=(Group(id="gate", name="Gate", cameras=(FRONT,)),))
    await stage.begin()

    stage.join(0)

    await stage.told(CONFIRMED)
    (row,) = await stage.rows()
    assert (row.group, row.place) == (DOOR, "Front door")
    assert stage.films.recorded == []
    assert not stage.camera.open


async def test_a_forced_door_is_bad_whatever_a_language_model_says(stage: Stage) -> None:
    stage.built(groups=(GATE,), ask_model=True)
    await stage.begin()

    stage.join(0, PassageKind.FORCED)
    await stage.pass_time(31)

    await stage.told(CONFIRMED, CLOSED)
    (row,) = await stage.rows()
    assert row.assessment is not None
    assert row.assessment.floor >= 60
    assert row.assessing is AssessmentState.PENDING


async def test_a_passage_told_late_is_no_part_of_what_happens_now(stage: Stage) -> None:
    await seen_by_both(stage)

    assert stage.incidents.join(passage(-3600, person="Anna")) is None
    await stage.pass_time(40)

    await stage.told(CONFIRMED, CLOSED)
    (now,) = await stage.rows()
    assert (now.started, now.passages) == (moment(0), ())


async def test_a_door_is_told_which_incident_its_passage_is_part_of(stage: Stage) -> None:
    stage.built(groups=(GATE,))
    await stage.begin()

    first = stage.incidents.join(passage(0))
    assert stage.incidents.join(passage(0)) == first
    assert stage.incidents.join(passage(2)) == first

    await stage.told(CONFIRMED)
    assert [row.id for row in await stage.rows()] == [first]


async def test_stopping_ends_what_only_a_door_told(stage: Stage) -> None:
    stage.built(groups=(GATE,))
    await stage.begin()
    stage.join(0)

    await stage.end()

    assert [row.state for row in await stage.rows()] == [IncidentState.INTERRUPTED]
