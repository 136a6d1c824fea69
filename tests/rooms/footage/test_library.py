"""What people find of the footage there is, and say of it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from custom_components.gatehouse.footage import Stock
from custom_components.gatehouse.models import Footage, FootageStage, Level, Replay
from tests.rooms.footage.site import Site

FRONT = "porch/front"
NOON = datetime(2026, 11, 18, 12, tzinfo=UTC)


async def keep(site: Site, name: str = "a", **more: object) -> Footage:
    """Keep a row of ready footage."""
    plain = Footage(
        id=name,
        camera=FRONT,
        incident=None,
        stage=FootageStage.READY,
        since=NOON,
        until=NOON + timedelta(seconds=20),
    )
    row = replace(plain, **more)  # type: ignore[arg-type]
    await site.store.add(row)
    return row


async def test_one_clip_is_found_by_its_id(site: Site) -> None:
    row = await keep(site)

    assert await site.library.get("a") == row
    assert await site.library.get("b") is None


async def test_days_are_told_in_the_time_zone_of_the_folder(site: Site) -> None:
    since = datetime(2026, 11, 18, 23, 30, 5, tzinfo=UTC)
    await site.flow.record(FRONT, since, since + timedelta(seconds=5))

    assert [str(day) for day in await site.library.days(FRONT)] == ["2026-11-19"]


async def test_footage_of_an_incident_is_found_by_it(site: Site) -> None:
    now = datetime.now(UTC)
    row = await site.flow.record(FRONT, now, now + timedelta(seconds=5), incident="i")

    assert await site.library.find(incident="i") == [row]
    assert await site.library.find(incident="j") == []


async def test_footage_of_many_incidents_is_found_at_once(site: Site) -> None:
    now = datetime.now(UTC)
    rows = [
        await site.flow.record(FRONT, at, at + timedelta(seconds=5), incident=f"i{number % 40}")
        for number in range(60)
        if (at := now - timedelta(minutes=number))
    ]
    wanted = tuple(f"i{number}" for number in range(39))

    found = await site.library.find(incident=wanted, limit=None)

    assert found == [row for row in rows if row.incident != "i39"]
    assert await site.library.find(incident=()) == []


async def test_what_is_kept_is_kept_until_it_may_go(site: Site) -> None:
    for name in "ab":
        await keep(site, name, incident="i")
    alone = await keep(site, "alone")

    assert await site.library.keep(True, incident="i") == 2
    assert await site.library.keep(True, footage="alone") == 1
    assert await site.library.keep(True, footage="missing") == 0
    assert all(row.kept for row in await site.library.find())
    assert await site.library.keep(False, footage="alone") == 1

    assert await site.library.get("alone") == alone
    assert all(row.kept for row in await site.library.find(incident="i"))


async def test_that_a_clip_without_an_incident_is_kept_says_nothing_of_the_next(site: Site) -> None:
    await keep(site, "alone", incident=None)
    await site.library.keep(True, footage="alone")
    later = datetime.now(UTC)

    row = await site.flow.record(FRONT, later, later + timedelta(seconds=5))

    assert not row.kept
    assert await site.library.get(row.id) == row


async def test_what_is_still_recorded_of_a_kept_incident_is_kept_too(site: Site) -> None:
    for name in ("first", "other"):
        await keep(site, name, incident="kept")
    await keep(site, "alone", incident="i")
    await keep(site, "beside", incident="i")
    await site.library.keep(True, incident="kept")
    await site.library.keep(True, footage="alone")
    later = datetime.now(UTC)

    for incident in ("kept", "i", "new", None):
        await site.flow.record(FRONT, later, later + timedelta(seconds=5), incident=incident)

    recorded = await site.library.find(since=later)
    assert {row.incident: row.kept for row in recorded} == {
        "kept": True,
        "i": False,
        "new": False,
        None: False,
    }


async def test_the_stock_is_counted_here_and_away_and_with_what_went(site: Site) -> None:
    here = await keep(site, "here", path=Path("/media/a.mp4"), size=100)
    await keep(site, "both", path=Path("/media/b.mp4"), size=20, key="b.mp4")
    await keep(site, "away", size=3, key="c.mp4", stage=FootageStage.UPLOADED)
    await keep(site, "nowhere", size=1000, stage=FootageStage.EXPIRED)

    assert await site.library.stock() == Stock(
        here=2, here_bytes=120, away=2, away_bytes=23, freed=0
    )

    for gone in (100, 7):
        was = await site.library.get("here") or here
        await site.store.move(was, replace(was, path=None, sha256=str(gone)), freed=gone)
    assert await site.library.stock() == Stock(
        here=1, here_bytes=20, away=2, away_bytes=23, freed=107
    )


async def test_what_is_to_be_replayed_is_here_and_oldest_first(site: Site) -> None:
    path = Path("/media/a.mp4")
    late = await keep(site, "late", replay=Replay.PENDING, path=path, since=NOON)
    early = await keep(
        site, "early", replay=Replay.PENDING, path=path, since=NOON - timedelta(hours=1)
    )
    await keep(site, "arriving", replay=Replay.PENDING, stage=FootageStage.RECORDING)
    await keep(site, "asked", path=path)

    assert await site.library.to_replay() == [early, late]
    await site.library.replayed("early", "i", Level.HIGH)
    await site.library.replayed("late", None, None)

    assert await site.library.to_replay() == []
    assert await site.library.get("late") == replace(late, replay=Replay.DONE)
    assert await site.library.get("early") == replace(
        early, replay=Replay.DONE, incident="i", level=Level.HIGH
    )
