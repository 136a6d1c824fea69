"""The off-site storage of the demonstration: a server that speaks S3, and forgets when it ends."""

import asyncio
from pathlib import Path
import sys
from typing import Any, Final

import aiohttp

from .home_assistant import DemoError
from .memory import Memory
from .places import LOCAL

BUCKET: Final = "gatehouse"
KEY_ID: Final = "demonstration"
UP_WITHIN: Final = 60.0
PAUSE: Final = 0.2


def storage_command(memory: Memory) -> list[str | Path]:
    """Return how the server is started."""
    return [sys.executable, "-m", "moto.server", "-H", LOCAL, "-p", str(memory.storage.port)]


def endpoint_of(memory: Memory) -> str:
    """Return the address of the server."""
    return f"http://{LOCAL}:{memory.storage.port}"


async def make_bucket(session: aiohttp.ClientSession, memory: Memory) -> None:
    """Wait for the server and make the bucket, which it has forgotten since the last run."""
    try:
        async with asyncio.timeout(UP_WITHIN):
            while not await _is_made(session, f"{endpoint_of(memory)}/{BUCKET}"):  # noqa: ASYNC110 - another process
                await asyncio.sleep(PAUSE)
    except TimeoutError as error:
        raise DemoError(f"The storage is not up after {UP_WITHIN:g} s.") from error


def offsite_answers(memory: Memory) -> dict[str, Any]:
    """Return what is answered about the off-site storage."""
    return {
        "s3_endpoint": endpoint_of(memory),
        "s3_bucket": BUCKET,
        "s3_key_id": KEY_ID,
        "s3_secret": memory.storage.secret,
        "s3_style": "auto",
        "upload_levels": ["low", "medium", "high", "critical"],
        "upload_by_hand": True,
        "upload_limit": 0,
        "offsite_days": 0,
    }


async def _is_made(session: aiohttp.ClientSession, bucket: str) -> bool:
    try:
        async with session.put(bucket) as response:
            return response.ok
    except aiohttp.ClientConnectionError:
        return False
