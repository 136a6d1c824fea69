"""The ports and buses that readers are wired to: opened, or a sentence that says why not."""

from dataclasses import replace
import errno
import fcntl
import os
import re
import termios
import time
from typing import Any, Final

from ..reader_config import ReaderConfig
from . import LineError, ReaderError
from .device_file import TROUBLES
from .gpio import GpioLine

# What is missing until somebody switches it on; it is also the name of the group that may use it.
BUSES: Final = {"/dev/i2c": "i2c", "/dev/spi": "spi"}
RESET: Final = 0.01  # seconds; both chips ask for less than a millisecond
STARTING: Final = 0.05  # seconds
SWITCHED_OFF: Final = "{path} is not there: switch {bus} on with raspi-config, and start again."


def device_of(config: ReaderConfig) -> str:
    """Return the path of the reader's port or bus; raises ReaderError when none is configured."""
    if config.device is None:
        raise ReaderError("The reader has no device: give it one in agent.toml.")
    return config.device


def open_serial(device: str, baud: int) -> int:
    """Open a serial port for raw bytes, 8N1, and for this process alone; raises ReaderError.

    Reading it raises BlockingIOError while there is nothing.
    """
    speed = getattr(termios, f"B{baud}", None)
    if speed is None:
        raise ReaderError(f"No serial port knows {baud} baud: correct it in agent.toml.")
    port = open_bus(device)
    try:
        fcntl.ioctl(port, termios.TIOCEXCL)
        control = termios.tcgetattr(port)[6]
        flags = termios.CS8 | termios.CREAD | termios.CLOCAL
        settings = [termios.IGNBRK | termios.IGNPAR, 0, flags, 0, speed, speed, control]
        termios.tcsetattr(port, termios.TCSANOW, settings)
    except (OSError, termios.error) as error:
        os.close(port)
        raise ReaderError(f"{device} is no serial port: correct it in agent.toml.") from error
    return port


def open_bus(device: str) -> int:
    """Open a device that is written and read as a file; raises ReaderError."""
    try:
        return os.open(device, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise trouble(device, error) from error


def open_spi(device: str, hertz: int) -> Any:
    """Open an SPI bus by the name of its file; raises ReaderError."""
    try:
        from spidev import SpiDev
    except ImportError as error:
        raise ReaderError("SPI needs python3-spidev: install it with apt.") from error
    place = re.fullmatch(r"/dev/spidev(\d+)\.(\d+)", device)
    if place is None:
        raise ReaderError(f"{device} is no SPI bus: name one like /dev/spidev0.0 in agent.toml.")
    bus = SpiDev()
    try:
        bus.open(int(place[1]), int(place[2]))
        bus.max_speed_hz, bus.mode = hertz, 0
    except OSError as error:
        raise trouble(device, error) from error
    return bus


def trouble(device: str, error: OSError) -> ReaderError:
    """Return what the owner of a device is to be told."""
    bus = next((name for start, name in BUSES.items() if device.startswith(start)), None)
    plain = f"{{path}} cannot be used: {error.strerror}."
    sentence = TROUBLES.get(error.errno or 0, plain)
    if bus and error.errno == errno.ENOENT:
        sentence = SWITCHED_OFF.replace("{bus}", bus.upper())
    return ReaderError(sentence.format(path=device, group=bus or "dialout"))


class Reset:
    """The reset line of a chip, which is low for a reset; nothing happens when it is not wired."""

    def __init__(self, config: ReaderConfig) -> None:
        self._lines = [GpioLine(replace(line, active_low=True), False) for line in config.lines[:1]]

    def pulse(self) -> None:
        """Reset the chip, and hold it running; raises ReaderError."""
        try:
            for line in self._lines:
                line.set(True)
                time.sleep(RESET)
                line.set(False)
                time.sleep(STARTING)
        except LineError as error:
            raise ReaderError(str(error)) from error

    def close(self) -> None:
        for line in self._lines:
            line.close()
