"""How Home Assistant's threads end in a test."""

from typing import Final

from homeassistant.util import executor

PATIENCE: Final = 100  # seconds, for all of them together


def let_threads_end() -> None:
    """Give each thread a second to end, where it has a tenth.

    A busy machine may let one wait for longer; it is killed then, and those that it should have
    told to end wait for ever.
    """
    executor.EXECUTOR_SHUTDOWN_TIMEOUT = PATIENCE
