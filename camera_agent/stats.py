"""How the machine is doing, out of /proc and /sys; what cannot be read is None, and only that."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
import fcntl
from pathlib import Path
import struct
from typing import Final

from .clock import is_synchronised
from .gauges import Gauged, Gauges, attempt
from .hardware.nvidia import Gpu, Gpus

# linux/include/soc/bcm2835/raspberrypi-firmware.h, and the request that takes a pointer.
_GET_THROTTLED: Final = 0x00030046
_MAILBOX_REQUEST: Final = 0xC0006400 | struct.calcsize("P") << 16
_ANSWERED: Final = 0x80000000
_UNDER_VOLTAGE: Final = 0b0001
_THROTTLED: Final = 0b1110  # frequency capped, throttled, soft temperature limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Stats(Gauged):
    """One look at the machine, in the words of the wire."""

    under_voltage: bool | None
    throttled: bool | None
    cma_free_bytes: int | None
    clock_synchronised: bool | None
    gpus: tuple[Gpu, ...]


def mailbox(device: Path) -> int:
    """Return what the Raspberry Pi's firmware says of its power, as bits; raises OSError."""
    message = bytearray(struct.pack("<7I", 28, 0, _GET_THROTTLED, 4, 0, 0, 0))
    with device.open("rb", buffering=0) as firmware:
        fcntl.ioctl(firmware, _MAILBOX_REQUEST, message)
    _, answer, _, _, _, bits, _ = struct.unpack("<7I", message)
    if answer != _ANSWERED:
        raise OSError(f"the firmware answered {answer:#x}")
    return int(bits)


class Machine:
    """This machine; root is where its /proc, /sys and /dev are."""

    def __init__(
        self,
        data: Path,
        root: Path = Path("/"),
        firmware: Callable[[Path], int] = mailbox,
        gpus: Callable[[], tuple[Gpu, ...]] | None = None,
        is_synchronised: Callable[[], bool | None] = is_synchronised,
    ) -> None:
        self._root = root
        self._gauges = Gauges(data, root)
        self._firmware = firmware
        self._gpus = gpus or Gpus()
        self._is_synchronised = is_synchronised

    @property
    def model(self) -> str | None:
        """What the machine is sold as, if it says so."""
        path = self._root / "proc/device-tree/model"
        return attempt(lambda: path.read_text(encoding="utf-8").rstrip("\0\n")) or None

    def read(self) -> Stats:
        """Look at everything now, as at the gauges; blocks."""
        bits = attempt(lambda: self._firmware(self._root / "dev/vcio"))
        if bits is None:
            under_voltage = attempt(self._voltage_alarm)
        else:
            under_voltage = bool(bits & _UNDER_VOLTAGE)
        return Stats(
            **asdict(self._gauges.read()),
            under_voltage=under_voltage,
            throttled=None if bits is None else bool(bits & _THROTTLED),
            cma_free_bytes=attempt(lambda: self._gauges.memory_bytes("CmaFree:")),
            clock_synchronised=self._is_synchronised(),
            gpus=self._gpus(),
        )

    def _voltage_alarm(self) -> bool:
        for hwmon in (self._root / "sys/class/hwmon").glob("hwmon*"):
            if (hwmon / "name").read_text(encoding="ascii").strip() == "rpi_volt":
                return (hwmon / "in0_lcrit_alarm").read_text(encoding="ascii").strip() == "1"
        raise LookupError("no rpi_volt")
