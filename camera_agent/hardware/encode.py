"""Frames in, H.264 packets, JPEGs and luma planes out, in software."""

from collections.abc import Callable
from fractions import Fraction
from typing import Final

import av
from av.video.frame import PictureType
from av.video.reformatter import VideoReformatter
import numpy as np

from ..camera_config import CameraConfig
from ..models import Packet, Picture
from . import Emit, Luma, Wanted
from .timing import Rate, Stamps

MICROSECONDS: Final = Fraction(1, 1_000_000)
# A recording and a live view begin at a key frame, so this is how exact they are.
KEY_INTERVAL: Final = 1.0
# Averaged down this far, a plane has no sensor noise left and costs microseconds to compare.
LUMA_SIZE: Final = (160, 90)
LUMA_FPS: Final = 5.0


class Encoder:
    """What a camera without an encoder of its own gives its frames (yuv420p) to."""

    def __init__(self, config: CameraConfig, emit: Emit, wanted: Wanted) -> None:
        self._h264 = H264(config)
        self._pictures = Pictures(config, emit, wanted)
        self._stamps = Stamps()
        self._emit = emit

    def encode(self, frame: av.VideoFrame, captured_us: int) -> None:
        """Encode a frame that was captured then."""
        captured_us = self._stamps.stamp(captured_us)
        for packet in self._h264.encode(frame, captured_us):
            self._emit(packet)
        self._pictures.see(lambda: frame, captured_us)


class H264:
    """H.264 at little cost and no delay: Annex B, a key frame each second by the clock."""

    def __init__(self, config: CameraConfig) -> None:
        rate = f"{config.bitrate}k"
        self._key = Rate()
        self._codec = av.CodecContext.create("libx264", "w")
        self._codec.width, self._codec.height = config.width, config.height
        self._codec.pix_fmt = "yuv420p"
        self._codec.time_base = MICROSECONDS
        self._codec.framerate = Fraction(config.fps).limit_denominator(1000)
        self._codec.thread_count = 1  # more would cut each frame into slices and cost more
        self._codec.options = {
            "preset": "ultrafast",
            "tune": "zerolatency",
            "b": rate,
            "maxrate": rate,
            "bufsize": rate,
            "forced-idr": "1",
            "g": "1000",
        }

    def encode(self, frame: av.VideoFrame, captured_us: int) -> list[Packet]:
        key = self._key.takes(captured_us, 1 / KEY_INTERVAL)
        frame.pict_type = PictureType.I if key else PictureType.NONE
        frame.pts, frame.time_base = captured_us, MICROSECONDS
        return [
            Packet(bytes(packet), packet.is_keyframe, captured_us)
            for packet in self._codec.encode(frame)
        ]


class Pictures:
    """JPEGs as often as they are wanted, and luma planes for the motion."""

    def __init__(self, config: CameraConfig, emit: Emit, wanted: Wanted) -> None:
        self._jpeg = Jpeg(config)
        self._shrink = VideoReformatter()
        self._jpeg_rate = Rate()
        self._luma_rate = Rate()
        self._most = config.jpeg_fps
        self._emit = emit
        self._wanted = wanted

    def see(self, frame: Callable[[], av.VideoFrame], captured_us: int) -> None:
        """Take from a frame what is due; it is only asked for if something is."""
        if self._jpeg_rate.takes(captured_us, min(self._wanted(), self._most)):
            self._emit(Picture(self._jpeg.encode(frame()), captured_us))
        if self._luma_rate.takes(captured_us, LUMA_FPS):
            width, height = LUMA_SIZE
            small = self._shrink.reformat(frame(), width, height, "gray8", interpolation="AREA")
            self._emit(Luma(np.asarray(small.to_ndarray(), np.uint8), captured_us))


class Jpeg:
    """JPEG by FFmpeg's encoder: twice as fast from a camera's own planes as by way of RGB."""

    def __init__(self, config: CameraConfig) -> None:
        # FFmpeg counts from 2 (best) to 31; about 95 to 0 of what others call quality.
        scale = str(max(2, round((100 - config.quality) / 5) + 1))
        self._reformat = VideoReformatter()
        self._codec = av.CodecContext.create("mjpeg", "w")
        self._codec.width, self._codec.height = config.width, config.height
        self._codec.pix_fmt = "yuvj420p"
        self._codec.time_base = MICROSECONDS
        self._codec.thread_count = 1
        self._codec.options = {"qmin": scale, "qmax": scale, "huffman": "default"}

    def encode(self, frame: av.VideoFrame) -> bytes:
        """Return a JPEG; its levels are widened from video's 16-235 to the 0-255 of pictures."""
        full = self._reformat.reformat(
            frame, format="yuvj420p", src_color_range="MPEG", dst_color_range="JPEG"
        )
        full.pict_type = PictureType.NONE
        return b"".join(bytes(packet) for packet in self._codec.encode(full))
