"""Share links: who may use one, how often, and until when."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import closing, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
import logging
from pathlib import Path
import sqlite3

import pytest

from custom_components.gatehouse.database import Database, DatabaseError
from custom_components.gatehouse.footage import (
    Link,
    LinkExpired,
    LinkOver,
    LinkRefused,
    LinkRevoked,
    Links,
    LinkStore,
    LinkUnknown,
    LinkUsedUp,
    links as links_module,
)

NOON = datetime(2026, 11, 18, 12, 0, 0, 123456, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

pytestmark = pytest.mark.usefixtures("never_blocks")


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now

    def after(self, span: timedelta) -> None:
        self.now += span


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    database = await Database.open(tmp_path / "links.db")
    yield database
    await database.close()


@pytest.fixture
def links(database: Database, clock: Clock) -> Links:
    return Links(LinkStore(database), now=clock)


async def uses(links: Links) -> list[int]:
    """Return how often each living link was used."""
    return [link.uses for link in await links.living()]


async def test_a_link_comes_back_by_what_is_in_its_address(links: Links) -> None:
    plain = await links.create("f1", HOUR)
    full = await links.create("f2", DAY, most_uses=3, note="For the insurance")

    assert await links.open(plain.token) == plain
    assert await links.open(full.token) == full
    assert (full.footage, full.created, full.expires) == ("f2", NOON, NOON + DAY)
    assert (full.most_uses, full.uses, full.note) == (3, 0, "For the insurance")


async def test_a_token_is_long_and_shown_nowhere(
    links: Links, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "custom_components.gatehouse")

    made = [await links.create("f1", HOUR) for _ in range(50)]
    await links.play(made[0].token, "a")
    with pytest.raises(LinkUnknown) as unknown:
        await links.open(made[0].token[::-1])

    assert len({link.token for link in made}) == 50
    # 192 bits, six in a character.
    assert {len(link.token) for link in made} == {32}
    ours = [each.getMessage() for each in caplog.records if each.name.startswith("custom_")]
    said = f"{made} {ours} {unknown.value!r}"
    assert not any(link.token in said or link.token[::-1] in said for link in made)


@pytest.mark.parametrize("lifetime", [timedelta(0), -HOUR, timedelta(seconds=59), 31 * DAY])
async def test_a_link_lasts_from_a_minute_to_thirty_days(links: Links, lifetime: timedelta) -> None:
    with pytest.raises(LinkRefused, match="30 days"):
        await links.create("f1", lifetime)

    assert await links.living() == []


@pytest.mark.parametrize("lifetime", [timedelta(minutes=1), 30 * DAY])
async def test_a_link_may_last_as_long_as_that(links: Links, lifetime: timedelta) -> None:
    assert (await links.create("f1", lifetime)).expires == NOON + lifetime


@pytest.mark.parametrize("most_uses", [0, -1, 1001])
async def test_a_link_has_a_number_of_uses_that_makes_sense(links: Links, most_uses: int) -> None:
    with pytest.raises(LinkRefused, match="1 to 1000"):
        await links.create("f1", HOUR, most_uses)


async def test_a_note_is_short(links: Links) -> None:
    with pytest.raises(LinkRefused, match="200"):
        await links.create("f1", HOUR, note="n" * 201)


@pytest.mark.parametrize(
    "token", ["", "a", "x" * 32, "x" * 33, "x" * 100_000, "é" * 32, "' OR 1=1 --", "../" * 11, "\0"]
)
async def test_what_was_never_made_is_unknown(links: Links, token: str) -> None:
    await links.create("f1", HOUR)

    with pytest.raises(LinkUnknown):
        await links.open(token)
    with pytest.raises(LinkUnknown):
        await links.play(token, "a")


async def test_a_token_is_taken_letter_for_letter(links: Links) -> None:
    token = (await links.create("f1", HOUR)).token

    with pytest.raises(LinkUnknown):
        await links.open(token.swapcase())


async def test_a_link_expires(links: Links, clock: Clock) -> None:
    token = (await links.create("f1", HOUR)).token
    clock.after(HOUR - timedelta(microseconds=1))
    await links.open(token)

    clock.after(timedelta(microseconds=1))

    with pytest.raises(LinkExpired):
        await links.open(token)
    assert await links.living() == []


async def test_a_revoked_link_ends_even_what_is_being_watched(links: Links) -> None:
    link = await links.create("f1", HOUR)
    await links.play(link.token, "a")

    ended = await links.revoke(link.id)

    assert ended == replace(link, uses=1, revoked=NOON)
    with pytest.raises(LinkRevoked):
        await links.play(link.token, "a")


async def test_what_is_still_watched_by_a_link_that_was_used_up_can_be_ended(links: Links) -> None:
    link = await links.create("f1", HOUR, most_uses=1)
    await links.play(link.token, "a")

    assert await links.revoke(link.id)

    with pytest.raises(LinkRevoked):
        await links.play(link.token, "a")


async def test_only_what_is_not_over_is_revoked(links: Links, clock: Clock) -> None:
    revoked, expired = await links.create("f1", HOUR), await links.create("f1", MINUTE)
    await links.revoke(revoked.id)
    clock.after(MINUTE)

    assert [await links.revoke(link) for link in (revoked.id, expired.id, "never made")] == [
        None,
        None,
        None,
    ]


async def test_an_expired_link_ends_even_what_is_being_watched(links: Links, clock: Clock) -> None:
    link = await links.create("f1", HOUR)
    await links.play(link.token, "a")

    clock.after(HOUR)

    with pytest.raises(LinkExpired):
        await links.play(link.token, "a")


async def test_looking_counts_nothing(links: Links) -> None:
    link = await links.create("f1", HOUR, most_uses=1)

    for _ in range(10):
        await links.open(link.token)

    assert await uses(links) == [0]


async def test_a_viewing_counts_once_however_many_parts_it_asks_for(links: Links) -> None:
    link = await links.create("f1", HOUR, most_uses=2)

    await asyncio.gather(*(links.play(link.token, "a") for _ in range(20)))

    assert await uses(links) == [1]


async def test_a_new_viewing_counts_again_until_the_link_is_used_up(links: Links) -> None:
    link = await links.create("f1", HOUR, most_uses=2)
    await links.play(link.token, "a")
    await links.play(link.token, "b")

    with pytest.raises(LinkUsedUp):
        await links.play(link.token, "c")
    with pytest.raises(LinkUsedUp):
        await links.open(link.token)
    assert await links.living() == []


async def test_the_last_viewing_is_watched_to_its_end(links: Links) -> None:
    link = await links.create("f1", DAY, most_uses=1)
    await links.play(link.token, "a")

    await links.play(link.token, "a")
    await links.open(link.token, "a")

    with pytest.raises(LinkUsedUp):
        await links.open(link.token, "b")


async def test_a_viewing_is_over_after_six_hours(links: Links, clock: Clock) -> None:
    link = await links.create("f1", DAY, most_uses=1)
    await links.play(link.token, "a")
    clock.after(timedelta(hours=6) - timedelta(seconds=1))
    await links.play(link.token, "a")

    clock.after(timedelta(seconds=1))

    with pytest.raises(LinkUsedUp):
        await links.play(link.token, "a")


async def test_a_viewing_is_of_one_link(links: Links) -> None:
    first = await links.create("f1", HOUR, most_uses=1)
    second = await links.create("f1", HOUR, most_uses=1)
    await links.play(first.token, "a")

    await links.play(second.token, "a")

    assert await links.living() == []


async def test_a_link_without_a_bound_counts_all_the_same(links: Links) -> None:
    link = await links.create("f1", HOUR)

    for viewing in range(5):
        await links.play(link.token, str(viewing))

    assert await uses(links) == [5]


@pytest.mark.parametrize("left", [1, 3])
async def test_of_many_at_once_only_as_many_as_are_left_get_a_use(links: Links, left: int) -> None:
    link = await links.create("f1", HOUR, most_uses=left)

    answers = await asyncio.gather(
        *(links.play(link.token, str(viewing)) for viewing in range(12)), return_exceptions=True
    )

    assert sum(isinstance(answer, Link) for answer in answers) == left
    assert sum(isinstance(answer, LinkUsedUp) for answer in answers) == 12 - left


async def test_two_programs_never_both_get_the_last_use(
    tmp_path: Path, links: Links, clock: Clock
) -> None:
    link = await links.create("f1", HOUR, most_uses=1)
    other = await Database.open(tmp_path / "links.db")
    elsewhere = Links(LinkStore(other), now=clock)

    answers = await asyncio.gather(
        links.play(link.token, "a"), elsewhere.play(link.token, "b"), return_exceptions=True
    )
    await other.close()

    assert sorted(type(answer).__name__ for answer in answers) == ["Link", "LinkUsedUp"]


async def test_a_viewer_who_hangs_up_at_once_has_used_the_link(
    links: Links, tmp_path: Path
) -> None:
    link = await links.create("f1", HOUR, most_uses=1)
    with closing(sqlite3.connect(tmp_path / "links.db", isolation_level=None)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        impatient = asyncio.create_task(links.play(link.token, "a"))
        with suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(impatient), 0.2)
        impatient.cancel()
        holder.execute("ROLLBACK")

    # The next part is asked for while the first is still being counted.
    await links.play(link.token, "a")

    assert await links.living() == []
    with pytest.raises(LinkUsedUp):
        await links.play(link.token, "b")


async def test_a_database_that_fails_gives_no_free_viewing(
    links: Links, database: Database, tmp_path: Path, clock: Clock
) -> None:
    link = await links.create("f1", HOUR, most_uses=1)
    with closing(sqlite3.connect(tmp_path / "links.db")) as spoiler:
        spoiler.execute(
            "CREATE TRIGGER broken BEFORE UPDATE ON links BEGIN DELETE FROM missing; END"
        )
    for _ in range(2):
        with pytest.raises(DatabaseError):
            await links.play(link.token, "a")

    with closing(sqlite3.connect(tmp_path / "links.db")) as spoiler:
        spoiler.execute("DROP TRIGGER broken")

    assert await uses(links) == [0]
    await links.play(link.token, "a")
    assert await links.living() == []


async def test_made_up_viewings_are_bounded(
    links: Links, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(links_module, "MOST_VIEWINGS", 20)
    link = await links.create("f1", DAY)

    for viewing in range(50):
        await links.play(link.token, str(viewing))
    await links.play(link.token, "49")
    await links.play(link.token, "0")

    assert len(links._viewings) <= 20
    assert await uses(links) == [51]


async def test_viewings_that_are_over_are_forgotten(links: Links, clock: Clock) -> None:
    link = await links.create("f1", DAY)
    for viewing in range(5):
        await links.play(link.token, str(viewing))

    clock.after(timedelta(hours=7))
    await links.play(link.token, "new")

    assert len(links._viewings) == 1


async def test_living_links_are_listed_newest_first(links: Links, clock: Clock) -> None:
    notes = []
    for number in range(3):
        notes.append((await links.create("f1", HOUR, note=f"{number}")).note)
        clock.after(timedelta(minutes=1))

    assert [link.note for link in await links.living()] == notes[::-1]


async def test_what_has_been_over_for_a_month_is_forgotten(links: Links, clock: Clock) -> None:
    expired = await links.create("f1", HOUR)
    revoked = await links.create("f1", 30 * DAY)
    await links.revoke(revoked.id)
    living = await links.create("f1", 30 * DAY)
    clock.after(30 * DAY - HOUR)
    assert await links.forget_old() == 0
    with pytest.raises(LinkExpired):
        await links.open(expired.token)
    await links.open(living.token)

    clock.after(3 * HOUR)

    assert await links.forget_old() == 2
    for link in (expired, revoked):
        with pytest.raises(LinkUnknown):
            await links.open(link.token)
    with pytest.raises(LinkExpired):
        await links.open(living.token)


async def test_links_survive_a_restart_and_so_do_their_uses(
    tmp_path: Path, links: Links, database: Database, clock: Clock
) -> None:
    link = await links.create("f1", HOUR, most_uses=2)
    await links.play(link.token, "a")
    await database.close()

    again = await Database.open(tmp_path / "links.db")
    restarted = Links(LinkStore(again), now=clock)

    assert (await restarted.open(link.token)).uses == 1
    await again.close()


def test_everything_that_ends_a_link_is_one_family() -> None:
    assert {error.code for error in LinkOver.__subclasses__()} == {
        "link_expired",
        "link_revoked",
        "link_used_up",
    }


async def test_without_a_clock_of_a_test_it_is_now(database: Database) -> None:
    link = await Links(LinkStore(database)).create("f1", HOUR)

    assert abs(link.created - datetime.now(UTC)) < timedelta(minutes=1)
