"""What the agent says on the wire, made from its nouns; `tests/wire` holds an example of each."""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any, Final, TypeAlias

from . import __version__
from .appointments import Booked, Underway
from .config import AgentConfig
from .door import DoorState
from .door_config import DoorConfig
from .grants import Grants
from .hardware.probes import Probe
from .ledger import Spooled
from .log_feed import Batch
from .models import CameraState
from .passages import Passage, row_of
from .shelf import Recording
from .stats import Stats
from .wire import API_VERSION, PRODUCT, ErrorCode, MessageType

Message: TypeAlias = dict[str, Any]

_CAMERA: Final = ("status", "error", "motion", "moving", "fps", "restarts", "frame_age_s")


def introduction(config: AgentConfig, model: str | None, paired: bool) -> Message:
    """What this agent is, for whoever asks."""
    return _about(config, model) | {"paired": paired}


def info(
    config: AgentConfig, states: dict[str, CameraState], model: str | None, webrtc: bool
) -> Message:
    """What this agent is and has, for its owner."""
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
    doors = {"doors": [_door_info(door) for door in config.doors]} if config.doors else {}
    return {
        **_about(config, model),
        "ring_s": config.ring.total_seconds(),
        "webrtc": webrtc,
        "cameras": cameras,
        **doors,
    }


def state(
    now: float,
    about: Message,
    cameras: dict[str, CameraState],
    stats: Stats,
    recordings: Iterable[Recording],
    kept: Message,
) -> Message:
    """Everything at once, for who connects now."""
    return {
        "type": MessageType.STATE,
        "now": now,
        "info": about,
        "cameras": {name: camera_state(camera) for name, camera in cameras.items()},
        "stats": asdict(stats),
        "recordings": [asdict(one) for one in recordings],
        **kept,
    }


def kept(spooled: Spooled, booked: Booked) -> Message:
    """What waits on the machine for who fetches it."""
    return {"spool": asdict(spooled), "bookings": asdict(booked)}


def camera_state(about: CameraState) -> Message:
    """How a camera is doing."""
    fields = asdict(about)
    return {key: fields[key] for key in _CAMERA}


def camera(name: str, about: CameraState) -> Message:
    """A camera does something else now."""
    return {"type": MessageType.CAMERA, "camera": name, "state": camera_state(about)}


def figures(states: dict[str, CameraState], efforts: dict[str, float | None]) -> Message:
    """How well each camera's process does its work, and how much of a core that takes."""
    cameras = {
        name: {
            "fps": state.fps,
            "frame_age_s": state.frame_age_s,
            "encoder_percent": efforts.get(name),
        }
        for name, state in states.items()
    }
    return {"cameras": cameras}


def probes(found: Iterable[Probe]) -> Message:
    """What the sensors of the machine measure."""
    return {"probes": [asdict(one) for one in found]}


def logs(batch: Batch) -> Message:
    """What the agent wrote into its log."""
    return {"type": MessageType.LOGS, **asdict(batch)}


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


def stats(now: float, about: Stats, kept: Message) -> Message:
    """How the machine is doing, what time it is there, and how much still waits on it."""
    return {
        "type": MessageType.STATS,
        "now": now,
        "stats": asdict(about),
        **kept,
    }


def door(name: str, door_state: Message) -> Message:
    """A door is in another state."""
    return {"type": MessageType.DOOR, "door": name, "state": door_state}


def door_state(about: DoorState, readers: dict[str, Message]) -> Message:
    """How a door and its readers are."""
    return {**asdict(about), "readers": readers}


def reader_state(online: bool, error: str | None, tampered: bool) -> Message:
    """How a reader is."""
    return {"online": online, "error": error, "tampered": tampered}


def passage(about: Passage) -> Message:
    """Somebody tried a door, or something was done to it."""
    return {"type": MessageType.PASSAGE, "passage": row_of(about)}


def ring(door: str, at: float) -> Message:
    """Somebody rings at a door."""
    return {"type": MessageType.RING, "door": door, "at": at}


def access(about: Message) -> Message:
    """The agent goes by other grants."""
    return {"type": MessageType.ACCESS, "access": about}


def grants(about: Grants | None) -> Message:
    """By which grants the agent decides."""
    if about is None:
        return {"version": None, "issued": None, "until": None, "cards": 0}
    return {
        "version": about.version,
        "issued": about.issued,
        "until": about.until,
        "cards": len(about.cards),
    }


def passages(journal: str, last: int, lost: int, found: Iterable[Passage]) -> Message:
    """A page of what happened at the doors, the oldest first."""
    return {
        "journal": journal,
        "last": last,
        "lost": lost,
        "passages": [row_of(one) for one in found],
    }


def reading(at: float, about: Stats) -> Message:
    """How the machine was doing at a moment when nobody listened."""
    # By its moment it is forgotten again, which is a whole number of microseconds elsewhere.
    return {"at": round(at, 6), **asdict(about)}


def spool(spooled: Spooled, readings: list[Message]) -> Message:
    """What was kept while nobody listened."""
    return {**asdict(spooled), "readings": readings}


def bookings(segment_s: float, underway: Iterable[Underway]) -> Message:
    """What is to be recorded by appointment, and how far that is."""
    return {"segment_s": segment_s, "bookings": [asdict(one) for one in underway]}


def error(code: ErrorCode, message: str) -> Message:
    """Why a request was refused."""
    return {"error": {"code": code, "message": message}}


def _about(config: AgentConfig, model: str | None) -> Message:
    return {
        "product": PRODUCT,
        "api": API_VERSION,
        "id": config.id,
        "name": config.name,
        "version": __version__,
        "model": model,
    }


def _door_info(config: DoorConfig) -> Message:
    return {
        "id": config.id,
        "name": config.name,
        **{name: _has(config, name) for name in ("contact", "exit_button", "doorbell")},
        "readers": [
            {"id": reader.id, "direction": reader.direction, "keypad": reader.keypad}
            for reader in config.readers
        ],
        "unlock_s": config.unlock.total_seconds(),
    }


def _has(config: DoorConfig, line: str) -> bool:
    return config.simulated is not None or getattr(config, line) is not None
