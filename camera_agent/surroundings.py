"""What the sensors of this machine measure, looked at by a thread that may be slow."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
import logging
from typing import Final

from .hardware.own_thread import OwnThread
from .hardware.probes import Probe

LOGGER = logging.getLogger(__name__)

LOOKED: Final = 30.0  # seconds between two looks; surroundings change slowly
PATIENCE: Final = 20.0  # seconds; a dozen 1-Wire thermometers take ten, one after the other


class Surroundings:
    """The newest values; nobody waits for them."""

    def __init__(self, read: Callable[[], list[Probe]], patience: float = PATIENCE) -> None:
        """Read looks at all sensors, and blocks."""
        self._read = read
        self._patience = patience
        self.probes: list[Probe] = []

    async def run(self) -> None:
        """Look at the sensors until cancelled; one that hangs leaves all without a value."""
        with OwnThread("probes") as thread:
            while True:
                look = asyncio.create_task(thread.call(self._read), name="probes")
                try:
                    await asyncio.wait({look}, timeout=self._patience)
                    if not look.done():
                        self._lose()
                    self.probes = await look
                finally:
                    look.cancel()
                await asyncio.sleep(LOOKED)

    def _lose(self) -> None:
        LOGGER.warning("The sensors take longer than %g s to be read", self._patience)
        self.probes = [replace(probe, value=None) for probe in self.probes]
