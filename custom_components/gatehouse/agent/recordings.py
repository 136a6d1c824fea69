"""The recordings of one agent: start, extend, list, fetch, delete."""

import asyncio
from datetime import datetime
import hashlib
from http import HTTPStatus
import os
from pathlib import Path
from typing import IO, Final
from urllib.parse import quote

from . import wire
from .clock import AgentClock
from .connection import ANSWER, STREAM, Connection
from .decoding import decoding
from .errors import AgentGarbled
from .recording import Recording, parse_recording

CHUNK: Final = 256 * 1024


class Recordings:
    """What an agent records; times are on its own clock."""

    def __init__(self, connection: Connection, clock: AgentClock) -> None:
        """Ask over this connection."""
        self._connection = connection
        self._clock = clock

    @property
    def now(self) -> datetime:
        """What the agent's clock shows now, as far as it has told."""
        return self._clock.now

    async def start(self, camera: str, since: datetime, until: datetime) -> Recording:
        """Record from a moment, which may lie in the near past, to another."""
        body = {"since": since.timestamp(), "until": until.timestamp()}
        return parse_recording(await self._connection.json("POST", _all(camera), body))

    async def extend(self, camera: str, recording: str, until: datetime) -> Recording:
        """Let a running recording end at another time, or at once if that has passed."""
        body = {"until": until.timestamp()}
        return parse_recording(await self._connection.json("PATCH", _one(camera, recording), body))

    async def list(self, camera: str) -> tuple[Recording, ...]:
        """Return all recordings of a camera that the agent holds."""
        body = await self._connection.json("GET", _all(camera))
        with decoding():
            return tuple(parse_recording(recording) for recording in body["recordings"])

    async def fetch(
        self, camera: str, recording: str, into: Path, sha256: str | None = None
    ) -> None:
        """Write the MP4 of a complete recording to a file, going on where a cut fetch ended.

        A fetch that was cut leaves the file for the next one. Bytes that prove to be wrong are
        removed (AgentGarbled). An OSError of the file itself comes through.
        """
        if sha256 is not None and await asyncio.to_thread(_digest, into) == sha256:
            return
        try:
            await self._receive(_one(camera, recording), into)
            await asyncio.to_thread(_check, into, sha256)
        except AgentGarbled:
            await asyncio.to_thread(into.unlink, missing_ok=True)
            raise

    async def delete(self, camera: str, recording: str) -> None:
        """Remove a recording; a running one is stopped first."""
        path = _one(camera, recording)
        async with self._connection.request("DELETE", path, timeout=ANSWER):
            pass

    async def _receive(self, path: str, into: Path) -> None:
        there = await asyncio.to_thread(_size, into)
        headers = {"Range": f"bytes={there}-"} if there else None
        async with self._connection.request(
            "GET", path, headers=headers, timeout=STREAM
        ) as response:
            mode = "ab" if response.status == HTTPStatus.PARTIAL_CONTENT else "wb"
            with await asyncio.to_thread(into.open, mode) as file:
                async for chunk in response.content.iter_chunked(CHUNK):
                    await asyncio.to_thread(_append, file, chunk)
                await asyncio.to_thread(os.fsync, file.fileno())


def _all(camera: str) -> str:
    return wire.RECORDINGS.format(camera=quote(camera, safe=""))


def _one(camera: str, recording: str) -> str:
    return wire.RECORDING.format(camera=quote(camera, safe=""), recording=quote(recording, safe=""))


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _digest(path: Path) -> str | None:
    """Return the SHA-256 of a file, None if there is none."""
    if not path.exists():
        return None
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _check(path: Path, sha256: str | None) -> None:
    if sha256 is not None and _digest(path) != sha256:
        raise AgentGarbled("The recording arrived with other bytes than the agent has.")


def _append(file: IO[bytes], chunk: bytes) -> None:
    file.write(chunk)
    file.flush()
