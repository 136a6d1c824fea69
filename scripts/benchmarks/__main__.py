"""Measure the groups that are named, or all; 1 if something falls short of what must hold."""

import argparse
import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, replace
import json
from pathlib import Path
import sys
from tempfile import TemporaryDirectory
from typing import Final

from . import access, clips, doors, merging, offsite, panorama, passages, residents
from .beside import VIEWERS
from .harness import Result, machine, measure
from .store import opened

# Each takes many seconds.
MERGES: Final = 5

FOLDER: Final = Path(__file__).parents[2] / ".cache" / "bench"

# Each of them takes a second to encode.
PANORAMA_S: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Depth:
    """How much is done, the more the longer."""

    rounds: int
    calls: int
    """Of one round of the store."""
    incidents: int
    seconds: int
    """How long a clip is."""
    uploads: int
    """How many clips go off-site at once."""
    checks: int
    """How many cards are shown in a round."""
    cards: int
    home: bool = True
    """Whether a Home Assistant is started behind the door."""


FULL: Final = Depth(
    rounds=10, calls=100, incidents=1_000_000, seconds=60, uploads=100, checks=1000, cards=10_000
)
QUICK: Final = Depth(
    rounds=3, calls=30, incidents=50_000, seconds=10, uploads=30, checks=100, cards=2000
)


async def _store(folder: Path, depth: Depth) -> list[Result]:
    number = depth.incidents
    _say(f"a database of {number:,} incidents (the first time, a million take some minutes) ...")
    async with opened(folder, number) as bench:
        results = []
        for case in bench.cases(depth.calls):
            _say(f"{case.name} ...")
            results.append(await measure(case, depth.rounds))
        return results


async def _clips(folder: Path, depth: Depth) -> list[Result]:
    _say(f"a clip of {depth.seconds} s ...")
    if reason := clips.why_fewer():
        _say(reason)
    source = clips.recorded(folder, depth.seconds)
    return [await measure(case, depth.rounds) for case in clips.cases(source, calls=3)]


async def _merge(folder: Path, depth: Depth) -> list[Result]:
    _say(f"two recordings of {merging.SECONDS} s ...")
    if reason := merging.why_none():
        _say(reason)
    cases = merging.cases(merging.recorded(folder))
    return [await measure(case, min(depth.rounds, MERGES)) for case in cases]


async def _panorama(folder: Path, depth: Depth) -> list[Result]:
    seconds = min(depth.seconds, PANORAMA_S)
    _say(f"two cameras of 1080p, {seconds} s ...")
    if reason := panorama.why_none():
        _say(reason)
    return [await measure(case, depth.rounds) for case in panorama.cases(folder, seconds)]


async def _s3(folder: Path, depth: Depth) -> list[Result]:
    _say(f"{depth.uploads} clips of {offsite.SIZE // 1_000_000} MB ...")
    if reason := offsite.why_another():
        _say(reason)
    with offsite.opened(folder, depth.uploads) as bench:
        return [await measure(case, depth.rounds) for case in bench.cases()]


async def _access(folder: Path, depth: Depth) -> list[Result]:
    _say(f"a door, {depth.cards:,} cards, {VIEWERS} who watch the camera beside it ...")
    if reason := doors.why_quieter():
        _say(reason)
    with TemporaryDirectory(prefix="gatehouse-") as here:
        policy = residents.policy(depth.cards)
        async with doors.opened(Path(here), depth.cards) as bench:
            await bench.grant(policy)
            results = await bench.results(depth.checks, depth.rounds)
            if depth.home:
                _say("a Home Assistant behind it ...")
                async with access.opened(Path(here) / "home", bench, policy) as home:
                    for case in home.cases(depth.calls):
                        _say(f"{case.name} ...")
                        results.append(await measure(case, depth.rounds))
    _say(f"an access log of {depth.incidents:,} passages ...")
    async with passages.opened(folder, depth.incidents) as log:
        return results + [await measure(case, depth.rounds) for case in log.cases(depth.calls)]


GROUPS: Final[dict[str, Callable[[Path, Depth], Awaitable[list[Result]]]]] = {
    "store": _store,
    "clips": _clips,
    "merge": _merge,
    "panorama": _panorama,
    "s3": _s3,
    "access": _access,
}
FIGURES: Final = {
    "store": "what a call takes, beside raw sqlite3",
    "clips": "what a clip costs (CPU), beside the other way",
    "merge": "what a movie of two cameras costs (CPU), beside the ffmpeg program",
    "panorama": "what a movie in one picture costs (CPU), beside one side by side",
    "s3": "what all clips together take, beside PUTs over one plain connection",
    "access": "what who stands at a door waits for, beside a bare echo; a page, beside sqlite3",
}


def main(arguments: list[str] | None = None) -> int:
    """Measure, print, and return 0 if all that must hold does."""
    options = _options(arguments)
    depth = QUICK if options.quick else FULL
    depth = replace(depth, incidents=options.incidents or depth.incidents)
    names = options.group or list(GROUPS)
    results = asyncio.run(_measured(names, options.folder, depth))
    title = (
        f"{machine()}; {depth.incidents:,} incidents, {depth.calls} calls a round;"
        f" clips of {depth.seconds} s; {depth.rounds} rounds"
    )
    print(_as_json(title, results) if options.json else _as_table(title, results))
    return int(any(each.verdict == "falls short" for group in results.values() for each in group))


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument("group", nargs="*", choices=tuple(GROUPS), help="what to measure (all)")
    parser.add_argument("--quick", action="store_true", help="fewer rows and rounds, for a glance")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("--incidents", type=int, help="how many rows the store has")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where the rows are kept")
    return parser.parse_args(arguments)


async def _measured(names: list[str], folder: Path, depth: Depth) -> dict[str, list[Result]]:
    return {name: await GROUPS[name](folder, depth) for name in names}


def _as_table(title: str, results: dict[str, list[Result]]) -> str:
    lines = [title]
    for name, group in results.items():
        lines += ["", f"{name}: {FIGURES[name]}"]
        lines += [f"{'':42}{'p50 ms':>9}{'p99 ms':>9}{'beside':>9}   times", *map(_as_line, group)]
    return "\n".join(line.rstrip() for line in lines)


def _as_line(result: Result) -> str:
    spread = f"{result.ratio:6.2f} [{min(result.ratios):.2f}-{max(result.ratios):.2f}]"
    must = [
        *([f"p99 < {result.must_ms:g} ms"] if result.must_ms else []),
        *([f"times <= {result.must_times:g}"] if result.must_times else []),
    ]
    return (
        f"{result.name:42}{result.p50_ms:9.2f}{result.p99_ms:9.2f}{result.reference_p50_ms:9.2f}"
        f"   {spread:22}{', '.join(must)}{': ' if must else ''}{result.verdict}"
    )


def _as_json(title: str, results: dict[str, list[Result]]) -> str:
    groups = {
        name: [{**asdict(each), "ratio": each.ratio, "verdict": each.verdict} for each in group]
        for name, group in results.items()
    }
    return json.dumps({"machine": title, **groups}, indent=2)


def _say(sentence: str) -> None:
    """Tell whoever waits; the figures are alone on stdout."""
    print(f"gatehouse: {sentence}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
