"""The process of one camera: `python -m camera_agent.capture FD`, led by its standard input.

The first line on standard input is the camera's configuration, each further one how many JPEGs a
second are wanted; at its end the process ends. What the camera gives goes to FD as binary messages.
Standard error is for words: the last line says why the process ended.
"""

import ctypes
from dataclasses import asdict
from enum import IntEnum
import io
import json
import os
import signal
import struct
import sys
from threading import Lock, Thread
from typing import Final, TypeAlias

from .camera_config import CameraConfig, SourceKind, Sync
from .hardware import CameraError, Luma, Opened, camera
from .models import Packet, Picture, Sound
from .motion import Motion, MotionDetector

# Kind, flag (a key frame; moving), length of what follows, captured_us.
HEADER: Final = struct.Struct("<B?xxIq")
_SCORE: Final = struct.Struct("<d")
_OPENED: Final = struct.Struct("<IId")
_PR_SET_PDEATHSIG: Final = 1

Message: TypeAlias = Opened | Packet | Sound | Picture | Motion


class Kind(IntEnum):
    """What a message is."""

    OPENED = 1
    PACKET = 2
    PICTURE = 3
    MOTION = 4
    SOUND = 5


def pack(message: Message) -> tuple[bytes, bytes]:
    """Return a message's header and body."""
    match message:
        case Packet(data, key, captured_us):
            kind, flag, body = Kind.PACKET, key, data
        case Sound(data, captured_us):
            kind, flag, body = Kind.SOUND, False, data
        case Picture(jpeg, captured_us):
            kind, flag, body = Kind.PICTURE, False, jpeg
        case Motion(score, moving, captured_us):
            kind, flag, body = Kind.MOTION, moving, _SCORE.pack(score)
        case Opened(width=width, height=height, fps=fps, lacks=lacks):
            body = _OPENED.pack(width, height, fps) + lacks.encode()
            kind, flag, captured_us = Kind.OPENED, False, 0
    return HEADER.pack(kind, flag, len(body), captured_us), body


def unpack(kind: int, flag: bool, captured_us: int, body: bytes) -> Message:
    """Return the message of a header's kind, flag and time, and a body."""
    match Kind(kind):
        case Kind.PACKET:
            return Packet(body, flag, captured_us)
        case Kind.SOUND:
            return Sound(body, captured_us)
        case Kind.PICTURE:
            return Picture(body, captured_us)
        case Kind.MOTION:
            (score,) = _SCORE.unpack(body)
            return Motion(score, flag, captured_us)
        case Kind.OPENED:
            width, height, fps = _OPENED.unpack_from(body)
            lacks = body[_OPENED.size :].decode()
            return Opened(width=width, height=height, fps=fps, lacks=lacks)


def first_line(config: CameraConfig) -> bytes:
    """Return what the process is told first; not by an argument, for a path may hold a password."""
    return json.dumps(asdict(config)).encode() + b"\n"


def _configuration(line: bytes) -> CameraConfig:
    raw = json.loads(line)
    words = {
        "source": SourceKind(raw["source"]),
        "crop": tuple(raw["crop"]) if raw["crop"] else None,
        "sync": Sync(raw["sync"]) if raw["sync"] else None,
    }
    return CameraConfig(**raw | words)


class _Sender:
    """Writes what the camera emits, from whichever thread; luma planes become motion here."""

    def __init__(self, pipe: io.BufferedWriter, threshold: float) -> None:
        self._pipe = pipe
        self._motion = MotionDetector(threshold)
        self._lock = Lock()

    def emit(self, item: Opened | Packet | Sound | Picture | Luma) -> None:
        message = item if not isinstance(item, Luma) else self._see(item)
        if message is not None:
            header, body = pack(message)
            with self._lock:
                self._pipe.write(header + body)  # at once: the reader wakes but once
                self._pipe.flush()

    def _see(self, luma: Luma) -> Motion | None:
        return self._motion.see(luma.plane, luma.captured_us)


class _Demand:
    """How many JPEGs a second are wanted, as the parent last said."""

    def __init__(self) -> None:
        self._fps = 0.0

    def wanted(self) -> float:
        return self._fps

    def follow(self, orders: io.FileIO) -> None:
        for line in orders:
            self._fps = float(line)
        os._exit(0)  # the parent is gone, whatever the camera hangs in


def main() -> None:
    """Run the camera until the parent ends it or goes."""
    # A second string to the end of standard input: it works while a library holds the interpreter.
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    orders = io.FileIO(0)  # unbuffered, so that its reader cannot block the end of the interpreter
    config = _configuration(orders.readline())
    demand = _Demand()
    Thread(target=demand.follow, args=(orders,), name="orders", daemon=True).start()
    sender = _Sender(os.fdopen(int(sys.argv[1]), "wb"), config.motion_threshold)
    try:
        camera(config).run(sender.emit, demand.wanted)
    except CameraError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
