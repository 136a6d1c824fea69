"""The only folder that touches a device library; each one is imported when its camera is opened."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from enum import StrEnum
import re
from typing import Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from ..camera_config import CameraConfig, SourceKind
from ..models import Packet, Picture, Sound
from ..reader_config import ReaderConfig, ReaderKind

Plane: TypeAlias = npt.NDArray[np.uint8]


class CameraError(Exception):
    """The camera cannot give frames; the message is a sentence for its owner."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """The camera is open; what its frames are like."""

    width: int
    height: int
    fps: float
    lacks: str = ""
    """A sentence about what it was asked for and goes on without."""


@dataclass(frozen=True, slots=True)
class Luma:
    """A small luma plane of a frame, a few times a second."""

    plane: Plane
    captured_us: int


class ReaderError(Exception):
    """The reader cannot be used; the message is a sentence for its owner."""


class LineError(Exception):
    """A line cannot be used; the message is a sentence for its owner."""


class Technology(StrEnum):
    """How a card spoke to its reader."""

    EM4100 = "em4100"
    ISO14443A = "iso14443a"
    WIEGAND = "wiegand"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """A card was presented; its number is a secret that is never logged."""

    card: bytes = field(repr=False)
    """As the reader gives it, in its own order."""
    technology: Technology = Technology.UNKNOWN
    at: float
    """When its last byte had come, by the monotonic clock."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A key of the reader's keypad was pressed: a digit, * or #."""

    key: str = field(repr=False)
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Tamper:
    """Somebody opened the reader, or closed it again."""

    active: bool
    at: float


Heard: TypeAlias = Scan | Key | Tamper


class Feedback(StrEnum):
    """What a reader shows to who stands in front of it."""

    GRANTED = "granted"
    DENIED = "denied"
    PIN_WANTED = "pin_wanted"
    LEARNING = "learning"


class CardReader(Protocol):
    """Something that cards are shown to."""

    async def run(self, online: Callable[[], None], heard: Callable[[Heard], None]) -> None:
        """Open the device, say once that it is there, and tell what happens until cancelled.

        Raises ReaderError when the device cannot be opened or is lost; may be run again then.
        """
        ...

    async def show(self, feedback: Feedback) -> None:
        """Tell who stands there; a reader without lamp and buzzer does nothing."""
        ...


class Line(Protocol):
    """One input or output; true is active, whatever the voltage."""

    def set(self, active: bool) -> None:
        """Write an output, before it returns; raises LineError."""
        ...

    def get(self) -> bool:
        """Read it; raises LineError."""
        ...

    def changes(self) -> AsyncIterator[bool]:
        """Yield an input's state, then each change that outlasts debouncing; raises LineError."""
        ...

    def close(self) -> None:
        """Let go of it."""
        ...


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


def reader(config: ReaderConfig) -> CardReader:
    """Return the reader that the configuration means; nothing is opened yet."""
    match config.kind:
        case ReaderKind.RDM6300:
            from .rfid_serial import RDM6300Reader

            return RDM6300Reader(config)
        case ReaderKind.HID:
            from .rfid_hid import HIDReader

            return HIDReader(config)
        case ReaderKind.WIEGAND:
            from .rfid_wiegand import WiegandReader

            return WiegandReader(config)
        case ReaderKind.PN532:
            from .rfid_pn532 import PN532Reader

            return PN532Reader(config)
        case ReaderKind.MFRC522:
            from .rfid_mfrc522 import MFRC522Reader

            return MFRC522Reader(config)
        case ReaderKind.OSDP:
            from .rfid_osdp import OSDPReader

            return OSDPReader(config)
        case ReaderKind.SIMULATED:
            from .simulated import SimulatedReader

            return SimulatedReader(config)
