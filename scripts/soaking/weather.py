"""What the machine does to a program: its clock jumps and its disk is slow, without any privilege.

A small library (weather.c) is loaded into the program before all others, and looks at a file.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
import shutil
import struct
import subprocess
from typing import Final

SOURCE: Final = Path(__file__).with_suffix(".c")
SHAPE: Final = "ddd"
CALM: Final = (0.0, 0.0, 0.0)

# A memory card that is written to by others too.
SYNC_S: Final = 0.7
WRITE_S: Final = 0.01


def compiler() -> str | None:
    """Return the machine's C compiler, None if it has none."""
    return shutil.which("cc")


def build(library: Path) -> None:
    """Make the library that programs are started with."""
    how = [compiler() or "cc", "-shared", "-fPIC", "-O2"]
    subprocess.run([*how, "-o", library, SOURCE, "-ldl"], check=True)  # noqa: S603 - our own source


class Weather:
    """The clock and the disk of one program, over all its lives."""

    def __init__(self, library: Path, file: Path) -> None:
        """Let it be calm; without a library nothing else can be had."""
        self._library = library
        self._file = file
        file.write_bytes(struct.pack(SHAPE, *CALM))

    def environment(self) -> list[str]:
        """Return what a program is to be started with."""
        if not self._library.exists():
            return []
        return [f"LD_PRELOAD={self._library}", f"SOAK_WEATHER={self._file}"]

    @contextmanager
    def jumped(self, seconds: float) -> Iterator[None]:
        """Let the clock be ahead meanwhile, or behind."""
        self._set(seconds, 0.0, 0.0)
        try:
            yield
        finally:
            self._set(*CALM)

    @contextmanager
    def slowed(self) -> Iterator[None]:
        """Let the disk be slow meanwhile."""
        self._set(0.0, SYNC_S, WRITE_S)
        try:
            yield
        finally:
            self._set(*CALM)

    def _set(self, *weather: float) -> None:
        # In place, as the program has it mapped.
        with self._file.open("r+b") as file:
            file.write(struct.pack(SHAPE, *weather))
