"""Pictures of a video as JPEGs, by FFmpeg's encoder."""

from typing import Final

import av
from av.video.frame import PictureType
from av.video.reformatter import VideoReformatter
from av.video.stream import VideoStream

LONGEST_SIDE: Final = 2560
QUALITY: Final = "3"  # FFmpeg counts from 2, the best, to 31


class Jpegs:
    """JPEGs of one video's pictures, none larger than a screen."""

    def __init__(self, stream: VideoStream, longest_side: int = LONGEST_SIDE) -> None:
        """Shrink what is larger; nothing is enlarged."""
        longest = max(stream.codec_context.width, stream.codec_context.height)
        shrink = min(1.0, longest_side / longest)
        self._reformat = VideoReformatter()
        self._codec = av.CodecContext.create("mjpeg", "w")
        self._codec.width = max(2, round(stream.codec_context.width * shrink))
        self._codec.height = max(2, round(stream.codec_context.height * shrink))
        self._codec.pix_fmt = "yuvj420p"
        self._codec.time_base = stream.time_base
        self._codec.thread_count = 1
        self._codec.options = {"qmin": QUALITY, "qmax": QUALITY}

    def encode(self, frame: av.VideoFrame) -> bytes:
        """Return one picture."""
        # A JPEG's levels go from 0 to 255, whatever those of the video are.
        full = self._reformat.reformat(
            frame,
            self._codec.width,
            self._codec.height,
            format="yuvj420p",
            dst_color_range="JPEG",
        )
        full.pict_type = PictureType.NONE
        return b"".join(bytes(packet) for packet in self._codec.encode(full))
