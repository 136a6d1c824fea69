"""Bytes of a multipart MJPEG stream in, pictures or whole parts out; knows no socket."""

from collections.abc import Callable, Iterator
from datetime import datetime
import re
from typing import Final

from ..models import Picture
from .decoding import decoding, moment
from .errors import AgentGarbled
from .wire import CAPTURED_HEADER

# Ten times what a camera of an agent sends; beyond it something else is talking.
LARGEST_PICTURE: Final = 8 * 1024 * 1024
LARGEST_HEAD: Final = 16 * 1024

END_OF_HEAD: Final = b"\r\n\r\n"

# A part goes to browsers as it came: its head may say that it is a picture, and nothing else that
# they would heed.
HEAD: Final = re.compile(
    rb"(?i:(?:content-type: image/jpeg|content-length: ([0-9]{1,8})|x-[a-z-]+: [^\r\n]*)\r\n)+\r\n"
)

BOUNDARY: Final = b"--gatehouse\r\n"
"""What is before the first part that is passed on, and at the end of each."""
CLOSING: Final = b"\r\n" + BOUNDARY


class PictureParser:
    """Cuts a stream into pictures, however the bytes come; what is between parts is passed over."""

    def __init__(self, boundary: str, now: Callable[[], datetime]) -> None:
        """Expect parts after this boundary; a part without a time was captured *now*."""
        self._delimiter = f"--{boundary}\r\n".encode()
        self._now = now
        self._pieces: list[bytes | memoryview] = []
        self._missing = 0
        self._part: tuple[int, datetime] | None = None

    def feed(self, data: bytes) -> Iterator[Picture]:
        """Take bytes and yield the pictures that they complete; AgentGarbled if they never can."""
        self._pieces.append(data)
        self._missing -= len(data)
        if self._missing > 0:
            return  # a picture is put together once, when all of it is here
        data, start = b"".join(self._pieces), 0
        while True:
            if self._part is None:
                start = self._find_part(data, start)
            if self._part is None or len(data) < start + self._part[0]:
                break
            (length, captured), self._part = self._part, None
            yield Picture(jpeg=data[start : start + length], captured=captured)
            start += length
        self._keep(data, start)

    @property
    def missing(self) -> int:
        """How many bytes a picture lacks at least; 0 if nothing is known of the next."""
        return max(0, self._missing)

    @property
    def kept(self) -> int:
        """How many bytes wait for those that follow."""
        return sum(map(len, self._pieces))

    def _keep(self, data: bytes, start: int) -> None:
        if self._part:
            self._pieces = [memoryview(data)[start:]]
            self._missing = self._part[0] - self.kept
        else:
            self._pieces, self._missing = [data[start:]], 0

    def _find_part(self, data: bytes, start: int) -> int:
        """Look for the head of the next part; return where its picture begins, or where to look."""
        found = data.find(self._delimiter, start)
        if found < 0:
            # The last bytes may be the beginning of a boundary.
            return max(start, len(data) - len(self._delimiter) + 1)
        end = data.find(END_OF_HEAD, found + len(self._delimiter) - 2)
        size = (len(data) if end < 0 else end) - found
        if size > LARGEST_HEAD + (len(END_OF_HEAD) if end < 0 else 0):
            raise AgentGarbled("The head of a picture in the stream is too long.")
        if end < 0:
            return found
        self._part = self._parse(data[found:end])
        return end + len(END_OF_HEAD)

    @decoding()
    def _parse(self, head: bytes) -> tuple[int, datetime]:
        lines = (line.partition(":") for line in head.decode("latin-1").splitlines())
        fields = {name.strip().lower(): value for name, _, value in lines}
        length = int(fields["content-length"])
        if not 0 < length <= LARGEST_PICTURE:
            raise AgentGarbled(f"A picture in the stream claims to be {length} bytes long.")
        captured = fields.get(CAPTURED_HEADER.lower())
        return length, self._now() if captured is None else moment(float(captured))


class PartParser:
    """Cuts a stream into parts, each from its head to the boundary after it, mostly as it came."""

    def __init__(self, boundary: str) -> None:
        """Expect parts after this boundary."""
        self._delimiter = f"--{boundary}\r\n".encode()
        self._pieces: list[bytes] = []
        self._missing = 0
        self._at_head = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Take bytes and yield the parts that they complete; AgentGarbled if they never can."""
        self._pieces.append(data)
        self._missing -= len(data)
        if self._missing > 0:
            return
        # Neither this nor a slice of all of it copies what came in one piece.
        data, start, self._missing = b"".join(self._pieces), 0, 0
        while True:
            if not self._at_head:
                start = self._skip(data, start)
            if not (self._at_head and (end := self._end(data, start))):
                break
            after = end + len(CLOSING)
            is_ours = data[end:after] == CLOSING
            self._at_head = is_ours and CLOSING.endswith(self._delimiter)
            yield data[start:after] if self._at_head else data[start:end] + CLOSING
            start = after if self._at_head else end
        self._pieces = [rest] if (rest := data[start:]) else []

    @property
    def missing(self) -> int:
        """How many bytes a part lacks at least; 0 if nothing is known of the next."""
        return max(0, self._missing)

    def _skip(self, data: bytes, start: int) -> int:
        """Return where the next head begins, or where to look for the boundary before it."""
        found = data.find(self._delimiter, start)
        self._at_head = found >= 0
        if self._at_head:
            return found + len(self._delimiter)
        return max(start, len(data) - len(self._delimiter) + 1)

    def _end(self, data: bytes, start: int) -> int:
        """Return where the picture ends whose head begins there, 0 as long as it is not here."""
        head = HEAD.match(data, start)
        if head is None:
            if len(data) > start + LARGEST_HEAD or data.find(END_OF_HEAD, start) >= 0:
                raise AgentGarbled("The head of a picture in the stream is none.")
            return 0
        if not 0 < (length := int(head[1] or 0)) <= LARGEST_PICTURE:
            raise AgentGarbled(f"A picture in the stream claims to be {length} bytes long.")
        end = head.end() + length
        self._missing = max(0, end - len(data))
        return 0 if self._missing else end
