"""Recordings out of the ring."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractContextManager, suppress
from dataclasses import replace
from datetime import timedelta
import errno
import hashlib
import json
from pathlib import Path
import resource
import shutil
import signal
import subprocess
import sys
import threading
import time
from types import SimpleNamespace
from typing import Any

import pytest

from camera_agent import recorder as module, running as one_recording, shelf
from camera_agent.allowance import Allowance
from camera_agent.config import BookingsConfig, SpoolConfig
from camera_agent.errors import Refused
from camera_agent.ledger import Ledger
from camera_agent.models import Packet
from camera_agent.recorder import Recorder
from camera_agent.ring import Ring
from camera_agent.shelf import Recording
from camera_agent.wire import ErrorCode, RecordingOrigin, RecordingStatus
from tests.waiting import eventually, within

from .media import FPS, brightness, packets

ROOT = Path(__file__).parents[2]
SECONDS = 1 / FPS


def allowed(**spool: Any) -> Allowance:
    return Allowance(spool=SpoolConfig(**spool), bookings=BookingsConfig())


class Agent:
    """A recorder with its rings, fed like two cameras would."""

    def __init__(self, folder: Path, allowance: Allowance | None = None) -> None:
        self.rings = {name: Ring(timedelta(seconds=15)) for name in ("front", "back")}
        self.told: list[Recording] = []
        self.ledger = Ledger(folder.with_name(f"{folder.name}-spool"))
        self.recorder = Recorder(
            folder, self.rings, self.told.append, allowance or allowed(), self.ledger
        )

    def feed(self, packets: list[Packet], camera: str = "front") -> None:
        for packet in packets:
            self.rings[camera].append(packet)
            self.recorder.packet(camera, packet)

    async def over(self, recording: Recording) -> Recording:
        """Wait for the end of a recording; return what became of it."""
        await eventually(lambda: self.now(recording).status is not RecordingStatus.RECORDING)
        return self.now(recording)

    def now(self, recording: Recording) -> Recording:
        return next(one for one in self.recorder.recordings() if one.id == recording.id)

    def shows(self, recording: Recording) -> list[int]:
        """The numbers of the frames in the file."""
        path = self.recorder.file(recording.camera, recording.id)
        return [number for _, number in brightness(path)]


@pytest.fixture
async def agent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Agent]:
    monkeypatch.setattr(one_recording, "LATE", 0.1)
    agent = Agent(tmp_path / "recordings")
    running = asyncio.create_task(agent.recorder.run())
    await asyncio.sleep(0)
    yield agent
    await agent.recorder.close()
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running


@pytest.fixture
def second_ago() -> list[Packet]:
    """A camera's frames whose number 60 is of now, the second key frame 3 s ago."""
    now = time.time()
    return packets(300, now - 60 * SECONDS)


def refused(code: ErrorCode) -> AbstractContextManager[object]:
    return pytest.raises(Refused, check=lambda error: error.code is code)


# The past


async def test_a_recording_begins_in_the_past_at_the_key_frame_before(
    agent: Agent, second_ago: list[Packet]
) -> None:
    agent.feed(second_ago[:60])
    since = second_ago[35].captured_us / 1e6

    recording = await agent.recorder.start("front", since, since + 0.99)
    done = await agent.over(recording)

    assert recording.started == second_ago[30].captured_us / 1e6
    assert agent.shows(done) == list(range(30, 50))


async def test_a_recording_of_more_than_there_is_begins_with_the_oldest_key_frame(
    agent: Agent, second_ago: list[Packet]
) -> None:
    agent.feed(second_ago[5:60])

    recording = await agent.recorder.start("front", time.time() - 3600, time.time() - 1)
    done = await agent.over(recording)

    assert done.started == second_ago[15].captured_us / 1e6
    assert agent.shows(done)[0] == 15


async def test_a_recording_goes_on_until_its_end(agent: Agent, second_ago: list[Packet]) -> None:
    agent.feed(second_ago[:60])
    until = second_ago[100].captured_us / 1e6

    recording = await agent.recorder.start("front", second_ago[45].captured_us / 1e6, until)
    agent.feed(second_ago[60:150])
    done = await agent.over(recording)

    assert recording.status is RecordingStatus.RECORDING
    assert agent.shows(done) == list(range(45, 100))
    assert done.until == until


async def test_a_recording_shows_each_frame_when_it_was_captured(agent: Agent) -> None:
    first = time.time() - 4
    steps = [0.0, 0.05, 0.09, 0.4, 0.401, 1.7, 1.75]
    frames = [
        replace(packet, captured_us=round((first + step) * 1e6))
        for packet, step in zip(packets(7, first), steps, strict=True)
    ]
    agent.feed(frames)

    done = await agent.over(await agent.recorder.start("front", first, first + 3))

    times = [moment for moment, _ in brightness(agent.recorder.file("front", done.id))]
    assert times == pytest.approx(steps, abs=2 / 90000)
    assert done.duration_s == pytest.approx(1.8, abs=0.001)


async def test_recordings_overlap(agent: Agent, second_ago: list[Packet]) -> None:
    agent.feed(second_ago[:60])
    moments = [packet.captured_us / 1e6 for packet in second_ago]

    one = await agent.recorder.start("front", moments[15], moments[90])
    two = await agent.recorder.start("front", moments[45], moments[120])
    agent.feed(second_ago[60:150])

    assert agent.shows(await agent.over(one)) == list(range(15, 90))
    assert agent.shows(await agent.over(two)) == [*range(45, 100), *range(20)]


async def test_two_incidents_in_a_row_have_a_clip_each_with_what_was_before(
    agent: Agent, second_ago: list[Packet]
) -> None:
    moments = [packet.captured_us / 1e6 for packet in second_ago]
    agent.feed(second_ago[:60])
    one = await agent.recorder.start("front", moments[45] - 1.9, moments[45] + 2.01)
    agent.feed(second_ago[60:90])
    two = await agent.recorder.start("front", moments[75] - 1.9, moments[75] + 2.01)
    agent.feed(second_ago[90:150])

    assert agent.shows(await agent.over(one)) == list(range(15, 76))
    assert agent.shows(await agent.over(two)) == [*range(45, 100), *range(6)]


async def test_back_to_back_recordings_have_every_frame(
    agent: Agent, second_ago: list[Packet]
) -> None:
    moments = [packet.captured_us / 1e6 for packet in second_ago]
    agent.feed(second_ago[:60])
    one = await agent.over(await agent.recorder.start("front", moments[10], moments[40]))
    two = await agent.over(await agent.recorder.start("front", one.until, moments[55]))

    assert agent.shows(one) == list(range(40))
    assert agent.shows(two) == list(range(30, 55))


async def test_cameras_do_not_mix(agent: Agent, second_ago: list[Packet]) -> None:
    agent.feed(second_ago[:60], "front")
    agent.feed(second_ago[:30], "back")

    done = await agent.over(await agent.recorder.start("back", 0.0, time.time()))

    assert agent.shows(done) == list(range(30))
    assert agent.recorder.recordings("front") == []
    assert agent.recorder.recordings("back") == [done]


async def test_what_is_finished_is_measured(agent: Agent, second_ago: list[Packet]) -> None:
    agent.feed(second_ago[:60])

    done = await agent.over(await agent.recorder.start("front", 0.0, time.time() + 0.01))

    content = agent.recorder.file("front", done.id).read_bytes()
    assert done.status is RecordingStatus.COMPLETE
    assert done.bytes == len(content)
    assert done.sha256 == hashlib.sha256(content).hexdigest()
    assert done.duration_s == pytest.approx(4.0, abs=0.001)
    assert done.error is None


async def test_every_step_is_told(agent: Agent, second_ago: list[Packet]) -> None:
    recording = await agent.recorder.start("front", time.time(), time.time() + 60)
    agent.feed(second_ago[60:90])
    agent.recorder.extend("front", recording.id, time.time() + 90)
    agent.recorder.extend("front", recording.id, 0)
    done = await agent.over(recording)

    assert [one.status for one in agent.told] == ["recording"] * 4 + ["complete"]
    assert agent.told[0] == recording
    assert agent.told[1].started == second_ago[60].captured_us / 1e6
    assert agent.told[2].until > agent.told[1].until > agent.told[3].until
    assert agent.told[4] == done


# Its end


async def test_a_recording_can_be_extended(agent: Agent, second_ago: list[Packet]) -> None:
    agent.feed(second_ago[:60])
    recording = await agent.recorder.start("front", 0.0, second_ago[70].captured_us / 1e6)

    until = second_ago[95].captured_us / 1e6
    extended = agent.recorder.extend("front", recording.id, until)
    agent.feed(second_ago[60:120])

    assert extended.until == pytest.approx(until, abs=0.001)
    assert agent.shows(await agent.over(recording))[-1] == 94


async def test_a_recording_can_be_ended_at_once(agent: Agent, second_ago: list[Packet]) -> None:
    agent.feed(second_ago[:60])
    recording = await agent.recorder.start("front", 0.0, time.time() + 60)

    ended = agent.recorder.extend("front", recording.id, time.time() - 10)
    agent.feed(second_ago[60:120])

    assert ended.until == pytest.approx(time.time(), abs=1)
    assert agent.shows(await agent.over(recording)) == list(range(60))


@pytest.mark.parametrize("lasts", [-7200, 0, 5, 3600 + 5])
async def test_what_is_ended_by_a_clock_that_was_set_back_does_not_end_before_it_began(
    agent: Agent, second_ago: list[Packet], monkeypatch: pytest.MonkeyPatch, lasts: float
) -> None:
    agent.feed(second_ago[:60])
    recording = await agent.recorder.start("front", 0.0, time.time() + 60)
    back = time.time() - 3600
    monkeypatch.setattr(time, "time", lambda: back)

    ended = agent.recorder.extend("front", recording.id, back + lasts)
    agent.feed(packets(30, back))
    done = await agent.over(recording)

    assert recording.started <= ended.until <= recording.started + 300
    assert done.started <= done.until


async def test_what_is_over_cannot_be_extended(agent: Agent, second_ago: list[Packet]) -> None:
    agent.feed(second_ago[:60])
    recording = await agent.recorder.start("front", 0.0, time.time() + 60)
    agent.recorder.extend("front", recording.id, 0)

    with refused(ErrorCode.RECORDING_OVER):
        agent.recorder.extend("front", recording.id, time.time() + 60)
    await agent.over(recording)
    with refused(ErrorCode.RECORDING_OVER):
        agent.recorder.extend("front", recording.id, time.time() + 60)


async def test_nobody_records_for_ever(agent: Agent, second_ago: list[Packet]) -> None:
    agent.feed(second_ago[:60])
    since = second_ago[30].captured_us / 1e6

    recording = await agent.recorder.start("front", since, since + 86400)
    extended = agent.recorder.extend("front", recording.id, since + 86400)

    assert recording.until == pytest.approx(since + 300, abs=0.001)
    assert extended.until == pytest.approx(time.time() + 300, abs=1)


async def test_the_limit_counts_from_what_is_still_there(
    agent: Agent, second_ago: list[Packet]
) -> None:
    agent.feed(second_ago[:60])

    recording = await agent.recorder.start("front", 0.0, time.time() + 100)

    assert recording.until == pytest.approx(time.time() + 100, abs=1)


async def test_a_silent_camera_does_not_hold_a_recording_open(
    agent: Agent, second_ago: list[Packet]
) -> None:
    agent.feed(second_ago[:60])

    done = await agent.over(await agent.recorder.start("front", 0.0, time.time() + 0.2))

    assert done.status is RecordingStatus.COMPLETE
    assert agent.shows(done) == list(range(60))


async def test_a_recording_goes_on_when_its_camera_is_back(
    agent: Agent, second_ago: list[Packet]
) -> None:
    agent.feed(second_ago[:60])
    recording = await agent.recorder.start("front", 0.0, second_ago[200].captured_us / 1e6)

    agent.feed(second_ago[150:210])

    assert agent.shows(await agent.over(recording)) == [*range(60), *range(50, 100)]


async def test_a_clock_that_is_set_back_ends_a_recording(
    agent: Agent, second_ago: list[Packet]
) -> None:
    agent.feed(second_ago[:60])
    recording = await agent.recorder.start("front", 0.0, time.time() + 60)

    agent.feed(packets(30, time.time() - 3600))
    done = await agent.over(recording)

    assert done.status is RecordingStatus.COMPLETE
    assert done.error == "The clock of this machine was set back; the recording ends there."
    assert agent.shows(done) == list(range(60))


async def test_a_recording_waits_for_the_first_key_frame(
    agent: Agent, second_ago: list[Packet]
) -> None:
    recording = await agent.recorder.start("front", time.time(), second_ago[100].captured_us / 1e6)

    agent.feed(second_ago[61:101])

    done = await agent.over(recording)
    assert done.started == second_ago[75].captured_us / 1e6
    assert agent.shows(done) == list(range(75, 100))


async def test_a_recording_without_a_frame_has_failed(agent: Agent) -> None:
    done = await agent.over(await agent.recorder.start("front", time.time(), time.time() + 0.05))

    assert done.status is RecordingStatus.FAILED
    assert done.error == "The camera gave no picture in that time."
    assert done.sha256 is None
    with refused(ErrorCode.NOT_FOUND):
        agent.recorder.file("front", done.id)


async def test_the_end_of_the_agent_keeps_what_was_recorded(
    tmp_path: Path, second_ago: list[Packet]
) -> None:
    agent = Agent(tmp_path)
    running = asyncio.create_task(agent.recorder.run())
    await asyncio.sleep(0)
    agent.feed(second_ago[:60])
    recording = await agent.recorder.start("front", 0.0, time.time() + 60)

    await agent.recorder.close()
    running.cancel()

    assert agent.now(recording).status is RecordingStatus.COMPLETE
    assert agent.shows(recording) == list(range(60))


# What is refused


@pytest.mark.parametrize(("since", "until"), [(0, -1), (10, 5), (60, 120), (-3600, -1800)])
async def test_an_impossible_time_is_refused(
    agent: Agent, second_ago: list[Packet], since: float, until: float
) -> None:
    agent.feed(second_ago[:60])

    with refused(ErrorCode.BAD_REQUEST):
        await agent.recorder.start("front", time.time() + since, time.time() + until)

    assert agent.recorder.recordings() == []


async def test_the_past_of_a_camera_that_has_none_is_refused(agent: Agent) -> None:
    with refused(ErrorCode.BAD_REQUEST):
        await agent.recorder.start("front", time.time() - 10, time.time() - 5)


async def test_too_many_recordings_at_once_are_refused(
    agent: Agent, second_ago: list[Packet]
) -> None:
    agent.feed(second_ago[:60])
    for _ in range(16):
        await agent.recorder.start("front", 0.0, time.time() + 60)

    with refused(ErrorCode.TOO_MANY):
        await agent.recorder.start("front", 0.0, time.time() + 60)


async def test_a_full_disk_is_refused(
    agent: Agent, second_ago: list[Packet], monkeypatch: pytest.MonkeyPatch
) -> None:
    agent.feed(second_ago[:60])
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=199_000_000))

    with refused(ErrorCode.NO_SPACE):
        await agent.recorder.start("front", 0.0, time.time() + 60)


async def test_an_unknown_recording_is_refused(agent: Agent, second_ago: list[Packet]) -> None:
    agent.feed(second_ago[:60])
    recording = await agent.recorder.start("front", 0.0, time.time() + 60)

    with refused(ErrorCode.NOT_FOUND):
        agent.recorder.file("front", "0123456789abcdef")
    with refused(ErrorCode.NOT_FOUND):
        agent.recorder.extend("back", recording.id, time.time())
    with refused(ErrorCode.NOT_FOUND):
        await agent.recorder.delete("back", recording.id)


async def test_a_running_recording_has_no_file_yet(agent: Agent, second_ago: list[Packet]) -> None:
    agent.feed(second_ago[:60])
    recording = await agent.recorder.start("front", 0.0, time.time() + 60)

    with refused(ErrorCode.RECORDING_RUNNING):
        agent.recorder.file("front", recording.id)


# The disk


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


async def test_a_deleted_recording_leaves_nothing(
    agent: Agent, second_ago: list[Packet], tmp_path: Path
) -> None:
    agent.feed(second_ago[:60])
    done = await agent.over(await agent.recorder.start("front", 0.0, time.time() + 0.01))
    assert len(files(tmp_path)) == 2

    await agent.recorder.delete("front", done.id)

    assert agent.recorder.recordings() == []
    assert files(tmp_path) == []


async def test_a_running_recording_can_be_deleted(
    agent: Agent, second_ago: list[Packet], tmp_path: Path
) -> None:
    agent.feed(second_ago[:60])
    recording = await agent.recorder.start("front", 0.0, time.time() + 60)
    agent.feed(second_ago[60:90])

    await agent.recorder.delete("front", recording.id)
    agent.feed(second_ago[90:120])

    assert agent.recorder.recordings() == []
    assert files(tmp_path) == []
    assert RecordingStatus.COMPLETE not in [one.status for one in agent.told]


async def test_a_slow_disk_never_delays_the_camera(
    agent: Agent, second_ago: list[Packet], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(one_recording, "BACKLOG_BYTES", 25_000)
    disk = threading.Event()
    agent.feed(second_ago[:60])
    recording = await agent.recorder.start("front", 0.0, time.time() + 60)
    agent.recorder._stock._thread.submit(disk.wait)

    with within(0.5):
        agent.feed(second_ago[60:])
    disk.set()
    done = await agent.over(recording)

    assert done.status is RecordingStatus.COMPLETE
    assert done.error == "The disk was too slow; the recording ends early."
    assert agent.shows(done)[:60] == list(range(60))


async def test_what_was_written_before_the_disk_failed_is_kept(
    agent: Agent, second_ago: list[Packet]
) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    agent.feed(second_ago[:60])
    recording = await agent.recorder.start("front", 0.0, time.time() + 60)
    await eventually(lambda: files(agent.recorder._stock._shelf._folder))

    resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, before[1]))
    try:
        agent.feed(second_ago[60:])
        done = await agent.over(recording)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)

    assert done.status is RecordingStatus.COMPLETE
    assert "could not be written: " in (done.error or "")
    assert agent.shows(done)[:45] == list(range(45))


async def test_a_disk_that_fills_up_ends_the_recording_and_keeps_it(
    agent: Agent, second_ago: list[Packet], monkeypatch: pytest.MonkeyPatch
) -> None:
    agent.feed(second_ago[:60])
    recording = await agent.recorder.start("front", 0.0, time.time() + 60)

    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=99_000_000))
    agent.feed(second_ago[60:90])
    done = await agent.over(recording)

    assert done.status is RecordingStatus.COMPLETE
    assert done.error == "There is no more room for it; the recording ends early."
    assert agent.shows(done)[:60] == list(range(60))


async def test_a_recording_whose_note_cannot_be_written_is_there_all_the_same(
    agent: Agent, second_ago: list[Packet], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    agent.feed(second_ago[:60])
    recording = await agent.recorder.start("front", 0.0, time.time() + 60)
    await eventually(lambda: list(tmp_path.rglob("*.json")))
    (tmp_path / "recordings" / "front" / f"{recording.id}.draft").mkdir()

    agent.recorder.extend("front", recording.id, 0.0)
    done = await agent.over(recording)

    assert done.status is RecordingStatus.COMPLETE
    assert agent.shows(done) == list(range(60))
    assert "cannot be written" in caplog.text


async def test_what_a_full_disk_left_is_deleted_with_its_recording(
    agent: Agent, second_ago: list[Packet], tmp_path: Path
) -> None:
    agent.feed(second_ago[:60])
    done = await agent.over(await agent.recorder.start("front", 0.0, time.time() + 0.01))
    (tmp_path / "recordings" / "front" / f"{done.id}.draft").touch()

    await agent.recorder.delete("front", done.id)

    assert files(tmp_path) == []


async def test_a_recording_can_be_deleted_while_it_is_measured(
    agent: Agent, second_ago: list[Packet], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    measured, measuring, go_on = shelf.mend, threading.Event(), threading.Event()

    def slow(path: Path) -> None:
        measuring.set()
        go_on.wait()
        measured(path)

    monkeypatch.setattr(shelf, "mend", slow)
    agent.feed(second_ago[:60])
    recording = await agent.recorder.start("front", 0.0, time.time() + 60)
    agent.recorder.extend("front", recording.id, 0.0)
    await eventually(measuring.is_set)

    deletion = asyncio.create_task(agent.recorder.delete("front", recording.id))
    await asyncio.sleep(0)
    go_on.set()
    await deletion

    assert agent.recorder.recordings() == []
    assert files(tmp_path) == []
    await agent.recorder.start("front", 0.0, time.time() + 60)


async def test_a_disk_that_hangs_does_not_hold_up_the_end(
    agent: Agent, second_ago: list[Packet], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "CLOSING", 0.1)
    disk = threading.Event()
    agent.feed(second_ago[:60])
    await agent.recorder.start("front", 0.0, time.time() + 60)
    agent.recorder._stock._thread.submit(disk.wait)

    running = asyncio.create_task(agent.recorder.close())
    try:
        with within(2):
            await running
            stories = [one.story for one in agent.recorder._running.values() if one.story]
            for story in stories:
                story.cancel()
            await asyncio.wait(stories)
    finally:
        disk.set()

    assert [story.cancelled() for story in stories] == [True]


async def test_a_disk_that_fails_at_once_fails_the_recording_alone(
    agent: Agent, second_ago: list[Packet], tmp_path: Path
) -> None:
    agent.feed(second_ago[:60])
    (tmp_path / "recordings" / "front").write_text("in the way")

    done = await agent.over(await agent.recorder.start("front", 0.0, time.time() + 60))

    assert done.status is RecordingStatus.FAILED
    assert "front" in (done.error or "")


# After a restart


async def test_recordings_are_still_there_after_a_restart(
    agent: Agent, second_ago: list[Packet], tmp_path: Path
) -> None:
    agent.feed(second_ago[:60])
    done = await agent.over(await agent.recorder.start("front", 0.0, time.time() + 0.01))

    again = Agent(tmp_path / "recordings")

    assert again.recorder.recordings() == [done]
    assert again.recorder.file("front", done.id).is_file()


def killed_while_recording(folder: Path, count: int) -> Recording:
    """Let a process record some frames, and kill it without warning; return its recording."""
    recording = Recording(
        id="0c7e5a1f9b3d4e68", camera="front", started=1795000000.0, until=1795000099
    )
    shelf.Shelf(folder).save(recording)
    program = f"""
import os, signal
from pathlib import Path
from camera_agent.mux import Mp4File
from tests.agent.media import packets
file = Mp4File(Path({str(shelf.Shelf(folder).path(recording))!r}))
file.write(packets({count}, 1795000000))
os.kill(os.getpid(), signal.SIGKILL)
"""
    killed = subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=False)
    assert killed.returncode == -signal.SIGKILL
    return recording


def test_what_a_power_cut_left_is_finished(tmp_path: Path) -> None:
    killed_while_recording(tmp_path, 100)

    again = Agent(tmp_path)

    (recording,) = again.recorder.recordings()
    content = again.recorder.file("front", recording.id).read_bytes()
    assert recording.status is RecordingStatus.COMPLETE
    assert recording.error == "The agent stopped before the end."
    assert recording.duration_s == pytest.approx(6.0, abs=0.1)
    assert recording.sha256 == hashlib.sha256(content).hexdigest()
    assert again.shows(recording)[:75] == list(range(75))


def test_what_a_power_cut_left_without_a_picture_has_failed(tmp_path: Path) -> None:
    killed_while_recording(tmp_path, 0)

    (recording,) = Agent(tmp_path).recorder.recordings()

    assert recording.status is RecordingStatus.FAILED
    assert recording.error == "The agent stopped before the end."


def test_a_full_disk_does_not_keep_the_agent_from_starting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed_while_recording(tmp_path, 100)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(shelf.Shelf, "save", full)
        (recording,) = Agent(tmp_path).recorder.recordings()
    assert recording.status is RecordingStatus.COMPLETE

    (recording,) = Agent(tmp_path).recorder.recordings()
    assert recording.status is RecordingStatus.COMPLETE


def test_a_file_that_does_not_play_is_not_kept(tmp_path: Path) -> None:
    recording = killed_while_recording(tmp_path, 0)
    path = shelf.Shelf(tmp_path).path(recording)
    path.write_bytes(bytes(1000))

    (recording,) = Agent(tmp_path).recorder.recordings()

    assert recording.status is RecordingStatus.FAILED
    assert not path.exists()


@pytest.mark.parametrize("note", ["", "[]", "{}", '{"status": "lost"}', "\xff"])
def test_a_note_that_makes_no_sense_is_passed_over(
    tmp_path: Path, note: str, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "front").mkdir()
    (tmp_path / "front" / "0.json").write_text(note, encoding="latin-1")

    assert Agent(tmp_path).recorder.recordings() == []
    assert "is not the note of a recording" in caplog.text


# What is to go


MEGABYTE = 1_000_000
NOW = 1795000000.0
DAYS = 24


def finished(name: str, hours: float, megabytes: int = 1, **more: Any) -> Recording:
    until = NOW - hours * 3600
    recording = Recording(id=name, camera="front", started=until - 10, until=until, **more)
    return replace(recording, status=RecordingStatus.COMPLETE, bytes=megabytes * MEGABYTE)


def spooled(name: str, hours: float, megabytes: int = 1) -> Recording:
    return finished(name, hours, megabytes, origin=RecordingOrigin.SPOOL)


def booked(name: str, hours: float, megabytes: int = 1) -> Recording:
    return finished(name, hours, megabytes, origin=RecordingOrigin.BOOKED, booking="lesson")


def failed(name: str, hours: float) -> Recording:
    return replace(finished(name, hours), status=RecordingStatus.FAILED, bytes=None)


@pytest.mark.parametrize(
    ("recordings", "short", "gone"),
    [
        ([], 100, []),
        ([finished("asked", 7 * DAYS), spooled("spooled", 7 * DAYS)], -500, []),
        ([finished("a", 3, 900), finished("b", 2, 900), finished("c", 1, 900)], -1, ["a"]),
        ([finished("c", 1, 900), spooled("b", 2, 900), spooled("a", 3, 900)], -1, ["a"]),
        ([spooled("a", 3, 1500), spooled("b", 2, 1500), spooled("c", 1, 1500)], -1, ["a", "b"]),
        ([finished("huge", 1, 2001)], -1, ["huge"]),
        ([spooled("a", 3, 50), spooled("b", 2, 50), spooled("c", 1, 50)], 70, ["a", "b"]),
        ([finished("asked", 3, 50), spooled("b", 2, 50), spooled("c", 1, 50)], 10, ["b"]),
        ([finished("asked", 3, 50)], 1000, []),
        ([failed("new", 23), failed("old", 25)], -1, ["old"]),
        ([failed("new", 1), finished("asked", 3, 2100)], 100, ["asked"]),
        ([booked("a", 3, 9000), booked("b", 2, 9000), finished("c", 1, 900)], 1000, []),
        ([booked("old", 14 * DAYS + 1), booked("new", 14 * DAYS - 1)], -1, ["old"]),
    ],
)
def test_the_oldest_goes_when_there_is_too_much(
    recordings: list[Recording], short: int, gone: list[str]
) -> None:
    found = allowed().surplus(recordings, (500 - short) * MEGABYTE, NOW)

    assert [one.id for one in found] == gone


def kept(folder: Path, *recordings: Recording) -> None:
    """Recordings of an earlier run, each with a file."""
    for recording in recordings:
        shelf.Shelf(folder).save(recording)
        shelf.Shelf(folder).path(recording).touch()


async def test_what_is_beyond_the_quota_is_deleted_and_counted_as_lost(tmp_path: Path) -> None:
    folder = tmp_path / "recordings"
    kept(folder, finished("a", 9, 60), spooled("b", 8, 60), spooled("c", 7, 60), failed("d", 25))
    agent = Agent(folder, allowed(quota_mb=100))

    running = asyncio.create_task(agent.recorder.run())
    await eventually(lambda: len(agent.recorder.recordings()) == 1)
    await eventually(lambda: agent.ledger.lost == 2)
    running.cancel()

    assert [one.id for one in agent.recorder.recordings()] == ["c"]
    assert {path.name for path in files(folder)} == {"c.json", "c.mp4"}
    await eventually(lambda: Agent(folder).ledger.lost == 2)


async def test_what_is_finished_beyond_the_quota_makes_the_oldest_go_at_once(
    agent: Agent, second_ago: list[Packet], tmp_path: Path
) -> None:
    agent.recorder._stock._allowance = allowed(quota_mb=0)
    agent.feed(second_ago[:60])

    recording = await agent.recorder.start("front", 0.0, time.time() + 0.01)

    await eventually(lambda: agent.ledger.lost == 1)
    assert agent.recorder.recordings() == []
    assert RecordingStatus.COMPLETE in [one.status for one in agent.told if one.id == recording.id]


async def test_a_recording_that_is_asked_for_takes_the_room_of_a_spooled_one(
    tmp_path: Path, second_ago: list[Packet], monkeypatch: pytest.MonkeyPatch
) -> None:
    kept(tmp_path / "recordings", finished("asked", 9), spooled("spooled", 8))
    agent = Agent(tmp_path / "recordings")
    agent.feed(second_ago[:60])
    removed: list[Recording] = []
    monkeypatch.setattr(
        shutil,
        "disk_usage",
        lambda _: SimpleNamespace(free=150_000_000 + 100_000_000 * len(removed)),
    )
    monkeypatch.setattr(shelf.Shelf, "remove", lambda _, one: removed.append(one))

    running = asyncio.create_task(agent.recorder.run())
    await agent.recorder.start("front", 0.0, time.time() + 60)
    running.cancel()

    assert [one.id for one in removed] == ["spooled"]


async def test_a_spooled_recording_leaves_more_room_than_one_that_is_asked_for(
    agent: Agent, second_ago: list[Packet], monkeypatch: pytest.MonkeyPatch
) -> None:
    agent.feed(second_ago[:60])
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=499_000_000))

    with refused(ErrorCode.NO_SPACE):
        await agent.recorder.start("front", 0.0, time.time() + 60, RecordingOrigin.SPOOL)
    recording = await agent.recorder.start("front", 0.0, time.time() + 60)

    assert recording.origin is RecordingOrigin.ASKED


async def test_a_booked_recording_takes_the_room_of_a_spooled_one(
    tmp_path: Path, second_ago: list[Packet], monkeypatch: pytest.MonkeyPatch
) -> None:
    kept(tmp_path / "recordings", finished("asked", 9), booked("booked", 9), spooled("spooled", 8))
    agent = Agent(tmp_path / "recordings")
    agent.feed(second_ago[:60])
    removed: list[Recording] = []
    monkeypatch.setattr(
        shutil,
        "disk_usage",
        lambda _: SimpleNamespace(free=1_000_000_000 + 100_000_000 * len(removed)),
    )
    monkeypatch.setattr(shelf.Shelf, "remove", lambda _, one: removed.append(one))

    running = asyncio.create_task(agent.recorder.run())
    await agent.recorder.start("front", 0.0, time.time() + 60, RecordingOrigin.BOOKED, "lesson")
    running.cancel()

    assert [one.id for one in removed] == ["spooled"]


async def test_what_was_booked_two_weeks_ago_is_deleted_and_counted_as_lost(tmp_path: Path) -> None:
    folder = tmp_path / "recordings"
    now = time.time()
    old = replace(booked("old", 0), until=now - 15 * 86400)
    kept(folder, old, replace(booked("new", 0), until=now - 13 * 86400))
    agent = Agent(folder)

    running = asyncio.create_task(agent.recorder.run())
    await eventually(lambda: agent.ledger.lost == 1)
    running.cancel()

    assert [one.id for one in agent.recorder.recordings()] == ["new"]


async def test_nothing_is_begun_any_more_when_the_agent_ends(
    agent: Agent, second_ago: list[Packet]
) -> None:
    agent.feed(second_ago[:60])
    await agent.recorder.close()

    with refused(ErrorCode.BUSY):
        await agent.recorder.start("front", 0.0, time.time() + 60)


async def test_a_disk_that_cannot_be_looked_at_ends_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(_: Path) -> None:
        raise OSError(5, "Input/output error")

    kept(tmp_path / "recordings", spooled("a", 9, 5000))
    agent = Agent(tmp_path / "recordings")
    monkeypatch.setattr(module, "TIDIED", 0.01)
    with monkeypatch.context() as patched:
        patched.setattr(shutil, "disk_usage", broken)
        running = asyncio.create_task(agent.recorder.run())
        await eventually(lambda: caplog.text.count("The disk cannot be looked at") > 1)
    await eventually(lambda: not agent.recorder.recordings())
    running.cancel()


async def test_what_cannot_be_deleted_is_told_and_ends_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "TIDIED", 0.01)
    shelf.Shelf(tmp_path).save(finished("a", 1, 5000))
    (tmp_path / "front" / "a.mp4").mkdir()
    agent = Agent(tmp_path)

    running = asyncio.create_task(agent.recorder.run())
    await eventually(lambda: caplog.text.count("Recording a cannot be deleted") > 1)
    (tmp_path / "front" / "a.mp4").rmdir()
    await eventually(lambda: not files(tmp_path))
    running.cancel()

    assert agent.recorder.recordings() == []


def test_the_note_of_a_recording_is_its_message(tmp_path: Path) -> None:
    shelf.Shelf(tmp_path).save(finished("a", 1))

    note = json.loads((tmp_path / "front" / "a.json").read_text())

    example = json.loads((ROOT / "tests/wire/recording.json").read_text())
    assert note.keys() == example["recording"].keys()


def test_the_note_of_an_older_agent_is_of_what_somebody_asked_for(tmp_path: Path) -> None:
    shelf.Shelf(tmp_path).save(spooled("a", 1))
    path = tmp_path / "front" / "a.json"
    note = json.loads(path.read_text())
    assert note.pop("origin") == "spool"
    path.write_text(json.dumps(note))

    (recording,) = Agent(tmp_path).recorder.recordings()

    assert recording.origin is RecordingOrigin.ASKED


# The ring


def ring(*spans: list[Packet]) -> Ring:
    filled = Ring(timedelta(seconds=2))
    for span in spans:
        for packet in span:
            filled.append(packet)
    return filled


def test_a_ring_keeps_its_span_from_a_key_frame_on() -> None:
    kept = ring(packets(100, 1000)).since(0)

    assert kept[0].key
    assert kept == packets(100, 1000)[60:]  # frame 69 is 2 s before the last, 60 its key frame


def test_a_ring_begins_with_a_key_frame() -> None:
    assert ring(packets(40, 1000)[3:]).since(0) == packets(40, 1000)[15:]


@pytest.mark.parametrize(
    ("moment", "first"), [(0, 0), (1001.0, 15), (1001.9, 15), (1002.0, 30), (5000, 30)]
)
def test_a_ring_is_entered_at_the_key_frame_before(moment: float, first: int) -> None:
    frames = packets(40, 1000, interval_us=66_000)
    spans = [replace(one, captured_us=1000_000_000 + n * 66_666) for n, one in enumerate(frames)]

    assert ring(spans).since(round(moment * 1e6)) == spans[first:]


def test_the_newest_of_a_ring_is_since_its_last_key_frame() -> None:
    assert ring(packets(40, 1000)).newest() == packets(40, 1000)[30:]
    assert ring().newest() == []
    assert ring().since(0) == []


def test_a_clock_that_is_set_back_empties_the_ring() -> None:
    assert ring(packets(40, 1000), packets(20, 500)).since(0) == packets(20, 500)


def test_what_was_long_before_a_gap_goes() -> None:
    assert ring(packets(40, 1000), packets(20, 4600)).since(0) == packets(20, 4600)


def test_what_was_shortly_before_a_gap_stays() -> None:
    both = [*packets(40, 1000), *packets(20, 1004)]

    assert ring(both).since(0) == [*packets(40, 1000)[30:], *packets(20, 1004)]


def test_an_encoder_without_key_frames_does_not_fill_the_memory() -> None:
    endless = [
        replace(packets(2, 1000)[1], captured_us=1_000_000_000 + n * 100_000) for n in range(2, 200)
    ]

    assert ring(packets(2, 1000), endless).since(0) == []
