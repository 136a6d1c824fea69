"""What the documents say in numbers and names is what the code does."""

from collections.abc import Iterator
from dataclasses import fields
import json
from pathlib import Path
import re
import tomllib
from typing import Any

import pytest
import voluptuous as vol
import yaml

from camera_agent.config import AgentConfig, SpoolConfig, load
from camera_agent.door_config import ReaderKind
from custom_components.gatehouse.access_deeds import ACCESS_ACTIONS
from custom_components.gatehouse.agent import Reason
from custom_components.gatehouse.const import DEFAULTS, DetectorKind
from custom_components.gatehouse.footage_services import FOOTAGE_ACTIONS
from custom_components.gatehouse.incidents.risk import FACTORS
from custom_components.gatehouse.models import FootageStage
from custom_components.gatehouse.options_forms import MENU
from custom_components.gatehouse.share_services import SHARE_ACTIONS

ROOT = Path(__file__).parents[1]
INTEGRATION = ROOT / "custom_components" / "gatehouse"
DOCUMENTS = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")])
LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")
ANCHOR = re.compile(r"\]\(([^)#:]*)#([^)]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
LEARN_MORE = re.compile(r"\{DOCUMENT\}#([a-z-]+)")
LARGEST_PICTURE = 150_000
ACTIONS = {
    f"gatehouse.{action.name}": action
    for action in (*FOOTAGE_ACTIONS, *SHARE_ACTIONS, *ACCESS_ACTIONS)
}


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


def code(document: str, language: str) -> Iterator[str]:
    """Yield the examples of a document that are written in a language."""
    text = (ROOT / document).read_text()
    yield from re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def test_the_table_of_risks_is_that_of_the_rules() -> None:
    points = [cells[1] for cells in table("docs/incidents.md", "what")]

    assert points == [", ".join(map(str, factor.points.values())) for factor in FACTORS]


@pytest.mark.parametrize("document", ["docs/detection.md", "docs/footage.md", "docs/incidents.md"])
def test_the_defaults_are_those_of_the_options(document: str) -> None:
    told = {option.strip("`"): value for option, value in table(document, "option")}

    assert told == {option: f"{DEFAULTS[option]:g}" for option in told}


def test_the_stages_of_footage_are_those_of_its_rows() -> None:
    told = [cells[0].strip("`") for cells in table("docs/footage.md", "stage")]

    assert told == [*FootageStage]


def test_the_defaults_of_an_agent_are_told() -> None:
    blocks = list(code("docs/footage.md", "toml"))
    spool = next(tomllib.loads(block)["spool"] for block in blocks if "[spool]" in block)
    ring = next(field.default for field in fields(AgentConfig) if field.name == "ring")
    text = (ROOT / "docs" / "footage.md").read_text()

    assert SpoolConfig(**spool) == SpoolConfig()
    assert f"An agent remembers {ring.total_seconds():g} seconds" in text


def test_each_part_of_the_options_is_told() -> None:
    words = json.loads((INTEGRATION / "translations" / "en.json").read_text())
    names = words["options"]["step"]["init"]["menu_options"]
    rows = {cells[0] for cells in table("README.md", "")}

    assert {names[part] for part in MENU} <= rows


@pytest.mark.parametrize("block", [*code("docs/access.md", "toml")], ids=repr)
def test_an_example_of_doors_is_one_that_an_agent_takes(block: str, tmp_path: Path) -> None:
    file = tmp_path / "agent.toml"
    file.write_text(f'[agent]\nid = "porch"\ntoken = "{"0" * 16}"\n{block}')

    assert load(file).doors


def test_each_reader_and_each_reason_is_told() -> None:
    kinds = [cells[0].strip("`") for cells in table("docs/access.md", "kind")]
    reasons = {
        name
        for cells in table("docs/access.md", "reason")
        for name in re.findall("`(.+?)`", cells[0])
    }

    assert sorted(kinds) == sorted(ReaderKind)
    assert reasons == {*Reason}


@pytest.mark.parametrize("block", [*code("docs/automations.md", "yaml")], ids=repr)
def test_an_example_calls_what_is_there_by_its_right_names(block: str) -> None:
    known = {kind: _described(f"{kind}s.yaml") for kind in ("trigger", "condition", "service")}
    example = yaml.safe_load(block)
    named = [
        *(
            ("trigger", each["trigger"], each.get("options"))
            for each in example.get("triggers", ())
        ),
        *(
            ("condition", each["condition"], each.get("options"))
            for each in example.get("conditions", ())
        ),
        *(("service", each["action"], each.get("data")) for each in example.get("actions", ())),
    ]
    ours = [(kind, name, said or {}) for kind, name, said in named if name.startswith("gatehouse.")]

    assert ours
    assert [name for kind, name, said in ours if not said.keys() <= known[kind][name]] == []


@pytest.mark.parametrize("document", ["docs/access.md", "docs/automations.md", "docs/footage.md"])
def test_an_action_takes_what_an_example_says(document: str) -> None:
    examples = [yaml.safe_load(block) for block in code(document, "yaml")]
    calls = [call for each in examples for call in each.get("actions", [each])]
    ours = [call for call in calls if call.get("action") in ACTIONS]

    assert ours
    for call in ours:
        vol.Schema(dict(ACTIONS[call["action"]].fields))(call["data"])


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
        link for link in LINK.findall(prose(document)) if not (document.parent / link).exists()
    ]

    assert missing == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.name)
def test_a_link_into_a_document_leads_to_a_heading_of_it(document: Path) -> None:
    missing = [
        f"{file}#{anchor}"
        for file, anchor in ANCHOR.findall(document.read_text())
        if anchor not in anchors(document.parent / file if file else document)
    ]

    assert missing == []


def test_what_a_repair_issue_refers_to_is_there() -> None:
    referred = LEARN_MORE.findall((INTEGRATION / "storage_health.py").read_text())

    assert {"off-site", "how-long-it-stays"} <= set(referred)
    assert set(referred) <= anchors(ROOT / "docs" / "footage.md")


def test_each_picture_is_small_and_is_shown_somewhere() -> None:
    pictures = {picture.name: picture for picture in (ROOT / "docs" / "images").glob("*.jpg")}
    text = "".join(map(Path.read_text, DOCUMENTS))

    assert len(pictures) >= 3
    assert [name for name in pictures if f"images/{name})" not in text] == []
    sizes = {name: picture.stat().st_size for name, picture in pictures.items()}
    assert {name: size for name, size in sizes.items() if size > LARGEST_PICTURE} == {}


def prose(document: Path) -> str:
    """Return a document without its examples."""
    return re.sub(r"```.*?```", "", document.read_text(), flags=re.DOTALL)


def anchors(document: Path) -> set[str]:
    """Return what the headings of a document can be linked by."""
    headings = HEADING.findall(document.read_text())
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def _described(file: str) -> dict[str, set[str]]:
    """Return the fields of what a file describes, by the name that users write."""
    described: dict[str, Any] = yaml.safe_load((INTEGRATION / file).read_text())
    return {
        f"gatehouse.{name}": {*(about or {}).get("fields", ())}
        for name, about in described.items()
        if name[0] != "."
    }


def _texts(words: object) -> list[str]:
    if isinstance(words, str):
        return [words]
    assert isinstance(words, dict)
    return [text for value in words.values() for text in _texts(value)]
