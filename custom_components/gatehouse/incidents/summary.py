"""What is told of incidents and days, and what a language model's answer is worth."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import islice
import json
from math import isnan
import re
from typing import Any, Final

from ..models import Assessment, Author
from .errors import BadAnswer
from .facts import LONGEST_DIGEST, digest, facts
from .prompt import LONGEST_REASONING, LONGEST_SUMMARY, Question, digest_question, question
from .risk import level_of
from .wording import clipped

__all__ = [
    "LONGEST_DIGEST",
    "LONGEST_SUMMARY",
    "Answer",
    "Question",
    "answer",
    "digest",
    "digest_question",
    "facts",
    "question",
    "revised",
]

# A model sees more than the rules do, and is wrong more often.
LEEWAY: Final = 30

# Who thinks aloud may need many words before the answer; nobody needs more than these characters.
LONGEST_ANSWER: Final = 32_768

# No model is asked whether something happened, yet many say that nothing did.
NO_ACTIVITY: Final = re.compile(
    r"(there (is|was|were) )?no (\w+ ){0,3}(activity|activities|movement|motion|events?|objects?)"
    r"( (is|was|were|has|have|been|detected|observed|seen|recorded|visible|in|at|the|th[ei]se?"
    r"|frames?|images?|pictures?|video|of|to|report|time|area|scene|camera))*[.!]?",
    re.IGNORECASE,
)

MARKDOWN: Final = re.compile(r"[*`]+|~~|__|^[ \t]*(?:[#>]+|[-+](?=[ \t]))", re.MULTILINE)
LINK: Final = re.compile(r"!?\[([^\[\]]*)\]\([^()]*\)")
SIGNS: Final = re.compile(r"[]\[*`#>~_+-]")  # of what is markup without the markup in it
THOUGHTS_END: Final = "</think>"

# People break lines within strings, and so do models.
DECODER: Final = json.JSONDecoder(strict=False)
MOST_OBJECTS: Final = 100
OBJECT: Final = re.compile(r"\{\s*\"")

# An object that is cut off or not quite JSON: a field counts when it is whole.
TEXT_FIELD: Final = (
    r"""(["']){name}\1\s*:\s*(["'])((?:\\.|[^\\]){{0,2000}}?)\2(?=\s*(?:[,}}]|\Z))"""
)
NUMBER_FIELD: Final = r"""(["']){name}\1\s*:\s*["']?(-?\d+(?:\.\d+)?)(?=\s*["',}}%/])"""
LEADING_NUMBER: Final = re.compile(r"\s*(-?\d+(?:\.\d+)?)")
ESCAPE: Final = re.compile(r"\\(u[0-9a-fA-F]{4}|.)", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a language model said: plain text of bounded length; no risk if it named none."""

    risk: int | None
    summary: str
    reasoning: str


def answer(said: str | Mapping[str, Any], longest: int = LONGEST_SUMMARY) -> Answer:
    """Return what a model said, however it wrapped it up; raises BadAnswer."""
    for fields in _candidates(said):
        summary = _plain(fields.get("summary"), longest)
        if not any(map(str.isalnum, summary)):
            continue
        if NO_ACTIVITY.fullmatch(summary):
            raise BadAnswer("the language model says that nothing happened; try a larger one")
        reasoning = _plain(fields.get("reasoning"), LONGEST_REASONING)
        return Answer(risk=_risk(fields.get("risk")), summary=summary, reasoning=reasoning)
    raise BadAnswer("the language model's answer has no summary in it; try a larger one")


def revised(assessment: Assessment, said: Answer) -> Assessment:
    """Return the assessment by rule with what a model says, as far as it is believed."""
    by_rule = assessment.risk
    wanted = by_rule if said.risk is None else said.risk
    risk = min(max(wanted, by_rule - LEEWAY, assessment.floor, 0), by_rule + LEEWAY, 100)
    reasons = (*assessment.reasons, said.reasoning) if said.reasoning else assessment.reasons
    return replace(
        assessment,
        risk=risk,
        level=level_of(risk),
        reasons=reasons,
        summary=said.summary,
        author=Author.MODEL,
    )


def _candidates(said: str | Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield what may be the answer, the most likely first; some models wrap it once more."""
    if isinstance(said, Mapping):
        yield said
        yield from (value for value in said.values() if isinstance(value, Mapping))
        return
    text = said.rpartition(THOUGHTS_END)[2].strip()[:LONGEST_ANSWER]
    for match in islice(OBJECT.finditer(text), MOST_OBJECTS):
        with suppress(ValueError, RecursionError):
            yield DECODER.raw_decode(text, match.start())[0]
    yield _salvaged(text)


def _salvaged(text: str) -> dict[str, Any]:
    """Return the fields that are whole in an object that is cut off or not quite JSON."""
    fields: dict[str, Any] = {}
    for name in ("summary", "reasoning"):
        if match := re.search(TEXT_FIELD.format(name=name), text, re.DOTALL):
            fields[name] = ESCAPE.sub(_unescaped, match[3])
    if match := re.search(NUMBER_FIELD.format(name="risk"), text):
        fields["risk"] = match[2]
    return fields


def _unescaped(match: re.Match[str]) -> str:
    escaped = match[1]
    if len(escaped) > 1:
        return chr(int(escaped[1:], 16))
    return " " if escaped in "bfnrt" else escaped


def _plain(text: object, longest: int) -> str:
    """Return a text without markup, line breaks and what cannot be printed; empty if it is none."""
    if not isinstance(text, str):
        return ""
    lines = map(_printable, text[:LONGEST_ANSWER].splitlines())
    text = _printable(MARKDOWN.sub("", LINK.sub(r"\1", "\n".join(lines))))
    if LINK.search(text) or MARKDOWN.search(text):
        text = _printable(SIGNS.sub("", text))
    return clipped(text, longest)


def _printable(text: str) -> str:
    """Return the words of a text on one line, without what cannot be printed."""
    words = ("".join(filter(str.isprintable, word)) for word in text.split())
    return " ".join(filter(None, words))


def _risk(said: object) -> int | None:
    """Return a risk from 0 to 100; models write it as 62, 61.9, "62/100" and 0.62."""
    if isinstance(said, str) and (match := LEADING_NUMBER.match(said)):
        said = float(match[1])
    if not isinstance(said, int | float) or isinstance(said, bool):
        return None
    risk = min(max(said * 100 if 0 < said < 1 else said, 0), 100)
    return None if isnan(risk) else round(risk)
