"""Soaks of several seeds, some beside each other: each a process with networks of its own."""

import argparse
import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
import json
from pathlib import Path
import re
import shutil
from tempfile import mkdtemp
from typing import Any, BinaryIO, Final

SOAK: Final = Path(__file__).parents[1] / "soak"
FIRST_PORT: Final = 18123

# Where networks are not their own, each soak looks for its ports among so many.
PORTS: Final = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of one seed."""

    seed: int
    held: bool
    said: str
    """In one line."""


def seeds_of(text: str) -> tuple[int, ...]:
    """Return the seeds that `1-3,7` says; raises argparse.ArgumentTypeError."""
    found: list[int] = []
    for part in text.split(","):
        if not (span := re.fullmatch(r"(\d+)(?:-(\d+))?", part.strip())):
            raise argparse.ArgumentTypeError(f"seeds are said like 1-30 or 4,7,11-13, not {text!r}")
        first, last = int(span[1]), int(span[2] or span[1])
        found += range(first, last + 1)
    if not found:
        raise argparse.ArgumentTypeError(f"there is no seed in {text!r}")
    return tuple(dict.fromkeys(found))


async def soak_each(options: argparse.Namespace) -> int:
    """Soak with each seed and print a line of it; return 0 if everything held, 1 if not."""
    folder = options.keep or Path(mkdtemp(prefix="soaks-"))
    folder.mkdir(parents=True, exist_ok=True)
    waiting, outcomes = iter(options.seeds), list[Outcome]()
    async with asyncio.TaskGroup() as lanes:
        for number in range(options.beside):
            port = FIRST_PORT + number * PORTS
            lanes.create_task(_lane(waiting, options, folder, port, outcomes))
    broken = sorted(each.seed for each in outcomes if not each.held)
    for each in outcomes:
        if not each.held:
            print(f"{each.said}; logs and history are in {folder / str(each.seed)}", flush=True)
    print(f"{len(broken)} of {len(outcomes)} seeds broke", *broken, flush=True)
    if not broken and not options.keep:
        shutil.rmtree(folder, ignore_errors=True)
    return 1 if broken else 0


async def _lane(
    waiting: Iterator[int],
    options: argparse.Namespace,
    folder: Path,
    port: int,
    outcomes: list[Outcome],
) -> None:
    """Soak with one seed after the other, as long as there are any."""
    for seed in waiting:
        outcome = await _soak(seed, options, folder / str(seed), port)
        outcomes.append(outcome)
        print(outcome.said, flush=True)
        if outcome.held and not options.keep:
            shutil.rmtree(folder / str(seed), ignore_errors=True)


async def _soak(seed: int, options: argparse.Namespace, folder: Path, port: int) -> Outcome:
    words = _command(seed, options, folder, port)
    with _written(folder) as said:
        soaking = await asyncio.create_subprocess_exec(
            *words, stdout=asyncio.subprocess.PIPE, stderr=said
        )
        try:
            told, _ = await soaking.communicate()
        finally:
            if soaking.returncode is None:
                soaking.terminate()
                await soaking.wait()
    said_last = await asyncio.to_thread(_last_line, folder)
    return outcome_of(seed, soaking.returncode or 0, told, said_last)


def _written(folder: Path) -> BinaryIO:
    """Return where is written what a soak says meanwhile."""
    folder.mkdir(parents=True, exist_ok=True)
    return (folder / "said.log").open("wb")


def _last_line(folder: Path) -> str:
    lines = (folder / "said.log").read_text("utf-8", errors="replace").splitlines()
    return lines[-1] if lines else "nothing"


def outcome_of(seed: int, code: int, told: bytes, said_last: str) -> Outcome:
    """Return what a soak that ended with this code told of itself, and said last."""
    if not told.strip():
        said = f"seed {seed}: BROKEN, it ended with code {code} and no report: {said_last}"
        return Outcome(seed=seed, held=False, said=said)
    report = json.loads(told)
    went_wrong, processors = sum(report["faults"].values()), report["processors"]
    rest = f"{went_wrong} faults, {processors:.2f} processors"
    if report["held"]:
        return Outcome(seed=seed, held=True, said=f"seed {seed}: held, {rest}")
    said = f"seed {seed}: BROKEN, {rest}: {', '.join(_broken(report['verdicts']))}"
    return Outcome(seed=seed, held=False, said=said)


def _broken(verdicts: Sequence[dict[str, Any]]) -> Iterator[str]:
    for each in verdicts:
        if each["broken"]:
            yield f"{each['name']} ({len(each['broken'])} ×)"


def _command(seed: int, options: argparse.Namespace, folder: Path, port: int) -> list[str]:
    words = {
        "--seed": seed,
        "--minutes": options.minutes,
        "--agents": options.agents,
        "--keep": folder,
        "--port": port,
    }
    only = [word for kind in options.only or () for word in ("--only", str(kind))]
    return [str(SOAK), "--json", *only, *(str(each) for pair in words.items() for each in pair)]
