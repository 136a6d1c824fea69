"""What is remembered of an absence, whatever became of the files."""

import json
from pathlib import Path
import signal
import subprocess
import sys
from typing import Any

import pytest

from camera_agent import ledger as module
from camera_agent.ledger import Ledger

ROOT = Path(__file__).parents[2]


def reading(at: float) -> dict[str, Any]:
    return {"at": at, "cpu_percent": 12.5, "temperature_c": None}


def moments(ledger: Ledger) -> list[float]:
    return [one["at"] for one in ledger.read()]


def test_readings_are_told_in_order_and_forgotten_up_to_a_moment(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    for at in (60.0, 120.0, 90.0):
        ledger.note(reading(at))

    assert ledger.read() == [reading(60.0), reading(90.0), reading(120.0)]
    ledger.forget(90.0)
    assert (ledger.readings, moments(ledger)) == (1, [120.0])
    ledger.forget(1e9)
    assert (ledger.readings, moments(ledger)) == (0, [])
    assert list(tmp_path.iterdir()) == []


def test_it_is_all_still_there_after_a_restart(tmp_path: Path) -> None:
    first = Ledger(tmp_path)
    first.lose()
    first.lose()
    first.note(reading(60.0))

    again = Ledger(tmp_path)
    again.lose()

    assert (again.lost, again.readings, moments(again)) == (3, 1, [60.0])


def test_it_is_all_still_there_after_a_kill(tmp_path: Path) -> None:
    program = f"""
import os, signal
from pathlib import Path
from camera_agent.ledger import Ledger
ledger = Ledger(Path({str(tmp_path)!r}))
ledger.lose()
for at in range(100):
    ledger.note({{"at": float(at)}})
os.kill(os.getpid(), signal.SIGKILL)
"""
    killed = subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=False)

    assert killed.returncode == -signal.SIGKILL
    assert (Ledger(tmp_path).lost, Ledger(tmp_path).readings) == (1, 100)


def test_the_oldest_readings_go_when_there_are_too_many(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_READINGS", 10)
    monkeypatch.setattr(module, "SLACK", 5)
    ledger = Ledger(tmp_path)
    counts = []
    for at in range(40):
        ledger.note(reading(float(at)))
        counts.append(ledger.readings)

    assert max(counts) == 15
    assert moments(ledger)[-1] == 39.0
    assert 10 <= len((tmp_path / "readings.jsonl").read_text().splitlines()) <= 15
    assert len(moments(ledger)) == 10


@pytest.mark.parametrize(
    "torn",
    [
        '{"at": 70.0, "cpu_per',
        "\0" * 4096,
        "[" * 100_000,
        "null\n17\n[]\n{}",
        '{"at": "soon"}',
        "\udcff",
    ],
)
def test_what_a_power_cut_left_costs_only_itself(tmp_path: Path, torn: str) -> None:
    before = f"{json.dumps(reading(60.0))}\n{torn}"
    (tmp_path / "readings.jsonl").write_text(before, errors="surrogateescape")

    ledger = Ledger(tmp_path)
    ledger.note(reading(120.0))

    assert (ledger.readings, moments(ledger)) == (2, [60.0, 120.0])
    assert len((tmp_path / "readings.jsonl").read_text().splitlines()) == 2


@pytest.mark.parametrize("counter", ["", "[]", "{}", "null", '{"lost": "some"}', "\xff\xfe", "3"])
def test_a_counter_that_makes_no_sense_begins_anew(tmp_path: Path, counter: str) -> None:
    (tmp_path / "lost.json").write_text(counter, encoding="latin-1")

    ledger = Ledger(tmp_path)
    assert ledger.lost == 0
    ledger.lose()
    assert Ledger(tmp_path).lost == 1


@pytest.mark.parametrize("name", ["readings.jsonl", "lost.json", "readings.draft", "lost.draft"])
def test_what_is_in_the_way_ends_nothing(
    tmp_path: Path, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / name).mkdir()
    (tmp_path / name / "of somebody else").touch()

    ledger = Ledger(tmp_path)
    ledger.note(reading(60.0))
    ledger.lose()
    Ledger(tmp_path)

    assert ledger.lost == 1
    assert (tmp_path / name / "of somebody else").exists()
    assert "cannot be" in caplog.text


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "spool").write_text("in the way")

    with pytest.raises(FileExistsError):
        Ledger(tmp_path / "spool")
