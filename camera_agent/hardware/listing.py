"""Which cameras this machine has: those of libcamera, and those that the kernel itself shows.

`python -m camera_agent.hardware.listing` prints the first as JSON: libcamera may take down the
process that asks it, which is then not the asker's own.
"""

from dataclasses import dataclass
import json
from pathlib import Path
import subprocess
import sys
from typing import Final

from . import CameraError

PATIENCE: Final = 30.0  # seconds; a Pi Zero takes ten to load all of it
# Parts of the Pi's own video hardware that call themselves cameras.
_PARTS: Final = (
    "bcm2835-codec",
    "bcm2835-isp",
    "pispbe",
    "rp1-cfe",
    "rpi-hevc",
    "rpivid",
    "unicam",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoDevice:
    """A camera on USB, by its device and its name."""

    path: str
    name: str


def connected() -> tuple[str, ...]:
    """Return the Ids of what is on the camera connectors; raises CameraError. It blocks."""
    command = (sys.executable, "-m", __name__)
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=True)  # noqa: S603 - us
        return tuple(json.loads(done.stdout.splitlines()[-1]))
    except subprocess.TimeoutExpired as error:
        raise CameraError(f"libcamera did not answer within {PATIENCE:g} s; restart it") from error
    except subprocess.CalledProcessError as error:
        words = error.stderr.strip().splitlines() or [f"it ended with code {error.returncode}"]
        raise CameraError(words[-1]) from error
    except (OSError, ValueError, IndexError) as error:
        raise CameraError(f"libcamera cannot be asked: {error}") from error


def video_devices(root: Path = Path("/")) -> tuple[VideoDevice, ...]:
    """Return the cameras that are devices of the kernel's, the first node of each."""
    found = []
    for node in sorted((root / "sys/class/video4linux").glob("video*")):
        name = _line(node / "name")
        is_first = _line(node / "index") in {"", "0"}
        if is_first and name and not name.startswith(_PARTS):
            found.append(VideoDevice(path=f"/dev/{node.name}", name=name))
    return tuple(found)


def _line(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""


def main() -> int:
    """Print what libcamera finds, or say why it cannot be asked."""
    try:
        from picamera2 import Picamera2
    except ImportError as error:
        print(f"picamera2 cannot be loaded ({error})", file=sys.stderr)
        return 1
    print(json.dumps([camera["Id"] for camera in Picamera2.global_camera_info()]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
