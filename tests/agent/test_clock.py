"""A clock that is put right."""

from types import SimpleNamespace

import pytest

from camera_agent import clock as module
from camera_agent.clock import Clock


class Machine:
    """A machine whose clock is set by the test."""

    def __init__(self, is_right: bool) -> None:
        self.is_right = is_right
        self.started = 1_000_000.0
        self.clock = Clock(lambda: self.is_right, lambda: self.started)


@pytest.mark.parametrize(("state", "known"), [(0, True), (3, True), (5, False), (-1, None)])
def test_the_kernel_tells_whether_the_clock_follows_another(
    monkeypatch: pytest.MonkeyPatch, state: int, known: bool | None
) -> None:
    kernel = SimpleNamespace(adjtimex=lambda timex: state)
    monkeypatch.setattr(module.ctypes, "CDLL", lambda name: kernel)

    assert module.is_synchronised() is known
    assert module.is_right() is (known is not False)


def test_a_clock_that_goes_right_needs_no_correction() -> None:
    machine = Machine(is_right=False)
    for drift in (0.0, 0.5, -1.0, 1.9):
        machine.started += drift
        assert machine.clock.correction() == 0.0


@pytest.mark.parametrize("step", [3600.0, -86400.0])
def test_the_first_setting_of_a_clock_corrects_it_once(step: float) -> None:
    machine = Machine(is_right=False)
    machine.started += step
    machine.is_right = True

    assert machine.clock.correction() == step
    assert machine.clock.correction() == 0.0


def test_a_clock_that_was_right_is_not_corrected_by_another_setting() -> None:
    machine = Machine(is_right=True)
    machine.started += 3600.0

    assert machine.clock.correction() == 0.0


def test_this_machine_has_a_clock() -> None:
    assert module.is_right() in (True, False)
    assert module.started() == pytest.approx(module.started(), abs=1.0)
    assert Clock().correction() == 0.0
