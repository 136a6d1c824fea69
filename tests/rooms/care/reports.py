"""A healthy agent, to be made ill."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from custom_components.gatehouse.agent import AccessState, AgentStats
from custom_components.gatehouse.care import AgentReport
from custom_components.gatehouse.models import CameraState, CameraStatus

NOON: Final = datetime(2026, 11, 20, 12, tzinfo=UTC)
FRONT: Final = "porch/front"

WELL: Final = AgentReport(
    id="porch",
    name="Porch",
    connected=True,
    is_told=False,
    error="",
    version="0.2.0",
    stats=AgentStats(disk_percent=40.0, disk_free_bytes=20_000_000_000, under_voltage=False),
    clock_ahead=timedelta(seconds=0.1),
    access=None,
    doors=(),
    bookings=None,
    cameras={FRONT: ("Front door", CameraState(status=CameraStatus.ONLINE, fps=15.0))},
)


def camera(status: CameraStatus, **fields: Any) -> dict[str, Any]:
    """Return what to replace in a report for its camera to be so."""
    return {"cameras": {FRONT: ("Front door", CameraState(status=status, **fields))}}


def access(**fields: Any) -> AccessState:
    """Return by which grants an agent decides."""
    usual: dict[str, Any] = {
        "version": 1,
        "issued": NOON - timedelta(minutes=5),
        "until": None,
        "cards": 3,
        "journal": "a",
        "last": 0,
        "waiting": 0,
        "lost": 0,
        "latency_p50": None,
        "latency_p99": None,
    }
    return AccessState(**usual | fields)
