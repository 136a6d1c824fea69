"""Make what the command line names; 1 if something is not fit to be released."""

import argparse
from collections.abc import Callable
from pathlib import Path
import sys
from typing import Final

from . import ReleaseError, debian
from .agent import archive, wheel
from .integration import integration
from .versions import disagreements

ROOT: Final = Path(__file__).parents[2]


def main() -> int:
    """Do it, and print the path of each file that was made."""
    options = _parser().parse_args()
    into = options.into.absolute()
    if options.what != "check":
        into.mkdir(parents=True, exist_ok=True)
    try:
        made = COMMANDS[options.what](into, options)
    except ReleaseError as error:
        print(f"gatehouse: {error}", file=sys.stderr)
        return 1
    for path in made:
        print(path)
    return 0


def _check(_: Path, options: argparse.Namespace) -> list[Path]:
    if found := disagreements(ROOT, options.tag):
        raise ReleaseError("this cannot be released:\n  " + "\n  ".join(found))
    return []


def _agent(into: Path, _: argparse.Namespace) -> list[Path]:
    made = wheel(ROOT, into)
    return [made, archive(ROOT, made, into)]


def _integration(into: Path, _: argparse.Namespace) -> list[Path]:
    return [integration(ROOT, into)]


def _deb(into: Path, options: argparse.Namespace) -> list[Path]:
    return [debian.package(ROOT, into, options.architecture, options.libraries)]


def _all(into: Path, options: argparse.Namespace) -> list[Path]:
    return [*_check(into, options), *_agent(into, options), *_integration(into, options)]


COMMANDS: Final[dict[str, Callable[[Path, argparse.Namespace], list[Path]]]] = {
    "check": _check,
    "agent": _agent,
    "integration": _integration,
    "deb": _deb,
    "all": _all,
}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="scripts/release")
    parser.add_argument("what", choices=COMMANDS)
    parser.add_argument("tag", nargs="?", help="check: the version must be that of the tag")
    parser.add_argument("--into", type=Path, default=ROOT / "dist", help="default: dist")
    parser.add_argument("--architecture", choices=debian.PLATFORMS, default="arm64")
    parser.add_argument("--libraries", type=Path, help="what else is in the package")
    return parser


if __name__ == "__main__":
    sys.exit(main())
