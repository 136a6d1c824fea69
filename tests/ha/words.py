"""What users read: the English texts, and the text that the result of a flow shows."""

import json
from pathlib import Path
from typing import Any, Final

INTEGRATION: Final = Path(__file__).parents[2] / "custom_components" / "gatehouse"
ENGLISH: Final[dict[str, Any]] = json.loads((INTEGRATION / "translations" / "en.json").read_text())

VERSION: Final[str] = json.loads((INTEGRATION / "manifest.json").read_text())["version"]
"""The integration's own."""

AGENT: Final = ENGLISH["config_subentries"]["agent"]


def description(result: Any, texts: dict[str, Any]) -> str:
    """Return what a form says above its fields."""
    text: str = texts["step"][result["step_id"]]["description"]
    return text.format(**result["description_placeholders"] or {})


def error(result: Any, texts: dict[str, Any], field: str = "base") -> str:
    """Return the sentence that a form shows at a field; fails if there is none."""
    text: str = texts["error"][result["errors"][field]]
    return text.format(**result["description_placeholders"] or {})


def farewell(result: Any, texts: dict[str, Any]) -> str:
    """Return the sentence with which a flow ends."""
    text: str = texts["abort"][result["reason"]]
    return text.format(**result["description_placeholders"] or {})
