"""Movies are made by a process that gives way to all others, and leaves nothing half done."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from itertools import takewhile
import json
import os
from pathlib import Path
import subprocess
from typing import Any

import pytest

from custom_components.gatehouse.footage import (
    DiskFull,
    DiskRefused,
    MergeFailed,
    MergeOptions,
    MergePlan,
    Merger,
    NotPlayable,
    Part,
    merging as module,
    nice,
)
from custom_components.gatehouse.footage.errors import PanoramaUnavailable
from custom_components.gatehouse.footage.merge import main
from custom_components.gatehouse.footage.merging import PROGRAM
from custom_components.gatehouse.footage.mp4 import inspect
from custom_components.gatehouse.footage.nice import command, run
from custom_components.gatehouse.footage.program import NICEST
from custom_components.gatehouse.models import Layout
from tests.eager import NICE
from tests.rooms.footage.reels import at, clock, part, plan, shots, wide
from tests.waiting import eventually

FIGURES = ("1080", "8000000", "1")


@pytest.fixture
def target(tmp_path: Path, never_blocks: None) -> Path:
    """Return where the movie is to be."""
    (tmp_path / "movies").mkdir()
    return tmp_path / "movies" / "movie.mp4"


@pytest.fixture
def two(tmp_path: Path) -> MergePlan:
    """Plan a movie of two cameras."""
    folder = tmp_path / "parts"
    folder.mkdir()
    return plan(*([part(folder, clock(15, 0, 5), sound="aac")] for _ in range(2)))


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Put another program in the place of ours."""

    def write(text: str) -> None:
        path = tmp_path / "other.py"
        path.write_text(f"import pathlib, sys, time\n{text}\nsys.exit()\n")
        monkeypatch.setattr(module, "PROGRAM", path)

    return write


def files(target: Path) -> list[str]:
    return sorted(path.name for path in target.parent.iterdir())


def moved(part: Part, seconds: float) -> Part:
    """Return a part that was recorded later."""
    span = timedelta(seconds=seconds)
    return replace(part, began=part.began + span, until=part.until + span)


def peak(what: MergePlan, folder: Path) -> int:
    """Make a movie, and return how many kilobytes of memory that took at its highest."""
    order = folder / "order"
    order.write_text(what.as_json())
    words = [*command(PROGRAM), str(order), str(folder / "movie.mp4"), *FIGURES]
    highest = 0
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout
        for _ in takewhile(lambda line: not line.startswith(b"{"), process.stdout):
            status = Path(f"/proc/{process.pid}/status").read_text()
            highest = max(highest, int(status.partition("VmHWM:")[2].split()[0]))
    return highest


def ignore(share: float) -> None:
    """Do not listen."""


async def test_a_movie_is_made_by_a_program_and_tells_how_far_it_is(
    two: MergePlan, target: Path
) -> None:
    done: list[float] = []

    merged = await Merger().merge(two, target, done.append)

    assert merged.clip == inspect(target)
    assert merged.clip.duration == pytest.approx(timedelta(seconds=5), abs=timedelta(0, 0.01))
    assert (merged.began, merged.cameras, merged.skipped) == (at(0), ("left", "right"), ())
    assert done == [0, 0.4, 0.8]
    assert all(shot.left == shot.right for shot in shots(target))
    assert files(target) == ["movie.mp4"]


async def test_a_movie_is_no_larger_than_the_options_say(two: MergePlan, target: Path) -> None:
    merged = await Merger(MergeOptions(height=90)).merge(two, target, ignore)

    assert (merged.clip.width, merged.clip.height) == (320, 90)


async def test_one_camera_is_delivered_and_the_parts_of_the_other_are_named(
    two: MergePlan, target: Path
) -> None:
    assert two.right
    broken = two.right.parts[0].path
    broken.write_bytes(b"")

    merged = await Merger().merge(two, target, ignore)

    assert (merged.cameras, merged.skipped) == (("left",), (broken,))


# What can go wrong


async def test_without_pictures_there_is_no_movie_and_no_file(target: Path) -> None:
    with pytest.raises(NotPlayable, match="anything to see"):
        await Merger().merge(plan([]), target, ignore)

    assert files(target) == []


async def test_a_movie_that_was_there_stays_if_there_is_no_other(target: Path) -> None:
    target.write_bytes(b"the movie of another time")

    with pytest.raises(NotPlayable):
        await Merger().merge(plan([]), target, ignore)

    assert target.read_bytes() == b"the movie of another time"


async def test_a_panorama_without_calibration_says_what_to_do(two: MergePlan, target: Path) -> None:
    with pytest.raises(PanoramaUnavailable, match="calibrate the pair first"):
        await Merger().merge(replace(two, layout=Layout.PANORAMA), target, ignore)

    assert files(target) == []


async def test_a_folder_that_is_not_there_is_refused(two: MergePlan, target: Path) -> None:
    with pytest.raises(DiskRefused):
        await Merger().merge(two, target.parent / "missing" / "movie.mp4", ignore)


async def test_a_full_disk_is_told_as_such(
    two: MergePlan, target: Path, program: Callable[[str], None]
) -> None:
    said = json.dumps({"errno": 28, "sentence": "No space left on device"})
    program(f"sys.stdout.write('0.5\\n{said}\\n')")
    done: list[float] = []

    with pytest.raises(DiskFull, match="No space left"):
        await Merger().merge(two, target, done.append)

    assert done == [0.5]
    assert files(target) == []


@pytest.mark.parametrize(
    ("does", "sentence"),
    [("raise SystemExit('out of memory')", "out of memory"), ("time.sleep(60)", "could not")],
    ids=["dies", "hangs"],
)
async def test_a_program_that_ends_otherwise_is_no_movie(
    two: MergePlan,
    target: Path,
    program: Callable[[str], None],
    monkeypatch: pytest.MonkeyPatch,
    does: str,
    sentence: str,
) -> None:
    monkeypatch.setattr(module, "PATIENCE", timedelta(seconds=1))
    program(f"pathlib.Path(sys.argv[2]).write_bytes(b'half a movie')\n{does}")

    with pytest.raises(MergeFailed, match=sentence):
        await Merger().merge(two, target, ignore)

    assert files(target) == []


async def test_a_program_that_is_slow_but_gets_on_is_waited_for(
    two: MergePlan,
    target: Path,
    program: Callable[[str], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "PATIENCE", timedelta(seconds=1))
    said = json.dumps({"code": "not_playable", "sentence": "It came to its end."})
    program(
        "for share in range(5):\n"
        "    sys.stdout.write('0.1\\n'); sys.stdout.flush(); time.sleep(0.3)\n"
        f"sys.stdout.write('{said}\\n')"
    )

    with pytest.raises(NotPlayable, match="to its end"):
        await Merger().merge(two, target, ignore)


# A panorama


async def test_two_cameras_that_overlap_become_one_wide_picture(
    two: MergePlan, target: Path
) -> None:
    pytest.importorskip("cv2")

    merged = await Merger().merge(wide(two, 160), target, ignore)

    assert merged.clip.width == pytest.approx(480, abs=8)
    assert merged.clip.height == pytest.approx(180, abs=8)
    assert merged.clip.duration == pytest.approx(timedelta(seconds=5), abs=timedelta(0, 0.01))


async def test_cameras_that_no_longer_overlap_are_to_be_calibrated_again(
    two: MergePlan, target: Path
) -> None:
    pytest.importorskip("cv2")

    with pytest.raises(PanoramaUnavailable, match="calibrate"):
        await Merger().merge(wide(two, 5000), target, ignore)


# A program among others


async def test_who_is_cancelled_leaves_no_process_and_no_file(
    two: MergePlan, target: Path, program: Callable[[str], None], tmp_path: Path
) -> None:
    pid = tmp_path / "pid"
    program(
        "import os\n"
        "pathlib.Path(sys.argv[2]).write_bytes(b'half a movie')\n"
        f"pathlib.Path({str(pid)!r}).write_text(str(os.getpid()))\n"
        "time.sleep(60)"
    )
    merging = asyncio.create_task(Merger().merge(two, target, ignore))
    await eventually(lambda: pid.exists() and pid.read_text())

    merging.cancel()
    with pytest.raises(asyncio.CancelledError):
        await merging

    assert not Path(f"/proc/{pid.read_text()}").exists()
    assert files(target) == []


async def test_the_program_gives_way_to_all_others(
    two: MergePlan, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nices: list[int] = []
    started = asyncio.create_subprocess_exec

    async def watched(*words: Any, **named: Any) -> asyncio.subprocess.Process:
        process = await started(*words, **named)

        def is_nice() -> bool:
            return os.getpriority(os.PRIO_PROCESS, process.pid) == NICEST

        nices.append(await eventually(is_nice))
        return process

    monkeypatch.setattr(nice, "LAUNCHER", NICE)
    monkeypatch.setattr(asyncio, "create_subprocess_exec", watched)

    await Merger().merge(two, target, ignore)

    assert nices == [True]


def test_the_program_ends_with_whoever_started_it(two: MergePlan, tmp_path: Path) -> None:
    order = tmp_path / "order"
    order.write_text(two.as_json())
    merge = [*command(PROGRAM), str(order), str(tmp_path / "movie.mp4"), *FIGURES]
    process = subprocess.Popen(merge, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    assert process.stdin

    process.stdin.close()

    assert process.wait(10) == 1


async def test_a_program_knows_its_neighbours_and_nothing_of_home_assistant(tmp_path: Path) -> None:
    (tmp_path / "curious.py").write_text(
        "import sys\n"
        "from .merge import merge\n"
        "def main(arguments):\n"
        "    print(*arguments, merge.__name__, {'homeassistant', 'aiohttp'} & {*sys.modules})\n"
    )
    said: list[str] = []

    await run(tmp_path / "curious.py", "one", hear=said.append)

    assert said == ["one merge set()\n"]


def test_a_longer_movie_takes_no_more_memory(two: MergePlan, tmp_path: Path) -> None:
    both = [reel.parts[0] for reel in (two.left, two.right) if reel]
    short = plan(*([each] for each in both), until=at(3600))
    again = [[moved(each, 5 * number) for number in range(8)] for each in both]
    long = plan(*again, until=at(3600))

    peaks = [peak(each, tmp_path) for each in (short, long)]

    assert peaks[1] - peaks[0] < 16_000


# What the program says


def test_the_program_says_what_it_did_line_by_line(
    two: MergePlan, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    order = tmp_path / "order"
    order.write_text(two.as_json())

    main([str(order), str(tmp_path / "movie.mp4"), *FIGURES])
    main([str(order), str(tmp_path / "missing" / "movie.mp4"), *FIGURES])
    order.write_text(plan([]).as_json())
    main([str(order), str(tmp_path / "movie.mp4"), *FIGURES])

    *shares, made, refused, nothing = map(json.loads, capsys.readouterr().out.splitlines())
    assert shares == [0, 0.4, 0.8]
    assert made == {
        "began": str(at(0)),
        "cameras": ["left", "right"],
        "skipped": [],
        "moved": False,
    }
    assert refused["errno"] == 2
    assert nothing["code"] == "not_playable"
