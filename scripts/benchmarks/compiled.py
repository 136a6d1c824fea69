"""The peers that are written in C, compiled when they are needed."""

from pathlib import Path
import shutil
import subprocess
from typing import Final

SOURCES: Final = Path(__file__).parent / "peers"
COMPILER: Final = "cc"
FLAGS: Final = ("-O2", "-Wall")
SHARED: Final = ("-shared", "-fPIC")


def why_none() -> str | None:
    """Return why nothing can be compiled here, if that is so."""
    if shutil.which(COMPILER) is None:
        return "there is no C compiler (on Debian: apt install build-essential)"
    return None


def program(folder: Path, name: str) -> Path:
    """Return a program of that name; made at the first time, and when its source changed."""
    return _made(folder / name, SOURCES / f"{name}.c")


def library(folder: Path, name: str) -> Path:
    """Return a library that can be preloaded, likewise."""
    return _made(folder / f"{name}.so", SOURCES / f"{name}.c", *SHARED)


def _made(target: Path, source: Path, *flags: str) -> Path:
    newest = max(path.stat().st_mtime for path in SOURCES.iterdir())
    if not target.exists() or target.stat().st_mtime < newest:
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_suffix(".part")
        command = [COMPILER, *FLAGS, *flags, "-o", str(part), str(source)]
        subprocess.run(command, check=True)  # noqa: S603 - our words
        part.rename(target)
    return target
