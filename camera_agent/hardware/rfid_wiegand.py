"""Readers on two lines: a pulse on D0 is a zero, one on D1 a one, and a pause ends the card."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
import errno
import logging
from operator import itemgetter
from typing import Any, Final

from ..line_config import LineConfig
from ..reader_config import ReaderConfig
from . import Feedback, Heard, Key, ReaderError, Scan, Technology
from .deadman import chip_of
from .device_file import watch

LOGGER: Final = logging.getLogger(__name__)

GAP: Final = 0.025  # seconds; the bits of a card are 3 ms apart at most, two cards much more
WITH_PARITY: Final = frozenset({26, 34})  # even over the first half, odd over the second
SHORTEST: Final = 24  # bits of a card; less is noise
LONGEST: Final = 128
KEYS: Final = "0123456789*#"
BUFFER: Final = 256  # edges that the kernel keeps while the agent is busy
CONSUMER: Final = "gatehouse"  # how others are told by the kernel who holds the lines
TROUBLES: Final = {
    errno.EACCES: "may not be used: add the agent's user to the group gpio.",
    errno.ENOENT: "are not there: name their chip in agent.toml; gpiodetect lists them by label.",
    errno.EBUSY: "are in use: end the other program, which gpioinfo names.",
}


class WiegandReader:
    """A reader on D0 and D1; its lamp and its buzzer, if they are wired, are its door's."""

    def __init__(self, config: ReaderConfig) -> None:
        self._config = config

    async def run(self, online: Callable[[], None], heard: Callable[[Heard], None]) -> None:
        loop = asyncio.get_running_loop()
        bits = Bits(self._config, heard)
        pause = loop.call_soon(bits.end)

        def take(edges: list[Any]) -> None:
            nonlocal pause
            pause.cancel()
            for edge in edges:
                bits.pulse(lines.index(edge.line_offset), edge.timestamp_ns / 1e9)
            pause = loop.call_at(bits.complete, bits.end)

        lines = [line.line for line in self._config.lines]
        with _requested(self._config) as request:
            online()
            try:
                await watch(request.fd, request.read_edge_events, take)
            finally:
                pause.cancel()

    async def show(self, feedback: Feedback) -> None:
        """Do nothing: two lines go one way only."""


class Bits:
    """Makes cards and keys of pulses, by the moments at which the kernel saw them."""

    def __init__(self, config: ReaderConfig, heard: Callable[[Heard], None]) -> None:
        self._config = config
        self._heard = heard
        self._pulses: list[tuple[float, int]] = []
        self.complete = 0.0
        """When the bits so far are all, unless there is another; by the monotonic clock."""

    def pulse(self, bit: int, at: float) -> None:
        """Take a bit; one after a pause begins anew.

        The kernel hears each line by a thread of its own: what came first may be told second.
        """
        if at >= self.complete:
            self.end()
        if len(self._pulses) <= LONGEST:
            self._pulses.append((at, bit))
        self.complete = max(self.complete, at + GAP)

    def end(self) -> None:
        """Tell what the bits so far mean, which are all."""
        pulses, self._pulses = sorted(self._pulses, key=itemgetter(0)), []
        bits = "".join(str(bit) for _, bit in pulses)
        if len(bits) in (4, 8):
            self._end_of_key(bits)
        elif len(bits) in WITH_PARITY and not _has_parity(bits):
            LOGGER.warning(
                "Reader %s: a card with a wrong parity; are D0 and D1 swapped?", self._config.id
            )
        elif SHORTEST <= len(bits) <= LONGEST:
            card = payload(bits)
            self._heard(Scan(card=card, technology=Technology.WIEGAND, at=self.complete))

    def _end_of_key(self, bits: str) -> None:
        key = pressed(bits)
        if key and self._config.keypad:
            self._heard(Key(key=key, at=self.complete))


def payload(bits: str) -> bytes:
    """Return a card's bits without their parity, right-aligned in whole bytes."""
    bits = bits[1:-1] if len(bits) in WITH_PARITY else bits
    return int(bits, 2).to_bytes((len(bits) + 7) // 8, "big")


def pressed(bits: str) -> str | None:
    """Return the key of four bits, or of eight that begin with the opposite of the others."""
    key = int(bits[-4:], 2)
    is_whole = len(bits) == 4 or int(bits[:4], 2) == key ^ 0b1111
    return KEYS[key] if is_whole and key < len(KEYS) else None


def _has_parity(bits: str) -> bool:
    half = len(bits) // 2
    return bits[:half].count("1") % 2 == 0 and bits[half:].count("1") % 2 == 1


@contextmanager
def _requested(config: ReaderConfig) -> Iterator[Any]:
    """Ask for the pulses of both lines in their order; an OSError becomes a ReaderError."""
    names = " and ".join(str(line.line) for line in config.lines)
    if len({line.chip for line in config.lines}) > 1:
        raise ReaderError(f"D0 and D1 ({names}) are of two chips: wire both to the same one.")
    try:
        with _request(config.lines) as request:
            yield request
    except OSError as error:
        plain = f"cannot be used: {error.strerror}."
        raise ReaderError(f"The lines {names} {TROUBLES.get(error.errno or 0, plain)}") from error


def _request(lines: Sequence[LineConfig]) -> Any:
    """Ask the kernel for falling edges, undebounced: a pulse lasts 50 microseconds."""
    try:
        import gpiod
        from gpiod.line import Bias, Direction, Edge
    except ImportError as error:
        sentence = "libgpiod 2 for Python is missing: install python3-libgpiod, or gpiod by pip."
        raise ReaderError(sentence) from error
    settings = {
        line.line: gpiod.LineSettings(
            direction=Direction.INPUT,
            edge_detection=Edge.FALLING,
            bias=Bias.PULL_UP,
            active_low=line.active_low,
        )
        for line in lines
    }
    chip = chip_of(lines[0].chip)
    try:
        return gpiod.request_lines(
            chip, consumer=CONSUMER, event_buffer_size=BUFFER, config=settings
        )
    except ValueError as error:
        raise ReaderError(
            "The chip has not that many lines: correct them in agent.toml."
        ) from error
