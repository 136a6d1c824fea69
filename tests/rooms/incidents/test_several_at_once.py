"""Several questions under way at once: what may not depend on the order in which answers come."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

from aiohttp import ClientSession, web
import pytest

from custom_components.gatehouse.database import Database, DatabaseLocked
from custom_components.gatehouse.incidents import IncidentStore, ModelFailed, Question
from custom_components.gatehouse.language import ChatModel, LanguageBusy
from custom_components.gatehouse.models import AssessmentState, Frame
from tests.rooms.incidents.desk import PLAIN, Cluster, Desk
from tests.rooms.language.servers import FINE, TEXT, Scripted, says, spoken
from tests.waiting import eventually

DONE, FAILED, PENDING, SKIPPED = (
    AssessmentState.DONE,
    AssessmentState.FAILED,
    AssessmentState.PENDING,
    AssessmentState.SKIPPED,
)
QUESTION = Question(instructions="How was the day?", schema={})
NO_ROUTE = ModelFailed("no route")


class Office(Desk):
    """A desk whose model answers several at once."""

    def __init__(self, store: IncidentStore) -> None:
        self.cluster = Cluster()
        super().__init__(store)
        self.model = self.cluster  # type: ignore[assignment]

    async def wait(self, *names: str, **changes: Any) -> None:
        """Have incidents pending, the first one the oldest; a question shows which it is about."""
        for name in names:
            await super().wait(name, frames=(Frame(path=Path(name)),), **changes)

    async def opened(self, *names: str, **options: Any) -> None:
        """Have incidents pending, and begin."""
        self.built(**options)
        await self.wait(*names)
        self.begin()

    async def asks(self, *names: str) -> None:
        """See that these questions were asked in this order, and no others."""
        await eventually(lambda: len(self.cluster.asked) >= len(names), what=str(names))
        await self.calm()
        assert self.cluster.asked == list(names)

    async def calm(self) -> None:
        """Let happen whatever is about to."""
        self.assessor.wake()
        await asyncio.sleep(0.05)

    async def states(self, *names: str) -> list[AssessmentState]:
        return [await self.state(name) for name in names]


@pytest.fixture
async def office(store: IncidentStore) -> AsyncIterator[Office]:
    office = Office(store)
    yield office
    await office.end()


async def test_so_many_are_asked_at_once_the_oldest_first(office: Office) -> None:
    await office.opened(*"abcde", at_once=3)
    await office.asks(*"abc")

    office.cluster.say("b")

    await office.comes_to(DONE, "b")
    await office.asks(*"abcd")
    assert await office.states(*"abcde") == [PENDING, DONE, PENDING, PENDING, PENDING]


async def test_one_that_takes_long_delays_no_other(office: Office) -> None:
    await office.opened("long", *"abcd", at_once=2)
    for name in "abcd":
        await eventually(lambda name=name: office.cluster.under_way.get(name))
        office.cluster.say(name)
        await office.comes_to(DONE, name)

    await office.wait("late")
    office.assessor.wake()
    await eventually(lambda: office.cluster.under_way.get("late"))

    assert await office.state("long") is PENDING
    office.cluster.say("long")
    await office.comes_to(DONE, "long")


async def test_what_is_asked_is_not_asked_once_more_however_often_somebody_wakes_it(
    office: Office,
) -> None:
    await office.opened("a", at_once=8)
    await office.asks("a")

    for _ in range(20):
        office.assessor.wake()
        await asyncio.sleep(0.001)

    await office.asks("a")


class Slow(IncidentStore):
    """A store whose answers arrive late: what they tell is no longer so."""

    is_fast: asyncio.Event

    async def next_to_assess(self, *asked: Any) -> Any:
        found = await super().next_to_assess(*asked)
        await self.is_fast.wait()
        return found


async def test_what_was_answered_while_the_rows_were_read_is_not_asked_again(
    office: Office, database: Database
) -> None:
    office.store = store = Slow(database)
    store.is_fast = asyncio.Event()
    store.is_fast.set()
    await office.opened("a", at_once=2)
    await office.asks("a")
    store.is_fast.clear()
    await office.calm()  # somebody reads the rows now

    office.cluster.say("a")
    await office.comes_to(DONE, "a")
    store.is_fast.set()

    await office.asks("a")


async def test_what_is_under_way_is_within_the_budget_too(office: Office) -> None:
    await office.opened(*"abcdef", at_once=8, budget=3)
    await office.asks(*"abc")
    assert await office.states(*"def") == [PENDING] * 3

    for name in "bca":
        office.cluster.say(name)

    for name in "def":
        await office.comes_to(SKIPPED, name)
    assert await office.states(*"abc") == [DONE] * 3
    await office.asks(*"abc")


async def test_a_question_without_an_answer_leaves_its_part_of_the_budget_to_the_next(
    office: Office,
) -> None:
    await office.opened(*"abc", at_once=4, budget=2)
    await office.asks(*"ab")

    office.cluster.say("a", NO_ROUTE)

    await office.asks(*"abc")
    office.cluster.say("b")
    office.cluster.say("c")
    await office.comes_to(DONE, "b")
    await office.comes_to(DONE, "c")
    await office.pass_time(31)
    await office.comes_to(SKIPPED, "a")
    await office.asks(*"abc")


async def test_other_questions_share_turns_and_budget(office: Office) -> None:
    office.built(at_once=2, budget=3)
    asked = [asyncio.create_task(office.assessor.ask(QUESTION, ())) for _ in range(4)]
    await office.asks("", "")
    await office.wait("a")
    office.begin()
    await office.asks("", "")

    office.cluster.say("")
    office.cluster.say("")
    await office.asks("", "", "")
    office.cluster.say("")

    answers = await asyncio.gather(*asked, return_exceptions=True)
    assert answers[:3] == [PLAIN] * 3
    assert isinstance(answers[3], ModelFailed)
    assert "budget" in str(answers[3])
    await office.comes_to(SKIPPED, "a")
    assert office.cluster.busiest == 2
    assert await office.assessor.spent() == 3


async def test_whoever_gives_up_waiting_leaves_turn_and_budget_as_they_were(
    office: Office,
) -> None:
    office.built(at_once=2, budget=1)
    asking = asyncio.create_task(office.assessor.ask(QUESTION, ()))
    await office.asks("")
    waiting = asyncio.create_task(office.assessor.ask(QUESTION, ()))
    await office.calm()

    for task in (waiting, asking):
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    await office.wait("a")
    office.begin()
    await office.asks("", "a")


async def test_a_retry_keeps_its_pause_while_others_come_and_go(office: Office) -> None:
    await office.opened("a", "long", at_once=3)
    await office.asks("a", "long")
    office.cluster.say("a", NO_ROUTE)
    await eventually(office.store.next_retry)

    for second, name in ((10, "b"), (20, "c"), (29, "d")):
        await office.wait(name)
        await office.pass_time(second)
        office.cluster.say(name)
        await office.comes_to(DONE, name)
    await office.asks("a", "long", *"bcd")

    await office.pass_time(31)
    await office.asks("a", "long", *"bcda")
    office.cluster.say("a", NO_ROUTE)
    await office.calm()
    await office.pass_time(149)
    await office.asks("a", "long", *"bcda")
    await office.pass_time(152)
    await office.asks("a", "long", *"bcdaa")


async def test_one_that_is_put_off_has_its_turn_though_all_others_rest(office: Office) -> None:
    await office.opened("a", at_once=4, retry_first=timedelta(milliseconds=1))
    await office.asks("a")
    office.cluster.say("a", NO_ROUTE)
    await eventually(office.store.next_retry)

    office.clock.seconds += 1  # nobody is woken

    await eventually(lambda: office.cluster.under_way["a"])
    office.cluster.say("a")
    await office.comes_to(DONE, "a")


async def test_what_is_cancelled_in_mid_question_is_asked_again_at_the_next_start(
    office: Office,
) -> None:
    await office.opened(*"abcd", at_once=3, attempts=1)
    await office.asks(*"abc")
    office.cluster.say("b")
    await office.comes_to(DONE, "b")
    await eventually(lambda: office.cluster.under_way.get("d"))

    await office.end()

    assert await office.states(*"abcd") == [PENDING, DONE, PENDING, PENDING]
    assert not any(office.cluster.under_way.values())
    office.built()
    office.begin()
    await office.asks(*"abcd", *"acd")
    for name in "acd":
        office.cluster.say(name)
        await office.comes_to(DONE, name)
    assert await office.assessor.spent() == 4


async def test_a_story_that_is_started_anew_goes_on_with_what_it_had_in_hand(
    office: Office,
) -> None:
    await office.opened("a", "b", at_once=2, budget=2)
    await office.asks("a", "b")
    await office.end()

    office.begin()  # the same assessor, as a story that failed

    await office.asks("a", "b", "a", "b")


class Forgetful(IncidentStore):
    """A store that cannot be written for a while."""

    locked: Callable[[], bool]

    async def assessed(self, *told: Any) -> Any:
        if self.locked():
            raise DatabaseLocked("held by another program")
        return await super().assessed(*told)


async def test_an_answer_that_cannot_be_kept_is_not_asked_for_again_without_a_pause(
    office: Office, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    troubles = iter([True])
    office.store = store = Forgetful(database)
    store.locked = lambda: next(troubles, False)
    await office.opened("a", "b", at_once=2, retry_first=timedelta(seconds=0.3))
    await office.asks("a", "b")

    office.cluster.say("a")
    await eventually(lambda: "held by another program" in caplog.text)
    office.cluster.say("b")
    await office.comes_to(DONE, "b")

    await office.asks("a", "b")
    await eventually(lambda: office.cluster.under_way["a"])
    office.cluster.say("a")
    await office.comes_to(DONE, "a")


@pytest.mark.parametrize("seed", range(5))
async def test_whatever_comes_between_each_is_asked_alone_and_the_budget_holds(
    office: Office, seed: int
) -> None:
    chance, names = Random(seed), [f"{number:02}" for number in range(30)]
    office.built(
        at_once=chance.randint(2, 8),
        budget=20,
        attempts=2,
        retry_first=timedelta(),
        retry_longest=timedelta(),
    )
    under_way, answers, busiest = Counter[str](), 0, 0

    async def ask(question: Question, frames: Sequence[Path]) -> Mapping[str, Any]:
        nonlocal answers, busiest
        name = frames[0].name if frames else str(chance.random())
        under_way[name] += 1
        assert under_way[name] == 1
        busiest = max(busiest, under_way.total())
        try:
            await asyncio.sleep(chance.choice([0, 0.001, 0.01]))
            if chance.random() < 0.2:
                raise ModelFailed("no route", timedelta())
            answers += 1
            return PLAIN
        finally:
            under_way[name] -= 1

    office.cluster.ask = ask  # type: ignore[method-assign]
    office.begin()
    others = []
    for name in chance.sample(names, len(names)):
        await office.wait(name)
        office.assessor.wake()
        if chance.random() < 0.2:
            others.append(asyncio.create_task(office.assessor.ask(QUESTION, ())))

    await asyncio.gather(*others, return_exceptions=True)
    await eventually(lambda: _none(office.assessor.pending), what="what waits")
    assert not office.stories[0].done()
    states = Counter(await office.states(*names))
    assert states[DONE] + states[FAILED] + states[SKIPPED] == len(names)
    assert await office.assessor.spent() == 20
    assert answers == 20 - states[FAILED]
    assert 1 < busiest <= office.options.at_once


async def _none(count: Callable[[], Any]) -> bool:
    return await count() == 0  # type: ignore[no-any-return]


class Asking:
    """A language model over HTTP, as the integration asks it."""

    def __init__(self, chat: ChatModel) -> None:
        self.chat = chat

    async def ask(self, question: Question, frames: Sequence[Path]) -> str | Mapping[str, Any]:
        try:
            return await self.chat.ask(question.instructions, question.schema)
        except LanguageBusy as error:
            raise ModelFailed(str(error), error.retry_after) from error


@pytest.fixture
async def server(socket_enabled: None) -> AsyncIterator[Scripted]:
    server = Scripted()
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def served(office: Office, server: Scripted) -> AsyncIterator[Office]:
    """The office, asking that server."""
    async with ClientSession() as session:
        chat = ChatModel(session, server.url, model="small")
        office.model = Asking(chat)  # type: ignore[assignment]
        yield office
        await office.end()


async def test_a_server_is_asked_several_at_once_and_no_more_than_the_budget(
    served: Office, server: Scripted
) -> None:
    together = asyncio.Barrier(4)

    async def answer(_request: web.Request, _body: object) -> web.Response:
        await together.wait()  # who asks for less than four at once never gets an answer
        return web.json_response(spoken(TEXT))

    server.chat(answer)
    names = "abcdefghijkl"

    await served.opened(*names, at_once=4, budget=8)

    await eventually(lambda: _none(served.assessor.pending))
    assert len(server.questions) == 8
    assert await served.assessor.spent() == 8
    assert await served.states(*names) == [DONE] * 8 + [SKIPPED] * 4


async def test_a_server_that_is_busy_with_one_is_still_asked_the_others(
    served: Office, server: Scripted
) -> None:
    busy = says({"error": {"message": "queue is full"}}, 429, **{"Retry-After": "60"})
    answers = iter([busy])

    async def answer(request: web.Request, body: object) -> web.StreamResponse:
        return await next(answers, FINE)(request, body)

    server.chat(answer)

    await served.opened("a", "b", "c", at_once=3)

    await eventually(served.store.next_retry)
    await eventually(lambda: len(server.questions) == 3)
    await served.pass_time(59)
    assert sorted(await served.states("a", "b", "c")) == [DONE, DONE, PENDING]
    await served.pass_time(61)
    await eventually(lambda: _none(served.assessor.pending))
    assert len(server.questions) == 4
