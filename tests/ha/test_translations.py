"""Whatever a user can read has its words, and no words are left over."""

import ast
from collections.abc import Iterator
from functools import reduce
import json
from operator import getitem
import re
from string import Formatter
from typing import Any, Final

from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er, selector
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
import voluptuous as vol
import yaml

from custom_components.gatehouse import agent_flow, config_flow
from custom_components.gatehouse.agent import AgentError
from custom_components.gatehouse.const import DOMAIN
from custom_components.gatehouse.footage import FootageError
from custom_components.gatehouse.models import Level
from custom_components.gatehouse.options_flow import PARTS
from custom_components.gatehouse.services import GET_INCIDENTS_SCHEMA, RECORD_SCHEMA
from tests.ha.words import AGENT, ENGLISH, INTEGRATION

CONFIG: Final = ENGLISH["config"]
OPTIONS: Final = ENGLISH["options"]
ICONS: Final[dict[str, Any]] = json.loads((INTEGRATION / "icons.json").read_text())
SERVICES: Final[dict[str, Any]] = yaml.safe_load((INTEGRATION / "services.yaml").read_text())

FORMS: Final = [
    (CONFIG, "user", config_flow.SITE_SCHEMA),
    (CONFIG, "reconfigure", config_flow.SITE_SCHEMA),
    (CONFIG, "discovered", agent_flow.TOKEN_SCHEMA),
    (CONFIG, "reauth_confirm", agent_flow.TOKEN_SCHEMA),
    (AGENT, "user", agent_flow.NEW_SCHEMA),
    (AGENT, "reconfigure", agent_flow.CHANGE_SCHEMA),
    *((OPTIONS, part, schema) for part, schema in PARTS.items()),
]


def calls() -> Iterator[tuple[str, str, dict[str, ast.expr]]]:
    """Yield every call in the integration: its module, the name called and its keywords."""
    for path in sorted(INTEGRATION.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call):
                name = ast.unparse(node.func).rpartition(".")[2]
                yield path.name, name, {word.arg: word.value for word in node.keywords if word.arg}


def placeholders(text: str) -> set[str]:
    """Return the names in braces in a text."""
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def given(keywords: dict[str, ast.expr]) -> set[str]:
    """Return the placeholders that a call gives."""
    literal = keywords.get("translation_placeholders", ast.Dict([], []))
    assert isinstance(literal, ast.Dict)
    return {key.value for key in literal.keys if isinstance(key, ast.Constant)}


def told(kind: str) -> list[Any]:
    """Return the key and the placeholders wherever Python calls `kind` with the key of a text."""
    return [
        pytest.param(key.value, given(words), id=f"{module}-{key.value}")
        for module, name, words in calls()
        if re.fullmatch(kind, name)
        and isinstance(key := words.get("translation_key"), ast.Constant)
    ]


def sentences(texts: dict[str, Any] | str, path: str = "") -> Iterator[tuple[str, str]]:
    """Yield every text and where it stands."""
    if isinstance(texts, str):
        yield path, texts
        return
    for key, below in texts.items():
        yield from sentences(below, f"{path}.{key}")


@pytest.mark.parametrize(("where", "text"), sentences(ENGLISH))
def test_texts_are_what_home_assistant_takes(where: str, text: str) -> None:
    assert text == text.strip()
    assert not re.search(r"://|[<>]|\[%key|'\{", text), where


# --- Forms -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("texts", "step", "schema"), FORMS)
def test_every_field_of_a_form_is_named_and_described(
    texts: dict[str, Any], step: str, schema: vol.Schema
) -> None:
    fields = {str(field) for field in schema.schema}

    assert texts["step"][step]["data"].keys() == fields
    assert texts["step"][step]["data_description"].keys() == fields


def test_no_form_is_described_that_does_not_exist() -> None:
    described = {(id(texts), step) for texts in (CONFIG, AGENT, OPTIONS) for step in texts["step"]}

    assert described - {(id(texts), step) for texts, step, _ in FORMS} == {(id(OPTIONS), "init")}


def test_every_part_of_the_options_is_in_the_menu() -> None:
    menu = OPTIONS["step"]["init"]

    assert menu["menu_options"].keys() == PARTS.keys()
    assert menu["menu_option_descriptions"].keys() == PARTS.keys()


def test_an_agent_that_is_found_fails_in_the_same_words_as_one_that_is_typed() -> None:
    assert CONFIG["error"] == AGENT["error"]


@pytest.mark.parametrize(
    ("key", "options"),
    [
        (choice.config["translation_key"], choice.config["options"])
        for schema in PARTS.values()
        for choice in schema.schema.values()
        if isinstance(choice, selector.SelectSelector)
    ],
)
def test_every_choice_is_named(key: str, options: list[str]) -> None:
    assert sorted(ENGLISH["selector"][key]["options"]) == sorted(options)


@pytest.mark.parametrize(
    "reason",
    sorted(
        {
            reason.value
            for module, name, words in calls()
            if name == "async_abort" and isinstance(reason := words.get("reason"), ast.Constant)
        }
    ),
)
def test_every_end_of_a_flow_is_told(reason: str) -> None:
    assert reason in CONFIG["abort"] | AGENT["abort"]


# --- Actions ---------------------------------------------------------------------------------


async def test_every_action_is_described_and_has_an_icon(hass: HomeAssistant) -> None:
    assert await async_setup_component(hass, DOMAIN, {})

    registered = hass.services.async_services_for_domain(DOMAIN).keys()
    assert registered == SERVICES.keys()
    assert registered == ENGLISH["services"].keys()
    assert registered == ICONS["services"].keys()


@pytest.mark.parametrize("action", SERVICES)
def test_every_field_of_an_action_is_described(action: str) -> None:
    fields = SERVICES[action].get("fields", {}).keys()
    texts = ENGLISH["services"][action]

    assert texts.get("fields", {}).keys() == fields
    assert all(field["name"] and field["description"] for field in texts.get("fields", {}).values())


@pytest.mark.parametrize(
    ("action", "schema"),
    [("record", RECORD_SCHEMA), ("snapshot", {}), ("get_incidents", GET_INCIDENTS_SCHEMA.schema)],
)
def test_every_action_takes_the_fields_that_it_describes(
    action: str, schema: dict[Any, Any]
) -> None:
    assert {str(field) for field in schema} == SERVICES[action].get("fields", {}).keys()


@pytest.mark.parametrize(
    ("action", "field"),
    [(action, field) for action in SERVICES for field in SERVICES[action].get("fields", {})],
)
def test_every_field_of_an_action_can_be_chosen(action: str, field: str) -> None:
    assert selector.selector(SERVICES[action]["fields"][field]["selector"])


def test_every_level_can_be_asked_for() -> None:
    choice = SERVICES["get_incidents"]["fields"]["level"]["selector"]["select"]

    assert choice["options"] == list(Level)
    assert list(ENGLISH["selector"][choice["translation_key"]]["options"]) == list(Level)


# --- Errors and issues -----------------------------------------------------------------------


@pytest.mark.parametrize(("key", "placeholders_given"), told(r"\w*Error|Unresolvable"))
def test_every_exception_has_its_sentence(key: str, placeholders_given: set[str]) -> None:
    assert placeholders(ENGLISH["exceptions"][key]["message"]) <= placeholders_given


@pytest.mark.parametrize(("key", "placeholders_given"), told("async_create_issue"))
def test_every_issue_has_its_words(key: str, placeholders_given: set[str]) -> None:
    words = ENGLISH["issues"][key]

    assert placeholders(words["title"] + words["description"]) <= placeholders_given


def test_no_issue_is_described_that_nobody_raises() -> None:
    assert ENGLISH["issues"].keys() == {issue.values[0] for issue in told("async_create_issue")}


def family(error: type[Any]) -> Iterator[type[Any]]:
    """Yield an error and everything derived from it."""
    yield error
    for child in error.__subclasses__():
        yield from family(child)


CODES: Final = {error.code for root in (AgentError, FootageError) for error in family(root)} | {
    "agent_refused",
    "camera_offline",
    "database_failed",
}


@pytest.mark.parametrize("code", sorted(CODES))
def test_every_error_of_a_room_has_its_sentence(code: str) -> None:
    assert placeholders(ENGLISH["exceptions"][code]["message"]) <= {"error"}


def test_no_exception_is_described_that_nobody_raises() -> None:
    raised = {error.values[0] for error in told(r"\w*Error|Unresolvable")}

    assert ENGLISH["exceptions"].keys() == raised | CODES


# --- Entities --------------------------------------------------------------------------------


@pytest.fixture
def entities(hass: HomeAssistant, running_site: MockConfigEntry) -> list[er.RegistryEntry]:
    """Every entity of a site with one agent and one camera, also those that are disabled."""
    return er.async_entries_for_config_entry(er.async_get(hass), running_site.entry_id)


async def test_every_entity_is_named(entities: list[er.RegistryEntry]) -> None:
    unnamed = {entity.entity_id for entity in entities if not entity.original_name}

    assert unnamed == {"camera.front_door"}


async def test_no_entity_is_named_that_does_not_exist(entities: list[er.RegistryEntry]) -> None:
    exist = {(entity.domain, entity.translation_key) for entity in entities}

    assert {
        (domain, key) for domain in ENGLISH["entity"] for key in ENGLISH["entity"][domain]
    } <= exist
    assert {(domain, key) for domain in ICONS["entity"] for key in ICONS["entity"][domain]} <= exist


async def test_every_entity_has_an_icon(entities: list[er.RegistryEntry]) -> None:
    bare = {
        entity.entity_id
        for entity in entities
        if entity.translation_key not in ICONS["entity"].get(entity.domain, {})
        and not entity.original_device_class
    }

    assert bare == {"camera.front_door"}


@pytest.mark.parametrize(
    ("entity", "capability", "path"),
    [
        ("sensor.home_detector", "options", ["sensor", "detector", "state"]),
        (
            "event.front_door_incident",
            "event_types",
            ["event", "incident", "state_attributes", "event_type", "state"],
        ),
    ],
)
async def test_every_state_is_named(
    entities: list[er.RegistryEntry], entity: str, capability: str, path: list[str]
) -> None:
    (entry,) = (entry for entry in entities if entry.entity_id == entity)

    assert entry.capabilities
    assert set(reduce(getitem, path, ENGLISH["entity"])) == set(entry.capabilities[capability])


@pytest.mark.parametrize("entity", [("sensor", "last_risk"), ("event", "incident")])
def test_every_level_is_named(entity: tuple[str, str]) -> None:
    named = reduce(getitem, [*entity, "state_attributes", "level", "state"], ENGLISH["entity"])

    assert list(named) == list(Level)
