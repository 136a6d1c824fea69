"""Measure the groups that are named, or all; 1 if something falls short of what must hold."""

import argparse
import asyncio
from dataclasses import asdict
import json
from pathlib import Path
import sys
from typing import Final

from .harness import Result, machine, measure
from .store import opened

FOLDER: Final = Path(__file__).parents[2] / ".cache" / "bench"
GROUPS: Final = ("store",)
FULL: Final = (1_000_000, 10, 100)
QUICK: Final = (50_000, 3, 30)


def main(arguments: list[str] | None = None) -> int:
    """Measure, print, and return 0 if all that must hold does."""
    options = _options(arguments)
    number, rounds, calls = QUICK if options.quick else FULL
    number = options.incidents or number
    results = asyncio.run(_store(options.folder, number, rounds, calls))
    title = f"{machine()}; {number:,} incidents, {rounds} rounds of {calls} calls"
    print(_as_json(title, results) if options.json else _as_table(title, results))
    return int(any(result.verdict == "falls short" for result in results))


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument("group", nargs="*", choices=GROUPS, help="what to measure (all)")
    parser.add_argument("--quick", action="store_true", help="fewer rows and rounds, for a glance")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("--incidents", type=int, help="how many rows the store has")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where the rows are kept")
    return parser.parse_args(arguments)


async def _store(folder: Path, number: int, rounds: int, calls: int) -> list[Result]:
    _say(f"a database of {number:,} incidents (the first time, a million take some minutes) ...")
    async with opened(folder, number) as bench:
        results = []
        for case in bench.cases(calls):
            _say(f"{case.name} ...")
            results.append(await measure(case, rounds))
        return results


def _as_table(title: str, results: list[Result]) -> str:
    lines = [title, "", f"{'store':42}{'p50 ms':>8}{'p99 ms':>8}{'raw p50':>9}   x raw sqlite3"]
    for each in results:
        spread = f"{each.ratio:6.2f} [{min(each.ratios):.2f}-{max(each.ratios):.2f}]"
        must = f"p99 < {each.must_ms:g} ms: " if each.must_ms else ""
        lines.append(
            f"{each.name:42}{each.p50_ms:8.2f}{each.p99_ms:8.2f}{each.reference_p50_ms:9.2f}"
            f"   {spread:22}{must}{each.verdict}"
        )
    return "\n".join(line.rstrip() for line in lines)


def _as_json(title: str, results: list[Result]) -> str:
    cases = [{**asdict(each), "ratio": each.ratio, "verdict": each.verdict} for each in results]
    return json.dumps({"machine": title, "store": cases}, indent=2)


def _say(sentence: str) -> None:
    """Tell whoever waits; the figures are alone on stdout."""
    print(f"gatehouse: {sentence}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
