"""What a camera gives: encoded packets, sounds, pictures, and how the camera is doing."""

from dataclasses import dataclass, field

from .wire import CameraStatus


@dataclass(frozen=True, slots=True)
class Packet:
    """One H.264 access unit in Annex B; a key frame carries its SPS and PPS in front."""

    data: bytes
    key: bool
    captured_us: int


@dataclass(frozen=True, slots=True)
class Sound:
    """One AAC frame behind its ADTS header, which describes it, and the moment it begins."""

    data: bytes
    captured_us: int


@dataclass(frozen=True, slots=True)
class Picture:
    """One JPEG and the moment it shows, in microseconds since the epoch."""

    jpeg: bytes
    captured_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraState:
    """How a camera is doing; width and height are the configured ones until it is online."""

    status: CameraStatus
    error: str | None = None
    motion: float = 0.0
    moving: bool = False
    fps: float = 0.0
    restarts: int = 0
    frame_age_s: float | None = field(default=None, compare=False)
    """How old the newest frame was when this was told; None if there is none."""
    width: int
    height: int
