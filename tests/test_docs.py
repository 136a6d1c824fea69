"""What the documents say in numbers and names is what the code does."""

import json
from pathlib import Path
import re

import pytest
import yaml

from custom_components.gatehouse.const import DEFAULTS, DetectorKind
from custom_components.gatehouse.incidents.risk import FACTORS

ROOT = Path(__file__).parents[1]
INTEGRATION = ROOT / "custom_components" / "gatehouse"
DOCUMENTS = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")])
LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")


def table(document: str, first: str) -> list[list[str]]:
    """Return the rows of the tables whose head begins with this cell."""
    found = []
    for part in (ROOT / document).read_text().split("\n\n"):
        rows = [
            [cell.strip() for cell in line.strip("|").split("|")]
            for line in part.splitlines()
            if line.startswith("|")
        ]
        if rows and rows[0][0] == first:
            found += rows[2:]
    assert found, f"{document} has no table of {first}"
    return found


def test_the_table_of_risks_is_that_of_the_rules() -> None:
    points = [cells[1] for cells in table("docs/incidents.md", "what")]

    assert points == [", ".join(map(str, factor.points.values())) for factor in FACTORS]


@pytest.mark.parametrize("document", ["docs/detection.md", "docs/incidents.md"])
def test_the_defaults_are_those_of_the_options(document: str) -> None:
    told = {option.strip("`"): value for option, value in table(document, "option")}

    assert told == {option: f"{DEFAULTS[option]:g}" for option in told}


def test_each_detector_is_told() -> None:
    assert [cells[0].strip("`") for cells in table("docs/detection.md", "detector")] == [
        *DetectorKind
    ]


@pytest.mark.parametrize(
    ("first", "file"),
    [("action", "services.yaml"), ("trigger", "triggers.yaml"), ("condition", "conditions.yaml")],
)
def test_each_action_trigger_and_condition_is_told(first: str, file: str) -> None:
    known = {name for name in yaml.safe_load((INTEGRATION / file).read_text()) if name[0] != "."}

    named = {
        name
        for cells in table("README.md", first)
        for name in re.findall(r"`gatehouse\.(\w+)`", cells[0])
    }

    assert named == known


def test_menus_are_called_as_on_the_screen() -> None:
    words = json.loads((INTEGRATION / "translations" / "en.json").read_text())
    text = " ".join("".join(map(Path.read_text, DOCUMENTS)).split())

    named = {
        *re.findall(r"\*\*Configure → ([^*]+)\*\*", text),
        *re.findall(r"\*\*(Add [^*]+)\*\*", text),
    }

    assert len(named) > 3
    assert named <= set(_texts(words))


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.name)
def test_a_link_leads_somewhere(document: Path) -> None:
    missing = [
        link for link in LINK.findall(document.read_text()) if not (document.parent / link).exists()
    ]

    assert missing == []


def _texts(words: object) -> list[str]:
    if isinstance(words, str):
        return [words]
    assert isinstance(words, dict)
    return [text for value in words.values() for text in _texts(value)]
