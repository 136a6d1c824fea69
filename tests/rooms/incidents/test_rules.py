"""The decisions about incidents: values, and what holds for all of them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, strategies as st
import pytest

from custom_components.gatehouse.incidents import rules
from custom_components.gatehouse.incidents.rules import (
    LEVELS,
    IncidentOptions,
    NewsKind,
    Presence,
    Scene,
    agreed_count,
    assess,
    closed,
    is_over,
    is_worth_writing,
    looked,
    merit,
    news_between,
    next_recording,
    pace,
    recording_end,
    retry_delay,
)
from custom_components.gatehouse.models import (
    Assessment,
    Box,
    Detection,
    Incident,
    IncidentState,
    Level,
)

NOON = datetime(2026, 11, 18, 12, 0, tzinfo=UTC)
OPTIONS = IncidentOptions()
CAMERA = "9f2c41d07ab3/front"


def seconds(number: float) -> timedelta:
    return timedelta(seconds=number)


def person(score: float = 0.9, size: float = 0.2, label: str = "person") -> Detection:
    return Detection(label=label, score=score, box=Box(0.1, 0.1, 0.1 + size, 0.1 + size))


def incident(
    stay: float = 0.0, *, confirmed: bool = True, count: int = 1, started: datetime = NOON
) -> Incident:
    return Incident(
        id="one",
        camera=CAMERA,
        state=IncidentState.OPEN,
        started=started,
        last_seen=started + seconds(stay),
        confirmed=started if confirmed else None,
        labels=("person",),
        count=count,
        score=0.9,
    )


def played(counts: list[int], fps: float = 5.0, options: IncidentOptions = OPTIONS) -> list[Scene]:
    """Return the scene after each frame of one stretch, without any incident ending."""
    scenes = [Scene()]
    for number, count in enumerate(counts):
        captured = NOON + seconds(number / fps)
        scenes.append(
            looked(
                scenes[-1],
                (person(),) * count,
                captured,
                now=number / fps,
                blank=replace(incident(confirmed=False), started=captured, last_seen=captured),
                options=options,
            )
        )
    return scenes[1:]


def present(counts: list[int], fps: float = 5.0) -> list[bool]:
    return [scene.presence.present for scene in played(counts, fps)]


# --- Confirmation ---


@pytest.mark.parametrize(
    ("counts", "needed", "agreed"),
    [
        ((), 3, 0),
        ((1, 1), 3, 0),
        ((1, 1, 1), 3, 1),
        ((1, 0, 1, 0, 1), 3, 1),
        ((1, 0, 0, 0, 1), 3, 0),
        ((2, 1, 1, 0, 0), 3, 1),
        ((2, 2, 2, 1, 1), 3, 2),
        ((9,), 1, 9),
    ],
)
def test_so_many_frames_agree_on_so_many_objects(
    counts: tuple[int, ...], needed: int, agreed: int
) -> None:
    assert agreed_count(counts, needed) == agreed


@pytest.mark.parametrize(
    ("counts", "there"),
    [
        ([1, 1], [False, False]),
        ([1, 1, 1], [False, False, True]),
        ([1, 0, 1, 0, 1], [False, False, False, False, True]),
        ([1, 0, 0, 1, 0, 0, 1], [False] * 7),
        ([1, 1, 1, 0, 0, 0], [False, False, True, True, True, True]),
    ],
)
def test_somebody_is_there_when_three_of_five_frames_say_so(
    counts: list[int], there: list[bool]
) -> None:
    assert present(counts) == there


def test_who_is_unseen_for_five_seconds_has_left() -> None:
    there = present([1, 1, 1] + [0] * 30)

    assert there.count(True) == 25
    assert there[2:27] == [True] * 25


def test_one_empty_frame_of_a_slow_detector_is_not_somebody_leaving() -> None:
    assert present([1, 1, 1, 0, 1, 0], fps=0.1)[2:] == [True] * 4


def test_who_stands_still_is_confirmed_at_one_frame_a_second_too() -> None:
    assert present([1, 1, 1, 0, 0, 0, 0, 0], fps=1.0) == [False, False, *[True] * 5, False]


def test_who_returns_is_confirmed_anew() -> None:
    assert present([1, 1, 1] + [0] * 30 + [1, 1, 1])[-3:] == [False, False, True]


def test_a_double_box_in_one_frame_is_not_a_second_person() -> None:
    scenes = played([1, 1, 2, 1, 1, 1])

    assert {scene.presence.count for scene in scenes} == {0, 1}
    assert scenes[-1].incident is not None
    assert scenes[-1].incident.count == 1


def test_a_second_person_counts_as_soon_as_enough_frames_agree() -> None:
    scenes = played([1, 1, 1, 2, 2, 2, 1, 1, 1, 1])

    assert [scene.presence.count for scene in scenes] == [0, 0, 1, 1, 1, 2, 2, 2, 1, 1]
    assert scenes[-1].incident is not None
    assert scenes[-1].incident.count == 2


def test_an_incident_begins_with_the_first_sign_and_remembers_when_it_was_confirmed() -> None:
    scenes = played([0, 1, 0, 1, 1])

    assert scenes[0].incident is None
    assert scenes[1].incident is not None
    assert scenes[1].incident.confirmed is None
    assert scenes[1].incident.assessment is None
    last = scenes[4].incident
    assert last is not None
    assert last.started == NOON + seconds(0.2)
    assert last.confirmed == last.last_seen == NOON + seconds(0.8)
    assert last.assessment is not None


def test_an_incident_knows_every_label_and_the_best_score() -> None:
    scene = looked(
        Scene(),
        (person(0.5), person(0.8, label="dog"), person(0.6)),
        NOON,
        now=0,
        blank=incident(confirmed=False),
        options=OPTIONS,
    )

    assert scene.incident is not None
    assert scene.incident.labels == ("dog", "person")
    assert scene.incident.score == 0.9


@given(st.lists(st.integers(0, 3), max_size=60), st.integers(1, 5), st.integers(0, 5))
def test_nobody_is_ever_there_without_enough_frames(
    counts: list[int], needed: int, spare: int
) -> None:
    options = IncidentOptions(needed=needed, of=needed + spare)
    scenes = played(counts, options=options)

    began = [
        number
        for number, scene in enumerate(scenes)
        if scene.presence.present and not (number and scenes[number - 1].presence.present)
    ]
    for number in began:
        window = counts[max(0, number - options.of + 1) : number + 1]
        assert sum(count > 0 for count in window) >= needed
        assert counts[number] > 0
    for scene in scenes:
        assert scene.presence.present == (scene.presence.count > 0)


def test_numbers_that_can_never_confirm_are_refused() -> None:
    with pytest.raises(ValueError, match="6 of 5 frames"):
        IncidentOptions(needed=6, of=5)


# --- The end ---


def scene(stay: float = 0.0, *, confirmed: bool = True, counts: tuple[int, ...] = (1,)) -> Scene:
    """Return a scene whose first sign reached us at 1000 s and whose last so much later."""
    return Scene(
        counts=counts,
        presence=Presence(present=confirmed, count=int(confirmed)),
        incident=incident(stay, confirmed=confirmed),
        opened=1000.0,
        heard=1000.0 + stay,
    )


@pytest.mark.parametrize(
    ("what", "now", "captured", "over"),
    [
        (scene(), 1029.9, None, False),
        (scene(), 1030.0, None, True),
        (scene(60), 1089.9, None, False),
        (scene(60), 1090.0, None, True),
        (scene(80), 1089.9, 89.9, False),
        (scene(80), 1085.0, 90.0, True),
        (scene(10), 1010.2, 3610.2, True),
        (scene(10), 1010.2, -3589.8, True),
        (scene(10), 1010.2, 0.0, False),
        (scene(confirmed=False, counts=(1, 0, 0)), 1005.0, None, False),
        (scene(confirmed=False, counts=(1, 0, 0, 0)), 1004.9, None, False),
        (scene(confirmed=False, counts=(1, 0, 0, 0)), 1005.0, None, True),
        (scene(confirmed=False, counts=(1,)), 1030.0, None, True),
        (Scene(), 1030.0, None, True),
        (Scene(heard=1029.0), 1030.0, None, False),
    ],
)
def test_an_incident_ends_when_it_is_silent_or_long_enough(
    what: Scene, now: float, captured: float | None, over: bool
) -> None:
    at = None if captured is None else NOON + seconds(captured)

    assert is_over(what, now=now, captured=at, options=OPTIONS) is over


@given(
    st.floats(0, 80),
    st.floats(0, 40),
    st.sampled_from([-86400.0, -3600.0, -1.0, 0.0, 1.0, 3600.0, 86400.0]),
)
def test_how_far_the_agents_clock_is_off_makes_no_difference(
    stay: float, silence: float, skew: float
) -> None:
    def answer(off: float) -> bool:
        started = NOON + seconds(off)
        skewed = replace(scene(stay), incident=incident(stay, started=started))
        captured = started + seconds(stay) + seconds(silence)
        return is_over(skewed, now=1000 + stay + silence, captured=captured, options=OPTIONS)

    assert answer(skew) == answer(0)


@pytest.mark.parametrize(
    ("stay", "silence", "ended"), [(10, 30, 40), (85, 5, 90), (85, 40, 90), (10, 0, 10)]
)
def test_an_incident_ended_when_it_was_closed(stay: float, silence: float, ended: float) -> None:
    over = closed(incident(stay), IncidentState.CLOSED, seconds(silence), OPTIONS)

    assert over.state is IncidentState.CLOSED
    assert over.ended == NOON + seconds(ended)
    assert over.assessment is not None


def test_what_was_never_confirmed_is_never_assessed() -> None:
    over = closed(incident(confirmed=False), IncidentState.INTERRUPTED, seconds(1), OPTIONS)

    assert over.assessment is None


def test_who_was_seen_just_now_is_still_there_when_an_incident_ends() -> None:
    before = scene(80)

    assert rules.after(before, now=1084.0) == replace(before, incident=None)
    assert rules.after(before, now=1085.0) == Scene()


# --- Footage, pictures, pace ---


def test_footage_reaches_back_before_the_first_sign_and_on_after_the_last() -> None:
    span = next_recording(incident(10), None, OPTIONS)

    assert span == (NOON - seconds(5), NOON + seconds(15))


def test_footage_that_goes_on_is_not_asked_for_again() -> None:
    assert next_recording(incident(10), NOON + seconds(11), OPTIONS) is None


@pytest.mark.parametrize(("asked", "since"), [(10.5, 10.5), (0.0, 5.0)])
def test_who_returns_after_the_footage_ended_begins_another(asked: float, since: float) -> None:
    span = next_recording(incident(10), NOON + seconds(asked), OPTIONS)

    assert span == (NOON + seconds(since), NOON + seconds(15))


def test_footage_of_an_incident_is_never_longer_than_the_longest() -> None:
    options = IncidentOptions(longest=seconds(30))

    assert recording_end(incident(80), options) == NOON + seconds(25)
    assert next_recording(incident(80), NOON + seconds(25), options) is None


def test_a_short_post_roll_does_not_cut_footage_between_two_wishes() -> None:
    options = IncidentOptions(post_roll=seconds(0))

    assert recording_end(incident(10), options) - rules.REFRESH > NOON + seconds(10)


def test_a_large_and_sure_object_makes_the_better_picture() -> None:
    frames = [(), (person(0.9, 0.1),), (person(0.5, 0.2),), (person(0.4, 0.1), person(0.9, 0.2))]

    assert sorted(frames, key=merit) == frames
    assert merit(()) == 0


def test_who_moves_is_looked_at_more_often_than_who_stands_still() -> None:
    assert pace(True, OPTIONS) == 5.0
    assert pace(False, OPTIONS) == 1.0
    assert pace(False, IncidentOptions(fps=0.5)) == 0.5


@pytest.mark.parametrize(
    ("failures", "pause"), [(1, 1), (2, 2), (3, 4), (5, 16), (6, 30), (10000, 30)]
)
def test_pauses_double_until_half_a_minute(failures: int, pause: float) -> None:
    assert retry_delay(failures, seconds(1)) == seconds(pause)


# --- News ---

DOUBTED = incident(confirmed=False)
CONFIRMED = incident()
LONGER = incident(1.9)
RISKIER = replace(
    incident(), assessment=Assessment(risk=50, level=Level.MEDIUM, reasons=("at night",))
)
CLOSED = replace(incident(), state=IncidentState.CLOSED)
INTERRUPTED = replace(incident(), state=IncidentState.INTERRUPTED)


@pytest.mark.parametrize(
    ("before", "now", "news"),
    [
        (None, DOUBTED, [NewsKind.OPENED]),
        (None, CONFIRMED, [NewsKind.OPENED, NewsKind.CONFIRMED]),
        (None, CLOSED, [NewsKind.OPENED, NewsKind.CONFIRMED, NewsKind.CLOSED]),
        (DOUBTED, CONFIRMED, [NewsKind.CONFIRMED]),
        (DOUBTED, CLOSED, [NewsKind.CONFIRMED, NewsKind.CLOSED]),
        (CONFIRMED, LONGER, []),
        (CONFIRMED, replace(CONFIRMED, score=0.99), []),
        (CONFIRMED, incident(count=2), [NewsKind.UPDATED]),
        (CONFIRMED, RISKIER, [NewsKind.UPDATED]),
        (CONFIRMED, CLOSED, [NewsKind.CLOSED]),
        (CONFIRMED, INTERRUPTED, [NewsKind.INTERRUPTED]),
        (CLOSED, CLOSED, []),
    ],
)
def test_what_changed_is_what_is_told(
    before: Incident | None, now: Incident, news: list[NewsKind]
) -> None:
    assert news_between(before, now) == news


@pytest.mark.parametrize(
    ("before", "now", "worth"),
    [(None, CONFIRMED, False), (CONFIRMED, LONGER, False), (CONFIRMED, incident(2), True)],
)
def test_without_news_a_row_follows_time_at_leisure(
    before: Incident | None, now: Incident, worth: bool
) -> None:
    assert is_worth_writing(before, now) is worth


# --- Risk ---


@pytest.mark.parametrize(
    ("stay", "count", "hour", "risk", "reasons"),
    [
        (3, 1, 12, 20, ("A person was seen",)),
        (10, 1, 12, 25, ("A person was seen", "stayed 10 s")),
        (75, 1, 12, 45, ("A person was seen", "stayed 75 s")),
        (3, 2, 12, 35, ("A person was seen", "2 people at once")),
        (3, 1, 23, 50, ("A person was seen", "at night (23:10)")),
        (3, 1, 5, 50, ("A person was seen", "at night (05:10)")),
        (3, 1, 6, 20, ("A person was seen",)),
        (30, 1, 22, 65, ("A person was seen", "stayed 30 s", "at night (22:10)")),
        (
            60,
            4,
            2,
            100,
            ("A person was seen", "4 people at once", "stayed 60 s", "at night (02:10)"),
        ),
    ],
)
def test_the_risk_is_explained(
    stay: float, count: int, hour: int, risk: int, reasons: tuple[str, ...]
) -> None:
    found = assess(incident(stay, count=count), NOON.replace(hour=hour, minute=10))

    assert (found.risk, found.reasons) == (risk, reasons)


@pytest.mark.parametrize(
    ("stay", "count", "hour", "level"),
    [
        (3, 1, 12, Level.LOW),
        (60, 1, 12, Level.MEDIUM),
        (3, 1, 23, Level.MEDIUM),
        (60, 3, 12, Level.HIGH),
        (30, 1, 23, Level.HIGH),
        (60, 2, 23, Level.CRITICAL),
    ],
)
def test_the_level_is_as_bad_as_the_risk(stay: float, count: int, hour: int, level: Level) -> None:
    assert assess(incident(stay, count=count), NOON.replace(hour=hour)).level is level


@pytest.mark.parametrize(
    ("labels", "count", "risk", "reasons"),
    [
        (("car",), 1, 10, ("A car was seen",)),
        (("animal",), 1, 10, ("An animal was seen",)),
        (("car", "person"), 2, 35, ("A person was seen", "2 at once")),
        ((), 0, 0, ()),
    ],
)
def test_a_person_weighs_more_than_a_car(
    labels: tuple[str, ...], count: int, risk: int, reasons: tuple[str, ...]
) -> None:
    found = assess(replace(incident(count=count), labels=labels), NOON)

    assert (found.risk, found.reasons) == (risk, reasons)


def test_night_is_where_the_camera_is() -> None:
    midnight_in_tokyo = incident(started=datetime(2026, 11, 18, 15, 0, tzinfo=UTC))
    options = IncidentOptions(zone=ZoneInfo("Asia/Tokyo"))

    found = rules.assessed(midnight_in_tokyo, options).assessment

    assert found is not None
    assert "at night (00:00)" in found.reasons


STAYS = st.floats(0, 1000)
COUNTS = st.integers(0, 50)
HOURS = st.integers(0, 23)


@given(STAYS, COUNTS, HOURS)
def test_a_risk_is_from_0_to_100_and_its_level_fits(stay: float, count: int, hour: int) -> None:
    local = NOON.replace(hour=hour)
    found = assess(incident(stay, count=count), local)

    assert 0 <= found.risk <= 100
    assert LEVELS[found.level] <= found.risk
    assert all(floor > found.risk or floor <= LEVELS[found.level] for floor in LEVELS.values())
    assert found == assess(incident(stay, count=count), local)


@given(STAYS, STAYS, COUNTS, COUNTS, HOURS)
def test_more_people_who_stay_longer_are_never_less_risky(
    stay: float, longer: float, count: int, more: int, hour: int
) -> None:
    local = NOON.replace(hour=hour)
    less = assess(incident(min(stay, longer), count=min(count, more)), local)
    most = assess(incident(max(stay, longer), count=max(count, more)), local)

    assert less.risk <= most.risk


@given(STAYS, COUNTS, st.integers(6, 21), st.sampled_from([22, 23, 0, 1, 2, 3, 4, 5]))
def test_the_night_is_riskier_than_the_day(stay: float, count: int, day: int, night: int) -> None:
    what = incident(stay, count=count)

    assert assess(what, NOON.replace(hour=day)).risk < assess(what, NOON.replace(hour=night)).risk
