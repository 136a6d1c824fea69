"""Files are deleted only after the database has agreed, and come back if it does not."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from contextlib import suppress
import logging
from pathlib import Path

from ..database import DatabaseError
from .disk import Disk, refusals
from .errors import FootageError
from .trash import Trash

_LOGGER = logging.getLogger(__name__)


class Disposal:
    """Deletes the files of one owner's rows; what a kill interrupts is settled by those rows."""

    def __init__(self, disk: Disk, owner: str) -> None:
        """Keep what is on its way out apart from the files of other owners."""
        self._trash = Trash(disk, owner)

    async def recover(self, claimed: Callable[[], Awaitable[Collection[Path]]]) -> None:
        """Put back the files that rows still claim, and delete those that none does.

        Raises FootageError, and what `claimed` raises: then nothing is deleted.
        """
        if thrown := await asyncio.to_thread(self._trash.paths):
            wanted = await claimed()
            await asyncio.to_thread(self._put_back, [path for path in thrown if path in wanted])
            await asyncio.to_thread(self._purge, [path for path in thrown if path not in wanted])

    async def dispose(
        self, paths: Sequence[Path], agree: Callable[[int], Awaitable[bool]]
    ) -> int | None:
        """Delete files and return how many bytes that freed, if `agree`, told so, changes the row.

        If it does not, they are put back, and None is returned. Raises FootageError, and what
        `agree` raises of DatabaseError: then the files are where they were too.
        """
        size = await asyncio.to_thread(self._throw, paths)
        try:
            agreed = await agree(size)
        except DatabaseError:
            await asyncio.to_thread(self._put_back, paths)
            raise
        if not agreed:
            await asyncio.to_thread(self._put_back, paths)
            return None
        await self._finish(paths)
        return size

    async def reaches(self, paths: Iterable[Path]) -> bool:
        """Whether one can tell that each of these files is here, or that it is gone."""
        return await asyncio.to_thread(are_within_reach, paths)

    async def tidy(self, folders: Collection[Path]) -> None:
        """Remove those of these folders in which nothing is left."""
        await asyncio.to_thread(_tidy, folders)

    async def _finish(self, paths: Sequence[Path]) -> None:
        try:
            await asyncio.to_thread(self._purge, paths)
        except FootageError as error:
            _LOGGER.warning("What was deleted still takes room, for now: %s", error)

    def _throw(self, paths: Sequence[Path]) -> int:
        with refusals():
            size = sum(path.stat().st_size for path in paths if path.exists())
        try:
            for path in paths:
                self._trash.put(path)
        except FootageError:
            self._put_back(paths)
            raise
        return size

    def _put_back(self, paths: Sequence[Path]) -> None:
        for path in paths:
            self._trash.restore(path)

    def _purge(self, paths: Sequence[Path]) -> None:
        for path in paths:
            self._trash.purge(path)


def are_within_reach(paths: Iterable[Path]) -> bool:
    """Whether each file is here, or is not in its folder, which is here; blocks, for threads.

    Where even the folder is missing, perhaps only a disk is: nobody knows whether it is gone.
    """
    return all(path.exists() or path.parent.is_dir() for path in paths)


def _tidy(folders: Collection[Path]) -> None:
    for folder in folders:
        with suppress(OSError):  # something is in it
            folder.rmdir()
