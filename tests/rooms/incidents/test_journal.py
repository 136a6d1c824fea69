"""What is kept of an incident, and whom it concerns."""

from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

import pytest

from custom_components.gatehouse.footage import FootageError, FootageFlow
from custom_components.gatehouse.incidents import AlarmState, Surroundings
from custom_components.gatehouse.incidents.album import MOST_BOXES, Album
from custom_components.gatehouse.models import AssessmentState, Incident, Level, Picture
from custom_components.gatehouse.vision import Sight
from tests.rooms.incidents.fakes import (
    CLOSED,
    CONFIRMED,
    FRONT,
    INTERRUPTED,
    Stage,
    jpeg,
    moment,
    person,
)
from tests.waiting import eventually

# --- Footage and pictures ---


async def test_an_incident_is_recorded_from_before_its_first_sign(stage: Stage) -> None:
    incident = await stage.confirmed()

    await eventually(lambda: stage.films.recorded)

    assert stage.films.recorded == [(FRONT, moment(-5), moment(5.4), incident.id)]


async def test_footage_is_extended_while_signs_come_and_not_more_often_than_needed(
    stage: Stage,
) -> None:
    await stage.confirmed()
    await eventually(lambda: stage.films.recorded)

    await stage.frames(0.6, 10.6, person())
    await stage.frames(10.6, 13)

    await eventually(lambda: stage.films.extended[-1] == ("film 1", moment(15.4)))
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

    await eventually(lambda: len(stage.films.recorded) == 2)
    assert stage.films.recorded[1] == (FRONT, moment(15.4), moment(25.4), incident.id)


async def test_the_best_picture_is_kept_at_once_with_boxes(stage: Stage) -> None:
    incident = await stage.confirmed()

    await eventually(lambda: stage.house.last.picture)

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
    await eventually(lambda: len(stage.films.pictures) == 1)

    await stage.frame(0.6, person(size=0.21))
    await stage.frame(0.8, person(size=0.19))
    await stage.frame(1.0, person(size=0.3))
    await eventually(lambda: len(stage.films.pictures) == 2)
    await stage.frame(1.2, person(size=0.31))
    await stage.frame(1.4, person(size=0.25))
    await stage.pass_time(60)

    await stage.told(CLOSED)
    assert len(set(stage.films.pictures[:3])) == 1
    assert stage.house.last.picture == stage.films.pictures[2]
    assert [frame.path for frame in stage.house.last.frames] == stage.films.pictures[3:]


async def test_the_best_frames_are_kept_at_the_end_in_the_order_of_time(stage: Stage) -> None:
    await stage.confirmed()
    for number in range(1, 60):
        stretch = number // 10
        await stage.frame(number, person(0.7 + 0.01 * (number % 10), size=SIZES[stretch]))
    assert not any(news.incident.frames for news in stage.house.incidents)

    await stage.pass_time(91)

    await stage.told(CLOSED)
    frames = stage.house.last.frames
    assert len(frames) == 4
    assert [frame.path.name[-5] for frame in frames] == ["1", "2", "3", "4"]
    assert all(frame.path.read_bytes() == jpeg() for frame in frames)


async def test_a_frame_knows_what_was_detected_in_it_the_surest_first(stage: Stage) -> None:
    await stage.confirmed()
    pair = (person(0.61238, size=0.3), person(0.8, left=0.7, size=0.3))
    for second in range(1, 6):
        await stage.frame(second, *pair)

    await stage.pass_time(60)

    await stage.told(CLOSED)
    [frame] = stage.house.last.frames
    assert [found.label for found in frame.detections] == ["person", "person"]
    assert [found.score for found in frame.detections] == [0.8, 0.612]
    assert frame.detections[0].box == pytest.approx(pair[1].box, abs=0.001)


async def test_no_more_boxes_are_kept_than_leave_something_of_the_picture(stage: Stage) -> None:
    crowd = [person(0.6 + 0.01 * number, left=0.03 * number, size=0.02) for number in range(30)]
    sight = Sight(picture=Picture(jpeg=jpeg(), captured=moment(1)), detections=tuple(crowd))
    incident = await stage.confirmed()
    album = Album(cast("FootageFlow", stage.films))

    album.keep(incident, FRONT, sight)
    await album.file_frames(incident)

    [frame] = album.frames
    assert len(frame.detections) == MOST_BOXES
    assert frame.detections[-1].score == pytest.approx(0.7)


SIZES = (0.2, 0.24, 0.22, 0.25, 0.21, 0.26)


async def test_an_incident_whose_picture_has_no_room_is_an_incident_all_the_same(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    stage.films.error = FootageError("the disk is full")
    await stage.confirmed()
    await eventually(lambda: "the disk is full" in caplog.text)
    said = caplog.text.count("the disk is full")

    await stage.pass_time(60)

    await stage.told(CLOSED)
    assert stage.house.last.picture is None
    assert stage.house.last.frames == ()
    assert (said, caplog.text.count("the disk is full")) == (1, 2)


async def test_a_picture_that_is_none_makes_an_incident_without_one(
    stage: Stage, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def garbage(newest: Any) -> Sight:
        picture = newest()
        stage.eye.seen.append(picture.captured)
        return Sight(picture=replace(picture, jpeg=b"garbage"), detections=(person(),))

    monkeypatch.setattr(stage.eye, "detect", garbage)
    await stage.confirmed()

    await eventually(lambda: "has a picture that is none" in caplog.text)
    await stage.pass_time(60)

    await stage.told(CLOSED)
    assert stage.house.last.picture is None


# --- Whom it concerns ---


async def test_somebody_is_to_be_notified_of_an_incident_once(stage: Stage) -> None:
    incident = await stage.confirmed()
    await stage.store.mark_notified(incident.id, moment(1))
    await stage.frames(1, 60, person(), every=1)
    await stage.pass_time(92)
    await stage.told(CONFIRMED, CLOSED)

    assert stage.house.due == [incident.id]
    assert stage.house.incidents[0].due


async def test_what_nobody_was_notified_of_is_due_again_when_it_gets_worse(stage: Stage) -> None:
    incident = await stage.confirmed()
    await stage.frames(1, 60, person(), every=1)
    await stage.pass_time(92)
    await stage.told(CONFIRMED, CLOSED)

    assert stage.house.due == [incident.id] * 2
    levels = [news.incident.assessment.level for news in stage.house.incidents if news.due]
    assert levels == ["low", "medium"]


async def second(stage: Stage, at: float) -> Incident:
    """Have the first incident end, and another person come then."""
    await stage.frames(at - 7, at - 1, every=1)
    await stage.told(CONFIRMED, CLOSED)
    await stage.frames(at, at + 0.6, person())
    await stage.told(CONFIRMED, CLOSED, CONFIRMED)
    return stage.house.last


async def test_the_cooldown_holds_back_a_notification_but_not_the_record(stage: Stage) -> None:
    first = await stage.confirmed()
    await stage.store.mark_notified(first.id, moment(1))

    held = await second(stage, 60)

    assert stage.house.due == [first.id]
    assert [row.id for row in await stage.rows()] == [held.id, first.id]


async def test_the_cooldown_counts_from_the_notification_that_was_sent(stage: Stage) -> None:
    first = await stage.confirmed()

    unsent = await second(stage, 60)

    assert stage.house.due == [first.id, unsent.id]


async def test_after_the_cooldown_somebody_is_notified_again(stage: Stage) -> None:
    first = await stage.confirmed()
    await stage.store.mark_notified(first.id, moment(1))

    later = await second(stage, 121.5)

    assert stage.house.due == [first.id, later.id]


async def test_the_cooldown_never_holds_back_what_is_worse(stage: Stage) -> None:
    first = await stage.confirmed()
    await stage.store.mark_notified(first.id, moment(1))
    held = await second(stage, 60)
    assert stage.house.due == [first.id]

    stage.house.around = Surroundings(alarm=AlarmState.TRIGGERED)
    await stage.frames(61, 62, person())

    await eventually(lambda: stage.house.due == [first.id, held.id])
    assert stage.house.last.assessment is not None
    assert stage.house.last.assessment.level is Level.HIGH
    stage.house.around = Surroundings()
    await stage.frames(62, 63, person())
    assert stage.house.last.assessment.level is Level.HIGH


async def test_the_cooldown_holds_after_a_restart(stage: Stage) -> None:
    first = await stage.confirmed()
    await stage.store.mark_notified(first.id, moment(1))
    await stage.end()

    stage.stories.clear()
    stage.built()
    await stage.begin()
    await stage.move()
    await stage.frames(60, 60.6, person())

    await stage.told(CONFIRMED, INTERRUPTED, CONFIRMED)
    assert stage.house.due == [first.id]


async def test_the_facts_are_the_summary_where_no_language_model_is_asked(stage: Stage) -> None:
    await stage.confirmed()
    await stage.pass_time(31)

    await stage.told(CLOSED)
    over = stage.house.last
    assert over.assessing is AssessmentState.NONE
    assert over.assessment is not None
    assert over.assessment.summary == "A person at Front at 12:00:00."


async def test_a_language_model_is_asked_of_what_is_over_and_not_before(stage: Stage) -> None:
    stage.built(ask_model=True)
    first = await stage.confirmed()
    await stage.pass_time(31)

    await stage.told(CLOSED)
    assert first.assessing is AssessmentState.NONE
    assert stage.house.last.assessing is AssessmentState.PENDING


async def test_what_people_say_meanwhile_stays(stage: Stage) -> None:
    first = await stage.confirmed()
    await stage.store.annotate(first.id, "the postman")

    await stage.pass_time(31)

    await stage.told(CLOSED)
    assert stage.house.last.note == "the postman"


async def test_footage_is_asked_for_with_how_bad_it_is_then(stage: Stage) -> None:
    await stage.confirmed()

    await eventually(lambda: stage.films.levels == [Level.LOW])
    assert stage.films.graded == []


async def test_the_footage_knows_when_its_incident_gets_worse(stage: Stage) -> None:
    first = await stage.confirmed()
    await eventually(lambda: stage.films.recorded)

    stage.house.around = Surroundings(alarm=AlarmState.TRIGGERED)
    await stage.frames(1, 2, person())

    await eventually(lambda: stage.films.graded == [(first.id, Level.HIGH)])
