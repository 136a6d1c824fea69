"""What is to be made one movie: the parts of two cameras, and how they share the picture."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
import json
from pathlib import Path
from typing import Any

from ..models import Layout
from .calibration import Calibration


class Corner(StrEnum):
    """Where the small picture is."""

    TOP_LEFT = "top_left"
    TOP_RIGHT = "top_right"
    BOTTOM_LEFT = "bottom_left"
    BOTTOM_RIGHT = "bottom_right"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A file that one camera recorded."""

    path: Path
    began: datetime
    """When its first picture was taken, by the clock of the site."""
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Reel:
    """All that one camera recorded; parts may overlap, or have gaps between them."""

    camera: str
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeOptions:
    """How large a movie may be, and how much of the machine may be taken for it."""

    height: int = 1080
    """Of one camera's picture."""
    bitrate: int = 10_000_000
    """The most bits a second."""
    threads: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class MergePlan:
    """A movie of what two cameras saw between two moments, or one of them if there is no other."""

    layout: Layout
    left: Reel
    right: Reel | None = None
    since: datetime
    until: datetime
    calibration: Calibration | None = None
    """What a panorama is made by."""
    corner: Corner = Corner.BOTTOM_RIGHT
    """Where the right picture is in the left one."""

    def __post_init__(self) -> None:
        if self.right and self.layout is Layout.SEPARATE:
            raise ValueError("Two cameras that stay separate are two movies: plan each by itself.")

    def as_json(self) -> str:
        """Return what `from_json` reads."""
        return json.dumps(asdict(self), default=str)

    @classmethod
    def from_json(cls, text: str) -> MergePlan:
        """Read what somebody else is to do."""
        data = json.loads(text)
        right, calibration = data["right"], data["calibration"]
        return cls(
            layout=Layout(data["layout"]),
            left=_reel(data["left"]),
            right=_reel(right) if right else None,
            since=datetime.fromisoformat(data["since"]),
            until=datetime.fromisoformat(data["until"]),
            calibration=Calibration.from_json(calibration) if calibration else None,
            corner=Corner(data["corner"]),
        )


def _reel(data: Mapping[str, Any]) -> Reel:
    return Reel(camera=data["camera"], parts=tuple(map(_part, data["parts"])))


def _part(data: Mapping[str, Any]) -> Part:
    return Part(
        path=Path(data["path"]),
        began=datetime.fromisoformat(data["began"]),
        until=datetime.fromisoformat(data["until"]),
    )
