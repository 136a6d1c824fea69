"""The only folder that touches a device library; each one is imported when its camera is opened."""

from collections.abc import Callable
from dataclasses import dataclass
import re
from typing import Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from ..config import CameraConfig, SourceKind
from ..models import Packet, Picture, Sound

Plane: TypeAlias = npt.NDArray[np.uint8]


class CameraError(Exception):
    """The camera cannot give frames; the message is a sentence for its owner."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """The camera is open; what its frames are like."""

    width: int
    height: int
    fps: float


@dataclass(frozen=True, slots=True)
class Luma:
    """A small luma plane of a frame, a few times a second."""

    plane: Plane
    captured_us: int


Emit: TypeAlias = Callable[[Opened | Packet | Sound | Picture | Luma], None]
Wanted: TypeAlias = Callable[[], float]


class Camera(Protocol):
    """Something that gives frames, already encoded, so that a device may use its own encoder."""

    def run(self, emit: Emit, wanted: Wanted) -> None:
        """Emit until the process ends; wanted tells how many JPEGs a second are asked for now.

        Emits Opened, then packets, sounds, luma planes and pictures; from more than one thread,
        perhaps.
        Raises CameraError.
        """
        ...


def without_secrets(text: str) -> str:
    """Cut addresses down to their hosts: user, path and query may each hold a password."""
    return re.sub(r"://(?:\S*@)?([^/?#\s]*)\S*", r"://\1", text)


def camera(config: CameraConfig) -> Camera:
    """Return the camera that the configuration means; nothing is opened yet."""
    match config.source:
        case SourceKind.PICAMERA:
            from .picamera import PiCamera

            return PiCamera(config)
        case SourceKind.VIDEO:
            from .video import VideoCamera

            return VideoCamera(config)
        case SourceKind.PATTERN:
            from .pattern import PatternCamera

            return PatternCamera(config)
