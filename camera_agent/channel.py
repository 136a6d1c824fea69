"""A camera and all that its frames go to; hidden together, and shown together."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from .broadcast import Broadcast
from .cameras import Camera
from .errors import Refused
from .feed import MotionNews
from .live import Live
from .ring import Ring
from .wire import CameraStatus, ErrorCode


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """A camera and what its frames go to."""

    camera: Camera
    pictures: Broadcast
    ring: Ring
    live: Live
    motion: MotionNews

    @property
    def is_private(self) -> bool:
        """Whether nobody is to see what the camera could see."""
        return self.camera.state.status is CameraStatus.PRIVATE

    def hide(self) -> None:
        """Stop the camera, and let go of all that it has seen."""
        self.camera.hide()
        self.ring.hide()
        self.pictures.forget()
        self.live.close()

    def show(self) -> None:
        """Let the camera look again."""
        self.pictures.forget()
        self.ring.show()
        self.camera.show()


def named(channels: Mapping[str, Channel], name: str) -> Channel:
    """Return the channel of a camera; raises Refused if this agent has none."""
    if name not in channels:
        has = ", ".join(channels) or "none"
        sentence = f"There is no camera {name!r} on this agent; it has: {has}."
        raise Refused(ErrorCode.NOT_FOUND, sentence)
    return channels[name]


def joined(camera: Camera, span: timedelta) -> Channel:
    """Join a camera with what takes its frames; the ring has those of the last span."""
    ring = Ring(span)
    return Channel(
        camera=camera,
        pictures=Broadcast(camera.config.jpeg_fps, camera.demand),
        ring=ring,
        live=Live(ring),
        motion=MotionNews(),
    )
