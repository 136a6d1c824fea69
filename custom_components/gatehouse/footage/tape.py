"""What a camera without an agent showed: in memory the last seconds, on disk one recording."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
import struct
from typing import Final

from ..models import Picture

MICROSECOND: Final = timedelta(microseconds=1)
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

# Before each JPEG: its moment in microseconds since the epoch, and how many bytes it has.
HEAD: Final = struct.Struct(">QI")

RING: Final = timedelta(seconds=15)
RING_BYTES: Final = 32_000_000


class Material(StrEnum):
    """What a tape is made of; the value is the suffix of its file."""

    STREAM = ".ts"
    """An MPEG transport stream: it may begin and end anywhere."""
    STILLS = ".stills"
    """JPEGs with their moments."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A piece of tape; one after the other they are a whole one."""

    at: datetime
    """When it begins."""
    material: Material
    data: bytes = field(repr=False)
    is_key: bool = True
    """Whether a film can begin with it."""


class Ring:
    """The newest pieces of one camera: so many seconds, and no more than so many bytes."""

    def __init__(self, length: timedelta = RING, most_bytes: int = RING_BYTES) -> None:
        """Be empty."""
        self._length = length
        self._most_bytes = most_bytes
        self._pieces: deque[Piece] = deque()
        self._bytes = 0

    def add(self, piece: Piece) -> None:
        """Take a piece, and forget what is too old or too much for it."""
        self._pieces.append(piece)
        self._bytes += len(piece.data)
        oldest = piece.at - self._length
        while self._pieces and (self._bytes > self._most_bytes or self._pieces[0].at < oldest):
            self._bytes -= len(self._pieces.popleft().data)

    def since(self, moment: datetime) -> list[Piece]:
        """Return the stills from a moment on, and the stream from the key frame before it on."""
        streamed = (piece for piece in self._pieces if piece.material is Material.STREAM)
        keys = (piece.at for piece in streamed if piece.is_key and piece.at <= moment)
        begins = {Material.STREAM: max(keys, default=moment), Material.STILLS: moment}
        return [piece for piece in self._pieces if piece.at >= begins[piece.material]]


def as_piece(picture: Picture) -> Piece:
    """Return a picture as a piece of tape."""
    moment = (picture.captured - EPOCH) // MICROSECOND
    data = HEAD.pack(moment, len(picture.jpeg)) + picture.jpeg
    return Piece(at=picture.captured, material=Material.STILLS, data=data)


def stills_of(tape: Path) -> Iterator[tuple[datetime, bytes]]:
    """Yield the moments and the JPEGs of a tape, if there is one, but for one that is cut off."""
    if not tape.exists():
        return
    with tape.open("rb") as file:
        while len(head := file.read(HEAD.size)) == HEAD.size:
            moment, size = HEAD.unpack(head)
            jpeg = file.read(size)
            if len(jpeg) == size:
                yield EPOCH + moment * MICROSECOND, jpeg
