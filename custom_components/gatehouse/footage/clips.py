"""The finished clips: deleted or replaced so that rows and files agree whatever happens."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Iterable
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
import hashlib
from pathlib import Path
from typing import Final

from ..models import Footage, FootageStage
from .disk import INCOMING, Disk, refusals
from .disposal import Disposal, are_within_reach
from .store import FootageStore

OWNER: Final = "footage"
DRAFTS: Final = "optimised"


class Clips:
    """Changes one finished clip at a time, together with its poster and its row.

    What is to go waits in the trash until its row says that it is gone; what is to come waits as a
    draft until its row says that it is there. So after a kill the rows know what to do with both.
    """

    def __init__(self, store: FootageStore, disk: Disk, news: Callable[[Footage], None]) -> None:
        """Tell `news` each row that is changed."""
        self._store = store
        self._disk = disk
        self._news = news
        self._disposal = Disposal(disk, OWNER)
        self._drafts = disk.root / INCOMING / DRAFTS
        self._turn = asyncio.Lock()

    async def recover(self) -> None:
        """Settle what was about to be deleted. Raises DatabaseError and FootageError."""
        async with self._turn:
            await self._disposal.recover(self._claimed)

    async def recover_drafts(self) -> None:
        """Put the drafts that rows mean in their place, and remove the others.

        Nobody may be writing one meanwhile. Raises DatabaseError and FootageError.
        """
        async with self._turn:
            for draft in await asyncio.to_thread(_files, self._drafts):
                await self._settle(draft)

    async def within_reach(self, rows: Iterable[Footage]) -> list[Footage]:
        """Return the rows of which one can tell that their file is here, or that it is gone."""
        return await asyncio.to_thread(_within_reach, self._disk.root, rows)

    async def free_bytes(self) -> int:
        """Return how much room the disk has. Raises DiskRefused where there is none."""
        return await asyncio.to_thread(self._disk.free_bytes)

    async def discard(self, row: Footage) -> int | None:
        """Delete a clip here, and return how many bytes that freed.

        None if the row is not as it was any more: then nothing happens. Raises DatabaseError and
        FootageError; then nothing has happened either.
        """
        async with self._turn:
            if (path := row.path) is None or await self._store.get(row.id) != row:
                return None
            stage = FootageStage.UPLOADED if row.key else FootageStage.EXPIRED
            gone = replace(row, stage=stage, path=None, retry_at=None, error=None)
            move = partial(self._store.move, row, gone)
            freed = await self._disposal.dispose(_files_of(path), move)
        if freed is not None:
            self._news(gone)
        return freed

    @asynccontextmanager
    async def draft(self, row: Footage, size: int) -> AsyncIterator[Path]:
        """Give where another file for a row may be written; what is not exchanged is removed.

        Raises DatabaseError, DiskFull and DiskRefused.
        """
        draft = await asyncio.to_thread(self._drafted, row, size)
        try:
            yield draft
        finally:
            async with self._turn:
                if await asyncio.to_thread(draft.exists):
                    await self._settle(draft)

    async def exchange(self, row: Footage, better: Footage, draft: Path) -> bool:
        """Put a draft in the place of a clip; it must be on the disk itself, whole and checked.

        False if the row is not as it was any more: then nothing happens. Raises DatabaseError and
        FootageError.
        """
        async with self._turn:
            if (path := row.path) is None or await self._store.get(row.id) != row:
                return False
            saved = (row.size or 0) - (better.size or 0)
            # The row first: with its hash it tells which of the two files is meant to be there.
            if not await self._store.move(row, better, freed=saved):
                return False
            await asyncio.to_thread(self._disk.publish, draft, path)
        self._news(better)
        return True

    async def tidy(self, folders: Collection[Path]) -> None:
        """Remove those of these folders in which nothing is left."""
        await self._disposal.tidy(folders)

    async def _claimed(self) -> set[Path]:
        rows = await self._store.here()
        return {path for row in rows if row.path for path in _files_of(row.path)}

    async def _settle(self, draft: Path) -> None:
        """Put a draft in its place if its row means it; remove it if not."""
        row = await self._store.get(draft.stem)
        sha256 = await asyncio.to_thread(_sha256, draft)
        if row and row.path and row.sha256 == sha256:
            await asyncio.to_thread(self._disk.publish, draft, row.path)
        else:
            await asyncio.to_thread(self._disk.remove, draft)

    def _drafted(self, row: Footage, size: int) -> Path:
        self._disk.make_room(size)
        with refusals():
            self._drafts.mkdir(exist_ok=True)
        return self._drafts / f"{row.id}.mp4"


def _files_of(path: Path) -> tuple[Path, Path]:
    """Return a clip and its poster."""
    return path, path.with_suffix(".jpg")


def _within_reach(root: Path, rows: Iterable[Footage]) -> list[Footage]:
    return [
        row
        for row in rows
        if row.path and row.path.is_relative_to(root) and are_within_reach((row.path,))
    ]


def _files(folder: Path) -> list[Path]:
    with refusals():
        return list(folder.iterdir()) if folder.is_dir() else []


def _sha256(path: Path) -> str:
    with refusals(), path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
