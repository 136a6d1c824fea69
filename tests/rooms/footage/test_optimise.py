"""Clips become smaller while nobody needs the machine, and none is ever lost by that."""

import asyncio
from dataclasses import replace
from datetime import timedelta
import os
from pathlib import Path
import subprocess
from typing import Any

import av
import pytest

from custom_components.gatehouse.footage import (
    Disk,
    FootageStore,
    NotPlayable,
    OffsiteOptions,
    nice,
    optimise as module,
)
from custom_components.gatehouse.footage.clips import Clips
from custom_components.gatehouse.footage.encode import encode
from custom_components.gatehouse.footage.mp4 import Clip, inspect, remux
from custom_components.gatehouse.footage.nice import command
from custom_components.gatehouse.footage.optimise import (
    PROGRAM,
    SAME_LENGTH,
    OptimiseOptions,
    Optimiser,
)
from custom_components.gatehouse.footage.program import NICEST
from custom_components.gatehouse.footage.transcode import transcode
from custom_components.gatehouse.models import Footage, FootageStage, Level, Replay
from tests.eager import NICE
from tests.rooms.footage.films import footage as film, jpeg
from tests.rooms.footage.finished import NOW, Finished, names
from tests.rooms.footage.media import boxes, video
from tests.waiting import eventually

HOUR = timedelta(hours=1)
SMALL = OptimiseOptions(enabled=True, height=120, bitrate=60_000)
HIGH_AWAY = OffsiteOptions(levels=frozenset({Level.HIGH}))


class House(Finished):
    """A media folder and a machine that has time."""

    def __init__(self, store: FootageStore, media: Path) -> None:
        super().__init__(store, media)
        self.load = 0.1
        self.optimiser = self.with_options(SMALL)

    def with_options(self, options: OptimiseOptions) -> Optimiser:
        self.optimiser = Optimiser(
            self.store,
            self.clips,
            options,
            HIGH_AWAY,
            now=lambda: NOW,
            load=lambda: self.load,
        )
        return self.optimiser

    async def large(self, name: str = "one", days: float = 1, **row: Any) -> Footage:
        """File a clip that has far more bits than it needs."""
        return await self.clip(name, days, data=noisy(), **row)


def noisy() -> bytes:
    """Return a clip of two seconds with noise in it."""
    return video(movflags="faststart", noise=40)


@pytest.fixture
def house(store: FootageStore, tmp_path: Path, never_blocks: None) -> House:
    return House(store, tmp_path / "media")


def transcoded(source: bytes, folder: Path, height: int = 120, bitrate: int = 60_000) -> Path:
    """Encode a clip anew and return where it is."""
    recording, clip, target = (folder / f"{name}.mp4" for name in ("part", "source", "target"))
    recording.write_bytes(source)
    remux(recording, clip)
    transcode(clip, target, height, bitrate)
    return target


# What is written


def test_a_clip_becomes_smaller_and_plays_everywhere(tmp_path: Path) -> None:
    target = transcoded(noisy(), tmp_path)

    clip = inspect(target)
    assert (clip.height, clip.width) == (120, 214)
    assert clip.size < len(noisy()) / 2
    assert boxes(target)[:2] == ["ftyp", "moov"]
    with av.open(str(target)) as container:
        codec = container.streams.video[0].codec_context
        assert (codec.name, codec.profile, codec.pix_fmt) == ("h264", "High", "yuv420p")


def test_a_picture_that_is_small_enough_keeps_its_size(tmp_path: Path) -> None:
    clip = inspect(transcoded(noisy(), tmp_path, height=1080))

    assert (clip.width, clip.height) == (320, 180)


def test_an_upright_picture_is_measured_by_its_width(tmp_path: Path) -> None:
    clip = inspect(transcoded(film(container="mp4", size=(180, 320)), tmp_path))

    assert (clip.width, clip.height) == (120, 214)


def test_stills_that_are_seconds_apart_last_as_long_as_before(tmp_path: Path) -> None:
    stills = [(NOW + timedelta(seconds=at), jpeg(grey)) for at, grey in ((0, 80), (3, 90), (7, 99))]
    encode(stills, NOW + timedelta(seconds=9), tmp_path / "stills.mp4")

    target = transcoded((tmp_path / "stills.mp4").read_bytes(), tmp_path)

    assert abs(inspect(target).duration - inspect(tmp_path / "stills.mp4").duration) <= SAME_LENGTH


def test_sound_stays_as_it_is(tmp_path: Path) -> None:
    source = film(container="mp4", sound="aac")

    target = transcoded(source, tmp_path)

    with av.open(str(tmp_path / "source.mp4")) as before, av.open(str(target)) as after:
        heard = [
            [bytes(packet) for packet in container.demux(audio=0) if packet.size]
            for container in (before, after)
        ]
    assert heard[0] == heard[1]
    assert abs(inspect(target).duration - inspect(tmp_path / "source.mp4").duration) < HOUR / 18000


@pytest.mark.parametrize("pixels", ["yuv420p", "yuvj420p"])
def test_every_picture_is_where_it_was_and_as_bright(tmp_path: Path, pixels: str) -> None:
    target = transcoded(video(movflags="faststart", pixels=pixels), tmp_path)

    before, after = (_shown(tmp_path / "source.mp4"), _shown(target))
    assert len(before) == len(after)
    pairs = list(zip(before, after, strict=True))
    assert max(abs(one[0] - other[0]) for one, other in pairs) < 0.001
    assert max(abs(one[1] - other[1]) for one, other in pairs) < 4


def _shown(path: Path) -> list[tuple[float, float]]:
    """Return when each picture is shown, and how bright it is."""
    with av.open(str(path)) as container:
        return [
            (frame.time, float(frame.to_ndarray(format="rgb24").mean()))
            for frame in container.decode(video=0)
        ]


# What becomes of the row


async def test_the_new_file_takes_the_place_of_the_old_one(house: House) -> None:
    row = await house.large(incident="seen", level=Level.LOW)

    assert await house.optimiser.optimise(row)

    now = await house.now(row)
    assert row.path
    clip = inspect(row.path)
    assert now == replace(
        row,
        optimised=True,
        size=clip.size,
        sha256=clip.sha256,
        md5=clip.md5,
        duration=clip.duration,
    )
    assert house.files() == names(row)
    assert (await house.store.stock()).freed == len(noisy()) - clip.size
    assert house.news == [now]


NOT_WORTH_IT = {
    "hardly smaller": {"size": 0.95},
    "shorter": {"duration": 0.5},
    "longer": {"duration": 1.5},
}


@pytest.mark.parametrize("change", NOT_WORTH_IT.values(), ids=NOT_WORTH_IT)
async def test_a_file_that_is_not_better_is_thrown_away_for_good(
    house: House, monkeypatch: pytest.MonkeyPatch, change: dict[str, float]
) -> None:
    row = await house.large()

    def judge(path: Path) -> Clip:
        clip = inspect(path)
        original = inspect(row.path) if row.path else clip
        changed = {name: getattr(original, name) * share for name, share in change.items()}
        return replace(clip, **changed) if path != row.path else clip

    monkeypatch.setattr(module, "inspect", judge)

    assert not await house.optimiser.optimise(row)

    assert await house.now(row) == replace(row, optimised=True)
    assert row.path
    assert row.path.read_bytes() == noisy()
    assert house.files() == names(row)


async def test_a_file_that_does_not_play_is_thrown_away_for_good(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = await house.large()

    def refuse(path: Path) -> Clip:
        if path != row.path:
            raise NotPlayable("it has a hole")
        return inspect(path)

    monkeypatch.setattr(module, "inspect", refuse)

    assert not await house.optimiser.optimise(row)

    assert (await house.now(row)).optimised
    assert house.files() == names(row)


@pytest.mark.parametrize(
    "program", ["raise SystemExit('no encoder')", "import time; time.sleep(60)"]
)
async def test_a_clip_that_cannot_be_encoded_stays_for_good(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str
) -> None:
    row = await house.large()
    monkeypatch.setattr(module, "PROGRAM", tmp_path / "broken.py")
    monkeypatch.setattr(module, "LONGEST", timedelta(seconds=1))
    (tmp_path / "broken.py").write_text(program)

    assert not await house.optimiser.optimise(row)

    assert await house.now(row) == replace(row, optimised=True)
    assert house.files() == names(row)


async def test_a_clip_that_is_not_there_is_tried_again_another_time(house: House) -> None:
    row = await house.large()
    assert row.path
    row.path.unlink()

    assert not await house.optimiser.optimise(row)
    assert not await house.optimiser.optimise(replace(row, path=None))

    assert await house.now(row) == row


async def test_without_room_clips_stay_as_they_are(house: House) -> None:
    row = await house.large()
    full = House(house.store, house.media)
    full.disk = Disk(house.media, house.disk.zone, floor_bytes=10**18)
    full.clips = Clips(house.store, full.disk, full.news.append)

    assert not await full.with_options(SMALL).optimise(row)

    assert await house.now(row) == row


# The story


async def test_it_encodes_the_newest_first_and_leaves_alone_what_is_not_its_own(
    house: House,
) -> None:
    older, newer = await house.large("older", 2), await house.large("newer", 1)
    left = [
        await house.large("done", 3, optimised=True),
        await house.large("just now", 0.01),
        await house.large("to be uploaded", 4, level=Level.HIGH),
        await house.large("to be looked at", 5, replay=Replay.PENDING),
    ]
    uploaded = await house.large(
        "uploaded", 6, level=Level.HIGH, stage=FootageStage.UPLOADED, key="a.mp4"
    )

    story = asyncio.create_task(house.optimiser.run())
    await eventually(lambda: len(house.news) == 3, seconds=30)
    await stopped(story)

    assert [row.id for row in house.news] == [newer.id, older.id, uploaded.id]
    assert [await house.now(row) for row in left] == left


async def test_a_busy_machine_is_left_alone(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PAUSE", timedelta(milliseconds=20))
    await house.large("older", 2)
    await house.large("newer", 1)
    loads = iter([0.9, 0.9, 0.1, 0.9, 0.9, 0.9])
    asked = []

    def load() -> float:
        asked.append(next(loads, 0.9))
        return asked[-1]

    house.optimiser._load = load
    story = asyncio.create_task(house.optimiser.run())
    await eventually(lambda: len(asked) > 6, seconds=30)
    await stopped(story)

    assert [row.id for row in house.news] == ["newer"]


async def test_it_is_off_unless_somebody_wants_it(house: House) -> None:
    row = await house.large()

    await house.with_options(OptimiseOptions()).run()

    assert await house.now(row) == row


async def test_what_a_kill_left_is_settled_even_when_it_is_off(house: House) -> None:
    row = await house.large()
    drafts = house.media / ".gatehouse" / "optimised"
    drafts.mkdir(parents=True)
    (drafts / "one.mp4").write_bytes(b"half a clip")

    await house.with_options(OptimiseOptions()).run()

    assert house.files() == names(row)


async def test_the_load_of_this_machine_is_counted_per_core(house: House) -> None:
    optimiser = Optimiser(house.store, house.clips, SMALL, HIGH_AWAY)

    assert optimiser._load() == pytest.approx(os.getloadavg()[0] / (os.cpu_count() or 1), abs=0.5)


async def test_who_stops_it_leaves_no_process_and_no_draft(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = await house.large()
    pid = tmp_path / "pid"
    monkeypatch.setattr(module, "PROGRAM", tmp_path / "slow.py")
    (tmp_path / "slow.py").write_text(
        "import os, pathlib, sys, time\n"
        "pathlib.Path(sys.argv[2]).write_bytes(b'half a clip')\n"
        f"pathlib.Path({str(pid)!r}).write_text(str(os.getpid()))\n"
        "time.sleep(60)\n"
    )
    story = asyncio.create_task(house.optimiser.run())
    await eventually(lambda: pid.exists() and pid.read_text())

    await stopped(story)

    assert not Path(f"/proc/{pid.read_text()}").exists()
    assert house.files() == names(row)
    assert await house.now(row) == row


async def test_the_program_gives_way_to_all_others(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = await house.large()
    nices: list[int] = []
    started = asyncio.create_subprocess_exec

    async def watched(*command: Any, **named: Any) -> asyncio.subprocess.Process:
        process = await started(*command, **named)

        def is_nice() -> bool:
            return os.getpriority(os.PRIO_PROCESS, process.pid) == NICEST

        nices.append(await eventually(is_nice))
        return process

    monkeypatch.setattr(nice, "LAUNCHER", NICE)
    monkeypatch.setattr(asyncio, "create_subprocess_exec", watched)

    assert await house.optimiser.optimise(row)
    assert nices == [True]


def test_the_program_ends_with_whoever_started_it(tmp_path: Path) -> None:
    clip = tmp_path / "source.mp4"
    clip.write_bytes(video(frames=300, movflags="faststart", noise=40))
    target = tmp_path / "target.mp4"
    encoding = [*command(PROGRAM), str(clip), str(target), "1080", "9000000"]
    process = subprocess.Popen(encoding, stdin=subprocess.PIPE)
    assert process.stdin

    process.stdin.close()

    assert process.wait(10) == 1


async def stopped(story: asyncio.Task[None]) -> None:
    story.cancel()
    with pytest.raises(asyncio.CancelledError):
        await story
