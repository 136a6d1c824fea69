"""The agent as a package for Debian 13, with the libraries that are too old there."""

import os
from pathlib import Path
import re
import shutil
import subprocess
from tempfile import TemporaryDirectory
import tomllib
from typing import Final
from zipfile import ZipFile

from . import ReleaseError
from .agent import EPOCH, wheel

PLATFORMS: Final = {"arm64": "aarch64-manylinux_2_40", "amd64": "x86_64-manylinux_2_40"}
PYTHON: Final = "3.13"  # of Debian 13
BUNDLED: Final = ("aiohttp", "av")
HOME: Final = "usr/lib/gatehouse-agent"
UNIT: Final = "gatehouse-agent.service"

CONTROL: Final = """\
Package: gatehouse-agent
Version: {version}
Architecture: {architecture}
Maintainer: Gatehouse developers <gatehouse-home@users.noreply.github.com>
Section: video
Priority: optional
Homepage: https://github.com/gatehouse-home/gatehouse
Depends: python3 (>= 3.13), python3 (<< 3.14), python3-cryptography, python3-numpy, python3-pil,
 python3-zeroconf, passwd, systemd
Recommends: python3-picamera2, python3-libgpiod (>= 2), python3-spidev
Description: camera and door agent of Gatehouse
 Streams the cameras of this machine to Home Assistant, remembers the last seconds, records by
 appointment, and decides by itself who may open its doors.
"""
COMMAND: Final = f"""\
#!/bin/sh
PYTHONPATH=/{HOME} exec python3 -P -m camera_agent "$@"
"""
CONFIGURE: Final = f"""\
#!/bin/sh
set -e
[ "$1" = configure ] || exit 0
# All files of all releases are of one time: by that Python would take what it compiled before.
python3 -m compileall -qf /{HOME} || :
getent group gatehouse >/dev/null || groupadd --system gatehouse
mkdir -p /etc/gatehouse /etc/systemd/system/{UNIT}.d
if [ ! -e /etc/gatehouse/agent.toml ]; then
    gatehouse-agent --print-default |
        sed 's|^data = "data" .*|data = "/var/lib/gatehouse-agent"|' >/etc/gatehouse/agent.toml
    chgrp gatehouse /etc/gatehouse/agent.toml
    chmod 640 /etc/gatehouse/agent.toml
fi
PYTHONPATH=/{HOME} python3 -P -m camera_agent.service groups \\
    >/etc/systemd/system/{UNIT}.d/groups.conf
if [ -d /run/systemd/system ]; then
    systemctl daemon-reload
    systemctl enable --quiet {UNIT}
    systemctl restart {UNIT} ||
        echo "gatehouse-agent does not run yet: gatehouse-agent doctor tells why"
fi
"""
REMOVE: Final = f"""\
#!/bin/sh
set -e
if [ "$1" = remove ] && [ -d /run/systemd/system ]; then
    systemctl disable --now --quiet {UNIT} || :
fi
find /{HOME} -name __pycache__ -prune -exec rm -rf {{}} +
"""
REMOVED: Final = f"""\
#!/bin/sh
set -e
case "$1" in remove | purge) ;; *) exit 0 ;; esac
rm -f /etc/systemd/system/{UNIT}.d/groups.conf
[ ! -d /run/systemd/system ] || systemctl daemon-reload
[ "$1" = purge ] || exit 0
rm -rf /etc/systemd/system/{UNIT}.d /etc/gatehouse
rm -rf /var/lib/gatehouse-agent /var/lib/private/gatehouse-agent
! getent group gatehouse >/dev/null || groupdel gatehouse
"""
SCRIPTS: Final = {"postinst": CONFIGURE, "prerm": REMOVE, "postrm": REMOVED}


def package(root: Path, into: Path, architecture: str, libraries: Path | None = None) -> Path:
    """Build the package; without a folder of libraries they are fetched by uv."""
    if not shutil.which("dpkg-deb"):
        raise ReleaseError(
            "a package is built by dpkg-deb: apt install dpkg, or build it on Debian"
        )
    with TemporaryDirectory() as folder:
        tree = Path(folder) / "tree"
        home = tree / HOME
        home.mkdir(parents=True)
        if libraries:
            shutil.copytree(libraries, home, dirs_exist_ok=True)
        else:
            _fetch(root, home, PLATFORMS[architecture])
        built = wheel(root, Path(folder))
        with ZipFile(built) as packed:
            packed.extractall(home)
        version = built.name.split("-")[1]
        _fill(tree, root, version, architecture)
        target = into / f"gatehouse-agent_{version}_{architecture}.deb"
        _run("dpkg-deb", "--root-owner-group", "--build", str(tree), str(target))
    return target


def _fill(tree: Path, root: Path, version: str, architecture: str) -> None:
    """Lay what is not Python's."""
    unit = (tree / HOME / "camera_agent" / "systemd" / UNIT).read_text(encoding="utf-8")
    _lay(tree / "usr/bin/gatehouse-agent", COMMAND, 0o755)
    start = "ExecStart=/usr/bin/gatehouse-agent --config /etc/gatehouse/agent.toml"
    _lay(tree / "usr/lib/systemd/system" / UNIT, re.sub("^ExecStart=.*", start, unit, flags=re.M))
    terms = (root / "LICENSE").read_text(encoding="utf-8")
    _lay(tree / "usr/share/doc/gatehouse-agent/copyright", terms)
    _lay(tree / "DEBIAN/control", CONTROL.format(version=version, architecture=architecture))
    for name, script in SCRIPTS.items():
        _lay(tree / "DEBIAN" / name, script, 0o755)


def _lay(path: Path, text: str, mode: int = 0o644) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)


def _fetch(root: Path, home: Path, platform: str) -> None:
    private = root / ".python" / "tools" / "bin" / "uv"
    uv = shutil.which("uv") or (str(private) if private.exists() else None)
    if uv is None:
        raise ReleaseError("the libraries are fetched by uv: install it, or give --libraries")
    needs = tomllib.loads((root / "pyproject.toml").read_text())["project"]["dependencies"]
    wanted = [need for need in needs if re.match("[a-z]+", need)[0] in BUNDLED]  # type: ignore[index]
    target = ("--target", str(home), "--only-binary", ":all:", "--quiet")
    _run(
        uv,
        "pip",
        "install",
        *target,
        "--python-platform",
        platform,
        "--python-version",
        PYTHON,
        *wanted,
    )


def _run(*command: str) -> None:
    done = subprocess.run(  # noqa: S603 - named above
        command,
        env=os.environ | {"SOURCE_DATE_EPOCH": EPOCH},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise ReleaseError(f"{Path(command[0]).name} failed:\n{done.stderr}")
