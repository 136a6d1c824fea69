"""A camera that is on no agent is recorded by ourselves; here of its stills."""

import asyncio
import hashlib
from pathlib import Path
import threading
from typing import Any

import pytest

from custom_components.gatehouse.agent import AgentRefused, RecordingStatus
from custom_components.gatehouse.footage import RecordingLost, as_piece, darkroom, local, shelf
from custom_components.gatehouse.models import Picture
from tests.rooms.footage.films import SIZE, play
from tests.rooms.footage.house import CAMERA, House, seconds
from tests.waiting import eventually

COMPLETE, FAILED = RecordingStatus.COMPLETE, RecordingStatus.FAILED


@pytest.fixture
def house(tmp_path: Path, never_blocks: None) -> House:
    return House(tmp_path / "local")


# --- Stills ---


async def test_stills_become_a_video_that_every_phone_plays(house: House) -> None:
    shown = [(-8.0, 40), (-7.9, 60), (-7.8, 80), (-5.0, 120), (-4.5, 160), (-1.0, 200)]
    for at, grey in shown:
        house.shows(at, grey)

    async with house.running():
        recording = await house.ended(await house.record(-8, 0))

    seen = play(house.film(recording))
    assert (seen.profile, seen.pixels, seen.size) == ("High", "yuv420p", SIZE)
    assert seen.duration == pytest.approx(8.0, abs=0.15)
    assert recording.duration
    assert recording.duration.total_seconds() == pytest.approx(seen.duration, abs=0.01)
    assert recording.started == house.began - seconds(8)
    for at, grey in shown:
        near = min(seen.pictures, key=lambda one: abs(one[0] - (at + 8)))
        assert near == pytest.approx((at + 8, grey), abs=6)
        assert near[0] == pytest.approx(at + 8, abs=0.002)
    gaps = [later - earlier for earlier, later in zip(seen.times, seen.times[1:], strict=False)]
    assert max(gaps) <= 1.001
    assert recording.status is COMPLETE
    assert recording.error is None
    data = house.film(recording).read_bytes()
    assert (recording.size, recording.sha256) == (len(data), hashlib.sha256(data).hexdigest())
    assert house.told == [recording]
    assert house.files() == {f"{recording.id}.mp4", f"{recording.id}.json"}


async def test_what_comes_while_it_is_recorded_follows_what_was_before(house: House) -> None:
    house.shows(-1, 40)
    async with house.running():
        recording = await house.record(-1, 0.6)
        assert recording.started == house.began - seconds(1)
        house.shows(0.2, 200)
        house.shows(0.7, 250)

        recording = await house.ended(recording)

    seen = play(house.film(recording))
    assert seen.duration == pytest.approx(1.6, abs=0.1)
    assert max(seen.greys) < 210


async def test_a_recording_ends_when_nothing_comes_any_more(house: House) -> None:
    house.shows(0, 90)
    async with house.running():
        recording = await house.ended(await house.record(0, 0.5))

    assert play(house.film(recording)).duration == pytest.approx(0.5, abs=0.1)


async def test_a_part_of_an_appointment_is_recorded_to_its_end(house: House) -> None:
    async with house.running():
        recording = await house.record(0, 300)
        for at in range(0, 300, 5):
            house.shows(at)
        house.shows(300.1)
        recording = await house.ended(recording)

    assert (recording.status, recording.error) == (COMPLETE, None)
    assert play(house.film(recording)).duration == pytest.approx(300, abs=0.1)


async def test_a_still_stands_for_ten_seconds_and_no_longer(house: House) -> None:
    house.shows(-60)
    async with house.running():
        recording = await house.ended(await house.record(-60, 0))

    assert play(house.film(recording)).duration == pytest.approx(10, abs=0.1)


@pytest.mark.parametrize(
    ("size", "shown"),
    [
        ((641, 361), (640, 360)),
        ((2592, 1944), (1440, 1080)),
        ((3840, 2160), (1920, 1080)),
        ((1080, 2400), (864, 1920)),
    ],
)
async def test_a_video_has_even_sides_and_is_no_larger_than_full_hd(
    house: House, size: tuple[int, int], shown: tuple[int, int]
) -> None:
    house.shows(-0.5, size=size)
    async with house.running():
        recording = await house.ended(await house.record(-1, 0))

    assert play(house.film(recording)).size == shown


async def test_a_picture_of_another_size_gets_bars(house: House) -> None:
    house.shows(-2, 200)
    house.shows(-1, 200, (180, 320))
    house.shows(-0.5, 200, (640, 360))
    async with house.running():
        recording = await house.ended(await house.record(-3, 0))

    seen = play(house.film(recording))
    assert seen.size == SIZE
    assert set(map(round, seen.greys)) <= set(range(195, 206))
    assert seen.edges[0] > 195
    assert min(seen.edges) < 20


async def test_pictures_that_cannot_be_decoded_are_left_out(house: House) -> None:
    house.shows(-2, 50)
    broken = Picture(jpeg=b"\xff\xd8garbage", captured=house.began - seconds(1))
    house.recorder.take(as_piece(broken))
    async with house.running():
        recording = await house.ended(await house.record(-2, 0))

    assert play(house.film(recording)).duration == pytest.approx(2, abs=0.1)


@pytest.mark.parametrize("stills", [(), (b"\xff\xd8garbage",)], ids=["none", "broken"])
async def test_a_camera_that_gave_no_picture_fails_in_words(
    house: House, stills: tuple[bytes, ...]
) -> None:
    at = house.began - seconds(1)
    for data in stills:
        house.recorder.take(as_piece(Picture(jpeg=data, captured=at)))
    async with house.running():
        recording = await house.ended(await house.record(-2, 0))

    assert recording.status is FAILED
    assert recording.error == "The camera gave no picture in that time."
    assert house.files() == {f"{recording.id}.json"}
    with pytest.raises(RecordingLost):
        await house.recorder.fetch(CAMERA, recording.id, house.folder / "part")


async def test_what_was_kept_before_the_clock_was_set_back_is_of_another_time(
    house: House,
) -> None:
    for at in (1798, 1799, 1800):
        house.shows(at, 240)
    house.shows(-1, 40)
    async with house.running():
        recording = await house.record(-1, 0.5)
        house.shows(0.2, 80)
        recording = await house.ended(recording)

    assert recording.status is COMPLETE
    assert max(play(house.film(recording)).greys) < 100


async def test_stills_out_of_turn_do_not_turn_time_back(house: House) -> None:
    for at, grey in ((-3, 40), (-1, 120), (-2, 80), (-0.5, 160)):
        house.shows(at, grey)
    async with house.running():
        recording = await house.ended(await house.record(-3, 0))

    seen = play(house.film(recording))
    assert seen.times == sorted(seen.times)
    assert seen.duration == pytest.approx(3, abs=0.1)


# --- Asking for recordings ---


async def test_a_recording_can_be_extended_and_ended(house: House) -> None:
    async with house.running() as recorder:
        house.shows(0, 30)
        recording = await house.record(0, 0.3)
        longer = await recorder.extend(CAMERA, recording.id, house.began + seconds(60))
        assert longer.until == house.began + seconds(60)
        for at in range(1, 20):
            house.shows(at / 10, 200)

        await recorder.extend(CAMERA, recording.id, house.began + seconds(2))
        recording = await house.ended(recording)

    assert play(house.film(recording)).duration == pytest.approx(2, abs=0.1)
    with pytest.raises(AgentRefused) as refused:
        await recorder.extend(CAMERA, recording.id, house.began + seconds(90))
    assert refused.value.code == "recording_over"


async def test_back_to_back_recordings_each_have_their_own_beginning(house: House) -> None:
    for tenth in range(-80, 0):
        house.shows(tenth / 10)
    async with house.running():
        first = await house.record(-8, -4)
        second = await house.record(-6, 0)

        films = [play(house.film(await house.ended(one))) for one in (first, second)]

    assert [film.duration for film in films] == pytest.approx([4, 6], abs=0.1)


@pytest.mark.parametrize(("since", "until"), [(0, 0), (1, 0)])
async def test_a_span_that_is_none_is_refused(house: House, since: float, until: float) -> None:
    with pytest.raises(AgentRefused) as refused:
        await house.record(since, until)

    assert refused.value.code == "bad_request"


async def test_only_so_many_run_at_once(house: House) -> None:
    async with house.running():
        for _ in range(local.MOST_RUNNING):
            await house.record(0, 60)

        with pytest.raises(AgentRefused) as refused:
            await house.record(0, 60)

    assert refused.value.code == "too_many"


async def test_a_film_is_fetched_once_and_whole(house: House, tmp_path: Path) -> None:
    part = tmp_path / "part"
    house.shows(-1)
    async with house.running() as recorder:
        recording = await house.ended(await house.record(-1, 0))
        part.write_bytes(house.film(recording).read_bytes()[:100])

        await recorder.fetch(CAMERA, recording.id, part, recording.sha256)
        fetched = part.stat()
        await recorder.fetch(CAMERA, recording.id, part, recording.sha256)

    assert part.read_bytes() == house.film(recording).read_bytes()
    assert part.stat().st_mtime_ns == fetched.st_mtime_ns


async def test_a_recording_is_deleted_with_all_of_it(house: House) -> None:
    house.shows(-1)
    async with house.running() as recorder:
        over = await house.ended(await house.record(-1, 0))
        open_ended = await house.record(-1, 60)
        await eventually(lambda: f"{open_ended.id}.stills" in house.files())

        for one in (over, open_ended, over):
            await recorder.delete(CAMERA, one.id)

        assert await recorder.list(CAMERA) == ()
        await eventually(lambda: not house.files())
    assert house.told == [over]


async def test_what_is_deleted_while_its_film_is_made_leaves_nothing(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    began, may_end, develop = threading.Event(), threading.Event(), darkroom.develop

    def slow(*arguments: Any) -> Any:
        began.set()
        assert may_end.wait(20)
        return develop(*arguments)

    monkeypatch.setattr(darkroom, "develop", slow)
    house.shows(-1)
    async with house.running() as recorder:
        recording = await house.record(-1, 0)
        await eventually(began.is_set)
        await recorder.delete(CAMERA, recording.id)
        may_end.set()
        await eventually(lambda: house.encoders._value == 4)
        await eventually(lambda: not house.files())

    assert house.told == []


async def test_what_nobody_fetches_for_days_is_deleted(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shelf, "KEPT", seconds(30))
    house.shows(-40)
    async with house.running() as recorder:
        old = await house.record(-40, -35)
        await eventually(lambda: house.told, 20)
        house.shows(-1)
        new = await house.ended(await house.record(-1, 0))
        names = [one.id for one in await recorder.list(CAMERA)]

    assert old.id not in names
    assert house.files() == {f"{new.id}.mp4", f"{new.id}.json"}


async def test_a_camera_is_to_be_asked_only_while_it_is_recorded_and_silent(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local, "SILENCE", 0.2)
    loop = asyncio.get_running_loop()
    async with house.running():
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(house.recorder.starved(), 0.4)
        recording = await house.record(0, 1)
        house.shows(0)
        began = loop.time()

        await house.recorder.starved()
        assert loop.time() - began >= 0.19
        await house.recorder.starved()
        assert loop.time() - began >= 0.38

        await house.ended(recording)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(house.recorder.starved(), 0.4)
