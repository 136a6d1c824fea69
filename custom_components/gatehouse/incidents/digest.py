"""A day in a few sentences: from the facts, or by a language model."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Final

from ..models import Author
from .archive import Archive
from .assessor import LanguageModel
from .errors import BadAnswer, ModelFailed
from .search import IncidentQuery
from .summary import LONGEST_DIGEST, answer, digest, digest_question
from .totals import Totals

# More than a camera group can have in a day; a day that has still more is told of its last ones.
MOST_TOLD: Final = 5000


@dataclass(frozen=True, slots=True, kw_only=True)
class Digest:
    """What is told of a day."""

    day: date
    text: str
    author: Author
    error: str | None
    """Why the language model that was asked did not write it."""
    totals: Totals
    incidents: tuple[str, ...]
    """Their ids, newest first; false alarms are among them."""


async def digest_of(
    day: date,
    archive: Archive,
    names: Mapping[str, str],
    zone: tzinfo,
    model: LanguageModel | None,
) -> Digest:
    """Return what is told of a day, by a model if there is one and it gives an answer.

    Names are those of cameras and doors, by key; a quiet day is no question for a model.
    """
    since = datetime.combine(day, time(), zone)
    until = datetime.combine(day + timedelta(days=1), time(), zone)
    found = await archive.find(IncidentQuery(since=since, until=until, limit=MOST_TOLD))
    text, author, error = digest(day, found, names, zone), Author.FACTS, None
    if model and found:
        try:
            said = await model.ask(digest_question(day, found, names, zone), ())
            text, author = answer(said, LONGEST_DIGEST).summary, Author.MODEL
        except (ModelFailed, BadAnswer) as err:
            error = str(err)
    return Digest(
        day=day,
        text=text,
        author=author,
        error=error,
        totals=await archive.totals(since, until),
        incidents=tuple(incident.id for incident in found),
    )
