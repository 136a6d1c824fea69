"""The integration as the Marketplace unpacks it: what is at the root goes into its folder."""

from pathlib import Path
from typing import Final
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from . import ReleaseError

NAME: Final = "gatehouse.zip"
LARGEST: Final = 100 * 1024 * 1024  # bytes that the Marketplace unpacks
BEGINNING: Final = (1980, 1, 1, 0, 0, 0)
FILE: Final = 0o100644 << 16


def integration(root: Path, into: Path) -> Path:
    """Pack every file of the integration, the same way each time."""
    folder = root / "custom_components" / "gatehouse"
    files = sorted(path for path in folder.rglob("*") if path.is_file() and _is_ours(path, folder))
    if sum(path.stat().st_size for path in files) > LARGEST:
        raise ReleaseError("the integration is larger than the Marketplace takes (100 MiB)")
    target = into / NAME
    with ZipFile(target, "w", ZIP_DEFLATED) as packed:
        for path in files:
            about = ZipInfo(path.relative_to(folder).as_posix(), BEGINNING)
            about.compress_type, about.external_attr = ZIP_DEFLATED, FILE
            packed.writestr(about, path.read_bytes())
    return target


def _is_ours(path: Path, folder: Path) -> bool:
    """Whether it belongs there, and was not left behind by a run or an editor."""
    parts = path.relative_to(folder).parts
    is_left = any(part.startswith(".") or part == "__pycache__" for part in parts)
    return not is_left and path.suffix != ".pyc" and not path.name.endswith("~")
