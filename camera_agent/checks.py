"""What a document must be like: checks that tell the place of what is not, and never its value."""

from collections.abc import Callable, Mapping
from enum import StrEnum
import re
from typing import Any, Final, TypeAlias

LARGEST: Final = 2**53  # beyond it a number may be another one after JSON
FAR: Final = 1e11  # a moment beyond the year 5000 is one in milliseconds
LONGEST: Final = 64  # characters of an id
DIGEST: Final = re.compile("[0-9a-f]{64}")
SECRET: Final = re.compile("(?:[0-9a-fA-F]{2}){8,64}")

Check: TypeAlias = Callable[[Any], Any]


class Wrong(Exception):
    """Something is not as it must be: `.doors[0].mode must be …`, said from the inside out."""


def fields(raw: object, checks: Mapping[str, Check]) -> dict[str, Any]:
    """Return the fields that the checks name; others are those of a newer Home Assistant."""
    given, found = table(raw), {}
    for key, check in checks.items():
        if key not in given:
            raise Wrong(f".{key} is missing")
        try:
            found[key] = check(given[key])
        except Wrong as wrong:
            raise Wrong(f".{key}{wrong}") from None
    return found


def list_of(check: Check) -> Check:
    def check_all(raw: object) -> list[Any]:
        if not isinstance(raw, list):
            raise Wrong(" must be a list")
        found: list[Any] = []
        for one in raw:
            try:
                found.append(check(one))
            except Wrong as wrong:
                raise Wrong(f"[{len(found)}]{wrong}") from None
        return found

    return check_all


def table_of(check: Check, key: Check | None = None) -> Check:
    """Check values and keys; a place is told by its number, for a key may be a secret."""
    values, keys = list_of(check), list_of(key or text)

    def check_all(raw: object) -> dict[str, Any]:
        given = table(raw)
        return dict(zip(keys(list(given)), values(list(given.values())), strict=True))

    return check_all


def table(value: object) -> dict[str, object]:
    if not isinstance(value, dict):
        raise Wrong(" must be a table")
    return value


def text(value: object) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= LONGEST:
        raise Wrong(f" must be a text of 1 to {LONGEST} characters")
    return value


def digest(value: object) -> str:
    if not isinstance(value, str) or not DIGEST.fullmatch(value):
        raise Wrong(" must be 64 lower-case hex digits")
    return value


def secret(value: object) -> bytes:
    if not isinstance(value, str) or not SECRET.fullmatch(value):
        raise Wrong(" must be hex, 8 bytes or more")
    return bytes.fromhex(value)


def flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise Wrong(" must be true or false")
    return value


def moment(value: Any) -> float:
    if type(value) not in (int, float) or not 0 <= value <= FAR:
        raise Wrong(" must be seconds, 0 or more")
    return float(value)


def whole(low: int, high: int = LARGEST) -> Check:
    def check(value: Any) -> int:
        if type(value) is int and low <= value <= high:
            return value
        raise Wrong(f" must be a whole number from {low} to {high}")

    return check


def choice(choices: type[StrEnum]) -> Check:
    known = {str(one): one for one in choices}

    def check(value: object) -> StrEnum:
        if isinstance(value, str) and value in known:
            return known[value]
        raise Wrong(f" must be one of {', '.join(known)}")

    return check


def place_in(things: list[Any]) -> Check:
    def check(value: Any) -> Any:
        if type(value) is int and 0 <= value < len(things):
            return things[value]
        raise Wrong(f" must be a whole number from 0 to {len(things) - 1}")

    return check


def or_null(check: Check) -> Check:
    return lambda value: None if value is None else check(value)
