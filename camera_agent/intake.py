"""What comes out of a camera's process, put together into messages."""

import asyncio
from contextlib import suppress
import fcntl
import os
from typing import Final

from .capture import HEADER, Message, unpack

# A picture or two: more only makes old frames wait where the child should notice.
ROOM: Final = 256 * 1024


class Intake:
    """Reads a pipe into one place that is used again and again; its messages are taken in turn.

    A stream reader would take new memory for each of several copies of every picture.
    """

    def __init__(self, pipe: int) -> None:
        """Own this end of a pipe."""
        self._pipe = pipe
        self._room = bytearray(ROOM)
        self._begin = self._end = 0
        self._is_over = False
        self._news = asyncio.Event()
        self._listens = False
        self._loop = asyncio.get_running_loop()
        os.set_blocking(pipe, False)
        with suppress(OSError):  # it may not be granted; then a picture comes in some parts
            fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, ROOM)

    async def read(self) -> Message | None:
        """Return the next message, or None when there will be no more."""
        while (message := self._next()) is None and not self._is_over:
            self._news.clear()
            await self._news.wait()
        return message

    def close(self) -> None:
        """Take no more; who waits is told that there is none."""
        if not self._is_over:
            self._is_over = True
            self._loop.remove_reader(self._pipe)
            os.close(self._pipe)
            self._news.set()

    def _next(self) -> Message | None:
        """Return the next message if it is here whole, else make room for it."""
        body = self._begin + HEADER.size
        if self._end < body:
            self._make_room(HEADER.size)
            return None
        kind, flag, length, captured_us = HEADER.unpack_from(self._room, self._begin)
        end = body + length
        if self._end < end:
            self._make_room(HEADER.size + length)
            return None
        self._begin = end
        return unpack(kind, flag, captured_us, bytes(memoryview(self._room)[body:end]))

    def _make_room(self, size: int) -> None:
        """Let a message of that size fit, of which the beginning is here; listen for the rest."""
        left = self._end - self._begin
        if not left or self._begin + size > len(self._room):
            self._room[:left] = self._room[self._begin : self._end]
            self._begin, self._end = 0, left
        self._room.extend(bytes(max(0, size - len(self._room))))
        if not (self._listens or self._is_over):
            self._listens = True
            self._loop.add_reader(self._pipe, self._take)

    def _take(self) -> None:
        """Take what there is, until nothing more fits."""
        with memoryview(self._room) as room:
            taken = os.readv(self._pipe, [room[self._end :]])
        if not taken:
            self.close()
            return
        self._end += taken
        if self._end == len(self._room):
            self._listens = False
            self._loop.remove_reader(self._pipe)
        self._news.set()
