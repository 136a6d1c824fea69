"""Files that are about to be deleted, until the database knows that they are gone."""

from pathlib import Path

from .disk import INCOMING, Disk, refusals


class Trash:
    """A hidden folder with the files of one owner, each below it where it was below the root.

    Every method blocks: for threads. Files that are not there are passed over.
    """

    def __init__(self, disk: Disk, owner: str) -> None:
        """Keep the owner's files apart from those of others."""
        self._disk = disk
        self._folder = disk.root / INCOMING / "trash" / owner

    def put(self, path: Path) -> None:
        """Move a file of ours here; DiskRefused if it is not ours or cannot be moved."""
        thrown = self._folder / self._disk.relative(path)
        with refusals():
            if path.exists():
                thrown.parent.mkdir(parents=True, exist_ok=True)
                path.replace(thrown)

    def restore(self, path: Path) -> None:
        """Move a file back to where it was."""
        thrown = self._folder / self._disk.relative(path)
        with refusals():
            if thrown.exists():
                path.parent.mkdir(parents=True, exist_ok=True)
                thrown.replace(path)

    def purge(self, path: Path) -> None:
        """Delete a file that was moved here, for good."""
        with refusals():
            (self._folder / self._disk.relative(path)).unlink(missing_ok=True)

    def paths(self) -> list[Path]:
        """Return where the files that are here were."""
        with refusals():
            thrown = [path for path in self._folder.rglob("*") if path.is_file()]
        return [self._disk.root / path.relative_to(self._folder) for path in thrown]
