"""The keys that are pressed at one reader, until they are a PIN."""

from typing import Final

LONGEST: Final = 10  # digits of a PIN
SHORTEST: Final = 4


class Keypad:
    """Gathers digits; # ends them, * takes them back, and so does a long pause."""

    def __init__(self, patience: float) -> None:
        """Patience is how long a pause may be, in seconds."""
        self._patience = patience
        self._digits = ""
        self._last = 0.0

    def press(self, key: str, at: float) -> str | None:
        """Return what was typed when a key ends it, of whatever length; None until then."""
        if at - self._last > self._patience:
            self._digits = ""
        self._last = at
        if key == "#":
            typed, self._digits = self._digits, ""
            return typed or None
        if key == "*":
            self._digits = ""
        elif len(self._digits) <= LONGEST:
            self._digits += key
        return None

    def clear(self) -> None:
        """Forget what was typed."""
        self._digits = ""


def is_pin(typed: str) -> bool:
    """Whether what was typed can be a PIN at all."""
    return SHORTEST <= len(typed) <= LONGEST
