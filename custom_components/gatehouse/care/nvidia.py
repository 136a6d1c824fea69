"""NVIDIA graphics processors, by NVML; a machine without its library has none."""

from collections.abc import Callable
from dataclasses import dataclass
import logging
from typing import Any

LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gpu:
    """One look at a graphics processor, in the words of the wire."""

    id: str
    name: str
    utilisation_percent: float | None
    memory_percent: float | None
    temperature_c: float | None


class Gpus:
    """All that the driver knows of; it is asked for once, when they are looked at first."""

    def __init__(self) -> None:
        self._library: Any = None
        self._is_asked = False

    def __call__(self) -> tuple[Gpu, ...]:
        """Look at each; blocks."""
        if not self._is_asked:
            self._is_asked = True
            self._library = _opened()
        if self._library is None:
            return ()
        try:
            count = self._library.nvmlDeviceGetCount()
            devices = [self._library.nvmlDeviceGetHandleByIndex(index) for index in range(count)]
            return tuple(self._look(device) for device in devices)
        except self._library.NVMLError as error:
            LOGGER.debug("The graphics processors cannot be looked at: %s", error)
            return ()

    def _look(self, device: Any) -> Gpu:
        nvml = self._library
        return Gpu(
            id=_text(nvml.nvmlDeviceGetUUID(device)),
            name=_text(nvml.nvmlDeviceGetName(device)),
            utilisation_percent=self._attempt(
                lambda: nvml.nvmlDeviceGetUtilizationRates(device).gpu
            ),
            memory_percent=self._attempt(lambda: _used(nvml.nvmlDeviceGetMemoryInfo(device))),
            temperature_c=self._attempt(
                lambda: nvml.nvmlDeviceGetTemperature(device, nvml.NVML_TEMPERATURE_GPU)
            ),
        )

    def _attempt(self, read: Callable[[], float]) -> float | None:
        try:
            return float(read())
        except self._library.NVMLError:
            return None  # many a card lacks something of this


def _opened() -> Any:
    """Return the library, or None on a machine that has no such driver."""
    try:
        import pynvml
    except ImportError:
        return None
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        return None
    return pynvml


def _used(memory: Any) -> float:
    return round(100 * float(memory.used) / float(memory.total), 1)


def _text(said: str | bytes) -> str:
    """Old releases of the library give bytes."""
    return said.decode(errors="replace") if isinstance(said, bytes) else said
