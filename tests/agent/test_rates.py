"""What a camera's process uses of a processor, by the kernel's own count."""

import os
from pathlib import Path
import time

import pytest

from camera_agent.gauges import Rate
from camera_agent.rates import Efforts

TICKS = os.sysconf("SC_CLK_TCK")


def use(root: Path, process: int, user_s: float, system_s: float) -> None:
    folder = root / "proc" / str(process)
    folder.mkdir(parents=True, exist_ok=True)
    times = f"{round(user_s * TICKS)} {round(system_s * TICKS)}"
    line = f"{process} (cam) era) S 1 2 3 0 -1 4194560 10 0 0 0 {times} 0 0 20 0 9 0 5 6 7\n"
    (folder / "stat").write_text(line)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The moment by the monotonic clock, which the test moves."""
    now = [100.0]
    monkeypatch.setattr("camera_agent.rates.time.monotonic", lambda: now[0])
    return now


def test_a_count_grows_so_much_a_second() -> None:
    rate = Rate()
    assert [rate.see(count, now) for count, now in ((10.0, 1.0), (30.0, 5.0))] == [None, 5.0]


@pytest.mark.parametrize(("count", "now"), [(9.0, 5.0), (30.0, 1.0)])
def test_a_count_that_was_begun_anew_says_nothing(count: float, now: float) -> None:
    rate = Rate()
    rate.see(10.0, 1.0)
    assert rate.see(count, now) is None


def test_a_process_is_measured_between_two_looks(tmp_path: Path, clock: list[float]) -> None:
    efforts = Efforts(tmp_path)
    use(tmp_path, 7, user_s=3.0, system_s=1.0)
    use(tmp_path, 8, user_s=0.0, system_s=0.0)
    assert efforts.read({"front": 7, "back": 8}) == {"front": None, "back": None}

    clock[0] += 10.0
    use(tmp_path, 7, user_s=4.0, system_s=1.25)
    assert efforts.read({"front": 7, "back": 8}) == {"front": 12.5, "back": 0.0}


def test_another_process_is_measured_anew(tmp_path: Path, clock: list[float]) -> None:
    efforts = Efforts(tmp_path)
    use(tmp_path, 7, user_s=3.0, system_s=1.0)
    use(tmp_path, 8, user_s=9.0, system_s=0.0)
    efforts.read({"front": 7})

    clock[0] += 10.0
    assert efforts.read({"front": 8}) == {"front": None}
    clock[0] += 10.0
    assert efforts.read({"front": 8}) == {"front": 0.0}


def test_no_process_is_no_effort(tmp_path: Path) -> None:
    assert Efforts(tmp_path).read({"front": None, "gone": 4711}) == {"front": None, "gone": None}


def test_this_process_is_measured_as_it_works() -> None:
    efforts = Efforts()
    efforts.read({"me": os.getpid()})
    end = time.monotonic() + 0.2
    while time.monotonic() < end:
        pass
    percent = efforts.read({"me": os.getpid()})["me"]
    assert percent is not None
    assert percent > 0
