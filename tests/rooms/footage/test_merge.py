"""What two cameras recorded becomes one movie in which both show the same moment."""

from dataclasses import replace
from datetime import timedelta
import os
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from custom_components.gatehouse.footage import MergeOptions, MergePlan, NotPlayable
from custom_components.gatehouse.footage.errors import PanoramaUnavailable
from custom_components.gatehouse.footage.merge import Made, merge
from custom_components.gatehouse.footage.mp4 import inspect
from custom_components.gatehouse.models import Layout
from tests.rooms.footage.media import boxes, packets
from tests.rooms.footage.reels import at, clock, greys, part, plan, read, recorded, shots, wide

FRAME = 1000 / 30
"""Milliseconds."""


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """Return where the movie is to be."""
    return tmp_path / "movie.mp4"


@pytest.fixture
def parts(tmp_path: Path) -> Path:
    """Return where the parts are."""
    folder = tmp_path / "parts"
    folder.mkdir()
    return folder


def merged(what: MergePlan, target: Path, **options: Any) -> Made:
    """Make a movie in this process."""
    return merge(what, MergeOptions(**options), target, lambda _: None)


# In sync


# Two cameras' pictures a second, and how far their pictures may be apart: of a slow camera there
# is none that is nearer than half of what lies between two.
RATES = {"alike": (30, 30, FRAME), "unlike": (30, 25, FRAME), "slow": (15, 30, 1000 / 15 / 2 + 4)}


@pytest.mark.parametrize("rates", RATES.values(), ids=RATES)
def test_both_halves_show_the_same_moment_to_a_frame(
    parts: Path, target: Path, rates: tuple[int, int, float]
) -> None:
    left, right, apart = rates
    lefts = [
        part(parts, clock(left, since, until, jitter=0.004, seed=1))
        for since, until in ((0.0, 2.0), (1.7, 4.0))
    ]
    rights = [
        part(parts, clock(right, since, until, jitter=0.004, seed=2))
        for since, until in ((0.013, 1.2), (1.8, 3.0), (3.0, 4.0))
    ]

    merged(plan(lefts, rights), target)

    without_gap = (*range(34), *range(54, 118))
    seen = [shot for number, shot in enumerate(shots(target)) if number in without_gap]
    assert len(seen) == len(without_gap)
    assert max(abs((shot.left or 0) - (shot.right or 0)) for shot in seen) <= apart
    for shot in seen:
        assert shot.left == pytest.approx(shot.at * 1000, abs=1000 / left + 4)
        assert shot.right == pytest.approx(shot.at * 1000, abs=1000 / right + 4)


def test_every_picture_of_two_like_cameras_is_shown_once(parts: Path, target: Path) -> None:
    lefts, rights = (
        [part(parts, clock(30, since, until)) for since, until in ((0.0, 1.0), (0.8, 2.0))]
        for _ in range(2)
    )

    merged(plan(lefts, rights), target)

    seen = shots(target)
    expected = [round(number * FRAME) for number in range(60)]
    assert [shot.left for shot in seen] == pytest.approx(expected, abs=2)
    assert [shot.right for shot in seen] == [shot.left for shot in seen]


def test_a_gap_shows_the_last_picture_for_two_seconds_and_then_nothing(
    parts: Path, target: Path
) -> None:
    lefts = [part(parts, clock(30, 0, 5))]
    rights = [part(parts, clock(30, 0, 1)), part(parts, clock(30, 4, 5))]

    merged(plan(lefts, rights), target)

    seen = shots(target)
    last = max(shot.right or 0 for shot in seen if shot.at < 1)
    assert {shot.right for shot in seen if 1.05 < shot.at < 2.9} == {last}
    assert {shot.right for shot in seen if 3.05 < shot.at < 3.9} == {None}
    after = [shot for shot in seen if shot.at > 4.05]
    assert max(abs((shot.left or 0) - (shot.right or 0)) for shot in after) <= FRAME
    assert all(shot.left is not None for shot in seen)


def test_one_camera_is_shown_while_the_other_has_not_begun(parts: Path, target: Path) -> None:
    lefts, rights = [part(parts, clock(30, 1, 2))], [part(parts, clock(30, 0, 1.5))]

    made = merged(plan(lefts, rights), target)

    seen = shots(target)
    assert made.began == at(0)
    assert {shot.left for shot in seen if shot.at < 0.9} == {None}
    assert all(shot.right is not None for shot in seen)
    assert inspect(target).duration == pytest.approx(timedelta(seconds=2), abs=timedelta(0, 0.05))


def test_a_movie_has_what_was_wanted_and_no_more(parts: Path, target: Path) -> None:
    lefts = [part(parts, clock(30, 0, 2)), part(parts, clock(30, 2, 4))]
    rights = [part(parts, clock(30, 0, 4)), part(parts, clock(30, 5, 6))]
    wanted = plan(lefts, rights, since=at(1.5), until=at(3))

    made = merged(wanted, target)

    seen = shots(target)
    assert made.began == at(1.5)
    assert len(seen) == 45
    assert seen[0].left == seen[0].right == pytest.approx(1500, abs=20)
    assert seen[-1].left == pytest.approx(3000 - FRAME, abs=20)


# What is written


def test_a_movie_plays_everywhere(parts: Path, target: Path) -> None:
    tags = (1, 1, 1)
    lefts, rights = ([part(parts, clock(15, 0, 5), tags=tags)] for _ in range(2))

    merged(plan(lefts, rights), target)

    assert boxes(target)[:2] == ["ftyp", "moov"]
    with av.open(str(target)) as file:
        codec: Any = file.streams.video[0].codec_context
        assert (codec.name, codec.profile, codec.pix_fmt) == ("h264", "High", "yuv420p")
        assert (codec.width, codec.height) == (640, 180)
        assert (codec.colorspace, codec.color_primaries, codec.color_trc) == tags
        assert file.streams.video[0].average_rate == 15
    seen = shots(target)
    assert [shot.at for shot in seen] == pytest.approx([n / 15 for n in range(75)], abs=1e-4)
    assert [shot.at for shot in seen if shot.is_key] == [0, 2, 4]


def test_no_movie_has_more_than_thirty_pictures_a_second(parts: Path, target: Path) -> None:
    lefts, rights = [part(parts, clock(60, 0, 1))], [part(parts, clock(5, 0, 1))]

    merged(plan(lefts, rights), target)

    assert len(shots(target)) == 30


def test_a_movie_has_no_more_bits_than_it_may(parts: Path, target: Path) -> None:
    lefts, rights = ([part(parts, clock(30, 0, 4), crf=1)] for _ in range(2))

    merged(plan(lefts, rights), target, bitrate=60_000)

    assert inspect(target).size * 8 < 4 * 60_000 + 2 * 60_000 + 100_000 * 8


@pytest.mark.parametrize("pixels", ["yuvj420p", "yuv444p"])
def test_every_picture_is_as_bright_as_before(parts: Path, target: Path, pixels: str) -> None:
    lefts = [part(parts, clock(10, 0, 1), pixels=pixels, tags=(5, 5, 6))]
    rights = [part(parts, clock(10, 0, 1), tags=(5, 5, 6))]

    merged(plan(lefts, rights), target)

    for picture in greys(target):
        edges = [picture[10, side].mean() for side in (slice(20, 300), slice(340, 620))]
        assert edges[0] == pytest.approx(edges[1], abs=3)


def test_pictures_of_other_colours_are_made_the_same(parts: Path, target: Path) -> None:
    lefts = [part(parts, clock(10, 0, 1), tags=(1, 1, 1))]
    rights = [part(parts, clock(10, 0, 1), tags=(5, 5, 6))]

    merged(plan(lefts, rights), target)

    seen = shots(target)
    assert [shot.right for shot in seen] == [shot.left for shot in seen]


# Cameras of every shape


SHAPES = {
    "smaller": ((320, 180), (160, 90), (640, 180)),
    "upright": ((320, 180), (180, 320), (748, 320)),
    "other": ((320, 180), (320, 240), (746, 240)),
}


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_two_pictures_side_by_side_are_equally_high(
    parts: Path, target: Path, shape: tuple[tuple[int, int], ...]
) -> None:
    left, right, size = shape
    parts_of = [[part(parts, clock(10, 0, 0.5), size=each)] for each in (left, right)]

    merged(plan(*parts_of), target)

    clip = inspect(target)
    assert (clip.width, clip.height) == size


def test_no_picture_is_higher_than_it_may_be(parts: Path, target: Path) -> None:
    lefts, rights = ([part(parts, clock(10, 0, 0.5))] for _ in range(2))

    merged(plan(lefts, rights), target, height=90)

    clip = inspect(target)
    assert (clip.width, clip.height) == (320, 90)


def test_a_camera_whose_picture_changes_keeps_its_place(parts: Path, target: Path) -> None:
    lefts = [part(parts, clock(10, 0, 1)), part(parts, clock(10, 1, 2), size=(160, 120))]
    rights = [part(parts, clock(10, 0, 2))]

    merged(plan(lefts, rights), target)

    pictures = list(greys(target))
    assert {picture.shape for picture in pictures} == {(180, 640)}
    assert pictures[15][20, 10] < 30
    assert pictures[15][20, 160] == pytest.approx(90, abs=12)
    assert shots(target)[15].right == pytest.approx(1500, abs=60)


CORNERS = {
    "top_left": (slice(8, 53), slice(8, 88)),
    "top_right": (slice(8, 53), slice(232, 312)),
    "bottom_left": (slice(128, 173), slice(8, 88)),
    "bottom_right": (slice(128, 173), slice(232, 312)),
}


@pytest.mark.parametrize("corner", CORNERS)
def test_one_picture_is_in_a_corner_of_the_other(parts: Path, target: Path, corner: Any) -> None:
    lefts = [part(parts, clock(10, 0, 0.5))]
    rights = [part(parts, clock(10, 0, 0.5), size=(640, 360))]
    inside = plan(lefts, rights, layout=Layout.PICTURE_IN_PICTURE, corner=corner)

    merged(inside, target)

    last = list(greys(target))[-1]
    assert last.shape == (180, 320)
    assert read(last) == read(last[CORNERS[corner]]) == pytest.approx(400, abs=10)


def test_an_upright_picture_in_a_corner_leaves_the_other_to_be_seen(
    parts: Path, target: Path
) -> None:
    lefts = [part(parts, clock(10, 0, 0.5))]
    rights = [part(parts, clock(10, 0, 0.5), size=(90, 320))]

    merged(plan(lefts, rights, layout=Layout.PICTURE_IN_PICTURE), target)

    assert list(greys(target))[-1].shape == (180, 320)


def test_two_pictures_that_overlap_become_one_wide_one(parts: Path, target: Path) -> None:
    pytest.importorskip("cv2")
    both = ([part(parts, clock(10, 0, 0.5))] for _ in range(2))

    merged(wide(plan(*both), 160), target)

    last = list(greys(target))[-1]
    assert last.shape == (pytest.approx(180, abs=8), pytest.approx(480, abs=8))


def test_two_pictures_that_do_not_overlap_are_to_be_calibrated_again(
    parts: Path, target: Path
) -> None:
    pytest.importorskip("cv2")
    both = ([part(parts, clock(10, 0, 0.5))] for _ in range(2))

    with pytest.raises(PanoramaUnavailable, match="calibrate"):
        merged(wide(plan(*both), 5000), target)


# Sound


def test_the_sound_is_the_left_ones_as_it_was_recorded_and_cut_at_the_same_times(
    parts: Path, target: Path
) -> None:
    lefts = [
        part(parts, clock(30, since, until), sound="aac") for since, until in ((0, 2), (1.5, 3))
    ]
    rights = [part(parts, clock(30, 0, 3), sound="aac", size=(160, 90))]

    merged(plan(lefts, rights), target)

    heard = packets(target, "audio")
    first, second = (packets(each.path, "audio") for each in lefts)
    assert [data for _, data in heard] == [
        *(data for moment, data in first if 0 <= moment < 1.5),
        *(data for moment, data in second if 0 <= moment < 1.5),
    ]
    times = [moment for moment, _ in heard]
    assert times[0] == 0
    assert np.diff(times).max() < 0.05


def test_if_the_left_one_is_mute_the_right_one_is_heard(parts: Path, target: Path) -> None:
    lefts = [part(parts, clock(15, 0, 2))]
    rights = [part(parts, clock(15, 0.5, 2), sound="aac")]

    merged(plan(lefts, rights), target)

    times = [moment for moment, _ in packets(target, "audio")]
    assert times[0] == pytest.approx(0.5, abs=0.05)
    assert times[-1] == pytest.approx(1.9, abs=0.1)


@pytest.mark.parametrize("sound", ["mp3", "ac3"])
def test_a_sound_that_cannot_be_copied_is_left_out(parts: Path, target: Path, sound: str) -> None:
    lefts = [part(parts, clock(15, 0, 1), sound=sound)]
    rights = [part(parts, clock(15, 0, 1))]

    merged(plan(lefts, rights), target)

    with av.open(str(target)) as file:
        assert not file.streams.audio


# One camera alone


def test_one_camera_alone_is_copied(parts: Path, target: Path) -> None:
    lefts = [
        part(parts, clock(30, since, until), sound="aac") for since, until in ((0, 2), (1.5, 3))
    ]
    done: list[float] = []

    made = merge(plan(lefts), MergeOptions(), target, done.append)

    assert made == Made(began=at(0), cameras=("left",), skipped=(), moved=False)
    assert boxes(target)[:2] == ["ftyp", "moov"]
    copies = packets(target)
    first, second = (packets(each.path) for each in lefts)
    assert [data for _, data in copies] == [
        *(data for moment, data in first if moment < 1.5),
        *(data for _, data in second),
    ]
    assert np.diff([moment for moment, _ in copies]).max() < 0.04
    assert done == [0, 0.5]


def test_one_camera_whose_parts_differ_is_encoded_anew(parts: Path, target: Path) -> None:
    lefts = [part(parts, clock(10, 0, 1)), part(parts, clock(10, 1, 2), size=(160, 90))]

    merged(plan(lefts), target)

    assert [read(picture) for picture in greys(target)] == pytest.approx(
        [number * 100 for number in range(20)], abs=20
    )
    assert inspect(target).width == 320


def test_one_camera_that_records_no_h264_is_encoded_anew(parts: Path, target: Path) -> None:
    lefts = [part(parts, clock(10, 0, 1), codec="mjpeg", pixels="yuvj420p")]

    merged(plan(lefts), target)

    assert inspect(target).codec == "h264"


def test_if_one_camera_failed_the_other_is_delivered_alone(parts: Path, target: Path) -> None:
    broken = part(parts, clock(10, 0, 1), "broken")
    broken.path.write_bytes(b"no video at all" * 100)
    rights = [part(parts, clock(10, 0, 1))]

    made = merged(plan([broken], rights), target)

    assert made.cameras == ("right",)
    assert made.skipped == (broken.path,)
    assert packets(target) == packets(rights[0].path)


# What is broken


def test_a_part_that_cannot_be_seen_is_skipped_and_named(parts: Path, target: Path) -> None:
    lefts = [part(parts, clock(10, each, each + 1), f"left {each}") for each in range(3)]
    rights = [part(parts, clock(10, 0, 3))]
    lefts[1].path.unlink()

    made = merged(plan(lefts, rights), target)

    assert made.skipped == (lefts[1].path,)
    assert made.cameras == ("left", "right")
    seen = shots(target)
    assert seen[25].left == seen[25].right == pytest.approx(2500, abs=60)


@pytest.mark.parametrize("alone", [True, False], ids=["alone", "both"])
def test_what_is_left_of_a_part_that_breaks_off_is_shown(
    parts: Path, target: Path, alone: bool
) -> None:
    lefts = [part(parts, clock(30, 0, 2), "torn", crf=1), part(parts, clock(30, 2, 3))]
    with lefts[0].path.open("r+b") as file:
        _spoil(file, packets(lefts[0].path)[40:])
    rights = None if alone else [part(parts, clock(30, 0, 3))]

    made = merged(plan(lefts, rights), target)

    assert made.skipped == ()
    assert inspect(target).duration.total_seconds() == pytest.approx(3, abs=0.1)


@pytest.mark.parametrize("alone", [True, False], ids=["alone", "both"])
def test_what_came_of_a_part_before_its_file_ends_is_shown(
    parts: Path, target: Path, alone: bool
) -> None:
    lefts = [part(parts, clock(30, 0, 2), "torn", crf=1), part(parts, clock(30, 2, 3))]
    os.truncate(lefts[0].path, lefts[0].path.stat().st_size * 3 // 4)
    rights = None if alone else [part(parts, clock(30, 0, 3))]

    made = merged(plan(lefts, rights), target)

    assert made.skipped == ()
    assert inspect(target).duration.total_seconds() == pytest.approx(3, abs=0.1)


def _spoil(file: Any, spoilt: list[tuple[float, bytes]]) -> None:
    """Write nonsense over some packets."""
    data = file.read()
    for _, packet in spoilt:
        place = data.index(packet)
        file.seek(place + 5)
        file.write(b"\xa5" * (len(packet) - 5))


def test_without_any_picture_there_is_no_movie(parts: Path, target: Path) -> None:
    empty = part(parts, clock(10, 0, 1), "empty")
    empty.path.write_bytes(b"")

    with pytest.raises(NotPlayable, match="anything to see"):
        merged(plan([empty], []), target)
    with pytest.raises(NotPlayable, match="anything to see"):
        merged(plan([part(parts, clock(10, 0, 1))], since=at(30)), target)


def test_a_folder_that_is_gone_is_no_fault_of_the_video(parts: Path, tmp_path: Path) -> None:
    both = [part(parts, clock(10, 0, 1))], [part(parts, clock(10, 0, 1))]

    with pytest.raises(OSError, match="No such file"):
        merged(plan(*both), tmp_path / "missing" / "movie.mp4")


# Plans


def test_a_plan_can_be_handed_over(parts: Path) -> None:
    both = [part(parts, clock(10, 0, 1))], [part(parts, clock(10, 0, 1))]
    for each in (plan(*both), plan(both[0], layout=Layout.SEPARATE)):
        assert MergePlan.from_json(each.as_json()) == each


def test_two_cameras_that_stay_separate_are_two_movies(parts: Path) -> None:
    with pytest.raises(ValueError, match="plan each by itself"):
        replace(plan([], []), layout=Layout.SEPARATE)


def test_the_film_is_what_the_test_thinks_it_is(parts: Path) -> None:
    times = clock(30, 1, 2, jitter=0.004)

    film = part(parts, times)

    assert [read(picture) for picture in greys(film.path)] == [*times]
    assert recorded(tuple(times)) == film.path.read_bytes()
