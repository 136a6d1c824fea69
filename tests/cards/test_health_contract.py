"""What the health card reads is what Gatehouse tells of its machines."""

import json
from pathlib import Path
import re
from typing import Any, Final

import pytest

from custom_components.gatehouse.dashboard_cards import OURS

HEALTH: Final = OURS / "health"
GOLDEN: Final = Path(__file__).parents[1] / "wire" / "websocket" / "health_subscribe.json"
TOLD: Final[dict[str, Any]] = json.loads(GOLDEN.read_text())["events"][0]
MODEL: Final = (HEALTH / "model.js").read_text()


def read(noun: str, module: str = MODEL) -> set[str]:
    """Return which fields of a noun a module reads."""
    return set(re.findall(rf"\b{noun}\.(\w+)", module))


def test_each_part_that_is_shown_is_told() -> None:
    shown = read("health", (HEALTH / "card.js").read_text()) - {"js", "md"}

    assert {"machine", "agents", "problems", "storage"} <= shown <= TOLD.keys()


@pytest.mark.parametrize(
    "stats", [TOLD["machine"], TOLD["agents"][0]["stats"]], ids=["Home Assistant", "agent"]
)
def test_what_is_read_of_a_machine_is_told(stats: dict[str, Any]) -> None:
    [hindrances] = re.findall(r"hindrancesOf = \(\{ ([^}]+) \}\)", MODEL)
    hindering = set(re.findall(r"(\w+)(?::[^,]+)?(?:, |$)", hindrances))

    assert {"cpu_percent", "gpus"} <= read("stats") <= stats.keys()
    assert hindering == {"under_voltage", "throttled", "clock_synchronised"} & stats.keys()


def test_what_is_read_of_a_graphics_processor_is_told() -> None:
    [gpu] = TOLD["agents"][0]["stats"]["gpus"]

    assert {"utilisation_percent", "temperature_c"} <= read("gpu") <= gpu.keys()


def test_each_figure_is_written_in_a_unit_that_the_card_knows() -> None:
    used = set(re.findall(r'\["\w+", "(\w+)", \w+(?:\.\w+)?\]', MODEL))
    known = set(re.findall(r"^    (\w+): \(value\)", (HEALTH / "figures.js").read_text(), re.M))

    assert {"percent", "bytes", "moment"} <= used <= known
