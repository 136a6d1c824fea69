"""An agent's own log, line by line."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
import re
from typing import Any, Final

from .decoding import HIGHEST, moment
from .wire import LogLevel

# What names a run is in the keys of rows and pages.
_RUN: Final = re.compile(r"[\w-]{1,40}")
_LONGEST: Final = 4000  # characters; an agent tells half of that


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLine:
    """One line of a log; seq counts those of one run."""

    seq: int
    at: datetime
    """By the clock of whoever wrote it."""
    level: LogLevel
    logger: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LogBatch:
    """Some lines of one run, and how many of that run nobody will ever be told."""

    run: str
    lines: tuple[LogLine, ...]
    lost: int = 0


def parse_logs(body: Mapping[str, Any]) -> LogBatch:
    """Return what an agent wrote into its log; a level that is new to us is not a bad one."""
    run = str(body["run"])
    if not _RUN.fullmatch(run):
        raise ValueError(f"{run[:40]!r} names no run of a program")
    return LogBatch(
        run=run,
        lines=tuple(_line(record) for record in body["records"]),
        lost=_counted(body.get("lost", 0)),
    )


def _line(record: Mapping[str, Any]) -> LogLine:
    known = record["level"] in LogLevel
    return LogLine(
        seq=_counted(record["seq"]),
        at=moment(record["at"]),
        level=LogLevel(record["level"]) if known else LogLevel.INFO,
        logger=str(record["source"])[:_LONGEST],
        text=str(record["text"])[:_LONGEST],
    )


def _counted(number: Any) -> int:
    if not 0 <= int(number) < HIGHEST:
        raise ValueError(f"{number!r} counts nothing")
    return int(number)
