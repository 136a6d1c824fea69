"""What the agent says on the wire, made from its nouns; `tests/wire` holds an example of each."""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any, TypeAlias

from . import __version__
from .config import AgentConfig
from .ledger import Spooled
from .models import CameraState
from .shelf import Recording
from .stats import Stats
from .wire import API_VERSION, PRODUCT, ErrorCode, MessageType

Message: TypeAlias = dict[str, Any]


def info(config: AgentConfig, states: dict[str, CameraState], model: str | None) -> Message:
    """What this agent is and has."""
    cameras = [
        {
            "id": camera.id,
            "name": camera.name,
            "width": states[camera.id].width,
            "height": states[camera.id].height,
            "fps": camera.fps,
        }
        for camera in config.cameras
    ]
    return {
        "product": PRODUCT,
        "api": API_VERSION,
        "id": config.id,
        "name": config.name,
        "version": __version__,
        "model": model,
        "ring_s": config.ring.total_seconds(),
        "cameras": cameras,
    }


def state(
    now: float,
    about: Message,
    cameras: dict[str, CameraState],
    stats: Stats,
    recordings: Iterable[Recording],
    spooled: Spooled,
) -> Message:
    """Everything at once, for who connects now."""
    return {
        "type": MessageType.STATE,
        "now": now,
        "info": about,
        "cameras": {name: _camera(camera) for name, camera in cameras.items()},
        "stats": asdict(stats),
        "recordings": [asdict(one) for one in recordings],
        "spool": asdict(spooled),
    }


def camera(name: str, camera_state: CameraState) -> Message:
    """A camera does something else now."""
    return {"type": MessageType.CAMERA, "camera": name, "state": _camera(camera_state)}


def motion(name: str, score: float, moving: bool, captured_us: int) -> Message:
    """How much of a camera's picture changed."""
    return {
        "type": MessageType.MOTION,
        "camera": name,
        "score": round(score, 4),
        "moving": moving,
        "at": captured_us / 1_000_000,
    }


def recording(about: Recording) -> Message:
    """A recording took a step."""
    return {"type": MessageType.RECORDING, "recording": asdict(about)}


def stats(now: float, about: Stats, spooled: Spooled) -> Message:
    """How the machine is doing, what time it is there, and how much still waits on it."""
    return {
        "type": MessageType.STATS,
        "now": now,
        "stats": asdict(about),
        "spool": asdict(spooled),
    }


def reading(at: float, about: Stats) -> Message:
    """How the machine was doing at a moment when nobody listened."""
    return {"at": at, **asdict(about)}


def spool(spooled: Spooled, readings: list[Message]) -> Message:
    """What was kept while nobody listened."""
    return {**asdict(spooled), "readings": readings}


def error(code: ErrorCode, message: str) -> Message:
    """Why a request was refused."""
    return {"error": {"code": code, "message": message}}


def _camera(camera_state: CameraState) -> Message:
    fields = asdict(camera_state)
    return {key: fields[key] for key in ("status", "error", "motion", "moving", "fps", "restarts")}
