"""A camera's live stream is read all the time, and recorded as it is."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import ExitStack, asynccontextmanager
from datetime import UTC, datetime
import logging
from pathlib import Path
import threading
import time

import pytest

from custom_components.gatehouse.agent import RecordingStatus
from custom_components.gatehouse.footage import Stream, stream
from custom_components.gatehouse.footage.cutter import Timeline
from custom_components.gatehouse.footage.tape import Piece
from tests.rooms.footage.films import FPS, LiveCamera, footage, live_camera, play
from tests.rooms.footage.house import House, seconds, story
from tests.rooms.footage.media import unheard_of
from tests.waiting import eventually, within

COMPLETE = RecordingStatus.COMPLETE


@pytest.fixture
async def camera(socket_enabled: None) -> AsyncIterator[LiveCamera]:
    """A camera that streams H.264 and AAC over HTTP."""
    async with live_camera() as camera:
        yield camera


@pytest.fixture
def house(tmp_path: Path, never_blocks: None) -> House:
    return House(tmp_path / "local")


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Connect again at once."""
    monkeypatch.setattr(stream, "RETRY_FIRST", 0.05)
    monkeypatch.setattr(stream, "RETRY_LONGEST", 0.05)
    monkeypatch.setattr(stream, "RETRY_UNFIT", 0.05)


class Reading:
    """A stream that is read, and what came of it."""

    def __init__(self, address: Callable[[], Awaitable[str | None]], house: House) -> None:
        self.pieces: list[Piece] = []
        self.house = house
        self.stream = Stream("Yard", address, self._take)

    async def comes(self, seconds_of_it: float) -> None:
        """Wait until so much was read, as the clock has it."""

        def came() -> bool:
            first, last = self.pieces[:1], self.pieces[-1:]
            return bool(first) and last[0].at - first[0].at >= seconds(seconds_of_it)

        await eventually(came, 30, "the stream")

    def _take(self, piece: Piece) -> None:
        self.pieces.append(piece)
        self.house.recorder.take(piece)


def watching(camera: LiveCamera, house: House) -> Reading:
    """Return the camera's stream, which is not read yet."""

    async def address() -> str:
        return camera.address

    return Reading(address, house)


@asynccontextmanager
async def reading(camera: LiveCamera, house: House) -> AsyncIterator[Reading]:
    """Read the camera's stream, and record; a thread that waits for the camera ends later."""
    read = watching(camera, house)
    async with story(read.stream.run()), house.running():
        yield read
    await eventually(lambda: not readers(), 20)


def readers() -> list[threading.Thread]:
    """Return the threads that read streams."""
    return [one for one in threading.enumerate() if one.name == "gatehouse stream"]


async def test_a_clip_begins_before_it_was_asked_for_and_has_its_sound(
    camera: LiveCamera, house: House
) -> None:
    async with reading(camera, house) as read:
        await read.comes(3)
        now = (datetime.now(UTC) - house.began).total_seconds()
        recording = await house.ended(await house.record(now - 2, now + 1))

    seen = play(house.film(recording))
    assert (recording.status, recording.error) == (COMPLETE, None)
    assert (seen.profile, seen.pixels) == ("High", "yuv420p")
    assert recording.started
    before = (house.began + seconds(now - 2) - recording.started).total_seconds()
    assert 0 <= before <= 2
    assert seen.duration == pytest.approx(3 + before, abs=1)
    assert seen.heard == pytest.approx(seen.duration, abs=0.7)
    steps = [b - a for a, b in zip(seen.times, seen.times[1:], strict=False)]
    assert steps == pytest.approx([1 / FPS] * len(steps), abs=0.002)
    assert read.stream.problem is None


async def test_a_stream_that_breaks_is_read_again_and_goes_on_in_the_same_clip(
    camera: LiveCamera, house: House, impatient: None
) -> None:
    camera.breaks_after = 1.5
    async with reading(camera, house) as read:
        await read.comes(0.5)
        now = (datetime.now(UTC) - house.began).total_seconds()
        recording = await house.record(now - 1, now + 3.5)
        await eventually(lambda: camera.served > 2, 20)
        recording = await house.ended(recording)

    seen = play(house.film(recording))
    assert recording.status is COMPLETE
    assert seen.times == sorted(seen.times)
    assert seen.duration > 2.6


async def test_a_camera_whose_clock_is_set_goes_on_in_the_same_clip(
    camera: LiveCamera, house: House, impatient: None
) -> None:
    camera.data, camera.seconds = footage(2.0) + footage(18.0, begins=3600.0), 20.0
    async with reading(camera, house) as read:
        await read.comes(0.5)
        now = (datetime.now(UTC) - house.began).total_seconds()
        recording = await house.record(now - 0.5, now + 4)
        await eventually(lambda: camera.served > 1, 20)
        recording = await house.ended(recording)

    seen = play(house.film(recording))
    assert recording.status is COMPLETE
    assert seen.times == sorted(seen.times)
    assert 2.5 < seen.duration < 6


async def test_the_time_of_a_tape_may_begin_anew_in_its_middle(
    camera: LiveCamera, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A transport stream counts to 2**33 at 90 kHz, which is a day and some hours.
    wraps = 2**33 / 90_000
    began = time.monotonic() - wraps + 3
    monkeypatch.setattr(Timeline, "elapsed", property(lambda _: time.monotonic() - began))
    async with reading(camera, house) as read:
        await read.comes(0.5)
        now = (datetime.now(UTC) - house.began).total_seconds()
        recording = await house.ended(await house.record(now - 0.5, now + 3))

    seen = play(house.film(recording))
    assert seen.duration == pytest.approx(4, abs=1.5)
    steps = [b - a for a, b in zip(seen.times, seen.times[1:], strict=False)]
    assert steps == pytest.approx([1 / FPS] * len(steps), abs=0.002)


async def test_a_stream_faster_than_time_is_not_read_to_its_end_at_once(
    camera: LiveCamera, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "AHEAD", 2.0)
    camera.seconds = 0.2
    async with reading(camera, house) as read:
        await eventually(lambda: len(read.pieces) > 1, 20)
        await asyncio.sleep(1)
        keys = [piece for piece in read.pieces if piece.is_key]

    assert len(keys) < 15


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        (None, "it has no stream"),
        ("file:///etc/passwd", "its stream does not come over the network"),
        ("concat:/etc/passwd", "its stream does not come over the network"),
        ("/etc/passwd", "its stream does not come over the network"),
    ],
)
async def test_what_is_no_stream_is_told_once(
    house: House,
    impatient: None,
    caplog: pytest.LogCaptureFixture,
    address: str | None,
    reason: str,
) -> None:
    asked = []

    async def give() -> str | None:
        asked.append(address)
        return address

    caplog.set_level(logging.INFO)
    read = Reading(give, house)
    async with story(read.stream.run()):
        await eventually(lambda: len(asked) > 3)

    assert read.stream.problem == reason
    assert caplog.text.count(f"Only stills of Yard are recorded: {reason}") == 1


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (
            lambda: footage(2.0, codec="mpeg2video"),
            "its stream is mpeg2video, not H.264",
        ),
        (
            lambda: unheard_of(footage(2.0, container="mp4")),
            "its stream is unknown, not H.264",
        ),
        (lambda: b"<html>Log in first</html>" * 99, "Input/output error"),
    ],
    ids=["MPEG-2", "unheard of", "nothing"],
)
async def test_what_cannot_be_recorded_is_told_once(
    camera: LiveCamera,
    house: House,
    impatient: None,
    caplog: pytest.LogCaptureFixture,
    data: Callable[[], bytes],
    reason: str,
) -> None:
    camera.data, camera.seconds = data(), 0.1
    async with reading(camera, house) as read:
        await eventually(lambda: camera.served > 4, 20)

    assert read.pieces == []
    assert read.stream.problem == reason
    assert caplog.text.count("Only stills of Yard are recorded") == 1


async def test_a_camera_that_comes_back_is_told_and_its_password_never(
    camera: LiveCamera,
    house: House,
    impatient: None,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG, "custom_components.gatehouse")
    asked = []

    async def address() -> str:
        asked.append(1)
        if len(asked) == 1:
            raise ConnectionError("it does not tell its stream")
        if len(asked) < 6:
            return "http://somebody:secret@127.0.0.1:9/live"
        return camera.address

    read = Reading(address, house)
    async with story(read.stream.run()):
        await eventually(lambda: read.pieces, 20)
        assert read.stream.problem is None

    assert caplog.text.count("Only stills of Yard are recorded: Connection refused") == 1
    assert "The stream of Yard is recorded again" in caplog.text
    assert "secret" not in caplog.text


async def test_no_thread_outlives_a_stream(camera: LiveCamera, house: House) -> None:
    read = watching(camera, house)
    async with story(read.stream.run()):
        await read.comes(0.5)

    # The last word of a thread is heard a moment before it is gone.
    await eventually(lambda: not readers())


async def test_a_silent_camera_does_not_hold_up_the_end(
    camera: LiveCamera, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "ENDING", 0.1)
    monkeypatch.setattr(stream, "OPENING", 1.0)
    camera.seconds = 10_000_000
    with ExitStack() as ending:
        async with story(watching(camera, house).stream.run()):
            await eventually(lambda: camera.served)
            ending.enter_context(within(0.8))

    await eventually(lambda: not readers(), 20)
