"""A camera that is on no agent: its stills, its live stream with sound, and its own movies."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction
from functools import cache
import io
from pathlib import Path
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer
import av
import numpy as np

from custom_components.gatehouse.models import Picture

SIZE = (320, 180)
FPS = 10
RATE = 16000
SAMPLES = 1024
STEP = 4
"""So much brighter is each picture than the one before it."""


@cache
def jpeg(grey: int = 128, size: tuple[int, int] = SIZE) -> bytes:
    """Return a picture of one grey."""
    codec: Any = av.CodecContext.create("mjpeg", "w")
    codec.width, codec.height, codec.pix_fmt = *size, "yuvj420p"
    codec.time_base = Fraction(1, 25)
    frame = _grey(grey, size).reformat(format="yuvj420p", dst_color_range="JPEG")
    frame.pts = 0
    return b"".join(bytes(packet) for packet in [*codec.encode(frame), *codec.encode()])


def picture(at: datetime, grey: int = 128, size: tuple[int, int] = SIZE) -> Picture:
    """Return what a camera shows at a moment."""
    return Picture(jpeg=jpeg(grey, size), captured=at)


@cache
def footage(
    seconds: float = 4.0,
    *,
    container: str = "mpegts",
    codec: str = "libx264",
    sound: str | None = "aac",
    size: tuple[int, int] = SIZE,
    begins: float = 0.0,
) -> bytes:
    """Return a video whose pictures get brighter, a key frame each second, with a tone."""
    memory, offset = io.BytesIO(), {"output_ts_offset": str(begins)}
    with av.open(memory, "w", format=container, options=offset) as file:
        video: Any = file.add_stream(codec, rate=FPS)
        video.width, video.height, video.pix_fmt = *size, "yuv420p"
        video.codec_context.gop_size = FPS
        video.codec_context.max_b_frames = 0
        tone: Any = file.add_stream(sound, rate=RATE, layout="mono") if sound else None
        heard = 0
        for number in range(round(seconds * FPS)):
            frame = _grey(16 + STEP * (number % 50), size)
            frame.pts, frame.time_base = number, Fraction(1, FPS)
            file.mux(video.encode(frame))
            while tone and heard * FPS < (number + 1) * RATE:
                file.mux(tone.encode(_tone(heard)))
                heard += SAMPLES
        for stream in filter(None, [video, tone]):
            file.mux(stream.encode())
    return memory.getvalue()


def _grey(grey: int, size: tuple[int, int]) -> av.VideoFrame:
    return av.VideoFrame.from_ndarray(np.full((size[1], size[0], 3), grey, np.uint8), "rgb24")


def _tone(heard: int) -> av.AudioFrame:
    wave = np.sin(np.arange(heard, heard + SAMPLES) * 440 * 2 * np.pi / RATE)
    frame = av.AudioFrame.from_ndarray(wave.astype(np.float32)[np.newaxis], "fltp", "mono")
    frame.sample_rate, frame.pts, frame.time_base = RATE, heard, Fraction(1, RATE)
    return frame


@dataclass
class LiveCamera:
    """A camera that streams over HTTP, in real time."""

    address: str = ""
    data: bytes = field(default_factory=lambda: footage(60.0))
    seconds: float = 60.0
    served: int = 0
    """How many connections there were."""
    breaks_after: float | None = None
    """Each connection breaks after so many seconds."""

    async def stream(self, request: web.Request) -> web.StreamResponse:
        self.served += 1
        response = web.StreamResponse(headers={"Content-Type": "video/mp2t"})
        await response.prepare(request)
        loop = asyncio.get_running_loop()
        began, sent = loop.time(), 0
        with suppress(ConnectionError):
            while sent < len(self.data):
                elapsed = loop.time() - began
                if self.breaks_after is not None and elapsed > self.breaks_after:
                    break
                due = round(len(self.data) * elapsed / self.seconds) // 188 * 188
                await response.write(self.data[sent:due])
                sent = due
                await asyncio.sleep(0.05)
        return response


@asynccontextmanager
async def live_camera() -> AsyncIterator[LiveCamera]:
    """Plug a camera in."""
    camera = LiveCamera()
    app = web.Application()
    app.router.add_get("/live", camera.stream)
    server = TestServer(app, host="127.0.0.1")
    await server.start_server(shutdown_timeout=0.1)  # who still watches is not waited for
    camera.address = str(server.make_url("/live"))
    try:
        yield camera
    finally:
        await server.close()


@dataclass(frozen=True)
class Seen:
    """What somebody sees who plays a film."""

    profile: str
    pixels: str
    size: tuple[int, int]
    duration: float
    pictures: list[tuple[float, float]]
    """When each is shown, and how bright its middle is."""
    edges: list[float]
    """How bright each is at its left."""
    heard: float
    """How many seconds of sound there are."""

    @property
    def times(self) -> list[float]:
        return [at for at, _ in self.pictures]

    @property
    def greys(self) -> list[float]:
        return [grey for _, grey in self.pictures]


def play(path: Path) -> Seen:
    """Decode a whole film."""
    with av.open(str(path)) as file:
        video = file.streams.video[0]
        pictures, edges, heard = [], [], 0
        for decoded in file.decode(*file.streams.video[:1], *file.streams.audio[:1]):
            frame: Any = decoded
            if isinstance(frame, av.AudioFrame):
                heard += frame.samples
                continue
            shown = frame.to_ndarray(format="gray")
            edges.append(float(shown[frame.height // 2, 2]))
            pictures.append((frame.time, float(shown[frame.height // 2, frame.width // 2])))
        rate = file.streams.audio[0].codec_context.sample_rate if file.streams.audio else 1
        return Seen(
            profile=video.codec_context.profile or "",
            pixels=video.codec_context.pix_fmt or "",
            size=(video.codec_context.width, video.codec_context.height),
            duration=float((video.duration or 0) * (video.time_base or 0)),
            pictures=pictures,
            edges=edges,
            heard=heard / rate,
        )
