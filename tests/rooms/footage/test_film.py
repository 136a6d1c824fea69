"""A film is made of the best that there is of its time."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from custom_components.gatehouse.agent import Recording, RecordingStatus
from custom_components.gatehouse.footage import Movie, NotPlayable, encode, splice
from custom_components.gatehouse.footage.film import Raw, develop
from custom_components.gatehouse.footage.mp4 import remux
from custom_components.gatehouse.footage.tape import Material, Piece
from tests.rooms.footage.films import FPS, STEP, footage, picture, play
from tests.rooms.footage.house import House, seconds
from tests.rooms.footage.media import unheard_of

COMPLETE = RecordingStatus.COMPLETE


@pytest.fixture
def house(tmp_path: Path, never_blocks: None) -> House:
    return House(tmp_path / "local")


def movie(folder: Path, began: datetime, name: str = "a.mp4", **of: Any) -> Movie:
    """Have a camera upload a video."""
    path = folder / name
    path.write_bytes(footage(8.0, **{"container": "mp4", **of}))
    return Movie(path=path, began=began, lasts=seconds(8))


async def recorded(house: House, since: float, until: float) -> Recording:
    async with house.running():
        return await house.ended(await house.record(since, until))


async def test_a_clip_is_cut_from_the_cameras_own_video(house: House, tmp_path: Path) -> None:
    house.movies.append(movie(tmp_path, house.began - seconds(60)))
    house.shows(-56, 250)

    recording = await recorded(house, -57.5, -54)

    seen = play(house.film(recording))
    assert recording.started == house.began - seconds(58)
    assert seen.duration == pytest.approx(4, abs=0.15)
    assert seen.heard == pytest.approx(4, abs=0.2)
    assert seen.greys[0] == pytest.approx(16 + STEP * 2 * FPS, abs=3)
    assert max(seen.greys) < 240


async def test_a_sound_that_nobody_has_heard_of_is_left_out(house: House, tmp_path: Path) -> None:
    uploaded = movie(tmp_path, house.began - seconds(60))
    nameless = unheard_of(uploaded.path.read_bytes(), b"mp4a")
    uploaded.path.write_bytes(unheard_of(nameless, b"esds"))  # which tells it, too
    house.movies.append(uploaded)

    seen = play(house.film(await recorded(house, -57.5, -54)))

    assert seen.duration == pytest.approx(4, abs=0.15)
    assert not seen.heard


async def test_videos_that_follow_each_other_become_one_clip(house: House, tmp_path: Path) -> None:
    first = movie(tmp_path, house.began - seconds(60))
    second = movie(tmp_path, house.began - seconds(51), "b.mp4")
    house.movies += [second, first]

    recording = await recorded(house, -55, -48)

    seen = play(house.film(recording))
    assert seen.duration == pytest.approx(7, abs=0.2)
    assert seen.times == sorted(seen.times)
    # Between the two nothing was filmed for a second.
    gaps = [b - a for a, b in zip(seen.times, seen.times[1:], strict=False)]
    assert max(gaps) == pytest.approx(1.1, abs=0.1)


async def test_videos_that_overlap_show_each_moment_once(house: House, tmp_path: Path) -> None:
    house.movies.append(movie(tmp_path, house.began - seconds(60)))
    house.movies.append(movie(tmp_path, house.began - seconds(54), "b.mp4"))

    seen = play(house.film(await recorded(house, -60, -46)))

    assert seen.duration == pytest.approx(14, abs=1.2)
    assert all(b > a for a, b in zip(seen.times, seen.times[1:], strict=False))


async def test_a_video_of_another_kind_cannot_follow(house: House, tmp_path: Path) -> None:
    house.movies.append(movie(tmp_path, house.began - seconds(60)))
    house.movies.append(movie(tmp_path, house.began - seconds(52), "b.mp4", size=(160, 90)))

    seen = play(house.film(await recorded(house, -60, -44)))

    assert seen.duration == pytest.approx(8, abs=0.15)


async def test_a_video_without_sound_follows_one_that_has_it(house: House, tmp_path: Path) -> None:
    house.movies.append(movie(tmp_path, house.began - seconds(60)))
    house.movies.append(movie(tmp_path, house.began - seconds(52), "b.mp4", sound=None))

    seen = play(house.film(await recorded(house, -60, -44)))

    assert seen.duration == pytest.approx(16, abs=0.3)
    assert seen.heard == pytest.approx(8, abs=0.2)


@pytest.mark.parametrize("trouble", ["other codec", "gone", "garbage", "other time"])
async def test_where_its_video_is_of_no_use_the_stills_are(
    house: House, tmp_path: Path, trouble: str
) -> None:
    made = {
        "other codec": lambda: movie(tmp_path, house.began - seconds(9), codec="mpeg4"),
        "gone": lambda: Movie(
            path=tmp_path / "gone.mp4", began=house.began - seconds(9), lasts=seconds(8)
        ),
        "garbage": lambda: _garbage(tmp_path, house.began - seconds(9)),
        "other time": lambda: movie(tmp_path, house.began - seconds(90)),
    }[trouble]
    house.movies.append(made())
    house.shows(-4, 100)

    recording = await recorded(house, -4, -2)

    assert recording.status is COMPLETE
    assert set(map(round, play(house.film(recording)).greys)) <= set(range(96, 105))


def _garbage(folder: Path, began: datetime) -> Movie:
    (folder / "a.mp4").write_bytes(b"ffconcat version 1.0\nfile /etc/passwd\n")
    return Movie(path=folder / "a.mp4", began=began, lasts=seconds(8))


def stream_of(house: House, length: float) -> Piece:
    """Return a whole stream as one piece, which began eight seconds before the test."""
    return Piece(
        at=house.began - seconds(8), material=Material.STREAM, data=footage(length), is_key=True
    )


@pytest.mark.parametrize(("length", "is_stream"), [(6.0, True), (1.0, False)])
async def test_the_stream_is_taken_unless_the_stills_show_much_more(
    house: House, length: float, is_stream: bool
) -> None:
    house.recorder.take(stream_of(house, length))
    for tenth in range(-80, 0):
        house.shows(tenth / 10, 250)

    seen = play(house.film(await recorded(house, -8, 0)))

    assert (min(seen.greys) < 200) is is_stream
    assert seen.duration == pytest.approx(length if is_stream else 8, abs=0.2)


async def test_a_stream_that_was_cut_off_shows_what_there_is(house: House) -> None:
    whole = stream_of(house, 6.0)
    house.recorder.take(replace(whole, data=whole.data[1000:-3001]))

    seen = play(house.film(await recorded(house, -8, 0)))

    assert 4 <= seen.duration < 6
    assert seen.greys[0] == pytest.approx(16 + STEP * FPS, abs=3)


async def test_a_stream_is_remuxed_bit_by_bit(house: House, tmp_path: Path) -> None:
    house.recorder.take(stream_of(house, 6.0))
    recording = await recorded(house, -8, 0)

    clip = remux(house.film(recording), tmp_path / "clip.mp4")

    whole = tmp_path / "whole.ts"
    whole.write_bytes(footage(6.0))
    assert play(tmp_path / "clip.mp4").greys == play(whole).greys
    assert clip.codec == "h264"


def raw(folder: Path, **of: Any) -> Raw:
    """Return what there is of a recording: nothing but what a test says."""
    tapes = {material: folder / f"tape{material.value}" for material in Material}
    began = House(folder).began
    return Raw(**{"since": began, "until": began, "tapes": tapes, "streamed": began, **of})


def test_there_is_no_film_of_nothing(tmp_path: Path) -> None:
    assert develop(raw(tmp_path), tmp_path / "film.mp4", lambda: False) is None


def test_a_full_disk_comes_through(tmp_path: Path) -> None:
    began = House(tmp_path).began
    take = splice.Take(path=tmp_path / "tape.ts", began=began, containers="mpegts")
    take.path.write_bytes(footage(2.0))

    with pytest.raises(OSError, match="No space left"):
        encode.encode([(began, picture(began).jpeg)], began, Path("/dev/full"))
    with pytest.raises(OSError, match="No space left"):
        splice.splice([take], Path("/dev/full"))


def test_without_an_encoder_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    began = House(tmp_path).began
    monkeypatch.setattr(encode, "ENCODER", "none-at-all")
    with pytest.raises(NotPlayable, match=r"no encoder for H\.264"):
        encode.encode([(began, picture(began).jpeg)], began, tmp_path / "film.mp4")
