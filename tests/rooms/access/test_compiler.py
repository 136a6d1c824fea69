"""What an agent is told, and that it decides by that as we do."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import product
import json
from pathlib import Path
import time
from typing import Any, Final

from hypothesis import HealthCheck, given, settings, strategies as st
import pytest

from camera_agent import verdicts, wire
from camera_agent.grants import Grants, parse
from custom_components.gatehouse.access import (
    CredentialKind,
    DoorGroup,
    DoorRules,
    Permission,
    compile_grants,
    decide,
    document,
)
from custom_components.gatehouse.agent import Antipassback, Direction, DoorMode, SiteMode, Verify
from tests.rooms.access.policies import (
    AGENT,
    FRONT,
    GARAGE,
    KEY,
    SALT,
    WORKDAYS,
    at,
    card,
    person,
    pin,
    policy,
    schedule,
    window,
)
from tests.rooms.access.strategies import ELSEWHERE, HORIZON, PEOPLE, Site, sites

NOW: Final = at("2027-01-11T12:00")
SECOND: Final = timedelta(seconds=1)
DOORS: Final = ("front", "garage")
KEYS: Final = {"front": FRONT, "garage": GARAGE}
SLACK: Final = timedelta(seconds=60)
UNKNOWN: Final = "00" * 32
GOLDEN: Final = Path(__file__).parents[2] / "wire" / "grants.json"


def compiled(*things: Any, uses: Any = None, **other: Any) -> dict[str, Any]:
    """Return the grants of a policy with these things in it."""
    return compile_grants(policy(*things, **other), AGENT, DOORS, version=7, now=NOW, uses=uses)


def test_the_document_is_that_of_the_wire() -> None:
    tag = card(valid_from=NOW)
    grants = compiled(
        person(),
        tag,
        pin(),
        DoorRules(
            door=FRONT,
            mode=DoorMode.KEEP_UNLOCKED,
            mode_until=NOW + SECOND,
            verify=Verify.CARD_AND_PIN,
            antipassback=Antipassback.SOFT,
        ),
        site=SiteMode.LOCKDOWN,
    )

    issued = NOW.timestamp()
    until = issued + 7 * 86400
    known = {"person": "anna", "disabled": False, "until": None, "profile": 0, "used": 0}
    assert grants == {
        "version": 7,
        "agent": AGENT,
        "issued": issued,
        "until": until,
        "key": KEY.hex(),
        "pin": {"salt": SALT.hex(), "n": 16384, "r": 8, "p": 1},
        "site": "lockdown",
        "windows": [[[issued - 60, until]]],
        "profiles": [{"front": 0}],
        "doors": {
            "front": {
                "mode": "keep_unlocked",
                "mode_until": issued + 1,
                "verify": "card_and_pin",
                "antipassback": "soft",
                "antipassback_reset_s": 43200.0,
            },
            "garage": {
                "mode": "normal",
                "mode_until": None,
                "verify": "card",
                "antipassback": "off",
                "antipassback_reset_s": 43200.0,
            },
        },
        "cards": {tag.hash: known | {"id": "tag", "from": issued, "pin": pin().hash, "uses": None}},
        "pins": {pin().hash: known | {"id": "code", "from": None, "pin": None, "uses": None}},
    }


def test_the_golden_document_has_the_same_shape() -> None:
    golden = json.loads(GOLDEN.read_text(encoding="utf-8"))
    grants = compiled(person(), card(), pin())

    assert golden.keys() == grants.keys()
    assert golden["pin"].keys() == grants["pin"].keys()
    for table in ("doors", "cards", "pins"):
        shapes = [set(entry) for each in (golden, grants) for entry in each[table].values()]
        assert all(shape == shapes[0] for shape in shapes)


def test_people_of_whom_the_same_is_said_share_a_profile_and_its_windows() -> None:
    plan = schedule(window("08:00", "17:00", WORKDAYS))
    in_hours = (Permission(groups=("all",), schedule="hours"),)
    group = DoorGroup(id="all", name="All", doors=(FRONT, GARAGE, "other/door/back"))
    anna, bert, carl = (person(name, permissions=in_hours) for name in ("anna", "bert", "carl"))
    dora = person("dora", permissions=(Permission(doors=(GARAGE,), schedule="hours"),))
    cards = [card(each.id, each.id) for each in (anna, bert, carl, dora)]

    grants = compiled(anna, bert, carl, dora, *cards, plan, group)

    assert grants["profiles"] == [{"front": 0, "garage": 0}, {"garage": 0}]
    assert [grants["cards"][each.hash]["profile"] for each in cards] == [0, 0, 0, 1]
    ((first, *_),) = grants["windows"]
    assert len(grants["windows"][0]) == 6
    assert first == [NOW.timestamp() - 60, at("2027-01-11T17:00").timestamp()]


def test_windows_of_several_schedules_are_one_list() -> None:
    early, late = (
        schedule(window(*hours), id=name)
        for name, hours in (("early", ("06:00", "13:00")), ("late", ("12:30", "22:00")))
    )
    both = tuple(Permission(doors=(FRONT,), schedule=name) for name in ("early", "late"))

    grants = compiled(person(permissions=both), card(), early, late)

    lengths = [until - since for since, until in grants["windows"][0]]
    assert lengths[1:-1] == [16 * 3600.0] * 6


def test_who_may_never_enter_is_in_it_too_so_that_the_reason_is_told() -> None:
    disabled, nowhere = card("old", active=False), card("bert", "bert")

    grants = compiled(person(), disabled, person("bert", permissions=()), nowhere)

    assert grants["cards"][disabled.hash]["disabled"]
    assert grants["profiles"][grants["cards"][nowhere.hash]["profile"]] == {}


def test_a_card_of_nobody_is_not_in_it() -> None:
    assert compiled(card())["cards"] == {}


@pytest.mark.parametrize(
    ("uses", "left", "used"),
    [
        ({}, 5, 0),
        ({"tag": {AGENT: 2}}, 5, 2),
        ({"tag": {ELSEWHERE: 1, "": 2}}, 2, 0),
        ({"tag": {AGENT: 1, ELSEWHERE: 3}}, 2, 1),
        ({"tag": {ELSEWHERE: 7}}, 0, 0),
        ({"other": {ELSEWHERE: 7}}, 5, 0),
    ],
)
def test_what_was_used_up_elsewhere_is_taken_off(uses: Any, left: int, used: int) -> None:
    (entry,) = compiled(person(), card(max_uses=5), uses=uses)["cards"].values()

    assert (entry["uses"], entry["used"]) == (left, used)


def test_the_same_grants_are_always_the_same_text() -> None:
    grants = compiled(person(), card(), pin())
    turned = dict(reversed(grants.items()))

    assert document(grants) == document(turned)
    assert json.loads(document(grants)) == grants


def test_ten_times_as_many_cards_take_ten_times_as_long() -> None:
    few, many = (sum(_compiled(cards) for _ in range(3)) for cards in (1_000, 10_000))

    # Each compared with each would take a hundred times as long.
    assert many < 30 * few


def _compiled(cards: int) -> float:
    """Compile so many cards at four doors, and return what it took of a processor."""
    names = [f"person {number}" for number in range(cards)]
    plans = [
        schedule(window("08:00", "17:00"), window("22:00", "05:00"), id=f"plan {number}")
        for number in range(20)
    ]
    doors = tuple(f"{AGENT}/door/{number}" for number in range(4))
    people = [
        person(name, permissions=(Permission(doors=doors, schedule=f"plan {number % 20}"),))
        for number, name in enumerate(names)
    ]
    site = policy(*people, *(card(name, name) for name in names), *plans)

    began = time.process_time()
    grants = compile_grants(site, AGENT, "0123", version=1, now=NOW)
    took = time.process_time() - began

    assert len(grants["cards"]) == cards
    assert len(grants["profiles"]) == 20
    return took


type Outcome = tuple[str | None, str | None, bool, bool, str | None, str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What is shown at a door, and which PIN is typed after it."""

    kind: CredentialKind
    digest: str
    pin: str | None
    direction: Direction | None


def of_rules(site: Site, door: str, moment: datetime, shown: Shown) -> Outcome:
    """Return what the integration decides."""
    found = site.policy.find(shown.kind, shown.digest)
    decision = decide(
        site.policy,
        KEYS[door],
        found,
        moment,
        kind=shown.kind,
        pin=shown.pin,
        uses=site.uses_of(found.id) if found else 0,
        direction=shown.direction,
        last=site.whereabouts.get(found.person) if found else None,
    )
    return (
        decision.reason,
        decision.warning,
        decision.wants_pin,
        decision.granted,
        decision.person.id if decision.person else None,
        decision.credential.id if decision.credential else None,
    )


def of_grants(grants: Grants, site: Site, door: str, moment: datetime, shown: Shown) -> Outcome:
    """Return what the agent decides, who knows the grants and what it remembers."""
    seen = {
        name: verdicts.Whereabouts(direction=wire.Direction(last.direction), at=last.at.timestamp())
        for name, last in site.whereabouts.items()
    }
    direction = wire.Direction(shown.direction) if shown.direction else None
    memory = verdicts.Memory(uses=site.counted, whereabouts=seen)
    judge = verdicts.judge_pin
    if shown.kind is CredentialKind.RFID:
        judge = partial(verdicts.judge, pin=shown.pin)
    verdict = judge(grants, door, shown.digest, moment.timestamp(), memory, direction=direction)
    return (
        verdict.reason,
        verdict.warning,
        verdict.wants_pin,
        verdict.granted,
        verdict.person,
        verdict.credential,
    )


def moments(site: Site, grants: dict[str, Any], probes: list[int]) -> Iterator[datetime]:
    """Yield moments that the grants are for: any, and those around which something changes."""
    edges = [edge for spans in grants["windows"] for span in spans for edge in span]
    edges += [door["mode_until"] for door in grants["doors"].values()]
    known = [*grants["cards"].values(), *grants["pins"].values()]
    edges += [entry[edge] for entry in known for edge in ("from", "until")]
    told = [datetime.fromtimestamp(edge, UTC) for edge in edges if edge is not None]
    told += [
        last.at + rules.antipassback_reset
        for last, rules in product(site.whereabouts.values(), site.policy.doors.values())
    ]
    around = {edge + step for edge in told for step in (-SECOND, timedelta(0), SECOND)}
    around |= {site.now + probe * SECOND for probe in probes}
    yield from (each for each in around if site.now - SLACK <= each < site.now + HORIZON)


def everything(site: Site, pin: str | None, direction: Direction | None) -> list[Shown]:
    """Return all that may be shown on a site, and what nobody there knows."""
    digests = {(each.kind, each.hash) for each in site.policy.credentials.values()}
    digests |= {(kind, UNKNOWN) for kind in CredentialKind}
    return [
        Shown(kind=kind, digest=digest, pin=pin, direction=direction)
        for kind, digest in sorted(digests)
    ]


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    sites(),
    st.lists(st.integers(-60, 3 * 86400), min_size=3, max_size=10),
    st.sampled_from([None, UNKNOWN, *(pin(f"pin {name}").hash for name in PEOPLE)]),
    st.sampled_from([*Direction, None]),
)
def test_the_agent_decides_by_the_grants_as_we_do_by_the_rules(
    site: Site, probes: list[int], typed: str | None, direction: Direction | None
) -> None:
    uses = {
        name: {AGENT: site.told[name], ELSEWHERE: site.elsewhere[name]}
        for name in site.policy.credentials
    }
    compiled = compile_grants(
        site.policy, AGENT, DOORS, version=1, now=site.now, horizon=HORIZON, uses=uses
    )
    grants = parse(document(compiled))

    shown = everything(site, typed, direction)
    for moment, door, each in product(moments(site, compiled, probes), DOORS, shown):
        expected = of_rules(site, door, moment, each)
        assert of_grants(grants, site, door, moment, each) == expected, (moment, door, each)
