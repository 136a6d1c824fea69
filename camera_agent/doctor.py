"""The command that looks at everything the agent needs, and says what to do about what is wrong."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict
import errno
import http.client
import importlib
import json
import os
from pathlib import Path
import socket
import ssl
from typing import Final

from .camera_config import CameraConfig, SourceKind
from .config import AgentConfig, ConfigError, load
from .door_config import DoorConfig
from .findings import Finding, Verdict, fine, problem, warning
from .hardware import CameraError
from .hardware.listing import connected, video_devices
from .machine_findings import machine_findings, nearest
from .pair_command import owned
from .reader_config import ReaderKind
from .wire import HEALTH_LIVE

DATA: Final = Path("/var/lib/gatehouse-agent")
PATIENCE: Final = 5.0  # seconds for an agent to answer
MARKS: Final = {Verdict.OK: "ok", Verdict.WARNING: "warning", Verdict.PROBLEM: "PROBLEM"}
# What is imported late, by who needs it, and where it comes from.
DETECTING: Final = {"onnxruntime": "pip install onnxruntime, or the installer's --with vision"}
SECURING: Final = {"cryptography": "sudo apt install python3-cryptography"}
LINES: Final = {"gpiod.line": "sudo apt install python3-libgpiod; Debian 12: --with doors"}
READERS: Final = {
    ReaderKind.MFRC522: {"spidev": "sudo apt install python3-spidev"},
    ReaderKind.OSDP: {"osdp_sys": "pip install libosdp, or the installer's --with osdp"},
    ReaderKind.WIEGAND: LINES,
}


def doctor(path: Path, *, quick: bool = False, as_json: bool = False) -> int:
    """Print what was found; return 1 if anything is a problem.

    Quick is without what takes a configuration, another process or a port.
    """
    findings = list(examine(path, quick=quick))
    if as_json:
        print(json.dumps([asdict(one) for one in findings], indent=2))
    else:
        print("\n".join(told(findings)))
    return int(any(one.verdict is Verdict.PROBLEM for one in findings))


def examine(path: Path, *, quick: bool = False, root: Path = Path("/")) -> Iterator[Finding]:
    """Look at this machine, and at what the configuration asks of it."""
    if quick:
        yield from machine_findings(nearest(DATA), root)
        return
    try:
        config = load(path)
    except ConfigError as error:
        yield from machine_findings(nearest(DATA), root)
        for sentence in error.problems:
            yield problem("configuration", sentence, f"Correct {path}.")
        return
    yield from machine_findings(nearest(config.data), root)
    yield fine("configuration", str(path))
    yield from _libraries(_needed(config))
    yield from _cameras(config.cameras, root)
    yield from _devices(config.doors)
    yield _port(config)
    yield _owner(config)


def told(findings: Iterable[Finding]) -> Iterator[str]:
    """Say it to a person, a line each, and below it what to do."""
    for one in findings:
        yield f"{MARKS[one.verdict]:8} {one.subject}: {one.found}"
        if one.advice:
            yield f"{'':8} -> {one.advice}"


def _needed(config: AgentConfig) -> dict[str, str]:
    """Return the libraries that this configuration takes, and where each comes from."""
    needed = dict(SECURING) if config.tls.enabled and not config.tls.certificate else {}
    if config.detector:
        needed |= DETECTING
    for door in config.doors:
        if door.relay or door.contact or door.exit_button or door.doorbell:
            needed |= LINES
        for reader in door.readers:
            needed |= READERS.get(reader.kind, {})
    return needed


def _libraries(needed: dict[str, str]) -> Iterator[Finding]:
    for name, source in needed.items():
        library = name.partition(".")[0]
        try:
            importlib.import_module(name)
        except (ImportError, OSError) as error:
            yield problem("library", f"{library} cannot be loaded ({error})", f"{source}.")
        else:
            yield fine("library", library)


def _cameras(cameras: Iterable[CameraConfig], root: Path) -> Iterator[Finding]:
    for device in video_devices(root):
        yield fine("found", f"{device.name}, path = {device.path!r}")
    on_connectors = [one for one in cameras if one.source is SourceKind.PICAMERA]
    if on_connectors:
        yield from _on_connectors(on_connectors)
    for camera in cameras:
        if camera.source is SourceKind.VIDEO and camera.path and "://" not in camera.path:
            yield _usable(f"camera {camera.id}", Path(camera.path), os.R_OK)


def _on_connectors(cameras: list[CameraConfig]) -> Iterator[Finding]:
    try:
        ids = connected()
    except CameraError as error:
        advice = "Run the installer again, or: sudo apt install python3-picamera2."
        yield problem("cameras", f"{error}", advice)
        return
    for name in ids:
        yield fine("found", f"device = {name!r}")
    listed = f"Set device to one of: {', '.join(ids)}."
    for camera in cameras:
        subject = f"camera {camera.id}"
        if not ids:
            advice = "Switch the Pi off, and check the cable at both of its ends."
            yield problem(subject, "libcamera finds no camera", advice)
        elif camera.device is None and len(ids) > 1:
            yield problem(subject, f"is one of {len(ids)} cameras", listed)
        elif camera.device is not None and camera.device not in ids:
            yield problem(subject, f"there is no {camera.device}", listed)
        else:
            yield fine(subject, camera.device or ids[0])


def _devices(doors: Iterable[DoorConfig]) -> Iterator[Finding]:
    for door in doors:
        for reader in door.readers:
            if reader.device and reader.kind is not ReaderKind.SIMULATED:
                wanted = os.R_OK if reader.kind is ReaderKind.HID else os.R_OK | os.W_OK
                yield _usable(f"reader {door.id}/{reader.id}", Path(reader.device), wanted)


def _usable(subject: str, path: Path, wanted: int) -> Finding:
    if not path.exists():
        return problem(subject, f"{path} is not there", "Plug it in, or correct its path.")
    if not os.access(path, wanted):
        return warning(subject, f"{path} may not be used by you", "Ask with sudo.")
    return fine(subject, str(path))


def _port(config: AgentConfig) -> Finding:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((config.host, config.port))
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                advice = "Correct agent.host and agent.port."
                return problem("port", f"{config.host}:{config.port}: {error.strerror}", advice)
        else:
            return fine("port", f"{config.port} is free: the agent does not run")
    if _answers(config):
        return fine("port", f"an agent answers at {config.port}")
    advice = (
        f"End the program that has it (sudo ss -ltnp 'sport = {config.port}'), or take another."
    )
    return problem("port", f"{config.port} is taken, and no agent answers there", advice)


def _answers(config: AgentConfig) -> bool:
    host = "127.0.0.1" if config.host in {"0.0.0.0", ""} else config.host  # noqa: S104 - a comparison
    link = _link(host, config)
    try:
        link.request("GET", HEALTH_LIVE)
        return link.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        link.close()


def _link(host: str, config: AgentConfig) -> http.client.HTTPConnection:
    if not config.tls.enabled:
        return http.client.HTTPConnection(host, config.port, timeout=PATIENCE)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # it is only asked whether it is there
    return http.client.HTTPSConnection(host, config.port, timeout=PATIENCE, context=context)


def _owner(config: AgentConfig) -> Finding:
    said = owned(config)
    if said.startswith("not paired"):
        return warning("owner", said, "Type the code of `gatehouse-agent pair` in Home Assistant.")
    return fine("owner", said)
