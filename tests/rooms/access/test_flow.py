"""Agents that decide by what they are sent, and what happened at their doors."""

import asyncio
from dataclasses import replace
from datetime import timedelta
import logging
from typing import Any

import pytest

from custom_components.gatehouse.access import (
    AccessNotFound,
    DoorRules,
    LockedDown,
    PassageLog,
    PassageQuery,
    Permission,
    Person,
    Policies,
    intake,
)
from custom_components.gatehouse.agent import (
    AccessChanged,
    AgentStats,
    AgentUnreachable,
    PassageMade,
    StatsChanged,
)
from custom_components.gatehouse.agent.wire import DoorMode, PassageKind, SiteMode
from custom_components.gatehouse.database import DatabaseLocked
from custom_components.gatehouse.models import Passage
from tests.rooms.access.policies import AGENT, FRONT, GARAGE, card, person
from tests.rooms.access.site import CAMERA, ENROLLED, NOON, QUICK, Porch, Site
from tests.waiting import eventually

SOON = timedelta(milliseconds=50)
LONG = timedelta(seconds=10)
GONE = AgentUnreachable("It does not answer.")


@pytest.fixture
async def policies(policies: Policies) -> Policies:
    """Return a policy by which Anna may enter the front door with her tag."""
    await policies.save(person(permissions=(Permission(doors=(FRONT,)),)))
    await policies.save(card())
    return policies


def seqs(passages: list[Passage]) -> list[int]:
    return [int(each.id.rpartition("-")[2]) for each in passages]


async def logged(log: PassageLog) -> list[Passage]:
    """Return the log, the oldest first."""
    return [*reversed(await log.find(PassageQuery(limit=5000)))]


def is_disabled(agent: Porch) -> bool:
    """Return whether Anna's tag is, by the newest grants of an agent."""
    disabled: bool = agent.grants[-1]["cards"][card().hash]["disabled"]
    return disabled


# Grants


async def test_an_agent_that_connects_gets_the_policy(site: Site) -> None:
    site.run()
    site.connect()

    assert await site.access.settle(LONG) == frozenset()
    (grants,) = site.porch.grants
    assert grants["agent"] == AGENT
    assert grants["doors"].keys() == {"front", "garage"}
    assert grants["cards"][card().hash]["person"] == "anna"
    assert grants["issued"] == NOON.timestamp()
    assert grants["until"] == (NOON + QUICK.horizon).timestamp()
    assert grants["version"] == NOON.timestamp() * 1000


async def test_an_agent_that_was_there_before_the_story_began_is_served_too(site: Site) -> None:
    site.connect()
    site.run()

    assert await site.access.settle(LONG) == frozenset()
    assert len(site.porch.grants) == 1


async def test_an_agent_without_doors_is_left_alone(site: Site) -> None:
    site.run()
    site.access.described(AGENT, (), None)
    site.access.hear(AGENT, PassageMade(passage=site.porch.scan()))

    assert await site.access.settle(SOON) == frozenset()
    assert site.porch.grants == []


async def test_an_agent_that_comes_back_with_our_newest_grants_gets_no_others(
    site: Site,
) -> None:
    site.run()
    site.connect()
    await site.access.settle(LONG)

    site.disconnect()
    site.connect()
    assert await site.access.settle(SOON) == frozenset()

    assert len(site.porch.grants) == 1


async def test_each_change_of_the_policy_is_sent(site: Site, policies: Policies) -> None:
    site.run()
    site.connect()
    await site.access.settle(LONG)

    await policies.save(person(active=False))
    assert await site.access.settle(LONG) == frozenset()
    assert is_disabled(site.porch)

    await policies.set_site(SiteMode.LOCKDOWN)
    await policies.save(DoorRules(door=FRONT, mode=DoorMode.KEEP_LOCKED))
    assert await site.access.settle(LONG) == frozenset()
    assert site.porch.grants[-1]["site"] == "lockdown"
    assert site.porch.grants[-1]["doors"]["front"]["mode"] == "keep_locked"


async def test_what_changes_while_an_agent_is_busy_is_sent_in_one(
    site: Site, policies: Policies
) -> None:
    site.run()
    site.connect()
    await site.access.settle(LONG)
    site.porch.slow.clear()

    for number in range(20):
        await policies.save(card(f"tag {number}"))
    site.porch.slow.set()
    assert await site.access.settle(LONG) == frozenset()

    assert len(site.porch.grants[-1]["cards"]) == 21
    assert len(site.porch.grants) <= 3


async def test_revoked_means_acknowledged(site: Site, policies: Policies) -> None:
    site.run()
    site.connect()
    await site.access.settle(LONG)
    site.porch.slow.clear()

    await policies.save(card(active=False))
    waiting = asyncio.create_task(site.access.settle(LONG))
    done, _ = await asyncio.wait([waiting], timeout=SOON.total_seconds())
    assert not done
    assert not is_disabled(site.porch)

    site.porch.slow.set()
    assert await waiting == frozenset()
    assert is_disabled(site.porch)


async def test_agents_that_do_not_acknowledge_are_named(site: Site, policies: Policies) -> None:
    garage, shed = Porch("garage"), Porch("shed")
    site.run()
    for agent in (site.porch, garage, shed):
        site.connect(agent)
    assert await site.access.settle(LONG) == frozenset()
    site.disconnect(garage)
    shed.slow.clear()

    await policies.save(card(active=False))

    assert await site.access.settle(SOON) == {"garage", "shed"}
    assert is_disabled(site.porch)
    shed.slow.set()
    site.connect(garage)
    assert await site.access.settle(LONG) == frozenset()
    assert is_disabled(garage)
    assert is_disabled(shed)


async def test_a_slow_agent_never_delays_the_others(site: Site, policies: Policies) -> None:
    slow = Porch("slow")
    slow.slow.clear()
    site.run()
    site.connect(slow)
    site.connect()

    await eventually(lambda: site.porch.grants)
    await policies.save(card(active=False))
    await eventually(lambda: is_disabled(site.porch))

    assert slow.grants == []


async def test_what_fails_is_tried_again(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    site.porch.trouble = GONE
    site.run()
    site.connect()
    assert await site.access.settle(SOON) == {AGENT}

    site.porch.trouble = None

    assert await site.access.settle(LONG) == frozenset()
    assert "keeps its old grants for now: It does not answer." in caplog.text


@pytest.mark.parametrize("version", [None, 1, 2**52])
async def test_versions_grow_whatever_an_agent_has_and_the_clock_says(
    site: Site, policies: Policies, version: int | None
) -> None:
    site.porch.version = version
    site.run()
    site.connect()
    await site.access.settle(LONG)
    site.house.wait(timedelta(days=-400))
    await policies.save(card(active=False))
    await site.access.settle(LONG)
    site.house.wait(timedelta(days=800))
    await policies.save(card())
    await site.access.settle(LONG)

    versions = [grants["version"] for grants in site.porch.grants]
    assert versions == sorted(set(versions))
    assert len(versions) == 3
    assert versions[0] > (version or 0)


async def test_an_agent_that_was_given_another_policy_gets_ours(site: Site) -> None:
    site.run()
    site.connect()
    await site.access.settle(LONG)
    site.disconnect()
    site.porch.version = 2**50

    site.connect()
    await site.access.settle(LONG)

    assert site.porch.version == 2**50 + 1


async def test_an_agent_with_another_door_gets_grants_for_it(site: Site) -> None:
    site.run()
    site.connect()
    await site.access.settle(LONG)

    site.porch.doors = site.porch.doors[:1]
    site.connect()
    await site.access.settle(LONG)

    assert site.porch.grants[-1]["doors"].keys() == {"front"}


@pytest.mark.parametrize("told", ["access", "stats"])
async def test_an_agent_that_lost_its_grants_gets_them_again(site: Site, told: str) -> None:
    site.run()
    site.connect()
    await site.access.settle(LONG)
    site.porch.version = None
    messages = {
        "access": AccessChanged(access=site.porch.access),
        "stats": StatsChanged(stats=AgentStats(), access=site.porch.access),
    }

    site.access.hear(AGENT, messages[told])
    await site.access.settle(LONG)

    assert len(site.porch.grants) == 2


async def test_what_an_agent_says_of_newer_grants_starts_no_quarrel(site: Site) -> None:
    site.run()
    site.connect()
    await site.access.settle(LONG)
    site.porch.version = 2**50

    site.access.hear(AGENT, AccessChanged(access=site.porch.access))
    site.access.hear(AGENT, StatsChanged(stats=AgentStats()))

    assert await site.access.settle(SOON) == frozenset()
    assert len(site.porch.grants) == 1


async def test_windows_move_on_though_nothing_changes(site: Site) -> None:
    site.run(replace(QUICK, refresh=timedelta(milliseconds=20)))
    site.connect()
    await eventually(lambda: site.porch.grants)

    site.house.wait(timedelta(hours=1))
    later = (NOON + timedelta(hours=1) + QUICK.horizon).timestamp()

    await eventually(lambda: site.porch.grants[-1]["until"] == later)


async def test_a_use_elsewhere_is_told_to_every_agent(site: Site, policies: Policies) -> None:
    await policies.save(card(max_uses=3))
    garage = Porch("garage")
    site.run()
    site.connect()
    site.connect(garage)
    await site.access.settle(LONG)
    site.live()

    def left() -> list[tuple[int, int]]:
        cards = [agent.grants[-1]["cards"][card().hash] for agent in (site.porch, garage)]
        return [(each["uses"], each["used"]) for each in cards]

    await eventually(lambda: left() == [(3, 1), (2, 0)])
    assert await site.access.uses() == {"tag": {AGENT: 1}}
    assert site.house.spendings == 1


# Passages


async def test_a_live_passage_is_logged_told_with_names_and_acknowledged(
    site: Site, log: PassageLog
) -> None:
    site.run()
    site.connect()
    site.live()

    (passage,) = await eventually(lambda: site.house.told)
    assert passage == Passage(
        id=f"{AGENT}-a1b2c3d4-1",
        door=FRONT,
        kind=passage.kind,
        at=NOON + timedelta(seconds=1),
        person="Anna",
        reader="outside",
        holder="anna",
        credential="Tag",
        authentication="rfid",
        direction="in",
        latency=timedelta(microseconds=400),
        decided_by="agent",
    )
    assert passage.kind == "granted"
    await eventually(lambda: site.porch.acknowledged == [1])
    assert await logged(log) == [passage]
    assert site.porch.rows == []


async def test_who_is_not_known_any_more_is_kept_by_id(site: Site, policies: Policies) -> None:
    await policies.delete(Person, "anna")
    site.run()
    site.connect()
    site.live()
    site.live(PassageKind.FORCED, person=None, credential=None, authentication=None)

    anna, nobody = await eventually(lambda: len(site.house.told) == 2 and site.house.told)

    assert (anna.person, anna.holder, anna.credential) == (None, "anna", None)
    assert (nobody.person, nobody.holder, nobody.kind) == (None, None, "forced")


async def test_passages_are_by_the_clock_of_the_site(site: Site) -> None:
    site.house.ahead = timedelta(hours=3)
    site.run()
    site.connect()
    site.live(at=NOON + timedelta(hours=3))

    (passage,) = await eventually(lambda: site.house.told)
    assert passage.at == NOON


async def test_what_happened_meanwhile_is_told_as_the_past(site: Site, log: PassageLog) -> None:
    for _ in range(8):
        site.porch.scan()
    site.run()
    site.connect()

    await eventually(lambda: site.porch.acknowledged[-1:] == [8])
    assert seqs(site.house.told) == [*range(1, 9)]
    assert all(passage.replayed for passage in site.house.told)
    assert await logged(log) == site.house.told
    assert site.porch.rows == []


async def test_what_happens_while_the_past_is_fetched_is_live_and_told_once(
    site: Site, log: PassageLog
) -> None:
    for _ in range(20):
        site.porch.scan()
    site.run()
    site.connect()
    for _ in range(5):
        site.live()
        await asyncio.sleep(0.001)

    await eventually(lambda: site.porch.acknowledged[-1:] == [25])
    told = {
        seq: passage.replayed
        for seq, passage in zip(seqs(site.house.told), site.house.told, strict=True)
    }
    assert told == {**dict.fromkeys(range(1, 21), True), **dict.fromkeys(range(21, 26), False)}
    assert len(site.house.told) == 25
    assert seqs(await logged(log)) == [*range(1, 26)]


async def test_what_the_feed_is_about_to_tell_is_not_taken_for_the_past(site: Site) -> None:
    site.porch.scan()
    site.connect()
    late = site.porch.scan()
    site.run()
    await eventually(lambda: site.porch.pages and site.porch.acknowledged)

    site.access.hear(AGENT, PassageMade(passage=late))

    await eventually(lambda: site.porch.acknowledged[-1:] == [2])
    assert [each.replayed for each in site.house.told] == [True, False]


async def test_what_was_logged_but_not_acknowledged_is_not_told_again(
    site: Site, log: PassageLog
) -> None:
    site.run()
    site.connect()
    site.porch.trouble = GONE
    site.live()
    await eventually(lambda: site.house.told)
    site.disconnect()
    site.porch.trouble = None
    site.porch.scan()

    site.connect()

    await eventually(lambda: site.porch.acknowledged == [2])
    assert [passage.replayed for passage in site.house.told] == [False, True]
    assert seqs(await logged(log)) == [1, 2]


async def test_nothing_is_lost_when_the_site_restarts_at_any_time(
    policies: Policies, log: PassageLog
) -> None:
    porch, told = Porch(), list[Passage]()
    for run in range(6):
        site = Site(policies, log)
        site.porch = porch
        for _ in range(7):
            porch.scan()
        site.run()
        site.connect()
        site.live()
        await asyncio.sleep(0.003 * run)
        await site.end()
        told += site.house.told
    last = Site(policies, log)
    last.porch = porch
    last.run()
    last.connect()
    await eventually(lambda: not porch.rows)
    await last.end()

    assert seqs(await logged(log)) == [*range(1, 49)]
    assert await log.uses() == {"tag": {AGENT: 48}}
    live = [passage.id for passage in told if not passage.replayed]
    assert len(set(live)) == len(live)


async def test_an_agent_that_counts_anew_is_believed(site: Site, log: PassageLog) -> None:
    site.run()
    site.connect()
    site.live()
    await eventually(lambda: site.porch.acknowledged == [1])

    site.porch.journal, site.porch.last, site.porch.acknowledged = "ffffffff", 0, []
    site.porch.scan()
    site.connect()
    site.live()

    await eventually(lambda: site.porch.acknowledged[-1:] == [2])
    assert [passage.id for passage in await logged(log)] == [
        f"{AGENT}-a1b2c3d4-1", f"{AGENT}-ffffffff-1", f"{AGENT}-ffffffff-2",
    ]  # fmt: skip


async def test_an_agent_that_comes_back_with_more_while_it_is_asked_keeps_none_of_it(
    site: Site, log: PassageLog
) -> None:
    site.porch.scan()
    site.run()
    site.porch.slow.clear()
    site.connect()
    await eventually(lambda: site.porch.pages)
    site.disconnect()
    for _ in range(4):
        site.porch.scan()
    site.connect()
    site.porch.slow.set()

    await eventually(lambda: site.porch.acknowledged[-1:] == [5])
    assert seqs(await logged(log)) == [*range(1, 6)]


async def test_what_an_agent_still_has_is_not_acknowledged_by_what_it_tells_meanwhile(
    site: Site, log: PassageLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "MOST_OWED", 1)
    for _ in range(8):
        site.porch.scan()
    site.run()
    site.porch.slow.clear()
    site.connect()
    await eventually(lambda: site.porch.pages)
    site.disconnect()
    for _ in range(2):
        site.porch.scan()
    site.connect()
    site.live()
    site.porch.slow.set()

    await eventually(lambda: site.porch.acknowledged[-1:] == [11])
    assert seqs(await logged(log)) == [*range(1, 12)]


async def test_a_journal_that_is_exchanged_in_the_middle_is_not_mixed_up(site: Site) -> None:
    for _ in range(5):
        site.porch.scan()
    site.run()
    site.porch.slow.clear()
    site.connect()
    await eventually(lambda: site.porch.pages)
    site.porch.journal, site.porch.rows, site.porch.last = "ffffffff", [], 0
    site.porch.scan()
    site.porch.slow.set()
    site.connect()

    await eventually(lambda: site.porch.acknowledged == [1])
    assert [passage.id for passage in site.house.told] == [
        *(f"{AGENT}-a1b2c3d4-{seq}" for seq in (1, 2, 3)),
        f"{AGENT}-ffffffff-1",
    ]


async def test_more_than_can_wait_comes_later_from_the_agent(
    site: Site, log: PassageLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "MOST_LIVE", 40)
    site.connect()
    for _ in range(44):
        site.live()

    site.run()

    await eventually(lambda: site.porch.acknowledged[-1:] == [44])
    assert seqs(await logged(log)) == [*range(1, 45)]
    replayed = [each for each in site.house.told if each.replayed]
    assert seqs(replayed) == [*range(41, 45)]


async def test_a_log_that_cannot_be_written_delays_no_news_and_loses_none(
    site: Site, log: PassageLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.run()
    site.connect()
    await site.access.settle(LONG)
    write = log.add

    async def locked(_: object) -> Any:
        raise DatabaseLocked("The database is in use by another program: close that program")

    monkeypatch.setattr(log, "add", locked)
    site.live()
    await eventually(lambda: len(site.house.told) == 1)
    site.live()
    await eventually(lambda: len(site.house.told) == 2)
    assert site.porch.acknowledged == []
    monkeypatch.setattr(log, "add", write)

    await eventually(lambda: site.porch.acknowledged == [2])
    assert await logged(log) == site.house.told
    assert [(each.replayed, each.person) for each in site.house.told] == [(False, "Anna")] * 2


async def test_an_agent_that_fails_is_asked_again_for_the_past(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    site.porch.scan()
    site.porch.trouble = GONE
    site.run()
    site.connect()
    await eventually(lambda: "stay there for now" in caplog.text)

    site.porch.trouble = None

    await eventually(lambda: site.porch.acknowledged == [1])
    assert len(site.house.told) == 1


# Doors


async def test_a_door_is_unlocked_from_afar_in_somebodys_name(site: Site) -> None:
    site.connect()

    passage = await site.access.unlock(FRONT, "anna", timedelta(seconds=5))
    by_name = await site.access.unlock(GARAGE, "Grandma")

    assert site.porch.asked == [
        ("front", "anna", timedelta(seconds=5)),
        ("garage", "Grandma", None),
    ]
    assert (passage.door, passage.person, passage.holder) == (FRONT, "Anna", "anna")
    assert (passage.authentication, passage.decided_by) == ("app", "server")
    assert (by_name.door, by_name.person) == (GARAGE, "Grandma")


@pytest.mark.parametrize("door", ["shed", f"{AGENT}/porch", "", "/door/front"])
async def test_a_door_that_no_agent_has_cannot_be_unlocked(site: Site, door: str) -> None:
    site.connect()

    with pytest.raises(AccessNotFound):
        await site.access.unlock(door)


async def test_a_door_whose_agent_is_away_cannot_be_unlocked(site: Site) -> None:
    with pytest.raises(AgentUnreachable):
        await site.access.unlock(FRONT)


async def test_in_a_lockdown_a_door_is_only_unlocked_if_it_is_meant(
    site: Site, policies: Policies
) -> None:
    site.connect()
    await policies.set_site(SiteMode.LOCKDOWN)

    with pytest.raises(LockedDown):
        await site.access.unlock(FRONT)
    assert site.porch.asked == []

    await site.access.unlock(FRONT, in_lockdown=True)
    assert site.porch.asked == [("front", None, None)]


async def test_a_reader_learns_a_card(site: Site) -> None:
    site.connect()

    assert await site.access.lessons.enroll(FRONT, "outside", timedelta(seconds=20)) == ENROLLED
    assert site.porch.asked == [("front", "outside", timedelta(seconds=20))]


# Openings


async def test_who_follows_somebody_in_is_logged_and_told_once(site: Site, log: PassageLog) -> None:
    site.run()
    site.connect()
    site.live()
    await eventually(lambda: site.house.told)

    site.contact("front", is_open=True)
    site.access.seen(CAMERA, 2)
    site.contact("front", is_open=None)
    site.contact("front", is_open=False)

    _, hint = await eventually(lambda: len(site.house.told) == 2 and site.house.told)
    assert (hint.kind, hint.door, hint.at) == ("tailgating", FRONT, NOON)
    assert (hint.reason, hint.decided_by) == ("2 persons were seen, 1 let in", "server")
    assert await eventually(lambda: log.get(hint.id)) == hint


async def test_a_door_without_a_contact_is_judged_when_its_time_is_over(site: Site) -> None:
    site.run()
    site.connect()
    site.live(door="garage")
    await eventually(lambda: site.house.told)
    site.access.seen(CAMERA, 3)

    site.house.wait(timedelta(seconds=10))
    site.live(PassageKind.DENIED, door="garage")

    told = await eventually(lambda: len(site.house.told) == 3 and site.house.told)
    assert [each.kind.value for each in told] == ["granted", "denied", "tailgating"]


async def test_the_past_says_nothing_about_who_is_there_now(site: Site) -> None:
    site.porch.scan()
    site.access.seen(CAMERA, 3)
    site.run()
    site.connect()
    await eventually(lambda: site.house.told)

    site.contact("front", is_open=True)
    site.contact("front", is_open=False)
    site.live()

    await eventually(lambda: len(site.house.told) == 2)
    assert [each.kind.value for each in site.house.told] == ["granted", "granted"]


async def test_a_hint_is_told_though_it_cannot_be_logged(
    site: Site, log: PassageLog, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    site.run()
    site.connect()
    site.live()
    await eventually(lambda: site.porch.acknowledged)

    async def locked(_: object) -> Any:
        raise DatabaseLocked("The database is in use by another program: close that program")

    monkeypatch.setattr(log, "add", locked)
    site.contact("front", is_open=True)
    site.access.seen(CAMERA, 2)
    site.contact("front", is_open=False)

    await eventually(lambda: len(site.house.told) == 2)
    await eventually(lambda: "not in the log" in caplog.text)


# The log's age


async def test_what_is_too_old_is_forgotten(site: Site, log: PassageLog) -> None:
    site.connect()
    for days in (0, 364, 366):
        site.live(at=NOON + timedelta(days=days))
    site.house.wait(timedelta(days=366))
    site.run(replace(QUICK, refresh=timedelta(milliseconds=20)))
    site.connect()

    await eventually(lambda: _is(log, [2, 3]))


async def test_a_clock_that_jumps_ahead_makes_nothing_too_old(
    site: Site, log: PassageLog, caplog: pytest.LogCaptureFixture
) -> None:
    site.run()
    site.connect()
    for _ in range(3):
        site.live()
    await eventually(lambda: site.porch.acknowledged[-1:] == [3])
    await site.end()

    site.house.wait(timedelta(days=5000))
    site.run(replace(QUICK, refresh=timedelta(milliseconds=1)))
    site.connect()
    await eventually(lambda: len(site.porch.grants) > 3)

    assert seqs(await logged(log)) == [1, 2, 3]


async def test_a_log_that_cannot_be_read_is_looked_through_later(
    site: Site, log: PassageLog, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def locked(_: object) -> Any:
        raise DatabaseLocked("The database is in use by another program: close that program")

    monkeypatch.setattr(log, "find", locked)
    with caplog.at_level(logging.WARNING):
        site.run()
        await eventually(lambda: "stay in the log for now" in caplog.text)


async def _is(log: PassageLog, expected: list[int]) -> bool:
    return seqs(await logged(log)) == expected
