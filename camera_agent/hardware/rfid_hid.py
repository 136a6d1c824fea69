"""USB readers that pretend to be keyboards and type the number of a card."""

from collections.abc import Callable, Iterator
import errno
import fcntl
from functools import partial
import logging
import struct
import time
from typing import Final

from ..cards import LONGEST, CardError, digits
from ..reader_config import ReaderConfig
from . import Feedback, Heard, Key, Scan
from .device_file import opened, read, watch

LOGGER: Final = logging.getLogger(__name__)

# From linux/input.h and linux/input-event-codes.h; the time is two longs, and so 8 or 16 bytes.
EVENT: Final = struct.Struct("llHHi")
EVIOCGRAB: Final = 0x40044590
EV_SYN: Final = 0
EV_KEY: Final = 1
SYN_DROPPED: Final = 3
PRESSED: Final = 1
ENTERS: Final = frozenset({28, 96, 0x20B})  # of the keyboard, of its number pad, and a keypad's #
CHARACTERS: Final = {
    **dict(zip(range(2, 12), "1234567890", strict=True)),
    **dict(zip((30, 48, 46, 32, 18, 33), "ABCDEF", strict=True)),
    **dict(zip((71, 72, 73, 75, 76, 77, 79, 80, 81, 82), "7894561230", strict=True)),
    **dict(zip(range(0x200, 0x20A), "0123456789", strict=True)),
    55: "*",
    0x20A: "*",
}

CHUNK: Final = 64 * EVENT.size
SHORTEST: Final = 4  # digits of a card; so many keys within BY_HAND of each other no hand can type
# Seconds from one key to the next: a reader needs 20 ms at most, a finger hardly less than 80.
BY_HAND: Final = 0.05
BROKEN_OFF: Final = 1.0


class HIDReader:
    """A reader that types, and is heard by the agent alone: not by a console, for one."""

    def __init__(self, config: ReaderConfig) -> None:
        self._config = config

    async def run(self, online: Callable[[], None], heard: Callable[[Heard], None]) -> None:
        wedge = Wedge(self._config)

        def take(data: bytes) -> None:
            for one in wedge.feed(data, time.monotonic()):
                heard(one)

        with opened(self._config.device, "input") as device:
            _grab(device)
            online()
            await watch(device, partial(read, device, CHUNK), take)

    async def show(self, feedback: Feedback) -> None:
        """Do nothing: such a reader beeps by itself, whatever comes of it."""


class Wedge:
    """Makes cards of what is typed, and keys of what a hand types where there is a keypad."""

    def __init__(self, config: ReaderConfig) -> None:
        self._config = config
        self._pause = BY_HAND if config.keypad else BROKEN_OFF
        self._line = ""
        self._torn = False
        """Whether a part of what is being typed was lost: it is passed over to its end."""
        self._last = 0.0

    def feed(self, data: bytes, at: float) -> Iterator[Heard]:
        """Yield what whole events mean; they came at a moment of the monotonic clock."""
        for seconds, micros, kind, code, value in EVENT.iter_unpack(data):
            when = seconds + micros / 1e6
            if (kind, code) == (EV_SYN, SYN_DROPPED):
                self._line, self._torn, self._last = "", True, when
            elif (kind, value) == (EV_KEY, PRESSED):
                yield from self._press(code, when, at)

    def _press(self, code: int, when: float, at: float) -> Iterator[Heard]:
        if when - self._last > self._pause:
            yield from self._keys(at)
            self._torn = False
        self._last = when
        if self._torn:
            self._torn = code not in ENTERS
        elif code in ENTERS:
            yield from self._enter(at)
        elif character := CHARACTERS.get(code):
            self._line = (self._line + character)[: LONGEST + 1]

    def _enter(self, at: float) -> Iterator[Heard]:
        if self._config.keypad and len(self._line) < SHORTEST:
            yield from self._keys(at)
            yield Key(key="#", at=at)
        elif self._line:
            line, self._line = self._line, ""
            try:
                yield Scan(card=digits(line, self._config), at=at)
            except CardError as error:
                LOGGER.warning("Reader %s: %s", self._config.id, error)

    def _keys(self, at: float) -> Iterator[Heard]:
        line, self._line = self._line, ""
        if self._config.keypad:
            yield from (Key(key=key, at=at) for key in line)


def _grab(device: int) -> None:
    try:
        fcntl.ioctl(device, EVIOCGRAB, 1)
    except OSError as error:
        if error.errno != errno.ENOTTY:  # a pipe that stands for a reader has nobody else to hear
            raise
