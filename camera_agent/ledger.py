"""What the agent remembers of the time in which nobody listened: readings, and what was lost."""

from collections import deque
from dataclasses import dataclass
import json
import logging
import os
from pathlib import Path
from threading import Lock
from typing import Any, Final, TypeAlias

LOGGER = logging.getLogger(__name__)

MOST_READINGS: Final = 7 * 24 * 60  # seven days of one a minute
# So many more may be in the file, so that it is not written anew for each.
SLACK: Final = 60

Reading: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Spooled:
    """How much waits for somebody who listens, and how many clips nobody will ever fetch."""

    clips: int
    bytes: int
    lost: int
    readings: int


class Ledger:
    """Two small files, which survive a kill and may hold anything; blocks, for any thread."""

    def __init__(self, folder: Path) -> None:
        """Read what is there, and mend it; raises OSError if the folder cannot be made."""
        folder.mkdir(parents=True, exist_ok=True)
        self._readings_file = folder / "readings.jsonl"
        self._lost_file = folder / "lost.json"
        self._lock = Lock()
        self.lost = _lost(self._lost_file)
        self.readings = 0
        try:
            self._keep(self._read())
        except OSError as error:
            LOGGER.error("The readings of %s cannot be used: %s", self._readings_file, error)

    def lose(self) -> None:
        """Count a clip that nobody will ever fetch, at least until the agent ends."""
        with self._lock:
            self.lost += 1
            try:
                _replace(self._lost_file, json.dumps({"lost": self.lost}))
            except OSError as error:
                LOGGER.error("That a clip was lost cannot be noted: %s", error)

    def note(self, reading: Reading) -> None:
        """Keep a reading if the disk takes it; the oldest goes when there are too many."""
        with self._lock:
            try:
                with self._readings_file.open("a", encoding="utf-8") as file:
                    file.write(f"{json.dumps(reading)}\n")
                self.readings += 1
                if self.readings > MOST_READINGS + SLACK:
                    self._keep(self._read())
            except OSError as error:
                LOGGER.error("A reading cannot be kept: %s", error)

    def read(self) -> list[Reading]:
        """Return all readings, oldest first; raises OSError."""
        with self._lock:
            return self._read()

    def forget(self, until: float) -> None:
        """Forget the readings up to a moment; raises OSError."""
        with self._lock:
            self._keep([one for one in self._read() if one["at"] > until])

    def _read(self) -> list[Reading]:
        """Return what makes sense; a power cut leaves half a line, or zeros."""
        try:
            with self._readings_file.open(encoding="utf-8", errors="replace") as file:
                found = deque((one for line in file if (one := _reading(line))), MOST_READINGS)
        except FileNotFoundError:
            return []
        return sorted(found, key=lambda one: float(one["at"]))

    def _keep(self, readings: list[Reading]) -> None:
        self.readings = len(readings)
        if readings:
            _replace(self._readings_file, "".join(f"{json.dumps(one)}\n" for one in readings))
        else:
            self._readings_file.unlink(missing_ok=True)


def _reading(line: str) -> Reading | None:
    try:
        reading = json.loads(line)
    except (ValueError, RecursionError):
        return None
    is_one = isinstance(reading, dict) and isinstance(reading.get("at"), int | float)
    return reading if is_one else None


def _lost(path: Path) -> int:
    try:
        lost = json.loads(path.read_text(encoding="utf-8"))["lost"]
    except FileNotFoundError:
        return 0
    except (OSError, ValueError, TypeError, LookupError) as error:
        LOGGER.warning("%s does not tell what was lost, counting anew: %s", path, error)
        return 0
    return lost if isinstance(lost, int) else 0


def _replace(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    draft = path.with_suffix(".draft")
    with draft.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
