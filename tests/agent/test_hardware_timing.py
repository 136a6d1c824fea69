"""When a frame is due, which are taken, and what time is on them."""

import itertools
import time
from typing import Final

from hypothesis import given, strategies as st
import pytest

from camera_agent.hardware import CameraError
from camera_agent.hardware.timing import Pace, Rate, Stamps

NOW_US = 1_795_000_000_000_000


@pytest.mark.parametrize(("have", "want"), [(30, 15), (30, 10), (25, 15), (15, 15), (10, 15)])
def test_as_many_frames_are_taken_as_are_wanted_or_there(have: int, want: int) -> None:
    rate = Rate()
    taken = sum(rate.takes(NOW_US + n * 1_000_000 // have, want) for n in range(have * 20))
    assert taken == pytest.approx(min(have, want) * 20, abs=2)


@given(st.lists(st.integers(-10_000, 10_000), min_size=150, max_size=150))
def test_frames_that_come_a_little_early_or_late_are_all_taken(jitter: list[int]) -> None:
    rate = Rate()
    assert all(rate.takes(NOW_US + n * 66_667 + shift, 15) for n, shift in enumerate([0, *jitter]))


def test_no_frame_is_taken_when_none_is_wanted() -> None:
    assert not Rate().takes(NOW_US, 0)


def test_the_first_frame_is_taken_at_once_after_a_pause() -> None:
    rate = Rate()
    assert rate.takes(NOW_US, 2)
    assert not rate.takes(NOW_US + 100_000, 2)
    assert rate.takes(NOW_US + 9_000_000, 2)
    assert not rate.takes(NOW_US + 9_100_000, 2)


def test_a_pause_is_not_made_up_for() -> None:
    rate = Rate()
    rate.takes(NOW_US, 10)
    later = [rate.takes(NOW_US + 10_000_000 + n * 10_000, 10) for n in range(100)]
    assert sum(later) == pytest.approx(10, abs=1)


@given(st.lists(st.integers(NOW_US, NOW_US + 900_000), max_size=50))
def test_stamps_always_increase(captured: list[int]) -> None:
    stamps = Stamps()
    given_out = [stamps.stamp(one) for one in captured]
    assert all(one < two for one, two in itertools.pairwise(given_out))


def test_a_clock_that_was_set_forward_is_followed() -> None:
    stamps = Stamps()
    assert stamps.stamp(NOW_US) == NOW_US
    assert stamps.stamp(NOW_US + 3_600_000_000) == NOW_US + 3_600_000_000


def test_a_clock_that_was_set_back_ends_the_camera() -> None:
    stamps = Stamps()
    stamps.stamp(NOW_US)
    with pytest.raises(CameraError, match="clock of this machine was set back"):
        stamps.stamp(NOW_US - 3_600_000_000)


EPOCH: Final = 1_800_000_000


def captured(moment: float) -> int:
    """Return the capture time of what is at a moment of the clock."""
    return round((EPOCH + moment) * 1e6)


class Clock:
    """Clocks that only sleeping, or a test, moves."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        monkeypatch.setattr(time, "monotonic", lambda: self.now)
        monkeypatch.setattr(time, "time_ns", lambda: round((EPOCH + self.now) * 1e9))
        monkeypatch.setattr(time, "sleep", self.pass_by)

    def pass_by(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def test_a_film_is_played_at_its_own_speed_without_drift(clock: Clock) -> None:
    pace = Pace()
    for frame in range(1, 151):
        clock.pass_by(0.03)  # what the work on a frame takes
        assert pace.wait(frame / 15)
    assert clock.now == pytest.approx(1010.0)


def test_a_late_frame_is_skipped_and_the_next_ones_are_on_time(clock: Clock) -> None:
    pace = Pace()
    clock.pass_by(1.0)
    shown = [pace.wait(moment) for moment in (0.1, 0.5, 0.8, 1.2)]
    assert [each is not None for each in shown] == [False, False, True, True]
    assert clock.now == pytest.approx(1001.2)


def test_a_frame_that_is_shown_late_is_of_the_moment_that_it_was_due(clock: Clock) -> None:
    pace = Pace()
    clock.pass_by(0.2)
    assert pace.wait(0.1) == pytest.approx(captured(1000.1), abs=1)
    assert clock.now == pytest.approx(1000.2)
    assert pace.wait(0.3) == pytest.approx(captured(1000.3), abs=1)


def test_after_a_sleep_of_the_machine_the_film_goes_on_where_it_was(clock: Clock) -> None:
    pace = Pace()
    pace.wait(1.0)
    clock.pass_by(3600)
    assert pace.wait(1.1) == pytest.approx(captured(4601.0), abs=1)
    before = clock.now
    assert pace.wait(1.2)
    assert clock.now - before == pytest.approx(0.1)
