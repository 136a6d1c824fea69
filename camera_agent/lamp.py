"""Lamps and buzzers: what is shown by switching one line on and off."""

from dataclasses import dataclass

from .hardware import Line


@dataclass(frozen=True, slots=True, kw_only=True)
class Beat:
    """So many seconds on, so many off, so many times; None: until something else is shown."""

    on: float
    off: float = 0.0
    times: int | None = 1

    def at(self, elapsed: float) -> tuple[bool, float | None]:
        """Return whether it is on then, and the seconds until that changes; None: it is over."""
        turn, within = divmod(elapsed, self.on + self.off)
        if self.times is not None and turn >= self.times:
            return False, None
        return within < self.on, (self.on if within < self.on else self.on + self.off) - within


NOTHING = Beat(on=1.0, times=0)


class Lamp:
    """One output; what it plays goes before what stays, and both begin when they are told."""

    def __init__(self, line: Line | None) -> None:
        self._line = line
        self._playing, self._began = NOTHING, 0.0
        self._staying, self._stayed = NOTHING, 0.0
        self._shown: bool | None = None

    def play(self, beat: Beat, now: float) -> None:
        self._playing, self._began = beat, now

    def stay(self, beat: Beat, now: float) -> None:
        """Show this whenever nothing else is played; telling it again changes nothing."""
        if beat is not self._staying:
            self._staying, self._stayed = beat, now

    def tick(self, now: float) -> float | None:
        """Write the line; return the seconds until it changes, None for never. Raises LineError."""
        active, left = self._playing.at(now - self._began)
        if left is None:
            active, left = self._staying.at(now - self._stayed)
        if self._line is not None and active is not self._shown:
            self._shown = None
            self._line.set(active)
            self._shown = active
        return left
