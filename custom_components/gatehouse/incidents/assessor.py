"""What a language model makes of incidents that are over, within a day's budget."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
import logging
from pathlib import Path
from typing import Any, Protocol, override

from ..database import DatabaseError
from ..footage import FootageFlow
from ..models import Assessment, AssessmentState, Incident
from .errors import BadAnswer, ModelFailed
from .house import House, surroundings_of_then
from .news import IncidentNews, NewsKind
from .prompt import Question, question
from .queue import Queue
from .risk import Surroundings, assess
from .store import IncidentStore, ToAssess
from .summary import answer, revised
from .turns import Turns

_LOGGER = logging.getLogger(__name__)


class LanguageModel(Protocol):
    """Answers a question in words or in the shape that was asked for."""

    async def ask(self, question: Question, frames: Sequence[Path]) -> str | Mapping[str, Any]:
        """Return the answer; raises ModelFailed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AssessorOptions:
    """How often a language model is asked."""

    budget: int = 50
    """Questions a day, by the site's own midnight."""
    at_once: int = 1
    """So many questions may be under way."""
    attempts: int = 4
    retry_first: timedelta = timedelta(seconds=30)
    retry_longest: timedelta = timedelta(minutes=30)


class Assessor(LanguageModel):
    """Has incidents assessed; what is left of the queue is in the rows.

    Whoever else wants to ask its model asks it: they share its turns and its budget.
    """

    def __init__(
        self,
        store: IncidentStore,
        model: LanguageModel,
        footage: FootageFlow,
        options: AssessorOptions,
        house: House,
    ) -> None:
        """Ask nothing before run(); the footage is told how bad its incident proves to be."""
        self._store = store
        self._model = model
        self._footage = footage
        self._options = options
        self._house = house
        self._queue = Queue(store, options.retry_first, house.now)
        self._turns = Turns(options.at_once, options.budget, self.spent)
        self._answered: list[datetime] = []

    def wake(self) -> None:
        """Look whether something is to be assessed."""
        self._queue.wake()

    async def pending(self) -> int:
        """Return how many incidents wait for their turn."""
        return await self._store.pending()

    async def spent(self) -> int:
        """Return how many questions of the day's budget are spent.

        Those that were not about an incident are forgotten at a restart.
        """
        midnight = self._midnight()
        self._answered = [at for at in self._answered if at >= midnight]
        return await self._store.assessed_since(midnight) + len(self._answered)

    @override
    async def ask(self, question: Question, frames: Sequence[Path]) -> str | Mapping[str, Any]:
        async with self._turns.turn() as granted:
            if not granted:
                raise ModelFailed("The day's budget of questions to the language model is used up.")
            answer = await self._model.ask(question, frames)
            self._answered.append(self._house.now())
            return answer

    async def run(self) -> None:
        """Assess what is pending, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for number in range(self._options.at_once):
                tasks.create_task(self._work(), name=f"gatehouse assessment {number}")

    async def _work(self) -> None:
        while True:
            async with self._queue.next() as waiting:
                try:
                    await self._take(waiting)
                except DatabaseError as error:
                    identity = waiting.incident.id
                    _LOGGER.error("Incident %s cannot be assessed for now: %s", identity, error)
                    # It stays in hand meanwhile: an answer that cannot be kept costs all the same.
                    await asyncio.sleep(self._options.retry_first.total_seconds())

    async def _take(self, waiting: ToAssess) -> None:
        incident = waiting.incident
        async with self._turns.turn() as granted:
            if not granted:
                reason = "the day's budget is used up"
                _LOGGER.info("Incident %s is not assessed: %s", incident.id, reason)
                await self._finish(incident, AssessmentState.SKIPPED)
                return
            try:
                better = await self._ask(incident)
            except (ModelFailed, BadAnswer) as error:
                await self._retry(waiting, error)
            else:
                await self._finish(incident, AssessmentState.DONE, better)

    async def _ask(self, incident: Incident) -> Assessment:
        names, surroundings = self._house.camera_names(), self._around(incident)
        asked = question(incident, names, surroundings, len(incident.frames))
        pictures = [frame.path for frame in incident.frames]
        said = answer(await self._model.ask(asked, pictures))
        by_rule = incident.assessment or assess(incident, surroundings, names)
        return revised(by_rule, said)

    def _around(self, incident: Incident) -> Surroundings:
        if incident.replayed:
            return surroundings_of_then(self._house)
        return self._house.surroundings()

    async def _retry(self, waiting: ToAssess, error: ModelFailed | BadAnswer) -> None:
        attempts = waiting.attempts + 1
        identity, options = waiting.incident.id, self._options
        _LOGGER.warning("Try %s to assess incident %s failed: %s", attempts, identity, error)
        if attempts >= options.attempts:
            await self._finish(waiting.incident, AssessmentState.FAILED)
            return
        pause = options.retry_first * 4 ** (attempts - 1)
        if isinstance(error, ModelFailed) and error.retry_after:
            pause = max(pause, error.retry_after)
        retry_at = self._house.now() + min(pause, options.retry_longest)
        await self._store.assess_later(identity, attempts, retry_at)

    async def _finish(
        self, incident: Incident, state: AssessmentState, better: Assessment | None = None
    ) -> None:
        """Write what came of it; without an answer the facts speak."""
        if better:
            await self._footage.grade(incident.id, better.level)
        stored = await self._store.assessed(incident.id, better, state, self._house.now())
        if stored:
            judged = state is AssessmentState.DONE
            self._house.incident(
                IncidentNews(kind=NewsKind.UPDATED, incident=stored, assessed=judged)
            )

    def _midnight(self) -> datetime:
        local = self._house.now().astimezone(self._house.surroundings().zone)
        return local.replace(hour=0, minute=0, second=0, microsecond=0)
