"""Whatever a user can read has its words, and no words are left over."""

import ast
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from functools import cache, reduce
import json
from operator import getitem
from pathlib import Path
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
from custom_components.gatehouse.access import AccessError
from custom_components.gatehouse.agent import (
    AgentError,
    Authentication,
    Decider,
    Direction,
    Quantity,
    Reason,
)
from custom_components.gatehouse.bookings import BookingError
from custom_components.gatehouse.care import ProblemKind
from custom_components.gatehouse.const import DOMAIN
from custom_components.gatehouse.coordinator import incident_attributes
from custom_components.gatehouse.footage import FootageError
from custom_components.gatehouse.logbook import WHY
from custom_components.gatehouse.models import (
    AssessmentState,
    Incident,
    IncidentState,
    Level,
    Passage,
    PassageKind,
    Zone,
    ZoneKind,
)
from custom_components.gatehouse.options_forms import FORMS as OPTION_FORMS, MENU
from custom_components.gatehouse.passage_events import passage_attributes
from custom_components.gatehouse.services import ACTIONS
from custom_components.gatehouse.zones import ZoneError
from tests.ha.scripted import KEY, ScriptedAgent
from tests.ha.seeing import set_up
from tests.ha.site import site_with, subentry_of
from tests.ha.words import AGENT, ENGLISH, INTEGRATION

CONFIG: Final = ENGLISH["config"]
OPTIONS: Final = ENGLISH["options"]
ICONS: Final[dict[str, Any]] = json.loads((INTEGRATION / "icons.json").read_text())
SERVICES: Final[dict[str, Any]] = yaml.safe_load((INTEGRATION / "services.yaml").read_text())

# Where Home Assistant looks for texts; what stands elsewhere is never shown.
SLUG: Final = r"[a-z0-9]+(?:[_-][a-z0-9]+)*"
FLOW: Final = rf"""(?:
    flow_title | (?:error|abort|progress|create_entry)\.{SLUG}
  | step\.{SLUG}\.(?:title|description|submit|menu_option(?:s|_descriptions)\.{SLUG})
  | step\.{SLUG}\.(?:sections\.{SLUG}\.)?data(?:_description)?\.{SLUG}
  | step\.{SLUG}\.sections\.{SLUG}\.(?:name|description)
)"""
PLACES: Final = re.compile(
    rf"""title
  | (?:config|options)\.{FLOW}
  | config_subentries\.{SLUG}\.(?:{FLOW}|entry_type|initiate_flow\.{SLUG})
  | entity\.{SLUG}\.{SLUG}\.(?:name|unit_of_measurement|state\.{SLUG})
  | entity\.{SLUG}\.{SLUG}\.state_attributes\.{SLUG}\.(?:name|state\.{SLUG})
  | exceptions\.{SLUG}\.message
  | issues\.{SLUG}\.(?:title|description|fix_flow\.{FLOW})
  | selector\.{SLUG}\.options\.{SLUG}
  | (?:services|conditions|triggers)\.{SLUG}\.(?:fields\.{SLUG}\.)?(?:name|description)
  | system_health\.info\.{SLUG}""",
    re.VERBOSE,
)
# Home Assistant has nothing to fill in here.
FIXED: Final = re.compile(r"entity\..+\.(?:state|state_attributes|unit_of_measurement)(?:\..+)?")

FORMS: Final = [
    (CONFIG, "user", config_flow.SITE_SCHEMA),
    (CONFIG, "reconfigure", config_flow.SITE_SCHEMA),
    (CONFIG, "pair", agent_flow.CODE_SCHEMA),
    (CONFIG, "discovered", agent_flow.TOKEN_SCHEMA),
    (CONFIG, "reauth_pair", agent_flow.CODE_SCHEMA),
    (CONFIG, "reauth_confirm", agent_flow.TOKEN_SCHEMA),
    (AGENT, "user", agent_flow.ADDRESS_SCHEMA),
    (AGENT, "pair", agent_flow.CODE_SCHEMA),
    (AGENT, "reconfigure", agent_flow.ADDRESS_SCHEMA),
    *((OPTIONS, step, schema) for step, schema in OPTION_FORMS.items()),
]


@cache
def calls() -> list[tuple[str, str, dict[str, ast.expr]]]:
    """Return every call in the integration: its module, the name called and its keywords."""
    return [
        (
            path.name,
            node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id,
            {word.arg: word.value for word in node.keywords if word.arg},
        )
        for path in sorted(INTEGRATION.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute | ast.Name)
    ]


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


@pytest.mark.parametrize("part", ENGLISH)
def test_texts_are_what_home_assistant_takes(part: str) -> None:
    texts = list(sentences(ENGLISH[part], part))

    assert texts
    assert [where for where, text in texts if text != text.strip()] == []
    assert [where for where, text in texts if re.search(r"://|www\.|[<>]|\[%key|'\{", text)] == []


def test_every_text_stands_where_home_assistant_looks_for_it() -> None:
    astray = [where for where, _ in sentences(ENGLISH) if not PLACES.fullmatch(where.lstrip("."))]

    assert not astray


def test_every_place_to_fill_has_a_name_and_is_where_it_is_filled() -> None:
    texts = [(where.lstrip("."), placeholders(text)) for where, text in sentences(ENGLISH)]

    assert [where for where, names in texts if not all(map(str.isidentifier, names))] == []
    assert [where for where, names in texts if names and FIXED.fullmatch(where)] == []


# --- Forms -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("texts", "step", "schema"), FORMS)
def test_every_field_of_a_form_is_named_and_described(
    texts: dict[str, Any], step: str, schema: vol.Schema
) -> None:
    fields = {str(field) for field in schema.schema}

    assert texts["step"][step]["data"].keys() == fields
    assert texts["step"][step]["data_description"].keys() == fields


@pytest.mark.parametrize("kind", ["folder", "entity", "group"])
async def test_every_field_of_a_form_of_cameras_is_named_and_described(
    hass: HomeAssistant, agent: ScriptedAgent, folder: Path, kind: str
) -> None:
    agent.doors.add()
    second = agent.state["info"]["cameras"][0] | {"id": "back", "name": "Back door"}
    agent.state["info"]["cameras"].append(second)
    site = site_with(subentry_of(agent), detectors=[])
    assert await async_setup_component(hass, "http", {})
    await set_up(hass, site)

    form = await hass.config_entries.subentries.async_init(
        (site.entry_id, kind), context={"source": "user"}
    )

    fields = {str(field) for field in form["data_schema"].schema}
    for step in ENGLISH["config_subentries"][kind]["step"].values():
        assert step["data"].keys() == step["data_description"].keys() == fields


def test_no_form_is_described_that_does_not_exist() -> None:
    described = {(id(texts), step) for texts in (CONFIG, AGENT, OPTIONS) for step in texts["step"]}
    menus = {(id(OPTIONS), step) for step in ("init", "database_empty", "database_full")}

    assert described - {(id(texts), step) for texts, step, _ in FORMS} == menus


def test_every_part_of_the_options_is_in_the_menu() -> None:
    menu = OPTIONS["step"]["init"]

    assert tuple(menu["menu_options"]) == MENU
    assert tuple(menu["menu_option_descriptions"]) == MENU


def test_an_agent_that_is_found_fails_in_the_same_words_as_one_that_is_typed() -> None:
    assert CONFIG["error"] == AGENT["error"]


@pytest.mark.parametrize(
    ("key", "options"),
    [
        (choice.config["translation_key"], choice.config["options"])
        for schema in OPTION_FORMS.values()
        for choice in schema.schema.values()
        if isinstance(choice, selector.SelectSelector) and "translation_key" in choice.config
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
    fixes = [issue["fix_flow"] for issue in ENGLISH["issues"].values() if "fix_flow" in issue]
    flows = (CONFIG, *ENGLISH["config_subentries"].values(), *fixes)

    assert any(reason in texts.get("abort", {}) for texts in flows)


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
    [("snapshot", {}), *((each.name, each.fields) for each in ACTIONS)],
)
def test_every_action_takes_the_fields_that_it_describes(
    action: str, schema: Mapping[Any, Any]
) -> None:
    assert {str(field) for field in schema} == SERVICES[action].get("fields", {}).keys()


@pytest.mark.parametrize(
    ("action", "field"),
    [(action, field) for action in SERVICES for field in SERVICES[action].get("fields", {})],
)
def test_every_field_of_an_action_can_be_chosen(action: str, field: str) -> None:
    assert selector.selector(SERVICES[action]["fields"][field]["selector"])


@pytest.mark.parametrize("action", ["get_incidents", "get_history"])
def test_every_level_can_be_asked_for(action: str) -> None:
    choice = SERVICES[action]["fields"]["level"]["selector"]["select"]

    assert choice["options"] == list(Level)
    assert list(ENGLISH["selector"][choice["translation_key"]]["options"]) == list(Level)


# --- Errors and issues -----------------------------------------------------------------------


RAISED: Final = r"\w*Error|ConfigEntryNotReady|Unresolvable"


@pytest.mark.parametrize(("key", "placeholders_given"), told(RAISED))
def test_every_exception_has_its_sentence(key: str, placeholders_given: set[str]) -> None:
    assert placeholders(ENGLISH["exceptions"][key]["message"]) <= placeholders_given


@pytest.mark.parametrize(("key", "placeholders_given"), told("async_create_issue"))
def test_every_issue_has_its_words(key: str, placeholders_given: set[str]) -> None:
    words = ENGLISH["issues"][key]

    assert placeholders(words["title"] + words["description"]) <= placeholders_given


def test_no_issue_is_described_that_nobody_raises() -> None:
    raised = {issue.values[0] for issue in told("async_create_issue")}

    assert ENGLISH["issues"].keys() == raised | set(ProblemKind)


def family(error: type[Any]) -> Iterator[type[Any]]:
    """Yield an error and everything derived from it."""
    yield error
    for child in error.__subclasses__():
        yield from family(child)


FAMILIES: Final = (AccessError, AgentError, BookingError, FootageError, ZoneError)

CODES: Final = {error.code for root in FAMILIES for error in family(root)} | {
    "agent_refused",
    "camera_offline",
    "camera_private",
    "database_failed",
    "no_card",
    "note_too_long",
}


@pytest.mark.parametrize("code", sorted(CODES))
def test_every_error_of_a_room_has_its_sentence(code: str) -> None:
    assert placeholders(ENGLISH["exceptions"][code]["message"]) <= {"error"}


def test_no_exception_is_described_that_nobody_raises() -> None:
    raised = {error.values[0] for error in told(RAISED)}

    assert ENGLISH["exceptions"].keys() == raised | CODES


# --- Entities --------------------------------------------------------------------------------


@pytest.fixture
def seeing(seeing: dict[str, Any]) -> dict[str, Any]:
    """The options of a site that also uploads, for which there are sensors."""
    return seeing | {"s3_bucket": "clips", "s3_endpoint": "http://127.0.0.1:9"}


@pytest.fixture
def agent(agent: ScriptedAgent) -> ScriptedAgent:
    """An agent that has doors too, and much that is plugged into it."""
    agent.doors.add()
    probes = [
        {"id": f"1-0076:{quantity}", "sensor": "BME280", "quantity": quantity, "value": 1.0}
        for quantity in Quantity
    ]
    agent.state |= {"probes": probes}
    return agent


@pytest.fixture
async def entities(hass: HomeAssistant, site: MockConfigEntry) -> list[er.RegistryEntry]:
    """Every entity of a site with an agent, a camera, a zone and doors, also the disabled ones."""
    corners = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0))
    await site.runtime_data.zones.save(
        Zone(id="", camera=KEY, kind=ZoneKind.ZONE, name="Drive", points=corners)
    )
    await hass.async_block_till_done()
    return er.async_entries_for_config_entry(er.async_get(hass), site.entry_id)


async def test_every_entity_is_named(entities: list[er.RegistryEntry]) -> None:
    unnamed = {entity.entity_id for entity in entities if not entity.original_name}

    assert unnamed == {"camera.front_door", "lock.front_door", "lock.garage"}


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

    assert bare == {"camera.front_door", "lock.front_door", "lock.garage"}


async def test_every_state_of_a_choice_is_named(entities: list[er.RegistryEntry]) -> None:
    choices = {
        (entity.domain, entity.translation_key): entity.capabilities["options"]
        for entity in entities
        if entity.capabilities and "options" in entity.capabilities
    }

    texts = ENGLISH["entity"]
    assert choices
    assert {(domain, key): sorted(texts[domain][key]["state"]) for domain, key in choices} == {
        key: sorted(options) for key, options in choices.items()
    }


async def test_every_type_of_an_event_is_named(entities: list[er.RegistryEntry]) -> None:
    events = {
        entity.translation_key: entity.capabilities["event_types"]
        for entity in entities
        if entity.domain == "event" and entity.capabilities
    }

    texts = ENGLISH["entity"]["event"]
    assert events == {
        key: list(texts[key]["state_attributes"]["event_type"]["state"])
        for key in ("incident", "access", "doorbell")
    }


def test_everything_that_is_told_of_a_passage_is_named() -> None:
    passage = Passage(id="a", door="a", kind=PassageKind.EXIT, at=datetime.now(UTC))
    named = ENGLISH["entity"]["event"]["access"]["state_attributes"]

    assert named.keys() - {"event_type"} == passage_attributes(passage).keys()


@pytest.mark.parametrize(
    ("attribute", "values"),
    [
        ("reason", Reason),
        ("authentication", Authentication),
        ("direction", Direction),
        ("decided_by", Decider),
    ],
)
def test_every_word_that_is_told_of_a_passage_is_named(
    attribute: str, values: type[StrEnum]
) -> None:
    named = ENGLISH["entity"]["event"]["access"]["state_attributes"][attribute]["state"]

    assert list(named) == list(values)


def test_the_logbook_has_words_for_every_reason() -> None:
    assert WHY.keys() == set(Reason)


INCIDENTS: Final = [("sensor", "last_risk"), ("event", "incident")]


@pytest.mark.parametrize("entity", INCIDENTS)
def test_everything_that_is_told_of_an_incident_is_named(entity: tuple[str, str]) -> None:
    now = datetime.now(UTC)
    incident = Incident(
        id="a", group="a", place="a", state=IncidentState.OPEN, started=now, last_seen=now
    )
    named = reduce(getitem, [*entity, "state_attributes"], ENGLISH["entity"])

    assert named.keys() - {"event_type", "due"} == incident_attributes(incident).keys()


@pytest.mark.parametrize("entity", INCIDENTS)
@pytest.mark.parametrize(
    ("attribute", "values"),
    [("level", Level), ("state", IncidentState), ("assessment", AssessmentState)],
)
def test_every_word_that_is_told_of_an_incident_is_named(
    entity: tuple[str, str], attribute: str, values: type[StrEnum]
) -> None:
    named = reduce(getitem, [*entity, "state_attributes", attribute, "state"], ENGLISH["entity"])

    assert list(named) == list(values)
