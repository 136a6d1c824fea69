"""Full disks, kills and restarts: what a camera without an agent has shown is not lost."""

import asyncio
from collections import namedtuple
import os
from pathlib import Path
import signal
import sys
import threading
from typing import Any

import pytest

from custom_components.gatehouse.agent import RecordingStatus
from custom_components.gatehouse.footage import (
    DiskFull,
    DiskRefused,
    darkroom,
    film,
    running,
    shelf,
)
from custom_components.gatehouse.footage.tape import Material, Piece, Ring
from tests.rooms.footage.films import play
from tests.rooms.footage.house import CAMERA, House, seconds
from tests.waiting import eventually

COMPLETE, FAILED = RecordingStatus.COMPLETE, RecordingStatus.FAILED
STOPPED = "Home Assistant stopped before the end."

Usage = namedtuple("Usage", "total used free")


@pytest.fixture
def house(tmp_path: Path, never_blocks: None, monkeypatch: pytest.MonkeyPatch) -> House:
    """The camera, with a disk that is tried again soon."""
    monkeypatch.setattr(darkroom, "RETRY", 0.1)
    return House(tmp_path / "local")


@pytest.fixture
def full(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A disk that can be filled."""
    free = {"bytes": 10**12}
    monkeypatch.setattr(shelf.shutil, "disk_usage", lambda _: Usage(10**12, 0, free["bytes"]))
    return free


# --- The disk ---


async def test_a_full_disk_refuses_a_recording(house: House, full: Any) -> None:
    full["bytes"] = 1000
    with pytest.raises(DiskFull):
        await house.record(0, 1)

    full["bytes"] = 10**12
    assert (await house.record(0, 1)).status is RecordingStatus.RECORDING


async def test_a_disk_that_becomes_full_ends_the_recording_early_and_keeps_what_there_is(
    house: House, full: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(running, "FLUSH", 0.05)
    house.shows(-2, 50)
    async with house.running():
        recording = await house.record(-2, 60)
        await eventually(lambda: f"{recording.id}.stills" in house.files())
        full["bytes"] = 1000
        house.shows(1, 60)
        await eventually(lambda: "has to wait" in caplog.text)
        [there] = await house.recorder.list(CAMERA)
        assert there.status is RecordingStatus.RECORDING

        full["bytes"] = 10**12
        recording = await house.ended(recording)

    assert recording.status is COMPLETE
    assert "delete something" in (recording.error or "")
    assert play(house.film(recording)).greys[0] == pytest.approx(50, abs=4)


async def test_a_disk_that_refuses_to_be_written_is_tried_again(
    house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "no")

    house.shows(-1)
    async with house.running():
        with monkeypatch.context() as patched:
            patched.setattr(darkroom, "develop", refuse)
            recording = await house.record(-1, 0)
            await eventually(lambda: "has to wait" in caplog.text)
        recording = await house.ended(recording)

    assert recording.status is COMPLETE


async def test_a_file_that_cannot_be_removed_stops_nothing(
    house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(_: object, *arguments: object) -> None:
        raise DiskRefused("closed")

    monkeypatch.setattr(shelf, "KEPT", seconds(1))
    house.shows(-9)
    async with house.running():
        with monkeypatch.context() as patched:
            patched.setattr(shelf.Shelf, "remove", refuse)
            await house.record(-9, -5)
            await eventually(lambda: "cannot be removed: closed" in caplog.text)
        house.shows(0)
        recording = await house.ended(await house.record(0, 0.5))

    assert recording.status is COMPLETE


async def test_a_slow_disk_costs_the_rest_of_the_recording_and_no_memory(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    may_write = threading.Event()
    append = shelf.Shelf.append

    def slow(where: shelf.Shelf, name: str, pieces: list[Piece]) -> None:
        assert may_write.wait(20)
        append(where, name, pieces)

    monkeypatch.setattr(shelf.Shelf, "append", slow)
    monkeypatch.setattr(running, "FLUSH", 0.01)
    monkeypatch.setattr(running, "BACKLOG_BYTES", 20_000)
    house.shows(-1)
    async with house.running():
        recording = await house.record(-1, 60)
        await asyncio.sleep(0.1)
        for at in range(100):
            house.shows(at / 100)
        may_write.set()
        recording = await house.ended(recording)

    assert recording.status is COMPLETE
    assert recording.error == "The disk was too slow; the recording ends early."
    assert house.film(recording).stat().st_size < 100_000


# --- Restarts ---


async def test_a_recording_that_a_restart_interrupts_is_finished_as_what_was_written(
    house: House,
) -> None:
    house.shows(-2, 80)
    async with house.running():
        recording = await house.record(-2, 60)
        await asyncio.sleep(0)
        house.shows(0, 160)

    house.restarted()
    assert [one.status for one in await house.recorder.list(CAMERA)] == [RecordingStatus.RECORDING]
    async with house.running():
        recording = await house.ended(recording)

    assert (recording.status, recording.error) == (COMPLETE, STOPPED)
    assert {80, 160} <= {round(grey, -1) for grey in play(house.film(recording)).greys}
    assert house.files() == {f"{recording.id}.mp4", f"{recording.id}.json"}


async def test_a_recording_without_anything_fails_after_a_restart(house: House) -> None:
    async with house.running():
        recording = await house.record(0, 60)

    house.restarted()
    async with house.running():
        recording = await house.ended(recording)

    assert (recording.status, recording.error) == (FAILED, STOPPED)


async def test_who_stops_the_recorder_in_the_middle_of_a_film_waits_and_has_it_made_anew(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    for tenth in range(-150, 0):
        house.shows(tenth / 10)
    is_busy, was_busy = threading.Event(), threading.Event()
    develop, stills_of = darkroom.develop, film.stills_of

    def slow(tape: Path) -> Any:
        for still in stills_of(tape):
            was_busy.set()
            yield still
            threading.Event().wait(0.02)

    def watched(*arguments: Any) -> Any:
        is_busy.set()
        made = develop(*arguments)
        is_busy.clear()
        return made

    with monkeypatch.context() as patched:
        patched.setattr(film, "stills_of", slow)
        patched.setattr(darkroom, "develop", watched)
        async with house.running():
            recording = await house.record(-15, 0)
            await eventually(was_busy.is_set)
        assert not is_busy.is_set()
    assert f"{recording.id}.stills" in house.files()

    house.restarted()
    async with house.running():
        recording = await house.ended(recording)
    assert play(house.film(recording)).duration == pytest.approx(15, abs=0.2)


CHILD = """
import asyncio, sys
from pathlib import Path
from tests.rooms.footage.house import House

async def main():
    house = House(Path(sys.argv[1]))
    house.shows(-3, 60)
    async with house.running():
        recording = await house.record(-3, 60)
        number = 0
        while True:
            house.shows(number / 10, 60 + number % 100)
            number += 1
            await asyncio.sleep(0.02)
            if number == 100:
                print(recording.id, flush=True)

asyncio.run(main())
"""


async def test_a_kill_in_the_middle_loses_a_second_at_most(
    house: House, tmp_path: Path, socket_enabled: None
) -> None:
    root = Path(__file__).parents[3]
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        CHILD,
        str(house.folder),
        cwd=root,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(root), *sys.path])},
        stdout=asyncio.subprocess.PIPE,
    )
    assert child.stdout
    name = (await asyncio.wait_for(child.stdout.readline(), 30)).decode().strip()
    child.send_signal(signal.SIGKILL)
    await child.wait()
    tape = house.folder / f"{name}.stills"
    with tape.open("ab") as file:
        file.write(b"half")

    async with house.running():
        [recording] = await house.recorder.list(CAMERA)
        recording = await house.ended(recording)

    assert recording.error == STOPPED
    # A hundred pictures of a tenth of a second each, and what was before; each second is written.
    assert play(house.film(recording)).duration > 3 + 10 - 6


async def test_the_notes_of_others_are_passed_over(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    house.folder.mkdir()
    for number, text in enumerate(("", "{}", "[]", '{"status": "lost"}')):
        (house.folder / f"{number}.json").write_text(text)

    assert await house.recorder.list(CAMERA) == ()
    assert caplog.text.count("is not the note of a recording") == 4
    assert len(house.files()) == 4


async def test_what_a_kill_left_of_a_finished_recording_goes(
    house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    house.shows(-1)
    async with house.running():
        recording = await house.ended(await house.record(-1, 0))
    tape = house.folder / f"{recording.id}.stills"
    tape.touch()

    with monkeypatch.context() as patched:
        patched.setattr(Path, "unlink", _refuse)
        assert await house.restarted().list(CAMERA) == (recording,)
        assert "stays" in caplog.text
    await house.restarted().list(CAMERA)

    assert house.files() == {f"{recording.id}.mp4", f"{recording.id}.json"}


def _refuse(*_: object, **__: object) -> None:
    raise PermissionError(13, "no")


# --- Bounds ---


async def test_four_cameras_are_recorded_at_once_by_so_many_encoders(
    tmp_path: Path, never_blocks: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    busy, most, lock, develop = 0, 0, threading.Lock(), darkroom.develop

    def counted(*arguments: Any) -> Any:
        nonlocal busy, most
        with lock:
            busy += 1
            most = max(most, busy)
        try:
            return develop(*arguments)
        finally:
            with lock:
                busy -= 1

    monkeypatch.setattr(darkroom, "develop", counted)
    encoders = asyncio.Semaphore(2)
    houses = [House(tmp_path / str(number), encoders=encoders) for number in range(4)]
    async with asyncio.TaskGroup() as tasks:
        stories = [tasks.create_task(house.recorder.run()) for house in houses]
        for house in houses:
            for tenth in range(-20, 0):
                house.shows(tenth / 10)
        recordings = [await house.record(-2, 0) for house in houses]
        ended = [await house.ended(one) for house, one in zip(houses, recordings, strict=True)]
        for each in stories:
            each.cancel()

    assert [one.status for one in ended] == [COMPLETE] * 4
    assert most == 2


def test_a_ring_keeps_so_many_seconds_and_no_more_than_so_many_bytes() -> None:
    ring = Ring(length=seconds(5), most_bytes=1000)
    began = House(Path("nowhere")).began

    def add(at: float, size: int = 10) -> None:
        ring.add(Piece(at=began + seconds(at), material=Material.STILLS, data=b"x" * size))

    for at in range(100):
        add(at)
    assert [piece.at for piece in ring.since(began)] == [
        began + seconds(at) for at in range(94, 100)
    ]
    for at in range(100, 104):
        add(at, 400)
    assert [len(piece.data) for piece in ring.since(began)] == [400, 400]
    add(104, 2000)
    assert ring.since(began) == []
    add(105)
    assert len(ring.since(began)) == 1


def test_a_stream_is_taken_from_the_key_frame_before_and_stills_are_not() -> None:
    ring, began = Ring(), House(Path("nowhere")).began
    for at in range(10):
        ring.add(
            Piece(
                at=began + seconds(at),
                material=Material.STREAM,
                data=b"x",
                is_key=at % 4 == 0,
            )
        )
        ring.add(Piece(at=began + seconds(at), material=Material.STILLS, data=b"x"))

    found = ring.since(began + seconds(6.5))

    assert next(piece.at for piece in found if piece.material is Material.STREAM) == (
        began + seconds(4)
    )
    assert next(piece.at for piece in found if piece.material is Material.STILLS) == (
        began + seconds(7)
    )
