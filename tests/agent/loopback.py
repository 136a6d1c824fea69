"""A real server on this machine, and a player that reads as slowly as it is told."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
import socket

from aiohttp import web

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def serving(app: web.Application | Handler) -> AsyncIterator[int]:
    """Serve an application, or one handler for everything, on a port."""
    if not isinstance(app, web.Application):
        handler, app = app, web.Application()
        app.router.add_get("/{path:.*}", handler, allow_head=False)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


class Player:
    """A client of a stream, on a plain socket."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def open(cls, port: int, path: str = "/", headers: str = "") -> "Player":
        """Ask for a path; hardly anything is read or kept before somebody wants it."""
        connection = socket.socket()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 * 1024)
        connection.setblocking(False)
        await asyncio.get_running_loop().sock_connect(connection, ("127.0.0.1", port))
        reader, writer = await asyncio.open_connection(sock=connection, limit=64 * 1024)
        writer.write(f"GET {path} HTTP/1.1\r\nHost: agent\r\n{headers}\r\n".encode())
        return cls(reader, writer)

    async def head(self) -> str:
        return (await self._reader.readuntil(b"\r\n\r\n")).decode()

    async def part(self) -> tuple[dict[str, str], bytes]:
        """Read the next picture of a multipart stream, with the boundary that is before it."""
        assert await self._reader.readuntil(b"\r\n") == b"--gatehouse\r\n"
        lines = (await self._reader.readuntil(b"\r\n\r\n")).decode().strip().split("\r\n")
        headers = dict(line.split(": ") for line in lines)
        body = await self._reader.readexactly(int(headers["Content-Length"]))
        assert await self._reader.readexactly(2) == b"\r\n"
        return headers, body

    async def read(self, count: int) -> bytes:
        return await self._reader.readexactly(count)

    async def some(self, patience: float) -> bytes:
        """Read what comes next, or nothing if nothing comes."""
        for _ in range(2):  # what came while the loop stood still is only seen at the second look
            with suppress(TimeoutError):
                async with asyncio.timeout(patience):
                    return await self._reader.read(1_000_000)
        return b""

    def close(self) -> None:
        self._writer.close()
