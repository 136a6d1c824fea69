"""Finished clips in a media folder, with their posters and rows, and what may happen to them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
import hashlib
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from custom_components.gatehouse.database import Database
from custom_components.gatehouse.footage import Disk, FootageStore
from custom_components.gatehouse.footage.clips import Clips
from custom_components.gatehouse.models import Footage, FootageStage

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
DAY = timedelta(days=1)
FRONT, BACK = "porch/front", "porch/back"
POSTER = b"a poster"
SMALL = b"smaller"


class Finished:
    """A media folder with finished clips."""

    def __init__(self, store: FootageStore, media: Path) -> None:
        self.store = store
        self.media = media
        self.disk = Disk(media, ZoneInfo("Europe/Berlin"), 0)
        self.news: list[Footage] = []
        self.clips = Clips(store, self.disk, self.news.append)

    async def clip(self, name: str, days: float = 0, data: bytes = b"clip", **row: Any) -> Footage:
        """File a clip that began so many days ago."""
        made = self.row(name, days, data, **row)
        assert made.path
        made.path.parent.mkdir(parents=True, exist_ok=True)
        made.path.write_bytes(data)
        made.path.with_suffix(".jpg").write_bytes(POSTER)
        await self.store.add(made)
        return made

    def row(self, name: str, days: float, data: bytes, camera: str = FRONT, **row: Any) -> Footage:
        since = NOW - days * DAY
        return Footage(
            **{
                "id": name,
                "camera": camera,
                "incident": None,
                "stage": FootageStage.READY,
                "since": since,
                "until": since + timedelta(seconds=20),
                "path": self.disk.place(camera, since, name, ".mp4"),
                "duration": timedelta(seconds=20),
                "size": len(data),
                "sha256": hashlib.sha256(data).hexdigest(),
                "md5": hashlib.md5(data, usedforsecurity=False).hexdigest(),
                **row,
            }
        )

    async def now(self, row: Footage) -> Footage:
        """Return a row as it is now."""
        found = await self.store.get(row.id)
        assert found
        return found

    def files(self) -> set[str]:
        """Return the names of all files in the media folder, hidden ones too."""
        return {path.name for path in self.media.rglob("*") if path.is_file()}


def names(*rows: Footage) -> set[str]:
    """Return what the files of these clips are called."""
    paths = [row.path for row in rows if row.path]
    return {name for path in paths for name in (path.name, path.with_suffix(".jpg").name)}


def smaller(row: Footage) -> Footage:
    """Return a row whose clip was encoded anew."""
    sha256 = hashlib.sha256(SMALL).hexdigest()
    return replace(row, size=len(SMALL), sha256=sha256, md5="5", optimised=True)


async def discard(folder: Path) -> None:
    """Delete the clip that is called one, and be killed meanwhile."""
    finished = await _opened(folder)
    row = await finished.store.get("one")
    assert row
    await finished.clips.discard(row)


async def exchange(folder: Path) -> None:
    """Replace the clip that is called one, and be killed meanwhile."""
    finished = await _opened(folder)
    row = await finished.store.get("one")
    assert row
    async with finished.clips.draft(row, len(SMALL)) as draft:
        draft.write_bytes(SMALL)
        await finished.clips.exchange(row, smaller(row), draft)


async def _opened(folder: Path) -> Finished:
    database = await Database.open(folder / "gatehouse.db")
    return Finished(FootageStore(database), folder / "media")
