"""The MFRC522, which reads cards of 13.56 MHz over SPI; its registers as in its data sheet."""

from collections.abc import Callable
from enum import IntEnum, IntFlag
from functools import reduce
from operator import xor
import time
from typing import Any, Final

from ..reader_config import ReaderConfig
from . import Feedback, Heard, ReaderError, Scan, Technology
from .polling import poll
from .ports import Reset, device_of, open_spi, trouble

HERTZ: Final = 1_000_000


class Register(IntEnum):
    """What the chip is told by, and tells by."""

    COMMAND = 0x01
    COM_IRQ = 0x04
    DIV_IRQ = 0x05
    ERROR = 0x06
    FIFO_DATA = 0x09
    FIFO_LEVEL = 0x0A
    BIT_FRAMING = 0x0D
    MODE = 0x11
    TX_CONTROL = 0x14
    TX_ASK = 0x15
    CRC_HIGH = 0x21
    CRC_LOW = 0x22
    TIMER_MODE = 0x2A
    TIMER_PRESCALER = 0x2B
    TIMER_HIGH = 0x2C
    TIMER_LOW = 0x2D
    VERSION = 0x37


class Irq(IntFlag):
    """What of COM_IRQ and DIV_IRQ counts; 0x80 would set the others instead of clearing them."""

    TIMER = 0x01
    CRC = 0x04
    IDLE = 0x10
    RECEIVED = 0x20
    ALL = 0x7F


IDLE, CALCULATE_CRC, TRANSCEIVE, SOFT_RESET = 0x00, 0x03, 0x0C, 0x0F
FLUSH: Final = 0x80
START: Final = 0x80
ANTENNA: Final = 0x03
# Overflow, collision, parity, protocol.
ERRORS: Final = 0x10 | 0x08 | 0x02 | 0x01
# A tick of 25 microseconds, 200 of them: a card answers within one of these 5 ms. Then: full
# modulation, and the CRC of ISO 14443A.
SET_UP: Final = (
    (Register.TIMER_MODE, 0x80),
    (Register.TIMER_PRESCALER, 0xA9),
    (Register.TIMER_HIGH, 0x00),
    (Register.TIMER_LOW, 0xC8),
    (Register.TX_ASK, 0x40),
    (Register.MODE, 0x3D),
    (Register.TX_CONTROL, 0x80 | ANTENNA),
)

WAKE_UP, WHOLE_BYTE = b"\x52", 0  # also those cards that were told to halt
HALT: Final = b"\x50\x00"
SELECT: Final = (0x93, 0x95, 0x97)  # of the cascade levels: UIDs of 4, 7 and 10 bytes
MORE: Final = 0x88  # the first of four bytes, when the UID goes on in the next level
NOTHING: Final = frozenset({0x00, 0xFF})  # what is read of a chip that is not there
PATIENCE: Final = 0.05  # seconds; the chip's own timer is ten times as fast


class MFRC522Reader:
    """A reader that tells a card again and again as long as it is held there; it has no lamp."""

    def __init__(self, config: ReaderConfig) -> None:
        self._config = config

    async def run(self, online: Callable[[], None], heard: Callable[[Heard], None]) -> None:
        antenna = MFRC522(device_of(self._config), Reset(self._config))
        await poll(antenna, online, heard)

    async def show(self, feedback: Feedback) -> None:
        """Do nothing: the module has neither lamp nor buzzer that could be told."""


class Unreadable(Exception):
    """No card, half a card, or two that speak at once."""


class MFRC522:
    """The chip, and what of ISO 14443-3 a UID needs: wake up, anticollision, select, halt."""

    def __init__(self, device: str, reset: Reset) -> None:
        self._device = device
        self._reset = reset
        self._bus: Any = None
        self._selected = False

    def open(self) -> None:
        self._reset.pulse()
        self._bus = open_spi(self._device, HERTZ)
        try:
            self._check()
            self._set_up()
        except OSError as error:
            raise trouble(self._device, error) from error

    def find(self) -> Scan | None:
        try:
            self._check()
            if self._read(Register.TX_CONTROL) & ANTENNA != ANTENNA:
                self._set_up()  # its power failed for a moment, and it has forgotten everything
            return self._find()
        except Unreadable:
            return None
        except OSError as error:
            raise trouble(self._device, error) from error

    def close(self) -> None:
        if self._bus is not None:
            self._bus.close()
        self._bus = None
        self._reset.close()

    def _check(self) -> None:
        if self._read(Register.VERSION) in NOTHING:
            raise ReaderError(
                f"No MFRC522 answers at {self._device}: check its wires (SDA to CE0 or CE1, SCK, "
                "MOSI, MISO, 3.3 V, RST) and that SPI is switched on."
            )

    def _set_up(self) -> None:
        self._write(Register.COMMAND, SOFT_RESET)
        time.sleep(PATIENCE)
        for register, value in SET_UP:
            self._write(register, value)

    def _find(self) -> Scan:
        if self._selected:
            self._halt()  # one that is selected would not answer
        self._exchange(WAKE_UP, bits=7)
        uid = self._uid()
        self._selected = True
        return Scan(card=uid, technology=Technology.ISO14443A, at=time.monotonic())

    def _uid(self) -> bytes:
        uid = b""
        for level in SELECT:
            part = self._exchange(bytes([level, 0x20]))
            if len(part) != 5 or reduce(xor, part):
                raise Unreadable
            selected = self._exchange(self._with_crc(bytes([level, 0x70]) + part))
            if len(selected) != 3 or self._with_crc(selected[:1]) != selected:
                raise Unreadable
            if part[0] != MORE:
                return uid + part[:4]
            uid += part[1:4]
        raise Unreadable

    def _halt(self) -> None:
        self._selected = False
        try:
            self._exchange(self._with_crc(HALT))
        except Unreadable:
            return  # the card's assent is its silence

    def _exchange(self, sent: bytes, bits: int = WHOLE_BYTE) -> bytes:
        """Send bytes, of the last one only so many bits; return what a card answers."""
        self._begin(sent, Register.COM_IRQ, Irq.ALL)
        self._write(Register.COMMAND, TRANSCEIVE)
        self._write(Register.BIT_FRAMING, START | bits)
        happened = self._wait(Register.COM_IRQ, Irq.RECEIVED | Irq.IDLE | Irq.TIMER)
        self._write(Register.BIT_FRAMING, 0)
        if not happened & (Irq.RECEIVED | Irq.IDLE) or self._read(Register.ERROR) & ERRORS:
            raise Unreadable
        return self._read_fifo(self._read(Register.FIFO_LEVEL))

    def _with_crc(self, content: bytes) -> bytes:
        self._begin(content, Register.DIV_IRQ, Irq.CRC)
        self._write(Register.COMMAND, CALCULATE_CRC)
        self._wait(Register.DIV_IRQ, Irq.CRC)
        self._write(Register.COMMAND, IDLE)
        return content + bytes([self._read(Register.CRC_LOW), self._read(Register.CRC_HIGH)])

    def _begin(self, content: bytes, irqs: Register, cleared: Irq) -> None:
        self._write(Register.COMMAND, IDLE)
        self._write(irqs, cleared)
        self._write(Register.FIFO_LEVEL, FLUSH)
        self._write(Register.FIFO_DATA, *content)

    def _wait(self, register: Register, irqs: Irq) -> int:
        until = time.monotonic() + PATIENCE
        while not (happened := self._read(register) & irqs) and time.monotonic() < until:
            time.sleep(0)
        if not happened:
            raise Unreadable
        return happened

    def _write(self, register: Register, *values: int) -> None:
        self._bus.xfer2([register << 1, *values])

    def _read(self, register: Register) -> int:
        return int(self._bus.xfer2([0x80 | register << 1, 0])[1])

    def _read_fifo(self, count: int) -> bytes:
        address = 0x80 | Register.FIFO_DATA << 1
        return bytes(self._bus.xfer2([address] * count + [0])[1:])
