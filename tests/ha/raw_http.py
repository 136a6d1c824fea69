"""Requests exactly as they are written: no client tidies their paths up."""

import asyncio
from dataclasses import dataclass

from aiohttp.test_utils import TestClient


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes


async def asked(
    client: TestClient, path: str, method: str = "GET", headers: dict[str, str] | None = None
) -> Answer:
    """Ask a server for a path, byte for byte."""
    reader, writer = await asyncio.open_connection(client.host, client.port)
    # 1.0: an answer ends where the connection does, and never comes in chunks.
    lines = [f"{method} {path} HTTP/1.0", "Host: house"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    writer.write("\r\n".join([*lines, "", ""]).encode())
    head, _, body = (await reader.read()).partition(b"\r\n\r\n")
    writer.close()
    first, *rest = head.decode().split("\r\n")
    fields = (line.partition(":") for line in rest)
    return Answer(
        status=int(first.split()[1]),
        headers={name.title(): value.strip() for name, _, value in fields},
        body=body,
    )
