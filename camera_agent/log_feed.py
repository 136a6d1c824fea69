"""The agent's own log for who listens: bounded, without secrets, and never a flood."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
import logging
import re
import secrets
import time
from typing import Final

from .hardware import without_secrets
from .wire import LogLevel

KEPT: Final = 500
NEWEST: Final = 200  # of them for a listener who comes
BATCH: Final = 50
PAUSE: Final = 1.0  # seconds between two batches
MOST: Final = 20  # records a second; what is beyond is only counted
LONGEST: Final = 2000  # characters
BEGINNING: Final = 600  # of a longer text; its end tells what went wrong
GAP: Final = " […] "
LEVELS: Final = (
    (logging.CRITICAL, LogLevel.CRITICAL),
    (logging.ERROR, LogLevel.ERROR),
    (logging.WARNING, LogLevel.WARNING),
    (logging.INFO, LogLevel.INFO),
)
# What follows may be a token or a signature, up to the end of the line.
_CREDENTIALS: Final = re.compile(r"(\bauth=|\bauthorization\b).*", re.IGNORECASE)
_CODE: Final = re.compile(r"\b[0-9A-Z]{4}(?:-[0-9A-Z]{4}){2}\b")  # to pair with
_HIDDEN: Final = "[…]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of the log; seq counts those of this run."""

    seq: int
    at: float
    level: LogLevel
    source: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Some lines of one run of the agent, and how many of that run nobody will ever be told."""

    run: str
    lost: int
    records: tuple[Line, ...]


class LogFeed(logging.Handler):
    """Keeps the newest lines; it is a handler of `logging`, whose lock makes it safe in threads."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self._secret: Callable[[], str | None] = lambda: None
        self._run = secrets.token_hex(6)
        self._lines: deque[Line] = deque(maxlen=KEPT)
        self._formatter = logging.Formatter("%(message)s")
        self._seq = 0
        self._told = 0
        self._lost = 0
        self._second = 0
        self._of_second = 0

    def conceal(self, secret: Callable[[], str | None]) -> None:
        """Tell no line with a secret, which is asked for each time, for the token may change."""
        self._secret = secret

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a line, unless there were too many in its second."""
        if (second := int(time.monotonic())) != self._second:
            self._second, self._of_second = second, 0
        self._of_second += 1
        if self._of_second > MOST:
            self._lost += 1
            return
        self._seq += 1
        self._lines.append(
            Line(
                seq=self._seq,
                at=record.created,
                level=next(word for least, word in LEVELS if record.levelno >= least),
                source=record.name,
                text=self._text(record),
            )
        )

    async def run(self, tell: Callable[[Batch], None]) -> None:
        """Tell what is new once a second, until cancelled."""
        while True:
            await asyncio.sleep(PAUSE)
            if new := self._new():
                self._told = new[-1].seq
                tell(self._batch(new))

    def recent(self) -> Iterator[Batch]:
        """Yield the newest of what was told already, in order."""
        known = [line for line in self._kept() if line.seq <= self._told][-NEWEST:]
        for begin in range(0, len(known), BATCH):
            yield self._batch(known[begin : begin + BATCH])

    def _new(self) -> list[Line]:
        return [line for line in self._kept() if line.seq > self._told][:BATCH]

    def _kept(self) -> list[Line]:
        self.acquire()
        try:
            return list(self._lines)
        finally:
            self.release()

    def _batch(self, lines: list[Line]) -> Batch:
        return Batch(run=self._run, lost=self._lost, records=tuple(lines))

    def _text(self, record: logging.LogRecord) -> str:
        try:
            text = self._formatter.format(record)
        except (TypeError, ValueError, LookupError):
            text = str(record.msg)  # it has other places than arguments
        if secret := self._secret():
            text = text.replace(secret, _HIDDEN)
        text = without_secrets(_CODE.sub(_HIDDEN, _CREDENTIALS.sub(rf"\1{_HIDDEN}", text)))
        if len(text) > LONGEST:
            rest = LONGEST - BEGINNING - len(GAP)
            text = f"{text[:BEGINNING]}{GAP}{text[-rest:]}"
        return text
