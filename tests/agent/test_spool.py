"""What moves while nobody listens is recorded."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
import shutil
import time
from types import SimpleNamespace

import pytest

from camera_agent import running as one_recording, spool as module
from camera_agent.allowance import Allowance
from camera_agent.clock import Clock
from camera_agent.config import BookingsConfig, SpoolConfig
from camera_agent.ledger import Ledger, Spooled
from camera_agent.recorder import Recorder
from camera_agent.ring import Ring
from camera_agent.shelf import Recording, Shelf
from camera_agent.spool import Spool
from camera_agent.wire import RecordingOrigin, RecordingStatus
from tests.waiting import eventually

from .media import INTERVAL_US, brightness, packets

pytestmark = pytest.mark.long

# A hundred times as fast as in life, but the frames.
PATIENCE, PRE_ROLL, POST_ROLL, LONGEST, LOOKED = 0.2, 1.0, 0.5, 4.0, 0.02
KEY_S = 1.0  # media.packets has a key frame each 15 frames, at 15 a second


class Site:
    """A camera with its ring, a spool, and somebody who may listen."""

    def __init__(self, folder: Path) -> None:
        self.ring = Ring(timedelta(seconds=15))
        self.ledger = Ledger(folder / "spool")
        self.told: list[Recording] = []
        self.recorder = Recorder(
            folder / "recordings",
            {"front": self.ring},
            self.told.append,
            Allowance(spool=SpoolConfig(), bookings=BookingsConfig()),
            self.ledger,
        )
        self.left: float | None = time.monotonic()
        self.booted, self.is_set = 1_795_000_000.0, False
        clock = Clock(lambda: self.is_set, lambda: self.booted)
        self.spool = Spool(["front"], self.recorder, self.ledger, lambda: self.left, clock)
        self.filming: asyncio.Task[None] | None = None

    async def film(self) -> None:
        """Give frames as a camera does, from five seconds ago on."""
        for packet in packets(400, time.time() - 5):
            early = packet.captured_us / 1e6 - time.time()
            await asyncio.sleep(max(0.0, early))
            self.ring.append(packet)
            self.recorder.packet("front", packet)

    def move(self, moving: bool = True) -> float:
        self.spool.motion("front", moving)
        return time.time()

    async def moves_for(self, seconds: float) -> tuple[float, float]:
        began = self.move()
        await asyncio.sleep(seconds)
        return began, self.move(False)

    def listens(self) -> None:
        self.left = None

    def leaves(self) -> float:
        self.left = time.monotonic()
        return time.time()

    @property
    def clips(self) -> list[Recording]:
        return self.recorder.recordings()

    async def complete(self, count: int = 1) -> list[Recording]:
        """Wait until there are so many clips, all of them over."""

        def are_over() -> bool:
            over = [one.status is RecordingStatus.COMPLETE for one in self.clips]
            return len(over) >= count and all(over)

        await eventually(are_over)
        return self.clips

    def numbers(self, clip: Recording) -> list[int]:
        return [number for _, number in brightness(self.recorder.file("front", clip.id))]


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PATIENCE", "PRE_ROLL", "POST_ROLL", "LONGEST", "LOOKED"):
        monkeypatch.setattr(module, name, globals()[name])
    monkeypatch.setattr(one_recording, "LATE", 0.2)


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    site = Site(tmp_path)
    site.filming = asyncio.create_task(site.film())
    stories = [asyncio.create_task(one) for one in (site.recorder.run(), site.spool.run())]
    await eventually(lambda: len(site.ring.since(0)) > 60)
    yield site
    await site.recorder.close()
    for story in (site.filming, *stories):
        story.cancel()
        with suppress(asyncio.CancelledError):
            await story


def begins_at(clip: Recording, wanted: float) -> None:
    """A clip begins at the key frame before the moment that is wanted."""
    assert wanted - KEY_S - 0.2 <= clip.started <= wanted + 0.1


async def test_motion_of_an_absence_is_recorded_with_what_was_before_and_after(site: Site) -> None:
    await asyncio.sleep(PATIENCE)

    began, ended = await site.moves_for(0.6)
    (clip,) = await site.complete()

    assert clip.origin is RecordingOrigin.SPOOL
    begins_at(clip, began - PRE_ROLL)
    assert clip.until == pytest.approx(ended + POST_ROLL, abs=0.1)
    assert clip.duration_s == pytest.approx(clip.until - clip.started, abs=0.2)


async def test_what_moved_right_after_the_start_is_recorded(site: Site) -> None:
    left = site.leaves()

    began, _ = await site.moves_for(0.05)
    (clip,) = await site.complete()

    assert began - left < PATIENCE
    begins_at(clip, began - PRE_ROLL)


async def test_nothing_is_recorded_while_somebody_listens(site: Site) -> None:
    site.listens()

    await site.moves_for(0.5)
    await asyncio.sleep(POST_ROLL)

    assert site.clips == []


async def test_who_is_back_at_once_has_missed_nothing(site: Site) -> None:
    site.listens()
    site.move()
    site.leaves()
    await asyncio.sleep(PATIENCE / 2)
    site.listens()

    await asyncio.sleep(PATIENCE + POST_ROLL)

    assert site.clips == []


async def test_motion_that_goes_on_when_the_listener_leaves_is_recorded_from_then(
    site: Site,
) -> None:
    site.listens()
    site.move()
    await asyncio.sleep(1.2)

    left = site.leaves()
    await eventually(lambda: site.clips)
    site.move(False)

    (clip,) = await site.complete()
    begins_at(clip, left - PRE_ROLL)


async def test_motion_that_was_over_before_the_listener_left_is_not_recorded(site: Site) -> None:
    site.listens()
    await site.moves_for(0.1)
    await asyncio.sleep(0.1)
    site.leaves()

    await asyncio.sleep(PATIENCE + POST_ROLL)

    assert site.clips == []


async def test_a_clip_ends_soon_after_somebody_listens_again(site: Site) -> None:
    await asyncio.sleep(PATIENCE)
    site.move()
    await eventually(lambda: site.clips)

    site.listens()
    back = time.time()
    (clip,) = await site.complete()

    assert clip.until == pytest.approx(back + POST_ROLL, abs=0.15)


async def test_what_was_asked_for_goes_on_when_the_listener_leaves(site: Site) -> None:
    site.listens()
    until = time.time() + 2.5
    asked = await site.recorder.start("front", time.time() - 1, until)
    site.leaves()
    await site.moves_for(PATIENCE + 0.3)

    clips = await site.complete(2)

    assert {one.origin for one in clips} == {"asked", "spool"}
    (done,) = [one for one in clips if one.id == asked.id]
    assert done.until == until


async def test_what_goes_on_for_long_gets_clips_without_a_gap(site: Site) -> None:
    await asyncio.sleep(PATIENCE)

    await site.moves_for(LONGEST)
    clips = await site.complete(2)

    assert len(clips) > 1
    for one, next_one in pairwise(clips):
        assert one.until - one.started <= LONGEST + 0.1
        assert one.until - KEY_S - 0.1 <= next_one.started <= one.until + 0.1
        assert site.numbers(next_one)[0] <= site.numbers(one)[-1] + 1


async def test_one_clip_at_a_time_is_recorded_of_a_camera(site: Site) -> None:
    await asyncio.sleep(PATIENCE)
    for _ in range(4):
        await site.moves_for(0.1)
        await asyncio.sleep(POST_ROLL / 4)

    (clip,) = await site.complete()

    assert clip.until - clip.started > 0.6


async def test_motion_after_a_rest_has_a_clip_of_its_own_and_no_frame_twice(site: Site) -> None:
    await asyncio.sleep(PATIENCE)
    await site.moves_for(0.1)
    (first,) = await site.complete()
    await asyncio.sleep(0.2)

    await site.moves_for(0.1)
    first, second = await site.complete(2)

    assert second.started >= first.until - KEY_S - 0.1


async def test_a_clock_that_is_set_forward_ends_a_clip_and_begins_another(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    await asyncio.sleep(PATIENCE)
    site.move()
    await eventually(lambda: site.clips)
    assert site.filming
    site.filming.cancel()
    right, step = time.time, 86400.0
    monkeypatch.setattr(time, "time", lambda: right() + step)
    after = [
        replace(packet, captured_us=round((right() + step) * 1e6) + number * INTERVAL_US)
        for number, packet in enumerate(packets(30, 0))
    ]
    for packet in after:
        site.ring.append(packet)
        site.recorder.packet("front", packet)

    await eventually(lambda: len(site.clips) == 2)
    site.move(False)

    first, second = await site.complete(2)
    assert first.duration_s is not None
    assert first.duration_s < 5
    assert second.started > first.until + step - 100


async def test_clips_from_before_the_clock_was_set_get_their_true_time(
    site: Site, tmp_path: Path
) -> None:
    await asyncio.sleep(PATIENCE)
    await site.moves_for(0.1)
    (first,) = await site.complete()
    site.move()
    await eventually(lambda: len(site.clips) == 2)

    site.booted += 86400
    await eventually(lambda: first not in site.clips)
    site.booted += 3600  # in two steps, and while one runs
    site.move(False)
    await asyncio.sleep(0.1)
    site.is_set = True
    await site.complete(2)
    await eventually(lambda: all(one.started > time.time() + 80_000 for one in site.clips))
    site.booted += 60  # by somebody who may be wrong
    await asyncio.sleep(0.1)

    clips = {one.id: one for one in site.clips}
    assert clips[first.id].started == pytest.approx(first.started + 90_000, abs=0.001)
    assert all(0 < one.until - one.started < 5 for one in site.clips)
    assert clips[first.id].sha256 == first.sha256
    assert sorted(Site(tmp_path).clips, key=str) == sorted(site.clips, key=str)


async def test_a_clip_that_was_fetched_meanwhile_needs_no_other_time(site: Site) -> None:
    await asyncio.sleep(PATIENCE)
    await site.moves_for(0.1)
    (clip,) = await site.complete()
    await site.recorder.delete("front", clip.id)

    site.booted += 86400
    await asyncio.sleep(LOOKED * 5)

    assert site.clips == []
    assert site.spool._misdated == {}


async def test_a_clip_that_there_is_no_room_for_is_counted_once_as_lost(
    site: Site, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    await asyncio.sleep(PATIENCE)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=0))

    await site.moves_for(0.3)
    await eventually(lambda: site.ledger.lost)
    await asyncio.sleep(POST_ROLL + 0.2)
    await site.moves_for(0.1)
    await eventually(lambda: site.ledger.lost == 2)

    await asyncio.sleep(POST_ROLL)
    assert site.spool.spooled() == Spooled(clips=0, bytes=0, lost=2, readings=0)
    assert "cannot be recorded; is there room on the disk?" in caplog.text


async def test_a_disk_that_has_room_again_records_what_still_moves(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    await asyncio.sleep(PATIENCE)
    with monkeypatch.context() as full:
        full.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=0))
        site.move()
        await eventually(lambda: site.ledger.lost)

    await eventually(lambda: site.clips)
    site.move(False)
    await site.complete()

    assert site.ledger.lost == 1


async def test_what_waits_is_told(site: Site) -> None:
    await asyncio.sleep(PATIENCE)
    asked = await site.recorder.start("front", time.time() - 1, time.time())
    await site.moves_for(0.1)
    clips = await site.complete(2)

    (clip,) = [one for one in clips if one.id != asked.id]
    assert site.spool.spooled() == Spooled(clips=1, bytes=clip.bytes or 0, lost=0, readings=0)


async def test_clips_of_an_absence_are_still_there_after_a_restart(
    site: Site, tmp_path: Path
) -> None:
    await asyncio.sleep(PATIENCE)
    await site.moves_for(0.1)
    (clip,) = await site.complete()

    assert Site(tmp_path).clips == [clip]


async def test_one_that_a_power_cut_ended_waits_too(tmp_path: Path) -> None:
    recording = Recording(
        id="0" * 16, camera="front", started=1.0, until=9.0, origin=RecordingOrigin.SPOOL
    )
    shelf = Shelf(tmp_path / "recordings")
    shelf.save(recording)
    from camera_agent.mux import Mp4File

    file = Mp4File(shelf.path(recording))
    file.write(packets(60, 1.0))
    file.close()

    assert Site(tmp_path).spool.spooled().clips == 1


@pytest.mark.parametrize(
    ("name", "content"),
    [("a.json", b'{"origin": "moon"}'), ("a.json", b"\xff"), ("a.mp4", b"x"), ("note.txt", b"me")],
)
async def test_what_somebody_else_put_there_ends_nothing(
    tmp_path: Path, name: str, content: bytes
) -> None:
    for folder in ("recordings/front", "recordings/attic", "spool"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / name).write_bytes(content)

    site = Site(tmp_path)

    assert site.clips == []
    assert site.spool.spooled() == Spooled(clips=0, bytes=0, lost=0, readings=0)
    assert (tmp_path / "spool" / name).read_bytes() == content


async def test_the_machine_is_read_once_a_minute_while_nobody_listens(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "NOTED", 0.3)
    await site.spool.note({"at": 1.0})  # too early: somebody may be back at once
    await asyncio.sleep(PATIENCE)
    for at in (2.0, 3.0, 4.0):
        await site.spool.note({"at": at})
    await asyncio.sleep(0.3)
    await site.spool.note({"at": 5.0})
    site.listens()
    await asyncio.sleep(0.3)
    await site.spool.note({"at": 6.0})

    assert await site.spool.readings() == [{"at": 2.0}, {"at": 5.0}]
    assert site.spool.spooled().readings == 2
    await site.spool.forget(2.0)
    assert await site.spool.readings() == [{"at": 5.0}]
