"""Bytes of a multipart MJPEG stream in, pictures out; knows no socket."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Final

from ..models import Picture
from .decoding import decoding, moment
from .errors import AgentGarbled
from .wire import CAPTURED_HEADER

# Ten times what a camera of an agent sends; beyond it something else is talking.
LARGEST_PICTURE: Final = 8 * 1024 * 1024
LARGEST_HEAD: Final = 16 * 1024

END_OF_HEAD: Final = b"\r\n\r\n"


class PictureParser:
    """Cuts a stream into pictures, however the bytes come; what is between parts is passed over."""

    def __init__(self, boundary: str, now: Callable[[], datetime]) -> None:
        """Expect parts after this boundary; a part without a time was captured *now*."""
        self._delimiter = f"--{boundary}\r\n".encode()
        self._now = now
        self._buffer = bytearray()
        self._part: tuple[int, datetime] | None = None

    def feed(self, data: bytes) -> Iterator[Picture]:
        """Take bytes and yield the pictures that they complete; AgentGarbled if they never can."""
        self._buffer += data
        while picture := self._next_picture():
            yield picture

    def _next_picture(self) -> Picture | None:
        if self._part is None:
            self._part = self._next_head()
        if self._part is None or len(self._buffer) < self._part[0]:
            return None
        (length, captured), self._part = self._part, None
        return Picture(jpeg=self._take(length), captured=captured)

    def _next_head(self) -> tuple[int, datetime] | None:
        """Return the length and time of the next part, None while its head is not complete."""
        start = self._buffer.find(self._delimiter)
        if start < 0:
            # The last bytes may be the beginning of a boundary.
            self._take(max(0, len(self._buffer) - len(self._delimiter) + 1))
            return None
        self._take(start)
        end = self._buffer.find(END_OF_HEAD, len(self._delimiter) - 2)
        if end > LARGEST_HEAD or (end < 0 and len(self._buffer) > LARGEST_HEAD + len(END_OF_HEAD)):
            raise AgentGarbled("The head of a picture in the stream is too long.")
        return None if end < 0 else self._parse(self._take(end + len(END_OF_HEAD)))

    @decoding()
    def _parse(self, head: bytes) -> tuple[int, datetime]:
        lines = (line.partition(":") for line in head.decode("latin-1").splitlines())
        fields = {name.strip().lower(): value for name, _, value in lines}
        length = int(fields["content-length"])
        if not 0 < length <= LARGEST_PICTURE:
            raise AgentGarbled(f"A picture in the stream claims to be {length} bytes long.")
        captured = fields.get(CAPTURED_HEADER.lower())
        return length, self._now() if captured is None else moment(float(captured))

    def _take(self, count: int) -> bytes:
        taken = bytes(self._buffer[:count])
        del self._buffer[:count]
        return taken
