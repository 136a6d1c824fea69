"""The golden messages of the wire, and who is called what in them."""

import json
from pathlib import Path
from typing import Any

WIRE = Path(__file__).parent.parent / "wire"

TOKEN = "a-token-that-is-long-enough"
AGENT_ID = "9f2c41d07ab3"
CAMERA = "front"
KEY = f"{AGENT_ID}/{CAMERA}"


def golden(name: str) -> dict[str, Any]:
    """Return a golden message of the wire."""
    return json.loads((WIRE / f"{name}.json").read_text())
