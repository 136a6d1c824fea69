"""What the readings of a device are of: units and classes as Home Assistant knows them."""

from collections.abc import Mapping
from dataclasses import dataclass
import math
from typing import Any, Final

from homeassistant.components.sensor import (
    DEVICE_CLASS_STATE_CLASSES,
    DEVICE_CLASS_UNITS,
    SensorDeviceClass,
    SensorStateClass,
)
from homeassistant.components.sensor.const import (
    AMBIGUOUS_UNITS,
    NON_NUMERIC_DEVICE_CLASSES,
    STATE_CLASS_UNITS,
)
import voluptuous as vol

# What Home Assistant takes for a state.
LONGEST_TEXT: Final = 255

NUMERIC: Final = sorted(set(SensorDeviceClass) - NON_NUMERIC_DEVICE_CLASSES)

# Where a device says nothing: a meter that begins anew at zero is understood.
USUAL: Final = (SensorStateClass.MEASUREMENT, SensorStateClass.TOTAL_INCREASING)

type Value = float | int | str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """What one sensor of a device measures."""

    name: str
    unit: str | None = None
    device_class: SensorDeviceClass | None = None
    state_class: SensorStateClass | None = None

    @property
    def is_number(self) -> bool:
        """Whether its values are numbers, as history and statistics need them."""
        return any((self.unit, self.device_class, self.state_class))


def measure_of(said: Mapping[str, Any], known: Measure | None) -> Measure:
    """Return what a reading is of: what it says, else what is known; raises Invalid."""
    is_new = known is None
    known = known or Measure(name=said["key"].replace("_", " ").capitalize())
    unit = _unit(said.get("unit", known.unit))
    device_class = said.get("device_class", known.device_class)
    measure = Measure(
        name=said.get("name", known.name),
        unit=unit,
        device_class=SensorDeviceClass(device_class) if device_class else None,
    )
    _check_unit(measure)
    is_same = (measure.unit, measure.device_class) == (known.unit, known.device_class)
    state_class = said.get("state_class", known.state_class if is_same else None)
    is_number = measure.is_number or (is_new and not isinstance(said["value"], str))
    if state_class is None and is_number and "state_class" not in said:
        state_class = _usual(measure)
    return _with_state_class(measure, SensorStateClass(state_class) if state_class else None)


def value_of(value: Value, measure: Measure) -> Value:
    """Return a value as its sensor has it; raises Invalid."""
    if value is None:
        return None
    if not measure.is_number:
        return str(value)
    try:
        number = float(value) if isinstance(value, str) else value
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise vol.Invalid("this sensor is a number: send one, or null", ["value"])
    return number


def _unit(unit: str | None) -> str | None:
    return AMBIGUOUS_UNITS.get(unit, unit) or None


def _check_unit(measure: Measure) -> None:
    device_class = measure.device_class
    units = None if device_class is None else DEVICE_CLASS_UNITS.get(device_class)
    if units is not None and measure.unit not in units:
        known = ", ".join(sorted(str(unit) for unit in units if unit)) or "none"
        raise vol.Invalid(f"{device_class} has one of these units: {known}", ["unit"])


def _with_state_class(measure: Measure, state_class: SensorStateClass | None) -> Measure:
    possible = _state_classes(measure)
    if state_class is not None and state_class not in possible:
        known = ", ".join(sorted(possible)) or "none"
        raise vol.Invalid(f"here it is one of these: {known}", ["state_class"])
    return Measure(
        name=measure.name,
        unit=measure.unit,
        device_class=measure.device_class,
        state_class=state_class,
    )


def _usual(measure: Measure) -> SensorStateClass | None:
    possible = _state_classes(measure)
    return next((each for each in (*USUAL, *SensorStateClass) if each in possible), None)


def _state_classes(measure: Measure) -> set[SensorStateClass]:
    """Return the state classes that a measure can have, by its device class and its unit."""
    possible = set(SensorStateClass)
    if measure.device_class is not None:
        possible &= DEVICE_CLASS_STATE_CLASSES.get(measure.device_class, possible)
    return {
        each
        for each in possible
        if each not in STATE_CLASS_UNITS or measure.unit in STATE_CLASS_UNITS[each]
    }
