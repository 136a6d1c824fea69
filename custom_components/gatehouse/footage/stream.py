"""A camera's live H.264, read all the time in a thread of its own, and never decoded."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import closing, suppress
from datetime import UTC, datetime
import logging
import threading
import time
from typing import Final, NamedTuple, override
from urllib.parse import urlsplit

import av
from av.container import InputContainer

from .codec import codec_of
from .cutter import Cutter, Timeline
from .sound import PLAYABLE as SOUNDS
from .tape import Piece

_LOGGER = logging.getLogger(__name__)

SCHEMES: Final = frozenset({"http", "https", "rtmp", "rtmps", "rtsp", "rtsps"})

# What is read there names no files of this machine.
INPUT: Final = {
    "rtsp_flags": "prefer_tcp",
    "protocol_whitelist": "crypto,http,https,httpproxy,rtmp,rtmps,rtp,srtp,tcp,tls,udp",
}
OPENING: Final = 15.0  # seconds
READING: Final = 10.0

AHEAD: Final = 10.0  # seconds that a stream may be ahead of time, as one in segments is

RETRY_FIRST: Final = 1.0
RETRY_LONGEST: Final = 60.0
# A camera's settings are not changed every minute.
RETRY_UNFIT: Final = 600.0
STEADY: Final = 30.0
FAILURES_TO_TELL: Final = 3

ENDING: Final = 1.0  # seconds; a thread that waits for a silent camera ends by itself later


class Stream:
    """What comes from a camera's address, in pieces, however often that breaks."""

    def __init__(
        self,
        name: str,
        address: Callable[[], Awaitable[str | None]],
        taken: Callable[[Piece], None],
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Ask for the address each time: it may raise ConnectionError.

        A piece's moment is that of its arrival.
        """
        self._name = name
        self._address = address
        self._taken = taken
        self._now = now
        self._timeline = Timeline()
        self._warned = False
        self.problem: str | None = None
        """Why nothing comes; None while it does, or nobody knows yet."""

    async def run(self) -> None:
        """Read until cancelled."""
        failures = 0
        while True:
            began = time.monotonic()
            end = await self._read()
            failures = 1 if time.monotonic() - began > STEADY else failures + 1
            self._fail(end, failures)
            pause = min(RETRY_FIRST * 2 ** min(failures - 1, 16), RETRY_LONGEST)
            await asyncio.sleep(RETRY_UNFIT if end.is_unfit else pause)

    async def _read(self) -> _End:
        """Read until it breaks; returns why."""
        try:
            address = await self._address()
        except ConnectionError as error:
            return _End(str(error))
        if address is None:
            return _End("it has no stream", is_unfit=True, level=logging.INFO)
        if urlsplit(address).scheme not in SCHEMES:
            return _End("its stream does not come over the network", is_unfit=True)
        loop = asyncio.get_running_loop()
        ended: asyncio.Future[_End] = loop.create_future()
        reader = _Reader(
            address,
            self._timeline,
            give=lambda piece: loop.call_soon_threadsafe(self._take, piece),
            end=lambda end: loop.call_soon_threadsafe(ended.set_result, end),
            now=self._now,
        )
        reader.start()
        try:
            return await asyncio.shield(ended)
        finally:
            reader.stopped.set()
            await asyncio.wait([ended], timeout=ENDING)

    def _take(self, piece: Piece) -> None:
        if self._warned:
            _LOGGER.info("The stream of %s is recorded again", self._name)
        self._warned, self.problem = False, None
        self._taken(piece)

    def _fail(self, end: _End, failures: int) -> None:
        """Say once, and not of every hiccup, why there is no stream."""
        self.problem = end.reason
        if not self._warned and (end.is_unfit or failures == FAILURES_TO_TELL):
            _LOGGER.log(end.level, "Only stills of %s are recorded: %s", self._name, end.reason)
            self._warned = True


class _End(NamedTuple):
    """Why there is nothing more to read."""

    reason: str
    is_unfit: bool = False
    """Whether it will be the same the next time."""
    level: int = logging.WARNING


class _Reader(threading.Thread):
    """Reads one connection; daemonic, since libav waits for a camera until its time is up."""

    def __init__(
        self,
        address: str,
        timeline: Timeline,
        *,
        give: Callable[[Piece], object],
        end: Callable[[_End], object],
        now: Callable[[], datetime],
    ) -> None:
        super().__init__(name="gatehouse stream", daemon=True)
        self.stopped = threading.Event()
        self._address = address
        self._timeline = timeline
        self._give = give
        self._end = end
        self._now = now

    @override
    def run(self) -> None:
        # The loop is closed if the program ended meanwhile.
        with suppress(RuntimeError):
            self._end(self._session())

    def _session(self) -> _End:
        try:
            with av.open(self._address, options=INPUT, timeout=(OPENING, READING)) as container:
                return self._pass_on(container)
        except (av.FFmpegError, OSError, ValueError) as error:
            # Not all of it: the text may have the address in it, and that a password.
            return _End(getattr(error, "strerror", None) or type(error).__name__)

    def _pass_on(self, container: InputContainer) -> _End:
        video = next(iter(container.streams.video), None)
        codec = codec_of(video) if video else "sound only"
        if video is None or codec != "h264":
            return _End(f"its stream is {codec}, not H.264", is_unfit=True)
        sound = [each for each in container.streams.audio if codec_of(each) in SOUNDS][:1]
        with closing(Cutter([video, *sound], self._timeline, self._now)) as cutter:
            for packet in container.demux(video, *sound):
                if cutter.leaps(packet):
                    return _End("its clock was set")
                if piece := cutter.add(packet):
                    self._give(piece)
                if self.stopped.wait(max(0.0, cutter.ahead - AHEAD)):
                    break
        return _End("the stream ended")
