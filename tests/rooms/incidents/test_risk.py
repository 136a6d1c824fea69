"""How bad an incident is, by tables and by properties."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import given, strategies as st
import pytest

from custom_components.gatehouse.incidents.factors import FACTORS
from custom_components.gatehouse.incidents.risk import (
    LEVELS,
    AlarmState,
    Surroundings,
    assess,
    level_of,
)
from custom_components.gatehouse.models import Incident, IncidentState, Level, Passage, PassageKind

NOON = datetime(2026, 11, 18, 12, 0, tzinfo=UTC)
LATE = datetime(2026, 11, 18, 23, 40, tzinfo=UTC)
NAMES = {"pi/front": "Front door", "pi/back": "Back door"}

GRANTED, DENIED, FORCED = PassageKind.GRANTED, PassageKind.DENIED, PassageKind.FORCED
HELD, EXIT = PassageKind.HELD_OPEN, PassageKind.EXIT

HOME = Surroundings(dark=False, anybody_home=True, alarm=AlarmState.DISARMED)
AWAY = replace(HOME, anybody_home=False)
EVENING = replace(HOME, dark=True)
EMPTY_NIGHT = replace(AWAY, dark=True)
GUARDED = replace(AWAY, alarm=AlarmState.ARMED_AWAY)
RINGING = replace(HOME, alarm=AlarmState.TRIGGERED)


def passage(kind: PassageKind, person: str | None = None, door: str = "pi/front") -> Passage:
    """Return something that happened at a door."""
    return Passage(id="p", door=door, kind=kind, at=NOON, person=person)


def incident(
    *labels: str,
    stayed: float = 3,
    count: int = 1,
    zones: tuple[str, ...] = (),
    passages: tuple[Passage, ...] = (),
    started: datetime = NOON,
) -> Incident:
    """Return an incident; who is not asked for is one who walks past in three seconds."""
    return Incident(
        id="i",
        group="front",
        place="Front door",
        state=IncidentState.CLOSED,
        started=started,
        last_seen=started + timedelta(seconds=stayed),
        labels=labels,
        count=count if labels else 0,
        zones=zones,
        passages=passages,
    )


def at_doors(*kinds: PassageKind) -> Incident:
    """Return a person by a door at which this happened."""
    return incident("person", passages=tuple(map(passage, kinds)))


WALK = incident("person")


@pytest.mark.parametrize(
    ("risk", "level"),
    [
        (0, "low"),
        (29, "low"),
        (30, "medium"),
        (59, "medium"),
        (60, "high"),
        (84, "high"),
        (85, "critical"),
        (100, "critical"),
    ],
)
def test_a_risk_has_a_level(risk: int, level: str) -> None:
    assert level_of(risk) == level


@pytest.mark.parametrize(
    ("what", "house", "risk", "level"),
    [
        pytest.param(WALK, HOME, 20, "low", id="a passer-by by day"),
        pytest.param(WALK, Surroundings(), 20, "low", id="nothing is known of the house"),
        pytest.param(WALK, EVENING, 45, "medium", id="a passer-by by night"),
        pytest.param(WALK, AWAY, 35, "medium", id="a passer-by at an empty house"),
        pytest.param(WALK, EMPTY_NIGHT, 60, "high", id="by night at an empty house"),
        pytest.param(WALK, GUARDED, 50, "medium", id="while the alarm is armed"),
        pytest.param(
            incident("person", stayed=70, count=3),
            replace(GUARDED, dark=True),
            100,
            "critical",
            id="three who stay by night",
        ),
        pytest.param(incident("person", stayed=10), HOME, 25, "low", id="who looks around"),
        pytest.param(incident("person", stayed=30), HOME, 30, "medium", id="who lingers"),
        pytest.param(incident("person", stayed=60), HOME, 40, "medium", id="who stays"),
        pytest.param(incident("person", count=2), HOME, 30, "medium", id="two"),
        pytest.param(incident("person", count=9), HOME, 35, "medium", id="a crowd"),
        pytest.param(incident("car"), HOME, 10, "low", id="a car"),
        pytest.param(incident("cat", "person"), HOME, 20, "low", id="who walks a cat"),
        pytest.param(
            incident("cat", stayed=90, count=3, zones=("Drive",)),
            replace(GUARDED, dark=True, sensitive=frozenset({"Drive"})),
            5,
            "low",
            id="cats are no burglars",
        ),
        pytest.param(
            incident("person", zones=("Drive",)),
            replace(HOME, sensitive=frozenset({"Drive"})),
            35,
            "medium",
            id="in a sensitive zone",
        ),
        pytest.param(at_doors(DENIED), HOME, 30, "medium", id="refused"),
        pytest.param(at_doors(DENIED, DENIED), HOME, 40, "medium", id="refused twice"),
        pytest.param(at_doors(*[DENIED] * 3), HOME, 55, "medium", id="refused again"),
        pytest.param(at_doors(*[DENIED] * 9), EMPTY_NIGHT, 95, "critical", id="who tries cards"),
        pytest.param(at_doors(HELD), HOME, 35, "medium", id="held open"),
        pytest.param(at_doors(FORCED), HOME, 80, "high", id="forced by day"),
        pytest.param(at_doors(FORCED), GUARDED, 100, "critical", id="forced while armed"),
        pytest.param(WALK, RINGING, 80, "high", id="the alarm rings"),
        pytest.param(at_doors(GRANTED), EVENING, 1, "low", id="who comes home"),
        pytest.param(at_doors(GRANTED), replace(GUARDED, dark=True), 25, "low", id="to nobody"),
        pytest.param(at_doors(DENIED, GRANTED), HOME, 10, "low", id="the second try"),
        pytest.param(at_doors(GRANTED, HELD), HOME, 15, "low", id="who keeps the door open"),
        pytest.param(at_doors(FORCED, GRANTED), HOME, 60, "high", id="a card excuses no crowbar"),
        pytest.param(at_doors(EXIT), EVENING, 20, "low", id="who goes out by night"),
        pytest.param(at_doors(EXIT), EMPTY_NIGHT, 60, "high", id="out of an empty house"),
        pytest.param(incident(passages=(passage(GRANTED),)), EMPTY_NIGHT, 0, "low", id="a card"),
        pytest.param(incident(passages=(passage(DENIED),)), HOME, 10, "low", id="a bad card"),
        pytest.param(incident(passages=(passage(FORCED),)), HOME, 60, "high", id="a crowbar"),
        pytest.param(incident(), Surroundings(), 0, "low", id="nothing"),
    ],
)
def test_an_incident_has_a_risk(what: Incident, house: Surroundings, risk: int, level: str) -> None:
    assessment = assess(what, house)
    assert (assessment.risk, assessment.level) == (risk, level)


@pytest.mark.parametrize(
    ("what", "house", "floor"),
    [
        (WALK, EMPTY_NIGHT, 0),
        (at_doors(DENIED, HELD), EMPTY_NIGHT, 0),
        (at_doors(FORCED), HOME, 60),
        (at_doors(FORCED, GRANTED), Surroundings(), 60),
        (at_doors(FORCED), replace(HOME, alarm=AlarmState.ARMED_HOME), 85),
        (at_doors(FORCED), GUARDED, 85),
        (at_doors(FORCED, FORCED), RINGING, 85),
        (WALK, RINGING, 60),
        (incident(), RINGING, 60),
    ],
)
def test_a_forced_door_and_an_alarm_set_a_floor(
    what: Incident, house: Surroundings, floor: int
) -> None:
    assert assess(what, house).floor == floor


@pytest.mark.parametrize(
    ("what", "house", "reasons"),
    [
        (
            incident("person", stayed=45, zones=("Path", "Drive"), started=LATE),
            Surroundings(
                anybody_home=False,
                alarm=AlarmState.ARMED_AWAY,
                sensitive=frozenset({"Drive", "Garden"}),
            ),
            [
                "a person was seen",
                "stayed 45 s",
                "at night (23:40)",
                "in Drive, a sensitive zone",
                "nobody is at home",
                "the alarm is armed",
            ],
        ),
        (
            incident("car", "person", count=2, zones=("Gate", "Drive"), stayed=65),
            Surroundings(dark=True, sensitive=frozenset({"Drive", "Gate"})),
            [
                "a car and a person were seen",
                "two things at once",
                "stayed 1 min 5 s",
                "in the dark (12:00)",
                "in Gate and Drive, sensitive zones",
            ],
        ),
        (
            incident("person", count=2, passages=(passage(DENIED), passage(DENIED))),
            RINGING,
            [
                "a person was seen",
                "two people at once",
                "the alarm went off",
                "an unknown card was refused twice at Front door",
            ],
        ),
        (
            incident(
                passages=(
                    passage(DENIED, "Eva"),
                    passage(DENIED, door="pi/back"),
                    passage(DENIED, "Eva"),
                    passage(HELD),
                    passage(FORCED, door="pi/back"),
                    passage(GRANTED, "Anna"),
                    passage(EXIT, door="pi/side"),
                )
            ),
            HOME,
            [
                "Eva's card and an unknown card were refused three times at Front door"
                " and Back door",
                "Front door was held open",
                "Back door was forced open",
                "Anna's card opened Front door",
                "somebody was let out at pi/side",
            ],
        ),
        (incident(passages=(passage(GRANTED),)), HOME, []),
        (
            incident("person", passages=(passage(DENIED, "{risk}"),)),
            HOME,
            [
                "a person was seen",
                "{risk}'s card was refused at Front door",
            ],
        ),
    ],
)
def test_a_risk_has_reasons_in_plain_words(
    what: Incident, house: Surroundings, reasons: list[str]
) -> None:
    assert list(assess(what, house, NAMES).reasons) == reasons


@pytest.mark.parametrize(
    ("hour", "zone", "dark", "by_night"),
    [
        (12, "UTC", None, False),
        (22, "UTC", None, True),
        (5, "UTC", None, True),
        (6, "UTC", None, False),
        (21, "UTC", None, False),
        pytest.param(21, "Europe/Berlin", None, True, id="by the local hour"),
        pytest.param(22, "UTC", False, False, id="a summer night in the north"),
        pytest.param(16, "UTC", True, True, id="a winter afternoon"),
    ],
)
def test_the_sun_says_when_it_is_dark_and_else_the_hour(
    hour: int, zone: str, dark: bool | None, by_night: bool
) -> None:
    at = incident("person", started=NOON.replace(hour=hour))
    assessment = assess(at, Surroundings(dark=dark, zone=ZoneInfo(zone)))
    assert (assessment.risk > 20) is by_night


def test_every_factor_has_a_name_of_its_own_and_grows() -> None:
    assert len({factor.name for factor in FACTORS}) == len(FACTORS)
    for factor in FACTORS:
        rising = list(pairwise(sorted(factor.points)))
        assert all(factor.points[low] < factor.points[high] for low, high in rising)


def test_a_floor_is_never_excused() -> None:
    assert not [factor for factor in FACTORS if factor.binding and factor.excusable]


MOMENTS = st.integers(0, 366 * 24).map(lambda hours: NOON + timedelta(hours=hours))
KINDS = st.sampled_from(PassageKind)
ZONES = st.sampled_from(["Drive", "Path", "Gate"])


@st.composite
def incidents(draw: st.DrawFn) -> Incident:
    kinds = draw(st.lists(KINDS, max_size=6))
    return incident(
        *draw(st.lists(st.sampled_from(["person", "car", "cat", "kite"]), unique=True)),
        stayed=draw(st.integers(0, 200)),
        count=draw(st.integers(0, 5)),
        zones=tuple(draw(st.lists(ZONES, unique=True))),
        passages=tuple(map(passage, kinds)),
        started=draw(MOMENTS),
    )


HOUSES = st.builds(
    Surroundings,
    dark=st.none() | st.booleans(),
    anybody_home=st.none() | st.booleans(),
    alarm=st.none() | st.sampled_from(AlarmState),
    sensitive=st.frozensets(ZONES),
    zone=st.sampled_from([UTC, ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Kolkata")]),
)


@given(incidents(), HOUSES)
def test_a_risk_is_between_its_floor_and_a_hundred(what: Incident, house: Surroundings) -> None:
    found = assess(what, house)
    assert 0 <= found.floor <= found.risk <= 100
    assert found.level is level_of(found.risk)
    assert LEVELS[found.level] <= found.risk
    assert bool(found.reasons) is (found.risk > 0)
    assert found == assess(what, house)


@given(incidents(), HOUSES, st.integers(0, 200), st.integers(0, 5), st.integers(1, 3))
def test_more_is_never_less(
    what: Incident, house: Surroundings, stay: int, company: int, denials: int
) -> None:
    risk = assess(what, house).risk
    longer = replace(what, last_seen=what.last_seen + timedelta(seconds=stay))
    fuller = replace(what, count=what.count + company)
    denied = replace(what, passages=(*what.passages, *[passage(DENIED)] * denials))
    forced = replace(what, passages=(*what.passages, passage(FORCED)))
    held = replace(what, passages=(*what.passages, passage(HELD)))
    somebody = replace(what, labels=(*what.labels, "person"))
    inside = replace(what, zones=(*what.zones, *house.sensitive))
    for worse in (longer, fuller, denied, forced, held, somebody, inside):
        assert assess(worse, house).risk >= risk


@given(incidents(), HOUSES)
def test_a_house_that_expects_nobody_makes_it_no_better(
    what: Incident, house: Surroundings
) -> None:
    dark = [assess(what, replace(house, dark=each)).risk for each in (False, None, True)]
    home = [assess(what, replace(house, anybody_home=each)).risk for each in (True, None, False)]
    alarm = [assess(what, replace(house, alarm=each)).risk for each in (None, *AlarmState)]
    assert dark == sorted(dark)
    assert home == sorted(home)
    assert alarm == sorted(alarm)


@given(incidents(), HOUSES, st.integers(1, 3))
def test_who_may_enter_never_raises_a_risk(
    what: Incident, house: Surroundings, grants: int
) -> None:
    before = assess(what, house)
    after = assess(replace(what, passages=(*what.passages, *[passage(GRANTED)] * grants)), house)
    assert after.floor == before.floor
    assert after.risk <= before.risk


@pytest.mark.parametrize("level", Level)
def test_each_level_can_be_reached(level: Level) -> None:
    evenings = [HOME, EVENING, EMPTY_NIGHT, replace(GUARDED, dark=True)]
    stays = [incident("person", stayed=stay) for stay in (0, 10, 30, 60)]
    reached = {assess(stay, house).level for stay in stays for house in evenings}
    assert level in reached
