"""The movies that are made of appointments, and what becomes of the parts that they are made of."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
import shutil
from typing import Final
from uuid import uuid4

from ..database import DatabaseError
from ..models import Footage, FootageStage
from .clips import Clips
from .disk import INCOMING, Disk, refusals
from .disposal import Disposal
from .filing import files_of
from .mp4 import Clip
from .rules import is_finished, is_same_movie
from .store import FootageStore
from .threads import to_the_end

OWNER: Final = "parts"
FOLDER: Final = "movies"
DRAFTS: Final = "drafts"
DRAFT: Final = "movie.mp4"
NOTE: Final = ".place"


class Movies:
    """Files the movies of appointments, and deletes their parts.

    Before a movie goes to its place there is a note of that, until there is its row too. So after a
    kill one knows which file has no row.
    """

    def __init__(
        self, store: FootageStore, disk: Disk, clips: Clips, news: Callable[[Footage], None]
    ) -> None:
        """Tell `news` each row that is new or changed."""
        self._store = store
        self._disk = disk
        self._clips = clips
        self._news = news
        self._disposal = Disposal(disk, OWNER)
        self._folder = disk.root / INCOMING / FOLDER
        self._open: set[Path] = set()
        self._turn = asyncio.Lock()

    async def recover(self) -> None:
        """Remove what a kill left of movies and of parts. Raises DatabaseError and FootageError."""
        async with self._turn:
            await self._settle()
            await self._disposal.recover(_nobody)
            await to_the_end(self._sweep, frozenset(self._open))

    @asynccontextmanager
    async def draft(self, size: int) -> AsyncIterator[Path]:
        """Give where a movie of about so many bytes may be written, in a folder of its own.

        What is left in the folder is removed. Raises DiskFull and DiskRefused.
        """
        folder = self._folder / DRAFTS / uuid4().hex
        self._open.add(folder)
        try:
            await to_the_end(self._prepare, folder, size)
            yield folder / DRAFT
        finally:
            self._open.discard(folder)
            await to_the_end(shutil.rmtree, folder, ignore_errors=True)

    async def keep(
        self,
        draft: Path,
        clip: Clip,
        appointment: str,
        camera: str,
        since: datetime,
        until: datetime,
        *,
        wanted: bool,
    ) -> Footage:
        """File a movie that is whole, on the disk of the media folder, and return its row.

        Camera is under which name: that of a camera, or of what else its pictures are of. If it has
        been filed already, its row is returned and the draft stays. Raises DatabaseError and
        FootageError; then the draft stays too.
        """
        async with self._turn:
            await self._settle()
            if known := await self._known(appointment, camera, since, until):
                return known
            name = uuid4().hex
            place = self._disk.place(camera, since, name, ".mp4")
            row = Footage(
                id=name,
                camera=camera,
                incident=None,
                stage=FootageStage.READY,
                since=since,
                until=until,
                booking=appointment,
                wanted=wanted,
                path=place,
                duration=clip.duration,
                size=clip.size,
                sha256=clip.sha256,
                md5=clip.md5,
                # It was encoded when it was made.
                optimised=True,
            )
            await self._file(row, place, draft, clip.poster)
        self._news(row)
        return row

    async def drop_parts(self, appointment: str, *, even_unmerged: bool = False) -> bool:
        """Delete the parts of an appointment, and return whether none is left.

        Unless even unmerged ones are to go, nothing happens before there is a movie of it. One that
        is moved on meanwhile is left; ask again then. Raises DatabaseError and FootageError.
        """
        rows = await self._store.of_booking(appointment)
        parts = [row for row in rows if row.part]
        if len(parts) == len(rows) and not even_unmerged:
            return not parts
        going = [row for row in parts if not is_finished(row) or row.path]
        dropped = [await self._drop(row) for row in going]
        await self._clips.tidy({row.path.parent for row in going if row.path})
        return all(dropped)

    async def _known(
        self, appointment: str, camera: str, since: datetime, until: datetime
    ) -> Footage | None:
        """Return the movie that an earlier try has filed."""
        rows = await self._store.of_booking(appointment)
        return next((row for row in rows if is_same_movie(row, camera, since, until)), None)

    async def _file(self, row: Footage, place: Path, draft: Path, poster: bytes) -> None:
        """Put a movie where its row says, then add the row; neither if one of them fails."""
        await to_the_end(self._publish, row.id, draft, poster, place)
        try:
            await self._store.add(row)
        except DatabaseError:
            await to_the_end(self._take_back, row.id, draft, place)
            raise
        await to_the_end(self._disk.remove, self._note(row.id))

    async def _settle(self) -> None:
        """Remove the files that were put in their places without a row."""
        for note in await asyncio.to_thread(_files, self._folder):
            if await self._store.get(note.stem) is None:
                await to_the_end(self._unplace, note)
            await to_the_end(self._disk.remove, note)

    async def _drop(self, row: Footage) -> bool:
        """Delete a part, wherever on its way it is; False if it was moved on meanwhile."""
        if is_finished(row):
            return await self._clips.discard(row) is not None
        gone = replace(row, stage=FootageStage.EXPIRED, path=None, retry_at=None, error=None)
        async with self._turn:
            move = partial(self._store.move, row, gone)
            freed = await self._disposal.dispose(files_of(self._disk, row), move)
        if freed is not None:
            self._news(gone)
        return freed is not None

    def _publish(self, name: str, draft: Path, poster: bytes, place: Path) -> None:
        with refusals():
            self._folder.mkdir(parents=True, exist_ok=True)
        self._write(str(self._disk.relative(place)).encode(), self._note(name))
        self._write(poster, place.with_suffix(".jpg"))
        self._disk.publish(draft, place)

    def _write(self, data: bytes, place: Path) -> None:
        """Write a small file, however full the disk is: the movie frees what its parts take."""
        draft = self._folder / DRAFTS / "one file"
        with refusals():
            draft.parent.mkdir(parents=True, exist_ok=True)
            draft.write_bytes(data)
        self._disk.publish(draft, place)

    def _take_back(self, name: str, draft: Path, place: Path) -> None:
        self._disk.publish(place, draft)
        self._disk.remove(place.with_suffix(".jpg"))
        self._disk.remove(self._note(name))

    def _unplace(self, note: Path) -> None:
        with refusals():
            place = self._disk.root / note.read_text("utf-8")
        for path in (place, place.with_suffix(".jpg")):
            self._disk.remove(path)

    def _note(self, name: str) -> Path:
        return self._folder / f"{name}{NOTE}"

    def _prepare(self, folder: Path, size: int) -> None:
        self._disk.make_room(size)
        with refusals():
            folder.mkdir(parents=True)

    def _sweep(self, spared: Iterable[Path]) -> None:
        """Remove the drafts that nobody writes any more."""
        with refusals():
            drafts = list((self._folder / DRAFTS).glob("*"))
        for draft in set(drafts) - set(spared):
            if draft.is_dir():
                shutil.rmtree(draft, ignore_errors=True)
            else:
                self._disk.remove(draft)


async def _nobody() -> tuple[Path, ...]:
    """Claim nothing: what was about to go of a part is fetched again if it is to stay."""
    return ()


def _files(folder: Path) -> list[Path]:
    with refusals():
        return [path for path in folder.glob(f"*{NOTE}") if path.is_file()]
