"""The benchmarks' own machinery, with few rows: that it measures, not how fast anything is."""

from contextlib import closing
import json
from pathlib import Path
import sqlite3

import pytest

from scripts.benchmarks.__main__ import main
from scripts.benchmarks.harness import Case, Result, asking, doing, measure
from scripts.benchmarks.seeds import incidents, seeded

FEW = 2_000


def result(*ratios: float, p99_ms: float = 1.0, busy: bool = False) -> Result:
    return Result(
        name="work",
        p50_ms=0.5,
        p99_ms=p99_ms,
        reference_p50_ms=0.1,
        reference_p99_ms=0.2,
        ratios=ratios,
        must_ms=10.0,
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
