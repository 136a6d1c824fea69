"""How often somebody asks for what does not exist."""

from collections import Counter
from collections.abc import Callable
import time
from typing import Final

MINUTE: Final = 60.0
GUESSES_A_MINUTE: Final = 30

# Who has a network of addresses is one all the same.
MOST_ADDRESSES: Final = 1000


class Guesses:
    """How many wrong links an address has asked for within a minute."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Measure minutes by this clock of seconds."""
        self._clock = clock
        self._began = clock()
        self._wrong: Counter[str | None] = Counter()
        self._right = set[str]()

    def are_too_many(self, address: str | None, token: str) -> bool:
        """Whether this address may not ask for this link now.

        A link that was right before is not stopped by who guesses behind the same proxy.
        """
        if self._clock() - self._began >= MINUTE:
            self._began = self._clock()
            self._wrong.clear()
        is_one = self._wrong.get(address, 0) >= GUESSES_A_MINUTE
        are_all = len(self._wrong) >= MOST_ADDRESSES
        return (is_one or are_all) and token not in self._right

    def was_wrong(self, address: str | None) -> None:
        """Count a link that does not exist."""
        self._wrong[address] += 1

    def was_right(self, token: str) -> None:
        """Keep that a link exists."""
        self._right.add(token)
