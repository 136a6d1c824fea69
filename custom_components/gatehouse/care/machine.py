"""The machine that Home Assistant runs on, looked at as an agent looks at its own."""

from dataclasses import asdict
from pathlib import Path

from ..agent import AgentStats, stats_of
from .gauges import Gauges
from .nvidia import Gpus


class OwnMachine:
    """This machine; what is on the disk that counts is data, root is where /proc and /sys are."""

    def __init__(self, data: Path, root: Path = Path("/")) -> None:
        """Look at nothing yet."""
        self._gauges = Gauges(data, root)
        self._gpus = Gpus()

    def read(self) -> AgentStats:
        """Look at everything now; blocks.

        The processor and the network are averages since the last look, and unknown at the first.
        """
        gpus = [asdict(gpu) for gpu in self._gpus()]
        return stats_of(asdict(self._gauges.read()) | {"gpus": gpus})
