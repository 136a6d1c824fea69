"""What a Pi measures of itself and of its cameras."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, override

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import (
    PERCENTAGE,
    EntityCategory,
    UnitOfDataRate,
    UnitOfInformation,
    UnitOfTemperature,
    UnitOfTime,
)

from .agent_coordinator import AgentCoordinator
from .agent_data import AgentData
from .coordinator import CameraCoordinator
from .entity import AgentEntity, CameraEntity
from .models import CameraState, CameraStatus
from .storage_sensors import SpoolSensor

SECOND: Final = timedelta(seconds=1)


@dataclass(frozen=True, kw_only=True)
class Figure(SensorEntityDescription):
    """A figure of a Pi; off unless somebody wants it, as it is another one each time."""

    entity_category: EntityCategory | None = EntityCategory.DIAGNOSTIC
    entity_registry_enabled_default: bool = False
    state_class: SensorStateClass | None = SensorStateClass.MEASUREMENT


@dataclass(frozen=True, kw_only=True)
class AgentFigure(Figure):
    """A figure of a Pi as a whole."""

    value_fn: Callable[[AgentData], float | int | datetime | None]


@dataclass(frozen=True, kw_only=True)
class CameraFigure(Figure):
    """A figure of one of its cameras."""

    value_fn: Callable[[CameraState], float | None]


def _percent(key: str, value: Callable[[AgentData], float | None], **more: Any) -> AgentFigure:
    return AgentFigure(
        key=key,
        native_unit_of_measurement=PERCENTAGE,
        suggested_display_precision=0,
        value_fn=value,
        **more,
    )


def _size(
    key: str, unit: UnitOfInformation, value: Callable[[AgentData], int | None]
) -> AgentFigure:
    return AgentFigure(
        key=key,
        device_class=SensorDeviceClass.DATA_SIZE,
        native_unit_of_measurement=UnitOfInformation.BYTES,
        suggested_unit_of_measurement=unit,
        suggested_display_precision=1,
        value_fn=value,
    )


def _rate(key: str, value: Callable[[AgentData], float | None]) -> AgentFigure:
    return AgentFigure(
        key=key,
        device_class=SensorDeviceClass.DATA_RATE,
        native_unit_of_measurement=UnitOfDataRate.BYTES_PER_SECOND,
        suggested_unit_of_measurement=UnitOfDataRate.KILOBYTES_PER_SECOND,
        suggested_display_precision=0,
        value_fn=value,
    )


AGENT_FIGURES: Final = (
    AgentFigure(
        key="temperature",
        device_class=SensorDeviceClass.TEMPERATURE,
        native_unit_of_measurement=UnitOfTemperature.CELSIUS,
        suggested_display_precision=0,
        entity_registry_enabled_default=True,
        value_fn=lambda agent: agent.stats.temperature,
    ),
    _percent("cpu", lambda agent: agent.stats.cpu_percent, entity_registry_enabled_default=True),
    _percent("disk", lambda agent: agent.stats.disk_percent, entity_registry_enabled_default=True),
    _percent("memory", lambda agent: agent.stats.memory_percent),
    _size("disk_free", UnitOfInformation.GIGABYTES, lambda agent: agent.stats.disk_free_bytes),
    _size("cma_free", UnitOfInformation.MEGABYTES, lambda agent: agent.stats.cma_free_bytes),
    _rate("received", lambda agent: agent.stats.received_bytes_s),
    _rate("sent", lambda agent: agent.stats.sent_bytes_s),
    AgentFigure(
        key="load",
        suggested_display_precision=2,
        value_fn=lambda agent: agent.stats.load,
    ),
    AgentFigure(
        key="booted",
        device_class=SensorDeviceClass.UPTIME,
        state_class=None,
        value_fn=lambda agent: agent.stats.booted,
    ),
    # By a tenth of a second: what is less is how long words take.
    AgentFigure(
        key="clock_ahead",
        device_class=SensorDeviceClass.DURATION,
        native_unit_of_measurement=UnitOfTime.SECONDS,
        suggested_display_precision=1,
        value_fn=lambda agent: round(agent.clock_ahead / SECOND, 1),
    ),
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
    yield SpoolSensor(coordinator)


def camera_sensors(coordinator: CameraCoordinator[Any], camera: str) -> Iterator[SensorEntity]:
    """Yield what a Pi tells of a camera; nobody tells that of any other camera."""
    if isinstance(coordinator, AgentCoordinator):
        yield StatusSensor(coordinator, camera)
        for figure in CAMERA_FIGURES:
            yield CameraStateSensor(coordinator, camera, figure)


class AgentSensor(AgentEntity, SensorEntity):
    """One figure of a Pi."""

    entity_description: AgentFigure

    def __init__(self, coordinator: AgentCoordinator, description: AgentFigure) -> None:
        """Read what the description reads."""
        super().__init__(coordinator, description.key)
        self.entity_description = description

    @property
    @override
    def native_value(self) -> float | int | datetime | None:
        """The newest reading; None where this machine cannot tell."""
        return self.entity_description.value_fn(self.coordinator.data)


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
