"""A camera on a Raspberry Pi's own connector, by picamera2 and the encoder that the Pi has."""

from dataclasses import replace
from functools import partial
import os
from pathlib import Path
import time
from typing import Any, Final

import av

from ..camera_config import CameraConfig, Sync
from ..models import Packet
from . import CameraError, Emit, Opened, Wanted
from .encode import KEY_INTERVAL, Pictures
from .timing import Stamps

# What it takes on VideoCore IV (Pi Zero to 4); a Pi 5 has none, but the CPU for it.
ENCODER_DEVICE: Final = Path("/dev/video11")
# Six is picamera2's own choice; a Pi Zero's contiguous memory has room for four.
BUFFERS: Final = 4
FRAME_SECONDS: Final = 5.0
UNSYNCED: Final = (
    "This libcamera cannot synchronise cameras; update it (sudo apt full-upgrade), or take sync out"
    " of the configuration."
)
FORMATS: Final = {"YUV420": "yuv420p", "NV12": "nv12"}


class PiCamera:
    """One configuration for life, with one stream: what changes the mode is what hangs a Pi."""

    def __init__(self, config: CameraConfig) -> None:
        self._config = config

    def run(self, emit: Emit, wanted: Wanted) -> None:
        # What it says last is shown to the owner; by itself it speaks of every step.
        os.environ.setdefault("LIBCAMERA_LOG_LEVELS", "*:WARN")
        try:
            # Here and not above: these exist only where apt has put them.
            from picamera2 import MappedArray, Picamera2
        except ImportError as error:
            raise CameraError(
                f"picamera2 cannot be loaded ({error}): sudo apt install python3-picamera2, and"
                " make the agent's environment with --system-site-packages."
            ) from error
        number = _number(Picamera2.global_camera_info(), self._config.device)
        try:
            device = Picamera2(number)
            self._start(device, emit)
        except RuntimeError as error:
            reason = error.__cause__ or error
            raise CameraError(
                f"The camera cannot be started: {reason}. If another program uses it, end that."
            ) from error
        main = device.camera_configuration()["main"]
        width, height = main["size"]
        pictures = Pictures(replace(self._config, width=width, height=height), emit, wanted)
        stamps = Stamps()
        while True:
            request = _next(device)
            captured_us = stamps.stamp(wall_us(request.get_metadata()["SensorTimestamp"] // 1000))
            with MappedArray(request, "main", write=False) as mapped:
                make = partial(_frame, mapped.array, FORMATS[main["format"]], width)
                pictures.see(make, captured_us)
            request.release()

    def _start(self, device: Any, emit: Emit) -> None:
        config = self._config
        frame_us = round(1e6 / config.fps)
        controls: dict[str, Any] = {"FrameDurationLimits": (frame_us, frame_us)}
        if config.crop:
            controls["ScalerCrop"] = config.crop
        sync = _sync(device, config.sync)
        controls |= sync
        device.configure(
            device.create_video_configuration(
                main={"format": "YUV420", "size": (config.width, config.height)},
                raw=None,
                buffer_count=BUFFERS,
                controls=controls,
            )
        )
        main = device.camera_configuration()["main"]
        if main["format"] not in FORMATS:
            raise CameraError(
                f"This camera gives {main['format']}; a USB camera is a source 'video' with its"
                " /dev/videoN as the path."
            )
        width, height = main["size"]
        lacks = UNSYNCED if config.sync and not sync else ""
        emit(Opened(width=width, height=height, fps=config.fps, lacks=lacks))
        encoder = _encoder(config)
        device.start_encoder(encoder, _output(encoder, emit), name="main")
        device.start()


def _number(found: list[dict[str, Any]], device: str | None) -> int:
    """Return the camera's number now, which changes with what else is plugged in."""
    ids = [camera["Id"] for camera in found]
    listed = ", ".join(ids)
    if not ids:
        raise CameraError("libcamera finds no camera; check the cable at both of its ends.")
    if device is None and len(ids) > 1:
        raise CameraError(f"There are {len(ids)} cameras; set device to one of: {listed}.")
    if device is not None and device not in ids:
        raise CameraError(f"There is no camera {device}; libcamera finds: {listed}.")
    return ids.index(device or ids[0])


def _sync(device: Any, role: Sync | None) -> dict[str, Any]:
    """Return the controls for a role in libcamera's software sync, if it has that.

    The server tells by multicast when its frames begin, and the clients move theirs. Frames come
    from the start, and are in step some seconds later.
    """
    if role is None or "SyncMode" not in device.camera_controls:
        return {}
    from libcamera import controls

    modes = controls.rpi.SyncModeEnum
    return {"SyncMode": modes.Server if role is Sync.SERVER else modes.Client}


def _encoder(config: CameraConfig) -> Any:
    """Return the hardware's H.264 encoder, or libav's.

    Never ask it for a key frame: libav's dies of that with PyAV 14 and later, and takes the
    camera's event loop with it.
    """
    from picamera2 import encoders

    hardware = ENCODER_DEVICE.exists()
    kind = encoders.H264Encoder if hardware else encoders.LibavH264Encoder
    fps = max(1, round(config.fps))
    period = max(1, round(fps * KEY_INTERVAL))
    return kind(bitrate=config.bitrate * 1000, repeat=True, iperiod=period, framerate=fps)


def _output(encoder: Any, emit: Emit) -> Any:
    """Return what the encoder gives its packets to, in a thread of its own."""
    from picamera2.outputs import Output

    stamps = Stamps()

    class Packets(Output):  # type: ignore[misc]
        """Sends the packets on; picamera2 counts their time from the first frame."""

        def outputframe(
            self, frame: bytes, keyframe: bool = True, timestamp: int = 0, *_: object
        ) -> None:
            captured_us = stamps.stamp(wall_us(encoder.firsttimestamp + timestamp))
            emit(Packet(bytes(frame), keyframe, captured_us))

    return Packets()


def _next(device: Any) -> Any:
    try:
        return device.capture_request(wait=FRAME_SECONDS)
    except TimeoutError as error:
        raise CameraError(f"The camera sent no frame for {FRAME_SECONDS:g} s.") from error


def _frame(array: Any, pixels: str, width: int) -> av.VideoFrame:
    return av.VideoFrame.from_numpy_buffer(array, format=pixels, width=width)


def wall_us(sensor_us: int) -> int:
    """Return the wall clock's time of a frame; sensors count from the start of the machine."""
    since_start = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
    return sensor_us + (time.time_ns() - since_start) // 1000
