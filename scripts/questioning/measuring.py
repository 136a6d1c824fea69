"""What a service makes of questions about incidents, one at a time and several at once."""

import asyncio
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count
import json
from statistics import median, quantiles
from time import monotonic
from typing import Any, Final

import aiohttp

from custom_components.gatehouse.incidents import BadAnswer, Question
from custom_components.gatehouse.incidents.risk import Surroundings, assess
from custom_components.gatehouse.incidents.summary import answer, question
from custom_components.gatehouse.language import ChatModel, LanguageError
from custom_components.gatehouse.models import Box, Detection, Incident, IncidentState, Sighting

__all__ = ["LanguageError", "Measuring"]

PATIENCE: Final = timedelta(minutes=3)  # as long as an incident waits for its answer
NIGHT: Final = datetime(2026, 11, 21, 23, tzinfo=UTC)
PLACES: Final = ("Garden", "Drive", "Front door", "Back yard", "Garage", "Court", "Cellar stairs")
CAMERA: Final = "porch/front"
AROUND: Final = Surroundings(dark=True, anybody_home=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What came of one question, and after how many seconds."""

    seconds: float
    error: str | None = None
    in_shape: bool = False
    """Whether it is JSON by the schema that was asked for."""
    of_use: bool = False
    """Whether Gatehouse makes a summary of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measuring:
    """Whom to ask, and how much."""

    address: str
    model: str | None = None
    key: str | None = field(default=None, repr=False)
    questions: int
    pictures: tuple[bytes, ...] = ()

    async def run(self, at_once: int) -> AsyncGenerator[str]:
        """Tell in words what one at a time gives, and what several at once do.

        Raises LanguageError if there is no answer to the first question, which nobody counts.
        """
        numbers = count()
        async with aiohttp.ClientSession() as session:
            chat = ChatModel(
                session, self.address, model=self.model, api_key=self.key, timeout=PATIENCE
            )
            first = _question(next(numbers), len(self.pictures))
            await chat.ask(first.instructions, first.schema, self.pictures)
            rates = []
            for width in dict.fromkeys((1, at_once)):
                began, replies = monotonic(), await self._ask(chat, numbers, width)
                rates.append(_answered(replies) * 60 / (monotonic() - began))
                yield _told(width, rates[-1], replies)
        if len(rates) > 1 and rates[0]:
            yield f"{at_once} at once give {rates[1] / rates[0]:.1f} times as many answers as one"

    async def _ask(self, chat: ChatModel, numbers: Iterator[int], width: int) -> list[Reply]:
        """Keep so many questions under way until all are answered."""
        left, replies = iter(range(self.questions)), list[Reply]()

        async def ask() -> None:
            for _ in left:
                replies.append(await self._reply(chat, next(numbers)))

        async with asyncio.TaskGroup() as asking:
            for _ in range(width):
                asking.create_task(ask())
        return replies

    async def _reply(self, chat: ChatModel, number: int) -> Reply:
        asked, began = _question(number, len(self.pictures)), monotonic()
        try:
            said = await chat.ask(asked.instructions, asked.schema, self.pictures)
        except LanguageError as error:
            return Reply(seconds=monotonic() - began, error=str(error))
        of_use = False
        with suppress(BadAnswer):
            of_use = bool(answer(said).summary)
        return Reply(seconds=monotonic() - began, in_shape=_fits(said, asked.schema), of_use=of_use)


def _question(number: int, pictures: int) -> Question:
    """Return what would be asked of an incident; no two are the same."""
    first = NIGHT + timedelta(seconds=97 * number)
    last = first + timedelta(seconds=10 + number % 60)
    score = 0.6 + number % 37 / 100
    best = Detection(label="person", score=score, box=Box(0.4, 0.2, 0.6, 0.9))
    incident = Incident(
        id=f"{number}",
        group=CAMERA,
        place=PLACES[number % len(PLACES)],
        state=IncidentState.CLOSED,
        started=first,
        last_seen=last,
        ended=last + timedelta(seconds=30),
        labels=("person",),
        count=1 + number % 3,
        sightings=(Sighting(camera=CAMERA, first=first, last=last, best=best),),
    )
    names = {CAMERA: f"{incident.place} camera"}
    assessed = replace(incident, assessment=assess(incident, AROUND, names))
    return question(assessed, names, AROUND, pictures)


def _fits(said: str | Mapping[str, Any], schema: Mapping[str, Any]) -> bool:
    """Whether an answer is JSON by one of our schemas: whole numbers and texts, all required."""
    given: Any = said
    if isinstance(said, str):
        with suppress(ValueError):
            given = json.loads(said)
    wanted = schema["properties"]
    if not isinstance(given, dict) or given.keys() != wanted.keys():
        return False
    return all(_is(value, wanted[name]) for name, value in given.items())


def _is(value: Any, wanted: Mapping[str, Any]) -> bool:
    if wanted["type"] == "string":
        return isinstance(value, str) and len(value) <= wanted["maxLength"]
    return type(value) is int and wanted["minimum"] <= value <= wanted["maximum"]


def _answered(replies: Sequence[Reply]) -> int:
    return sum(reply.error is None for reply in replies)


def _told(width: int, rate: float, replies: Sequence[Reply]) -> str:
    answered = [reply for reply in replies if reply.error is None]
    times = [reply.seconds for reply in answered]
    told = f"{width} at once: {rate:.1f} answers a minute"
    if times:
        slow = quantiles(times, n=20, method="inclusive")[-1] if len(times) > 1 else times[0]
        in_shape = sum(reply.in_shape for reply in answered) / len(answered)
        of_use = sum(reply.of_use for reply in answered) / len(answered)
        told += (
            f", each after {median(times):.1f} s, 95 % within {slow:.1f} s;"
            f" {in_shape:.0%} in the shape asked for, {of_use:.0%} with a summary"
        )
    if failed := [reply.error for reply in replies if reply.error is not None]:
        told += f"; {len(failed)} failed: {max(failed, key=failed.count)}"
    return told
