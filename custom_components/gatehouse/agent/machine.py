"""What a Pi says of itself, how it is, and what it measures around it, from JSON to nouns."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
import math
from typing import Any

from ..models import CameraInfo
from . import wire
from .decoding import moment_or_none, number, span_or_none, whole


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentInfo:
    """A Pi as it describes itself."""

    id: str
    name: str
    version: str
    model: str | None
    cameras: tuple[CameraInfo, ...]
    ring: timedelta | None = None
    """How far back its recordings may begin; None if it does not say."""
    webrtc: bool = False
    """Whether browsers may watch its cameras by WebRTC."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gpu:
    """A graphics processor of the machine; a reading that failed is None."""

    id: str
    name: str
    utilisation_percent: float | None = None
    memory_percent: float | None = None
    temperature: float | None = None
    """Degrees Celsius."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentStats:
    """How a machine is; a reading that failed is None."""

    cpu_percent: float | None = None
    memory_percent: float | None = None
    memory_total_bytes: int | None = None
    cma_free_bytes: int | None = None
    """What is left of the memory that cameras and encoders take their pictures from."""
    disk_percent: float | None = None
    disk_free_bytes: int | None = None
    temperature: float | None = None
    """Degrees Celsius."""
    booted: datetime | None = None
    load: float | None = None
    under_voltage: bool | None = None
    throttled: bool | None = None
    received_bytes_s: float | None = None
    """Of all networks, on average since the last look."""
    sent_bytes_s: float | None = None
    clock_synchronised: bool | None = None
    """Whether something sets its clock by the network."""
    gpus: tuple[Gpu, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """A sensor of the machine for what is around it."""

    id: str
    """The same over restarts, as long as it is wired the same."""
    sensor: str
    """What it is sold as."""
    quantity: wire.Quantity
    value: float | None
    """In the unit of its quantity; None while it cannot be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraFigures:
    """What a camera does to the machine, as it is told with the stats."""

    fps: float
    frame_age: timedelta | None
    encoder_percent: float | None
    """Of one core."""


def stats_of(body: Mapping[str, Any]) -> AgentStats:
    """Return how a Pi is."""
    return AgentStats(
        cpu_percent=_number(body.get("cpu_percent")),
        memory_percent=_number(body.get("memory_percent")),
        memory_total_bytes=_whole(body.get("memory_total_bytes")),
        cma_free_bytes=_whole(body.get("cma_free_bytes")),
        disk_percent=_number(body.get("disk_percent")),
        disk_free_bytes=_whole(body.get("disk_free_bytes")),
        temperature=_number(body.get("temperature_c")),
        booted=moment_or_none(body.get("booted")),
        load=_number(body.get("load")),
        under_voltage=_truth(body.get("under_voltage")),
        throttled=_truth(body.get("throttled")),
        received_bytes_s=_number(body.get("received_bytes_s")),
        sent_bytes_s=_number(body.get("sent_bytes_s")),
        clock_synchronised=_truth(body.get("clock_synchronised")),
        gpus=tuple(_gpu(gpu) for gpu in body.get("gpus", ())),
    )


def probes_or_none(body: Mapping[str, Any]) -> tuple[Probe, ...] | None:
    """Return the probes that we know the quantities of; None from an older agent."""
    probes = body.get("probes")
    if probes is None:
        return None
    return tuple(_probe(probe) for probe in probes if probe["quantity"] in wire.Quantity)


def figures_of(body: Mapping[str, Any]) -> dict[str, CameraFigures]:
    """Return what the cameras do to the machine, by their own ids."""
    return {
        str(camera): CameraFigures(
            fps=number(figures["fps"]),
            frame_age=span_or_none(figures.get("frame_age_s")),
            encoder_percent=_number(figures.get("encoder_percent")),
        )
        for camera, figures in body.get("cameras", {}).items()
    }


def _gpu(body: Mapping[str, Any]) -> Gpu:
    return Gpu(
        id=str(body["id"]),
        name=str(body["name"]),
        utilisation_percent=_number(body.get("utilisation_percent")),
        memory_percent=_number(body.get("memory_percent")),
        temperature=_number(body.get("temperature_c")),
    )


def _probe(body: Mapping[str, Any]) -> Probe:
    return Probe(
        id=str(body["id"]),
        sensor=str(body["sensor"]),
        quantity=wire.Quantity(body["quantity"]),
        value=_number(body.get("value")),
    )


def _number(value: Any) -> float | None:
    """Return a reading; one that is no number, as a broken sensor has it, is none."""
    found = math.nan if value is None else float(value)
    return found if math.isfinite(found) else None


def _whole(value: Any) -> int | None:
    found = _number(value)
    return None if found is None else whole(found)


def _truth(value: Any) -> bool | None:
    return None if value is None else bool(value)
