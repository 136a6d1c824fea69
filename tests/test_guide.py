"""The guide tells all that there is, by the names that it has on the screen and in the code."""

from collections.abc import Iterator
from pathlib import Path
import re
from typing import Any, Final

import pytest
import yaml

from custom_components.gatehouse import (
    agent_sensors,
    binary_sensor,
    detector_sensors,
    door_sensors,
    machine_sensors,
    number,
    storage_sensors,
    system_sensors,
    upkeep_buttons,
)
from custom_components.gatehouse.const import DEFAULTS
from custom_components.gatehouse.dashboard_cards import CARDS
from custom_components.gatehouse.options_forms import MENU
from custom_components.gatehouse.services import ACTIONS
from tests.documents import (
    DOCUMENTS,
    INTEGRATION,
    ROOT,
    WORDS,
    code,
    described,
    examples,
    rows,
    section,
    shown,
    table,
)

ACTIONS_PAGE: Final = "docs/actions.md"
FORMS_PAGE: Final = "docs/configuration.md"
ENTITIES_PAGE: Final = "docs/entities.md"
AUTOMATIONS_PAGE: Final = "docs/triggers-and-conditions.md"

SERVICES: Final = described("service")
FOR_ADMINISTRATORS: Final = {f"gatehouse.{each.name}" for each in ACTIONS if each.admin}
BEGINNINGS: Final = [
    (name, fields) for kind in ("trigger", "condition") for name, fields in described(kind).items()
]
NAMED: Final = re.compile(r"`(\w+)`")
NUMBER: Final = re.compile(r"^[\d.]+")

# By the heading of each section: the forms that it tells.
FORMS: Final = {
    "Your site": [WORDS["config"]["step"][step] for step in ("user", "reconfigure")],
    "An agent that was found": [
        WORDS["config"]["step"][step]
        for step in ("pair", "discovered", "reauth_pair", "reauth_confirm")
    ],
    **{
        thing["entry_type"]: [
            form for step, form in thing["step"].items() if step != "points" and "data" in form
        ]
        for thing in WORDS["config_subentries"].values()
    },
    "Set points by hand": [WORDS["config_subentries"]["pair"]["step"]["points"]],
    **{form["title"]: [form] for form in WORDS["options"]["step"].values() if "data" in form},
}
DEFAULT_NUMBERS: Final = [
    (form["title"], label, DEFAULTS[field])
    for step, form in WORDS["options"]["step"].items()
    if step != "camera_rule"
    for field, label in form.get("data", {}).items()
    if type(DEFAULTS.get(field)) in (int, float)
]

OFF: Final = {
    ("sensor", each.translation_key or each.key)
    for each in (
        *agent_sensors.AGENT_FIGURES,
        agent_sensors.CLOCK_AHEAD,
        *system_sensors.SYSTEM_FIGURES,
        *agent_sensors.CAMERA_FIGURES,
        *machine_sensors.GPU_FIGURES,
        *door_sensors.ACCESS_SENSORS,
        *storage_sensors.FIGURES,
        *detector_sensors.FIGURES,
    )
    if not each.entity_registry_enabled_default
} | {
    *(
        (platform, each.key)
        for platform, tables in {
            "binary_sensor": binary_sensor.AGENT_SENSORS,
            "button": upkeep_buttons.AGENT_BUTTONS,
            "number": number.NUMBERS,
        }.items()
        for each in tables
        if not each.entity_registry_enabled_default
    ),
    ("sensor", "detection_rate"),
    ("sensor", "last_actor"),
}


@pytest.mark.parametrize("action", SERVICES)
def test_each_action_is_told_with_its_fields_and_who_may(action: str) -> None:
    text = section(ACTIONS_PAGE, action)
    told = {cells[0].strip("*`"): cells[0] for cells in rows(text, "field")}
    needed = {field for field, cell in told.items() if cell.startswith("**")}
    fields = SERVICES[action]

    assert told.keys() == fields.keys()
    assert needed == {field for field, about in fields.items() if about.get("required")}
    assert ("*Who may:* administrators." in text) is (action in FOR_ADMINISTRATORS)


@pytest.mark.parametrize("action", SERVICES)
def test_each_action_has_an_example_that_says_what_is_needed(action: str) -> None:
    [example], fields = examples(section(ACTIONS_PAGE, action)), SERVICES[action]
    said = example.get("data", {}).keys()

    assert example["action"] == action
    assert {field for field, about in fields.items() if about.get("required")} <= said
    assert said <= fields.keys()


@pytest.mark.parametrize(("name", "fields"), BEGINNINGS, ids=lambda each: str(each)[:40])
def test_each_trigger_and_condition_is_told_with_its_options(
    name: str, fields: dict[str, Any]
) -> None:
    text = section(AUTOMATIONS_PAGE, name)
    told = {cells[0].strip("`"): cells[1].strip("`") for cells in rows(text, "option")}

    assert {field: yaml.safe_load(default) for field, default in told.items()} == {
        field: about.get("default", "all") for field, about in fields.items()
    }
    assert f": {name}\n" in code(text, "yaml")[0]


@pytest.mark.parametrize("card", CARDS)
def test_each_card_is_told_with_its_options(card: str) -> None:
    name = card.partition("/")[0]
    text = section("docs/dashboard.md", name.capitalize())
    options = re.findall(r'{ name: "(\w+)", selector', (INTEGRATION / "www" / card).read_text())
    [example] = examples(text)

    assert [cells[0].strip("`") for cells in rows(text, "option")] == options
    assert example.pop("type") == f"custom:gatehouse-{name}-card"
    assert example.keys() <= set(options)


@pytest.mark.parametrize("title", FORMS)
def test_each_field_of_a_form_is_told(title: str) -> None:
    told = [cells[0] for cells in rows(section(FORMS_PAGE, title), "field")]

    assert sorted(told) == sorted(
        {label for form in FORMS[title] for label in form["data"].values()}
    )


@pytest.mark.parametrize(("title", "label", "default"), DEFAULT_NUMBERS)
def test_the_default_of_an_option_is_the_one_that_it_has(
    title: str, label: str, default: float
) -> None:
    told = {cells[0]: cells[2] for cells in rows(section(FORMS_PAGE, title), "field")}
    number_told = NUMBER.match(told[label])

    assert number_told
    assert float(number_told.group()) == default


def test_each_part_of_the_options_is_told() -> None:
    names = WORDS["options"]["step"]["init"]["menu_options"]
    listed = [cells[0] for cells in rows(section(FORMS_PAGE, "Options"), "")]

    assert [re.sub(r"\[(.+?)\].*", r"\1", cell) for cell in listed] == [
        names[part] for part in MENU
    ]


def test_each_entity_is_told_and_whether_it_is_there_from_the_start() -> None:
    told = {
        (cells[1], cells[0]): cells[4]
        for cells in table(ENTITIES_PAGE, "entity")
        if not cells[0].startswith("*the ")
    }
    there = {
        (platform.replace("_", " "), shown(about["name"])): (
            "off" if (platform, key) in OFF else "on"
        )
        for platform, entities in WORDS["entity"].items()
        for key, about in entities.items()
    }
    by_their_class = {("binary sensor", "Motion"), ("binary sensor", "Connectivity")}

    assert {each: told[each] for each in told.keys() - by_their_class} == there
    assert by_their_class <= told.keys()


def test_each_attribute_of_an_entity_is_told() -> None:
    told = set(NAMED.findall((ROOT / ENTITIES_PAGE).read_text()))
    attributes = {
        attribute
        for entities in WORDS["entity"].values()
        for about in entities.values()
        for attribute in about.get("state_attributes", {})
    }

    assert attributes - told == {"event_type"}


def test_each_repair_issue_is_told() -> None:
    told = [cells[0] for cells in rows(section("docs/troubleshooting.md", "Repairs"), "issue")]

    assert sorted(told) == sorted(shown(issue["title"]) for issue in WORDS["issues"].values())


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.name)
def test_each_example_says_things_by_their_right_names(document: Path) -> None:
    known = {kind: described(kind) for kind in ("trigger", "condition", "service")}
    wrong = [
        (name, said)
        for kind, name, said in _calls(examples(document.read_text()))
        if name not in known[kind] or not said <= known[kind][name].keys()
    ]

    assert wrong == []


def test_each_page_is_in_the_index() -> None:
    index = (ROOT / "docs" / "README.md").read_text()
    pages = {page.name for page in (ROOT / "docs").glob("*.md")} - {"README.md"}

    assert {page for page in pages if f"({page})" not in index} == set()


def _calls(example: object) -> Iterator[tuple[str, str, set[str]]]:
    """Yield what of ours an example uses, however deep: its kind, its name, and what is said."""
    if isinstance(example, list):
        for each in example:
            yield from _calls(each)
    if isinstance(example, dict):
        for word, kind, below in (
            ("trigger", "trigger", "options"),
            ("condition", "condition", "options"),
            ("action", "service", "data"),
        ):
            if str(example.get(word, "")).startswith("gatehouse."):
                yield kind, example[word], set(example.get(below, ()))
        for each in example.values():
            yield from _calls(each)
