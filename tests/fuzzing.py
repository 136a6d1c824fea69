"""What is made up to try what comes from outside: a little, or much more by scripts/fuzz."""

from collections.abc import Iterator
from copy import deepcopy
from functools import reduce
from operator import getitem
import os
from pathlib import Path
from typing import Any, Final

from hypothesis import HealthCheck, settings, strategies as st
from hypothesis.database import DirectoryBasedExampleDatabase

# So many times as much as else is tried, and not the same again; 0 where nobody asks for more.
TIMES: Final = int(os.environ.get("GATEHOUSE_FUZZ", "0"))
KEPT: Final = Path(__file__).parent.parent / ".cache" / "fuzz" / "examples"

GONE: Final = object()
FAR: Final = 2**70  # beyond what any database counts
NUMBERS: Final = st.one_of(
    st.integers(-FAR, FAR),
    st.floats(),
    st.sampled_from([0, -1, 1, 0.5, 2**31, 2**53, 2**63, 1e11, 1e308, 10**400]),
)
# Halves of characters too: JSON may have them, UTF-8 may not.
TEXTS: Final = st.one_of(
    st.text(max_size=30),
    st.text(st.characters(exclude_categories=()), max_size=10),
    st.sampled_from(["", "\0", "\ud800", "../../secret", "%2e%2e%2f", "'; --", "<b>", "x" * 5000]),
)
ANYTHING: Final[st.SearchStrategy[Any]] = st.recursive(
    st.one_of(st.none(), st.booleans(), NUMBERS, TEXTS),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=8,
)
"""What JSON can hold, and Python's JSON besides."""

NESTED: Final = "[" * 100_000
"""What takes who reads it by itself to the end of its stack."""


def fuzzed(examples: int) -> settings:
    """Try so many examples, with fixtures that last for all of them."""
    return settings(
        max_examples=examples * max(TIMES, 1),
        derandomize=not TIMES,
        database=DirectoryBasedExampleDatabase(KEPT) if TIMES else None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )


def mutated(whole: Any) -> st.SearchStrategy[Any]:
    """Draw what a document becomes when a few of its values are others, or are not there."""
    changes = st.sampled_from(list(_places(whole))).flatmap(
        lambda place: st.tuples(st.just(place), _instead_of(_at(whole, place)))
    )
    return st.lists(changes, max_size=3).map(lambda drawn: _changed(whole, drawn))


def _instead_of(value: Any) -> st.SearchStrategy[Any]:
    """Draw what may stand in the place of a value, more often something alike."""
    match value:
        case str():
            alike: st.SearchStrategy[Any] = TEXTS
        case int() | float():
            alike = NUMBERS
        case _:
            alike = ANYTHING
    return st.one_of(alike, alike, ANYTHING, st.just(GONE))


def _places(whole: Any) -> Iterator[tuple[Any, ...]]:
    """Yield the path to each value of a document, its own first."""
    yield ()
    if isinstance(whole, dict | list):
        for key, value in whole.items() if isinstance(whole, dict) else enumerate(whole):
            yield from ((key, *place) for place in _places(value))


def _at(whole: Any, place: tuple[Any, ...]) -> Any:
    return reduce(getitem, place, whole)


def _changed(whole: Any, changes: list[tuple[tuple[Any, ...], Any]]) -> Any:
    changed = deepcopy(whole)
    # The deepest first: what is inside of something that is replaced is not there any more.
    for place, value in sorted(changes, key=lambda change: len(change[0]), reverse=True):
        if not place:
            changed = None if value is GONE else value
        elif value is not GONE:
            _at(changed, place[:-1])[place[-1]] = value
        elif isinstance(_at(changed, place[:-1]), dict):
            _at(changed, place[:-1]).pop(place[-1], None)
    return changed
