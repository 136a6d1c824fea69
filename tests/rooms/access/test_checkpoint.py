"""Readers that are no agent's ask who may enter."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from custom_components.gatehouse.access import (
    Attempt,
    Credential,
    CredentialKind,
    DoorRules,
    Entry,
    PassageLog,
    PassageQuery,
    Permission,
    Policies,
    Whereabouts,
    card_hash,
    pin_hash,
)
from custom_components.gatehouse.access.guard import FAILURES, FIRST, FORGIVEN, LONGEST, MOST, Guard
from custom_components.gatehouse.access.ledger import Ledger
from custom_components.gatehouse.access.scribe import ANSWERED_IN
from custom_components.gatehouse.agent import Antipassback, Direction, Reason, Verify
from custom_components.gatehouse.database import DatabaseLocked
from custom_components.gatehouse.models import Passage, PassageKind
from tests.rooms.access.policies import person
from tests.rooms.access.site import NOON, Site
from tests.waiting import eventually

SHED = "shed"
TAG, STRANGE = "04A1B2C3", "0BADCAFE"
PIN = "4711"


def tag(policies: Policies, **other: Any) -> Credential:
    """Return Anna's tag, as this site keeps it."""
    digest = card_hash(policies.policy.key, TAG)
    return Credential(
        **{
            "id": "tag",
            "person": "anna",
            "kind": CredentialKind.RFID,
            "name": "Blue tag",
            "hash": digest,
            **other,
        }
    )


def shows(card: str | None = TAG, pin: str | None = None, **other: Any) -> Attempt:
    return Attempt(**{"door": SHED, "source": "esphome", "card": card, "pin": pin, **other})


@pytest.fixture
async def policies(policies: Policies) -> Policies:
    """Return a policy by which Anna may enter the shed with her tag, or by her PIN."""
    await policies.save(person(permissions=(Permission(doors=(SHED,)),)))
    await policies.save(tag(policies))
    digest = await asyncio.to_thread(pin_hash, PIN, policies.policy.salt)
    await policies.save(tag(policies, id="code", kind=CredentialKind.PIN, name="PIN", hash=digest))
    return policies


async def kept(site: Site, count: int = 1) -> list[Passage]:
    """Let the site run until so many passages are in the log, and return them, newest first."""
    site.run()

    async def found() -> list[Passage]:
        rows = await site.log.find(PassageQuery())
        return rows if len(rows) == count else []

    rows: list[Passage] = await eventually(found)
    await site.end()
    return rows


async def told(site: Site) -> list[Passage]:
    """Let the site run for a while, and return what it told."""
    site.run()
    await asyncio.sleep(5 * ANSWERED_IN)
    await site.end()
    return site.house.told


async def test_who_may_enter_is_let_in_logged_and_told(site: Site, log: PassageLog) -> None:
    decision = await site.access.check(shows(direction=Direction.IN))

    assert decision.granted
    (passage,) = await kept(site)
    assert site.house.told == [passage]
    assert (passage.door, passage.kind, passage.at) == (SHED, PassageKind.GRANTED, NOON)
    assert (passage.person, passage.holder, passage.credential) == ("Anna", "anna", "Blue tag")
    assert (passage.reader, passage.authentication, passage.direction) == ("esphome", "rfid", "in")
    assert (passage.decided_by, passage.reason, passage.replayed) == ("server", None, False)
    assert passage.latency == timedelta(0)
    assert await log.uses() == {"tag": {"server": 1}}


async def test_who_waits_is_answered_before_anybody_is_told(site: Site) -> None:
    site.run()

    await site.access.check(shows())

    assert site.house.told == []
    await eventually(lambda: len(site.house.told) == 1)
    await site.end()


async def test_a_stranger_is_denied_and_only_a_part_of_a_hash_is_told(
    site: Site, log: PassageLog, policies: Policies
) -> None:
    decision = await site.access.check(shows(STRANGE))

    assert decision.reason is Reason.UNKNOWN_CARD
    (passage,) = await kept(site)
    assert passage.card == card_hash(policies.policy.key, STRANGE)[:8]
    assert (passage.kind, passage.reason, passage.holder) == ("denied", "unknown_card", None)
    assert STRANGE not in repr(passage)


@pytest.mark.parametrize("attempt", [shows(), shows(STRANGE), shows(None, PIN), shows(TAG, PIN)])
def test_an_attempt_tells_nobody_its_numbers(attempt: Attempt) -> None:
    assert not any(number in repr(attempt) for number in (TAG, STRANGE, PIN))


@pytest.mark.parametrize(
    ("verify", "card", "pin", "outcome"),
    [
        (Verify.CARD, TAG, None, "granted"),
        (Verify.CARD, None, PIN, Reason.WRONG_PIN),
        (Verify.CARD_AND_PIN, TAG, None, "wants a PIN"),
        (Verify.CARD_AND_PIN, TAG, PIN, "granted"),
        (Verify.CARD_AND_PIN, TAG, "0000", Reason.WRONG_PIN),
        (Verify.CARD_AND_PIN, STRANGE, PIN, Reason.UNKNOWN_CARD),
        (Verify.CARD_OR_PIN, None, PIN, "granted"),
        (Verify.CARD_OR_PIN, TAG, None, "granted"),
        (Verify.PIN, None, PIN, "granted"),
        (Verify.PIN, None, "0000", Reason.WRONG_PIN),
    ],
)
async def test_a_door_asks_for_what_people_say_it_asks_for(
    site: Site, policies: Policies, verify: Verify, card: str | None, pin: str | None, outcome: str
) -> None:
    await policies.save(DoorRules(door=SHED, verify=verify))

    decision = await site.access.check(shows(card, pin))

    found = decision.reason or ("wants a PIN" if decision.wants_pin else "granted")
    assert found == outcome
    assert len(await told(site)) == (not decision.wants_pin)


async def test_how_somebody_entered_is_in_the_log(
    site: Site, policies: Policies, log: PassageLog
) -> None:
    await policies.save(DoorRules(door=SHED, verify=Verify.CARD_OR_PIN))

    for attempt in (shows(), shows(None, PIN), shows(TAG, PIN)):
        site.house.wait(timedelta(seconds=1))
        await site.access.check(attempt)

    found = await kept(site, 3)
    assert [each.authentication for each in found] == ["rfid_and_pin", "pin", "rfid"]
    assert [each.credential for each in found] == ["Blue tag", "PIN", "Blue tag"]


async def test_how_long_a_decision_took_is_in_the_log(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticks = iter((7.0, 7.001, 7.004))
    monkeypatch.setattr(type(site.house), "clock", lambda _: next(ticks))

    await site.access.check(shows())

    (passage,) = await told(site)
    assert passage.latency == timedelta(milliseconds=4)


async def test_a_card_with_so_many_uses_opens_so_often(site: Site, policies: Policies) -> None:
    await policies.save(tag(policies, max_uses=3))

    decisions = await asyncio.gather(*(site.access.check(shows()) for _ in range(5)))

    assert sorted(str(each.reason) for each in decisions) == [
        "None", "None", "None", "uses_exhausted", "uses_exhausted",
    ]  # fmt: skip


async def test_uses_and_ways_are_remembered_over_a_restart(
    policies: Policies, log: PassageLog
) -> None:
    await policies.save(tag(policies, max_uses=2))
    await policies.save(DoorRules(door=SHED, antipassback=Antipassback.HARD))
    before = Site(policies, log)
    await before.access.check(shows(direction=Direction.IN))
    await kept(before)

    access = Site(policies, log).access
    again = await access.check(shows(direction=Direction.IN))
    back = await access.check(shows(direction=Direction.OUT))
    too_often = await access.check(shows(direction=Direction.IN))

    assert [each.reason for each in (again, back, too_often)] == [
        Reason.ANTIPASSBACK, None, Reason.USES_EXHAUSTED,
    ]  # fmt: skip


async def test_what_is_heard_of_late_does_not_undo_what_came_after(
    policies: Policies, log: PassageLog
) -> None:
    ledger = Ledger(log, policies, lambda: None)
    await ledger.load(NOON)
    way = Passage(id="1", door=SHED, kind=PassageKind.GRANTED, at=NOON, holder="anna")
    out = replace(way, direction="out")
    before = replace(way, id="2", at=NOON - timedelta(hours=1), direction="in", replayed=True)
    nowhere = replace(way, id="3", at=NOON + timedelta(hours=1))

    await ledger.keep([Entry(passage=each, decider=SHED) for each in (out, before, nowhere)])

    assert ledger.last_of("anna") == Whereabouts(direction=Direction.OUT, at=NOON)
    assert ledger.last_of("bert") is None


async def test_who_goes_out_after_the_clock_was_set_back_may_come_in_again(site: Site) -> None:
    await site.policies.save(DoorRules(door=SHED, antipassback=Antipassback.HARD))
    site.house.time = NOON + timedelta(hours=2)
    await site.access.check(shows(direction=Direction.IN))

    site.house.time = NOON
    await site.access.check(shows(direction=Direction.OUT))

    assert (await site.access.check(shows(direction=Direction.IN))).granted


async def test_who_fails_too_often_is_not_heard_and_told_of_once(
    site: Site, log: PassageLog
) -> None:
    for _ in range(FAILURES):
        await site.access.check(shows(STRANGE))

    refused = [await site.access.check(shows()) for _ in range(3)]
    elsewhere = await site.access.check(shows(source="another"))
    site.house.wait(FIRST)
    later = await site.access.check(shows())

    assert {each.reason for each in refused} == {Reason.LOCKED_OUT}
    assert elsewhere.granted
    assert later.granted
    reasons = [each.reason for each in await told(site)]
    assert reasons == ["unknown_card"] * FAILURES + ["locked_out", None, None]


async def test_who_guesses_many_pins_at_once_has_no_more_guesses(
    site: Site, policies: Policies
) -> None:
    await policies.save(DoorRules(door=SHED, verify=Verify.PIN))
    guesses = [f"{number:04}" for number in range(12)]

    decisions = await asyncio.gather(*(site.access.check(shows(None, each)) for each in guesses))

    reasons = [each.reason for each in decisions]
    assert reasons.count(Reason.WRONG_PIN) == FAILURES
    assert reasons.count(Reason.LOCKED_OUT) == len(guesses) - FAILURES


async def test_a_door_opens_though_the_log_cannot_be_written(
    site: Site, log: PassageLog, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def locked(_: object) -> Any:
        raise DatabaseLocked("The database is in use by another program: close that program")

    site.run()
    await site.access.check(shows())
    with monkeypatch.context() as patched:
        patched.setattr(log, "add", locked)
        decision = await site.access.check(shows())
        await eventually(lambda: "not in the log" in caplog.text)

    assert decision.granted
    await eventually(lambda: len(site.house.told) == 2)
    assert TAG not in caplog.text
    await site.end()
    assert len(await log.find(PassageQuery())) == 2


def test_a_source_is_locked_out_longer_each_time_and_forgiven_after_an_hour() -> None:
    guard, now, spans = Guard(), 0.0, []

    for _ in range(7):
        for _ in range(FAILURES):
            guard.failed("a", now)
        began = now
        while guard.locked_out("a", now):
            now += 1
        spans.append(now - began)
    now += FORGIVEN.total_seconds()
    for _ in range(FAILURES):
        guard.failed("a", now)

    assert spans == [30, 60, 120, 240, 480, 900, 900] == [*spans[:5], *[LONGEST.seconds] * 2]
    assert guard.locked_out("a", now + FIRST.total_seconds() - 1)
    assert not guard.locked_out("a", now + FIRST.total_seconds())


def test_who_fails_now_and_then_is_not_locked_out() -> None:
    guard = Guard()

    for minute in range(100):
        guard.failed("a", minute * 15.0)

    assert not guard.locked_out("a", 100 * 15.0)


def test_who_is_let_in_begins_anew_with_short_lock_outs() -> None:
    guard, now = Guard(), 0.0
    for _ in range(3):
        for _ in range(FAILURES):
            guard.failed("a", now)
        now += 300

    guard.granted("a")
    guard.granted("nobody")
    for _ in range(FAILURES):
        guard.failed("a", now)

    assert not guard.locked_out("a", now + FIRST.total_seconds())


def test_no_more_sources_are_remembered_than_there_can_be() -> None:
    guard = Guard()
    for _ in range(FAILURES):
        guard.failed("first", 0)

    for number in range(MOST):
        guard.failed(str(number), 0)

    assert not guard.locked_out("first", 1)
