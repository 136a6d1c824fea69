"""Finished footage on its way to the off-site storage: clips before movies, until it is there."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
import logging
from typing import Any, Final

from ..models import Footage, FootageStage
from .backlog import Backlog
from .backoff import Backoff
from .delivery import Delivery
from .disk import Disk
from .errors import FileMissing, FootageError, NotVerified, StorageError, StorageRefused, UploadGone
from .lane import Lane
from .parcel import LARGE, Parcel, length_in_bytes, measured, parcel_of, poster_key
from .progress import Board, Progress
from .s3 import S3
from .store import FootageStore
from .wanted import OffsiteOptions, is_any_wanted

_LOGGER = logging.getLogger(__name__)

# What is wrong with one file, and not with the storage.
OWN_FAULTS: Final = (StorageRefused, NotVerified)


class _Overtaken(Exception):
    """Somebody else moved the row meanwhile."""


class Offsite:
    """Uploads what is wanted off-site, and never gives up; what it began survives a restart."""

    def __init__(
        self,
        store: FootageStore,
        s3: S3,
        disk: Disk,
        options: OffsiteOptions,
        news: Callable[[Footage], None],
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Tell each row that was uploaded, or failed in another way than before, to `news`."""
        self._store = store
        self._s3 = s3
        self._disk = disk
        self._options = options
        self._news = news
        self._now = now
        self._board = Board()
        self._backoff = Backoff(options.retry_first, options.retry_longest, now)
        self._clips, self._movies = (
            Lane(store, options, self._backoff, self._rest, booked=booked, now=now)
            for booked in (False, True)
        )
        self._delivery = Delivery(s3, options.bytes_per_second, self._clips.is_idle)

    @property
    def progress(self) -> Progress:
        """What is being uploaded, and what hinders it."""
        return replace(self._board.progress, failures=self._backoff.failures)

    def watch(self, changed: Callable[[], None]) -> Callable[[], None]:
        """Call `changed` when there is progress, once a second at most; returns how to stop."""
        return self._board.watch(changed)

    async def backlog(self) -> Backlog:
        """Return how much is wanted off-site and is not there."""
        return await self._store.backlog(self._options, self._now())

    def wake(self) -> None:
        """Look at once whether there is something new to upload."""
        self._clips.wake()
        self._movies.wake()

    async def run(self) -> None:
        """Upload until cancelled; ends at once if nothing is wanted off-site."""
        if not is_any_wanted(self._options):
            return
        self._delivery.open()
        try:
            async with asyncio.TaskGroup() as tasks:
                for number in range(self._options.parallel):
                    tasks.create_task(self._work(self._clips), name=f"gatehouse upload {number}")
                tasks.create_task(self._work(self._movies), name="gatehouse upload of movies")
        finally:
            # Threads cannot be cancelled: their connections break instead.
            self._delivery.close()
            self._board.close()

    async def url(self, row: Footage, lifetime: timedelta, name: str | None = None) -> str:
        """Return an address that plays a clip without login; seven days is the longest.

        Raises StorageError, too if the clip is not off-site.
        """
        return await asyncio.to_thread(self._s3.url, _key(row), lifetime, name)

    async def poster_url(self, row: Footage, lifetime: timedelta) -> str:
        """Return the same for the picture of a clip."""
        return await asyncio.to_thread(self._s3.url, poster_key(_key(row)), lifetime)

    async def forget(self, row: Footage) -> bool:
        """Delete what is off-site of a row; False if the row was moved by somebody meanwhile."""
        await asyncio.to_thread(self._delivery.remove, _key(row))
        stage = FootageStage.EXPIRED if row.path is None else row.stage
        moved = replace(row, key=None, stage=stage)
        is_moved = await self._store.move(row, moved)
        if is_moved:
            self._news(moved)
        return is_moved

    async def _work(self, lane: Lane) -> None:
        while True:
            async with lane.next() as row:
                await self._take(row)

    def _rest(self) -> None:
        """Hang up, if nothing is on its way: nothing will be for a while."""
        if self._clips.is_idle.is_set() and self._movies.is_idle.is_set():
            self._s3.rest()

    async def _take(self, row: Footage) -> None:
        failures = self._backoff.failures
        try:
            await self._upload(row)
        except _Overtaken:
            _LOGGER.debug("Footage %s is no longer what was to be uploaded", row.id)
        except StorageError as error:
            self._backoff.fail(failures)
            if self._board.fails(error.code, str(error), self._now()):
                _LOGGER.warning("Nothing is uploaded for now: %s", error)
            await self._fail(row.id, error)
        except FootageError as error:
            await self._fail(row.id, error)

    async def _upload(self, row: Footage) -> None:
        row = await self._measured(row)
        parcel = parcel_of(row, self._s3.options.prefix, self._disk.zone)
        with self._board.counting(row) as counter:
            if row.upload is None and parcel.content.size >= LARGE:
                row = await self._begun(row, parcel)
            await asyncio.to_thread(self._delivery.deliver, row, parcel, counter.add)
        await self._arrive(row, parcel.key)

    async def _measured(self, row: Footage) -> Footage:
        """Return the row with the digests of its file, which an old one does not have."""
        if row.path is None:
            raise FileMissing(f"Footage {row.id} has no file.")
        size = await asyncio.to_thread(length_in_bytes, row.path)
        if row.md5 and row.sha256:
            if size != row.size:
                raise FileMissing(f"{row.path} is not the file that was put there.")
            return row
        span = await asyncio.to_thread(measured, row.path)
        return await self._kept(row, size=span.size, md5=span.md5, sha256=span.sha256)

    async def _begun(self, row: Footage, parcel: Parcel) -> Footage:
        upload = await asyncio.to_thread(self._delivery.begin, row, parcel)
        if upload is None:
            return row
        try:
            return await self._kept(row, upload=upload)
        except _Overtaken:
            await asyncio.to_thread(self._s3.delete, parcel.key, upload)
            raise

    async def _kept(self, row: Footage, **changes: Any) -> Footage:
        moved = replace(row, **changes)
        if not await self._store.move(row, moved):
            raise _Overtaken
        return moved

    async def _arrive(self, row: Footage, key: str) -> None:
        self._backoff.succeed()
        if self._board.works():
            _LOGGER.info("Uploads to the off-site storage work again")
        done = {"upload": None, "attempts": 0, "retry_at": None, "error": None}
        try:
            moved = await self._kept(row, stage=FootageStage.UPLOADED, key=key, **done)
        except _Overtaken:
            await self._clean(row.id, key)
            raise
        self._news(moved)

    async def _clean(self, footage: str, key: str) -> None:
        """Delete what was uploaded of a row that wants it no longer."""
        row = await self._store.get(footage)
        if row is None or (row.key != key and row.stage is not FootageStage.READY):
            await asyncio.to_thread(self._delivery.remove, key)

    async def _fail(self, footage: str, error: FootageError) -> None:
        """Note when to try again, and why."""
        row = await self._store.get(footage)
        if row is None or row.stage is not FootageStage.READY:
            return
        is_own = isinstance(error, OWN_FAULTS) or not isinstance(error, StorageError)
        later = self._backoff.after(row.attempts + 1) if is_own else self._backoff.resumes
        upload = None if isinstance(error, UploadGone) else row.upload
        moved = replace(
            row, upload=upload, attempts=row.attempts + 1, retry_at=later, error=error.code
        )
        is_news = row.error != error.code
        _LOGGER.log(
            logging.WARNING if is_news and is_own else logging.DEBUG,
            "Footage of %s at %s is not off-site yet: %s",
            row.camera,
            row.since,
            error,
        )
        if await self._store.move(row, moved) and is_news:
            self._news(moved)


def _key(row: Footage) -> str:
    if row.key is None:
        raise StorageError(f"Footage {row.id} is not in the off-site storage.")
    return row.key
