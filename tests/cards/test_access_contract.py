"""What the access card reads of Gatehouse is told, and it knows all that can be."""

from enum import StrEnum
import json
from pathlib import Path
import re
from typing import Any, Final

import pytest

from custom_components.gatehouse.access import HolidayRule, Weekday
from custom_components.gatehouse.access_views import LOG_URL
from custom_components.gatehouse.agent import Antipassback, DoorMode, SiteMode, Verify
from custom_components.gatehouse.dashboard_cards import OURS
from custom_components.gatehouse.passage_events import TYPES
from custom_components.gatehouse.websocket_api import COMMANDS

GOLDEN: Final = Path(__file__).parents[1] / "wire" / "websocket"
FRONT: Final = OURS / "access"
DESK: Final = FRONT / "admin"


def result(name: str) -> dict[str, Any]:
    """Return what a golden answer tells."""
    told: dict[str, Any] = json.loads((GOLDEN / f"{name}.json").read_text())["answer"]["result"]
    return told


def words_of(folder: Path) -> set[str]:
    """Return the keys of a table of words."""
    table = (folder / "words.js").read_text().partition("  en: {")[2].partition("\n  }")[0]
    return set(re.findall(r"^ {4}(\w+):", table, re.MULTILINE))


def keys_of(module: Path, name: str) -> set[str]:
    """Return the keys, or the items, of a table of a module."""
    table = re.split(r"[}\]]+;", module.read_text().partition(f"const {name} = ")[2])[0]
    return set(re.findall(r"(\w+): ", table) or re.findall(r"\"(\w+)\"", table))


def test_who_is_no_administrator_asks_nothing_that_is_refused() -> None:
    doors, card = (FRONT / "doors.js").read_text(), (FRONT / "card.js").read_text()
    asked = re.findall(r"\"gatehouse/([^\"]+)\"", (FRONT / "gatehouse.js").read_text())
    admin = {command.name for command in COMMANDS if command.admin}

    assert set(asked) - admin == {"access/subscribe"}
    assert set(asked) & admin == {"access/unlock"}
    assert "if (isAdmin) return unlockDoor(" in doors
    assert "this.isAdmin ? { doors: (hass, hear) => subscribeDoors(" in card


def test_what_administrators_need_is_loaded_later_and_for_them_only() -> None:
    text = "".join(module.read_text() for module in FRONT.glob("*.js"))

    assert re.findall(r"(\S+) ?\(?\"\./admin/(\w+)\.js\"", text) == [("import(", "desk")]
    assert "if (this.isAdmin) this.#open();" in text
    assert not words_of(FRONT) & words_of(DESK)


def test_the_whole_log_is_fetched_where_it_is_served() -> None:
    assert f"`{LOG_URL}?" in (DESK / "gatehouse.js").read_text()


@pytest.mark.parametrize(
    ("golden", "nouns", "noun"),
    [
        ("access_log", "passages", "passage"),
        ("access_users", "users", "user"),
    ],
)
def test_what_is_read_is_told(golden: str, nouns: str, noun: str) -> None:
    told = result(golden)[nouns][0]
    text = "".join((folder / "model.js").read_text() for folder in (FRONT, DESK))
    read = set(re.findall(rf"\b{noun}\??\.(\w+)", text))

    assert read
    assert read <= told.keys()


def test_what_is_taken_apart_is_told() -> None:
    passage = result("access_log")["passages"][0]
    user = result("access_users")["users"][0]
    door = result("access_doors")["doors"][0]
    [schedule, *_] = result("access_schedules")["schedules"]
    [holiday] = result("access_holidays")["holidays"]
    [group] = result("access_groups")["door_groups"]

    assert {"kind", "actor", "authentication", "reason", "warning"} <= passage.keys()
    assert {"name", "active", "visitor", "max_uses", "uses"} <= user["credentials"][0].keys()
    assert {"doors", "door_groups", "schedule"} == user["permissions"][0].keys()
    assert {"key", "entity_id", "name", "mode", "verify", "antipassback"} <= door.keys()
    assert {"online", "error", "tampered"} == door["state"]["readers"]["outside"].keys()
    assert {"id", "name", "windows", "special", "holidays"} == schedule.keys()
    assert {"id", "name", "first", "last", "yearly"} == holiday.keys()
    assert {"id", "name", "doors"} == group.keys()
    assert {"card", "belongs_to"} <= result("access_enroll").keys()


@pytest.mark.parametrize(
    ("module", "name", "known"),
    [
        ("model.js", "MODES", DoorMode),
        ("admin/door.js", "VERIFY", Verify),
        ("admin/door.js", "ANTIPASSBACK", Antipassback),
        ("admin/emergency.js", "ABOUT", SiteMode),
        ("admin/schedule.js", "HOLIDAYS", HolidayRule),
        ("admin/windows.js", "DAYS", Weekday),
    ],
)
def test_the_card_knows_all_that_can_be_chosen(
    module: str, name: str, known: type[StrEnum]
) -> None:
    about = {"icon", "title", "text"}

    assert keys_of(FRONT / module, name) - about == set(known)


def test_the_card_knows_all_that_can_happen_at_a_door() -> None:
    table = (FRONT / "model.js").read_text().partition("const TYPES = ")[2].partition("};\n")[0]
    told = dict(re.findall(r"(\w+): \"(\w+)\"", table))

    assert told == {kind.value: name for kind, name in TYPES.items()}
    assert keys_of(DESK / "log.js", "ICONS") == set(told)
