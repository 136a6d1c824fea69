"""What people may know and say of incidents, with real rows and zones."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from custom_components.gatehouse.database import Database
from custom_components.gatehouse.incidents.archive import LONGEST_NOTE, Archive, NoteTooLong
from custom_components.gatehouse.incidents.errors import IncidentError
from custom_components.gatehouse.incidents.news import IncidentNews, NewsKind
from custom_components.gatehouse.incidents.search import IncidentQuery
from custom_components.gatehouse.incidents.store import IncidentStore
from custom_components.gatehouse.models import (
    Box,
    Detection,
    IgnoreBox,
    Incident,
    IncidentState,
    Sighting,
)
from custom_components.gatehouse.zones import TooManyIgnoreBoxes, Zones, ZoneStore

NOON = datetime(2026, 11, 18, 12, tzinfo=UTC)
LATER = NOON + timedelta(hours=1)
FRONT, BACK, SIDE = "9f2c41d07ab3/front", "9f2c41d07ab3/back", "9f2c41d07ab3/side"
BIN = Box(0.1, 0.2, 0.3, 0.9)


def sighting(camera: str, box: Box) -> Sighting:
    best = Detection(label="person", score=0.8, box=box)
    return Sighting(camera=camera, first=NOON, last=NOON, best=best)


SEEN = Incident(
    id="seen",
    group="porch",
    place="Porch",
    state=IncidentState.CLOSED,
    started=NOON,
    last_seen=NOON,
    sightings=(sighting(FRONT, BIN), sighting(BACK, Box(0, 0, 0, 0))),
)


def ignored(camera: str, box: Box) -> IgnoreBox:
    return IgnoreBox(id="", camera=camera, label="person", box=box, created=NOON, incident=None)


@pytest.fixture
def news() -> list[IncidentNews]:
    return []


@pytest.fixture
async def zones(database: Database) -> Zones:
    zones = Zones(ZoneStore(database), lambda _: None)
    await zones.load()
    return zones


@pytest.fixture
async def archive(store: IncidentStore, zones: Zones, news: list[IncidentNews]) -> Archive:
    await store.save(SEEN)
    return Archive(store, zones, news.append, now=lambda: LATER)


def updated(incident: Incident) -> list[IncidentNews]:
    return [IncidentNews(kind=NewsKind.UPDATED, incident=incident)]


async def test_reading_is_no_news(archive: Archive, news: list[IncidentNews]) -> None:
    assert await archive.find(IncidentQuery()) == [SEEN]
    assert await archive.get("seen") == SEEN
    assert (await archive.totals(NOON, LATER)).places == {"Porch": 1}
    assert news == []


async def test_a_review_is_kept_with_its_hour_and_told(
    archive: Archive, news: list[IncidentNews]
) -> None:
    reviewed = await archive.review("seen")

    assert reviewed == replace(SEEN, reviewed=LATER) == await archive.get("seen")
    assert news == updated(reviewed)


async def test_a_review_is_taken_back(archive: Archive) -> None:
    await archive.review("seen")

    assert await archive.review("seen", reviewed=False) == SEEN


async def test_a_false_alarm_that_is_to_be_looked_at_again_is_none_any_more(
    archive: Archive,
) -> None:
    await archive.not_a_person("seen")

    assert await archive.review("seen", reviewed=False) == SEEN


async def test_what_is_not_a_person_is_ignored_where_it_stands(
    archive: Archive, zones: Zones, news: list[IncidentNews]
) -> None:
    found = await archive.not_a_person("seen")

    assert found == replace(SEEN, reviewed=LATER, false_alarm=True) == await archive.get("seen")
    assert news == updated(found)
    (box,) = zones.of(FRONT).ignored
    assert box == IgnoreBox(
        id=box.id, camera=FRONT, label="person", box=BIN, created=LATER, incident="seen"
    )
    assert zones.of(BACK).ignored == ()


async def test_where_no_more_can_be_ignored_nothing_is_kept(
    archive: Archive, zones: Zones, news: list[IncidentNews]
) -> None:
    for row in range(64):
        box = Box(0.9, row / 70, 0.91, row / 70 + 0.01)
        await zones.ignore(ignored(FRONT, box))

    with pytest.raises(TooManyIgnoreBoxes):
        await archive.not_a_person("seen")

    assert await archive.get("seen") == SEEN
    assert news == []


async def test_where_one_camera_can_ignore_no_more_the_others_ignore_nothing_new_either(
    archive: Archive, store: IncidentStore, zones: Zones
) -> None:
    bins = [Box(0.1 * number, 0.2, 0.1 * number + 0.05, 0.9) for number in range(1, 4)]
    known = await zones.ignore(ignored(FRONT, bins[0]))
    for row in range(64):
        await zones.ignore(ignored(BACK, Box(0.9, row / 70, 0.91, row / 70 + 0.01)))
    seen = [sighting(FRONT, bins[0]), sighting(SIDE, bins[1]), sighting(BACK, bins[2])]
    await store.save(replace(SEEN, id="everywhere", sightings=tuple(seen)))

    with pytest.raises(TooManyIgnoreBoxes):
        await archive.not_a_person("everywhere")

    assert zones.of(FRONT).ignored == (known,)
    assert zones.of(SIDE).ignored == ()


async def test_a_box_that_somebody_removed_meanwhile_need_not_be_undone(
    archive: Archive, store: IncidentStore, zones: Zones, monkeypatch: pytest.MonkeyPatch
) -> None:
    ignore = zones.ignore

    async def refuse_the_second(box: IgnoreBox) -> IgnoreBox:
        if box.camera == BACK:
            await zones.remove(zones.of(FRONT).ignored[0].id)
            raise TooManyIgnoreBoxes("There are enough")
        return await ignore(box)

    monkeypatch.setattr(zones, "ignore", refuse_the_second)
    await store.save(replace(SEEN, sightings=(sighting(FRONT, BIN), sighting(BACK, BIN))))

    with pytest.raises(TooManyIgnoreBoxes):
        await archive.not_a_person("seen")


async def test_what_is_to_be_kept_is_told_and_may_be_let_go(
    archive: Archive, news: list[IncidentNews]
) -> None:
    kept = await archive.keep("seen")

    assert kept == replace(SEEN, kept=True) == await archive.get("seen")
    assert news == updated(kept)
    assert await archive.keep("seen", kept=False) == SEEN


async def test_a_note_is_kept_without_the_space_around_it_and_told(
    archive: Archive, news: list[IncidentNews]
) -> None:
    noted = await archive.annotate("seen", "  the postman\n")

    assert noted == replace(SEEN, note="the postman") == await archive.get("seen")
    assert news == updated(noted)


async def test_a_note_may_be_long_but_no_book(archive: Archive, news: list[IncidentNews]) -> None:
    await archive.annotate("seen", "x" * LONGEST_NOTE)
    news.clear()

    with pytest.raises(NoteTooLong, match="2001 characters: shorten it to 2000") as caught:
        await archive.annotate("seen", "y" * (LONGEST_NOTE + 1))

    assert isinstance(caught.value, IncidentError)
    assert (await archive.find(IncidentQuery(text="xxx")), news) == (
        [replace(SEEN, note="x" * LONGEST_NOTE)],
        [],
    )


async def test_a_notification_is_kept_with_its_hour_and_told(
    archive: Archive, news: list[IncidentNews]
) -> None:
    notified = await archive.notified("seen")

    assert notified == replace(SEEN, notified=LATER) == await archive.get("seen")
    assert news == updated(notified)


async def test_what_is_not_there_is_none_and_no_news(
    archive: Archive, news: list[IncidentNews]
) -> None:
    assert await archive.get("nowhere") is None
    assert await archive.review("nowhere") is None
    assert await archive.not_a_person("nowhere") is None
    assert await archive.keep("nowhere") is None
    assert await archive.annotate("nowhere", "x") is None
    assert await archive.notified("nowhere") is None
    assert news == []
