"""The cameras of this machine: nouns of the configuration, and their parsing."""

from dataclasses import dataclass, field
from enum import StrEnum
import math
from pathlib import Path
from typing import Any, Final

from .tables import Rules, called, flag, number, repeated, slug, table, text, whole, word


class SourceKind(StrEnum):
    """Where a camera's frames come from."""

    PICAMERA = "picamera"
    VIDEO = "video"
    PATTERN = "pattern"


class Sync(StrEnum):
    """Whose frames begin when the other's do: libcamera's software sync of two cameras."""

    SERVER = "server"
    CLIENT = "client"


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraConfig:
    """One camera; crop is x, y, width, height in the source; start and end are a file's seconds."""

    id: str
    name: str
    source: SourceKind
    device: str | None = None
    path: str | None = field(default=None, repr=False)  # an RTSP address may hold a password
    width: int = 1280
    height: int = 720
    fps: float = 15.0
    jpeg_fps: float = 15.0
    quality: int = 80
    bitrate: int = 2000
    crop: tuple[int, int, int, int] | None = None
    start: float = 0.0
    end: float | None = None
    motion_threshold: float = 0.002
    audio: bool = True
    sync: Sync | None = None


def cameras(file: dict[str, Any], folder: Path, problems: list[str]) -> tuple[CameraConfig, ...]:
    """Return the cameras of a configuration file, and add what is wrong to the problems.

    Paths are looked for in the folder.
    """
    raw = file.get("cameras", [])
    if not isinstance(raw, list) or not (raw or file.get("doors")):
        problems.append("cameras: at least one [[cameras]] or [[doors]] table is needed")
        return ()
    found = [_camera(f"cameras[{i}]", one, folder, problems) for i, one in enumerate(raw)]
    ids = [camera["id"] for camera in found if "id" in camera]
    problems += repeated("cameras", "id", ids, "camera")
    return () if problems else tuple(CameraConfig(**camera) for camera in found)


def _camera(where: str, raw: object, folder: Path, problems: list[str]) -> dict[str, Any]:
    camera = table(where, raw, _CAMERA, ("id", "source"), problems)
    camera.setdefault("name", called(camera.get("id", "")))
    source = camera.get("source")
    if source is SourceKind.VIDEO and "path" not in camera:
        problems.append(f"{where}.path: is missing; a video is a file, /dev/videoN or rtsp://...")
    problems += [
        f"{where}.{key}: only a camera with source = {str(kind)!r} can have it"
        for key, kind in _ONLY_FOR.items()
        if source and key in camera and source is not kind
    ]
    if camera.get("end", math.inf) <= camera.get("start", 0.0):
        problems.append(f"{where}.end: must be later than start")
    if "path" in camera and "://" not in camera["path"]:
        camera["path"] = str(folder / camera["path"])
    return camera


def _crop(value: object) -> tuple[int, int, int, int]:
    match value:
        case [int(x), int(y), int(width), int(height)] if min(x, y) >= 0 and min(width, height) > 0:
            return x, y, width, height
    raise ValueError("must be [x, y, width, height] in pixels of the source")


_CAMERA: Final[Rules] = {
    "id": slug,
    "name": text,
    "source": word(SourceKind),
    "device": text,
    "path": text,
    "width": whole(64, 4096, 2),
    "height": whole(64, 4096, 2),
    "fps": number(1, 60),
    "jpeg_fps": number(0.1, 60),
    "quality": whole(10, 100),
    "bitrate": whole(100, 50000),
    "crop": _crop,
    "start": number(0, 86400),
    "end": number(0, 86400),
    "motion_threshold": number(0.0005, 1),
    "audio": flag,
    "sync": word(Sync),
}
_ONLY_FOR: Final = {
    "device": SourceKind.PICAMERA,
    "sync": SourceKind.PICAMERA,
    "path": SourceKind.VIDEO,
    "start": SourceKind.VIDEO,
    "end": SourceKind.VIDEO,
    "audio": SourceKind.VIDEO,
}
