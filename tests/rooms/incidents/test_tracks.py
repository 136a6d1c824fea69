"""Who is who from frame to frame: scenes as tables, and what holds for all of them."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.gatehouse.incidents.track import MOST_POINTS, Track, TrackRules
from custom_components.gatehouse.incidents.tracks import (
    FORGOTTEN,
    MOST_TRACKS,
    RESTING,
    Tracks,
    faded,
    followed,
    present,
    seen_now,
    settled,
    unwatched,
)
from custom_components.gatehouse.models import Box, Detection

DUSK = datetime(2026, 11, 20, 18, tzinfo=UTC)
RULES = TrackRules()
AT_ONCE = TrackRules(needed=1, of=1)
BRIEF = replace(AT_ONCE, gone_after=timedelta(seconds=1))
WIDTH, HEIGHT = 0.06, 0.3

Frame = tuple[Detection, ...]


def at(
    x: float,
    y: float = 0.5,
    *,
    score: float = 0.8,
    label: str = "person",
    width: float = WIDTH,
    height: float = HEIGHT,
) -> Detection:
    """Find somebody around this point."""
    box = Box(x - width / 2, y - height / 2, x + width / 2, y + height / 2)
    return Detection(label=label, score=score, box=box)


def moment(second: float) -> datetime:
    return DUSK + timedelta(seconds=second)


def play(
    frames: Sequence[Frame],
    tracks: Tracks | None = None,
    *,
    fps: float = 5.0,
    begins: float = 0.0,
    rules: TrackRules = RULES,
) -> list[Tracks]:
    """Return the tracks after each frame."""
    passed = []
    tracks = tracks or Tracks()
    for number, found in enumerate(frames):
        second = begins + number / fps
        tracks = followed(tracks, found, moment(second), now=second, rules=rules)
        passed.append(tracks)
    return passed


def people(passed: list[Tracks]) -> set[int]:
    """Return the numbers of all who were there for sure at any time."""
    return {track.id for tracks in passed for track in present(tracks)}


def one(tracks: Tracks) -> Track:
    (track,) = tracks.live
    return track


def standing(frames: int = 5) -> Tracks:
    """Return a view in which somebody has just been standing, for so many frames."""
    return play([(at(0.5),)] * frames)[-1]


# --- confirmation ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shown", "confirmed"),
    [
        ("x", False),
        ("xx", False),
        ("xxx", True),
        ("x.x.x", True),
        ("xx..x", True),
        ("x..x..x", False),
        ("xx...", False),
        ("x...x", False),
    ],
)
def test_three_of_five_frames_confirm(shown: str, confirmed: bool) -> None:
    frames = [(at(0.5),) if each == "x" else () for each in shown]
    assert bool(people(play(frames))) is confirmed


@pytest.mark.parametrize(
    ("scores", "confirmed"),
    [
        ([0.66, 0.66, 0.66], True),
        ([0.65, 0.65, 0.65], True),
        ([0.4, 0.7, 0.8], True),
        ([0.4, 0.6, 0.9], False),
        ([0.4, 0.9, 0.4, 0.4, 0.9], False),
        ([0.4, 0.4, 0.4, 0.9, 0.9, 0.9], True),
    ],
)
def test_the_median_of_the_scores_must_be_certain(scores: list[float], confirmed: bool) -> None:
    frames = [(at(0.5, score=score),) for score in scores]
    assert bool(people(play(frames))) is confirmed


def test_a_single_picture_confirms_where_one_is_all_there_is() -> None:
    (tracks,) = play([(at(0.5),)], rules=AT_ONCE)
    assert one(tracks).is_news


def test_a_doubtful_single_picture_confirms_nobody() -> None:
    (tracks,) = play([(at(0.5, score=0.4),)], rules=AT_ONCE)
    assert present(tracks) == ()


def test_a_false_box_that_flickers_is_never_confirmed() -> None:
    frames = [(at(0.5 + 0.01 * (n % 3), score=0.36 + 0.1 * (n % 3)),) for n in range(500)]
    assert people(play(frames)) == set()


def test_who_was_certain_once_stays_so_with_worse_scores() -> None:
    passed = play([(at(0.5),)] * 3 + [(at(0.5, score=0.36),)] * 20)
    assert present(passed[-1])


def test_what_nobody_confirmed_is_forgotten_after_five_frames_without_it() -> None:
    passed = play([(at(0.5),)] + [()] * 5)
    assert [len(tracks.live) for tracks in passed] == [1, 1, 1, 1, 1, 0]


@pytest.mark.parametrize(("needed", "of"), [(0, 5), (6, 5)])
def test_rules_that_confirm_nobody_are_refused(needed: int, of: int) -> None:
    with pytest.raises(ValueError, match="can never confirm anybody"):
        TrackRules(needed=needed, of=of)


# --- one person is one track ----------------------------------------------------------------------


@pytest.mark.parametrize("fps", [1.0, 2.0, 5.0])
def test_who_walks_through_the_picture_is_one_person(fps: float) -> None:
    # Half a metre wide, 1.4 m/s: 2.8 widths a second, the whole picture in 6 seconds.
    frames = [(at(n / fps * 2.8 * WIDTH),) for n in range(round(6 * fps))]
    assert people(play(frames, fps=fps)) == {1}


@pytest.mark.parametrize("fps", [1.0, 5.0])
def test_who_walks_behind_a_post_for_three_seconds_is_one_person(fps: float) -> None:
    before: list[Frame] = [(at(0.3 + 0.07 * n / fps),) for n in range(round(4 * fps))]
    behind: list[Frame] = [()] * round(3 * fps)
    after: list[Frame] = [(at(0.55 + 0.07 * n / fps),) for n in range(round(4 * fps))]
    passed = play(before + behind + after, fps=fps)
    assert people(passed) == {1}
    assert all(len(present(tracks)) == 1 for tracks in passed[2:])


def test_two_people_who_cross_remain_two() -> None:
    frames = [(at(0.2 + 0.02 * n), at(0.8 - 0.02 * n, 0.53)) for n in range(30)]
    passed = play(frames)
    assert people(passed) == {1, 2}
    assert all(len(present(tracks)) == 2 for tracks in passed[2:])


def test_two_people_who_hide_each_other_while_they_cross_remain_two() -> None:
    frames: list[Frame] = [(at(0.2 + 0.02 * n), at(0.8 - 0.02 * n)) for n in range(30)]
    hidden = [found[:1] if abs(n - 15) <= 2 else found for n, found in enumerate(frames)]
    passed = play(hidden)
    assert people(passed) == {1, 2}
    assert len(present(passed[-1])) == 2


@pytest.mark.parametrize(
    "double",
    [
        at(0.505, 0.51, score=0.5),
        at(0.5, 0.42, score=0.5, height=HEIGHT / 3),
        at(0.5, score=0.5, width=0.12, height=0.45),
    ],
    ids=["nearly the same", "the head and shoulders", "with all that is carried"],
)
def test_a_second_box_of_the_same_person_is_nobody_new(double: Detection) -> None:
    assert people(play([(at(0.5), double)] * 10)) == {1}


def test_a_box_of_another_kind_is_no_double() -> None:
    frame = (at(0.5), at(0.5, 0.55, label="dog", height=0.2))
    assert {track.label for track in standing_by(frame)} == {"person", "dog"}


def standing_by(frame: Frame) -> tuple[Track, ...]:
    return present(play([frame] * 3)[-1])


def test_a_dog_never_goes_on_with_the_track_of_a_person() -> None:
    passed = play([(at(0.5),)] * 3 + [(at(0.5, label="dog"),)] * 3)
    assert [track.label for track in present(passed[-1])] == ["person", "dog"]


def test_who_appears_at_the_other_end_is_somebody_else() -> None:
    passed = play([(at(0.1),)] * 3 + [(at(0.9),)] * 3)
    assert len(present(passed[-1])) == 2


def test_something_of_another_size_is_something_else() -> None:
    small = at(0.6, 0.4, width=0.02, height=0.1)
    passed = play([(at(0.5),)] * 3 + [(small,)] * 3)
    assert len(present(passed[-1])) == 2


def test_a_box_without_any_size_is_followed_nowhere() -> None:
    flat = Detection(label="person", score=0.9, box=Box(0.5, 0.5, 0.5, 0.5))
    assert len(play([(flat,)] * 3)[-1].live) == 3


# --- coming and leaving ---------------------------------------------------------------------------


def test_who_has_left_is_there_for_five_seconds_more() -> None:
    passed = play([()] * 40, standing(), begins=1.0)
    there = [number / 5 for number, tracks in enumerate(passed) if present(tracks)]
    # The last frame that showed somebody was at 0.8 s, the first without at 1.0 s.
    assert there[-1] == pytest.approx(4.6)


def test_at_a_slow_pace_it_takes_three_frames_to_have_left() -> None:
    passed = play([()] * 4, standing(), begins=15.0, fps=1 / 15)
    assert [len(present(tracks)) for tracks in passed] == [1, 1, 0, 0]


def test_who_has_left_is_gone_without_another_frame() -> None:
    tracks = play([()] * 5, standing(), begins=1.0)[-1]
    assert [bool(faded(tracks, now=now, rules=RULES).live) for now in (2, 5.7, 5.9)] == [
        True,
        True,
        False,
    ]


def test_a_camera_that_falls_silent_keeps_people_for_a_while_and_then_forgets() -> None:
    tracks = standing()
    late = one(tracks).heard + FORGOTTEN.total_seconds()
    assert faded(tracks, now=late - 0.1, rules=RULES) == tracks
    assert faded(tracks, now=late, rules=RULES).live == ()


def test_who_is_seen_after_a_long_silence_is_somebody_new() -> None:
    (tracks,) = play([(at(0.5),)], standing(), begins=500.0)
    assert (one(tracks).id, one(tracks).confirmed) == (2, False)


def test_only_those_whom_the_frame_showed_are_seen_now() -> None:
    passed = play([(at(0.2), at(0.8))] * 3 + [(at(0.8),), (at(0.8), at(0.5))])
    assert [track.id for track in seen_now(passed[3], moment(0.6))] == [2]
    # Who came only just is not there for sure.
    assert [track.id for track in seen_now(passed[4], moment(0.8))] == [2]
    assert [track.id for track in present(passed[4])] == [1, 2]


def test_a_track_tells_where_and_when_and_shows_its_best() -> None:
    best = at(0.52, score=0.95, width=0.08, height=0.4)
    (*_, tracks) = play([(at(0.5),), (best,), (), (at(0.54),)])
    track = one(tracks)
    assert (track.first, track.last, track.heard) == (moment(0), moment(0.6), 0.6)
    assert track.best == best
    assert track.box == at(0.54).box
    assert track.hits == (True, True, False, True)
    assert track.scores == (0.8, 0.95, 0.8)
    assert [round(x, 6) for x, _ in track.path] == [0.5, 0.52, 0.54]
    assert [round(y, 6) for _, y in track.path] == [0.65, 0.7, 0.65]


def test_who_stands_still_makes_no_path() -> None:
    assert len(one(standing(frames=100)).path) <= 2


def test_a_long_path_is_thinned_and_keeps_its_ends() -> None:
    frames = [(at(0.2 + 0.6 * abs((n % 40) / 20 - 1)),) for n in range(500)]
    path = one(play(frames)[-1]).path
    assert len(path) <= MOST_POINTS
    assert path[0] == pytest.approx((0.8, 0.65))
    assert path[-1] == pytest.approx((frames[-1][0].box.left + WIDTH / 2, 0.65))


# --- what has settled -----------------------------------------------------------------------------


def test_who_stays_when_the_incident_has_ended_is_there_but_no_news() -> None:
    passed = play([(at(0.5),)] * 50, settled(standing()), begins=1.0)
    assert [track.is_news for track in present(passed[-1])] == [False]


def test_what_nobody_confirmed_does_not_settle() -> None:
    passed = play([(at(0.5),)] * 2, settled(standing(frames=1)), begins=0.2)
    assert one(passed[-1]).is_news


def test_who_walks_on_is_news_again() -> None:
    passed = play([(at(0.5 + 0.01 * n),) for n in range(20)], settled(standing()), begins=1.0)
    assert one(passed[-1]).is_news
    assert one(passed[-1]).id == 1


def test_a_box_that_shakes_once_is_no_news() -> None:
    frames = [(at(0.5 + 0.05 * (n % 2)),) for n in range(20)]
    assert not any(one(tracks).is_news for tracks in play(frames, settled(standing()), begins=1.0))


def test_who_joins_what_has_settled_is_news() -> None:
    passed = play([(at(0.5), at(0.8))] * 3, settled(standing()), begins=1.0)
    assert [track.is_news for track in present(passed[-1])] == [False, True]


def test_what_is_lost_and_found_again_in_its_place_is_no_news() -> None:
    lost = play([()] * 60, settled(standing()), begins=1.0)[-1]
    assert lost.live == ()
    found = play([(at(0.505),)] * 5, lost, begins=300.0)[-1]
    assert [track.is_news for track in present(found)] == [False]
    assert found.resting == ()


def test_what_flickers_in_its_place_of_rest_stays_no_news() -> None:
    tracks = settled(standing())
    for minute in range(1, 60):
        tracks = play([(at(0.5),)] * 4 + [()] * 40, tracks, begins=60.0 * minute)[-1]
    found = play([(at(0.5),)] * 5, tracks, begins=3600.0)[-1]
    assert [track.is_news for track in present(found)] == [False]


def test_one_doubtful_frame_refreshes_a_place_of_rest() -> None:
    lost = play([()] * 60, settled(standing()), begins=1.0)[-1]
    seen = play([(at(0.5),)] + [()] * 10, lost, begins=500.0)[-1]
    assert [place.until for place in seen.resting] == [
        pytest.approx(501.0 + RESTING.total_seconds(), abs=1)
    ]


def test_a_car_that_is_lost_all_night_is_no_news_in_the_morning() -> None:
    car = (at(0.5, label="car"),)
    parked = settled(play([car] * 5)[-1])
    night = play([()] * 60, parked, begins=1.0)[-1]
    assert night.live == ()
    morning = play([car] * 5, night, begins=10 * 3600.0)[-1]
    assert [track.is_news for track in present(morning)] == [False]


def test_what_had_settled_is_no_news_when_we_look_again() -> None:
    away = unwatched(settled(standing()), now=10.0)
    assert away.live == ()
    back = play([(at(0.505),)] * 5, away, begins=20.0)[-1]
    assert [track.is_news for track in present(back)] == [False]


def test_who_was_news_is_news_again_when_we_look_again() -> None:
    back = play([(at(0.505),)] * 5, unwatched(standing(), now=10.0), begins=20.0)[-1]
    assert one(back).is_news
    assert one(back).id == 2


def test_two_looks_that_are_far_apart_show_the_same() -> None:
    tracks = settled(standing())
    for look in range(1, 10):
        tracks = play([(at(0.5),)], tracks, begins=121.0 * look)[-1]
        assert people([tracks]) == {1}


@pytest.mark.parametrize(
    ("found", "later"),
    [
        (at(0.9), 100.0),
        (at(0.5, label="dog"), 100.0),
        (at(0.5), RESTING.total_seconds() + 60),
    ],
    ids=["elsewhere", "another kind", "after a long time"],
)
def test_what_appears_otherwise_is_news(found: Detection, later: float) -> None:
    lost = play([()] * 60, settled(standing()), begins=1.0)[-1]
    passed = play([(found,)] * 3, lost, begins=later)
    assert [track.is_news for track in present(passed[-1])] == [True]


# --- what holds for all ---------------------------------------------------------------------------

places = st.tuples(
    st.floats(0.05, 0.95),
    st.floats(0.2, 0.8),
    st.floats(0.02, 0.3),
    st.floats(0.05, 0.4),
    st.floats(0.1, 1.0),
    st.sampled_from(["person", "dog"]),
)
detections = places.map(
    lambda each: at(each[0], each[1], width=each[2], height=each[3], score=each[4], label=each[5])
)
films = st.lists(st.lists(detections, max_size=6).map(tuple), max_size=25)


@given(films, st.sampled_from([0.1, 1.0, 5.0]))
def test_numbers_are_never_used_twice_and_everything_is_bounded(
    frames: list[Frame], fps: float
) -> None:
    first: dict[int, datetime] = {}
    for tracks in play(frames, fps=fps):
        numbers = [track.id for track in tracks.live]
        assert numbers == sorted(set(numbers))
        assert all(first.setdefault(each.id, each.first) == each.first for each in tracks.live)
        assert all(number < tracks.next_id for number in numbers)
        assert all(len(track.path) <= MOST_POINTS for track in tracks.live)
        assert all(len(track.hits) <= RULES.of for track in tracks.live)
        assert all(sum(track.hits) >= 1 for track in tracks.live if not track.confirmed)


@given(films, st.randoms(use_true_random=False))
def test_the_order_of_what_is_found_makes_no_difference(
    frames: list[Frame], random: Random
) -> None:
    shuffled = [tuple(random.sample(found, len(found))) for found in frames]
    assert play(shuffled) == play(frames)


@given(films)
def test_empty_frames_confirm_nobody(frames: list[Frame]) -> None:
    passed = play(frames)
    before = people(passed)
    after = play([()] * 10, (passed or [Tracks()])[-1], begins=len(frames) / 5)
    assert people(after) <= before


@given(films)
def test_nobody_is_confirmed_by_fewer_frames_than_are_needed(frames: list[Frame]) -> None:
    hits: dict[int, int] = {}
    for number, tracks in enumerate(play(frames)):
        for track in tracks.live:
            hits[track.id] = hits.get(track.id, 0) + (track.last == moment(number / 5))
            assert not track.confirmed or hits[track.id] >= RULES.needed


@given(films)
def test_what_has_settled_is_no_news_however_it_is_looked_at(frames: list[Frame]) -> None:
    tracks = settled((play(frames) or [Tracks()])[-1])
    assert not any(track.is_news for track in tracks.live)
    assert settled(tracks) == tracks
    assert {track.id for track in present(faded(tracks, now=1e6, rules=RULES))} == set()


@settings(max_examples=50)
@given(
    # Of each five frames at most two miss.
    st.lists(st.sets(st.integers(0, 4), max_size=2), min_size=1, max_size=12),
    st.floats(-0.01, 0.01),
    st.sampled_from([1.0, 2.0, 5.0]),
)
def test_who_moves_slowly_is_one_track_though_frames_miss(
    missing: list[set[int]], step: float, fps: float
) -> None:
    missed = {5 * block + each for block, some in enumerate(missing) for each in some}
    frames = [() if n in missed else (at(0.5 + step * n),) for n in range(5 * len(missing))]
    passed = play(frames, fps=fps)
    assert people(passed) == {1}
    assert passed[-1].next_id == 2


def test_a_detector_gone_mad_is_bounded_and_drives_out_nobody() -> None:
    random = Random(1)
    tracks = settled(standing())
    for number in range(30):
        mad = tuple(
            at(random.uniform(0, 1), random.uniform(0, 1), width=0.01, height=0.02, score=0.4)
            for _ in range(100)
        )
        second = 1.0 + number / 5
        tracks = followed(tracks, (at(0.5), *mad), moment(second), now=second, rules=RULES)
        assert len(tracks.live) <= MOST_TRACKS
        assert tracks.live[0].id == 1


def test_places_of_rest_are_bounded() -> None:
    tracks = Tracks()
    for number in range(2 * MOST_TRACKS):
        found = at(0.1 + 0.08 * (number % 10), 0.2 + 0.05 * (number // 10), width=0.02, height=0.03)
        begins = 2.0 * number
        (tracks,) = play([(found,)], tracks, begins=begins, rules=BRIEF)
        tracks = play([()] * 6, settled(tracks), begins=begins + 0.2, rules=BRIEF)[-1]
    assert len(tracks.resting) == MOST_TRACKS


def test_what_never_moves_must_be_surer_than_what_does() -> None:
    still = play([(at(0.5, score=0.6),)] * 20)[-1]
    assert present(still) == ()
    sure = play([(at(0.5, score=0.7),)] * 3)[-1]
    assert len(present(sure)) == 1
    walker = play([(at(0.3 + 0.03 * step, score=0.6),) for step in range(8)])[-1]
    assert len(present(walker)) == 1
