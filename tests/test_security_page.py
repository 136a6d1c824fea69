"""Each attack of docs/security.md is shown by tests that there are."""

import ast
from collections.abc import Iterator
import re

import pytest

from tests.documents import ROOT, table

ATTACKS = table("docs/security.md", "attack")
NAMED = re.compile(r"`(tests/[a-z0-9_/]+\.py)::([\w:]+)`")

# They look after the lists of the other tests.
BESIDES = {
    "test_what_is_for_more_than_administrators_is_there_and_has_its_reason",
    "test_a_body_is_taken_nowhere_else",
}


def found(within: ast.Module | ast.ClassDef, prefix: str = "") -> Iterator[str]:
    """Yield the tests of a module or class, as pytest calls them."""
    for node in within.body:
        match node:
            case ast.ClassDef():
                yield from found(node, f"{node.name}::")
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield f"{prefix}{name}"


def written(path: str) -> set[str]:
    """Return the tests of a file."""
    names = found(ast.parse((ROOT / path).read_text()))
    return {name for name in names if "test_" in name}


@pytest.mark.parametrize(("attack", "happens", "shown"), ATTACKS, ids=[row[0] for row in ATTACKS])
def test_each_attack_is_shown_by_tests_that_there_are(
    attack: str, happens: str, shown: str
) -> None:
    named = NAMED.findall(shown)

    assert attack
    assert happens
    assert len(named) == len(shown.split(", "))
    assert [f"{path}::{test}" for path, test in named if test not in written(path)] == []


@pytest.mark.parametrize("path", ["tests/agent/test_attacks.py", "tests/ha/test_attacks.py"])
def test_each_test_of_an_attack_is_named(path: str) -> None:
    named = {test for row in ATTACKS for file, test in NAMED.findall(row[2]) if file == path}

    assert written(path) - BESIDES == named
