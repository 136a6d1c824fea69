"""Where a clip and its poster are put, and taken away again; blocks, for threads."""

from pathlib import Path

from ..models import Footage
from .disk import Disk, refusals
from .mp4 import Clip, inspect, remux


def filed(disk: Disk, row: Footage) -> tuple[Path, Clip] | None:
    """Put what was fetched at its place, or find it there already; None if it is nowhere."""
    part, place = disk.incoming(row.id), _place(disk, row)
    with refusals():
        if part.exists():
            draft = disk.incoming(row.id, ".mp4")
            try:
                clip = remux(part, draft)
                _publish(disk, row, clip)
                disk.publish(draft, place)
            finally:
                draft.unlink(missing_ok=True)
        elif place.exists():
            clip = inspect(place)
            _publish(disk, row, clip)
        else:
            return None
    return place, clip


def clear(disk: Disk, row: Footage) -> None:
    """Remove every file of a row."""
    for path in files_of(disk, row):
        disk.remove(path)


def files_of(disk: Disk, row: Footage) -> tuple[Path, ...]:
    """Return where files of a row that is on its way may be."""
    place = _place(disk, row)
    return (*disk.incoming_files(row.id), place, place.with_suffix(".jpg"))


def is_there(row: Footage) -> bool:
    """Whether a row's file is at its place, as large as it was."""
    with refusals():
        return row.path is not None and row.path.exists() and row.path.stat().st_size == row.size


def _publish(disk: Disk, row: Footage, clip: Clip) -> None:
    """Put a clip's poster where the clip belongs."""
    draft = disk.incoming(row.id, ".jpg")
    draft.parent.mkdir(parents=True, exist_ok=True)
    draft.write_bytes(clip.poster)
    disk.publish(draft, _place(disk, row).with_suffix(".jpg"))


def _place(disk: Disk, row: Footage) -> Path:
    return disk.place(row.camera, row.since, row.id, ".mp4", hidden=row.part)
