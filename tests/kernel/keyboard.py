"""A keyboard that the kernel plays (uinput), typing as a reader does."""

import asyncio
from collections.abc import Iterator
from contextlib import closing, contextmanager
import os
from pathlib import Path
import struct

from evdev import InputDevice, UInput, ecodes

CODES = {
    **dict(zip("1234567890", range(ecodes.KEY_1, ecodes.KEY_0 + 1), strict=True)),
    **{letter: ecodes.ecodes[f"KEY_{letter}"] for letter in "ABCDEF"},
    "#": ecodes.KEY_ENTER,
}
SCAN_CODE = 458782


class Keyboard:
    """Plugged in where udev would put its link: the number of its device may be another one."""

    def __init__(self, link: Path) -> None:
        self.link = link
        self.plug()

    def plug(self) -> None:
        keys = {ecodes.EV_KEY: list(CODES.values()), ecodes.EV_MSC: [ecodes.MSC_SCAN]}
        self._device = UInput(keys, name="Sycreader RFID Technology")
        self.link.symlink_to(self._device.device.path)

    def unplug(self) -> None:
        self.link.unlink()
        self._device.close()

    async def type(self, text: str, pause: float = 0.0) -> None:
        """Type while others may read it: the kernel keeps hardly more than ten keys for them."""
        for character in text:
            self.dump(character)
            await asyncio.sleep(pause)

    def dump(self, text: str) -> None:
        """Press and release keys in one moment, # for Enter; with scan codes, as real ones do."""
        os.write(self._device.fd, b"".join(_stroke(CODES[character]) for character in text))

    @contextmanager
    def heard_by_another(self) -> Iterator[InputDevice]:
        """Open it as any other program would."""
        with closing(InputDevice(str(self.link))) as device:
            yield device


def _stroke(code: int) -> bytes:
    report = (ecodes.EV_SYN, ecodes.SYN_REPORT, 0)
    scan = (ecodes.EV_MSC, ecodes.MSC_SCAN, SCAN_CODE)
    down, up = (ecodes.EV_KEY, code, 1), (ecodes.EV_KEY, code, 0)
    events = (scan, down, report, scan, up, report)
    return b"".join(struct.pack("llHHi", 0, 0, *event) for event in events)
