"""An assessor at work, and the language models that it asks."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from custom_components.gatehouse.incidents import Assessor, AssessorOptions, IncidentStore, Question
from custom_components.gatehouse.models import (
    Assessment,
    AssessmentState,
    Frame,
    Incident,
    IncidentState,
    Level,
)
from tests.rooms.incidents.fakes import FRONT, NOON, STEADY, Clock, Films, House
from tests.waiting import eventually

PLAIN = {"risk": 40, "summary": "A courier brings a parcel.", "reasoning": "He leaves at once."}
WAITING = Incident(
    id="waiting",
    group=FRONT,
    place="Front",
    state=IncidentState.CLOSED,
    started=NOON - timedelta(minutes=1),
    last_seen=NOON - timedelta(seconds=40),
    ended=NOON - timedelta(seconds=10),
    labels=("person",),
    count=1,
    frames=(Frame(path=Path("1.jpg")), Frame(path=Path("2.jpg"))),
    assessment=Assessment(risk=50, level=Level.MEDIUM, reasons=("a person was seen",), floor=30),
    assessing=AssessmentState.PENDING,
)


@dataclass
class Model:
    """A language model that says what the test wants."""

    answers: list[Any] = field(default_factory=list)
    asked: list[tuple[Question, tuple[Path, ...]]] = field(default_factory=list)
    busy: int = 0
    busiest: int = 0

    async def ask(self, question: Question, frames: Sequence[Path]) -> str | Mapping[str, Any]:
        self.asked.append((question, tuple(frames)))
        self.busy += 1
        self.busiest = max(self.busiest, self.busy)
        await asyncio.sleep(0)
        self.busy -= 1
        answer: Any = self.answers.pop(0) if self.answers else PLAIN
        if isinstance(answer, Exception):
            raise answer
        return answer  # type: ignore[no-any-return]


class Desk:
    """An assessor at work, and a time that only the test moves."""

    def __init__(self, store: IncidentStore) -> None:
        self.store = store
        self.model = Model()
        self.clock = Clock()
        self.house = House(self.clock)
        self.films = Films(Path())
        self.options = AssessorOptions()
        self.assessor = self.built()
        self.stories: list[asyncio.Task[None]] = []

    def built(self, **changes: Any) -> Assessor:
        self.options = replace(self.options, **changes)
        self.assessor = Assessor(
            self.store,
            self.model,
            self.films,  # type: ignore[arg-type]
            self.options,
            self.house,
        )
        return self.assessor

    async def wait(self, *names: str, **changes: Any) -> None:
        """Have incidents pending, the first one the oldest."""
        for number, name in enumerate(names):
            started = WAITING.started + timedelta(seconds=number)
            await self.store.save(replace(WAITING, id=name, started=started, **changes))

    def begin(self) -> None:
        self.stories.append(asyncio.create_task(self.assessor.run()))

    async def fails_once(self) -> None:
        """Begin, and have the first try fail and be put off."""
        self.begin()
        await eventually(self.store.next_retry)

    async def state(self, name: str = "waiting") -> AssessmentState:
        row = await self.store.get(name)
        assert row is not None
        return row.assessing

    async def comes_to(self, state: AssessmentState, name: str = "waiting") -> Incident:
        async def row() -> Incident | None:
            found = await self.store.get(name)
            return found if found and found.assessing is state else None

        return await eventually(row, what=f"{name} {state}")  # type: ignore[no-any-return]

    async def pass_time(self, to: float) -> None:
        self.clock.seconds = STEADY + to
        self.assessor.wake()
        await asyncio.sleep(0.05)

    async def end(self) -> None:
        for story in self.stories:
            story.cancel()
        await asyncio.gather(*self.stories, return_exceptions=True)


class Cluster:
    """Language models that answer several questions at once, each when the test says so."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        """By the name of the incident; a question without pictures has none."""
        self.under_way: dict[str, list[asyncio.Future[Any]]] = {}
        self.busiest = 0

    async def ask(self, question: Question, frames: Sequence[Path]) -> str | Mapping[str, Any]:
        name = frames[0].name if frames else ""
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self.asked.append(name)
        self.under_way.setdefault(name, []).append(answer)
        self.busiest = max(self.busiest, sum(map(len, self.under_way.values())))
        try:
            return await answer  # type: ignore[no-any-return]
        finally:
            self.under_way[name].remove(answer)

    def say(self, name: str, answer: Mapping[str, Any] | Exception = PLAIN) -> None:
        """Answer the oldest question about an incident."""
        waiting = next(each for each in self.under_way[name] if not each.done())
        if isinstance(answer, Exception):
            waiting.set_exception(answer)
        else:
            waiting.set_result(answer)
