"""Who may enter, and what is the reason if not."""

from datetime import datetime, timedelta
from typing import Any, Final

import pytest

from custom_components.gatehouse.access import (
    CredentialKind,
    Decision,
    DoorGroup,
    DoorRules,
    Permission,
    Policy,
    Whereabouts,
    decide,
)
from custom_components.gatehouse.agent import (
    Antipassback,
    Direction,
    DoorMode,
    Reason,
    SiteMode,
    Verify,
)
from tests.rooms.access.policies import (
    FRONT,
    GARAGE,
    at,
    card,
    person,
    pin,
    policy,
    schedule,
    window,
)

NOON: Final = at("2027-01-11T12:00")
SECOND: Final = timedelta(seconds=1)
HOUR: Final = timedelta(hours=1)

IN_OFFICE_HOURS: Final = Permission(doors=(FRONT,), schedule="hours")
OFFICE_HOURS: Final = schedule(window("08:00", "17:00"))


def shown(policy: Policy, what: str = "tag", now: datetime = NOON, **other: Any) -> Decision:
    """Decide on a credential of this id at the front door."""
    door = other.pop("door", FRONT)
    return decide(policy, door, policy.credentials[what], now, **other)


def front(**rules: Any) -> DoorRules:
    return DoorRules(door=FRONT, **rules)


def test_who_may_enter_does_and_is_known() -> None:
    anna, tag = person(), card()

    decision = shown(policy(anna, tag))

    assert decision == Decision(person=anna, credential=tag)
    assert decision.granted


def test_a_card_that_nobody_has_is_unknown_and_a_pin_is_wrong() -> None:
    site = policy(person(), card(), front(verify=Verify.CARD_OR_PIN))

    unknown = decide(site, FRONT, None, NOON)
    wrong = decide(site, FRONT, None, NOON, kind=CredentialKind.PIN)

    assert (unknown.reason, wrong.reason) == (Reason.UNKNOWN_CARD, Reason.WRONG_PIN)
    assert not unknown.granted
    assert not wrong.granted


LOCKED_FOR_AN_HOUR: Final = {"mode": DoorMode.KEEP_LOCKED, "mode_until": NOON + HOUR}


@pytest.mark.parametrize(
    ("site", "now", "reason"),
    [
        pytest.param(
            policy(person(), card(), site=SiteMode.LOCKDOWN), NOON, Reason.LOCKDOWN, id="lockdown"
        ),
        pytest.param(
            policy(person(), card(), site=SiteMode.EVACUATION), NOON, None, id="evacuation"
        ),
        pytest.param(
            policy(person(), card(), front(mode=DoorMode.KEEP_LOCKED)),
            NOON,
            Reason.KEEP_LOCKED,
            id="kept locked",
        ),
        pytest.param(
            policy(person(), card(), front(**LOCKED_FOR_AN_HOUR)),
            NOON + HOUR - SECOND,
            Reason.KEEP_LOCKED,
            id="kept locked still",
        ),
        pytest.param(
            policy(person(), card(), front(**LOCKED_FOR_AN_HOUR)),
            NOON + HOUR,
            None,
            id="kept locked no longer",
        ),
        pytest.param(
            policy(person(), card(), front(mode=DoorMode.KEEP_LOCKED), site=SiteMode.EVACUATION),
            NOON,
            None,
            id="kept locked, but everybody must leave",
        ),
        pytest.param(
            policy(person(permissions=()), card(), front(mode=DoorMode.KEEP_UNLOCKED)),
            NOON,
            Reason.NO_ACCESS,
            id="kept unlocked, and still decided",
        ),
        pytest.param(
            policy(person(active=False), card()), NOON, Reason.DISABLED, id="person disabled"
        ),
        pytest.param(
            policy(person(), card(active=False)), NOON, Reason.DISABLED, id="card disabled"
        ),
        pytest.param(
            policy(person(valid_from=NOON), card()),
            NOON - SECOND,
            Reason.NOT_YET_VALID,
            id="person not yet valid",
        ),
        pytest.param(policy(person(valid_from=NOON), card()), NOON, None, id="valid from now on"),
        pytest.param(
            policy(person(valid_from=NOON - HOUR), card(valid_from=NOON)),
            NOON - SECOND,
            Reason.NOT_YET_VALID,
            id="card not yet valid",
        ),
        pytest.param(
            policy(person(valid_until=NOON), card()), NOON - SECOND, None, id="valid until now"
        ),
        pytest.param(
            policy(person(valid_until=NOON), card()), NOON, Reason.EXPIRED, id="person expired"
        ),
        pytest.param(
            policy(person(valid_until=NOON + HOUR), card(valid_until=NOON)),
            NOON,
            Reason.EXPIRED,
            id="card expired",
        ),
        pytest.param(
            policy(person(permissions=()), card()), NOON, Reason.NO_ACCESS, id="nothing permitted"
        ),
        pytest.param(
            policy(person(permissions=(Permission(doors=(GARAGE,)),)), card()),
            NOON,
            Reason.NO_ACCESS,
            id="another door",
        ),
        pytest.param(
            policy(person(permissions=(Permission(groups=("all", "gone")),)), card()),
            NOON,
            Reason.NO_ACCESS,
            id="a group that is gone",
        ),
        pytest.param(
            policy(
                person(permissions=(Permission(groups=("all",)),)),
                card(),
                DoorGroup(id="all", name="All", doors=(GARAGE, FRONT)),
            ),
            NOON,
            None,
            id="by a group",
        ),
        pytest.param(
            policy(person(permissions=(IN_OFFICE_HOURS,)), card(), OFFICE_HOURS),
            at("2027-01-11T16:59:59"),
            None,
            id="in its hours",
        ),
        pytest.param(
            policy(person(permissions=(IN_OFFICE_HOURS,)), card(), OFFICE_HOURS),
            at("2027-01-11T17:00"),
            Reason.OUTSIDE_SCHEDULE,
            id="after its hours",
        ),
        pytest.param(
            policy(person(permissions=(IN_OFFICE_HOURS, Permission(doors=(FRONT,)))), card()),
            at("2027-01-11T17:00"),
            None,
            id="always, by another permission",
        ),
        pytest.param(
            policy(person(permissions=(IN_OFFICE_HOURS,)), card()),
            NOON,
            Reason.OUTSIDE_SCHEDULE,
            id="by a schedule that is gone",
        ),
    ],
)
def test_the_reason_is_told(site: Policy, now: datetime, reason: Reason | None) -> None:
    decision = shown(site, now=now)

    assert decision.reason is reason
    assert decision.granted is (reason is None)
    assert decision.credential is site.credentials["tag"]


@pytest.mark.parametrize(
    ("uses", "reason"),
    [(0, None), (2, None), (3, Reason.USES_EXHAUSTED), (4, Reason.USES_EXHAUSTED)],
)
def test_a_card_may_be_used_so_often(uses: int, reason: Reason | None) -> None:
    assert shown(policy(person(), card(max_uses=3)), uses=uses).reason is reason


def test_a_card_without_a_limit_may_be_used_for_ever() -> None:
    assert shown(policy(person(), card()), uses=10**9).granted


def test_the_first_reason_in_the_order_of_reasons_is_told() -> None:
    """Everything is wrong; one after the other is mended."""
    wrongs: dict[Reason, dict[str, Any]] = {
        Reason.LOCKDOWN: {"site": SiteMode.NORMAL},
        Reason.KEEP_LOCKED: {"mode": DoorMode.NORMAL},
        Reason.DISABLED: {"active": True},
        Reason.NOT_YET_VALID: {"valid_from": None},
        Reason.EXPIRED: {"valid_until": None},
        Reason.NO_ACCESS: {"permissions": (IN_OFFICE_HOURS,)},
        Reason.OUTSIDE_SCHEDULE: {"permissions": (Permission(doors=(FRONT,)),)},
        Reason.USES_EXHAUSTED: {"uses": 0},
        Reason.ANTIPASSBACK: {"last": None},
    }
    state: dict[str, Any] = {
        "site": SiteMode.LOCKDOWN,
        "mode": DoorMode.KEEP_LOCKED,
        "active": False,
        "valid_from": NOON + HOUR,
        "valid_until": NOON,
        "permissions": (),
        "uses": 1,
        "last": Whereabouts(direction=Direction.IN, at=NOON - HOUR),
    }

    found = []
    for mended in wrongs.values():
        found.append(_with_all_of(state))
        state |= mended

    assert found == list(wrongs)
    assert _with_all_of(state) is None


def _with_all_of(state: dict[str, Any]) -> Reason | None:
    valid = {key: state[key] for key in ("valid_from", "valid_until")}
    site = policy(
        person(active=state["active"], permissions=state["permissions"], **valid),
        card(max_uses=1),
        front(mode=state["mode"], antipassback=Antipassback.HARD, verify=Verify.CARD_AND_PIN),
        site=state["site"],
    )
    decision = shown(site, uses=state["uses"], direction=Direction.IN, last=state["last"])
    return decision.reason


IN, OUT = Direction.IN, Direction.OUT


@pytest.mark.parametrize(
    ("direction", "last", "ago", "is_passback"),
    [
        pytest.param(IN, IN, HOUR, True, id="in after in"),
        pytest.param(OUT, OUT, HOUR, True, id="out after out"),
        pytest.param(IN, OUT, HOUR, False, id="in after out"),
        pytest.param(OUT, IN, HOUR, False, id="out after in"),
        pytest.param(None, IN, HOUR, False, id="a reader that leads nowhere"),
        pytest.param(IN, IN, 12 * HOUR - SECOND, True, id="just not forgotten"),
        pytest.param(IN, IN, 12 * HOUR, False, id="forgotten"),
        pytest.param(IN, IN, -13 * HOUR, False, id="noted by a wrong clock"),
    ],
)
def test_who_enters_twice_without_having_left_is_refused_or_noted(
    direction: Direction | None, last: Direction, ago: timedelta, is_passback: bool
) -> None:
    before = Whereabouts(direction=last, at=NOON - ago)
    hard, soft, off = (
        shown(policy(person(), card(), front(antipassback=kind)), direction=direction, last=before)
        for kind in (Antipassback.HARD, Antipassback.SOFT, Antipassback.OFF)
    )

    noted = Reason.ANTIPASSBACK if is_passback else None
    assert (hard.reason, hard.warning) == (noted, None)
    assert (soft.reason, soft.warning) == (None, noted)
    assert (off.reason, off.warning) == (None, None)


@pytest.mark.parametrize("verify", [Verify.CARD_AND_PIN, Verify.PIN])
def test_a_door_that_wants_a_pin_asks_for_that_of_the_cards_person(verify: Verify) -> None:
    code = pin()
    site = policy(person(), card(), code, front(verify=verify))

    asked = shown(site)

    assert asked.wants_pin
    assert not asked.granted
    assert shown(site, pin=code.hash).granted
    assert shown(site, pin="00" * 32).reason is Reason.WRONG_PIN


@pytest.mark.parametrize("verify", [Verify.CARD, Verify.CARD_OR_PIN])
def test_a_door_that_takes_a_card_alone_asks_for_no_pin(verify: Verify) -> None:
    assert shown(policy(person(), card(), pin(), front(verify=verify))).granted


def test_nobodys_pin_goes_with_the_card_of_who_has_none() -> None:
    bert, berts = person("bert"), pin("his", "bert")
    site = policy(person(), card(), bert, berts, front(verify=Verify.CARD_AND_PIN))

    assert shown(site).wants_pin
    assert shown(site, pin=berts.hash).reason is Reason.WRONG_PIN


def test_a_pin_that_is_disabled_goes_with_no_card() -> None:
    code = pin(active=False)
    site = policy(person(), card(), code, front(verify=Verify.CARD_AND_PIN))

    assert shown(site, pin=code.hash).reason is Reason.WRONG_PIN


def test_of_several_pins_the_same_one_always_goes_with_the_card() -> None:
    codes = [pin("one"), pin("two")]
    turned = [policy(person(), *order) for order in (codes, codes[::-1])]

    assert {each.pin_of("anna") for each in turned} == {codes[1].hash}


@pytest.mark.parametrize(
    ("verify", "reason"),
    [
        (Verify.PIN, None),
        (Verify.CARD_OR_PIN, None),
        (Verify.CARD, Reason.WRONG_PIN),
        (Verify.CARD_AND_PIN, Reason.WRONG_PIN),
    ],
)
def test_a_pin_alone_opens_the_doors_that_say_so(verify: Verify, reason: Reason | None) -> None:
    assert shown(policy(person(), pin(), front(verify=verify)), "code").reason is reason


def test_a_soft_warning_is_given_with_the_pin_too_but_not_with_a_wrong_one() -> None:
    code = pin()
    rules = front(verify=Verify.CARD_AND_PIN, antipassback=Antipassback.SOFT)
    site = policy(person(), card(), code, rules)
    twice: dict[str, Any] = {"direction": IN, "last": Whereabouts(direction=IN, at=NOON - HOUR)}

    right, wrong = shown(site, pin=code.hash, **twice), shown(site, pin="", **twice)

    assert (right.granted, right.warning) == (True, Reason.ANTIPASSBACK)
    assert (wrong.reason, wrong.warning) == (Reason.WRONG_PIN, None)


def test_a_policy_finds_a_credential_by_its_hash_and_kind() -> None:
    tag, code, orphan = card(), pin(), card("orphan", "nobody")
    site = policy(person(), tag, code, orphan)

    assert site.find(CredentialKind.RFID, tag.hash) is tag
    assert site.find(CredentialKind.PIN, code.hash) is code
    assert site.find(CredentialKind.PIN, tag.hash) is None
    assert site.find(CredentialKind.RFID, orphan.hash) is None


def test_a_policy_tells_no_secret_when_it_is_written_down() -> None:
    tag = card()
    site = policy(person(), tag)

    told = f"{site!r} {tag!r} {decide(site, FRONT, tag, NOON)!r}"

    assert tag.hash not in told
    assert repr(site.key) not in told
    assert repr(site.salt) not in told
