"""The RDM6300 and its kin: 125 kHz cards that are told over a serial line."""

from collections.abc import Callable
from functools import partial, reduce
from operator import xor
import re
import termios
import time
from typing import Final

from ..reader_config import ReaderConfig
from . import Feedback, Heard, Scan, Technology
from .device_file import opened, read, watch
from .ports import open_serial

BAUD: Final = 9600
CHUNK: Final = 256  # bytes; a frame has 14

# STX, five bytes in hex, their XOR in hex, ETX; the ID-12 family ends the line before its ETX.
FRAME: Final = re.compile(rb"\x02([0-9A-Fa-f]{10})([0-9A-Fa-f]{2})(?:\r\n)?\x03")
LONGEST: Final = 16


class RDM6300Reader:
    """A reader that repeats its card as long as it is held there; it has no lamp."""

    def __init__(self, config: ReaderConfig) -> None:
        self._config = config

    async def run(self, online: Callable[[], None], heard: Callable[[Heard], None]) -> None:
        frames = Frames()

        def take(data: bytes) -> None:
            at = time.monotonic()
            for card in frames.feed(data):
                heard(Scan(card=card, technology=Technology.EM4100, at=at))

        open_port = partial(open_serial, baud=self._config.baud or BAUD)
        with opened(self._config.device, "dialout", open_port) as port:
            _forget(port)
            online()
            await watch(port, partial(read, port, CHUNK), take)

    async def show(self, feedback: Feedback) -> None:
        """Do nothing: the module has neither lamp nor buzzer that could be told."""


class Frames:
    """Finds the cards in what comes over the line, whatever else comes and however it is cut."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[bytes]:
        """Return the cards whose last byte is in this piece."""
        text = self._rest + data
        cards, end = [], 0
        for frame in FRAME.finditer(text):
            card, end = bytes.fromhex(frame[1].decode()), frame.end()
            if reduce(xor, card) == int(frame[2], 16):
                cards.append(card)
        self._rest = text[end:][1 - LONGEST :]
        return cards


def _forget(port: int) -> None:
    """Drop what was said while nobody listened: it shall open no door now."""
    try:
        termios.tcflush(port, termios.TCIFLUSH)
    except termios.error as error:
        raise OSError(*error.args) from error
