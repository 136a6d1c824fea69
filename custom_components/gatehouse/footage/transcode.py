"""Encodes one clip anew, smaller; a program, so that it can be nice and be killed.

Arguments: the clip, where to write, how long the picture's shorter side may be, and how many bits
a second may have.
"""

from fractions import Fraction
import os
from pathlib import Path
from typing import Any, Final

import av
from av.container import InputContainer, OutputContainer
from av.video.frame import PictureType
from av.video.reformatter import ColorRange
from av.video.stream import VideoStream

# Nobody waits for it; what is slower than `fast` saves little more.
X264: Final = {"preset": "fast", "crf": "23", "profile": "high"}
KEY_FRAMES_S: Final = 2

# What every phone plays inside an MP4.
SOUNDS: Final = frozenset({"aac", "mp3", "mp3float"})


def transcode(source: Path, target: Path, height: int, bitrate: int) -> None:
    """Write a clip anew, with pictures no larger and no more bits than that; sound stays as it is.

    Raises av.FFmpegError and OSError.
    """
    options = {"movflags": "faststart"}
    with (
        av.open(str(source)) as incoming,
        av.open(str(target), "w", format="mp4", options=options) as outgoing,
    ):
        _encode(incoming, outgoing, height, bitrate)
    with target.open("rb") as written:
        os.fsync(written.fileno())


def _encode(incoming: InputContainer, outgoing: OutputContainer, height: int, bitrate: int) -> None:
    pictures = incoming.streams.video[0]
    encoder = _encoder(outgoing, pictures, height, bitrate)
    sounds: dict[Any, Any] = {
        stream: outgoing.add_stream_from_template(stream)
        for stream in incoming.streams.audio
        if stream.codec_context.name in SOUNDS
    }
    lengths: dict[int | None, int] = {}
    for packet in incoming.demux(pictures, *sounds):
        if packet.stream is pictures:
            for frame in pictures.decode(packet):
                lengths[frame.pts] = frame.duration
                outgoing.mux(_timed(encoder.encode(_fitted(frame, encoder)), lengths))
        # The demuxer's last packet is empty.
        elif packet.dts is not None:
            packet.stream = sounds[packet.stream]
            outgoing.mux(packet)
    outgoing.mux(_timed(encoder.encode(), lengths))


def _timed(packets: list[Any], lengths: dict[int | None, int]) -> list[Any]:
    """Return pictures with how long each is shown, which the encoder forgets."""
    for packet in packets:
        packet.duration = lengths.pop(packet.pts)
    return packets


def _encoder(outgoing: OutputContainer, pictures: VideoStream, height: int, bitrate: int) -> Any:
    rate = pictures.average_rate or Fraction(25)
    most = {"maxrate": str(bitrate), "bufsize": str(2 * bitrate)}
    encoder: Any = outgoing.add_stream("libx264", rate=rate, options=X264 | most)
    encoder.width, encoder.height = _size(pictures, height)
    encoder.pix_fmt = "yuv420p"
    encoder.time_base = encoder.codec_context.time_base = pictures.time_base
    encoder.codec_context.color_range = ColorRange.MPEG
    encoder.codec_context.colorspace = pictures.codec_context.colorspace
    encoder.codec_context.gop_size = max(1, round(KEY_FRAMES_S * rate))
    # With pictures out of order an MP4 does not know how long the last of them is shown.
    encoder.codec_context.max_b_frames = 0
    encoder.codec_context.thread_count = 1
    return encoder


def _size(pictures: VideoStream, height: int) -> tuple[int, int]:
    """Return the largest even size of the same shape, upright or not, that is not higher."""
    width, lines = pictures.codec_context.width, pictures.codec_context.height
    shrink = min(1.0, height / min(width, lines))
    return max(2, round(width * shrink / 2) * 2), max(2, round(lines * shrink / 2) * 2)


def _fitted(frame: av.VideoFrame, encoder: Any) -> av.VideoFrame:
    # A camera's levels may go from 0 to 255, those of a video go from 16 to 235.
    fitted = frame.reformat(
        encoder.width, encoder.height, format="yuv420p", dst_color_range=ColorRange.MPEG
    )
    fitted.pts, fitted.time_base, fitted.duration = frame.pts, frame.time_base, frame.duration
    # Kept, the kinds of the old pictures would be forced upon the new ones.
    fitted.pict_type = PictureType.NONE
    return fitted


def main(arguments: list[str]) -> None:
    source, target, height, bitrate = arguments
    transcode(Path(source), Path(target), int(height), int(bitrate))
