"""Records and lines for tests."""

from datetime import UTC, datetime, timedelta
from typing import Any

from custom_components.gatehouse.agent import LogBatch, LogLevel, LogLine
from custom_components.gatehouse.logs import LogRecord

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
PORCH = "9f2c41d07ab3"
RUN = "5f0c9a1e4b7d"


class Clock:
    """Shows what it is set to."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


def record(seq: int, seconds: float = 0, **other: Any) -> LogRecord:
    """Return a record of Porch, so long after noon."""
    return LogRecord(
        **{
            "source": PORCH,
            "run": RUN,
            "seq": seq,
            "at": NOON + timedelta(seconds=seconds),
            "level": LogLevel.INFO,
            "logger": "camera_agent",
            "text": f"Line {seq}",
            **other,
        }
    )


def line(seq: int, text: str = "", **other: Any) -> LogLine:
    """Return a line that was written at noon."""
    fields = {"at": NOON, "level": LogLevel.INFO, "logger": "camera_agent", **other}
    return LogLine(seq=seq, text=text or f"Line {seq}", **fields)


def batch(*numbers: int, run: str = RUN, lost: int = 0) -> LogBatch:
    """Return a batch of such lines."""
    return LogBatch(run=run, lines=tuple(map(line, numbers)), lost=lost)
