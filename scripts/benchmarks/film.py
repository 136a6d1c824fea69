"""A camera whose pictures are made already, as a process that the agent runs for its camera.

Only the device is simulated: what it emits goes the way of every camera. Python 3.11, as the agent.
"""

from itertools import count
from pathlib import Path
import time
from typing import Final

from camera_agent import capture
from camera_agent.camera_config import CameraConfig
from camera_agent.hardware import Emit, Opened, Wanted
from camera_agent.hardware.timing import Pace, Rate, now_us
from camera_agent.models import Packet, Picture

# The agent looks for a film's packets to see that a camera is alive.
ALIVE: Final = 1.0


class FilmCamera:
    """Gives the JPEGs of a folder in turn; each says in a comment when it was captured."""

    def __init__(self, config: CameraConfig) -> None:
        self._config = config
        self._jpegs = [path.read_bytes() for path in sorted(Path(config.path or "").glob("*.jpg"))]

    def run(self, emit: Emit, wanted: Wanted) -> None:
        """Play without an end."""
        config, pace, alive = self._config, Pace(), Rate()
        emit(Opened(width=config.width, height=config.height, fps=config.fps))
        for number in count():
            pace.wait(number / config.fps)
            captured_us = now_us()
            if alive.takes(captured_us, ALIVE):
                emit(Packet(b"", False, captured_us))
            if wanted():
                emit(Picture(stamped(self._jpegs[number % len(self._jpegs)]), captured_us))


def stamped(jpeg: bytes) -> bytes:
    """Return a picture with a comment that is the monotonic clock's nanoseconds, in 16 digits."""
    return b"%b\xff\xfe\x00\x12%016x%b" % (jpeg[:2], time.monotonic_ns(), jpeg[2:])


if __name__ == "__main__":
    # By its name: what is imported there is not that module's to give.
    setattr(capture, "camera", FilmCamera)  # noqa: B010
    capture.main()
