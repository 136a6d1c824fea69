"""Every icon is one that Home Assistant can draw, and is given once."""

from collections.abc import Iterator
import json
from pathlib import Path
from typing import Any, Final

import hass_frontend

from tests.ha.words import INTEGRATION

ICONS: Final[dict[str, Any]] = json.loads((INTEGRATION / "icons.json").read_text())
DRAWN: Final = Path(hass_frontend.__file__).parent / "static" / "mdi" / "iconList.json"


def leaves(icons: dict[str, Any] | str) -> Iterator[str]:
    """Yield every icon below."""
    if isinstance(icons, str):
        yield icons
        return
    for below in icons.values():
        yield from leaves(below)


def test_home_assistant_has_every_icon() -> None:
    drawn = {f"mdi:{icon['name']}" for icon in json.loads(DRAWN.read_text())}

    assert "mdi:cctv" in drawn
    assert set(leaves(ICONS)) - drawn == set()


def test_no_state_has_the_icon_that_it_would_have_anyway() -> None:
    twice = {
        f"{platform}.{key}"
        for platform, keys in ICONS["entity"].items()
        for key, icons in keys.items()
        if icons["default"] in icons.get("state", {}).values()
    }

    assert not twice
