"""Networks that can be cut and disks that can be full: in namespaces that end with the soak."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
import os
from pathlib import Path
import shutil
import subprocess
from typing import Final, Self

ISOLATED: Final = "GATEHOUSE_SOAK_ISOLATED"
"""Set by scripts/soak where networks and mounts are its own."""

NETWORK: Final = "10.77"
ROOMY: Final = "4g"
TRIES: Final = 20


def why_not() -> str:
    """Return why networks cannot be cut nor disks be full here; nothing if they can."""
    if os.environ.get(ISOLATED) != "1":
        return "this system does not let the soak have network and mount namespaces of its own"
    missing = [name for name in ("ip", "nsenter", "mount") if not shutil.which(name)]
    return f"there is no {', '.join(missing)}" if missing else ""


class Cable:
    """The network of one agent, and the cable that joins it to everybody else's."""

    def __init__(self, number: int, holder: asyncio.subprocess.Process) -> None:
        self.host = f"{NETWORK}.{number}.2"
        self._end = f"soak{number}"
        self._holder = holder

    @classmethod
    async def lay(cls, number: int) -> Self:
        """Make the network of the so-manyth agent."""
        holder = await asyncio.create_subprocess_exec("unshare", "--net", "sleep", "infinity")
        cable = cls(number, holder)
        await asyncio.sleep(0.3)
        here, there = f"{NETWORK}.{number}.1/30", f"{cable.host}/30"
        _ip("link", "add", cable._end, "type", "veth", "peer", "name", "eth0")
        _ip("link", "set", "eth0", "netns", str(holder.pid))
        _ip("address", "add", here, "dev", cable._end)
        _ip("link", "set", cable._end, "up")
        for line in (("address", "add", there, "dev", "eth0"), ("link", "set", "eth0", "up")):
            _run(*cable.within(), "ip", *line)
        _run(*cable.within(), "ip", "link", "set", "lo", "up")
        return cable

    def within(self) -> list[str]:
        """Return with what a command begins that is to run in this network."""
        return ["nsenter", f"--net=/proc/{self._holder.pid}/ns/net"]

    @contextmanager
    def cut(self) -> Iterator[None]:
        """Let nothing through meanwhile; nobody is told."""
        _ip("link", "set", self._end, "down")
        try:
            yield
        finally:
            _ip("link", "set", self._end, "up")

    async def remove(self) -> None:
        """End the network."""
        self._holder.kill()
        await self._holder.wait()


class SmallDisk:
    """A disk of its own for a folder."""

    def __init__(self, folder: Path) -> None:
        """Mount it; it goes with the soak."""
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        _run("mount", "-t", "tmpfs", "-o", f"size={ROOMY}", "tmpfs", str(folder))

    @contextmanager
    def full(self) -> Iterator[None]:
        """Let there be no room for anything more."""
        self._fill()
        try:
            yield
        finally:
            self._resize(ROOMY)

    def _fill(self) -> None:
        """Make it as large as what is on it; what is written meanwhile is on it too."""
        for _ in range(TRIES):
            with suppress(subprocess.CalledProcessError):
                self._resize(str(shutil.disk_usage(self._folder).used))
                return
        self._resize(str(shutil.disk_usage(self._folder).used))

    def _resize(self, size: str) -> None:
        _run("mount", "-o", f"remount,size={size}", str(self._folder))


def turn_on_loopback() -> None:
    """Let programs in the soak's own network reach each other."""
    _ip("link", "set", "lo", "up")


def _ip(*words: str) -> None:
    _run("ip", *words)


def _run(*command: str) -> None:
    subprocess.run(command, check=True)  # noqa: S603 - words of ours
