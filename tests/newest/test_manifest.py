"""The newest Home Assistant shows the integration under headings that it has."""

import json
from pathlib import Path
from typing import Any, Final

from homeassistant import components
import pytest

from scripts.demonstration.places import ROOT

MANIFEST: Final = "manifest.json"


def told(manifest: Path, key: str) -> set[str]:
    """Return what a manifest says under a key."""
    words: dict[str, Any] = json.loads(manifest.read_text())
    return set(words.get(key, ()))


@pytest.mark.parametrize("key", ["categories", "connectivity"])
def test_it_is_under_headings_that_are_there(key: str) -> None:
    (there,) = map(Path, components.__path__)
    known = {word for manifest in there.glob(f"*/{MANIFEST}") for word in told(manifest, key)}
    ours = told(ROOT / "custom_components" / "gatehouse" / MANIFEST, key)

    assert ours
    assert ours <= known
