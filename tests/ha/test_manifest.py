"""The manifest says what Home Assistant has to know before it runs a line of the integration."""

import ast
from collections.abc import Iterable, Iterator
from importlib.metadata import requires
import json
from pathlib import Path
from struct import unpack
from typing import Any, Final

from homeassistant import components
from homeassistant.const import Platform
from homeassistant.loader import Manifest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
import pytest

from tests.documents import ROOT
from tests.ha.words import INTEGRATION

MANIFEST: Final[dict[str, Any]] = json.loads((INTEGRATION / "manifest.json").read_text())
NAMED: Final[list[str]] = [*MANIFEST["dependencies"], *MANIFEST["after_dependencies"]]

# Only names are taken from these, and every Home Assistant has them.
ONLY_NAMES: Final = {"homeassistant", "sun"}
# Nobody imports them, but a site starts after them: its cameras are streamed, its agents found.
WAITED_FOR: Final = {"stream", "zeroconf"}

# Newer than the oldest Home Assistant that can load the integration; it passes over them.
NEW_KEYS: Final = {"categories", "connectivity"}

HACS: Final = {"name", "homeassistant", "zip_release", "filename"}


def imports(path: Path) -> Iterator[str]:
    """Yield the integrations of Home Assistant that a module imports."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module == components.__name__:
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            home, _, below = node.module.partition(f"{components.__name__}.")
            if below and not home:
                yield below.split(".")[0]


def packages(requirements: Iterable[str]) -> Iterator[str]:
    """Return the names of what is required, written in the one way that compares."""
    return (canonicalize_name(Requirement(line).name) for line in requirements)


def test_its_keys_are_in_order_and_known() -> None:
    keys = list(MANIFEST)

    assert keys == ["domain", "name", *sorted(keys[2:])]
    assert set(keys) - NEW_KEYS <= Manifest.__annotations__.keys()
    assert MANIFEST["domain"] == INTEGRATION.name


@pytest.mark.parametrize("key", ["documentation", "issue_tracker"])
def test_it_leads_to_pages_of_our_own(key: str) -> None:
    assert MANIFEST[key].startswith("https://")
    assert "home-assistant.io" not in MANIFEST[key]


def test_it_names_every_integration_that_is_imported() -> None:
    imported = {name for path in INTEGRATION.rglob("*.py") for name in imports(path)}
    # Home Assistant loads these of ours itself, where it has the integration of that name.
    parts = {path.stem for path in INTEGRATION.glob("*.py")}
    needed = imported - {*Platform, *parts, *ONLY_NAMES}

    assert needed <= set(NAMED)
    assert set(NAMED) - imported == WAITED_FOR


def test_it_names_nothing_that_home_assistant_does_not_have() -> None:
    (there,) = map(Path, components.__path__)

    assert len(NAMED) == len(set(NAMED))
    assert [name for name in NAMED if not (there / name / "manifest.json").exists()] == []


def test_it_asks_for_nothing_that_home_assistant_brings_itself() -> None:
    brought = set(packages(requires("homeassistant") or ()))
    wanted = set(packages(MANIFEST["requirements"]))

    assert "aiohttp" in brought
    assert not wanted & brought
    assert not any(" " in line for line in MANIFEST["requirements"])


def test_the_marketplace_is_told_only_what_it_knows() -> None:
    assert json.loads((ROOT / "hacs.json").read_text()).keys() == HACS


@pytest.mark.parametrize(("name", "side"), [("icon.png", 256), ("icon@2x.png", 512)])
def test_its_picture_has_the_size_that_is_asked_for(name: str, side: int) -> None:
    head = (INTEGRATION / "brand" / name).read_bytes()[:24]

    assert head.startswith(b"\x89PNG\r\n\x1a\n")
    assert unpack(">II", head[16:]) == (side, side)
