"""A GPIO chip that the kernel plays (gpio-sim), and the hand that moves its wires."""

from itertools import count
import os
from pathlib import Path

CONFIGFS = Path("/sys/kernel/config/gpio-sim")
PLATFORM = Path("/sys/devices/platform")
NUMBERS = count()


class Chip:
    """There from when it is made until it is unplugged; nothing pulls at its lines but we."""

    def __init__(self, label: str, lines: int = 32) -> None:
        self._config = CONFIGFS / f"chip{next(NUMBERS)}"
        self._bank = self._config / "bank0"
        self._bank.mkdir(parents=True)
        (self._bank / "num_lines").write_text(f"{lines}\n")
        (self._bank / "label").write_text(f"{label}\n")
        (self._config / "live").write_text("1\n")
        name = (self._bank / "chip_name").read_text().strip()
        self._wires = PLATFORM / (self._config / "dev_name").read_text().strip() / name
        self.device = f"/dev/{name}"

    def is_high(self, line: int) -> bool:
        return (self._wires / f"sim_gpio{line}" / "value").read_text() == "1\n"

    def pull(self, line: int, high: bool) -> None:
        """Pull at a wire, as a contact does; who drives the line is stronger."""
        (self._wires / f"sim_gpio{line}" / "pull").write_text("pull-up" if high else "pull-down")

    def wire(self, line: int) -> int:
        """Open what pulls at a wire, for a hand that is quick."""
        return os.open(self._wires / f"sim_gpio{line}" / "pull", os.O_WRONLY)

    def unplug(self) -> None:
        if self._config.is_dir():
            (self._config / "live").write_text("0\n")
            self._bank.rmdir()
            self._config.rmdir()
