"""What the documents say in numbers and names is what the code does."""

from dataclasses import fields
from pathlib import Path
import re
import tomllib

import pytest
import voluptuous as vol
import yaml

from camera_agent.config import AgentConfig, SpoolConfig, load
from camera_agent.reader_config import ReaderKind
from custom_components.gatehouse.access_deeds import ACCESS_ACTIONS
from custom_components.gatehouse.agent import Reason
from custom_components.gatehouse.const import DEFAULTS, DetectorKind
from custom_components.gatehouse.footage_services import FOOTAGE_ACTIONS
from custom_components.gatehouse.incidents.factors import FACTORS
from custom_components.gatehouse.models import FootageStage
from custom_components.gatehouse.share_services import SHARE_ACTIONS
from tests.documents import DOCUMENTS, INTEGRATION, ROOT, WORDS, anchors, code, prose, table, texts

LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")
ANCHOR = re.compile(r"\]\(([^)#:]*)#([^)]+)\)")
LEARN_MORE = re.compile(r'"([a-z]+\.md)#([a-z-]+)"')
LARGEST_PICTURE = 150_000
ACCESS = (ROOT / "docs" / "access.md").read_text()
FOOTAGE = (ROOT / "docs" / "footage.md").read_text()
ACTIONS = {
    f"gatehouse.{action.name}": action
    for action in (*FOOTAGE_ACTIONS, *SHARE_ACTIONS, *ACCESS_ACTIONS)
}


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
    blocks = code(FOOTAGE, "toml")
    spool = next(tomllib.loads(block)["spool"] for block in blocks if "[spool]" in block)
    ring = next(field.default for field in fields(AgentConfig) if field.name == "ring")

    assert SpoolConfig(**spool) == SpoolConfig()
    assert f"An agent remembers {ring.total_seconds():g} seconds" in FOOTAGE


@pytest.mark.parametrize("block", code(ACCESS, "toml"), ids=repr)
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


@pytest.mark.parametrize("document", ["docs/access.md", "docs/automations.md", "docs/footage.md"])
def test_an_action_takes_what_an_example_says(document: str) -> None:
    text = (ROOT / document).read_text()
    examples = [yaml.safe_load(block) for block in code(text, "yaml")]
    calls = [call for each in examples for call in each.get("actions", [each])]
    ours = [call for call in calls if call.get("action") in ACTIONS]

    assert ours
    for call in ours:
        vol.Schema(dict(ACTIONS[call["action"]].fields))(call["data"])


def test_each_detector_is_told() -> None:
    assert [cells[0].strip("`") for cells in table("docs/detection.md", "detector")] == [
        *DetectorKind
    ]


def test_menus_are_called_as_on_the_screen() -> None:
    text = " ".join("".join(map(Path.read_text, DOCUMENTS)).split())

    named = {
        *re.findall(r"\*\*Configure → ([^*]+)\*\*", text),
        *re.findall(r"\*\*(Add [^*]+)\*\*", text),
    }

    assert len(named) > 3
    assert named <= set(texts(WORDS))


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
    referred = LEARN_MORE.findall((INTEGRATION / "issues.py").read_text())

    assert ("footage.md", "off-site") in referred
    assert [
        anchor for page, anchor in referred if anchor not in anchors(ROOT / "docs" / page)
    ] == []


def test_each_picture_is_small_and_is_shown_somewhere() -> None:
    pictures = {picture.name: picture for picture in (ROOT / "docs" / "images").glob("*.jpg")}
    text = "".join(map(Path.read_text, DOCUMENTS))

    assert len(pictures) >= 3
    assert [name for name in pictures if f"images/{name})" not in text] == []
    sizes = {name: picture.stat().st_size for name, picture in pictures.items()}
    assert {name: size for name, size in sizes.items() if size > LARGEST_PICTURE} == {}
