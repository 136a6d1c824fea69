"""The agent's configuration: `agent.toml` as frozen dataclasses; every mistake is told at once."""

from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
import hashlib
import hmac
import math
from pathlib import Path
import socket
import tomllib
from typing import Any, Final

from .door_config import DoorConfig, doors
from .tables import (
    Rules,
    called,
    flag,
    number,
    repeated,
    seconds,
    slug,
    table,
    text,
    unknown,
    whole,
    word,
)
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


@dataclass(frozen=True, slots=True, kw_only=True)
class SpoolConfig:
    """What may be kept for a Home Assistant that is away; quota is for all that waits here."""

    enabled: bool = True
    quota_mb: int = 2000
    free_mb: int = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class BookingsConfig:
    """What may be recorded by appointment; quota is for all of it that waits here."""

    quota_mb: int = 20_000
    free_mb: int = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectorConfig:
    """What looks at pictures that are sent here; 0 threads are one for each core."""

    model: Path
    threads: int = 1
    threshold: float = 0.35


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsConfig:
    """How the agent is reached: without a certificate of the owner's it makes its own."""

    enabled: bool = True
    certificate: Path | None = None
    key: Path | None = None
    mutual: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentConfig:
    """The whole agent; ring is how far back a recording can begin.

    Without a token the agent belongs to whoever pairs with it.
    """

    id: str
    name: str
    token: str | None = field(default=None, repr=False)
    host: str = "0.0.0.0"  # noqa: S104 - the agent is there to be reached from the network
    port: int = DEFAULT_PORT
    data: Path
    announce: bool = True
    tls: TlsConfig = TlsConfig()
    ring: timedelta = timedelta(seconds=15)
    cameras: tuple[CameraConfig, ...] = ()
    doors: tuple[DoorConfig, ...] = ()
    spool: SpoolConfig = SpoolConfig()
    bookings: BookingsConfig = BookingsConfig()
    detector: DetectorConfig | None = None


def load(path: Path, machine_id: Path = MACHINE_ID) -> AgentConfig:
    """Read a configuration file; raises ConfigError with all of its mistakes, each by its key."""
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError((f"{path}: cannot be read: {error.strerror}",)) from error
    except (ValueError, RecursionError) as error:
        raise ConfigError((f"{path}: is not valid TOML: {error}",)) from error
    tables = ("agent", "tls", "cameras", "doors", "spool", "bookings", "detector")
    problems = unknown("", raw, tables)
    agent = table("agent", raw.get("agent", {}), _AGENT, (), problems)
    tls = _tls(raw.get("tls", {}), path.parent, "token" in agent, problems)
    cameras = _cameras(raw, path.parent, problems)
    openings = doors(raw.get("doors", []), path.parent, problems)
    spool = table("spool", raw.get("spool", {}), _SPOOL, (), problems)
    bookings = table("bookings", raw.get("bookings", {}), _BOOKINGS, (), problems)
    detector = _detector(raw.get("detector"), path.parent, problems)
    if isinstance(raw.get("agent", {}), dict) and "id" not in raw.get("agent", {}):
        agent["id"] = _machine(machine_id, problems)
    if problems:
        raise ConfigError(tuple(problems))
    agent["data"] = path.parent / agent.get("data", "/var/lib/gatehouse-agent")
    agent = {"name": socket.gethostname(), **agent}
    return AgentConfig(
        **agent,
        tls=tls,
        cameras=cameras,
        doors=openings,
        spool=SpoolConfig(**spool),
        bookings=BookingsConfig(**bookings),
        detector=detector,
    )


def _tls(raw: object, folder: Path, has_token: bool, problems: list[str]) -> TlsConfig:
    found = table("tls", raw, _TLS, (), problems)
    if "key" in found and "certificate" not in found:
        problems.append("tls.certificate: is missing; a key alone is not enough")
    if found.get("mutual") and not found.get("enabled", True):
        problems.append("tls.mutual: is not possible without TLS; set tls.enabled = true")
    if found.get("mutual") and has_token:
        problems.append(
            "tls.mutual: needs Home Assistant's certificate, which comes by pairing; take out"
            " agent.token"
        )
    paths = {key: folder / found[key] for key in ("certificate", "key") if key in found}
    return TlsConfig(**found | paths)


def _cameras(file: dict[str, Any], folder: Path, problems: list[str]) -> tuple[CameraConfig, ...]:
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


def _detector(raw: object, folder: Path, problems: list[str]) -> DetectorConfig | None:
    if raw is None:
        return None
    found = table("detector", raw, _DETECTOR, ("model",), problems)
    return (
        DetectorConfig(**found | {"model": folder / found["model"]}) if "model" in found else None
    )


def _machine(machine_id: Path, problems: list[str]) -> str:
    """Name this machine by a keyed hash, as machine-id(5) asks: its own id stays secret."""
    secret = machine_id.read_bytes().strip() if machine_id.is_file() else b""
    if not secret:
        problems.append(f"agent.id: is missing, and {machine_id} is not there to make one from")
    return hmac.new(secret, b"gatehouse", hashlib.sha256).hexdigest()[:12]


def _name(value: object) -> str:
    name = text(value)
    if len(name.encode()) > NAME_BYTES:
        raise ValueError(f"must be at most {NAME_BYTES} characters long; fewer with accents")
    return name


def _token(value: object) -> str:
    if not isinstance(value, str) or len(value.strip()) < 16:
        raise ValueError("must have 16 characters or more; make one with: openssl rand -hex 16")
    if value != value.strip():
        raise ValueError("must not have blanks around it")
    return value


def _crop(value: object) -> tuple[int, int, int, int]:
    match value:
        case [int(x), int(y), int(width), int(height)] if min(x, y) >= 0 and min(width, height) > 0:
            return x, y, width, height
    raise ValueError("must be [x, y, width, height] in pixels of the source")


_AGENT: Final[Rules] = {
    "id": slug,
    "name": _name,
    "token": _token,
    "host": text,
    "port": whole(1, 65535),
    "data": text,
    "announce": flag,
    "ring": seconds(1, 120),
}
_TLS: Final[Rules] = {
    "enabled": flag,
    "certificate": text,
    "key": text,
    "mutual": flag,
}
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
_SPOOL: Final[Rules] = {
    "enabled": flag,
    "quota_mb": whole(50, 1_000_000),
    "free_mb": whole(200, 1_000_000),
}
_BOOKINGS: Final[Rules] = {
    "quota_mb": whole(500, 10_000_000),
    "free_mb": whole(200, 1_000_000),
}
_DETECTOR: Final[Rules] = {
    "model": text,
    "threads": whole(0, 64),
    "threshold": number(0.01, 1),
}
_ONLY_FOR: Final = {
    "device": SourceKind.PICAMERA,
    "sync": SourceKind.PICAMERA,
    "path": SourceKind.VIDEO,
    "start": SourceKind.VIDEO,
    "end": SourceKind.VIDEO,
    "audio": SourceKind.VIDEO,
}
