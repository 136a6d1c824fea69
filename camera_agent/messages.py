"""What the agent says on the wire, made from its nouns; `tests/wire` holds an example of each."""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any, TypeAlias

from . import __version__
from .config import AgentConfig
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
        "cameras": cameras,
    }


def state(
    now: float,
    about: Message,
    cameras: dict[str, CameraState],
    stats: Stats,
    recordings: Iterable[Recording],
) -> Message:
    """Everything at once, for who connects now."""
    return {
        "type": MessageType.STATE,
        "now": now,
        "info": about,
        "cameras": {name: _camera(camera) for name, camera in cameras.items()},
        "stats": asdict(stats),
        "recordings": [asdict(one) for one in recordings],
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


def stats(about: Stats) -> Message:
    """How the machine is doing."""
    return {"type": MessageType.STATS, "stats": asdict(about)}


def error(code: ErrorCode, message: str) -> Message:
    """Why a request was refused."""
    return {"error": {"code": code, "message": message}}


def _camera(camera_state: CameraState) -> Message:
    fields = asdict(camera_state)
    return {key: fields[key] for key in ("status", "error", "motion", "moving", "fps", "restarts")}
