"""How the machines of the site are, as cards are told it."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from .agent import AccessState, AgentStats, Booked, Gpu, Probe, Spool
from .care import is_older
from .const import ModelKind
from .models import CameraState
from .options import model_choice
from .problem_words import async_problems
from .serialize import iso
from .storage_feed import storage_json
from .vision import DetectorHealth, DetectorState

if TYPE_CHECKING:
    from . import GatehouseConfigEntry
    from .agent_coordinator import AgentCoordinator
    from .hub import Hub

SECOND: Final = timedelta(seconds=1)
MILLISECOND: Final = timedelta(milliseconds=1)


async def health_json(site: GatehouseConfigEntry, language: str) -> dict[str, Any]:
    """Return all of it, with what is wrong in this language; raises DatabaseError."""
    hub = site.runtime_data
    names = hub.detection.names
    entities = hub.cameras.entities()
    return {
        "agents": [
            _agent_json(agent, hub.caretaker.version, entities)
            for agent in hub.cameras.agents.values()
        ],
        "machine": stats_json(hub.machine.data),
        "detectors": [_detector_json(each, names) for each in hub.detection.health],
        "summaries": await _summaries_json(hub, site),
        "storage": storage_json(await hub.storage.figures()),
        "problems": [
            {"id": each.id, "severity": each.severity, "title": each.title, "text": each.text}
            for each in await async_problems(hub.hass, language)
        ],
    }


def stats_json(stats: AgentStats) -> dict[str, Any]:
    """Return how a machine is, in the words that an agent has for that."""
    return {
        "cpu_percent": stats.cpu_percent,
        "memory_percent": stats.memory_percent,
        "memory_total_bytes": stats.memory_total_bytes,
        "cma_free_bytes": stats.cma_free_bytes,
        "disk_percent": stats.disk_percent,
        "disk_free_bytes": stats.disk_free_bytes,
        "temperature_c": stats.temperature,
        "booted": stats.booted.timestamp() if stats.booted else None,
        "load": stats.load,
        "under_voltage": stats.under_voltage,
        "throttled": stats.throttled,
        "received_bytes_s": stats.received_bytes_s,
        "sent_bytes_s": stats.sent_bytes_s,
        "clock_synchronised": stats.clock_synchronised,
        "gpus": [_gpu_json(gpu) for gpu in stats.gpus],
    }


def _agent_json(agent: AgentCoordinator, newest: str, entities: dict[str, str]) -> dict[str, Any]:
    data, info = agent.data, agent.data.info
    online = agent.last_update_success
    error = None if online else agent.last_exception
    version = info.version if info else None
    return {
        "id": agent.owner,
        "name": agent.name,
        "online": online,
        "error": str(error) if error else None,
        "model": info.model if info else None,
        "version": version,
        "newest_version": newest,
        "outdated": is_older(version, newest),
        "since": iso(agent.since),
        "clock_ahead_s": round(data.clock_ahead / SECOND, 1),
        "stats": stats_json(data.stats),
        "probes": [_probe_json(probe) for probe in data.probes],
        "cameras": [
            {"key": agent.key(camera), "name": each.info.name}
            | {"entity_id": entities.get(agent.key(camera))}
            | _camera_json(each.state)
            for camera, each in data.cameras.items()
        ],
        "doors": len(data.doors),
        "spool": _spool_json(data.spool) if data.spool else None,
        "bookings": _booked_json(data.bookings) if data.bookings else None,
        "access": _access_json(data.access) if data.access else None,
    }


def _gpu_json(gpu: Gpu) -> dict[str, Any]:
    return {
        "id": gpu.id,
        "name": gpu.name,
        "utilisation_percent": gpu.utilisation_percent,
        "memory_percent": gpu.memory_percent,
        "temperature_c": gpu.temperature,
    }


def _probe_json(probe: Probe) -> dict[str, Any]:
    return {
        "id": probe.id,
        "sensor": probe.sensor,
        "quantity": probe.quantity.value,
        "value": probe.value,
    }


def _camera_json(state: CameraState) -> dict[str, Any]:
    return {
        "status": state.status.value,
        "private": state.private,
        "error": state.error,
        "fps": state.fps,
        "frame_age_s": None if state.frame_age is None else state.frame_age / SECOND,
        "encoder_percent": state.encoder_percent,
        "restarts": state.restarts,
    }


def _spool_json(spool: Spool) -> dict[str, Any]:
    return {"clips": spool.clips, "bytes": spool.size, "lost": spool.lost}


def _booked_json(booked: Booked) -> dict[str, Any]:
    return {
        "planned": booked.planned,
        "running": booked.running,
        "waiting": booked.waiting,
        "bytes": booked.size,
        "error": booked.error,
    }


def _access_json(access: AccessState) -> dict[str, Any]:
    return {
        "version": access.version,
        "issued": iso(access.issued),
        "cards": access.cards,
        "waiting": access.waiting,
        "lost": access.lost,
        "latency_p50_ms": _milliseconds(access.latency_p50),
        "latency_p99_ms": _milliseconds(access.latency_p99),
    }


def _detector_json(health: DetectorHealth, names: dict[Any, str]) -> dict[str, Any]:
    return {
        "name": names.get(health.name, health.name),
        "healthy": health.state is not DetectorState.FAILING,
        "error": health.error,
        "latency_ms": _milliseconds(health.latency),
        "queue": health.waiting,
    }


async def _summaries_json(hub: Hub, site: GatehouseConfigEntry) -> dict[str, Any] | None:
    if model_choice(site).kind is ModelKind.OFF:
        return None
    assessor = hub.assessor
    return {"queued": await assessor.pending(), "spent_today": await assessor.spent()}


def _milliseconds(span: timedelta | None) -> float | None:
    return None if span is None else round(span / MILLISECOND, 2)
