"""What a Pi measures of itself and of its cameras."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, override

from homeassistant.components.sensor import SensorDeviceClass, SensorEntity
from homeassistant.const import PERCENTAGE, EntityCategory, UnitOfTime

from .agent_coordinator import AgentCoordinator
from .coordinator import CameraCoordinator
from .entity import AgentEntity, CameraEntity
from .machine_figures import CAMERA_MEMORY, MACHINE_FIGURES, Figure, MachineFigure
from .models import CameraState, CameraStatus
from .storage_sensors import SpoolSensor

SECOND: Final = timedelta(seconds=1)


@dataclass(frozen=True, kw_only=True)
class CameraFigure(Figure):
    """A figure of one of its cameras."""

    value_fn: Callable[[CameraState], float | None]


AGENT_FIGURES: Final = (*MACHINE_FIGURES, CAMERA_MEMORY)

# By a tenth of a second: what is less is how long words take.
CLOCK_AHEAD: Final = Figure(
    key="clock_ahead",
    device_class=SensorDeviceClass.DURATION,
    native_unit_of_measurement=UnitOfTime.SECONDS,
    suggested_display_precision=1,
)

CAMERA_FIGURES: Final = (
    CameraFigure(
        key="fps",
        suggested_display_precision=1,
        value_fn=lambda camera: camera.fps,
    ),
    CameraFigure(
        key="frame_age",
        device_class=SensorDeviceClass.DURATION,
        native_unit_of_measurement=UnitOfTime.SECONDS,
        suggested_display_precision=1,
        value_fn=lambda camera: None if camera.frame_age is None else camera.frame_age / SECOND,
    ),
    CameraFigure(
        key="encoder",
        native_unit_of_measurement=PERCENTAGE,
        suggested_display_precision=0,
        value_fn=lambda camera: camera.encoder_percent,
    ),
)


def agent_sensors(coordinator: AgentCoordinator) -> Iterator[SensorEntity]:
    """Yield the sensors of a Pi."""
    for figure in AGENT_FIGURES:
        yield AgentSensor(coordinator, figure)
    yield ClockSensor(coordinator)
    yield SpoolSensor(coordinator)


def camera_sensors(coordinator: CameraCoordinator[Any], camera: str) -> Iterator[SensorEntity]:
    """Yield what a Pi tells of a camera; nobody tells that of any other camera."""
    if isinstance(coordinator, AgentCoordinator):
        yield StatusSensor(coordinator, camera)
        for figure in CAMERA_FIGURES:
            yield CameraStateSensor(coordinator, camera, figure)


class AgentSensor(AgentEntity, SensorEntity):
    """One figure of a Pi."""

    entity_description: MachineFigure

    def __init__(self, coordinator: AgentCoordinator, description: MachineFigure) -> None:
        """Read what the description reads."""
        super().__init__(coordinator, description.key)
        self.entity_description = description

    @property
    @override
    def native_value(self) -> float | int | datetime | None:
        """The newest reading; None where this machine cannot tell."""
        return self.entity_description.value_fn(self.coordinator.data.stats)


class ClockSensor(AgentEntity, SensorEntity):
    """By how much the clock of a Pi is ahead of Home Assistant's."""

    def __init__(self, coordinator: AgentCoordinator) -> None:
        """Be the agent's clock."""
        super().__init__(coordinator, CLOCK_AHEAD.key)
        self.entity_description = CLOCK_AHEAD

    @property
    @override
    def native_value(self) -> float:
        """By how many seconds it was, when the Pi told its stats."""
        return round(self.coordinator.data.clock_ahead / SECOND, 1)


class CameraStateSensor(CameraEntity, SensorEntity):
    """One figure of a camera on a Pi."""

    entity_description: CameraFigure

    def __init__(
        self, coordinator: AgentCoordinator, camera: str, description: CameraFigure
    ) -> None:
        """Read what the description reads."""
        super().__init__(coordinator, camera, description.key)
        self.entity_description = description

    @property
    @override
    def native_value(self) -> float | None:
        """The figure as it was told last."""
        return self.entity_description.value_fn(self.camera_data.state)


class StatusSensor(CameraEntity, SensorEntity):
    """What a camera is doing: available as long as its Pi is, to say why there is no picture."""

    coordinator: AgentCoordinator
    _attr_device_class = SensorDeviceClass.ENUM
    _attr_entity_category = EntityCategory.DIAGNOSTIC
    _attr_options = [status.value for status in CameraStatus]  # noqa: RUF012 - Home Assistant's own shape
    _unrecorded_attributes = frozenset({"error", "restarts"})

    def __init__(self, coordinator: AgentCoordinator, camera: str) -> None:
        """Be the camera's status."""
        super().__init__(coordinator, camera, "status")

    @property
    @override
    def available(self) -> bool:
        """Whether the camera's Pi is connected."""
        return self.coordinator.tells_of(self.camera)

    @property
    @override
    def native_value(self) -> str:
        """The status."""
        return self.camera_data.state.status.value

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any]:
        """Why it gives no pictures, and how often it was started anew."""
        state: CameraState = self.camera_data.state
        return {"error": state.error, "restarts": state.restarts}
