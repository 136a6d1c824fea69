"""What Gatehouse itself writes into Home Assistant's log."""

from collections import deque
from datetime import UTC, datetime
import logging
import secrets
from typing import Final, override

from ..agent import LogBatch, LogLevel, LogLine

KEPT: Final = 500  # between two looks, which are a second apart

LEVELS: Final = (
    (logging.CRITICAL, LogLevel.CRITICAL),
    (logging.ERROR, LogLevel.ERROR),
    (logging.WARNING, LogLevel.WARNING),
    (logging.INFO, LogLevel.INFO),
)


class SiteLog(logging.Handler):
    """Holds the newest lines; it is a handler of `logging`, whose lock makes it safe in threads."""

    def __init__(self) -> None:
        """Nothing is heard before it is given to a logger."""
        super().__init__(logging.INFO)
        self._run = secrets.token_hex(6)
        self._lines: deque[LogLine] = deque()
        self._format = logging.Formatter("%(message)s").format
        self._seq = 0
        self._lost = 0

    @override
    def emit(self, record: logging.LogRecord) -> None:
        """Hold a line; the oldest goes for it when there are too many."""
        self._seq += 1
        self._lines.append(
            LogLine(
                seq=self._seq,
                at=datetime.fromtimestamp(record.created, UTC),
                level=next(level for least, level in LEVELS if record.levelno >= least),
                logger=record.name,
                text=self._text(record),
            )
        )
        if len(self._lines) > KEPT:
            self._lines.popleft()
            self._lost += 1

    def take(self) -> LogBatch:
        """Return what is held, and hold it no longer."""
        self.acquire()
        try:
            lines, self._lines = tuple(self._lines), deque()
            return LogBatch(run=self._run, lines=lines, lost=self._lost)
        finally:
            self.release()

    def _text(self, record: logging.LogRecord) -> str:
        try:
            return self._format(record)
        except TypeError, ValueError, LookupError:
            return str(record.msg)  # it has other places than arguments
