"""The agent's configuration: `agent.toml` as frozen dataclasses; every mistake is told at once."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from difflib import get_close_matches
from enum import StrEnum
import hashlib
import hmac
import math
from pathlib import Path
import re
import socket
import tomllib
from typing import Any, Final, TypeAlias

from .wire import DEFAULT_PORT

MACHINE_ID: Final = Path("/etc/machine-id")
NAME_BYTES: Final = 100  # what is announced (zeroconf) may have 255 with its key


class ConfigError(Exception):
    """The configuration cannot be used; `problems` holds one sentence a mistake."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class SourceKind(StrEnum):
    """Where a camera's frames come from."""

    PICAMERA = "picamera"
    VIDEO = "video"
    PATTERN = "pattern"


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


@dataclass(frozen=True, slots=True, kw_only=True)
class SpoolConfig:
    """What may be kept for a Home Assistant that is away; quota is for all that waits here."""

    enabled: bool = True
    quota_mb: int = 2000
    free_mb: int = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectorConfig:
    """What looks at pictures that are sent here; 0 threads are one for each core."""

    model: Path
    threads: int = 1
    threshold: float = 0.35


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentConfig:
    """The whole agent; ring is how far back a recording can begin."""

    id: str
    name: str
    token: str = field(repr=False)
    host: str = "0.0.0.0"  # noqa: S104 - the agent is there to be reached from the network
    port: int = DEFAULT_PORT
    data: Path
    announce: bool = True
    ring: timedelta = timedelta(seconds=15)
    cameras: tuple[CameraConfig, ...]
    spool: SpoolConfig = SpoolConfig()
    detector: DetectorConfig | None = None


def load(path: Path, machine_id: Path = MACHINE_ID) -> AgentConfig:
    """Read a configuration file; raises ConfigError with all of its mistakes, each by its key."""
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError((f"{path}: cannot be read: {error.strerror}",)) from error
    except ValueError as error:
        raise ConfigError((f"{path}: is not valid TOML: {error}",)) from error
    problems = _unknown("", raw, ("agent", "cameras", "spool", "detector"))
    agent = _table("agent", raw.get("agent", {}), _AGENT, ("token",), problems)
    cameras = _cameras(raw.get("cameras", []), path.parent, problems)
    spool = _table("spool", raw.get("spool", {}), _SPOOL, (), problems)
    detector = _detector(raw.get("detector"), path.parent, problems)
    if isinstance(raw.get("agent"), dict) and "id" not in raw["agent"]:
        agent["id"] = _machine(machine_id, problems)
    if problems:
        raise ConfigError(tuple(problems))
    agent["data"] = path.parent / agent.get("data", "/var/lib/gatehouse-agent")
    agent = {"name": socket.gethostname(), **agent}
    return AgentConfig(**agent, cameras=cameras, spool=SpoolConfig(**spool), detector=detector)


def _cameras(raw: object, folder: Path, problems: list[str]) -> tuple[CameraConfig, ...]:
    if not isinstance(raw, list) or not raw:
        problems.append("cameras: at least one [[cameras]] table is needed")
        return ()
    found = [_camera(f"cameras[{i}]", table, folder, problems) for i, table in enumerate(raw)]
    uses = Counter(camera["id"] for camera in found if "id" in camera)
    problems += [
        f"cameras: the id {name!r} is used {times} times; each camera needs its own"
        for name, times in uses.items()
        if times > 1
    ]
    return () if problems else tuple(CameraConfig(**camera) for camera in found)


def _camera(where: str, raw: object, folder: Path, problems: list[str]) -> dict[str, Any]:
    camera = _table(where, raw, _CAMERA, ("id", "source"), problems)
    camera.setdefault("name", camera.get("id", "").replace("_", " ").replace("-", " ").capitalize())
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


def _detector(raw: object, folder: Path, problems: list[str]) -> DetectorConfig | None:
    if raw is None:
        return None
    found = _table("detector", raw, _DETECTOR, ("model",), problems)
    return (
        DetectorConfig(**found | {"model": folder / found["model"]}) if "model" in found else None
    )


def _machine(machine_id: Path, problems: list[str]) -> str:
    """Name this machine by a keyed hash, as machine-id(5) asks: its own id stays secret."""
    secret = machine_id.read_bytes().strip() if machine_id.is_file() else b""
    if not secret:
        problems.append(f"agent.id: is missing, and {machine_id} is not there to make one from")
    return hmac.new(secret, b"gatehouse", hashlib.sha256).hexdigest()[:12]


_Rules: TypeAlias = Mapping[str, Callable[[Any], Any]]


def _table(
    where: str, raw: object, rules: _Rules, needed: Collection[str], problems: list[str]
) -> dict[str, Any]:
    """Return what is right in a table of the file, and add what is wrong to the problems."""
    if not isinstance(raw, dict):
        problems.append(f"{where}: must be a table")
        return {}
    problems += _unknown(f"{where}.", raw, rules)
    problems += [f"{where}.{key}: is missing" for key in needed if key not in raw]
    found = {}
    for key in (key for key in raw if key in rules):
        try:
            found[key] = rules[key](raw[key])
        except ValueError as error:
            problems.append(f"{where}.{key}: {error}")
    return found


def _unknown(where: str, raw: Mapping[str, object], known: Collection[str]) -> list[str]:
    problems = []
    for key in (key for key in raw if key not in known):
        close = get_close_matches(key, known, n=1)
        hint = f"did you mean {close[0]!r}?" if close else f"known are {', '.join(known)}"
        problems.append(f"{where}{key}: unknown key; {hint}")
    return problems


def _text(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError("must be a text")
    return value.strip()


def _slug(value: object) -> str:
    if not isinstance(value, str) or not re.fullmatch("[a-z0-9][a-z0-9_-]{0,31}", value):
        raise ValueError("must be 1 to 32 of a-z, 0-9, _ and -, beginning with a letter or digit")
    return value


def _name(value: object) -> str:
    name = _text(value)
    if len(name.encode()) > NAME_BYTES:
        raise ValueError(f"must be at most {NAME_BYTES} characters long; fewer with accents")
    return name


def _token(value: object) -> str:
    if not isinstance(value, str) or len(value.strip()) < 16:
        raise ValueError("must have 16 characters or more; make one with: openssl rand -hex 16")
    if value != value.strip():
        raise ValueError("must not have blanks around it")
    return value


def _source(value: object) -> SourceKind:
    if value not in list(SourceKind):
        raise ValueError(f"must be one of {', '.join(SourceKind)}")
    return SourceKind(str(value))


def _flag(value: object) -> bool:
    if value is True or value is False:
        return value
    raise ValueError("must be true or false")


def _number(low: float, high: float) -> Callable[[object], float]:
    def check(value: Any) -> float:
        if type(value) in (int, float) and low <= value <= high:
            return float(value)
        raise ValueError(f"must be a number from {low:g} to {high:g}")

    return check


def _whole(low: int, high: int, step: int = 1) -> Callable[[object], int]:
    def check(value: Any) -> int:
        if type(value) is int and low <= value <= high and value % step == 0:
            return value
        kind = "an even" if step == 2 else "a whole"
        raise ValueError(f"must be {kind} number from {low} to {high}")

    return check


def _crop(value: object) -> tuple[int, int, int, int]:
    match value:
        case [int(x), int(y), int(width), int(height)] if min(x, y) >= 0 and min(width, height) > 0:
            return x, y, width, height
    raise ValueError("must be [x, y, width, height] in pixels of the source")


_seconds = _number(0, 86400)
_AGENT: Final[_Rules] = {
    "id": _slug,
    "name": _name,
    "token": _token,
    "host": _text,
    "port": _whole(1, 65535),
    "data": _text,
    "announce": _flag,
    "ring": lambda value: timedelta(seconds=_number(1, 120)(value)),
}
_CAMERA: Final[_Rules] = {
    "id": _slug,
    "name": _text,
    "source": _source,
    "device": _text,
    "path": _text,
    "width": _whole(64, 4096, 2),
    "height": _whole(64, 4096, 2),
    "fps": _number(1, 60),
    "jpeg_fps": _number(0.1, 60),
    "quality": _whole(10, 100),
    "bitrate": _whole(100, 50000),
    "crop": _crop,
    "start": _seconds,
    "end": _seconds,
    "motion_threshold": _number(0.0005, 1),
    "audio": _flag,
}
_SPOOL: Final[_Rules] = {
    "enabled": _flag,
    "quota_mb": _whole(50, 1_000_000),
    "free_mb": _whole(200, 1_000_000),
}
_DETECTOR: Final[_Rules] = {
    "model": _text,
    "threads": _whole(0, 64),
    "threshold": _number(0.01, 1),
}
_ONLY_FOR: Final = {
    "device": SourceKind.PICAMERA,
    "path": SourceKind.VIDEO,
    "start": SourceKind.VIDEO,
    "end": SourceKind.VIDEO,
    "audio": SourceKind.VIDEO,
}

DEFAULT: Final = """\
# Gatehouse camera agent. Everything that is commented out stands at its default.

[agent]
# What Home Assistant asks for when it adds this agent; make one with: openssl rand -hex 16
token = ""
# name = "Porch"                     # default: the name of this machine
# id = "porch"                       # default: made from this machine's id
# host = "0.0.0.0"
# port = 8467
data = "data"                        # recordings wait here until they are fetched; beside this file
# announce = true                    # let Home Assistant discover this agent (zeroconf)
# ring = 15                          # seconds before a sign that a recording can still have

[[cameras]]
id = "front"                         # never change it: Home Assistant knows the camera by it
name = "Front door"
source = "picamera"                  # picamera, video or pattern (a test picture)
# device = "/base/soc/i2c0mux/..."   # picamera: its Id from `rpicam-hello --list-cameras`
# path = "/dev/video0"               # video: a device, a file (it loops), rtsp:// or http://
# width = 1280
# height = 720
# fps = 15
# bitrate = 2000                     # kbit/s of H.264
# jpeg_fps = 15                      # the most that MJPEG viewers and detection get
# quality = 80                       # of JPEG
# crop = [0, 0, 1920, 1080]          # x, y, width, height of the source to use
# start = 0                          # of a file: the seconds to loop from
# end = 60                           #   and to
# motion_threshold = 0.002           # share of the picture that has to change
# audio = true                       # video: record its sound too, if it has any

# What moves while Home Assistant is away is recorded all the same, and waits here until it is back.
[spool]
# enabled = true
# quota_mb = 2000                    # of all recordings that wait; the oldest are deleted first
# free_mb = 500                      # of the disk; recordings of an absence make way for it

# Lets Home Assistant have its pictures looked at here; needs: pip install onnxruntime
# [detector]
# model = "yolox_nano.onnx"          # a detector as an ONNX file, beside this file
# threads = 1                        # two are 1.5 times as fast for twice the work; 0: all cores
# threshold = 0.35                   # the score from which on something counts
"""
