"""Device files: opened, watched by the event loop, and their troubles told in words."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
import errno
import os
from typing import Final, TypeVar

from . import ReaderError

_Read = TypeVar("_Read")

GONE: Final = "{path} is gone: plug the reader in again."
ABSENT: Final = "{path} is not there: plug the reader in, or correct its device in agent.toml."
TROUBLES: Final = {
    errno.ENOENT: ABSENT,
    errno.ENXIO: ABSENT,
    errno.ENODEV: GONE,
    errno.EIO: GONE,
    errno.EACCES: "{path} may not be opened: add the agent's user to the group {group}.",
    errno.EBUSY: "{path} is in use: end the other program, or keep it from this reader.",
}


def open_to_read(device: str) -> int:
    return os.open(device, os.O_RDONLY | os.O_NONBLOCK)


@contextmanager
def opened(
    device: str | None, group: str, open_device: Callable[[str], int] = open_to_read
) -> Iterator[int]:
    """Open a device that the group may use; an OSError in the block becomes a ReaderError."""
    if device is None:
        raise ReaderError("The reader has no device: give it one in agent.toml.")
    try:
        descriptor = open_device(device)
        try:
            yield descriptor
        finally:
            os.close(descriptor)
    except OSError as error:
        plain = f"{{path}} cannot be used: {error.strerror}."
        sentence = TROUBLES.get(error.errno or 0, plain).format(path=device, group=group)
        raise ReaderError(sentence) from error


def read(descriptor: int, size: int) -> bytes:
    """Read what is there; the end of a device is an OSError like its loss."""
    data = os.read(descriptor, size)
    if not data:
        raise OSError(errno.ENODEV, os.strerror(errno.ENODEV))
    return data


async def watch(descriptor: int, read: Callable[[], _Read], take: Callable[[_Read], None]) -> None:
    """Whenever there is something, read it and take it, in one step of the loop, until cancelled.

    Raises the OSError that reading raises; what taking raises is the loop's to tell.
    """
    loop = asyncio.get_running_loop()
    lost: asyncio.Future[None] = loop.create_future()

    def ready() -> None:
        try:
            something = read()
        except BlockingIOError:
            return
        except OSError as error:
            loop.remove_reader(descriptor)
            lost.set_exception(error)
            return
        take(something)

    loop.add_reader(descriptor, ready)
    try:
        await lost
    finally:
        loop.remove_reader(descriptor)
