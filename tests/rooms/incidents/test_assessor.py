"""What a language model makes of incidents that are over, and what it costs when it fails."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import timedelta
import logging
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from custom_components.gatehouse.database import Database, DatabaseLocked
from custom_components.gatehouse.incidents import (
    AlarmState,
    IncidentStore,
    ModelFailed,
    NewsKind,
    Question,
    Surroundings,
)
from custom_components.gatehouse.models import (
    Assessment,
    AssessmentState,
    Author,
    IncidentState,
    Level,
)
from tests.rooms.incidents.desk import PLAIN, WAITING, Desk, Model
from tests.waiting import eventually


@pytest.fixture
async def desk(store: IncidentStore) -> AsyncIterator[Desk]:
    desk = Desk(store)
    yield desk
    await desk.end()


async def test_what_waits_is_asked_with_its_facts_and_frames(desk: Desk) -> None:
    await desk.wait("waiting")

    desk.begin()

    row = await desk.comes_to(AssessmentState.DONE)
    assert row.assessment == Assessment(
        risk=40,
        level=Level.MEDIUM,
        reasons=("a person was seen", "He leaves at once."),
        floor=30,
        summary="A courier brings a parcel.",
        author=Author.MODEL,
    )
    ((question, frames),) = desk.model.asked
    assert '"place": "Front"' in question.instructions
    assert frames == (Path("1.jpg"), Path("2.jpg"))
    await eventually(lambda: desk.house.incidents)
    (news,) = desk.house.incidents
    assert (news.kind, news.incident, news.due) == (NewsKind.UPDATED, row, False)
    assert news.assessed


@pytest.mark.parametrize(("said", "believed"), [(0, 30), (25, 30), (60, 60), (100, 80)])
async def test_a_model_is_believed_within_bounds(desk: Desk, said: int, believed: int) -> None:
    desk.model.answers = [{**PLAIN, "risk": said}]
    await desk.wait("waiting")

    desk.begin()

    row = await desk.comes_to(AssessmentState.DONE)
    assert row.assessment is not None
    assert row.assessment.risk == believed


async def test_the_footage_knows_how_bad_a_model_finds_it(desk: Desk) -> None:
    desk.model.answers = [{**PLAIN, "risk": 60}]
    await desk.wait("waiting")

    desk.begin()

    await desk.comes_to(AssessmentState.DONE)
    assert desk.films.graded == [("waiting", Level.HIGH)]


async def test_without_an_answer_the_footage_stays_as_bad_as_it_was(desk: Desk) -> None:
    desk.built(attempts=1)
    desk.model.answers = [ModelFailed("it is asleep")]
    await desk.wait("waiting")

    desk.begin()

    await desk.comes_to(AssessmentState.FAILED)
    assert desk.films.graded == []


@pytest.mark.parametrize(("replayed", "alarm"), [(False, '"triggered"'), (True, "null")])
async def test_what_is_around_now_was_not_around_what_is_replayed(
    desk: Desk, replayed: bool, alarm: str
) -> None:
    desk.house.around = Surroundings(alarm=AlarmState.TRIGGERED)
    await desk.wait("waiting", replayed=replayed)

    desk.begin()

    await desk.comes_to(AssessmentState.DONE)
    ((question, _),) = desk.model.asked
    assert f'"alarm": {alarm}' in question.instructions


async def test_an_answer_in_chatty_words_is_an_answer(desk: Desk) -> None:
    desk.model.answers = ['Sure!\n```json\n{"risk": 35, "summary": "A cat on the wall."}\n```']
    await desk.wait("waiting")

    desk.begin()

    row = await desk.comes_to(AssessmentState.DONE)
    assert row.assessment is not None
    assert row.assessment.summary == "A cat on the wall."


async def test_an_incident_that_no_rule_has_assessed_is_assessed_first(desk: Desk) -> None:
    await desk.wait("waiting", assessment=None)

    desk.begin()

    row = await desk.comes_to(AssessmentState.DONE)
    assert row.assessment is not None
    assert row.assessment.reasons[0] == "a person was seen"


async def test_the_oldest_comes_first_and_one_at_a_time(desk: Desk) -> None:
    await desk.wait("first", "second", "third")

    desk.begin()

    await eventually(lambda: len(desk.house.incidents) == 3)
    assert [news.incident.id for news in desk.house.incidents] == ["first", "second", "third"]
    assert desk.model.busiest == 1


async def test_what_is_open_or_asks_for_nothing_is_not_asked(desk: Desk) -> None:
    await desk.wait("open", state=IncidentState.OPEN)
    await desk.wait("plain", assessing=AssessmentState.NONE)
    await desk.wait("waiting")

    desk.begin()

    await desk.comes_to(AssessmentState.DONE)
    assert len(desk.model.asked) == 1
    assert await desk.state("open") is AssessmentState.PENDING


async def test_nothing_is_asked_again_until_somebody_wakes_it(desk: Desk) -> None:
    await desk.wait("first")
    desk.begin()
    await desk.comes_to(AssessmentState.DONE, "first")
    await desk.wait("second")

    desk.assessor.wake()

    await desk.comes_to(AssessmentState.DONE, "second")
    assert len(desk.model.asked) == 2


@pytest.mark.parametrize(
    "failure", [ModelFailed("no route"), "I cannot help with that.", {"summary": ""}]
)
async def test_a_failure_is_tried_again_later_each_time_after_a_longer_pause(
    desk: Desk, failure: Any
) -> None:
    desk.model.answers = [failure] * 3
    await desk.wait("waiting")
    await desk.fails_once()

    tries = []
    for second in (29, 31, 149, 152, 631, 633):
        await desk.pass_time(second)
        tries.append(len(desk.model.asked))

    assert tries == [1, 2, 2, 3, 3, 4]
    await desk.comes_to(AssessmentState.DONE)
    await eventually(lambda: desk.house.incidents)
    assert len(desk.house.incidents) == 1


async def test_after_the_last_try_the_facts_speak(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    desk.built(attempts=2)
    desk.model.answers = [ModelFailed("no route")] * 2
    await desk.wait("waiting")
    await desk.fails_once()

    await desk.pass_time(31)

    row = await desk.comes_to(AssessmentState.FAILED)
    assert row.assessment == WAITING.assessment
    assert caplog.text.count("no route") == 2
    await eventually(lambda: desk.house.incidents)
    assert [news.incident.assessing for news in desk.house.incidents] == [AssessmentState.FAILED]
    assert not desk.house.incidents[-1].assessed


@pytest.mark.parametrize(("wish", "pause"), [(5, 30), (200, 200), (7200, 1800)])
async def test_a_model_that_says_when_to_come_again_is_heeded(
    desk: Desk, wish: float, pause: float
) -> None:
    desk.model.answers = [ModelFailed("busy", timedelta(seconds=wish))]
    await desk.wait("waiting")
    await desk.fails_once()

    await desk.pass_time(pause - 1)
    assert len(desk.model.asked) == 1
    await desk.pass_time(pause + 1)

    await desk.comes_to(AssessmentState.DONE)


async def test_one_that_is_put_off_does_not_hold_up_the_next(desk: Desk) -> None:
    desk.model.answers = [ModelFailed("no route")]
    await desk.wait("first", "second")

    desk.begin()

    await desk.comes_to(AssessmentState.DONE, "second")
    assert await desk.state("first") is AssessmentState.PENDING


async def test_one_that_is_put_off_has_its_turn_without_being_woken(desk: Desk) -> None:
    desk.built(retry_first=timedelta(milliseconds=1))
    desk.model.answers = [ModelFailed("no route")]
    await desk.wait("waiting")
    await desk.fails_once()

    desk.clock.seconds += 1

    await desk.comes_to(AssessmentState.DONE)


async def test_what_exceeds_the_days_budget_is_skipped(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    desk.built(budget=2)
    await desk.wait("first", "second", "third")

    desk.begin()

    row = await desk.comes_to(AssessmentState.SKIPPED, "third")
    assert row.assessment == WAITING.assessment
    assert len(desk.model.asked) == 2
    assert "the day's budget is used up" in caplog.text
    await eventually(lambda: len(desk.house.incidents) == 3)
    assert desk.house.last.assessing is AssessmentState.SKIPPED


async def test_the_budget_is_that_of_a_local_day(desk: Desk) -> None:
    desk.house.around = Surroundings(zone=ZoneInfo("Asia/Tokyo"))  # midnight is at 15:00 UTC
    desk.built(budget=1)
    await desk.wait("first", "second")
    desk.begin()
    await desk.comes_to(AssessmentState.SKIPPED, "second")
    await desk.wait("third")
    await desk.pass_time(3 * 3600 - 1)
    await desk.comes_to(AssessmentState.SKIPPED, "third")
    await desk.wait("fourth")

    await desk.pass_time(3 * 3600 + 1)

    await desk.comes_to(AssessmentState.DONE, "fourth")


QUESTION = Question(instructions="How was the day?", schema={})


async def test_other_questions_and_incidents_share_one_budget(desk: Desk) -> None:
    desk.built(budget=2)
    assert await desk.assessor.ask(QUESTION, ()) == PLAIN
    await desk.wait("first", "second")

    desk.begin()

    await desk.comes_to(AssessmentState.DONE, "first")
    await desk.comes_to(AssessmentState.SKIPPED, "second")
    with pytest.raises(ModelFailed, match="budget"):
        await desk.assessor.ask(QUESTION, ())
    assert len(desk.model.asked) == 2

    await desk.pass_time(24 * 3600)
    assert await desk.assessor.ask(QUESTION, ()) == PLAIN


async def test_a_question_that_got_no_answer_costs_nothing(desk: Desk) -> None:
    desk.built(budget=1)
    desk.model.answers = [ModelFailed("no route")]
    with pytest.raises(ModelFailed, match="no route"):
        await desk.assessor.ask(QUESTION, ())

    assert await desk.assessor.ask(QUESTION, ()) == PLAIN


async def test_other_questions_wait_for_their_turn(desk: Desk) -> None:
    await desk.wait("first", "second")
    desk.begin()

    await asyncio.gather(*(desk.assessor.ask(QUESTION, ()) for _ in range(3)))

    await desk.comes_to(AssessmentState.DONE, "second")
    assert desk.model.busiest == 1


async def test_what_waits_can_be_counted(desk: Desk) -> None:
    await desk.wait("open", state=IncidentState.OPEN)
    await desk.wait("done", assessing=AssessmentState.DONE)
    await desk.wait("first", "second")

    assert await desk.assessor.pending() == 2


async def test_no_budget_is_no_question(desk: Desk) -> None:
    desk.built(budget=0)
    await desk.wait("waiting")

    desk.begin()

    await desk.comes_to(AssessmentState.SKIPPED)
    assert desk.model.asked == []


async def test_a_restart_goes_on_where_the_rows_say(desk: Desk) -> None:
    desk.model.answers = [ModelFailed("no route")] * 3
    await desk.wait("waiting")
    await desk.fails_once()
    await desk.pass_time(31)
    assert len(desk.model.asked) == 2
    await desk.end()

    desk.built(attempts=3)
    desk.begin()
    await desk.pass_time(100)
    assert len(desk.model.asked) == 2
    await desk.pass_time(160)

    await desk.comes_to(AssessmentState.FAILED)
    assert len(desk.model.asked) == 3


async def test_a_story_cancelled_in_mid_question_asks_again(desk: Desk) -> None:
    asked, never = asyncio.Event(), asyncio.Event()
    model = desk.model

    class Thinking(Model):
        async def ask(self, question: Question, frames: Sequence[Path]) -> str:
            asked.set()
            await never.wait()
            return ""

    desk.model = Thinking()
    desk.built()
    await desk.wait("waiting")
    desk.begin()
    await asyncio.wait_for(asked.wait(), 5)
    await desk.end()

    desk.model = model
    desk.built()
    desk.begin()

    await desk.comes_to(AssessmentState.DONE)


class Sulking(IncidentStore):
    """A store that is locked for a while."""

    locked: Callable[[], bool]

    async def next_to_assess(self, *asked: Any) -> Any:
        if self.locked():
            raise DatabaseLocked("held by another program")
        return await super().next_to_assess(*asked)


async def test_a_database_in_trouble_is_asked_again(
    desk: Desk, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    troubles = iter([True, True])
    desk.store = store = Sulking(database)
    store.locked = lambda: next(troubles, False)
    desk.built(retry_first=timedelta())
    await desk.wait("waiting")

    desk.begin()

    await desk.comes_to(AssessmentState.DONE)
    assert caplog.text.count("held by another program") == 2


async def test_what_was_deleted_meanwhile_is_no_news(desk: Desk) -> None:
    await desk.wait("waiting")

    class Deleting(Model):
        async def ask(self, question: Question, frames: Sequence[Path]) -> Mapping[str, Any]:
            await desk.store.delete("waiting")
            self.asked.append((question, ()))
            return PLAIN

    desk.model = Deleting()
    desk.built()
    desk.begin()

    await eventually(lambda: desk.model.asked)
    await desk.pass_time(1)
    assert desk.house.incidents == []


async def test_a_house_that_breaks_on_the_news_loses_no_answer(desk: Desk) -> None:
    desk.house.deaf = {"news"}
    await desk.wait("waiting")

    desk.begin()

    with pytest.RaisesGroup(ZeroDivisionError):
        await asyncio.wait_for(desk.stories[0], 5)
    assert await desk.state() is AssessmentState.DONE
