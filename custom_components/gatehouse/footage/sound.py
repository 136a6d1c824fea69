"""What is heard in a clip: as it was recorded if every browser plays that, else encoded anew."""

from collections import deque
from collections.abc import Iterable, Iterator
import logging
from typing import Any, Final

import av
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer

from .codec import UNKNOWN, codec_of

_LOGGER = logging.getLogger(__name__)

type Packet = av.Packet[Any]

PLAYABLE: Final = frozenset({"aac", "mp3", "mp3float"})

# What AAC knows; the rest of the world's rates are made the last one.
RATES: Final = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)


class Sound:
    """The sound of one clip on its way from file to file, never beyond the pictures."""

    def __init__(self, incoming: InputContainer, outgoing: OutputContainer) -> None:
        """Take the first sound there is; one that cannot be read is left out."""
        self.streams: tuple[AudioStream, ...] = ()
        """What to demux: one stream or none."""
        self._held: deque[tuple[float, Packet]] = deque()
        for stream in incoming.streams.audio[:1]:
            if codec_of(stream) == UNKNOWN or not stream.codec_context.sample_rate:
                _LOGGER.debug("%s has a sound that cannot be read", incoming.name)
                continue
            copies = codec_of(stream) in PLAYABLE
            self._voice = (_Copied if copies else _Encoded)(stream, outgoing)
            self.streams = (stream,)

    def take(self, packet: Packet) -> None:
        """Take a packet of the sound; an empty one is its end."""
        self._held.extend(self._voice.take(packet))

    def heard(self, since: float, reached: float) -> list[Packet]:
        """Give up what is heard between two moments of the pictures, and forget what was before."""
        heard = []
        while self._held and self._held[0][0] < reached:
            at, packet = self._held.popleft()
            if at >= since:
                heard.append(packet)
        return heard


class _Copied:
    def __init__(self, stream: AudioStream, outgoing: OutputContainer) -> None:
        self._copy = outgoing.add_stream_from_template(stream)
        self._tick = float(stream.time_base or 0)

    def take(self, packet: Packet) -> Iterator[tuple[float, Packet]]:
        if packet.pts is not None and packet.size:
            packet.stream = self._copy
            yield packet.pts * self._tick, packet


class _Encoded:
    def __init__(self, stream: AudioStream, outgoing: OutputContainer) -> None:
        self._stream = stream
        rate = stream.codec_context.sample_rate
        self._rate = rate if rate in RATES else RATES[-1]
        layout = "mono" if stream.codec_context.channels == 1 else "stereo"
        self._encoder = outgoing.add_stream("aac", rate=self._rate, layout=layout)

    def take(self, packet: Packet) -> Iterator[tuple[float, Packet]]:
        try:
            for frame in self._stream.decode(packet):
                yield from self._timed(self._encoder.encode(frame))
        except av.FFmpegError as error:
            _LOGGER.debug("A moment of sound cannot be read: %s", error)
        if not packet.size:
            yield from self._timed(self._encoder.encode(None))

    def _timed(self, packets: Iterable[Packet]) -> Iterator[tuple[float, Packet]]:
        return (((packet.pts or 0) / self._rate, packet) for packet in packets)
