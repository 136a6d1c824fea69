"""The agent's configuration: `agent.toml` as frozen dataclasses; every mistake is told at once."""

from dataclasses import dataclass, field
from datetime import timedelta
import hashlib
import hmac
from pathlib import Path
import socket
import tomllib
from typing import Final

from .camera_config import CameraConfig, cameras
from .door_config import DoorConfig, doors
from .tables import Rules, flag, number, seconds, slug, table, text, unknown, whole
from .wire import DEFAULT_PORT

MACHINE_ID: Final = Path("/etc/machine-id")
NAME_BYTES: Final = 100  # what is announced (zeroconf) may have 255 with its key


class ConfigError(Exception):
    """The configuration cannot be used; `problems` holds one sentence a mistake."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


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
    sources = cameras(raw, path.parent, problems)
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
        cameras=sources,
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
