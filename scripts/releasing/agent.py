"""The agent as a wheel, and as an archive of that wheel with its installer."""

import gzip
import io
import os
from pathlib import Path
import shutil
import subprocess
import sys
import tarfile
from tempfile import TemporaryDirectory
from typing import Final

from . import ReleaseError

SOURCES: Final = ("pyproject.toml", "README.md", "LICENSE")
# What a zip counts from: the files of a release have no time of their own.
EPOCH: Final = "315532800"
BUILD: Final = (
    "import sys; from setuptools import build_meta as b; print(b.build_wheel(sys.argv[1]))"
)


def wheel(root: Path, into: Path) -> Path:
    """Build the wheel out of a copy, for building leaves things behind."""
    with TemporaryDirectory() as folder:
        copy = Path(folder)
        unwanted = shutil.ignore_patterns("__pycache__", "*.pyc")
        shutil.copytree(root / "camera_agent", copy / "camera_agent", ignore=unwanted)
        for name in SOURCES:
            shutil.copy(root / name, copy / name)
        built = subprocess.run(  # noqa: S603 - this Python
            (sys.executable, "-c", BUILD, str(into)),
            cwd=copy,
            env=os.environ | {"SOURCE_DATE_EPOCH": EPOCH},
            capture_output=True,
            text=True,
            check=False,
        )
    if built.returncode:
        raise ReleaseError(f"the wheel could not be built:\n{built.stderr}")
    return into / built.stdout.splitlines()[-1]


def archive(root: Path, wheel: Path, into: Path) -> Path:
    """Pack a wheel with what installs it."""
    name = "-".join(wheel.name.split("-")[:2]).replace("_", "-")
    files = {
        "install": ((root / "camera_agent" / "install").read_bytes(), 0o755),
        "LICENSE": ((root / "LICENSE").read_bytes(), 0o644),
        wheel.name: (wheel.read_bytes(), 0o644),
    }
    path = into / f"{name}.tar.gz"
    with (
        path.open("wb") as file,
        gzip.GzipFile("", "wb", fileobj=file, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w") as tar,
    ):
        for member, (data, mode) in files.items():
            about = tarfile.TarInfo(f"{name}/{member}")
            about.size, about.mode, about.mtime = len(data), mode, int(EPOCH)
            tar.addfile(about, io.BytesIO(data))
    return path
