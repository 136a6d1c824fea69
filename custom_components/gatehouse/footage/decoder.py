"""A decoder that goes as soon as nobody holds it."""

from typing import cast

import av
from av.video.codeccontext import VideoCodecContext
from av.video.stream import VideoStream


def decoder_of(stream: VideoStream) -> VideoCodecContext:
    """Return a decoder for a stream's packets.

    The stream's own stays in memory with all its pictures until Python looks for rubbish, because
    the stream and its container hold each other.
    """
    known = stream.codec_context
    decoder = cast(VideoCodecContext, av.CodecContext.create(known.codec, "r"))
    decoder.extradata = known.extradata
    decoder.codec_tag = known.codec_tag
    decoder.width, decoder.height = known.width, known.height
    if known.pix_fmt:
        decoder.pix_fmt = known.pix_fmt
    return decoder
