"""What is beside the doors: many who watch, one who detects, a bare echo, and a bare door."""

import argparse
import asyncio
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
import json
import os
from pathlib import Path
import sys
import time
from typing import Final

import aiohttp
from aiohttp import web

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
async def bare_door(folder: Path) -> AsyncIterator[BareDoor]:
    """Return the way to a process that does what any door has to, and decides nothing."""
    socket = folder / "bare.sock"
    async with (
        _beside(folder, "door", {}, "--socket", str(socket)) as port,
        aiohttp.ClientSession(f"http://{LOCAL}:{port}") as session,
        session.ws_connect(wire.FEED) as feed,
    ):
        reader, writer = await asyncio.open_unix_connection(socket)
        try:
            yield BareDoor(reader, writer, feed)
        finally:
            writer.close()


class BareDoor:
    """A door that opens for whatever is shown there; `took` is what each line took, in ms."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        feed: aiohttp.ClientWebSocketResponse,
    ) -> None:
        self.took: list[float] = []
        """From a line's being complete to the relay's being written."""
        self._reader = reader
        self._writer = writer
        self._feed = feed

    async def ask(self, line: bytes) -> None:
        """Show a line, and wait until the feed tells of it."""
        self._writer.write(line)
        told = await self._feed.receive_json()
        self.took.append(told["took_ms"])
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


async def _open_for_all(socket: str) -> None:
    """Serve a door at a socket and a feed of what is shown there: an agent's work without thought.

    A row is written, a keeper in another process is told, the relay's file is written, who stands
    there is told, and then the feed.
    """
    feeds: set[web.WebSocketResponse] = set()
    keeper = await asyncio.create_subprocess_exec("cat", stdin=PIPE, stdout=DEVNULL)
    told = keeper.stdin.get_extra_info("pipe").fileno() if keeper.stdin else -1
    rows = os.open(f"{socket}.rows", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def open_door(line: bytes) -> None:
        os.write(rows, line)
        os.write(told, line)
        relay = os.open(f"{socket}.relay", os.O_WRONLY | os.O_CREAT, 0o600)
        os.pwrite(relay, b"1\n", 0)
        os.close(relay)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            began = time.perf_counter()
            open_door(line)
            took = 1000 * (time.perf_counter() - began)
            writer.write(b'{"relay": true}\n')
            for feed in feeds:
                await feed.send_json({**json.loads(line), "took_ms": took})

    async def listen(request: web.Request) -> web.WebSocketResponse:
        feed = web.WebSocketResponse()
        await feed.prepare(request)
        feeds.add(feed)
        async for _ in feed:
            pass
        feeds.discard(feed)
        return feed

    app = web.Application()
    app.router.add_get(wire.FEED, listen)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, LOCAL, 0).start()
    server = await asyncio.start_unix_server(serve, socket)
    print(f"{READY}{runner.addresses[0][1]}", flush=True)
    await server.serve_forever()


def _main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=("crowd", "echo", "door"))
    parser.add_argument("port", type=int, nargs="?")
    parser.add_argument("--socket")
    options = parser.parse_args()
    work = {
        "crowd": lambda: _watch_and_look(options.port, os.environ[TOKEN]),
        "echo": _send_back,
        "door": lambda: _open_for_all(options.socket),
    }
    asyncio.run(work[options.what]())


if __name__ == "__main__":
    _main()
