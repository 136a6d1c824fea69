"""The three ways a PN532 is wired: serial (HSU), I2C, SPI. Each carries frames, and knows none."""

import fcntl
import os
import select
import termios
import time
from typing import Any, Final, Protocol

from ..reader_config import ReaderConfig
from . import device_file
from .ports import device_of, open_bus, open_serial, open_spi, trouble

BAUD: Final = 115200  # what the chip starts with
I2C_SLAVE: Final = 0x0703  # linux/i2c-dev.h
ADDRESS: Final = 0x24
SPI_HZ: Final = 1_000_000
SPI_WRITE, SPI_STATUS, SPI_READ = 1, 2, 3
READY: Final = 1
AGAIN: Final = 0.002  # seconds until a chip that is not ready is asked again
# The chip sends the lowest bit first, which the SPI controller of a Raspberry Pi cannot.
MIRRORED: Final = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
# The first byte wakes the chip, the rest is the time it takes.
WAKE: Final = b"\x55\x55" + bytes(14)
WAKING_US: Final = 5000


class Link(Protocol):
    """Carries bytes to and from the chip; all but the opening raises OSError."""

    def open(self) -> None:
        """Raise ReaderError when it cannot be opened."""
        ...

    def wake(self) -> None:
        """Wake a chip that may sleep."""
        ...

    def write(self, frame: bytes) -> None:
        """Send a frame, and forget what was not read."""
        ...

    def read(self, count: int, seconds: float) -> bytes:
        """Return what the chip says, about so many bytes; raises TimeoutError when it is silent."""
        ...

    def close(self) -> None:
        """Close it, if it is open."""
        ...


def link(config: ReaderConfig) -> Link:
    """Return the link that the name of the device means; nothing is opened yet."""
    device = device_of(config)
    if device.startswith("/dev/i2c"):
        return I2C(device, config.address or ADDRESS)
    if device.startswith("/dev/spi"):
        return SPI(device)
    return Serial(device, config.baud or BAUD)


class Serial:
    """A stream: a frame may come in pieces, and two frames at once."""

    def __init__(self, device: str, baud: int) -> None:
        self._device, self._baud = device, baud
        self._port = -1

    def open(self) -> None:
        self._port = open_serial(self._device, self._baud)

    def wake(self) -> None:
        os.write(self._port, WAKE)

    def write(self, frame: bytes) -> None:
        try:
            termios.tcflush(self._port, termios.TCIFLUSH)
        except termios.error as error:
            raise OSError(*error.args) from error
        os.write(self._port, frame)

    def read(self, count: int, seconds: float) -> bytes:
        if not select.select([self._port], [], [], seconds)[0]:
            raise TimeoutError
        return device_file.read(self._port, count)

    def close(self) -> None:
        if self._port >= 0:
            os.close(self._port)
        self._port = -1


class I2C:
    """Each read begins with a byte that says whether there is anything to read."""

    def __init__(self, device: str, address: int) -> None:
        self._device, self._address = device, address
        self._bus = -1

    def open(self) -> None:
        self._bus = open_bus(self._device)
        try:
            fcntl.ioctl(self._bus, I2C_SLAVE, self._address)
        except OSError as error:
            raise trouble(self._device, error) from error

    def wake(self) -> None:
        try:
            os.write(self._bus, b"\0")
        except OSError:
            time.sleep(WAKING_US / 1e6)  # its address wakes it, but it does not acknowledge that

    def write(self, frame: bytes) -> None:
        os.write(self._bus, frame)

    def read(self, count: int, seconds: float) -> bytes:
        until = time.monotonic() + seconds
        while not self._ready():
            if time.monotonic() > until:
                raise TimeoutError
            time.sleep(AGAIN)
        return os.read(self._bus, 1 + count)[1:]

    def close(self) -> None:
        if self._bus >= 0:
            os.close(self._bus)
        self._bus = -1

    def _ready(self) -> bool:
        try:
            return os.read(self._bus, 1)[0] == READY
        except OSError:
            return False  # busy chips do not always acknowledge


class SPI:
    """The first byte says what follows; a status is asked for before each read."""

    def __init__(self, device: str) -> None:
        self._device = device
        self._bus: Any = None

    def open(self) -> None:
        self._bus = open_spi(self._device, SPI_HZ)

    def wake(self) -> None:
        self._bus.xfer2([0], SPI_HZ, WAKING_US)

    def write(self, frame: bytes) -> None:
        self._exchange(bytes([SPI_WRITE]) + frame)

    def read(self, count: int, seconds: float) -> bytes:
        until = time.monotonic() + seconds
        while self._exchange(bytes([SPI_STATUS, 0]))[1] != READY:
            if time.monotonic() > until:
                raise TimeoutError
            time.sleep(AGAIN)
        return self._exchange(bytes([SPI_READ]) + bytes(count))[1:]

    def close(self) -> None:
        if self._bus is not None:
            self._bus.close()
        self._bus = None

    def _exchange(self, sent: bytes) -> bytes:
        return bytes(self._bus.xfer2(list(sent.translate(MIRRORED)))).translate(MIRRORED)
