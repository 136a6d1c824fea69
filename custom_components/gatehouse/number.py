"""How sure of somebody each camera must be, and how large somebody may be."""

from dataclasses import dataclass, replace
from typing import Any, override

from homeassistant.components.number import NumberEntity, NumberEntityDescription, NumberMode
from homeassistant.const import PERCENTAGE, EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from . import GatehouseConfigEntry
from .asking import translated
from .coordinator import CameraCoordinator
from .entity import CameraEntity, async_add_camera_entities
from .options import incident_options

# A number is a field of one tuning: set at once, one would undo the other.
PARALLEL_UPDATES = 1


@dataclass(frozen=True, kw_only=True)
class TuningNumber(NumberEntityDescription):
    """A field of a camera's tuning, by its name."""

    units: int = 1
    """How much is shown for a whole."""
    entity_category: EntityCategory | None = EntityCategory.CONFIG
    entity_registry_enabled_default: bool = False
    mode: NumberMode | None = NumberMode.BOX


NUMBERS: tuple[TuningNumber, ...] = (
    TuningNumber(key="threshold", native_min_value=0.2, native_max_value=0.95, native_step=0.05),
    TuningNumber(key="certainty", native_min_value=0.2, native_max_value=0.95, native_step=0.05),
    TuningNumber(
        key="smallest",
        units=100,
        native_unit_of_measurement=PERCENTAGE,
        native_min_value=0,
        native_max_value=99.9,
        native_step=0.1,
    ),
    TuningNumber(
        key="largest",
        units=100,
        native_unit_of_measurement=PERCENTAGE,
        native_min_value=0.1,
        native_max_value=100,
        native_step=0.1,
    ),
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: GatehouseConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the numbers of each camera's tuning."""
    async_add_camera_entities(
        entry,
        async_add_entities,
        lambda coordinator, camera: [
            CameraTuning(entry, coordinator, camera, number) for number in NUMBERS
        ],
    )


class CameraTuning(CameraEntity, NumberEntity):
    """One number of a camera's tuning; who sets it to the site's own follows the site again."""

    entity_description: TuningNumber

    def __init__(
        self,
        entry: GatehouseConfigEntry,
        coordinator: CameraCoordinator[Any],
        camera: str,
        description: TuningNumber,
    ) -> None:
        """Tune what the description says."""
        super().__init__(coordinator, camera, description.key)
        self.entity_description = description
        self._zones = entry.runtime_data.zones
        options = incident_options(entry)
        self._site = {"threshold": options.threshold, "certainty": options.certainty}

    @property
    @override
    def native_value(self) -> float:
        """What holds for the camera: its own number, or the site's."""
        key = self.entity_description.key
        own: float | None = getattr(self._zones.of(self.camera_key).tuning, key)
        value = self._site[key] if own is None else own
        return round(value * self.entity_description.units, 2)

    @override
    async def async_set_native_value(self, value: float) -> None:
        """Have the camera judge by this from its next picture on."""
        key = self.entity_description.key
        wanted = round(value / self.entity_description.units, 4)
        own: dict[str, Any] = {key: None if wanted == self._site.get(key) else wanted}
        tuning = self._zones.of(self.camera_key).tuning
        async with translated():
            await self._zones.tune(self.camera_key, replace(tuning, **own))
