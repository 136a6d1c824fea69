"""The same million incidents on a PostgreSQL server, beside the same store on its file."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from dataclasses import replace
from pathlib import Path
import signal
import socket
import sqlite3
import subprocess
from tempfile import TemporaryFile
import time
from typing import Final

from custom_components.gatehouse.database import Database, Server
from custom_components.gatehouse.database_copy import copy
from custom_components.gatehouse.incidents import IncidentStore

from .harness import Case, Depth, measure, say
from .results import Missing, Result
from .seeds import seeded
from .store import StoreBench

SCRIPT: Final = Path(__file__).parents[1] / "postgres"
PASSWORD: Final = "gate/house@home"  # noqa: S105 - of a server that is thrown away
NAME: Final = "PostgreSQL"
LONG: Final = "a server has to be started and filled (not with --quick)"
READY: Final = "ready to accept connections"

# As a server is that people trust: scripts/postgres has them off, for tests.
SETTINGS: Final = ("fsync=on", "synchronous_commit=on", "full_page_writes=on", "shared_buffers=1GB")


async def measured(folder: Path, depth: Depth) -> list[Result | Missing]:
    """Measure all of it, where there is a server."""
    if reason := LONG if depth.quick else why_none():
        return [Missing(name=NAME, reason=reason)]
    results: list[Result | Missing] = []
    async with opened(folder, depth.incidents) as (there, here):
        for case in _beside(there.cases(depth.calls), here.cases(depth.calls)):
            say(f"{case.name} ...")
            results.append(await measure(case, depth.rounds))
    return results


def why_none() -> str:
    """Return why no server can be had; empty if one can."""
    command = [SCRIPT]
    asked = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603 - ours
    return asked.stderr.strip() if asked.returncode else ""


@asynccontextmanager
async def opened(folder: Path, number: int) -> AsyncIterator[tuple[StoreBench, StoreBench]]:
    """Open the store on a server, and on the file that was copied to it."""
    path = await seeded(folder, number)
    with serving() as server, closing(sqlite3.connect(path, isolation_level=None)) as raw:
        say(f"{number:,} incidents copied to PostgreSQL, read again and compared ...")
        began = time.perf_counter()
        rows = (await copy(path, server)).total
        say(f"{rows / (time.perf_counter() - began):,.0f} rows a second")
        there, here = await Database.open(server), await Database.open(path)
        try:
            file = StoreBench(IncidentStore(here), raw, number)
            file.clean()
            yield StoreBench(IncidentStore(there), raw, number), file
            file.clean()
        finally:
            await there.close()
            await here.close()


@contextmanager
def serving() -> Iterator[Server]:
    """Run an empty server, until it is not needed any more."""
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = held.getsockname()[1]
    options = [option for setting in SETTINGS for option in ("-c", setting)]
    with TemporaryFile("w+") as log:
        command = [SCRIPT, "serve", str(port), *options]
        process = subprocess.Popen(command, stderr=log)  # noqa: S603 - our own
        try:
            _wait(process, log.fileno())
            url = f"postgresql://gatehouse@127.0.0.1:{port}/gatehouse"
            yield Server(url=url, password=PASSWORD)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait()


def _wait(process: subprocess.Popen[bytes], log: int) -> None:
    """Wait until it says that it is ready; raises RuntimeError with what else it says."""
    while READY not in (said := Path(f"/proc/self/fd/{log}").read_text("utf-8")):
        if process.poll() is not None:
            raise RuntimeError(said)
        time.sleep(0.05)


def _beside(there: Iterator[Case], here: Iterator[Case]) -> Iterator[Case]:
    for on_server, in_file in zip(there, here, strict=True):
        # What is promised is promised of the file: how far away a server is, nobody knows.
        yield replace(on_server, reference=in_file.subject, goal=None, most=None, times=None)
