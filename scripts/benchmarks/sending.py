"""The ways by which so many clips get into a bucket: the product's, a plain one and boto3's own."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from http.client import HTTPConnection
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final
from urllib.parse import urlsplit

from custom_components.gatehouse.database import Database
from custom_components.gatehouse.footage import (
    S3,
    Disk,
    FootageStore,
    Offsite,
    OffsiteOptions,
    S3Options,
)
from custom_components.gatehouse.footage.parcel import BLOCK, Span, parcel_of
from custom_components.gatehouse.models import Footage, FootageStage
from tests.rooms.footage.storage import KEY_ID, SECRET, Storage

FIRST: Final = datetime(2026, 11, 21, tzinfo=UTC)
OPTIONS: Final = OffsiteOptions(by_hand=True)

type Work = Callable[[], Awaitable[None]]
type Way = Callable[[Storage], AbstractAsyncContextManager[Work]]
"""Prepares for an empty bucket what puts all clips into it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """What is sent, and where to."""

    address: str
    clip: Span
    number: int

    @asynccontextmanager
    async def side_by_side(self, storage: Storage) -> AsyncIterator[Work]:
        """Put as many at once as the queue does."""
        s3 = await self._reached(storage)
        clips = [parcel_of(self._row(number), "", UTC) for number in range(self.number)]

        def put() -> None:
            with ThreadPoolExecutor(OPTIONS.parallel) as threads:
                for done in [threads.submit(s3.put, clip) for clip in clips]:
                    done.result()

        yield lambda: asyncio.to_thread(put)
        s3.rest()

    @asynccontextmanager
    async def by_the_queue(self, storage: Storage) -> AsyncIterator[Work]:
        """Take rows from ready to uploaded as the product does, each clip verified."""
        arrived: list[Footage] = []
        is_done = asyncio.Event()

        def hear(row: Footage) -> None:
            arrived.append(row)
            if len(arrived) == self.number:
                is_done.set()

        with TemporaryDirectory(dir=self.clip.path.parent) as folder:
            database = await Database.open(Path(folder, "gatehouse.db"))
            store = FootageStore(database)
            for number in range(self.number):
                await store.add(self._row(number))
            s3 = await self._reached(storage)
            disk = Disk(Path(folder), UTC, 0)
            offsite = Offsite(store, s3, disk, OPTIONS, hear)

            async def work() -> None:
                running = asyncio.create_task(offsite.run())
                await is_done.wait()
                running.cancel()
                with suppress(asyncio.CancelledError):
                    await running

            yield work
            await database.close()

    @asynccontextmanager
    async def over_one_connection(self, storage: Storage) -> AsyncIterator[Work]:
        """Put the file again and again, and look at nothing but the status."""
        targets = [self._signed(storage, f"{number}.mp4") for number in range(self.number)]
        connection = HTTPConnection(urlsplit(self.address).netloc, blocksize=BLOCK)
        connection.connect()
        headers = {"Content-Length": str(self.clip.size)}

        def put() -> None:
            for target in targets:
                with self.clip.path.open("rb", buffering=0) as body:
                    connection.request("PUT", target, body=body, headers=headers)
                answer = connection.getresponse()
                answer.read()
                if answer.status != HTTPStatus.OK:
                    raise RuntimeError(f"The server answers {answer.status} to a plain PUT.")

        yield lambda: asyncio.to_thread(put)
        connection.close()

    @asynccontextmanager
    async def by_boto3(self, storage: Storage) -> AsyncIterator[Work]:
        """Put the file again and again, as whoever takes the library does."""

        def put() -> None:
            path, bucket = str(self.clip.path), storage.bucket
            for number in range(self.number):
                storage.client.upload_file(path, bucket, f"{number}.mp4")

        yield lambda: asyncio.to_thread(put)

    async def _reached(self, storage: Storage) -> S3:
        """Return the bucket as the product reaches it, with boto3 loaded and connected."""
        options = S3Options(
            bucket=storage.bucket, key_id=KEY_ID, secret=SECRET, endpoint=self.address
        )
        s3 = S3(options)
        await asyncio.to_thread(s3.head, "none")
        return s3

    def _row(self, number: int) -> Footage:
        since = FIRST + timedelta(minutes=number)
        return Footage(
            id=f"{number:032x}",
            camera="porch/front",
            incident=None,
            stage=FootageStage.READY,
            since=since,
            until=since + timedelta(seconds=20),
            path=self.clip.path,
            size=self.clip.size,
            sha256=self.clip.sha256,
            md5=self.clip.md5,
        )

    def _signed(self, storage: Storage, key: str) -> str:
        about = {"Bucket": storage.bucket, "Key": key}
        address = storage.client.generate_presigned_url("put_object", Params=about)
        return str(address).removeprefix(self.address)
