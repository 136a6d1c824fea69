"""What somebody has drawn on the picture of the camera at the front."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from custom_components.gatehouse.models import Box, Detection, IgnoreBox, Zone, ZoneKind

FRONT = "porch/front"
NOON = datetime(2026, 11, 18, 12, 0, 0, 123456, tzinfo=UTC)

TRIANGLE = ((0.1, 0.1), (0.9, 0.1), (0.5, 0.8))
WHOLE = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))
LEFT_HALF = ((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0))
TOP_HALF = ((0.0, 0.0), (1.0, 0.0), (1.0, 0.5), (0.0, 0.5))

BIN = Box(0.4, 0.3, 0.5, 0.6)


def zone(name: str = "Drive", **more: Any) -> Zone:
    """Return a zone at the front."""
    plain = Zone(id="", camera=FRONT, kind=ZoneKind.ZONE, name=name, points=TRIANGLE)
    return replace(plain, **more)


def mask(name: str = "Street", **more: Any) -> Zone:
    """Return a mask at the front."""
    return zone(name, kind=ZoneKind.MASK, **more)


def ignored(box: Box = BIN, **more: Any) -> IgnoreBox:
    """Return an ignore box for a bin at the front that looks like a person."""
    return replace(IgnoreBox(id="", camera=FRONT, label="person", box=box, created=NOON), **more)


def person(box: Box = BIN, **more: Any) -> Detection:
    """Return a person whom the detector is sure of."""
    return replace(Detection(label="person", score=0.9, box=box), **more)
