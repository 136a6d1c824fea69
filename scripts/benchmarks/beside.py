"""What else goes on while doors are measured: many who watch, one who detects, and a bare echo."""

import argparse
import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
import os
from pathlib import Path
import sys
from typing import Final

import aiohttp

from camera_agent import wire
from scripts.demonstration.children import Child

VIEWERS: Final = 20
LOOKS: Final = 2.0  # pictures a second, as the integration takes them while something moves
LOCAL: Final = "127.0.0.1"
CAMERA: Final = "yard"
TOKEN: Final = "GATEHOUSE_BENCH_TOKEN"  # noqa: S105 - where it is, not what it is
READY: Final = "ready "
READY_WITHIN: Final = 60.0  # seconds


@asynccontextmanager
async def crowd(folder: Path, port: int, token: str) -> AsyncIterator[None]:
    """Have twenty watch the camera of an agent and a detector look at it, in another process."""
    async with _beside(folder, "crowd", {TOKEN: token}, str(port)):
        yield


@asynccontextmanager
async def echo(folder: Path) -> AsyncIterator[Echo]:
    """Return the way to a process that sends back what it gets, and does nothing else."""
    async with _beside(folder, "echo", {}) as port:
        reader, writer = await asyncio.open_connection(LOCAL, int(port))
        try:
            yield Echo(reader, writer)
        finally:
            writer.close()


class Echo:
    """One connection to a process that sends back lines."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def ask(self, line: bytes) -> None:
        """Send a line, and wait for it."""
        self._writer.write(line)
        await self._reader.readline()


@asynccontextmanager
async def _beside(
    folder: Path, what: str, environment: dict[str, str], *arguments: str
) -> AsyncIterator[str]:
    """Run a part of this module as a process; return what it says when it is ready."""
    log = folder / f"{what}.log"
    command = ["env", *(f"{name}={value}" for name, value in environment.items())]
    command += [sys.executable, "-m", "scripts.benchmarks.beside", what, *arguments]
    child = await Child.start(what, command, Path(__file__).parents[2], log)
    try:
        async with asyncio.timeout(READY_WITHIN):
            while not (said := _said(log)):  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.05)
        yield said
    finally:
        await child.stop()


def _said(log: Path) -> str:
    """Return what a process says when it is ready; nothing before that."""
    lines = log.read_text("utf-8").splitlines(keepends=True)
    ready = [line for line in lines if line.startswith(READY) and line.endswith("\n")]
    return ready[0].removeprefix(READY).strip() if ready else ""


async def _watch_and_look(port: int, token: str) -> None:
    headers = {"Authorization": f"Bearer {token}"}
    connector = aiohttp.TCPConnector(limit=0)
    timeout = aiohttp.ClientTimeout(total=None)
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(
            aiohttp.ClientSession(
                f"http://{LOCAL}:{port}", headers=headers, connector=connector, timeout=timeout
            )
        )
        stream = wire.STREAM.format(camera=CAMERA)
        viewers = [
            await stack.enter_async_context(session.get(stream, raise_for_status=True))
            for _ in range(VIEWERS)
        ]
        looked = await _look(session)
        print(f"{READY}{'detecting' if looked else 'not detecting'}", flush=True)
        async with asyncio.TaskGroup() as tasks:
            for viewer in viewers:
                tasks.create_task(_read(viewer))
            while True:
                await asyncio.sleep(1 / LOOKS)
                await _look(session)


async def _read(viewer: aiohttp.ClientResponse) -> None:
    async for _ in viewer.content.iter_any():
        pass


async def _look(session: aiohttp.ClientSession) -> bool:
    """Have the agent look at a picture; return whether it did."""
    async with session.get(wire.SNAPSHOT.format(camera=CAMERA)) as response:
        jpeg = await response.read()
    async with session.post(wire.DETECT, data=jpeg) as response:
        return response.ok


async def _send_back() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            writer.write(line)

    server = await asyncio.start_server(serve, LOCAL, 0)
    print(f"{READY}{server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


def _main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=("crowd", "echo"))
    parser.add_argument("port", type=int, nargs="?")
    options = parser.parse_args()
    if options.what == "echo":
        asyncio.run(_send_back())
    else:
        asyncio.run(_watch_and_look(options.port, os.environ[TOKEN]))


if __name__ == "__main__":
    _main()
