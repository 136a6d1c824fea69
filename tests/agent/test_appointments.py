"""Appointments that the agent keeps by itself."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import suppress
from datetime import timedelta
from itertools import pairwise
import json
import logging
from pathlib import Path
import shutil
import time
from types import SimpleNamespace
from typing import Any

import av
import pytest

from camera_agent import appointments as module, plan as plans, running as one_recording
from camera_agent.allowance import Allowance
from camera_agent.appointments import MOST_RUNNING, Appointments, Booked, Underway
from camera_agent.config import BookingsConfig, SpoolConfig
from camera_agent.errors import Refused
from camera_agent.ledger import Ledger
from camera_agent.plan import Plan, Planned
from camera_agent.progress import Progress
from camera_agent.recorder import Recorder
from camera_agent.ring import Ring
from camera_agent.shelf import Recording, Shelf
from camera_agent.wire import ErrorCode, RecordingOrigin, RecordingStatus
from tests.waiting import eventually

from .media import packets

pytestmark = pytest.mark.long

PRE_ROLL = 3.0  # seconds of film that are in the rings when a test begins
KEY_S = 1.0  # media.packets has a key frame each 15 frames, at 15 a second
FRAME_S = 1 / 15
SEGMENT = 0.6


class Site:
    """Two cameras with their rings, and appointments that are kept in a folder."""

    def __init__(self, folder: Path, **bounds: int) -> None:
        self.path = folder / "bookings.json"
        self.rings = {name: Ring(timedelta(seconds=15)) for name in ("front", "back")}
        self.told: list[Recording] = []
        self.recorder = Recorder(
            folder / "recordings",
            self.rings,
            self.told.append,
            Allowance(spool=SpoolConfig(), bookings=BookingsConfig(**bounds)),
            Ledger(folder / "spool"),
        )
        self.appointments = Appointments(self.path, self.recorder, self.rings)
        self.captured: dict[str, list[float]] = {"front": [], "back": []}
        self._work: list[asyncio.Task[None]] = []
        self._films: dict[str, asyncio.Task[None]] = {}

    def begin(self, *cameras: str) -> None:
        """Start the agent, with cameras that have been filming for a while."""
        self.does(self.recorder.run())
        self.does(self.appointments.run())
        for camera in cameras:
            self.films(camera, PRE_ROLL)

    def does(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        self._work.append(asyncio.create_task(work))
        return self._work[-1]

    def films(self, camera: str, before: float = 0.0) -> None:
        """Let a camera begin, anew if it did before; some of its film is in the past."""
        self.unplug(camera)
        self._films[camera] = self.does(self._film(camera, before))

    def unplug(self, camera: str) -> None:
        if film := self._films.pop(camera, None):
            film.cancel()

    async def end(self) -> None:
        await self.recorder.close()
        for story in self._work:
            story.cancel()
        for story in self._work:
            with suppress(asyncio.CancelledError):
                await story

    async def _film(self, camera: str, before: float) -> None:
        """Give frames as a camera does, and each when the wall clock says so."""
        for packet in packets(400, time.time() - before):
            await asyncio.sleep(max(0.0, packet.captured_us / 1e6 - time.time()))
            self.captured[camera].append(packet.captured_us / 1e6)
            self.rings[camera].append(packet)
            self.recorder.packet(camera, packet)

    async def keeps(self, *planned: Planned, segment: float = SEGMENT) -> None:
        await self.appointments.accept(Plan(segment_s=segment, bookings=planned))

    def parts(self, name: str = "lesson", camera: str = "front") -> list[Recording]:
        return [one for one in self.recorder.recordings(camera) if one.booking == name]

    async def complete(self, name: str = "lesson", camera: str = "front") -> list[Recording]:
        """Wait until an appointment is over, and all that was recorded of it is finished."""
        (until,) = {
            one.until
            for one in self.appointments.underway()
            if (one.id, one.camera) == (name, camera)
        }

        def is_over() -> bool:
            over = [one.status is RecordingStatus.COMPLETE for one in self.parts(name, camera)]
            return time.time() > until + 0.1 and bool(over) and all(over)

        await eventually(is_over)
        return self.parts(name, camera)

    def running(self, name: str = "lesson", camera: str = "front") -> str | None:
        return self.underway(name, camera).recording

    def error(self, name: str = "lesson", camera: str = "front") -> ErrorCode | None:
        return self.underway(name, camera).error

    def underway(self, name: str = "lesson", camera: str = "front") -> Underway:
        found = self.appointments.underway()
        return next(one for one in found if (one.id, one.camera) == (name, camera))

    def moments(self, part: Recording) -> list[float]:
        """When the pictures of a part were captured."""
        path = self.recorder.file(part.camera, part.id)
        with av.open(str(path)) as container:
            stream = container.streams.video[0]
            found = [one.pts for one in container.demux(stream) if one.pts is not None]
            assert stream.time_base
            return [part.started + float(pts * stream.time_base) for pts in found]

    def covers(self, parts: list[Recording], since: float, until: float) -> None:
        """Every picture of a time is there, and at most a group of pictures around it."""
        shown = [self.moments(part) for part in parts]
        every = sorted(moment for moments in shown for moment in moments)
        wanted = [one for one in self.captured[parts[0].camera] if since <= one < until]
        missing = [one for one in wanted if not any(abs(one - there) < 0.001 for there in every)]
        assert wanted
        assert missing == []
        assert since - KEY_S - FRAME_S < every[0] <= since + FRAME_S
        assert until - 2 * FRAME_S < every[-1] < until
        for before, after in pairwise(shown):
            assert -FRAME_S < before[-1] - after[0] < KEY_S + FRAME_S


def appointment(since: float, until: float, name: str = "lesson", camera: str = "front") -> Planned:
    """What is to be recorded; times are seconds from now."""
    now = time.time()
    return Planned(id=name, camera=camera, since=now + since, until=now + until)


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plans, "SHORTEST", 0.5)
    monkeypatch.setattr(module, "LOOKED", 0.2)
    monkeypatch.setattr(one_recording, "LATE", 0.2)


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    site = Site(tmp_path)
    site.begin("front")
    await eventually(lambda: len(site.rings["front"].since(0)) > 40)
    yield site
    await site.end()


@pytest.fixture
async def dark(tmp_path: Path) -> AsyncIterator[Site]:
    """A site whose cameras give nothing yet."""
    site = Site(tmp_path)
    site.begin()
    yield site
    await site.end()


# At its time


async def test_an_appointment_is_recorded_from_its_moment_to_its_end(site: Site) -> None:
    lesson = appointment(0.2, 0.9)
    await site.keeps(lesson, segment=10.0)
    assert site.underway().recording is None

    await eventually(site.running)
    (part,) = await site.complete()

    assert (part.origin, part.booking) == (RecordingOrigin.BOOKED, "lesson")
    assert (part.until, part.error) == (lesson.until, None)
    site.covers([part], lesson.since, lesson.until)
    assert site.appointments.booked().planned == 0


async def test_parts_follow_each_other_without_a_gap(site: Site) -> None:
    lesson = appointment(0.1, 2.1)
    await site.keeps(lesson)

    parts = await site.complete()

    assert [one.until for one in parts] == [
        pytest.approx(min(lesson.since + SEGMENT * n, lesson.until)) for n in (1, 2, 3, 4)
    ]
    site.covers(parts, lesson.since, lesson.until)


async def test_who_wakes_up_late_has_lost_nothing(site: Site) -> None:
    running, over = appointment(-2.0, 0.2), appointment(-2.2, -1.0, "match")
    await site.keeps(running, over, segment=10.0)

    site.covers(await site.complete(), running.since, running.until)
    site.covers(await site.complete("match"), over.since, over.until)


async def test_two_cameras_begin_together(site: Site) -> None:
    site.films("back", PRE_ROLL)
    left, right = appointment(0.1, 0.6), appointment(0.1, 0.6, camera="back")
    await site.keeps(left, right)

    for planned in (left, right):
        parts = await site.complete(camera=planned.camera)
        site.covers(parts, planned.since, planned.until)


async def test_appointments_of_one_camera_may_overlap(site: Site) -> None:
    lesson, match = appointment(0.1, 0.6), appointment(0.3, 0.9, "match")
    await site.keeps(lesson, match)

    site.covers(await site.complete("lesson"), lesson.since, lesson.until)
    site.covers(await site.complete("match"), match.since, match.until)


# When the plan changes


async def test_what_is_gone_from_the_plan_ends(site: Site) -> None:
    await site.keeps(appointment(0.0, 60.0), segment=10.0)
    await eventually(site.running)

    await site.keeps()

    assert site.appointments.underway() == []
    await eventually(lambda: site.parts()[0].status is RecordingStatus.COMPLETE)
    (part,) = site.parts()
    assert part.until == pytest.approx(time.time(), abs=1)
    assert part.error is None


async def test_what_has_just_ended_may_be_gone_from_the_plan(site: Site) -> None:
    await site.keeps(appointment(0.0, 60.0), segment=10.0)
    part = await eventually(site.running)
    site.recorder.extend("front", part, 0.0)

    await site.keeps()

    await eventually(lambda: site.parts()[0].status is RecordingStatus.COMPLETE)
    assert len(site.parts()) == 1


async def test_an_appointment_may_become_shorter_and_longer_while_it_runs(site: Site) -> None:
    lesson = appointment(0.0, 60.0)
    await site.keeps(lesson, segment=10.0)
    await eventually(site.running)

    shorter = Planned(id="lesson", camera="front", since=lesson.since, until=lesson.since + 0.6)
    await site.keeps(shorter, segment=10.0)
    await eventually(lambda: site.parts()[0].until == pytest.approx(shorter.until, abs=0.01))
    longer = Planned(id="lesson", camera="front", since=lesson.since, until=lesson.since + 1.0)
    await site.keeps(longer, segment=10.0)

    (part,) = await site.complete()
    site.covers([part], lesson.since, longer.until)


async def test_an_appointment_that_becomes_longer_when_it_is_over_goes_on(site: Site) -> None:
    lesson = appointment(-0.5, 0.1)
    await site.keeps(lesson)
    await site.complete()

    longer = Planned(id="lesson", camera="front", since=lesson.since, until=lesson.until + 0.8)
    await site.keeps(longer)

    parts = await site.complete()
    site.covers(parts, lesson.since, longer.until)


async def test_an_appointment_that_is_shortened_to_what_is_over_ends_at_once(site: Site) -> None:
    lesson = appointment(-1.0, 60.0)
    await site.keeps(lesson, segment=10.0)
    await eventually(site.running)

    await site.keeps(Planned(id="lesson", camera="front", since=lesson.since, until=time.time()))

    (part,) = await site.complete()
    assert not site.running()
    assert site.moments(part)[-1] < time.time()


async def test_an_appointment_that_is_put_off_begins_anew_at_its_time(site: Site) -> None:
    await site.keeps(appointment(0.0, 60.0), segment=10.0)
    await eventually(site.running)

    later = appointment(0.4, 0.9)
    await site.keeps(later, segment=10.0)
    await eventually(lambda: not site.running())

    first, second = await site.complete()
    assert site.moments(first)[-1] < later.since
    site.covers([second], later.since, later.until)


async def test_the_same_plan_again_changes_nothing(site: Site) -> None:
    lesson = appointment(0.0, 0.6)
    await site.keeps(lesson, segment=10.0)
    running = await eventually(site.running)

    await site.keeps(lesson, segment=10.0)

    assert site.running() == running
    (part,) = await site.complete()
    site.covers([part], lesson.since, lesson.until)


async def test_an_appointment_that_is_gone_and_back_is_recorded_once(site: Site) -> None:
    lesson = appointment(-1.5, 0.5)
    await site.keeps(lesson, segment=10.0)
    await eventually(site.running)
    await site.keeps()

    await site.keeps(lesson, segment=10.0)

    parts = await site.complete()
    assert len(parts) == 2
    site.covers(parts, lesson.since, lesson.until)


async def test_a_part_that_somebody_deletes_does_not_end_the_appointment(site: Site) -> None:
    await site.keeps(appointment(-1.0, 0.9), segment=10.0)
    first = await eventually(site.running)

    await site.recorder.delete("front", first)

    (part,) = await site.complete()
    assert part.id != first


# When something is missing


async def test_a_camera_that_is_away_is_recorded_when_it_is_back(dark: Site) -> None:
    lesson = appointment(0.0, 1.3)
    await dark.keeps(lesson, appointment(0.0, 0.5, camera="back"), segment=10.0)
    await eventually(lambda: dark.error() is ErrorCode.CAMERA_OFFLINE)
    assert dark.appointments.booked().error is ErrorCode.CAMERA_OFFLINE

    dark.films("front")
    back = time.time()
    await eventually(dark.running)
    (part,) = await dark.complete()

    assert dark.error() is None
    dark.covers([part], back, lesson.until)
    assert dark.error(camera="back") is ErrorCode.CAMERA_OFFLINE
    assert dark.parts(camera="back") == []


async def test_a_camera_that_goes_away_is_recorded_again_when_it_is_back(
    dark: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("camera_agent.appointments.SILENT", 0.3)
    lesson = appointment(0.1, 2.5)
    dark.films("front", PRE_ROLL)
    await dark.keeps(lesson)
    await eventually(dark.running)

    dark.unplug("front")
    await eventually(lambda: dark.error() is ErrorCode.CAMERA_OFFLINE)
    gone = dark.captured["front"][-1]
    dark.films("front")
    back = await eventually(lambda: max(dark.captured["front"]) > gone and time.time())

    parts = await dark.complete()
    moments = [moment for part in parts for moment in dark.moments(part)]
    assert [one for one in moments if gone + 0.001 < one < back - 0.2] == []
    wanted = [one for one in dark.captured["front"] if lesson.since <= one < lesson.until]
    assert [one for one in wanted if not any(abs(one - there) < 0.001 for there in moments)] == []


async def test_a_full_disk_ends_what_runs_and_is_told_and_room_makes_it_go_on(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = SimpleNamespace(free=1_200_000_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: disk)
    lesson = appointment(0.0, 6.0)
    await site.keeps(lesson, segment=10.0)
    await eventually(site.running)

    disk.free = 999_000_000
    await eventually(lambda: site.error() is ErrorCode.NO_SPACE)
    (part,) = site.parts()
    assert part.error == "There is no more room for it; the recording ends early."
    assert site.appointments.booked().error is ErrorCode.NO_SPACE
    assert (await site.recorder.start("front", time.time(), time.time() + 0.1)).booking is None

    disk.free = 1_200_000_000
    await eventually(site.running)
    shorter = Planned(id="lesson", camera="front", since=lesson.since, until=time.time() + 0.3)
    await site.keeps(shorter, segment=10.0)

    assert site.error() is None
    site.covers(await site.complete(), lesson.since, shorter.until)


async def test_what_is_booked_has_a_quota_of_its_own(tmp_path: Path) -> None:
    waiting = Recording(
        id="a",
        camera="front",
        status=RecordingStatus.COMPLETE,
        started=time.time() - 300,
        until=time.time() - 10,
        bytes=450_000_000,
        origin=RecordingOrigin.BOOKED,
        booking="match",
    )
    Shelf(tmp_path / "recordings").save(waiting)
    site = Site(tmp_path, quota_mb=500)
    site.begin("front")
    await site.keeps(appointment(0.0, 60.0))

    await eventually(lambda: site.error() is ErrorCode.NO_SPACE)
    assert site.parts("match") == [waiting]
    assert site.appointments.booked() == Booked(
        planned=1, running=0, waiting=1, bytes=450_000_000, error=ErrorCode.NO_SPACE
    )
    await site.recorder.delete("front", "a")
    await eventually(site.running)
    await site.end()


async def test_a_disk_that_fails_at_once_is_told(site: Site, tmp_path: Path) -> None:
    (tmp_path / "recordings" / "front").write_text("in the way")
    await site.keeps(appointment(0.0, 60.0))

    await eventually(lambda: site.error() is ErrorCode.INTERNAL)

    (part,) = site.parts()
    assert part.status is RecordingStatus.FAILED


def test_a_disk_that_fails_again_and_again_is_tried_less_and_less(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = 0.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    progress = Progress(Planned(id="a", camera="front", since=1000.0, until=9000.0), 0.0)
    failed = Recording(
        id="a",
        camera="front",
        status=RecordingStatus.FAILED,
        started=1000.0,
        until=1300.0,
        error="The file could not be written.",
    )
    pauses = []

    for _ in range(8):
        progress.over(failed, 1000.0)
        began = now
        while not progress.is_due(1000.0):
            now += 1.0
        pauses.append(now - began)

    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60]
    assert progress.reached == 1000.0


async def test_bookings_do_not_starve_what_is_asked_for(site: Site) -> None:
    await site.keeps(
        *(appointment(0.0, 60.0, f"lesson {n}") for n in range(MOST_RUNNING + 1)), segment=10.0
    )
    last = f"lesson {MOST_RUNNING}"
    await eventually(lambda: site.error(last) is ErrorCode.TOO_MANY)

    asked = await site.recorder.start("front", time.time(), time.time() + 60)

    assert asked.origin is RecordingOrigin.ASKED
    assert site.appointments.booked().running == MOST_RUNNING


# The clock


async def test_a_clock_that_is_set_to_its_time_begins_an_appointment(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = time.time
    await site.keeps(appointment(3600.0, 3660.0), segment=10.0)
    assert not site.running()

    monkeypatch.setattr(time, "time", lambda: real() + 3610.0)
    site.films("front")

    await eventually(site.running)


async def test_a_clock_that_is_set_back_begins_another_part(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = time.time
    await site.keeps(appointment(-60.0, 60.0), segment=10.0)
    first = await eventually(site.running)

    monkeypatch.setattr(time, "time", lambda: real() - 30.0)
    site.films("front")
    await eventually(lambda: site.running() not in (None, first))

    begun = next(one for one in site.parts() if one.id == site.running())
    assert begun.started == pytest.approx(time.time(), abs=5)


# What is kept


async def test_the_plan_outlives_a_restart(tmp_path: Path) -> None:
    lesson = appointment(3600.0, 7200.0)
    await Site(tmp_path).keeps(lesson, segment=60.0)

    again = Site(tmp_path)

    assert again.path.stat().st_mode & 0o777 == 0o600
    assert again.appointments.segment == 60.0
    assert again.underway().since == lesson.since


async def test_a_plan_for_a_camera_that_is_gone_keeps_no_other_from_being_recorded(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    site = Site(tmp_path)
    lesson = appointment(3600.0, 7200.0)

    await site.keeps(appointment(0.0, 60.0, camera="roof"), lesson)

    assert site.underway().since == lesson.since
    assert "There is no camera roof any more" in caplog.text


async def test_a_camera_that_was_taken_out_takes_only_its_own_appointments_along(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    plan = Plan(bookings=(appointment(9.0, 10.0), appointment(9.0, 10.0, camera="roof")))
    plans.keep(tmp_path / "bookings.json", plan)

    site = Site(tmp_path)

    assert [one.camera for one in site.appointments.underway()] == ["front"]
    assert "There is no camera roof any more" in caplog.text


async def test_a_disk_that_refuses_the_plan_leaves_the_one_before(tmp_path: Path) -> None:
    site = Site(tmp_path)
    lesson = appointment(3600.0, 7200.0)
    await site.keeps(lesson)
    site.path.with_suffix(".draft").mkdir()

    with pytest.raises(OSError, match="draft"):
        await site.keeps()

    assert site.underway().since == lesson.since
    assert Site(tmp_path).underway().since == lesson.since


@pytest.mark.parametrize("damaged", [b"", b"[]", b"\xff\0", b'{"segment_s": 60}'])
def test_a_damaged_plan_does_not_keep_the_agent_from_starting(
    tmp_path: Path, damaged: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "bookings.json").write_bytes(damaged)

    with caplog.at_level(logging.ERROR):
        assert plans.load(tmp_path / "bookings.json") == Plan()

    assert "cannot be used" in caplog.text


HOUR: dict[str, Any] = {"id": "a", "camera": "front", "since": 1000.0, "until": 4600.0}


def said(**changes: Any) -> dict[str, Any]:
    return {"segment_s": 300, "bookings": [HOUR | changes]}


def test_a_plan_is_read_as_it_is_written(tmp_path: Path) -> None:
    plan = plans.parse(said(id="é" * 512, until=1000 + 86400))
    plans.keep(tmp_path / "plan", plan)

    assert plan.bookings[0].until == 87400.0
    assert plans.load(tmp_path / "plan") == plan
    assert plans.parse({"segment_s": 300, "bookings": [HOUR | {"id": str(n)} for n in range(1000)]})


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({}, "segment_s must be from 0.5 to 300"),
        ({"segment_s": 300.1, "bookings": []}, "segment_s must be"),
        ({"segment_s": 0.4, "bookings": []}, "segment_s must be"),
        ({"segment_s": True, "bookings": []}, "segment_s must be"),
        ({"segment_s": 300}, "bookings must be a list of at most 1000"),
        ({"segment_s": 300, "bookings": [HOUR] * 1001}, "bookings must be a list of at most 1000"),
        ({"segment_s": 300, "bookings": [3]}, r"bookings\[0\] must be an object"),
        ({"segment_s": 300, "bookings": [HOUR, HOUR]}, "'a' is there 2 times for camera 'front'"),
        (said(id=""), r"bookings\[0\].id must be a text"),
        (said(id="a" * 513), r"bookings\[0\].id must be a text"),
        (said(camera=None), r"bookings\[0\].camera must be a text"),
        (said(since="now"), r"bookings\[0\] must have since and until"),
        (said(until=json.loads("NaN")), r"bookings\[0\] must have since and until"),
        (said(until=1e12), r"bookings\[0\] must have since and until"),
        (said(until=1000.0), r"bookings\[0\].until must be later than since"),
        (said(until=1000 + 86401), r"bookings\[0\].until must be later than since"),
    ],
)
def test_a_wrong_plan_is_refused_with_what_is_wrong(wrong: dict[str, Any], told: str) -> None:
    with pytest.raises(Refused, match=told) as no:
        plans.parse(wrong)

    assert no.value.code is ErrorCode.BAD_REQUEST
