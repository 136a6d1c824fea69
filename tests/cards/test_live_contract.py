"""What the live card asks, reads and promises is what Gatehouse answers, tells and keeps."""

import json
from pathlib import Path
import re
from typing import Any, Final

import pytest

from custom_components.gatehouse.dashboard_cards import OURS
from custom_components.gatehouse.footage_options import LONGEST_RECORDING
from custom_components.gatehouse.models import ZoneKind
from custom_components.gatehouse.services import ACTIONS
from custom_components.gatehouse.websocket_api import COMMANDS
from custom_components.gatehouse.zones.polygons import FEWEST_POINTS, MOST_POINTS
from custom_components.gatehouse.zones.rules import LONGEST_NAME

GOLDEN: Final = Path(__file__).parents[1] / "wire" / "websocket"
LIVE: Final = OURS / "live"
ENGLISH: Final = OURS.parent / "translations" / "en.json"
FOLDERS: Final = (LIVE, LIVE / "camera", LIVE / "zones")
LANGUAGES: Final = ("en", "de", "fr")
KNOWN: Final = {f"gatehouse/{command.name}": command for command in COMMANDS}


def answered(name: str) -> dict[str, Any]:
    """Return what a golden message answers."""
    told: dict[str, Any] = json.loads((GOLDEN / f"{name}.json").read_text())["answer"]["result"]
    return told


def text_of(folder: Path) -> str:
    """Return the code of a folder, but for its words."""
    modules = (module for module in folder.glob("*.js") if module.name != "words.js")
    return "".join(module.read_text() for module in sorted(modules))


def words_of(folder: Path, language: str) -> dict[str, str]:
    """Return a table of words."""
    text = (folder / "words.js").read_text()
    table = text.partition(f"  {language}: {{")[2].partition("\n  }")[0]
    return dict(re.findall(r"^ {4}(\w+): (.*),$", table, re.MULTILINE))


def number(name: str, text: str) -> int:
    """Return a number that the code names."""
    [found] = re.findall(rf"const {name} = (\d+)", text)
    return int(found)


def test_what_is_read_of_a_camera_is_told() -> None:
    [camera] = answered("cameras")["cameras"]
    model = (LIVE / "model.js").read_text()
    read = set(re.findall(r"\bcamera\.(\w+)", model))

    assert {"key", "name", "entities", "width", "height"} <= read <= camera.keys()
    signs = set(re.findall(r"part: \"(\w+)\"", model))
    assert {"person", "motion", "recording", "snooze"} <= signs
    assert signs - {"privacy"} <= camera["entities"].keys()
    assert {"camera", "detection"} <= camera["entities"].keys()


def test_what_is_read_of_zones_and_ignore_boxes_is_told() -> None:
    [zone] = answered("zones_list")["zones"]
    [box] = answered("ignored_list")["ignored"]
    text = text_of(LIVE / "zones")

    assert {"id", "kind", "points"} <= set(re.findall(r"\bzone\.(\w+)", text)) <= zone.keys()
    assert {"label", "created"} <= set(re.findall(r"\bbox\.(\w+)", text)) <= box.keys()
    sides = set(re.findall(r"const framed = \(\{ (.*) \}\)", text)[0].split(", "))
    assert sides == box["box"].keys()


def test_what_is_wished_of_a_zone_is_taken() -> None:
    save = KNOWN["gatehouse/zones/save"]
    text = (LIVE / "zones" / "editor.js").read_text()
    wish = text.partition("const wish = {")[2].partition("};")[0]
    sent = {field.partition(":")[0].strip() for field in wish.split(", ")}

    assert sent == {"camera", "name", "kind", "points", "sensitive"}
    assert sent | {"zone_id"} == {str(field) for field in save.fields}
    assert re.findall(r"const KINDS = \[(.*)\];", text) == [
        ", ".join(f'"{kind}"' for kind in ZoneKind)
    ]


def test_what_can_be_drawn_can_be_kept() -> None:
    shape = (LIVE / "zones" / "shape.js").read_text()

    assert number("FEWEST", shape) == FEWEST_POINTS
    assert number("MOST", shape) == MOST_POINTS
    assert number("LONGEST_NAME", text_of(LIVE / "zones")) == LONGEST_NAME


def test_a_refusal_whose_spot_the_card_knows_is_one_of_gatehouses() -> None:
    known = json.loads(ENGLISH.read_text())["exceptions"].keys()
    spots = set(re.findall(r"\"(zone_\w+)\"", text_of(LIVE / "zones")))

    assert spots == {"zone_crossing", "zone_name"}
    assert "zone_crossing" in known
    assert [key for key in known if key.startswith("zone_name")]


def test_an_action_that_a_button_takes_is_there() -> None:
    taken = set(re.findall(r"act\(hass, \"(\w+)\"", (LIVE / "camera" / "home.js").read_text()))

    assert taken == {"snapshot", "record", "snooze"}
    assert taken - {"snapshot"} <= {action.name for action in ACTIONS}
    assert number("CLIP", text_of(LIVE / "camera")) <= LONGEST_RECORDING.total_seconds()


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_each_word_is_said_in_each_language(folder: Path) -> None:
    english = words_of(folder, "en")
    holes = re.compile(r"\{(\w+)\}")

    for language in LANGUAGES:
        table = words_of(folder, language)
        assert table.keys() == english.keys()
        assert all(
            sorted(holes.findall(table[key])) == sorted(holes.findall(english[key]))
            for key in english
        )


# A card's word may be said by what it opens.
@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_each_word_is_said_somewhere_and_each_that_is_said_has_its_table(folder: Path) -> None:
    text, table = text_of(folder), words_of(folder, "en").keys()
    said = set(re.findall(r"[wW]ord\(\s*\"(\w+)\"", text))
    shared = {"cancel", "close"}

    assert said <= table | shared
    by_its_part = {f"turn_{part}" for part in ("recording", "privacy", "detection")}
    by_its_field = {"title"}
    assert {
        word for word in table if f'"{word}"' not in text and f"{word}:" not in text
    } <= by_its_part | by_its_field


def test_what_the_first_look_needs_is_small_and_the_rest_comes_when_it_is_asked_for() -> None:
    first = [*LIVE.glob("*.js"), *OURS.glob("*.js"), *(OURS / "lit").rglob("*.js")]
    modules = list(LIVE.rglob("*.js"))

    assert sum(module.stat().st_size for module in first) < 60_000
    assert max(len(module.read_text().splitlines()) for module in modules) <= 250
    assert all(
        re.search(rf"await import\(\"\.\.?/{lazy}/", text_of(asks))
        for lazy, asks in (("camera", LIVE), ("zones", LIVE / "camera"))
    )
    assert not re.search(r"^import .*\./(camera|zones)/", text_of(LIVE), re.MULTILINE)
