"""An agent of the soak: two cameras that play films, and a door with two readers."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from scripts.demonstration.memory import AgentMemory

from .film import FPS, HEIGHT, WIDTH

CAMERAS: Final = 2
"""So many has an agent; they are numbered through."""
DOOR: Final = "front"
WIRED: Final = "wired"
"""The reader that hangs at a line, as RDM6300 do."""
PLAYED: Final = "played"
"""The reader that tells what it shows."""

_AGENT: Final = """\
[agent]
id = "{id}"
name = "{name}"
token = "{token}"
host = "{host}"
port = {port}
data = "data"
announce = false

[tls]
enabled = false

[spool]
free_mb = 200

[bookings]
free_mb = 200

[[doors]]
id = "front"
name = "{name} door"
simulated = "door.sock"
unlock = 1

[[doors.readers]]
id = "wired"
kind = "rdm6300"
device = "{line}"
direction = "in"
debounce = 0.5

[[doors.readers]]
id = "played"
kind = "simulated"
direction = "in"
debounce = 0.5
"""

_CAMERA: Final = """
[[cameras]]
id = "camera{camera}"
name = "Camera {camera}"
source = "video"
path = "{film}"
width = {width}
height = {height}
fps = {fps}
jpeg_fps = {fps}
bitrate = 400
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where an agent is, and what belongs to it; its first camera looks at the door."""

    name: str
    folder: Path
    host: str
    memory: AgentMemory
    cameras: tuple[int, ...]

    @property
    def data(self) -> Path:
        """What it keeps."""
        return self.folder / "data"

    @property
    def journal(self) -> Path:
        """Where it writes down who came to the door."""
        return self.data / "passages.jsonl"

    @property
    def socket(self) -> Path:
        """Where its door is played."""
        return self.folder / "door.sock"

    @property
    def line(self) -> Path:
        """The serial port of its wired reader, by a name that stays."""
        return self.folder / "line"

    @property
    def door(self) -> str:
        """The key of its door."""
        return f"{self.memory.id}/door/{DOOR}"

    def camera(self, number: int) -> str:
        """Return the key of a camera."""
        return f"{self.memory.id}/camera{number}"

    def film(self, camera: int) -> Path:
        """Return what a camera plays."""
        return self.folder / f"film{camera}.mp4"


def own_place(camera: int) -> str | None:
    """Return the key of a camera that is a place by itself, and not that of a door."""
    agent, own = divmod(camera, CAMERAS)
    return f"soak{agent}/camera{camera}" if own else None


def write_agent(place: Place) -> Path:
    """Write an agent's configuration and return where it is."""
    place.data.mkdir(parents=True, exist_ok=True)
    about = place.memory
    text = _AGENT.format(
        id=about.id,
        name=place.name,
        token=about.token,
        host=place.host,
        port=about.port,
        line=place.line,
    )
    for camera in place.cameras:
        text += _CAMERA.format(
            camera=camera, film=place.film(camera), width=WIDTH, height=HEIGHT, fps=FPS
        )
    file = place.folder / "agent.toml"
    file.touch(mode=0o600)
    file.write_text(text, "utf-8")
    return file
