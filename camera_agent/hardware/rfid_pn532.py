"""The PN532, which reads cards of 13.56 MHz: over serial, I2C or SPI, as its device says."""

from collections.abc import Callable
import logging
import time
from typing import Final, TypeVar

from ..reader_config import ReaderConfig
from . import Feedback, Heard, ReaderError, Scan, Technology
from .pn532_links import Link, link
from .polling import poll
from .ports import Reset, device_of, trouble

LOGGER: Final = logging.getLogger(__name__)
T = TypeVar("T")

TO_CHIP, FROM_CHIP = 0xD4, 0xD5
FIRMWARE, SAM, RF, LIST = 0x02, 0x14, 0x32, 0x4A
IC: Final = 0x32  # how a PN532 calls itself
NORMAL: Final = b"\x01\x00\x01"  # no security module, no timeout of it, IRQ as usual
# Tries to reach a card: without a limit the chip waits for one, and is silent when it has lost its
# power and when it has not.
FEW_TRIES: Final = b"\x05\xff\x01\x02"
FIELD_OFF: Final = b"\x01\x00"
ONE_OF_TYPE_A: Final = b"\x01\x00"
UID_LENGTHS: Final = frozenset({4, 7, 10})
LONGEST: Final = 64  # bytes of an answer that lists one card
ACK: Final = (0x00, 0xFF)  # in place of a length and its checksum
ACK_BYTES: Final = 6

ANSWERED: Final = 0.2  # seconds; the chip acknowledges within 15 ms, and lists cards in 50 ms
ATTEMPTS: Final = 3


class PN532Reader:
    """A reader that tells a card again and again as long as it is held there; it has no lamp."""

    def __init__(self, config: ReaderConfig) -> None:
        self._config = config

    async def run(self, online: Callable[[], None], heard: Callable[[Heard], None]) -> None:
        antenna = PN532(device_of(self._config), link(self._config), Reset(self._config))
        await poll(antenna, online, heard)

    async def show(self, feedback: Feedback) -> None:
        """Do nothing: the module has neither lamp nor buzzer that could be told."""


class Garbled(Exception):
    """What the chip said cannot be understood."""


class PN532:
    """The chip, asked by the commands of its manual, UM0701-02."""

    def __init__(self, device: str, link: Link, reset: Reset) -> None:
        self._device = device
        self._link = link
        self._reset = reset
        self._selected = False

    def open(self) -> None:
        self._reset.pulse()
        self._link.open()
        self._patiently(self._set_up)

    def find(self) -> Scan | None:
        return self._patiently(self._find)

    def close(self) -> None:
        self._link.close()
        self._reset.close()

    def _set_up(self) -> None:
        self._link.wake()
        self._call(SAM, NORMAL)
        if self._call(FIRMWARE)[:1] != bytes([IC]):
            raise ReaderError(f"{self._device} is another chip than a PN532: correct its kind.")
        self._call(RF, FEW_TRIES)

    def _find(self) -> Scan | None:
        if self._selected:
            # One that has lost its power is found anew; one that is selected would not answer.
            self._call(RF, FIELD_OFF)
            self._selected = False
        # How many, its number, SENS_RES (2), SEL_RES, the length of its UID, its UID, what else.
        answer = self._call(LIST, ONE_OF_TYPE_A)
        at = time.monotonic()
        if answer[:1] == b"\0":
            return None
        uid = answer[6:][: answer[5]] if len(answer) > 5 else b""
        if len(uid) not in UID_LENGTHS:
            raise Garbled
        self._selected = True
        return Scan(card=uid, technology=Technology.ISO14443A, at=at)

    def _patiently(self, work: Callable[[], T]) -> T:
        """Try again after noise on the line and a busy bus; only then the reader is lost."""
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return work()
            except TimeoutError:
                error = ReaderError(
                    f"The PN532 at {self._device} does not answer: check its wires, its power, "
                    "and that its switches choose this kind of connection."
                )
            except Garbled:
                error = ReaderError(
                    f"The PN532 at {self._device} cannot be understood: check its wires and baud."
                )
            except OSError as lost:
                error = trouble(self._device, lost)
            LOGGER.debug("Attempt %d at %s failed", attempt, self._device)
        raise error

    def _call(self, command: int, parameters: bytes = b"") -> bytes:
        """Return what the chip answers to a command."""
        self._link.write(frame(bytes([TO_CHIP, command]) + parameters))
        until = time.monotonic() + ANSWERED
        acknowledged, rest = self._next(b"", ACK_BYTES, until)
        answer, _ = self._next(rest, LONGEST, until)
        if acknowledged or answer[:2] != bytes([FROM_CHIP, command + 1]):
            raise Garbled
        return answer[2:]

    def _next(self, received: bytes, count: int, until: float) -> tuple[bytes, bytes]:
        while True:
            content, received = cut(received)
            if content is not None:
                return content, received
            received += self._link.read(count, max(0.0, until - time.monotonic()))


def frame(content: bytes) -> bytes:
    """Return a normal information frame (6.2.1.1)."""
    sums = -len(content) & 0xFF, -sum(content) & 0xFF
    return b"\0\0\xff" + bytes([len(content), sums[0]]) + content + bytes([sums[1], 0])


def cut(received: bytes) -> tuple[bytes | None, bytes]:
    """Return the content of the first frame, and what follows it; None while it is not whole.

    An ACK has no content. Raises Garbled for a wrong checksum, and for frames nobody asked for:
    NACK and longer ones.
    """
    start = received.find(b"\0\xff") + 2
    if start < 2 or len(received) < start + 2:
        return None, received
    length, check = received[start : start + 2]
    begin, end = start + 2, start + 2 + length
    if (length, check) == ACK:
        return b"", received[begin:]
    if (length + check) & 0xFF:
        raise Garbled
    if len(received) <= end:
        return None, received
    if sum(received[begin : end + 1]) & 0xFF:
        raise Garbled
    return received[begin:end], received[end + 1 :]
