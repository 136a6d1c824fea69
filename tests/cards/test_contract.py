"""What the cards ask and read is what Gatehouse answers: their modules against its own."""

from collections.abc import Iterator
import json
from pathlib import Path
import re
from typing import Any, Final

import pytest
import voluptuous as vol

from custom_components.gatehouse.dashboard_cards import CARDS, OURS
from custom_components.gatehouse.footage.links import LONGEST, LONGEST_NOTE, MOST_USES
from custom_components.gatehouse.incident_feed import LARGEST_PAGE
from custom_components.gatehouse.incidents import NewsKind
from custom_components.gatehouse.models import FootageStage, Level
from custom_components.gatehouse.websocket_api import COMMANDS

GOLDEN: Final = Path(__file__).parents[1] / "wire" / "websocket"
INCIDENTS: Final = OURS / "incidents"
MODULES: Final = sorted(OURS.rglob("*.js"))
FEEDS: Final = {"gatehouse/incidents/subscribe", "gatehouse/storage/subscribe"}
KNOWN: Final = {f"gatehouse/{command.name}": command for command in COMMANDS}

# A function that asks: what is told of it, and the message.
ASKING: Final = re.compile(
    r"/\*\* (?P<told>[^\n]*) \*/\nexport (?:async )?function (?P<name>\w+)[^{]*\{"
    r".*?\{ type: \"(?P<type>[^\"]+)\"(?:, (?P<fields>[^}]*))? \}",
    re.DOTALL,
)
LARGEST_CARD: Final = 60_000


def asked() -> Iterator[tuple[str, set[str], str]]:
    """Yield each command of the cards, the fields that go with it, and what is told of it."""
    for found in ASKING.finditer((INCIDENTS / "gatehouse.js").read_text()):
        fields = re.findall(r"(?:^|, )(\w+)", found["fields"] or "")
        yield found["type"], set(fields), found["told"]


def golden(name: str) -> dict[str, Any]:
    """Return a golden answer."""
    told: dict[str, Any] = json.loads((GOLDEN / f"{name}.json").read_text())
    return told


def read(noun: str, module: str = "model.js") -> set[str]:
    """Return which fields of a noun a module reads."""
    return set(re.findall(rf"\b{noun}\.(\w+)", (INCIDENTS / module).read_text()))


def test_all_that_a_card_asks_is_asked_at_one_place() -> None:
    asking = {module.name for module in MODULES if re.search(r"\"gatehouse/", module.read_text())}

    assert asking == {"gatehouse.js"}
    assert {kind for kind, _, _ in asked()} == set(
        re.findall(r"\"(gatehouse/[^\"]+)\"", (INCIDENTS / "gatehouse.js").read_text())
    )


@pytest.mark.parametrize(("kind", "fields", "told"), asked(), ids=lambda told: str(told)[:40])
def test_a_command_of_a_card_is_there_with_its_fields(
    kind: str, fields: set[str], told: str
) -> None:
    known = {str(field) for field in KNOWN[kind].fields} if kind in KNOWN else {"limit"}

    assert kind in KNOWN or kind in FEEDS
    assert fields <= known


@pytest.mark.parametrize(("kind", "fields", "told"), asked(), ids=lambda told: str(told)[:40])
def test_a_command_for_administrators_says_so(kind: str, fields: set[str], told: str) -> None:
    assert told.endswith("Administrators only.") == (kind in KNOWN and KNOWN[kind].admin)


def test_what_is_read_of_an_incident_is_told() -> None:
    told = golden("incidents_get")["answer"]["result"]
    in_feed = golden("incidents_subscribe")["events"][0]["incidents"][0]

    assert {"place", "picture_url", "footage"} <= read("incident") <= told.keys()
    assert read("incident") - {"footage"} <= in_feed.keys()
    assert {"url", "poster_url", "stage"} <= read("clip") <= told["footage"][0].keys()
    assert {"camera", "entity_id"} <= read("seen") <= told["sightings"][0].keys()


def test_what_is_read_of_a_link_is_told() -> None:
    [told] = golden("share_list")["answer"]["result"]["shares"]

    assert {"url", "expires", "most_uses"} <= read("share") <= told.keys()


def test_what_a_card_wishes_is_taken() -> None:
    create = KNOWN["gatehouse/share/create"]
    text = (INCIDENTS / "model.js").read_text()
    sent = set(re.findall(r"(\w+):", text.partition("const wish = {")[2].partition(";")[0]))
    schema = vol.Schema(dict(create.fields))

    assert sent - {"unit"} == {"footage_id", "lifetime", "note"}
    for unit in limits()["LONGEST"]:
        assert schema({"footage_id": "f1", "lifetime": {unit: 2}, "note": "", "uses": 3})


def limits() -> dict[str, Any]:
    """Return the limits of the form."""
    text = (INCIDENTS / "share.js").read_text()
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


def test_a_card_asks_for_no_more_incidents_than_it_may() -> None:
    [most] = re.findall(r"MOST = (\d+)", (INCIDENTS / "model.js").read_text())

    assert int(most) <= LARGEST_PAGE


def test_a_card_knows_each_level_and_what_else_is_told() -> None:
    words = words_of("en")
    model, style = ((INCIDENTS / name).read_text() for name in ("model.js", "style.js"))

    assert words >= set(Level)
    assert set(Level) <= set(re.findall(r"^\.(\w+) \{ --of", style, re.MULTILINE))
    over = set(re.findall(r"\"(\w+)\"", model.partition("const OVER")[2].partition(";")[0]))
    assert over == {FootageStage.FAILED, FootageStage.EXPIRED}
    # All other news have an incident with them.
    assert not {"failed", "page"} & set(NewsKind)


def words_of(language: str) -> set[str]:
    """Return the keys of a table of words."""
    text = (INCIDENTS / "words.js").read_text()
    table = text.partition(f"  {language}: {{")[2].partition("\n  }")[0]
    return set(re.findall(r"^ {4}(\w+):", table, re.MULTILINE))


def test_each_word_that_a_card_says_is_in_its_table_and_the_other_way_round() -> None:
    text = "".join(
        module.read_text() for module in INCIDENTS.glob("*.js") if module.name != "words.js"
    )

    said = set(re.findall(r"\bwords\(\s*\"(\w+)\"", text))
    assert said <= words_of("en")
    assert {word for word in words_of("en") if f'"{word}"' not in text} <= {
        *Level,
        "title",
        "limit",
        "waiting",
        "failed",
        "hours",
        "days",
    }


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name)
def test_what_comes_from_outside_never_becomes_markup(module: Path) -> None:
    text = module.read_text()

    forbidden = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function"
    assert re.findall(forbidden, text) == []
    assert re.findall(r"https?://(?!github\.com/gatehouse-home/)", text) == []
    assert text.startswith("/** ")


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name)
def test_a_module_imports_what_is_there_and_is_ours(module: Path) -> None:
    for path in re.findall(r"^import .* from \"([^\"]+)\";", module.read_text(), re.MULTILINE):
        assert path.startswith("."), path
        assert (module.parent / path).resolve() in MODULES


@pytest.mark.parametrize("card", CARDS)
def test_a_card_is_small(card: str) -> None:
    folder = (OURS / card).parent
    there = [*folder.glob("*.js"), *OURS.glob("*.js")]

    assert (OURS / card).is_file()
    assert sum(module.stat().st_size for module in there) < LARGEST_CARD
    assert max(len(module.read_text().splitlines()) for module in there) <= 250
