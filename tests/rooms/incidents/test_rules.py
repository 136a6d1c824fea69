"""The decisions about incidents: values, and what holds for all of them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given, strategies as st
import pytest

from custom_components.gatehouse.incidents.news import (
    REFRESH,
    NewsKind,
    is_due,
    is_worth_writing,
    news_between,
    severity,
)
from custom_components.gatehouse.incidents.nouns import Case, IncidentOptions, Sign
from custom_components.gatehouse.incidents.rules import (
    MOST_OF_A_KIND,
    begun,
    ended,
    frame_slot,
    goes_on,
    group_of,
    group_of_door,
    is_late,
    is_over,
    merit,
    next_recording,
    pace,
    recording_end,
    retry_delay,
    since_of,
    spans,
    with_passage,
    with_sign,
)
from custom_components.gatehouse.models import (
    Assessment,
    AssessmentState,
    Box,
    Detection,
    Group,
    Incident,
    IncidentState,
    Level,
    Passage,
    PassageKind,
    Sighting,
    Zone,
    ZoneKind,
)

NOON = datetime(2026, 11, 18, 12, 0, tzinfo=UTC)
OPTIONS = IncidentOptions()
FRONT, BACK, DOOR = "9f2c41d07ab3/front", "9f2c41d07ab3/back", "9f2c41d07ab3/door"
GATE = Group(id="gate", name="Gate", cameras=(FRONT, BACK), doors=(DOOR,))


def seconds(number: float) -> timedelta:
    return timedelta(seconds=number)


def at(number: float) -> datetime:
    return NOON + seconds(number)


def person(score: float = 0.9, size: float = 0.2, label: str = "person") -> Detection:
    return Detection(label=label, score=score, box=Box(0.1, 0.1, 0.1 + size, 0.1 + size))


def zone(name: str) -> Zone:
    return Zone(id=name, camera=FRONT, kind=ZoneKind.ZONE, name=name, points=())


def sign(moment: float, *shown: Detection, camera: str = FRONT, zones: str = "") -> Sign:
    return Sign(
        camera=camera,
        captured=at(moment),
        since=at(moment - 1),
        shown=shown or (person(),),
        zones=tuple(map(zone, zones.split())),
    )


def passage(moment: float, name: str = "one") -> Passage:
    return Passage(id=name, door=DOOR, kind=PassageKind.GRANTED, at=at(moment))


def incident(stay: float = 0.0, *, count: int = 1) -> Incident:
    """Return an incident that one camera saw."""
    seen = Sighting(camera=FRONT, first=NOON, last=at(stay), best=person())
    blank = begun("one", GATE, NOON)
    return replace(blank, last_seen=at(stay), labels=("person",), count=count, sightings=(seen,))


def risky(risk: int, level: Level) -> Incident:
    return replace(incident(), assessment=Assessment(risk=risk, level=level, reasons=()))


# --- Places ---


def test_a_camera_is_in_its_group_or_alone() -> None:
    options = IncidentOptions(groups=(GATE,))

    assert group_of(BACK, "Back", options) is GATE
    assert group_of("yard", "Yard", options) == Group(id="yard", name="Yard", cameras=("yard",))


def test_a_door_is_in_its_group_or_alone() -> None:
    options = IncidentOptions(groups=(GATE,))

    assert group_of_door(DOOR, "Front door", options) is GATE
    alone = Group(id="cellar", name="Cellar", doors=("cellar",))
    assert group_of_door("cellar", "Cellar", options) == alone


def test_numbers_that_can_never_confirm_are_refused() -> None:
    with pytest.raises(ValueError, match="6 of 5 frames"):
        IncidentOptions(needed=6, of=5)


# --- Signs ---


def test_an_incident_grows_with_each_sign() -> None:
    grown = with_sign(begun("one", GATE, NOON), sign(1, person(0.5), zones="Drive"))
    grown = with_sign(grown, sign(3, person(0.8), person(0.4, 0.1), zones="Lawn Drive"))
    grown = with_sign(grown, sign(4, person(0.9, 0.1, "dog"), camera=BACK))

    assert (grown.started, grown.last_seen) == (NOON, at(4))
    assert (grown.labels, grown.count, grown.zones) == (("dog", "person"), 2, ("Drive", "Lawn"))
    assert grown.sightings == (
        Sighting(camera=FRONT, first=NOON, last=at(3), best=person(0.8)),
        Sighting(camera=BACK, first=at(3), last=at(4), best=person(0.9, 0.1, "dog")),
    )


def test_the_best_detection_of_a_camera_stays() -> None:
    grown = with_sign(incident(), sign(2, person(0.95, 0.1)))

    assert grown.sightings[0].best == person()


def test_an_incident_begins_with_its_earliest_sign() -> None:
    grown = with_sign(incident(), sign(-4, camera=BACK))

    assert (grown.started, grown.last_seen) == (at(-5), NOON)


def test_an_incident_knows_each_passage_once() -> None:
    grown = with_passage(incident(), passage(5))
    grown = with_passage(grown, passage(5))
    grown = with_passage(grown, passage(-2, "two"))

    assert [each.id for each in grown.passages] == ["one", "two"]
    assert (grown.started, grown.last_seen) == (at(-2), at(5))


@given(
    st.lists(
        st.tuples(st.floats(-50, 50), st.sampled_from([FRONT, BACK]), st.integers(1, 5)),
        min_size=1,
    )
)
def test_whatever_the_order_of_signs_an_incident_spans_them_all(
    signs: list[tuple[float, str, int]],
) -> None:
    grown = begun("one", GATE, at(signs[0][0]))
    for moment, camera, count in signs:
        grown = with_sign(grown, sign(moment, *[person()] * count, camera=camera))

    moments = [moment for moment, _, _ in signs]
    assert grown.started == at(min(moments) - 1)
    assert grown.last_seen == at(max(moments))
    assert grown.count == max(count for _, _, count in signs)
    assert set(grown.cameras) == {camera for _, camera, _ in signs}
    for seen in grown.sightings:
        assert grown.started <= seen.first <= seen.last <= grown.last_seen


@pytest.mark.parametrize(
    ("firsts", "since"), [([-2, -1], -2), ([-60, -1], -10), ([0], 0), ([3600], 0)]
)
def test_a_sign_began_just_now_or_when_it_was_seen_first(firsts: list[float], since: float) -> None:
    assert since_of(map(at, firsts), NOON) == at(since)


# --- The end ---


@pytest.mark.parametrize(
    ("stay", "now", "over"),
    [
        (0, 1029.9, False),
        (0, 1030.0, True),
        (60, 1089.9, False),
        (60, 1090.0, True),
        (89, 1089.9, False),
        (89, 1090.0, True),
    ],
)
def test_an_incident_ends_when_it_is_silent_or_long_enough(
    stay: float, now: float, over: bool
) -> None:
    case = Case(incident=incident(stay), opened=1000.0, heard=1000.0 + stay)

    assert is_over(case, now=now, options=OPTIONS) is over


def test_of_a_door_at_which_everybody_comes_an_incident_names_only_so_many() -> None:
    busy = begun("busy", GATE, at(0))
    for second in range(2 * MOST_OF_A_KIND):
        busy = with_passage(busy, passage(second, f"{second}"))
    busy = with_passage(busy, replace(passage(500, "broken"), kind=PassageKind.FORCED))

    assert len(busy.passages) == MOST_OF_A_KIND + 1
    assert busy.passages[-1].kind is PassageKind.FORCED
    assert busy.last_seen == at(500)


@pytest.mark.parametrize(
    ("now", "late"), [(0, False), (89, False), (90, True), (3600, True), (-89, False), (-90, True)]
)
def test_what_happened_long_ago_is_no_sign_of_what_happens_now(now: float, late: bool) -> None:
    assert is_late(passage(0), at(now), OPTIONS) is late


@pytest.mark.parametrize(
    ("stay", "moment", "same"),
    [
        (10, 5, True),
        (10, 40, True),
        (10, 42, False),
        (10, -29, True),
        (10, -31, False),
        (899, 900, True),
        (901, 902, False),
    ],
)
def test_what_is_found_afterwards_goes_on_while_it_is_near_and_not_too_long(
    stay: float, moment: float, same: bool
) -> None:
    found = replace(incident(stay), replayed=True)

    assert goes_on(found, sign(moment), OPTIONS) is same


def test_what_was_seen_live_is_not_added_to_afterwards() -> None:
    assert not goes_on(incident(10), sign(5), OPTIONS)


@pytest.mark.parametrize(
    ("stay", "silence", "end"), [(10, 30, 40), (85, 5, 90), (85, 40, 90), (10, 0, 10), (95, 5, 95)]
)
def test_an_incident_ended_when_it_was_closed(stay: float, silence: float, end: float) -> None:
    over = ended(incident(stay), IncidentState.CLOSED, seconds(silence), OPTIONS)

    assert (over.state, over.ended) == (IncidentState.CLOSED, at(end))


@pytest.mark.parametrize(
    ("ask_model", "assessing"), [(True, AssessmentState.PENDING), (False, AssessmentState.NONE)]
)
def test_what_is_over_waits_for_the_language_model_if_there_is_one(
    ask_model: bool, assessing: AssessmentState
) -> None:
    options = IncidentOptions(ask_model=ask_model)

    assert ended(incident(), IncidentState.CLOSED, seconds(0), options).assessing is assessing


# --- Footage, pictures, pace ---


def test_each_camera_is_worth_recording_while_it_sees_something() -> None:
    both = with_sign(incident(10), sign(20, camera=BACK))

    assert spans(both, GATE) == {FRONT: (NOON, at(10)), BACK: (at(19), at(20))}


def test_all_cameras_of_a_group_are_worth_recording_while_somebody_is_at_its_door() -> None:
    at_the_door = with_passage(with_passage(incident(10), passage(15)), passage(18, "two"))

    assert spans(at_the_door, GATE) == {FRONT: (NOON, at(18)), BACK: (at(15), at(18))}


SPAN = (NOON, at(10))


def test_footage_reaches_back_before_the_first_sign_and_on_after_the_last() -> None:
    assert next_recording(SPAN, None, OPTIONS) == (at(-5), at(15))


def test_footage_that_goes_on_is_not_asked_for_again() -> None:
    assert next_recording(SPAN, at(11), OPTIONS) is None


@pytest.mark.parametrize(("asked", "since"), [(10.5, 10.5), (0.0, 5.0)])
def test_who_returns_after_the_footage_ended_begins_another(asked: float, since: float) -> None:
    assert next_recording(SPAN, at(asked), OPTIONS) == (at(since), at(15))


def test_footage_of_an_incident_is_never_longer_than_the_longest() -> None:
    options = IncidentOptions(longest=seconds(30))

    assert recording_end((NOON, at(80)), options) == at(25)
    assert next_recording((NOON, at(80)), at(25), options) is None


def test_a_short_post_roll_does_not_cut_footage_between_two_wishes() -> None:
    options = IncidentOptions(post_roll=seconds(0))

    assert recording_end(SPAN, options) - REFRESH > at(10)


@given(st.floats(0, 600), st.one_of(st.none(), st.floats(-60, 600)), st.floats(10, 300))
def test_a_recording_always_has_a_length_and_a_limit(
    stay: float, asked: float | None, longest: float
) -> None:
    options = IncidentOptions(longest=seconds(longest))
    wanted = next_recording((NOON, at(stay)), None if asked is None else at(asked), options)

    since, until = wanted or (NOON, at(1))
    assert since < until <= at(longest)


def test_a_large_and_sure_object_makes_the_better_picture() -> None:
    frames = [(), (person(0.9, 0.1),), (person(0.5, 0.2),), (person(0.4, 0.1), person(0.9, 0.2))]

    assert sorted(frames, key=merit) == frames
    assert merit(()) == 0


@pytest.mark.parametrize(("moment", "slot"), [(0, 0), (9.9, 0), (10, 1), (89, 8), (-1, -1)])
def test_each_ten_seconds_give_one_frame(moment: float, slot: int) -> None:
    assert frame_slot(incident(), at(moment)) == slot


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

OPEN = incident()
CLOSED = replace(OPEN, state=IncidentState.CLOSED)
INTERRUPTED = replace(OPEN, state=IncidentState.INTERRUPTED)


@pytest.mark.parametrize(
    ("before", "now", "retouched", "news"),
    [
        (None, OPEN, False, [NewsKind.CONFIRMED]),
        (None, OPEN, True, [NewsKind.CONFIRMED]),
        (None, CLOSED, False, [NewsKind.CONFIRMED, NewsKind.CLOSED]),
        (OPEN, incident(1.9), False, []),
        (OPEN, OPEN, True, [NewsKind.UPDATED]),
        (OPEN, incident(count=2), False, [NewsKind.UPDATED]),
        (OPEN, replace(OPEN, zones=("Drive",)), False, [NewsKind.UPDATED]),
        (OPEN, with_sign(OPEN, sign(1, camera=BACK)), False, [NewsKind.UPDATED]),
        (OPEN, with_passage(OPEN, passage(1)), False, [NewsKind.UPDATED]),
        (OPEN, risky(50, Level.MEDIUM), False, [NewsKind.UPDATED]),
        (OPEN, CLOSED, True, [NewsKind.CLOSED]),
        (OPEN, INTERRUPTED, False, [NewsKind.INTERRUPTED]),
        (CLOSED, CLOSED, False, []),
    ],
)
def test_what_changed_is_what_is_told(
    before: Incident | None, now: Incident, retouched: bool, news: list[NewsKind]
) -> None:
    assert news_between(before, now, retouched) == news


@pytest.mark.parametrize(
    ("before", "now", "worth"),
    [(None, OPEN, False), (OPEN, incident(1.9), False), (OPEN, incident(2), True)],
)
def test_without_news_a_row_follows_time_at_leisure(
    before: Incident | None, now: Incident, worth: bool
) -> None:
    assert is_worth_writing(before, now) is worth


def test_levels_are_compared_by_how_bad_they_are() -> None:
    worse = [OPEN, risky(20, Level.LOW), risky(40, Level.MEDIUM), risky(90, Level.CRITICAL)]

    assert [severity(each) for each in worse] == [0, 0, 1, 3]


MEDIUM = risky(40, Level.MEDIUM)
TOLD = replace(MEDIUM, notified=NOON)


@pytest.mark.parametrize(
    ("what", "last", "now", "due"),
    [
        (MEDIUM, None, 0, True),
        (MEDIUM, MEDIUM, 0, True),
        (MEDIUM, TOLD, 119, False),
        (MEDIUM, TOLD, 120, True),
        (MEDIUM, TOLD, -1, True),
        (risky(70, Level.HIGH), TOLD, 1, True),
        (risky(10, Level.LOW), TOLD, 1, False),
        (TOLD, TOLD, 500, False),
        (replace(MEDIUM, false_alarm=True), None, 0, False),
    ],
)
def test_the_cooldown_counts_from_the_last_notification_and_yields_to_what_is_worse(
    what: Incident, last: Incident | None, now: float, due: bool
) -> None:
    assert is_due(what, last, now=at(now), options=OPTIONS) is due
