"""Who enters where and when by the grants, reason by reason."""

from collections.abc import Callable
from dataclasses import replace
import hashlib
import json
import time
from typing import Any

import pytest

from camera_agent.grants import GrantsError, parse
from camera_agent.verdicts import Memory, Verdict, Whereabouts, judge, judge_pin
from camera_agent.wire import Direction, Reason

from .granted import (
    ANNA,
    ANNAS_PIN,
    ISSUED,
    KEY,
    MONDAY,
    STRANGER,
    UNTIL,
    WINDOWS,
    card,
    credential,
    document,
    grants,
    pin,
    text,
)

NOW = MONDAY + 60
WENT_IN = Memory(whereabouts={"anna": Whereabouts(direction=Direction.IN, at=NOW - 600)})


def shown(now: float = NOW, memory: Memory | None = None, **changes: Any) -> Verdict:
    """What becomes of Anna's card at the front door."""
    return judge(grants(**changes), "front", card(ANNA), now, memory or Memory())


def test_who_may_enter_enters() -> None:
    assert shown() == Verdict(credential="annas card", person="anna")
    assert shown().granted


def test_without_grants_nobody_enters() -> None:
    assert judge(None, "front", "", NOW, Memory()) == Verdict(reason=Reason.NO_GRANTS)
    assert judge_pin(None, "front", "", NOW, Memory()) == Verdict(reason=Reason.NO_GRANTS)


def test_of_an_unknown_card_no_more_is_told_than_eight_digits_of_its_hash() -> None:
    verdict = judge(grants(), "front", card(STRANGER), NOW, Memory())
    assert verdict == Verdict(reason=Reason.UNKNOWN_CARD, card=card(STRANGER)[:8])


@pytest.mark.parametrize(
    ("now", "reason"),
    [
        (ISSUED - 61, Reason.CLOCK),
        (ISSUED - 60.001, Reason.CLOCK),
        (ISSUED - 60, Reason.OUTSIDE_SCHEDULE),
        (WINDOWS[0][0] - 0.001, Reason.OUTSIDE_SCHEDULE),
        (WINDOWS[0][0], None),
        (WINDOWS[0][1] - 0.001, None),
        (WINDOWS[0][1], Reason.OUTSIDE_SCHEDULE),
        (WINDOWS[1][0] - 0.001, Reason.OUTSIDE_SCHEDULE),
        (WINDOWS[1][0], None),
        (WINDOWS[1][1], Reason.OUTSIDE_SCHEDULE),
        (UNTIL - 0.001, Reason.OUTSIDE_SCHEDULE),
        (UNTIL, Reason.GRANTS_EXPIRED),
    ],
)
def test_windows_begin_on_time_and_end_just_before_theirs(
    now: float, reason: Reason | None
) -> None:
    assert shown(now).reason is reason


def test_windows_that_touch_are_one() -> None:
    verdict = shown(MONDAY + 10, windows=[[[MONDAY, MONDAY + 10], [MONDAY + 10, MONDAY + 20]]])
    assert verdict.granted


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"site": "lockdown"}, Reason.LOCKDOWN),
        ({"site": "evacuation"}, None),
        ({"doors": {"mode": "keep_locked"}}, Reason.KEEP_LOCKED),
        ({"doors": {"mode": "keep_locked", "mode_until": NOW + 0.001}}, Reason.KEEP_LOCKED),
        ({"doors": {"mode": "keep_locked", "mode_until": NOW}}, None),
        ({"doors": {"mode": "keep_locked"}, "site": "evacuation"}, None),
        ({"doors": {"mode": "keep_unlocked"}}, None),
        ({"cards": {"disabled": True}}, Reason.DISABLED),
        ({"cards": {"from": NOW + 0.001}}, Reason.NOT_YET_VALID),
        ({"cards": {"from": NOW}}, None),
        ({"cards": {"until": NOW}}, Reason.EXPIRED),
        ({"cards": {"until": NOW + 0.001}}, None),
        ({"profiles": [{"yard": 0}]}, Reason.NO_ACCESS),
        ({"profiles": [{}]}, Reason.NO_ACCESS),
        ({"windows": [[]]}, Reason.OUTSIDE_SCHEDULE),
        ({"cards": {"uses": 0}}, Reason.USES_EXHAUSTED),
        ({"cards": {"uses": 3, "used": 3}}, Reason.USES_EXHAUSTED),
        ({"cards": {"uses": 3, "used": 2}}, None),
    ],
)
def test_each_reason_has_its_bounds(changes: dict[str, Any], reason: Reason | None) -> None:
    assert shown(**changes) == Verdict(reason=reason, credential="annas card", person="anna")


def test_the_first_reason_that_holds_is_told() -> None:
    """Everything is wrong at once; taking away the first reason shows the next."""
    wrong: dict[str, Any] = {
        "issued": NOW + 61,
        "until": NOW,
        "site": "lockdown",
        "doors": {"mode": "keep_locked", "antipassback": "hard", "verify": "card_and_pin"},
        "cards": {"disabled": True, "from": NOW + 1, "until": NOW - 1, "uses": 0},
        "profiles": [{"yard": 0}],
        "windows": [[]],
    }
    right = document()
    cured: list[tuple[str, Any]] = [
        ("issued", ISSUED),
        ("until", UNTIL),
        ("site", "normal"),
        ("doors", {"antipassback": "hard", "verify": "card_and_pin"}),
        ("cards", {"from": NOW + 1, "until": NOW - 1, "uses": 0}),
        ("cards", {"until": NOW - 1, "uses": 0}),
        ("cards", {"uses": 0}),
        ("profiles", right["profiles"]),
        ("windows", right["windows"]),
        ("cards", {}),
        ("doors", {"verify": "card_and_pin"}),
    ]

    told = []
    for key, value in [("version", 1), *cured]:
        wrong[key] = value
        found = judge(
            grants(**wrong), "front", card(ANNA), NOW, WENT_IN, direction=Direction.IN, pin="0" * 64
        )
        told.append(found.reason)

    assert told == [
        Reason.CLOCK,
        Reason.GRANTS_EXPIRED,
        Reason.LOCKDOWN,
        Reason.KEEP_LOCKED,
        Reason.DISABLED,
        Reason.NOT_YET_VALID,
        Reason.EXPIRED,
        Reason.NO_ACCESS,
        Reason.OUTSIDE_SCHEDULE,
        Reason.USES_EXHAUSTED,
        Reason.ANTIPASSBACK,
        Reason.WRONG_PIN,
    ]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({}, Reason.LOCKED_OUT),
        ({"site": "lockdown"}, Reason.LOCKED_OUT),
        ({"until": NOW}, Reason.GRANTS_EXPIRED),
        ({"issued": NOW + 61}, Reason.CLOCK),
    ],
)
def test_a_reader_that_is_locked_out_tells_nothing_about_cards(
    changes: dict[str, Any], reason: Reason
) -> None:
    held = grants(**changes)
    known = judge(held, "front", card(ANNA), NOW, Memory(), locked_out=True)
    unknown = judge(held, "front", card(STRANGER), NOW, Memory(), locked_out=True)
    typed = judge_pin(held, "front", pin(ANNAS_PIN), NOW, Memory(), locked_out=True)
    assert known == unknown == typed == Verdict(reason=reason)


def test_a_door_that_the_grants_do_not_name_opens_for_nobody() -> None:
    verdict = judge(grants(), "cellar", card(ANNA), NOW, Memory())
    assert verdict.reason is Reason.NO_ACCESS


@pytest.mark.parametrize(
    ("used", "remembered", "reason"),
    [
        (0, 2, None),
        (0, 3, Reason.USES_EXHAUSTED),
        (2, 3, Reason.USES_EXHAUSTED),
        (3, 0, Reason.USES_EXHAUSTED),
        (2, 1, None),
    ],
)
def test_uses_are_counted_here_and_by_home_assistant_and_the_higher_counts(
    used: int, remembered: int, reason: Reason | None
) -> None:
    memory = Memory(uses={"annas card": remembered, "another": 9})
    assert shown(memory=memory, cards={"uses": 3, "used": used}).reason is reason


@pytest.mark.parametrize(
    ("way", "went", "ago", "is_passback"),
    [
        (Direction.IN, Direction.IN, 600.0, True),
        (Direction.OUT, Direction.OUT, 600.0, True),
        (Direction.OUT, Direction.IN, 600.0, False),
        (Direction.IN, Direction.OUT, 600.0, False),
        (None, Direction.IN, 600.0, False),
        (Direction.IN, Direction.IN, 43_199.999, True),
        (Direction.IN, Direction.IN, 43_200.0, False),
        (Direction.IN, Direction.IN, -60.0, True),
        (Direction.IN, Direction.IN, -1e9, False),
    ],
)
def test_who_goes_the_same_way_twice_is_noted_or_denied(
    way: Direction | None, went: Direction, ago: float, is_passback: bool
) -> None:
    memory = Memory(whereabouts={"anna": Whereabouts(direction=went, at=NOW - ago)})
    known = Verdict(credential="annas card", person="anna")
    told = Reason.ANTIPASSBACK if is_passback else None

    def judged(antipassback: str) -> Verdict:
        held = grants(doors={"antipassback": antipassback})
        return judge(held, "front", card(ANNA), NOW, memory, direction=way)

    assert judged("off") == known
    assert judged("soft") == replace(known, warning=told)
    assert judged("hard") == replace(known, reason=told)


def test_who_was_never_here_may_come_and_go() -> None:
    held = grants(doors={"antipassback": "hard"})
    ways = (Direction.IN, Direction.OUT)
    assert all(
        judge(held, "front", card(ANNA), NOW, Memory(), direction=way).granted for way in ways
    )


@pytest.mark.parametrize("verify", ["card_and_pin", "pin"])
def test_a_card_is_not_enough_where_a_pin_is_wanted(verify: str) -> None:
    known = Verdict(credential="annas card", person="anna")
    held = grants(doors={"verify": verify})

    def judged(typed: str | None) -> Verdict:
        return judge(held, "front", card(ANNA), NOW, Memory(), pin=typed)

    assert judged(None) == replace(known, wants_pin=True)
    assert not judged(None).granted
    assert judged(pin("1111")) == replace(known, reason=Reason.WRONG_PIN)
    assert judged(pin(ANNAS_PIN)) == known


def test_who_has_no_pin_is_asked_all_the_same_and_has_none_that_is_right() -> None:
    held = grants(doors={"verify": "card_and_pin"}, cards={"pin": None})
    assert judge(held, "front", card(ANNA), NOW, Memory()).wants_pin
    typed = judge(held, "front", card(ANNA), NOW, Memory(), pin=pin(ANNAS_PIN))
    assert typed.reason is Reason.WRONG_PIN


@pytest.mark.parametrize("verify", ["card", "card_or_pin"])
def test_a_card_is_enough_elsewhere(verify: str) -> None:
    assert shown(doors={"verify": verify}).granted


def test_a_warning_is_still_there_when_the_pin_was_typed() -> None:
    held = grants(doors={"verify": "card_and_pin", "antipassback": "soft"})
    asked = judge(held, "front", card(ANNA), NOW, WENT_IN, direction=Direction.IN)
    typed = judge(
        held, "front", card(ANNA), NOW, WENT_IN, direction=Direction.IN, pin=pin(ANNAS_PIN)
    )
    assert asked.wants_pin
    assert asked.warning is typed.warning is Reason.ANTIPASSBACK
    assert typed.granted


@pytest.mark.parametrize(
    ("verify", "digits", "expected"),
    [
        ("pin", ANNAS_PIN, Verdict(credential="annas pin", person="anna")),
        ("card_or_pin", ANNAS_PIN, Verdict(credential="annas pin", person="anna")),
        ("pin", "1111", Verdict(reason=Reason.WRONG_PIN)),
        ("card_or_pin", "1111", Verdict(reason=Reason.WRONG_PIN)),
        ("card", ANNAS_PIN, Verdict(reason=Reason.WRONG_PIN)),
        ("card_and_pin", ANNAS_PIN, Verdict(reason=Reason.WRONG_PIN)),
    ],
)
def test_a_pin_alone_opens_only_what_takes_one(verify: str, digits: str, expected: Verdict) -> None:
    held = grants(doors={"verify": verify})
    assert judge_pin(held, "front", pin(digits), NOW, Memory()) == expected


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"until": NOW}, Reason.GRANTS_EXPIRED),
        ({"site": "lockdown"}, Reason.LOCKDOWN),
        ({"cards": {"disabled": True}}, Reason.DISABLED),
        ({"cards": {"uses": 1, "used": 1}}, Reason.USES_EXHAUSTED),
        ({"windows": [[]]}, Reason.OUTSIDE_SCHEDULE),
    ],
)
def test_a_pin_is_bound_by_the_same_reasons(changes: dict[str, Any], reason: Reason) -> None:
    held = grants(**{"doors": {"verify": "pin"}, **changes})
    assert judge_pin(held, "front", pin(ANNAS_PIN), NOW, Memory()).reason is reason


def test_hashes_are_those_of_the_contract() -> None:
    held = grants()
    assert held.hash_of(ANNA) == card(ANNA)
    assert held.hash_of_pin(ANNAS_PIN) == pin(ANNAS_PIN)


def test_a_pin_is_hashed_as_slowly_as_the_contract_says() -> None:
    salt = bytes(16)
    held = grants(pin={"salt": salt.hex(), "n": 16384, "r": 8, "p": 1})
    expected = hashlib.scrypt(b"123456", salt=salt, n=2**14, r=8, p=1, dklen=32).hex()
    assert held.hash_of_pin("123456") == expected


def test_no_secret_is_in_what_is_printed() -> None:
    held = grants()
    printed = repr(held) + repr(held.cards[card(ANNA)])
    hidden = [KEY.hex(), repr(KEY), card(ANNA), pin(ANNAS_PIN), repr(held.slow_hash.salt)]
    assert [one for one in hidden if one in printed] == []


def changed(path: str, value: Any) -> str:
    """The document with one value replaced; the path is separated by blanks."""
    found = json.loads(text())
    *way, last = [int(step) if step.isdecimal() else step for step in path.split()]
    place = found
    for step in way:
        place = place[step]
    place[last] = value
    return json.dumps(found)


ANNAS = f"cards {card(ANNA)}"


@pytest.mark.parametrize(
    ("path", "value", "where"),
    [
        ("version", 0, ".version must be a whole number"),
        ("version", 1.5, ".version"),
        ("version", True, ".version"),
        ("version", 2**53 + 1, ".version"),
        ("agent", "", ".agent must be a text"),
        ("agent", None, ".agent"),
        ("issued", "now", ".issued must be seconds"),
        ("issued", float("nan"), "NaN is no number in JSON"),
        ("until", float("inf"), "Infinity is no number in JSON"),
        ("until", 1e300, ".until"),
        ("until", -1, ".until"),
        ("key", "secret", ".key must be hex"),
        ("key", "00", ".key"),
        ("key", 17, ".key"),
        ("pin", None, ".pin must be a table"),
        ("pin n", 15, ".pin must have a power of two"),
        ("pin n", 2**20, ".pin must have a power of two"),
        ("pin r", 0, ".pin.r"),
        ("site", "party", ".site must be one of normal, lockdown, evacuation"),
        ("site", 3, ".site"),
        ("windows", {}, ".windows must be a list"),
        ("windows 0", None, ".windows[0] must be a list"),
        ("windows 0 1", [5], ".windows[0] must be pairs"),
        ("windows 0 1", [5, 6, 7], ".windows[0] must be pairs"),
        ("windows 0 1", [MONDAY, MONDAY], ".windows[0] must be pairs"),
        ("windows 0 1", [MONDAY + 9, MONDAY + 90_000], ".windows[0] must be pairs"),
        ("windows 0 1", ["a", "b"], ".windows[0][1][0] must be seconds"),
        ("profiles", [{"cellar": 0}], ".profiles[0] must name none but the doors"),
        ("profiles", [{"front": 1}], ".profiles[0][0] must be a whole number from 0 to 0"),
        ("profiles", [{"front": -1}], ".profiles[0][0]"),
        ("profiles", [{"front": True}], ".profiles[0][0]"),
        ("profiles", [[]], ".profiles[0] must be a table"),
        ("doors front", [], ".doors[0] must be a table"),
        ("doors front mode", "open", ".doors[0].mode must be one of"),
        ("doors front mode_until", "later", ".doors[0].mode_until"),
        ("doors front verify", None, ".doors[0].verify"),
        ("doors front antipassback", "firm", ".doors[0].antipassback"),
        ("doors front antipassback_reset_s", -1, ".doors[0].antipassback_reset_s"),
        ("cards", [], ".cards must be a table"),
        ("cards", {"0102030405": credential()}, ".cards[0] must be 64 lower-case hex digits"),
        (ANNAS, None, ".cards[0] must be a table"),
        (f"{ANNAS} id", 7, ".cards[0].id"),
        (f"{ANNAS} id", "x" * 65, ".cards[0].id"),
        (f"{ANNAS} person", None, ".cards[0].person"),
        (f"{ANNAS} disabled", 0, ".cards[0].disabled must be true or false"),
        (f"{ANNAS} from", "", ".cards[0].from"),
        (f"{ANNAS} until", [], ".cards[0].until"),
        (f"{ANNAS} profile", 1, ".cards[0].profile"),
        (f"{ANNAS} profile", None, ".cards[0].profile"),
        (f"{ANNAS} pin", "1234", ".cards[0].pin"),
        (f"{ANNAS} uses", -1, ".cards[0].uses"),
        (f"{ANNAS} used", None, ".cards[0].used"),
        ("pins", {pin(ANNAS_PIN): {}}, ".pins[0].id is missing"),
    ],
)
def test_what_is_not_as_it_must_be_is_refused_with_its_place(
    path: str, value: Any, where: str
) -> None:
    with pytest.raises(GrantsError) as refused:
        parse(changed(path, value))

    assert where in str(refused.value)
    assert card(ANNA)[:8] not in str(refused.value)


@pytest.mark.parametrize("nothing", ["", "{", "[]", "null", "17", '"text"', "[" * 100_000])
def test_what_is_no_document_is_refused(nothing: str) -> None:
    with pytest.raises(GrantsError):
        parse(nothing)


@pytest.mark.parametrize("key", sorted(document()))
def test_nothing_may_be_missing(key: str) -> None:
    rest = {name: value for name, value in document().items() if name != key}
    with pytest.raises(GrantsError, match=f".{key} is missing"):
        parse(json.dumps(rest))


def test_what_a_newer_home_assistant_adds_is_passed_over() -> None:
    newer = document(cards={"colour": "red"}, moon="full", doors={"height": 2})
    assert parse(json.dumps(newer)) == grants()


def test_ten_thousand_cards_are_read_and_judged_fast() -> None:
    many = {card(str(number)): credential(id=f"card {number}") for number in range(10_000)}
    compiled = json.dumps(document() | {"cards": many})
    read, held = took(lambda: parse(compiled))
    plain, _ = took(lambda: json.loads(compiled))

    cards = [str(number) for number in range(10_000)]
    judged, verdicts = took(
        lambda: [judge(held, "front", held.hash_of(each), NOW, Memory()) for each in cards]
    )
    hashed, _ = took(lambda: [held.hash_of(each) for each in cards])

    assert [verdict.credential for verdict in verdicts] == [f"card {each}" for each in cards]
    print(f"\nread {read / plain:.1f} times a bare JSON, judged {judged / hashed:.1f} times a hash")
    assert read < 30 * plain
    assert judged < 20 * hashed


def took(work: Callable[[], Any]) -> tuple[float, Any]:
    """Return the processor's time for something, and what came of it."""
    began = time.process_time()
    done = work()
    return time.process_time() - began, done


def test_the_text_of_a_document_is_what_is_parsed() -> None:
    assert parse(text(version=7)).version == 7
