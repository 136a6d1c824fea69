"""What the bookings card and the health card read, say and let choose is what Gatehouse tells."""

import json
from pathlib import Path
import re
from typing import Any, Final

import voluptuous as vol

from custom_components.gatehouse.agent import LogLevel
from custom_components.gatehouse.agent.wire import CameraStatus, Quantity
from custom_components.gatehouse.booking_deeds import BOOKING_COMMANDS, LONGEST_SPAN
from custom_components.gatehouse.booking_words import MOST_CAMERAS
from custom_components.gatehouse.bookings import AHEAD, SITE
from custom_components.gatehouse.dashboard_cards import OURS
from custom_components.gatehouse.log_deeds import LARGEST_PAGE
from custom_components.gatehouse.models import BookingState, Layout
from custom_components.gatehouse.upkeep_services import UPKEEP_ACTIONS

GOLDEN: Final = Path(__file__).parents[1] / "wire" / "websocket"
BOOKINGS: Final = OURS / "bookings"
HEALTH: Final = OURS / "health"


def golden(name: str) -> dict[str, Any]:
    """Return a golden answer."""
    told: dict[str, Any] = json.loads((GOLDEN / f"{name}.json").read_text())
    return told


def table(module: Path, name: str) -> str:
    """Return a table of a module as it is written."""
    return re.split(r"[}\])];", module.read_text().partition(f"const {name} = ")[2])[0]


def keys(module: Path, name: str) -> set[str]:
    """Return the keys, or the items, of a table of a module."""
    text = table(module, name)
    return set(re.findall(r"(\w+): ", text) or re.findall(r"\"(\w+)\"", text))


def number(module: Path, name: str) -> int:
    """Return a number that a module gives a name."""
    [found] = re.findall(rf"const {name} = (\d+);", module.read_text())
    return int(found)


def beginning(module: Path, with_: str) -> set[str]:
    """Return the English words that begin so, without that."""
    english = module.read_text().partition("  de: {")[0]
    return set(re.findall(rf"^    {with_}(\w+):", english, re.MULTILINE))


def test_what_is_read_of_a_booking_is_told() -> None:
    [told] = golden("bookings_list")["answer"]["result"]["bookings"]
    text = (BOOKINGS / "model.js").read_text() + (BOOKINGS / "wish.js").read_text()
    read = set(re.findall(r"\bbooking\.(\w+)", text))

    assert {"id", "recurrence", "calendar_name", "progress", "link", "rrule"} <= read <= told.keys()
    assert golden("bookings_subscribe")["events"][0]["bookings"] == [told]


def test_what_the_form_asks_for_can_be_booked() -> None:
    fields = {command.name: command.fields for command in BOOKING_COMMANDS}
    text = (BOOKINGS / "wish.js").read_text()
    wish = text.partition("export function wishOf")[2].partition("\n}")[0]
    asked = set(re.findall(r"[{ ](\w+)(?=[:,] |: draft| \})", wish)) & {
        *map(str, fields["bookings/book"]),
    }

    assert {"calendar", "summary", "start", "end", "rrule", "cameras", "layout", "notify"} <= asked
    assert vol.Schema(dict(fields["bookings/book"]))(
        {"summary": "Padel", "start": "2030-11-20T17:00:00", "end": "2030-11-20T18:00:00"}
    )
    assert {"uid", "recurrence", "following"} <= set(map(str, fields["bookings/edit"]))


def test_the_bookings_card_knows_all_that_can_be() -> None:
    model, wish, words = (BOOKINGS / f"{name}.js" for name in ("model", "wish", "words"))

    assert keys(model, "KINDS") == beginning(words, "state_") == set(BookingState)
    assert keys(model, "AHEAD") == AHEAD
    assert keys(wish, "LAYOUTS") == beginning(words, "layout_") == set(Layout)
    assert f'SITE = "{SITE}"' in model.read_text()
    assert number(wish, "MOST_CAMERAS") == MOST_CAMERAS
    assert number(model, "MOST_DAYS") == LONGEST_SPAN.days


def test_what_is_read_of_the_machines_is_told() -> None:
    [told] = golden("health_subscribe")["events"]
    [agent] = told["agents"]
    text = "".join(module.read_text() for module in sorted(HEALTH.glob("*.js")))

    for noun, there in (
        ("agent", agent),
        ("stats", agent["stats"]),
        ("gpu", agent["stats"]["gpus"][0]),
        ("camera", agent["cameras"][0]),
        ("bookings", agent["bookings"]),
        ("spool", agent["spool"]),
        ("access", agent["access"]),
    ):
        read = set(re.findall(rf"\b{noun}\??\.(\w+)", text))
        assert read, noun
        assert read <= there.keys(), noun
    assert {"severity", "title", "text"} <= told["problems"][0].keys()
    assert {"here", "off_site", "free_bytes", "backlog", "uploading", "error"} <= told[
        "storage"
    ].keys()
    assert {"healthy", "latency_ms", "queue", "error"} <= told["detectors"][0].keys()


def test_the_health_card_knows_all_that_can_be() -> None:
    model, words = HEALTH / "model.js", HEALTH / "words.js"

    assert keys(model, "STATUS_KINDS") == beginning(words, "status_") == set(CameraStatus)
    assert keys(model, "SEVERITY_KINDS") == beginning(words, "severity_")
    assert beginning(words, "quantity_") == set(Quantity)
    assert keys(HEALTH / "logs.js", "LEVELS") == beginning(words, "level_") == set(LogLevel)
    assert beginning(words, "sure_") == {action.name for action in UPKEEP_ACTIONS}


def test_the_log_is_asked_for_as_it_is_told() -> None:
    [record, *_] = golden("logs_list")["answer"]["result"]["records"]
    text = (HEALTH / "logs.js").read_text()
    read = set(text.partition("function row(card, { ")[2].partition(" }")[0].split(", "))

    assert {"at", "level", "text"} <= read <= record.keys()
    assert number(HEALTH / "logs.js", "PAGE") <= LARGEST_PAGE
