"""What a doctor finds at the machine itself, a Raspberry Pi or not."""

from collections.abc import Iterator
import os
from pathlib import Path
import platform
import sys
from typing import Final

from .findings import Finding, fine, problem, warning
from .service import DROP_IN, GROUPS, groups
from .stats import Machine, Stats

OLDEST_DEBIAN: Final = 12
HOT: Final = 80.0  # °C, from which on a Pi slows itself down
SMALL: Final = 1_000_000_000  # bytes of memory, in which a camera is to be a small one
LEAST_CMA: Final = 32_000_000  # bytes: the buffers of one camera at 1080p
SCARCE: Final = 1_000_000_000  # bytes of a disk
# Every Pi up to the 4 has one, and then so has its kernel.
HARDWARE_ENCODER: Final = "dev/video11"


def machine_findings(data: Path, root: Path = Path("/")) -> Iterator[Finding]:
    """Look at the machine that the agent's data is on; root is where its /proc and /etc are."""
    machine = Machine(data, root)
    model, stats = machine.model or "", machine.read()
    is_pi = model.startswith("Raspberry Pi")
    if is_pi:
        yield fine("model", model)
    else:
        yield fine("model", f"{model or platform.machine()}, no Raspberry Pi: USB and network only")
    yield _system(root)
    yield fine("python", f"{platform.python_version()}, {sys.executable}")
    if is_pi:
        yield _encoder(root)
        yield _power(stats)
    yield from _heat(stats)
    yield from _memory(stats)
    yield _clock(stats)
    yield _disk(data, stats)
    yield _groups(root)


def nearest(path: Path) -> Path:
    """Return a folder, or what there is of the way to it."""
    return next(one for one in (path, *path.parents) if one.is_dir())


def _system(root: Path) -> Finding:
    about = _about(root)
    name = about.get("PRETTY_NAME", platform.system())
    number = about.get("VERSION_ID", "").partition(".")[0]
    if about.get("ID") in {"debian", "raspbian"} and number.isdecimal():
        if int(number) < OLDEST_DEBIAN:
            return problem("system", name, "The agent needs Debian 12 (bookworm) or newer.")
        if sys.maxsize < 2**32:
            return problem("system", f"{name}, 32 bits", "Set it up with the 64-bit system.")
    return fine("system", f"{name}, Linux {platform.release()}")


def _about(root: Path) -> dict[str, str]:
    try:
        lines = (root / "etc/os-release").read_text(encoding="utf-8").splitlines()
    except OSError:
        return {}
    return {key: value.strip('"') for key, _, value in (line.partition("=") for line in lines)}


def _encoder(root: Path) -> Finding:
    if (root / HARDWARE_ENCODER).exists():
        return fine("encoder", "H.264 by the hardware")
    return fine("encoder", "H.264 by the processor: this model has no encoder")


def _power(stats: Stats) -> Finding:
    if stats.under_voltage:
        advice = "Take the power supply that is made for this model, and a short thick cable."
        return problem("power", "under-voltage just now", advice)
    if stats.throttled:
        advice = "Give it a heat sink or a fan, or its cameras fewer frames."
        return warning("power", "slowed down just now, for heat or power", advice)
    if stats.under_voltage is None:
        return warning("power", "unknown", "Ask with sudo, or join the group video.")
    return fine("power", "enough")


def _heat(stats: Stats) -> Iterator[Finding]:
    if (heat := stats.temperature_c) is None:
        return
    if heat >= HOT:
        advice = "Give it a heat sink or a fan: it slows itself down."
        yield warning("temperature", f"{heat:g} °C", advice)
    else:
        yield fine("temperature", f"{heat:g} °C")


def _memory(stats: Stats) -> Iterator[Finding]:
    if (total := stats.memory_total_bytes) is not None:
        told = f"{total / 1e9:.1f} GB"
        if total < SMALL:
            yield warning("memory", told, "Leave width and height at 1280x720 or less.")
        else:
            yield fine("memory", told)
    if (free := stats.cma_free_bytes) is not None:
        told = f"{free / 1e6:.0f} MB free for cameras (CMA)"
        if free < LEAST_CMA:
            advice = "End what else uses a camera, or enlarge it: dtoverlay=vc4-kms-v3d,cma-256."
            yield warning("camera memory", told, advice)
        else:
            yield fine("camera memory", told)


def _clock(stats: Stats) -> Finding:
    if stats.clock_synchronised is False:
        advice = "Check the network, and: timedatectl. Doors and bookings go by this clock."
        return warning("clock", "follows no other clock", advice)
    return fine("clock", "synchronised" if stats.clock_synchronised else "set")


def _disk(data: Path, stats: Stats) -> Finding:
    free = stats.disk_free_bytes
    if free is None:
        return warning("disk", f"{data} cannot be looked at", "Ask with sudo.")
    told = f"{free / 1e9:.1f} GB free for {data}"
    if free < SCARCE:
        return warning("disk", told, "Make room, or take a larger card or disk.")
    return fine("disk", told)


def _groups(root: Path) -> Finding:
    """Who runs the unit has the groups of its drop-in; who runs the agent by hand has his own."""
    there = groups(root) if (root / "etc/group").is_file() else {}
    try:
        told = (root / DROP_IN).read_text(encoding="utf-8")
    except OSError:
        return _own_groups(there)
    missing = [group for group in there if group not in told.partition("Groups=")[2].split()]
    if missing:
        advice = "Run the installer again, and the agent is in them."
        return warning("groups", f"the service is not in {', '.join(missing)}", advice)
    return fine("groups", f"the service is in {', '.join(there) or 'none'}")


def _own_groups(there: dict[str, int]) -> Finding:
    if os.geteuid() == 0:
        return fine("groups", "root, in no need of any")
    mine = {os.getegid(), *os.getgroups()}
    missing = [group for group, number in there.items() if number not in mine]
    if missing:
        for_what = ", ".join(f"{group} ({GROUPS[group]})" for group in missing)
        return warning("groups", f"not in {for_what}", "sudo usermod -aG GROUP USER, then log in.")
    return fine("groups", "in all that there are")
