"""The power goes at every point on the way: nothing is lost, doubled, or left lying about."""

import asyncio
from collections.abc import Callable
import inspect
from pathlib import Path
import threading
from typing import Any

import pytest

from custom_components.gatehouse.agent import Recordings
from custom_components.gatehouse.footage import Disk, FootageStore, steps
from custom_components.gatehouse.footage.mp4 import remux
from custom_components.gatehouse.models import FootageStage
from tests.rooms.footage.media import video
from tests.rooms.footage.recorder import Recorder
from tests.rooms.footage.site import PATIENCE_S, Site, eventually

FRONT = "porch/front"

# What the flow does on the way from the wish to the file, in this order.
DEEDS: list[tuple[Any, str, int]] = [
    (Recordings, "list", 1),
    (Recordings, "start", 1),
    (FootageStore, "move", 1),
    (Recordings, "list", 2),
    (Disk, "make_room", 1),
    (Recordings, "fetch", 1),
    (FootageStore, "move", 2),
    (steps, "remux", 1),
    (Disk, "publish", 1),
    (Path, "unlink", 1),
    (Recordings, "delete", 1),
    (FootageStore, "move", 3),
]


class PowerCut(Exception):
    """Nothing more is done."""


def cut(work: Callable[..., Any], turn: int, when: str) -> Callable[..., Any]:
    """Return work in whose so-manyth turn the power goes, before or after it is done."""
    turns = iter(range(1, 1000))

    def is_now(moment: str, number: int) -> None:
        if (moment, number) == (when, turn):
            raise PowerCut

    async def slow(*arguments: Any, **named: Any) -> Any:
        number = next(turns)
        is_now("before", number)
        result = await work(*arguments, **named)
        is_now("after", number)
        return result

    def quick(*arguments: Any, **named: Any) -> Any:
        number = next(turns)
        is_now("before", number)
        result = work(*arguments, **named)
        is_now("after", number)
        return result

    return slow if inspect.iscoroutinefunction(work) else quick


async def fails(site: Site) -> None:
    """Run the flow until the power goes."""
    with pytest.raises(BaseExceptionGroup) as caught:
        await asyncio.wait_for(site.flow.run(), PATIENCE_S)
    assert caught.group_contains(PowerCut)


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("deed", DEEDS, ids=lambda deed: f"{deed[1]} {deed[2]}")
async def test_after_a_power_cut_the_footage_still_comes_home_once(
    site: Site, porch: Recorder, deed: tuple[Any, str, int], when: str
) -> None:
    owner, name, turn = deed
    porch.instantly = video()
    row = await site.record(FRONT)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(owner, name, cut(getattr(owner, name), turn, when))
        await fails(site)

    site.restarted()
    async with site.running():
        row = await site.reaches(row, FootageStage.READY)

    assert row.path
    assert site.files() == {str(row.path.relative_to(site.media))}
    assert porch.requests.count("POST") == 1
    assert porch.recordings == {}


@pytest.mark.parametrize("there", [video(), video()[:1000]], ids=["all", "a part"])
async def test_a_half_written_clip_is_written_again(
    site: Site, porch: Recorder, there: bytes
) -> None:
    def half(_: Path, target: Path) -> None:
        target.write_bytes(there)
        raise PowerCut

    porch.instantly = video()
    row = await site.record(FRONT)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(steps, "remux", half)
        await fails(site)

    site.restarted()
    async with site.running():
        row = await site.reaches(row, FootageStage.READY)

    assert row.path
    assert site.files() == {str(row.path.relative_to(site.media))}


async def test_a_file_that_vanished_is_fetched_again(site: Site, porch: Recorder) -> None:
    porch.instantly = video()
    row = await site.record(FRONT)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(steps, "remux", cut(remux, 1, "before"))
        await fails(site)
    (part,) = site.files()
    (site.media / part).unlink()

    site.restarted()
    async with site.running():
        await site.reaches(row, FootageStage.READY)

    assert len(site.files()) == 1


async def test_a_transfer_goes_on_after_a_restart(site: Site, porch: Recorder) -> None:
    porch.instantly = video()
    porch.cut_after = len(video()) // 2
    porch.may_cut.clear()
    row = await site.record(FRONT)
    part = site.media / ".gatehouse" / f"{row.id}.part"
    async with site.running():
        await eventually(lambda: part.exists() and part.stat().st_size == porch.cut_after)

    porch.cut_after = len(video()) - len(video()) // 2
    porch.may_cut.set()
    site.restarted()
    async with site.running():
        row = await site.reaches(row, FootageStage.READY)

    assert porch.ranges == [0, len(video()) // 2]


async def test_a_running_recording_is_found_again_and_extended(site: Site, porch: Recorder) -> None:
    async with site.running():
        row = await site.reaches(await site.record(FRONT), FootageStage.RECORDING)
    await site.flow.extend(row.id, row.until.replace(microsecond=0).replace(year=2100))

    flow = site.restarted()
    async with site.running():
        row = await site.until(row, lambda found: found.until > row.until)
        await flow.extend(row.id, row.until)
        await eventually(lambda: "PATCH" in porch.requests)

    assert porch.names == [row.recording]


async def test_who_stops_the_flow_gets_it_back_when_nothing_is_written_any_more(
    site: Site, porch: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    began, may_end = threading.Event(), threading.Event()

    def slow(source: Path, target: Path) -> object:
        began.set()
        assert may_end.wait(PATIENCE_S)
        return remux(source, target)

    monkeypatch.setattr(steps, "remux", slow)
    porch.instantly = video()
    row = await site.record(FRONT)
    story = asyncio.create_task(site.flow.run())
    await eventually(began.is_set)

    story.cancel()
    await asyncio.sleep(0.05)
    assert not story.done()
    may_end.set()
    with pytest.raises(asyncio.CancelledError):
        await story

    row = await site.flow.get(row.id) or row
    assert row.stage is FootageStage.FETCHED
    site.restarted()
    async with site.running():
        await site.reaches(row, FootageStage.READY)
    assert len(site.files()) == 1
