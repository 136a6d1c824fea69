"""The tables of a configuration file: what is right in them, and every mistake by its key."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import timedelta
from difflib import get_close_matches
from enum import StrEnum
import re
from typing import Any, TypeAlias, TypeVar

Rules: TypeAlias = Mapping[str, Callable[[Any], Any]]
_Word = TypeVar("_Word", bound=StrEnum)

_BARE = re.compile("[A-Za-z0-9_-]+")  # what TOML takes for a key without quotes
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")  # in no name, and not in a path that can be opened


def table(
    where: str, raw: object, rules: Rules, needed: Collection[str], problems: list[str]
) -> dict[str, Any]:
    """Return what is right in a table of the file, and add what is wrong to the problems."""
    if not isinstance(raw, dict):
        problems.append(f"{where}: must be a table")
        return {}
    problems += unknown(f"{where}.", raw, rules)
    problems += [f"{where}.{key}: is missing" for key in needed if key not in raw]
    found = {}
    for key in (key for key in raw if key in rules):
        try:
            found[key] = rules[key](raw[key])
        except ValueError as error:
            problems.append(f"{where}.{key}: {error}")
    return found


def unknown(where: str, raw: Mapping[str, object], known: Collection[str]) -> list[str]:
    """Return a sentence for each key that nobody knows."""
    problems = []
    for key in (key for key in raw if key not in known):
        close = get_close_matches(key, known, n=1)
        hint = f"did you mean {close[0]!r}?" if close else f"known are {', '.join(known)}"
        problems.append(f"{where}{key if _BARE.fullmatch(key) else repr(key)}: unknown key; {hint}")
    return problems


def repeated(where: str, what: str, ids: Iterable[str], each: str) -> list[str]:
    """Return a sentence for each id that is there more than once."""
    return [
        f"{where}: the {what} {name!r} is used {times} times; each {each} needs its own"
        for name, times in Counter(ids).items()
        if times > 1
    ]


def called(name: str) -> str:
    """Return what something with this id is called while its owner gave it no name."""
    return name.replace("_", " ").replace("-", " ").capitalize()


def text(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError("must be a text")
    if _CONTROL.search(value.strip()):
        raise ValueError("must be one line, without control characters")
    return value.strip()


def slug(value: object) -> str:
    if not isinstance(value, str) or not re.fullmatch("[a-z0-9][a-z0-9_-]{0,31}", value):
        raise ValueError("must be 1 to 32 of a-z, 0-9, _ and -, beginning with a letter or digit")
    return value


def listed(value: object) -> list[object]:
    if isinstance(value, list):
        return value
    raise ValueError("must be a list")


def flag(value: object) -> bool:
    if value is True or value is False:
        return value
    raise ValueError("must be true or false")


def number(low: float, high: float) -> Callable[[object], float]:
    def check(value: Any) -> float:
        if type(value) in (int, float) and low <= value <= high:
            return float(value)
        raise ValueError(f"must be a number from {low:g} to {high:g}")

    return check


def whole(low: int, high: int, step: int = 1) -> Callable[[object], int]:
    def check(value: Any) -> int:
        if type(value) is int and low <= value <= high and value % step == 0:
            return value
        kind = "an even" if step == 2 else "a whole"
        raise ValueError(f"must be {kind} number from {low} to {high}")

    return check


def seconds(low: float, high: float) -> Callable[[object], timedelta]:
    """Return what reads a span that stands in the file as seconds."""
    check = number(low, high)
    return lambda value: timedelta(seconds=check(value))


def word(words: type[_Word]) -> Callable[[object], _Word]:
    """Return what reads one of a closed set."""

    def check(value: object) -> _Word:
        if value not in list(words):
            raise ValueError(f"must be one of {', '.join(words)}")
        return words(str(value))

    return check
