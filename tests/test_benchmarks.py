"""The benchmarks' own machinery, with few rows: that it measures, not how fast anything is."""

from contextlib import closing
from dataclasses import replace
import json
from pathlib import Path
import sqlite3
import subprocess
import sys

import pytest
from pytest_socket import socket_allow_hosts

from custom_components.gatehouse.footage.mp4 import inspect
from scripts.benchmarks import __main__ as bench, clips, doors, offsite, passages
from scripts.benchmarks.__main__ import main
from scripts.benchmarks.harness import Case, Result, asking, doing, measure, spending
from scripts.benchmarks.seeds import incidents, seeded
from tests.rooms.footage.storage import SeaweedFS

FEW = 2_000
WEED = SeaweedFS.program()


def result(
    *ratios: float, p99_ms: float = 1.0, busy: bool = False, times: float | None = None
) -> Result:
    return Result(
        name="work",
        p50_ms=0.5,
        p99_ms=p99_ms,
        reference_p50_ms=0.1,
        reference_p99_ms=0.2,
        ratios=ratios,
        must_ms=10.0,
        must_times=times,
        busy=busy,
    )


@pytest.mark.parametrize(
    ("measured", "verdict"),
    [
        (result(2.0, 2.1), "holds"),
        (result(2.0, 2.1, p99_ms=10.0), "falls short"),
        (result(2.0, 4.1), "holds"),
        (result(2.0, 4.1, p99_ms=10.0), "noisy"),
        (result(2.0, 2.1, p99_ms=10.0, busy=True), "noisy"),
        (result(2.0, 2.1, times=2.1), "holds"),
        (result(2.0, 2.1, times=2.0), "falls short"),
        (result(2.0, 2.1, times=2.0, busy=True), "noisy"),
        (result(2.0, 2.1, times=2.1, p99_ms=10.0), "falls short"),
    ],
)
def test_what_falls_short_in_noise_is_called_noisy(measured: Result, verdict: str) -> None:
    assert measured.verdict == verdict


async def test_both_sides_take_turns_and_the_ratio_is_of_one_round() -> None:
    said: list[str] = []

    async def ours(number: int) -> None:
        said.append(f"ours {number}")

    case = Case(
        name="work",
        subject=asking(ours, 2),
        reference=doing(lambda number: said.append(f"theirs {number}"), 1),
    )

    measured = await measure(case, rounds=2)

    assert said[3:] == ["ours 2", "ours 3", "theirs 1", "ours 4", "ours 5", "theirs 2"]
    assert len(measured.ratios) == 2
    assert min(measured.ratios) > 0


async def test_what_child_processes_cost_counts_as_well() -> None:
    def child() -> None:
        subprocess.run([sys.executable, "-c", "sum(range(3_000_000))"], check=True)

    idle, busy = await spending(lambda: None, 1)(), await spending(child, 1)()

    assert busy[0] > 10 + idle[0]


async def test_the_rows_are_the_same_each_time_and_made_once(tmp_path: Path) -> None:
    first = await seeded(tmp_path, 100)
    made = first.stat().st_mtime_ns

    assert await seeded(tmp_path, 100) == first
    assert first.stat().st_mtime_ns == made
    assert list(incidents(20)) == list(incidents(20))


@pytest.mark.timeout(300)
def test_the_store_is_measured_and_left_as_it_was(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["--quick", "--incidents", str(FEW), "--folder", str(tmp_path), "store"]

    main([*asked, "--json"])
    figures = json.loads(capsys.readouterr().out)
    main(asked)
    table = capsys.readouterr().out

    assert f"{FEW:,} incidents" in figures["machine"]
    names = [case["name"] for case in figures["store"]]
    assert {"24-hour page of 50", "text: a common word", "save and commit"} <= set(names)
    assert all(case["p50_ms"] > 0 and case["ratio"] > 0 for case in figures["store"])
    assert all(name in table for name in names)
    with closing(sqlite3.connect(next(tmp_path.glob("*.db")))) as rows:
        assert rows.execute("SELECT count(*) FROM incidents").fetchone() == (FEW,)
        assert rows.execute("SELECT count(*) FROM incident_text").fetchone() == (FEW,)


@pytest.mark.timeout(120)
def test_who_stands_at_a_door_is_measured_beside_a_bare_echo(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    socket_enabled: None,
) -> None:
    socket_allow_hosts(["127.0.0.1"], allow_unix_socket=True)  # the simulated door is one
    few = replace(bench.QUICK, home=False, cards=20, checks=20, rounds=1, calls=2)
    monkeypatch.setattr(bench, "QUICK", few)

    main(["--quick", "--json", "--incidents", "200", "--folder", str(tmp_path), "access"])
    cases = json.loads(capsys.readouterr().out)["access"]

    decision, outside, *pages = cases
    assert decision["must_ms"] == doors.DECISION_MS
    assert "relay" in outside["name"]
    assert all(case["p50_ms"] > 0 and case["reference_p50_ms"] > 0 for case in cases)
    assert {case["must_ms"] for case in pages} == {passages.DAY_MS}
    assert len(list(tmp_path.glob("passages-*.db"))) == 1


def test_a_clip_is_measured_beside_all_that_could_do_the_same(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clips, "SIZE", (160, 90))
    program = tmp_path / "ffmpeg"
    program.write_text("#!/bin/sh\nexit 0\n")
    program.chmod(0o700)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")

    main(["--quick", "--json", "--folder", str(tmp_path / "bench"), "clips"])
    figures = json.loads(capsys.readouterr().out)

    assert [case["name"] for case in figures["clips"]] == [
        "remux, and PyAV's bare mux",
        "remux, and reading and writing",
        "remux, and ffmpeg -c copy",
        "remux, check, poster; bare mux",
    ]
    assert figures["clips"][0]["must_times"] == clips.MUX_TIMES
    assert {path.name for path in (tmp_path / "bench").iterdir()} == {"clip-10.mp4"}


def test_without_the_program_the_rest_is_measured_and_the_reason_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clips, "SIZE", (160, 90))
    monkeypatch.setenv("PATH", str(tmp_path))

    main(["--quick", "--folder", str(tmp_path / "bench"), "clips"])
    told = capsys.readouterr()

    assert "ffmpeg is not installed" in told.err
    assert "ffmpeg" not in told.out
    assert "times <= 1.2" in told.out


def test_what_plain_code_makes_plays_as_long_as_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clips, "SIZE", (160, 90))
    source = clips.recorded(tmp_path, 2)

    clips.bare_mux(source, tmp_path / "bare.mp4")
    clips.read_and_write(source, tmp_path / "copy.mp4")

    length = inspect(source).duration
    assert inspect(tmp_path / "bare.mp4").duration == length
    assert (tmp_path / "copy.mp4").read_bytes() == source.read_bytes()


@pytest.mark.timeout(300)
@pytest.mark.parametrize("program", [WEED, None], ids=["what there is", "moto"])
def test_uploads_are_measured_beside_plain_ones_and_nothing_stays(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    socket_enabled: None,
    program: str | None,
) -> None:
    monkeypatch.setattr(offsite, "SIZE", 10_000)
    monkeypatch.setattr(SeaweedFS, "program", staticmethod(lambda: program))
    monkeypatch.setattr(bench, "QUICK", replace(bench.QUICK, uploads=4, rounds=1))

    main(["--quick", "--json", "--folder", str(tmp_path), "s3"])
    told = capsys.readouterr()

    cases = json.loads(told.out)["s3"]
    ways = ("put and verified", "from row to row", "boto3 upload_file")
    assert [case["name"] for case in cases] == [
        f"4 clips, {way}: {sort}" for sort in ("wall", "CPU") for way in ways
    ]
    assert all(case["ratio"] > 0 for case in cases)
    assert ("moto is the server instead" in told.err) == (program is None)
    assert list(tmp_path.iterdir()) == []
