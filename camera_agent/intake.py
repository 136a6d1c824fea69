"""What comes out of a camera's process, put together into messages."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
import fcntl
import os
from typing import Final, TypeAlias

from .capture import HEADER, Message, unpack

# A picture or two: more only makes old frames wait where the child should notice.
ROOM: Final = 256 * 1024

Take: TypeAlias = Callable[[Message], None]


class Intake:
    """Reads a pipe into one place that is used again and again.

    A stream reader would take new memory for each of several copies of every picture, and a task
    would have to be woken for each.
    """

    def __init__(self, pipe: int) -> None:
        """Own this end of a pipe."""
        self._pipe = pipe
        self._room = bytearray(ROOM)
        self._begin = self._end = 0
        self._loop = asyncio.get_running_loop()
        self._over = asyncio.Event()
        os.set_blocking(pipe, False)
        with suppress(OSError):  # it may not be granted; then a picture comes in some parts
            fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, ROOM)

    async def pass_on(self, take: Take) -> None:
        """Hand over each message as soon as it is here whole, until there will be no more."""
        if not self._over.is_set():
            self._loop.add_reader(self._pipe, self._read, take)
        await self._over.wait()

    def close(self) -> None:
        """Hand over nothing more; who waits for the end is told."""
        if not self._over.is_set():
            self._over.set()
            self._loop.remove_reader(self._pipe)
            os.close(self._pipe)

    def _read(self, take: Take) -> None:
        """Hand over what is whole with what comes now; who fails to take it gets no more."""
        is_well = False
        try:
            if self._fill():
                while not self._over.is_set() and (message := self._next()):
                    take(message)
                is_well = True
        finally:
            if not is_well:
                self.close()

    def _fill(self) -> bool:
        """Take what there is; return whether there is anything."""
        with memoryview(self._room) as room:
            taken = os.readv(self._pipe, [room[self._end :]])
        self._end += taken
        return taken > 0

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
        with memoryview(self._room) as room:
            return unpack(kind, flag, captured_us, bytes(room[body:end]))

    def _make_room(self, size: int) -> None:
        """Let a message of that size fit, of which the beginning is here."""
        left = self._end - self._begin
        if not left or self._begin + size > len(self._room):
            self._room[:left] = self._room[self._begin : self._end]
            self._begin, self._end = 0, left
        self._room.extend(bytes(max(0, size - len(self._room))))
