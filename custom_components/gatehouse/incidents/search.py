"""How incidents are found: the words and the marks under which one is kept, and what is asked.

Each incident has one line of text. People's words are in it without case and accents, so that all
databases read them alike; beside them are marks. So one index answers any combination.
"""

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from functools import cache
import re
from typing import Any, Final
import unicodedata

from sqlalchemy import (
    Column,
    ColumnElement,
    Integer,
    Select,
    Text,
    TextClause,
    bindparam,
    func,
    select,
    text,
)

from ..database import Moment
from ..models import Incident, IncidentState, Level
from . import marks
from .risk import LEVELS
from .rows import FOR_THE_STORE, INCIDENTS, LINES

# Words are told apart by so many first letters: each length of a beginning has its own index.
LONGEST_WORD: Final = 12

# So many different words narrow a search enough.
MOST_WORDS: Final = 32

ANY_ENDING: Final = "*"

POSTGRESQL: Final = "postgresql"

# Of a page, all that an incident is made of.
TOLD: Final = [each for each in INCIDENTS.c if each.name not in FOR_THE_STORE]
_WORD: Final = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentQuery:
    """Which incidents to find; None asks nothing."""

    text: str | None = None
    """Words of the place, the labels, the zones, the persons, the reasons, the summary, the note.

    Each must be there, or begin one that is there; blank asks nothing.
    """
    names: Mapping[str, str] | None = None
    """What people call the cameras, by their keys: with them, a word of the text may also be one of
    a camera's name, or a level: then what is at least that bad is found."""
    cameras: tuple[str, ...] | None = None
    """Seen by one of these at least."""
    group: str | None = None
    zone: str | None = None
    """Somebody was in the zone of this name."""
    since: datetime | None = None
    until: datetime | None = None
    """Started at or after since, and before until."""
    level: Level | None = None
    """At least this bad."""
    label: str | None = None
    """Something of this kind was seen."""
    kept: bool = False
    """Only what is never deleted by itself."""
    state: IncidentState | None = None
    reviewed: bool | None = None
    false_alarm: bool | None = None
    before: Incident | None = None
    """The last one of the page before."""
    limit: int = 50


def words(text: str) -> list[str]:
    """Return the words of a text, each once, in lower case, without accents, and not too long."""
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    letters = "".join(each for each in plain if not unicodedata.combining(each))
    return list(dict.fromkeys(word[:LONGEST_WORD] for word in _WORD.findall(letters)))


def is_called(text: str, name: str) -> bool:
    """Whether a text has words, and each begins one of a name."""
    asked, known = words(text), words(name)
    return bool(asked) and all(any(each.startswith(part) for each in known) for part in asked)


def line(incident: Incident) -> str:
    """Return the text under which an incident is kept."""
    return " ".join((*words("\n".join(_told(incident))), *marks.marks_of(incident)))


def terms(query: IncidentQuery) -> list[tuple[str, ...]]:
    """Return what a line must hold: one of each of these words, marks or beginnings."""
    asked: list[tuple[str, ...]] = [
        (_beginning(word), *_meant(word, query.names))
        for word in words(query.text or "")[:MOST_WORDS]
    ]
    if not asked and query.text and not query.text.isspace():
        asked.append(())
    if query.cameras is not None:
        asked.append(tuple(map(marks.of_camera, query.cameras)))
    if query.group:
        asked.append((marks.of_group(query.group),))
    if query.zone:
        asked.append((marks.of_zone(query.zone),))
    asked.extend((word,) for word in words(query.label or ""))
    asked.extend((mark,) for mark in _flags(query) if mark)
    return asked


def fts5(asked: Sequence[Iterable[str]]) -> str:
    """Return the terms in the words of SQLite's full-text index."""
    return " AND ".join(f"({' OR '.join(map(_in_fts5, terms))})" for terms in asked)


def tsquery(asked: Sequence[Iterable[str]]) -> str:
    """Return the terms in the words of PostgreSQL's full-text index."""
    return " & ".join(f"({' | '.join(map(_in_tsquery, terms))})" for terms in asked)


def selection(
    query: IncidentQuery, asked: Sequence[tuple[str, ...]], dialect: str
) -> tuple[Select[Any], dict[str, Any]]:
    """Return how to ask for a page, and the values that it is asked with."""
    values: dict[str, Any] = {"limit": query.limit}
    if query.since is not None:
        values["since"] = query.since
    if query.until is not None:
        values["until"] = query.until
    if query.before is not None:
        values |= {"before": query.before.id, "began": query.before.started}
    if asked:
        values["terms"] = tsquery(asked) if dialect == POSTGRESQL else fts5(asked)
    return _page(frozenset(values), dialect), values


def _meant(word: str, names: Mapping[str, str] | None) -> Iterable[str]:
    """Yield the marks of what somebody may mean by a word who does not mean what was told."""
    if names is None:
        return
    if word in LEVELS:
        yield marks.of_level(Level(word))
    yield from (marks.of_camera(camera) for camera, name in names.items() if is_called(word, name))


def _told(incident: Incident) -> Iterable[str]:
    """Yield all that people read of an incident."""
    yield incident.place
    yield from incident.labels
    yield from incident.zones
    yield from (passage.person for passage in incident.passages if passage.person)
    if incident.assessment:
        yield from incident.assessment.reasons
        yield incident.assessment.summary
    yield incident.note


def _flags(query: IncidentQuery) -> Iterable[str | None]:
    yield None if query.state is None else marks.of_state(query.state)
    yield None if query.level is None else marks.of_level(query.level)
    yield None if query.reviewed is None else marks.of_reviewed(query.reviewed)
    yield None if query.false_alarm is None else marks.of_alarm(query.false_alarm)
    yield marks.KEPT if query.kept else None


def _beginning(word: str) -> str:
    return word if len(word) == LONGEST_WORD else f"{word}{ANY_ENDING}"


def _in_fts5(term: str) -> str:
    word = term.removesuffix(ANY_ENDING)
    return f'"{word}"' + term[len(word) :]


def _in_tsquery(term: str) -> str:
    word = term.removesuffix(ANY_ENDING)
    return f"'{word}'" + (":*" if term != word else "")


# To put a question together takes longer than to answer it.
@cache
def _page(asked: frozenset[str], dialect: str) -> Select[Any]:
    """Walk one index in the order of time; the wide rows are read for this page alone."""
    number = LINES.c.rowid if "terms" in asked else INCIDENTS.c.number
    first, bounds = bindparam("limit", type_=Integer), _bounds(asked, number)
    rows = select(*TOLD).order_by(INCIDENTS.c.number.desc())
    if "terms" not in asked:
        return rows.where(*bounds).limit(first)
    found = select(number).where(*bounds, _holds(dialect)).order_by(number.desc()).limit(first)
    return rows.where(INCIDENTS.c.number.in_(found))


def _bounds(asked: Set[str], number: Column[datetime]) -> Iterable[ColumnElement[bool]]:
    if "since" in asked:
        yield number >= bindparam("since", type_=Moment)
    if "until" in asked:
        yield number < bindparam("until", type_=Moment)
    if "before" in asked:
        same = INCIDENTS.alias("same")
        its = select(same.c.number).where(same.c.id == bindparam("before", type_=Text))
        began = bindparam("began", type_=Moment)
        yield number < func.coalesce(its.scalar_subquery(), began)


def _holds(dialect: str) -> TextClause:
    """Ask the full-text index; nothing else differs between the databases."""
    if dialect == POSTGRESQL:
        matches = "incident_text.words @@ CAST(:terms AS tsquery)"
    else:
        matches = "incident_text MATCH :terms"
    return text(matches).bindparams(bindparam("terms", type_=Text))
