"""What a language model makes of incidents that are over: one at a time, within a day's budget."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
import logging
from pathlib import Path
from typing import Any, Final, Protocol, override

from ..database import DatabaseError
from ..footage import FootageFlow
from ..models import Assessment, AssessmentState, Incident
from .errors import BadAnswer, ModelFailed
from .house import House, surroundings_of_then
from .news import IncidentNews, NewsKind
from .prompt import Question, question
from .risk import Surroundings, assess
from .store import IncidentStore, ToAssess
from .summary import answer, revised

_LOGGER = logging.getLogger(__name__)

# The turn of one that was put off may be over by now; nobody asks a database without a pause.
SHORTEST_PAUSE: Final = timedelta(seconds=1)


class LanguageModel(Protocol):
    """Answers a question in words or in the shape that was asked for."""

    async def ask(self, question: Question, frames: Sequence[Path]) -> str | Mapping[str, Any]:
        """Return the answer; raises ModelFailed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AssessorOptions:
    """How often a language model is asked."""

    budget: int = 50
    """Questions a day, by the site's own midnight."""
    attempts: int = 4
    retry_first: timedelta = timedelta(seconds=30)
    retry_longest: timedelta = timedelta(minutes=30)


class Assessor(LanguageModel):
    """Has incidents assessed; what is left of the queue is in the rows.

    Whoever else wants to ask its model asks it: one at a time, within the same budget.
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
        self._woken = asyncio.Event()
        self._turn = asyncio.Lock()
        self._answered: list[datetime] = []

    def wake(self) -> None:
        """Look whether something is to be assessed."""
        self._woken.set()

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
        async with self._turn:
            if await self.spent() >= self._options.budget:
                raise ModelFailed("The day's budget of questions to the language model is used up.")
            answer = await self._model.ask(question, frames)
            self._answered.append(self._house.now())
            return answer

    async def run(self) -> None:
        """Assess what is pending, until cancelled."""
        while True:
            self._woken.clear()
            try:
                if waiting := await self._store.next_to_assess(self._house.now()):
                    async with self._turn:
                        await self._take(waiting)
                    continue
                pause = await self._pause()
            except DatabaseError as error:
                _LOGGER.error("Incidents cannot be assessed for now: %s", error)
                pause = self._options.retry_first
            await self._rest(pause)

    async def _rest(self, pause: timedelta | None) -> None:
        """Wait until somebody wakes us, or the pause is over."""
        with suppress(TimeoutError):
            async with asyncio.timeout(None if pause is None else pause.total_seconds()):
                await self._woken.wait()

    async def _take(self, waiting: ToAssess) -> None:
        incident = waiting.incident
        if await self.spent() >= self._options.budget:
            _LOGGER.info("Incident %s is not assessed: the day's budget is used up", incident.id)
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

    async def _pause(self) -> timedelta | None:
        """Return how long to wait for the first of those that were put off."""
        due = await self._store.next_retry()
        return None if due is None else max(due - self._house.now(), SHORTEST_PAUSE)

    def _midnight(self) -> datetime:
        local = self._house.now().astimezone(self._house.surroundings().zone)
        return local.replace(hour=0, minute=0, second=0, microsecond=0)
