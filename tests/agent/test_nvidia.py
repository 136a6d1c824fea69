"""Graphics processors, by a stand-in for NVIDIA's library: no such card is here."""

import sys
from types import SimpleNamespace
from typing import Any

import pytest

from camera_agent.hardware.nvidia import Gpu, Gpus


class NVMLError(Exception):
    """As the library's own."""


class FakeNvml:
    """A stand-in for pynvml with one card; what is in `lacks` fails."""

    NVMLError = NVMLError
    NVML_TEMPERATURE_GPU = 0

    def __init__(self) -> None:
        self.lacks: set[str] = set()
        self.opened = 0

    def __getattr__(self, name: str) -> Any:
        answers: dict[str, Any] = {
            "nvmlDeviceGetCount": 1,
            "nvmlDeviceGetHandleByIndex": "card",
            "nvmlDeviceGetUUID": "GPU-1f0c9a1e",
            "nvmlDeviceGetName": b"NVIDIA GeForce RTX 3060",
            "nvmlDeviceGetUtilizationRates": SimpleNamespace(gpu=31, memory=7),
            "nvmlDeviceGetMemoryInfo": SimpleNamespace(used=1_000, free=7_000, total=8_000),
            "nvmlDeviceGetTemperature": 48,
        }

        def answer(*_: object) -> Any:
            if name in self.lacks:
                raise NVMLError(f"{name} is not supported")
            return answers[name]

        return answer

    def nvmlInit(self) -> None:  # noqa: N802 - the library's name
        self.opened += 1
        if "driver" in self.lacks:
            raise NVMLError("Driver Not Loaded")


CARD = Gpu(
    id="GPU-1f0c9a1e",
    name="NVIDIA GeForce RTX 3060",
    utilisation_percent=31.0,
    memory_percent=12.5,
    temperature_c=48.0,
)


@pytest.fixture
def nvml(monkeypatch: pytest.MonkeyPatch) -> FakeNvml:
    fake = FakeNvml()
    monkeypatch.setitem(sys.modules, "pynvml", fake)
    return fake


def test_a_card_tells_how_it_is(nvml: FakeNvml) -> None:
    gpus = Gpus()
    assert gpus() == gpus() == (CARD,)
    assert nvml.opened == 1


def test_what_a_card_cannot_tell_is_unknown_and_only_that(nvml: FakeNvml) -> None:
    nvml.lacks = {"nvmlDeviceGetUtilizationRates"}
    (card,) = Gpus()()
    assert (card.utilisation_percent, card.memory_percent) == (None, 12.5)


def test_a_driver_that_is_being_replaced_has_no_cards_for_a_while(nvml: FakeNvml) -> None:
    gpus = Gpus()
    nvml.lacks = {"nvmlDeviceGetCount"}
    assert gpus() == ()
    nvml.lacks.clear()
    assert gpus() == (CARD,)


def test_a_machine_without_a_driver_has_none(nvml: FakeNvml) -> None:
    nvml.lacks = {"driver"}
    gpus = Gpus()
    assert (gpus(), gpus()) == ((), ())
    assert nvml.opened == 1


def test_a_machine_without_the_library_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", None)
    assert Gpus()() == ()
