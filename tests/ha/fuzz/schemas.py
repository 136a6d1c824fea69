"""What a schema lets somebody say, drawn from the schema itself, and things that it does not."""

from collections.abc import Mapping
from enum import Enum
from inspect import isclass
from math import isfinite
from typing import Any, Final

from homeassistant.helpers import config_validation as cv, selector
from hypothesis import strategies as st
import voluptuous as vol

from tests.fuzzing import ANYTHING, NUMBERS, TEXTS

# What is there: a site with a camera, a door, Anna and her card, an incident and its clip.
KNOWN: Final = st.sampled_from(
    [
        "a1", "f1", "p1", "anna", "c1", "Anna", "camera.front_door", "lock.front_door", "front",
        "9f2c41d07ab3/front", "person", "high", "in", "rfid", "24681357", "04A2B3C4D5E680",
        "gatehouse", "all", "mo", "08:00", "06:00-22:00",
    ]
)  # fmt: skip
MOMENTS: Final = st.one_of(
    st.datetimes().map(lambda at: at.isoformat()),
    st.datetimes(allow_imaginary=False, timezones=st.timezones()).map(lambda at: at.isoformat()),
    st.sampled_from(
        ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "2026-11-20", "12:00", "now",
         "2026-03-29 02:30:00", "2026-10-25 02:30:00"]
    ),
)  # fmt: skip
SPANS: Final = st.one_of(
    st.sampled_from(
        ["00:00:10", "-01:00", "99999999:00", {"hours": 1}, {"days": 1e300}, "1:2:3:4"]
    ),
    NUMBERS,
)
WORDS: Final = st.one_of(KNOWN, TEXTS, MOMENTS)


def drawn(schema: Any) -> st.SearchStrategy[Any]:
    """Draw what a validator would take, as far as it tells, and sometimes something else."""
    return st.one_of(*[_meant(schema)] * 3, ANYTHING).map(as_json)


def _meant(schema: Any) -> st.SearchStrategy[Any]:
    match schema:
        case vol.Schema():
            return _meant(schema.schema)
        case Mapping():
            return _fields(schema)
        case list() | tuple():
            return st.lists(st.one_of(*map(_meant, schema)), max_size=3) if schema else ANYTHING
        case vol.In():
            return st.sampled_from(sorted(schema.container, key=str) or [None])
        case vol.Range():
            return _around(schema)
        case vol.All() | vol.Any():
            return st.one_of(*map(_meant, schema.validators))
        case vol.Coerce():
            return _typed(schema.type)
        case selector.Selector():
            return WORDS
    return _typed(schema) if isclass(schema) else _called(schema)


def _fields(schema: Mapping[Any, Any]) -> st.SearchStrategy[Any]:
    named = {str(key): _meant(value) for key, value in schema.items() if not isclass(key)}
    needed = {str(key) for key in schema if isinstance(key, vol.Required)}
    plain = st.fixed_dictionaries(
        {key: value for key, value in named.items() if key in needed},
        optional={key: value for key, value in named.items() if key not in needed},
    )
    return st.one_of(
        plain,
        plain,
        st.builds(
            lambda found, key, wild: {**found, key: wild},
            plain,
            st.sampled_from([*sorted(named), "more"]),
            ANYTHING,
        ),
    )


def _around(bounds: Any) -> st.SearchStrategy[Any]:
    edges = [edge for edge in (bounds.min, bounds.max) if isinstance(edge, int | float)]
    near = [edge + step for edge in edges for step in (-1, 0, 1, 0.5)]
    return st.one_of(st.sampled_from(near), NUMBERS) if near else NUMBERS


def _typed(kind: type) -> st.SearchStrategy[Any]:
    if issubclass(kind, Enum):
        return st.sampled_from([member.value for member in kind])
    if issubclass(kind, bool):
        return st.booleans()
    return NUMBERS if issubclass(kind, int | float) else WORDS


def _called(validator: Any) -> st.SearchStrategy[Any]:
    if validator in {cv.boolean}:
        return st.booleans()
    if validator in {cv.datetime, cv.date, cv.time}:
        return MOMENTS
    if validator in {cv.time_period, cv.positive_time_period, cv.time_period_dict}:
        return SPANS
    return st.one_of(WORDS, MOMENTS, NUMBERS, SPANS)


def as_json(value: Any) -> Any:
    """Return a value as JSON can hold it that Home Assistant reads: text is text, numbers end."""
    match value:
        case dict():
            return {as_json(str(key)): as_json(one) for key, one in value.items()}
        case list() | tuple():
            return [as_json(one) for one in value]
        case str():
            return value.encode(errors="replace").decode()
        case bool() | None:
            return value
        case int():
            return min(max(value, -(2**63)), 2**64 - 1)
        case float():
            return value if isfinite(value) else None
    return str(value)
