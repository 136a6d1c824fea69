"""What records cameras: an agent on a Pi, or we ourselves for a camera that has none."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Protocol

from ..agent import Recording


class Recorder(Protocol):
    """Records cameras and keeps what it recorded until it is fetched; times are on its own clock.

    What it cannot do it tells by AgentError or FootageError.
    """

    @property
    def now(self) -> datetime:
        """What its clock shows now, as far as anybody knows."""

    async def start(self, camera: str, since: datetime, until: datetime) -> Recording:
        """Record from a moment, which may lie in the near past, to another."""

    async def extend(self, camera: str, recording: str, until: datetime) -> Recording:
        """Let a running recording end at another time, or at once if that has passed.

        Raises AgentRefused with RECORDING_OVER if it has ended.
        """

    async def list(self, camera: str) -> tuple[Recording, ...]:
        """Return all recordings of a camera that are there."""

    async def fetch(
        self, camera: str, recording: str, into: Path, sha256: str | None = None
    ) -> None:
        """Write the MP4 of a complete recording to a file, going on where a cut fetch ended.

        An OSError of the file itself comes through.
        """

    async def delete(self, camera: str, recording: str) -> None:
        """Remove a recording; a running one is stopped first."""


type Recorders = Callable[[str], tuple[Recorder, str] | None]
"""Gives what records a camera, and the camera's name there; None while nobody is known to."""
