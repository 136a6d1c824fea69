"""What happened at the doors is kept, whatever becomes of the process, the power and the disk."""

from collections.abc import Iterator
from contextlib import contextmanager
import json
import os
from pathlib import Path
import random
import resource
import signal
import subprocess
import sys
from threading import Thread
import time
from typing import Any

import pytest

from camera_agent import journal as module, log_file, passages as noun
from camera_agent.errors import Refused
from camera_agent.journal import Journal
from camera_agent.passages import Passage
from camera_agent.verdicts import Whereabouts
from camera_agent.wire import Authentication, Direction, ErrorCode, PassageKind, Reason

ROOT = Path(__file__).parents[2]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "passages.jsonl"


def passage(at: float = 60.0, **changes: Any) -> Passage:
    plain: dict[str, Any] = {"door": "front", "reader": "outside", "kind": PassageKind.GRANTED}
    known = {"credential": "annas card", "person": "anna", "grants": 17}
    return Passage(at=at, **plain | known | changes)


def filled(path: Path, rows: int) -> Journal:
    journal = Journal(path)
    for number in range(rows):
        journal.append(passage(at=60.0 * number))
    return journal


def seqs(journal: Journal, after: int = 0, limit: int = 1_000_000) -> list[int]:
    return [one.seq for one in journal.after(after, limit)]


def reopened(journal: Journal, path: Path) -> Journal:
    journal.close()
    return Journal(path)


def counts(journal: Journal) -> tuple[int, int, int]:
    return journal.last, journal.waiting, journal.lost


def test_rows_are_numbered_from_one_and_told_as_they_were(path: Path) -> None:
    journal = Journal(path)
    denied = passage(
        kind=PassageKind.DENIED,
        authentication=Authentication.RFID,
        direction=Direction.IN,
        credential=None,
        person=None,
        card="a1b2c3d4",
        reason=Reason.UNKNOWN_CARD,
        latency_ms=0.25,
    )
    kept = [journal.append(passage()), journal.append(denied)]

    assert [(one.journal, one.seq) for one in kept] == [(journal.id, 1), (journal.id, 2)]
    assert journal.after(0, 10) == kept
    assert counts(journal) == (2, 2, 0)
    assert reopened(journal, path).after(0, 10) == kept


def test_a_new_journal_has_an_id_and_nothing_else(path: Path) -> None:
    journal, other = Journal(path), Journal(path.with_name("other.jsonl"))
    assert counts(journal) == (0, 0, 0)
    assert seqs(journal) == []
    assert len(journal.id) == 8
    assert journal.id != other.id
    assert [path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777] == [0o600, 0o700]


@pytest.mark.parametrize(
    ("after", "limit", "expected"),
    [
        (0, 3, [1, 2, 3]),
        (3, 3, [4, 5, 6]),
        (8, 3, [9, 10]),
        (10, 3, []),
        (99, 3, []),
        (0, 10, [*range(1, 11)]),
        (0, 99, [*range(1, 11)]),
        (9, 1, [10]),
    ],
)
def test_rows_are_told_a_page_at_a_time(
    path: Path, after: int, limit: int, expected: list[int]
) -> None:
    assert seqs(filled(path, 10), after, limit) == expected


def test_what_somebody_has_is_forgotten_here_and_after_a_restart(path: Path) -> None:
    journal = filled(path, 10)
    journal.forget(4, journal.id)
    assert (seqs(journal), counts(journal)) == ([5, 6, 7, 8, 9, 10], (10, 6, 0))
    journal.forget(2, journal.id)
    again = reopened(journal, path)
    assert (seqs(again), counts(again)) == ([5, 6, 7, 8, 9, 10], (10, 6, 0))
    again.forget(10**12, again.id)
    assert (seqs(again), counts(again)) == ([], (10, 0, 0))
    last = reopened(again, path)
    assert counts(last) == (10, 0, 0)
    assert last.append(passage()).seq > 10


def test_who_has_the_rows_of_another_journal_forgets_nothing_here(path: Path) -> None:
    journal = filled(path, 3)
    with pytest.raises(Refused) as why:
        journal.forget(3, "another")
    assert why.value.code is ErrorCode.STALE
    assert journal.waiting == 3


def test_it_remembers_who_was_here_when_the_rows_are_long_gone(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "GARBAGE", 0)
    journal = Journal(path)
    journal.append(passage(60.0, direction=Direction.IN))
    journal.append(passage(120.0, direction=Direction.OUT))
    journal.append(passage(180.0, direction=Direction.IN, kind=PassageKind.DENIED))
    journal.append(passage(240.0, person="ben", credential=None, direction=Direction.IN))
    journal.append(passage(300.0))
    expected = {
        "anna": Whereabouts(direction=Direction.OUT, at=120.0),
        "ben": Whereabouts(direction=Direction.IN, at=240.0),
    }
    assert journal.memory.uses == {"annas card": 3}
    assert journal.memory.whereabouts == expected

    journal.forget(4, journal.id)
    journal = reopened(journal, path)
    journal.forget(5, journal.id)
    journal = reopened(reopened(journal, path), path)
    assert b"door" not in path.read_bytes()
    assert journal.memory.uses == {"annas card": 3}
    assert journal.memory.whereabouts == expected


def test_of_very_many_people_the_last_are_remembered(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(noun, "REMEMBERED", 3)
    journal = Journal(path)
    for name in "abcadab":
        journal.append(passage(credential=name, person=name, direction=Direction.IN))
    assert journal.memory.uses == {"d": 1, "a": 3, "b": 1}
    assert set(journal.memory.whereabouts) == {"d", "a", "b"}


def test_the_file_stays_small_when_all_is_forgotten(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "GARBAGE", 5_000)
    journal = Journal(path)
    largest = 0
    for _ in range(200):
        journal.forget(journal.append(passage()).seq, journal.id)
        largest = max(largest, path.stat().st_size)
    assert 3_000 < largest < 8_000
    assert counts(reopened(journal, path)) == (200, 0, 0)


def test_the_oldest_go_when_there_are_too_many_and_are_counted(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST", 10)
    monkeypatch.setattr(module, "GARBAGE", 2_000)
    journal = Journal(path)
    for _ in range(5):
        for _ in range(7):
            journal.append(passage())
            journal.sync()
        journal = reopened(journal, path)
    rest = seqs(journal)
    assert len(rest) == 10
    assert rest == sorted(set(rest))
    assert counts(journal) == (rest[-1], 10, 25)
    assert journal.memory.uses == {"annas card": 35}
    assert path.stat().st_size < 10_000


def appended(journal: Journal, rows: int) -> float:
    """Append so many, and return what it took of a processor."""
    began = time.process_time()
    for _ in range(rows):
        journal.append(passage())
    return time.process_time() - began


def test_a_hundred_thousand_rows_are_no_trouble(path: Path) -> None:
    head = {"journal": "a1b2c3d4", "next": 1, "lost": 0, "uses": {}, "whereabouts": {}}
    row = {"journal": "a1b2c3d4", "at": 60.0, "door": "front", "kind": "denied"}
    path.parent.mkdir()
    with path.open("w") as file:
        file.write(json.dumps(head) + "\n")
        file.writelines(json.dumps(row | {"seq": seq}) + "\n" for seq in range(1, 100_011))

    journal = Journal(path)
    assert counts(journal) == (100_010, 100_000, 10)
    assert seqs(journal, 50_000, 3) == [50_001, 50_002, 50_003]
    assert appended(journal, 200) < 20 * appended(Journal(path.with_name("short")), 200)
    assert counts(journal)[1:] == (100_000, 210)
    journal.forget(100_010, journal.id)
    assert journal.waiting == 200
    assert path.stat().st_size < 200_000
    journal.close()


POWER_CUTS = {
    "half a row": b'{"journal":"x","seq":4,"at"',
    "zeros": b"\0" * 4096,
    "zeros and a line break": b"\0" * 4096 + b"\n",
    "a deep nest": b"[" * 100_000 + b"\n",
    "no rows": b'null\n17\n[]\n{}\n{"seq":"4"}\n{"journal":"x","seq":true}\n\xff\xfe\n',
    "a number that cannot be": b'{"journal":"x","seq":99999999999999999999999}\n',
}


@pytest.mark.parametrize("torn", POWER_CUTS.values(), ids=POWER_CUTS.keys())
def test_what_a_power_cut_left_costs_only_itself(path: Path, torn: bytes) -> None:
    filled(path, 3).close()
    with path.open("ab") as file:
        file.write(torn)

    journal = Journal(path)
    assert seqs(journal) == [1, 2, 3]
    told = journal.append(passage()).seq
    journal.append(passage())
    assert seqs(reopened(journal, path)) == [1, 2, 3, told, told + 1]


def test_a_row_behind_zeros_is_found(path: Path) -> None:
    filled(path, 3).close()
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:-1], b"\0" * 512, lines[-1]]))
    assert seqs(Journal(path)) == [1, 2, 3]


def test_rows_that_became_unreadable_are_counted(path: Path) -> None:
    filled(path, 5).close()
    content = path.read_bytes()
    path.write_bytes(content.replace(b'"seq":3', b'"seq":\0').replace(b'"seq":4', b"\0" * 7))
    journal = Journal(path)
    assert (seqs(journal), counts(journal)) == ([1, 2, 5], (5, 3, 2))
    again = reopened(journal, path)
    assert (seqs(again), counts(again)) == ([1, 2, 5], (5, 3, 2))


def test_a_journal_without_its_head_goes_on_under_its_id(path: Path) -> None:
    journal = filled(path, 5)
    journal.forget(2, journal.id)
    journal.close()
    path.write_bytes(b"\0" * 120 + b"".join(path.read_bytes().splitlines(keepends=True)[4:]))

    mended = Journal(path)
    assert (mended.id, seqs(mended), mended.lost) == (journal.id, [3, 4, 5], 0)
    told = mended.append(passage()).seq
    again = reopened(mended, path)
    assert (again.id, seqs(again), again.lost) == (journal.id, [3, 4, 5, told], 0)


@pytest.mark.parametrize("forgotten", [0, 3, 8])
def test_a_number_that_was_told_is_not_given_again_after_a_power_cut(
    path: Path, forgotten: int
) -> None:
    """The disk never had what came after the last sync, but the feed had told it."""
    journal = filled(path, 3)
    journal.sync()
    on_disk = path.read_bytes()
    told = {journal.append(passage()).seq for _ in range(5)}
    journal.forget(forgotten, journal.id)
    journal.close()
    for _ in range(3):
        path.write_bytes(on_disk)
        journal = Journal(path)
        assert seqs(journal) == [1, 2, 3]
        on_disk = path.read_bytes()
        new = {journal.append(passage()).seq for _ in range(5)}
        assert not new & told
        told |= new
        journal.close()


@contextmanager
def full(path: Path, room: int) -> Iterator[None]:
    """Let no file of this process grow further than this one may."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + room, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("room", [0, 1, 500, 1000])
def test_a_full_disk_keeps_nobody_out_and_loses_nothing_once_there_is_room(
    path: Path, room: int, caplog: pytest.LogCaptureFixture
) -> None:
    journal = filled(path, 2)
    with full(path, room):
        told = [journal.append(passage()).seq for _ in range(10)]
        journal.sync()
        assert told == [*range(3, 13)]
        assert seqs(journal, 1, 5) == [2, 3, 4, 5, 6]
        assert seqs(journal) == [1, 2, *told]
        journal.forget(4, journal.id)
        assert seqs(journal) == [*range(5, 13)]
    assert "is there room on the disk" in caplog.text
    journal.sync()
    assert "nothing of it was lost" in caplog.text

    again = reopened(journal, path)
    assert (seqs(again), counts(again)) == ([*range(5, 13)], (12, 8, 0))


def test_what_a_full_disk_never_took_is_counted_if_the_agent_is_killed(path: Path) -> None:
    lost = 0
    for _ in range(3):
        journal = Journal(path)
        with full(path, 1000):
            told = [journal.append(passage()).seq for _ in range(12)]
            left = path.read_bytes()
        journal.close()
        path.write_bytes(left)  # as a kill would have left it
        again = Journal(path)
        kept = [seq for seq in seqs(again) if seq in told]
        assert 0 < len(kept) < 12
        assert kept == told[: len(kept)]
        lost += 12 - len(kept)
        assert again.lost == lost
        again.close()


def test_no_more_is_kept_than_memory_may_hold(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_file, "MOST_UNWRITTEN", 1000)
    journal = filled(path, 1)
    with full(path, 0):
        told = [journal.append(passage()).seq for _ in range(50)]
        kept = journal.waiting
        assert 3 < kept < 10
        assert journal.lost == 51 - kept
    assert told == [*range(2, 52)]
    again = reopened(journal, path)
    assert (seqs(again), again.lost) == ([*range(1, kept + 1)], 51 - kept)


def test_where_no_file_can_be_memory_stands_for_it(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path.mkdir(parents=True)
    journal = filled(path, 5)
    journal.sync()
    journal.forget(2, journal.id)
    assert (seqs(journal), counts(journal)) == ([3, 4, 5], (5, 3, 0))
    assert "cannot be opened" in caplog.text
    journal.close()


def test_a_file_that_may_only_be_read_is_read(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    filled(path, 3).close()
    real = os.open

    def read_only(path: Path, flags: int, mode: int = 0o777) -> int:
        """Stand for a file system that became read-only."""
        if flags & (os.O_RDWR | os.O_CREAT):
            raise OSError(30, "Read-only file system")
        return real(path, flags, mode)

    monkeypatch.setattr(os, "open", read_only)
    journal = Journal(path)
    told = journal.append(passage()).seq
    journal.sync()
    assert seqs(journal) == [1, 2, 3, told]
    journal.close()


def test_rows_are_added_while_the_file_is_begun_anew(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "GARBAGE", 1_000)
    journal = Journal(path)
    stop = False

    def tidy() -> None:
        while not stop:
            journal.forget(journal.last - 20, journal.id)
            journal.sync()

    threads = [Thread(target=tidy) for _ in range(2)]
    for thread in threads:
        thread.start()
    told = [journal.append(passage()).seq for _ in range(3000)]
    stop = True
    for thread in threads:
        thread.join()

    rest = seqs(journal)
    assert told == [*range(1, 3001)]
    assert rest == told[-len(rest) :]
    assert len(rest) >= 20
    again = reopened(journal, path)
    assert (seqs(again), again.lost) == (rest, 0)
    assert again.memory.uses == {"annas card": 3000}


PROGRAM = """
import os, random, sys
from pathlib import Path
from threading import Thread
from camera_agent import journal as module
from camera_agent.journal import Journal
from camera_agent.passages import Passage
from camera_agent.wire import PassageKind

def say(word, number):
    os.write(1, f"{word} {number}\\n".encode())

module.GARBAGE = 2000
journal = Journal(Path(sys.argv[1]))
chance = random.Random(sys.argv[2])

def tidy():
    while True:
        until = journal.last - chance.randint(0, 40)
        say("forgetting", until)
        journal.forget(until, journal.id)

Thread(target=tidy, daemon=True).start()
while True:
    passage = Passage(at=60.0, door="front", kind=PassageKind.GRANTED, credential="annas card")
    say("told", journal.append(passage).seq)
"""


def killed(path: Path, chance: random.Random) -> list[tuple[str, int]]:
    """Let an agent scan and forget, kill it somewhere, and return what it told until then."""
    child = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(path), str(chance.random())],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    with child:
        assert child.stdout is not None
        lines = [child.stdout.readline() for _ in range(chance.randint(1, 600))]
        child.send_signal(signal.SIGKILL)
        lines += child.stdout.read().splitlines()
    words = [line.split() for line in lines]
    return [(word[0], int(word[1])) for word in words if len(word) == 2]


def test_a_kill_at_any_moment_loses_no_row_whose_scan_was_answered(path: Path) -> None:
    chance = random.Random(11)
    every: list[int] = []
    forgotten = 0
    for _ in range(10):
        said = killed(path, chance)
        told = [number for word, number in said if word == "told"]
        forgotten = max([forgotten, *(number for word, number in said if word == "forgetting")])

        journal = Journal(path)
        found = seqs(journal)
        assert found == sorted(set(found))
        # The last one may have been written and not told, and be forgotten by then.
        known = {0, *every, *told}
        unsaid = sorted({*found, forgotten} - known)
        assert len(unsaid) <= 1
        assert [*every, *told, *unsaid] == sorted({*every, *told, *unsaid})
        every += told + unsaid
        assert {seq for seq in every if seq > forgotten} <= set(found)
        assert journal.memory.uses.get("annas card", 0) == len(every)
        assert journal.lost == 0
        journal.close()

    assert len(every) > 500
