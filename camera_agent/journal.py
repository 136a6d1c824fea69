"""What happened at the doors, numbered, until somebody else has it."""

from array import array
from bisect import bisect_right
from dataclasses import replace
import json
import logging
from pathlib import Path
import secrets
from threading import Lock
from typing import Any, Final, TypeAlias

from .errors import Refused
from .log_file import LogFile
from .passages import Passage, Tally, read_passage, row_of
from .verdicts import Memory
from .wire import ErrorCode

LOGGER = logging.getLogger(__name__)

MOST: Final = 100_000  # rows; the oldest go, and are counted
# A row that was told may be lost with the power before the disk had it. So that its number is not
# given again, each start leaves out as many as might have waited for the disk.
LEAP: Final = 1000
GARBAGE: Final = 512 * 1024  # bytes of the file that may be of no use any more
LARGEST: Final = 2**53

Entry: TypeAlias = dict[str, Any]

# `json.dumps` would make an encoder for each row.
_ENCODED: Final = json.JSONEncoder(separators=(",", ":")).encode


class Journal:
    """Rows with ever growing numbers; each is with the kernel before `append` returns.

    Its file is a log, replayed at start: rows, and notes of what was forgotten and lost. While the
    disk takes no more the rows wait in memory, so that who may enter enters all the same; if the
    agent ends before there is room, they are counted as lost.

    `append` may be called in the event loop: it is one write of some 400 bytes to the page cache.
    The other methods block and are for threads.
    """

    def __init__(self, path: Path) -> None:
        """Read what is there, and mend it."""
        self._state = Lock()  # held for moments, by any thread
        self._tidying = Lock()
        self._log = LogFile(path)
        self._seqs, self._positions = array("Q"), array("Q")
        self._tally = Tally()
        self._next = 1
        self._forgotten = 0
        self._unwritten_since: int | None = None
        self._useful_from = 0
        self.id = ""
        """A random id, made with the file; a number is given once in it."""
        self.lost = 0
        """How many rows nobody will ever have: too many, unreadable, or never written."""
        self._begin()

    @property
    def last(self) -> int:
        """The number of the newest row, forgotten or not; 0 before the first."""
        return self._seqs[-1] if self._seqs else self._forgotten

    @property
    def waiting(self) -> int:
        """How many rows wait for somebody to have them."""
        return len(self._seqs)

    @property
    def memory(self) -> Memory:
        """What all rows tell of who was here, those that are forgotten too; it goes along."""
        return self._tally.memory

    def append(self, passage: Passage) -> Passage:
        """Keep a passage, and return it with its number; what follows from it may be done then."""
        with self._state:
            numbered = replace(passage, journal=self.id, seq=self._next)
            self._write(row_of(numbered))
            self._mark(numbered.seq)
        return numbered

    def sync(self) -> None:
        """Have the disk itself hold all rows, as far as it can; tidy up if it is time."""
        self._log.sync()
        with self._tidying:
            if self._is_untidy():
                self._rewrite()

    def after(self, seq: int, limit: int) -> list[Passage]:
        """Return rows that wait, the oldest first, from the one behind a number on.

        Raises OSError if they cannot be read; for the disk nothing else here raises.
        """
        with self._state:
            first = bisect_right(self._seqs, seq)
            bounds = [*self._positions[first : first + limit + 1], self._log.end][: limit + 1]
        lines = self._log.read(bounds[0], bounds[-1]).splitlines()
        found = (read_passage(entry) for line in lines if "seq" in (entry := _entry(line)))
        return [one for one in found if one and one.seq > seq]

    def forget(self, until: int, journal: str) -> None:
        """Forget the rows of this journal up to a number; raises Refused for those of another."""
        if journal != self.id:
            sentence = f"The journal of this agent is {self.id}, not the one whose rows you have."
            raise Refused(ErrorCode.STALE, sentence)
        with self._state:
            if self._seqs and until >= self._seqs[0]:
                self._write({"forgotten": min(until, self.last)})
        self.sync()

    def close(self) -> None:
        """Write what still waits, and let go of the file."""
        self._log.close()

    def _begin(self) -> None:
        never_written: Entry = {}
        for position, line in self._log.replay():
            entry = _entry(line)
            self._apply(entry, position)
            if "uses" in entry:
                self._useful_from = position + len(line)
            if "mark" in entry:
                never_written = entry
        self._lose(never_written)
        if self.id:
            self._write({"next": self._next + LEAP, "lost": self.lost})
        self.id = self.id or secrets.token_hex(4)
        if not self._useful_from:
            self._rewrite()
        self._log.sync()

    def _lose(self, marked: Entry) -> None:
        """Count the rows that waited for a full disk when the agent ended."""
        match marked:
            case {"mark": [int(low), int(high)]} if high >= self._next:
                self.lost += high - max(low, self._next) + 1
                self._next = high + 1

    def _write(self, entry: Entry) -> None:
        self._apply(entry, self._log.add(_line(entry)))

    def _mark(self, seq: int) -> None:
        """Note which rows are lost if the agent ends before the disk takes them."""
        if not self._log.behind:
            self._unwritten_since = None
            return
        if self._unwritten_since is None:
            self._unwritten_since = seq
        self._log.mark(self._unwritten_since, seq)

    def _apply(self, entry: Entry, position: int | None) -> None:
        """Take in a line, of now or of a former run; of one without a position nothing is kept."""
        match entry:
            case {"journal": str(journal), "seq": int(seq)} if 0 < seq < LARGEST:
                if not self.id:  # the head of the file is damaged
                    self.id, self._next = journal, seq
                self._count(seq, entry)
                self._index(seq, position)
            case {"journal": str(journal), "next": int(seq), "lost": int(lost)}:
                self.id, self._next, self.lost = journal, seq, lost
                self._tally.recall(entry)
            case {"next": int(seq), "lost": int(lost)}:
                self._next, self.lost = max(self._next, seq), max(self.lost, lost)
            case {"forgotten": int(seq)}:
                self._forgotten = max(self._forgotten, seq)
                known = bisect_right(self._seqs, seq)
                del self._seqs[:known], self._positions[:known]

    def _count(self, seq: int, entry: Entry) -> None:
        """Count a row once: those that the head of the file knows stand behind it again."""
        if seq >= self._next:
            self.lost += seq - self._next  # a damaged disk has eaten them
            self._next = seq + 1
            self._tally.count(entry)

    def _index(self, seq: int, position: int | None) -> None:
        if position is None:
            self.lost += 1
        elif seq > self.last:
            self._seqs.append(seq)
            self._positions.append(position)
        if len(self._seqs) > MOST:
            del self._seqs[0], self._positions[0]
            self.lost += 1

    def _first(self) -> int:
        """Return the position of the first row that waits."""
        return self._positions[0] if self._positions else self._log.end

    def _is_untidy(self) -> bool:
        with self._state:
            garbage = self._first() - self._useful_from
        return garbage > max(GARBAGE, self._useful_from - self._log.begin)

    def _rewrite(self) -> None:
        """Begin the file anew with what it told up to now, and with the rows that wait."""
        with self._state:
            keep = self._first()
            head = {"journal": self.id, "next": self._next, "lost": self.lost}
            forgotten, tally = self._forgotten, self._tally.copy()
        lines = _line(head | tally.told()) + _line({"forgotten": forgotten})
        try:
            self._useful_from = self._log.rewrite(lines, keep)
        except OSError as error:
            LOGGER.error("The journal of the doors cannot be tidied up: %s", error)


def _line(entry: Entry) -> bytes:
    return _ENCODED(entry).encode() + b"\n"


def _entry(line: bytes) -> Entry:
    """Read a line; a power cut leaves zeros, and lines that are nothing."""
    try:
        entry = json.loads(line.strip(b"\0"))
    except (ValueError, RecursionError):
        return {}
    return entry if isinstance(entry, dict) else {}
