"""Measure the groups that are named, or all; 1 if something falls short of what must hold."""

import argparse
import asyncio
from dataclasses import replace
from pathlib import Path
import sys
from typing import Final

from . import (
    clips,
    detecting,
    entrance,
    fanout,
    home,
    machine,
    merging,
    offsite,
    panorama,
    postgres,
    store,
    thousand,
)
from .harness import Depth, Group
from .report import Groups, as_json, as_tables
from .results import Result

FOLDER: Final = Path(__file__).parents[2] / ".cache" / "bench"

FULL: Final = Depth(
    rounds=10, calls=100, incidents=1_000_000, seconds=60, uploads=100, checks=200, cards=10_000
)
QUICK: Final = Depth(
    rounds=2,
    calls=20,
    incidents=10_000,
    seconds=30,
    uploads=20,
    checks=30,
    cards=1000,
    home=False,
    quick=True,
)

GROUPS: Final[dict[str, Group]] = {
    "mjpeg": fanout.measured,
    "detect": detecting.measured,
    "store": store.measured,
    "postgres": postgres.measured,
    "clips": clips.measured,
    "merge": merging.measured,
    "panorama": panorama.measured,
    "s3": offsite.measured,
    "access": entrance.measured,
    "ha": home.measured,
    "crowd": thousand.measured,
}
FIGURES: Final = {
    "mjpeg": "what a delivered picture costs the server (CPU), beside others that serve the same",
    "detect": "what a look costs (CPU), beside the bare model; how soon somebody is known of",
    "store": "what a call takes, beside raw sqlite3",
    "postgres": "what a call takes on a PostgreSQL server, beside the same store on a file",
    "clips": "what a clip costs (CPU), beside the other way",
    "merge": "what a movie of two cameras costs (CPU), beside the ffmpeg program",
    "panorama": "what a movie in one picture costs (CPU), beside one side by side",
    "s3": "what all clips together take, beside PUTs over one plain connection",
    "access": "what who stands at a door waits for, beside a bare echo; a page, beside sqlite3",
    "ha": "what a picture that is passed on costs (CPU), beside core's mjpeg; what is added to it",
    "crowd": "what up to a thousand cameras without pixels cost Home Assistant, and its first wall",
}


def main(arguments: list[str] | None = None) -> int:
    """Measure, print, and return 0 if all that must hold does."""
    options = _options(arguments)
    depth = QUICK if options.quick else FULL
    depth = replace(depth, incidents=options.incidents or depth.incidents)
    groups = asyncio.run(_measured(options.group or list(GROUPS), options.folder, depth))
    title = (
        f"{machine.described()}; {depth.incidents:,} incidents, {depth.calls} calls a round;"
        f" clips of {depth.seconds} s; {depth.rounds} rounds"
    )
    print(as_json(title, groups) if options.json else as_tables(title, groups, FIGURES))
    results = [each for group in groups.values() for each in group if isinstance(each, Result)]
    return int(any(each.verdict == "falls short" for each in results))


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument("group", nargs="*", choices=tuple(GROUPS), help="what to measure (all)")
    parser.add_argument("--quick", action="store_true", help="fewer rows and rounds, for a glance")
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    parser.add_argument("--incidents", type=int, help="how many rows the store has")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where the rows are kept")
    return parser.parse_args(arguments)


async def _measured(names: list[str], folder: Path, depth: Depth) -> Groups:
    return {name: await GROUPS[name](folder, depth) for name in names}


if __name__ == "__main__":
    sys.exit(main())
