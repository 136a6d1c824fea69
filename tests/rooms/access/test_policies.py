"""Who may enter, as people say it and rows keep it."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import date, time, timedelta
from pathlib import Path
import sqlite3
from zoneinfo import ZoneInfo

import pytest

from custom_components.gatehouse.access import (
    AccessError,
    AccessNotFound,
    CardTaken,
    Credential,
    DoorGroup,
    DoorRules,
    Holiday,
    HolidayRule,
    Hours,
    InUse,
    NameBad,
    Noun,
    Permission,
    Person,
    PinTaken,
    Policies,
    PolicyStore,
    Schedule,
    SpecialDays,
)
from custom_components.gatehouse.agent import Antipassback, DoorMode, SiteMode, Verify
from custom_components.gatehouse.database import Database, DatabaseLocked
from tests.rooms.access.policies import (
    BERLIN,
    FRONT,
    GARAGE,
    WORKDAYS,
    at,
    card,
    holiday,
    person,
    pin,
    schedule,
    window,
)

WEEK = Schedule(
    id="week",
    name="Week",
    windows=(window("07:00", "18:30:15", WORKDAYS), window("22:00", "02:00")),
    special=(
        SpecialDays(first=date(2026, 12, 24), last=date(2026, 12, 26)),
        SpecialDays(
            first=date(2026, 12, 31),
            last=date(2026, 12, 31),
            hours=(Hours(start=time(8), end=time(12)),),
        ),
    ),
    holidays=HolidayRule.AS_SUNDAY,
)
DOORS = DoorGroup(id="all", name="All doors", doors=(FRONT, GARAGE))
ANNA = person(
    permissions=(Permission(doors=(FRONT,)), Permission(groups=("all",), schedule="week")),
    valid_from=at("2026-01-01T00:00"),
    valid_until=at("2027-01-01T00:00"),
    note="Cleans on Fridays.",
)
VISITOR = card("visitor", visitor=True, max_uses=3, active=False)
RULES = DoorRules(
    door=FRONT,
    mode=DoorMode.KEEP_UNLOCKED,
    mode_until=at("2026-11-18T18:00"),
    verify=Verify.CARD_AND_PIN,
    antipassback=Antipassback.HARD,
    antipassback_reset=timedelta(minutes=30),
)
EVERYTHING: tuple[Noun, ...] = (
    WEEK,
    holiday("2026-12-25", "2026-12-26", yearly=True),
    DOORS,
    ANNA,
    person("bert", active=False),
    card(),
    VISITOR,
    pin(),
    RULES,
)


async def restarted(store: PolicyStore) -> Policies:
    policies = Policies(store, BERLIN)
    await policies.load()
    return policies


async def kept(policies: Policies, *nouns: Noun) -> None:
    for noun in nouns:
        await policies.save(noun)


async def test_a_new_site_has_secrets_of_its_own_and_nobody(
    policies: Policies, store: PolicyStore, tmp_path: Path
) -> None:
    other = await Database.open(tmp_path / "other.db")
    theirs = await restarted(PolicyStore(other))
    await other.close()

    policy = policies.policy
    assert (len(policy.key), len(policy.salt), policy.site) == (32, 16, SiteMode.NORMAL)
    assert not policy.people
    assert theirs.policy.key != policy.key
    assert theirs.policy.salt != policy.salt
    assert (await restarted(store)).policy == policy


async def test_everything_is_there_after_a_restart(policies: Policies, store: PolicyStore) -> None:
    await kept(policies, *EVERYTHING)

    policy = (await restarted(store)).policy

    assert policy == policies.policy
    assert policy.people == {"anna": ANNA, "bert": person("bert", active=False)}
    assert policy.credentials == {"tag": card(), "visitor": VISITOR, "code": pin()}
    assert policy.schedules == {"week": WEEK}
    assert policy.groups == {"all": DOORS}
    assert policy.doors == {FRONT: RULES}
    assert len(policy.holidays) == 1


async def test_what_is_new_gets_an_id_and_a_tidy_name(policies: Policies) -> None:
    anna = await policies.save(person("", name="  Anna \t Berg "))
    other = await policies.save(person("", name="Anna Berg"))

    assert (anna.kept.name, anna.before) == ("Anna Berg", None)
    assert len({anna.kept.id, other.kept.id, ""}) == 3
    assert policies.policy.people.keys() == {anna.kept.id, other.kept.id}


async def test_a_change_tells_what_was_so_that_it_can_be_undone(policies: Policies) -> None:
    await kept(policies, person())

    change = await policies.save(person(active=False))
    assert change.before == person()
    await policies.save(change.before)

    assert policies.policy.people == {"anna": person()}


async def test_a_policy_that_somebody_holds_does_not_change(policies: Policies) -> None:
    before = policies.policy

    await kept(policies, person(), card())

    assert (before.people, before.credentials) == ({}, {})


@pytest.mark.parametrize("index", range(len(EVERYTHING)))
async def test_everything_can_be_deleted_and_brought_back(
    policies: Policies, store: PolicyStore, index: int
) -> None:
    await kept(policies, *EVERYTHING)
    await kept(policies, person(permissions=()))
    before, noun = policies.policy, policies_own(EVERYTHING[index], policies)

    gone = await policies.delete(type(noun), key(noun))
    assert (await restarted(store)).policy == policies.policy != before
    await kept(policies, *gone)

    assert gone[0] == noun
    assert policies.policy == before
    assert (await restarted(store)).policy == before


def key(noun: Noun) -> str:
    return noun.door if isinstance(noun, DoorRules) else noun.id


def policies_own(noun: Noun, policies: Policies) -> Noun:
    """Return what a site has of the same kind and key now."""
    policy = policies.policy
    everything: list[Noun] = [
        *policy.people.values(),
        *policy.credentials.values(),
        *policy.schedules.values(),
        *policy.holidays.values(),
        *policy.groups.values(),
        *policy.doors.values(),
    ]
    (own,) = (each for each in everything if (type(each), key(each)) == (type(noun), key(noun)))
    return own


async def test_with_a_person_go_their_credentials_and_nobody_elses(policies: Policies) -> None:
    await kept(policies, person(), person("bert"), card(), pin(), card("other", "bert"))

    gone = await policies.delete(Person, "anna")

    assert gone == (person(), card(), pin())
    assert policies.policy.credentials == {"other": card("other", "bert")}


async def test_a_card_that_somebody_has_is_not_given_to_another(policies: Policies) -> None:
    await kept(policies, person(name="Anna Berg"), person("bert"), card())

    with pytest.raises(CardTaken, match="Anna Berg") as caught:
        await policies.save(card("another", "bert", hash=card().hash))

    assert card().hash not in str(caught.value)
    assert policies.policy.credentials == {"tag": card()}


async def test_a_pin_is_refused_without_a_word_of_whose_it_is(policies: Policies) -> None:
    await kept(policies, person(name="Anna Berg"), person("bert"), pin())

    with pytest.raises(PinTaken) as caught:
        await policies.save(pin("another", "bert", hash=pin().hash))

    assert "Anna" not in str(caught.value)


async def test_a_card_and_a_pin_may_look_alike(policies: Policies) -> None:
    await kept(policies, person(), card(hash="ab"), pin(hash="ab"))

    assert len(policies.policy.credentials) == 2


async def test_a_card_can_be_saved_again_and_given_to_another_person(policies: Policies) -> None:
    await kept(policies, person(), person("bert"), card())

    await policies.save(card(name="Blue"))
    change = await policies.save(card(person="bert"))

    assert (change.before and change.before.name, change.kept.person) == ("Blue", "bert")


async def test_a_schedule_or_group_that_is_needed_stays(policies: Policies) -> None:
    await kept(policies, WEEK, DOORS, ANNA, replace(ANNA, id="b", name="Bert"), person("c"))

    with pytest.raises(InUse, match="Anna, Bert"):
        await policies.delete(Schedule, "week")
    with pytest.raises(InUse, match="Anna, Bert"):
        await policies.delete(DoorGroup, "all")

    assert policies.policy.schedules == {"week": WEEK}


@pytest.mark.parametrize(
    ("noun", "error"),
    [
        (person(permissions=(Permission(doors=(FRONT,), schedule="none"),)), AccessNotFound),
        (person(permissions=(Permission(groups=("none",)),)), AccessNotFound),
        (card(person="nobody"), AccessNotFound),
        (DoorRules(door=""), AccessNotFound),
        (person(name=" "), NameBad),
        (schedule(name=""), NameBad),
        (DoorGroup(id="g", name="\0"), NameBad),
        (card(name="x" * 200), NameBad),
        (Holiday(id="", name="", first=date(2026, 1, 1), last=date(2026, 1, 1)), NameBad),
    ],
    ids=str,
)
async def test_what_makes_no_sense_is_not_kept(
    policies: Policies, noun: Noun, error: type[AccessError]
) -> None:
    await kept(policies, person())
    before = policies.policy

    with pytest.raises(error):
        await policies.save(noun)

    assert policies.policy is before


async def test_what_is_gone_cannot_be_deleted(policies: Policies) -> None:
    with pytest.raises(AccessNotFound):
        await policies.delete(Credential, "tag")


async def test_the_site_is_shut_and_opened_again(policies: Policies, store: PolicyStore) -> None:
    assert await policies.set_site(SiteMode.LOCKDOWN) is SiteMode.NORMAL
    assert (await restarted(store)).policy.site is SiteMode.LOCKDOWN
    assert await policies.set_site(SiteMode.LOCKDOWN) is SiteMode.LOCKDOWN

    assert await policies.set_site(SiteMode.NORMAL) is SiteMode.LOCKDOWN
    assert policies.policy.site is SiteMode.NORMAL


async def test_everybody_who_listens_hears_of_each_change(policies: Policies) -> None:
    heard: list[str] = []
    policies.listen(lambda: heard.append("first"))
    stop: Callable[[], None] = policies.listen(lambda: heard.append("second"))

    await policies.save(person())
    stop()
    await policies.delete(Person, "anna")
    await policies.set_site(SiteMode.EVACUATION)
    await policies.set_site(SiteMode.EVACUATION)
    policies.move(ZoneInfo("Asia/Kathmandu"))
    policies.move(ZoneInfo("Asia/Kathmandu"))

    assert heard == ["first", "second", "first", "first", "first"]
    assert policies.policy.zone.key == "Asia/Kathmandu"


async def test_changes_at_once_are_made_one_after_the_other(
    policies: Policies, store: PolicyStore
) -> None:
    await kept(policies, person())

    await asyncio.gather(*(policies.save(card(str(number))) for number in range(20)))

    assert len(policies.policy.credentials) == 20
    assert (await restarted(store)).policy == policies.policy


async def test_a_change_whose_caller_leaves_is_finished(
    policies: Policies, store: PolicyStore
) -> None:
    leaving = asyncio.create_task(policies.save(person()))
    await asyncio.sleep(0)
    leaving.cancel()
    await asyncio.wait([leaving])

    await policies.save(person("bert"))

    assert policies.policy.people.keys() == {"anna", "bert"}
    assert (await restarted(store)).policy == policies.policy


async def test_what_cannot_be_written_does_not_hold(
    policies: Policies, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, database: Database
) -> None:
    impatient = await Database.open(tmp_path / "gatehouse.db")
    await impatient.write(lambda db: db.exec_driver_sql("PRAGMA busy_timeout = 0"))
    theirs = Policies(PolicyStore(impatient), BERLIN)
    await theirs.load()
    tool = await asyncio.to_thread(_holding, tmp_path / "gatehouse.db")

    with pytest.raises(DatabaseLocked):
        await theirs.save(person())

    assert not theirs.policy.people
    await asyncio.to_thread(tool.close)
    await impatient.close()


def _holding(path: Path) -> sqlite3.Connection:
    tool = sqlite3.connect(path, check_same_thread=False)
    tool.execute("BEGIN EXCLUSIVE")
    return tool
