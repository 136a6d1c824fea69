"""What the cards ask and read is what Gatehouse answers: their modules against its own."""

from collections.abc import Iterator
import json
from pathlib import Path
import re
from typing import Any, Final

import pytest
import voluptuous as vol

from custom_components.gatehouse import websocket_api
from custom_components.gatehouse.agent.wire import Reason
from custom_components.gatehouse.dashboard_cards import CARDS, OURS, STRATEGY
from custom_components.gatehouse.footage.links import LONGEST, LONGEST_NOTE, MOST_USES
from custom_components.gatehouse.incident_feed import LARGEST_PAGE
from custom_components.gatehouse.incidents import NewsKind
from custom_components.gatehouse.incidents.archive import LONGEST_NOTE as LONGEST_REMARK
from custom_components.gatehouse.models import FootageStage, Level, PassageKind
from custom_components.gatehouse.websocket_api import COMMANDS

GOLDEN: Final = Path(__file__).parents[1] / "wire" / "websocket"
INCIDENTS: Final = OURS / "incidents"
MODULES: Final = sorted(OURS.rglob("*.js"))
WRITTEN: Final = [module for module in MODULES if OURS / "lit" not in module.parents]
ASKING_MODULES: Final = [module for module in MODULES if module.name == "gatehouse.js"]
TABLES: Final = [module for module in MODULES if module.name == "words.js"]
LANGUAGES: Final = ("en", "de", "fr")
KNOWN: Final = {f"gatehouse/{command.name}": command for command in COMMANDS}
FEEDS: Final = {
    handler._ws_command: {str(field) for field in getattr(handler._ws_schema, "schema", ())}
    for handler in vars(websocket_api).values()
    if hasattr(handler, "_ws_command")
}

# A function that asks: what is told of it, and the message.
ASKING: Final = re.compile(
    r"/\*\* (?P<told>[^\n]*) \*/\nexport (?:async )?function (?P<name>\w+)[^{]*\{"
    r".*?\{ type: \"(?P<type>[^\"]+)\"(?:, (?P<fields>[^}]*))? \}",
    re.DOTALL,
)
IMPORT: Final = re.compile(r"(?:import|export)\s*\{[^}]*\}\s*from\s*\"([^\"]+)\"")
LARGEST_CARD: Final = 60_000


def asked() -> Iterator[tuple[str, list[str], str]]:
    """Yield each command of the cards, the fields that go with it, and what is told of it."""
    for module in ASKING_MODULES:
        for found in ASKING.finditer(module.read_text()):
            fields = re.findall(r"(?:^|, )(\w+)", found["fields"] or "")
            yield found["type"], fields, found["told"]


def golden(name: str) -> dict[str, Any]:
    """Return a golden answer."""
    told: dict[str, Any] = json.loads((GOLDEN / f"{name}.json").read_text())
    return told


def read(noun: str) -> set[str]:
    """Return which fields of a noun the pure modules read."""
    text = "".join((INCIDENTS / name).read_text() for name in ("model.js", "opened/details.js"))
    return set(re.findall(rf"\b{noun}\.(\w+)", text))


def test_all_that_a_card_asks_is_asked_at_one_place() -> None:
    asking = {module.name for module in MODULES if re.search(r"\"gatehouse/", module.read_text())}
    named = re.findall(
        r"\"(gatehouse/[^\"]+)\"", "".join(module.read_text() for module in ASKING_MODULES)
    )

    assert asking == {"gatehouse.js"}
    assert {kind for kind, _, _ in asked()} == set(named)


@pytest.mark.parametrize(("kind", "fields", "told"), asked(), ids=lambda told: str(told)[:40])
def test_a_command_of_a_card_is_there_with_its_fields(
    kind: str, fields: list[str], told: str
) -> None:
    known = {str(field) for field in KNOWN[kind].fields} if kind in KNOWN else FEEDS[kind]

    assert set(fields) <= known


@pytest.mark.parametrize(("kind", "fields", "told"), asked(), ids=lambda told: str(told)[:40])
def test_a_command_for_administrators_says_so(kind: str, fields: list[str], told: str) -> None:
    assert told.endswith("Administrators only.") == (kind in KNOWN and KNOWN[kind].admin)


def test_what_is_read_of_an_incident_is_told() -> None:
    told = golden("incidents_get")["answer"]["result"]
    in_feed = golden("incidents_subscribe")["events"][0]["incidents"][0]

    assert {"place", "picture_url", "frame_urls", "footage"} <= read("incident") <= told.keys()
    assert read("incident") - {"footage"} <= in_feed.keys()
    clip = read("clip") - {"poster", "seconds"}
    assert {"url", "poster_url", "stage"} <= clip <= told["footage"][0].keys()
    assert {"camera", "entity_id"} <= read("seen") <= told["sightings"][0].keys()
    assert {"door_name", "reason"} <= read("passage") <= told["passages"][0].keys()


def test_what_is_read_of_a_link_is_told() -> None:
    [told] = golden("share_list")["answer"]["result"]["shares"]

    assert {"url", "expires", "most_uses"} <= read("share") <= told.keys()


def test_what_a_card_wishes_is_taken() -> None:
    create = KNOWN["gatehouse/share/create"]
    text = (INCIDENTS / "opened" / "details.js").read_text()
    sent = set(re.findall(r"(\w+):", text.partition("const wish = {")[2].partition(";")[0]))
    schema = vol.Schema(dict(create.fields))

    assert sent - {"unit"} == {"footage_id", "lifetime", "note"}
    for unit in limits()["LONGEST"]:
        assert schema({"footage_id": "f1", "lifetime": {unit: 2}, "note": "", "uses": 3})


def limits() -> dict[str, Any]:
    """Return the limits of the form."""
    text = (INCIDENTS / "opened" / "share.js").read_text()
    longest = re.findall(r"(\w+): (\d+)", text.partition("const LONGEST = ")[2].partition(";")[0])
    return {
        "LONGEST": {unit: int(most) for unit, most in longest},
        **{
            name: int(value)
            for name, value in re.findall(r"const (MOST_VIEWINGS|LONGEST_NOTE) = (\d+);", text)
        },
    }


def test_the_form_lets_through_what_links_may_be() -> None:
    assert limits() == {
        "LONGEST": {
            "hours": LONGEST.total_seconds() / 3600,
            "days": LONGEST.days,
        },
        "MOST_VIEWINGS": MOST_USES,
        "LONGEST_NOTE": LONGEST_NOTE,
    }


def test_a_card_asks_for_no_more_than_it_may() -> None:
    [page] = re.findall(r"PAGE = (\d+)", (INCIDENTS / "model.js").read_text())
    [note] = re.findall(r"LONGEST_NOTE = (\d+)", (INCIDENTS / "opened" / "remarks.js").read_text())

    assert int(page) <= LARGEST_PAGE
    assert int(note) == LONGEST_REMARK


def test_what_is_looked_for_can_be_asked() -> None:
    text = (INCIDENTS / "model.js").read_text()
    question = text.partition("export function questionOf")[2].partition("\n}")[0]
    named = set(re.findall(r"\b(\w+)\"?[:,]", question))
    fields = {str(field) for field in KNOWN["gatehouse/incidents/list"].fields}

    assert {"cameras", "group", "since", "until", "reviewed", "kept"} <= named & fields
    assert fields == FEEDS["gatehouse/incidents/subscribe"] - {"id", "type"} | {"before"}


def test_the_incidents_card_knows_what_is_told() -> None:
    tables = (INCIDENTS / "words.js", INCIDENTS / "opened" / "words.js")
    words = {word for table in tables for word in words_of(table, "en")}
    details = (INCIDENTS / "opened" / "details.js").read_text()
    style = (OURS / "style.js").read_text()

    assert words >= {*Level, *PassageKind, *(f"why_{reason}" for reason in Reason)}
    assert set(Level) <= set(re.findall(r"\.(\w+)(?=[^{}]*\{ --of)", style))
    over, reasons = (
        set(re.findall(r"\"(\w+)\"", details.partition(f"const {name}")[2].partition(";")[0]))
        for name in ("OVER", "REASONS")
    )
    assert over == {FootageStage.FAILED, FootageStage.EXPIRED}
    assert reasons == set(Reason)
    # All other news have an incident with them.
    assert not {"failed", "page"} & set(NewsKind)


def words_of(module: Path, language: str) -> dict[str, str]:
    """Return a table of words."""
    table = module.read_text().partition(f"  {language}: {{")[2].partition("\n  }")[0]
    return dict(re.findall(r"^ {4}(\w+): *\n? *(.+),$", table, re.MULTILINE))


@pytest.mark.parametrize("module", TABLES, ids=lambda module: module.parent.name)
def test_each_language_has_all_the_words(module: Path) -> None:
    english, *others = (words_of(module, language) for language in LANGUAGES)

    assert english
    for other in others:
        assert list(other) == list(english)
        for word, told in english.items():
            assert set(re.findall(r"\{\w+\}", other[word])) == set(re.findall(r"\{\w+\}", told)), (
                word
            )


@pytest.mark.parametrize("card", CARDS)
def test_each_word_that_a_card_says_is_in_its_table_and_the_other_way_round(card: str) -> None:
    folder = (OURS / card).parent
    tables = [OURS / "words.js", *folder.rglob("words.js")]
    text = "".join(module.read_text() for module in folder.rglob("*.js") if module not in tables)
    theirs = {word for table in tables[1:] for word in words_of(table, "en")}
    beginnings = tuple(re.findall(r"`(\w+_)\$\{", text))

    said = set(re.findall(r"\bwords?\(\s*\"(\w+)\"", text))
    assert said <= theirs | set(words_of(tables[0], "en"))
    silent = {word for word in theirs if not re.search(rf"\b{word}\b", text)}
    told = {*Level, *PassageKind}
    assert {word for word in silent - told if not word.startswith(beginnings or "none")} == set()


@pytest.mark.parametrize("module", WRITTEN, ids=lambda module: module.name)
def test_what_comes_from_outside_never_becomes_markup(module: Path) -> None:
    text = module.read_text()

    forbidden = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function"
    assert re.findall(forbidden, text) == []
    assert re.findall(r"https?://(?!github\.com/gatehouse-home/)", text) == []
    assert text.startswith("/** ")


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name)
def test_a_module_imports_what_is_there_and_is_ours(module: Path) -> None:
    assert imported(module) <= set(MODULES)
    assert len(module.read_text().splitlines()) <= 250 or module.name == "words.js"


def imported(module: Path) -> set[Path]:
    """Return what a module waits for before it runs."""
    return {(module.parent / path).resolve() for path in IMPORT.findall(module.read_text())}


@pytest.mark.parametrize("card", [*CARDS, STRATEGY, "panel/panel.js"])
def test_nobody_waits_for_much_before_he_sees_a_card(card: str) -> None:
    """What opens over a card later is not counted, nor are words that he does not read."""
    known, new = set[Path](), {OURS / card}
    while new:
        known |= new
        new = {path for module in new for path in imported(module)} - known

    assert sum(map(size, known)) < LARGEST_CARD


def size(module: Path) -> int:
    """Return the bytes of a module, of its words those of one language."""
    told = [words_of(module, each) for each in LANGUAGES[1:] if module.name == "words.js"]
    others = sum(
        len(f"    {key}: {word},\n".encode()) for table in told for key, word in table.items()
    )
    return module.stat().st_size - others
