"""Zones as somebody draws them and cameras obey them."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace
from pathlib import Path
import sqlite3
from typing import Any

import pytest

from custom_components.gatehouse.database import Database, DatabaseLocked
from custom_components.gatehouse.models import Box, Tuning, Zone
from custom_components.gatehouse.zones import (
    CameraZones,
    IgnoreBoxBad,
    TuningBad,
    ZoneError,
    ZoneNameTaken,
    ZoneNotFound,
    Zones,
    ZoneStore,
    errors,
)
from tests.rooms.zones.drawn import FRONT, WHOLE, ignored, mask, zone
from tests.waiting import eventually

BACK = "porch/back"
FAR = Box(0.8, 0.8, 0.9, 0.9)


async def restarted(store: ZoneStore) -> Zones:
    zones = Zones(store, print)
    await zones.load()
    return zones


async def test_a_new_zone_gets_an_id_and_a_tidy_name(zones: Zones) -> None:
    drive = await zones.save(zone("  Drive "))
    street = await zones.save(mask("Street"))

    assert drive == zone("Drive", id=drive.id)
    assert len({drive.id, street.id, ""}) == 3
    assert zones.of(FRONT) == CameraZones(zones=(drive, street))
    assert zones.of(BACK) == CameraZones()


async def test_zones_are_listed_by_name_whenever_they_were_drawn(
    zones: Zones, store: ZoneStore
) -> None:
    for name in ("path", "Yard", "Drive"):
        await zones.save(zone(name))

    assert [each.name for each in zones.of(FRONT).zones] == ["Drive", "path", "Yard"]
    assert (await restarted(store)).of(FRONT) == zones.of(FRONT)


async def test_a_zone_can_be_changed(zones: Zones, store: ZoneStore) -> None:
    drive = await zones.save(zone("Drive"))

    changed = await zones.save(replace(drive, name="DRIVE", points=WHOLE, sensitive=True))

    assert changed.id == drive.id
    assert zones.of(FRONT).zones == (changed,)
    assert (await restarted(store)).of(FRONT).zones == (changed,)


async def test_two_cameras_may_have_a_zone_of_the_same_name(zones: Zones) -> None:
    front = await zones.save(zone("Drive"))
    back = await zones.save(zone("Drive", camera=BACK))

    assert zones.of(FRONT).zones == (front,)
    assert zones.of(BACK).zones == (back,)


async def test_a_restart_keeps_everything(tmp_path: Path) -> None:
    database = await Database.open(tmp_path / "kept.db")
    before = await restarted(ZoneStore(database))
    await before.save(zone("Drive"))
    await before.save(mask("Street"))
    await before.ignore(ignored())
    await before.tune(FRONT, Tuning(threshold=0.8))
    await database.close()

    database = await Database.open(tmp_path / "kept.db")
    after = await restarted(ZoneStore(database))

    assert after.of(FRONT) == before.of(FRONT)
    assert after.rules(FRONT, 0.5, 0.6) == before.rules(FRONT, 0.5, 0.6)
    await database.close()


async def test_of_two_who_take_the_same_name_at_once_one_is_told(
    zones: Zones, store: ZoneStore
) -> None:
    first, second = await asyncio.gather(
        zones.save(zone("Drive")), zones.save(mask("drive")), return_exceptions=True
    )

    assert isinstance(first, Zone)
    assert isinstance(second, ZoneNameTaken)
    assert (await restarted(store)).of(FRONT).zones == (first,)


async def test_the_news_is_told_when_it_can_be_read(store: ZoneStore) -> None:
    seen: list[tuple[str, CameraZones]] = []
    zones = Zones(store, lambda camera: seen.append((camera, zones.of(camera))))

    drive = await zones.save(zone("Drive"))
    await zones.tune(BACK, Tuning(smallest=0.1))
    await zones.remove(drive.id)

    assert seen == [
        (FRONT, CameraZones(zones=(drive,))),
        (BACK, CameraZones(tuning=Tuning(smallest=0.1))),
        (FRONT, CameraZones()),
    ]


REFUSED: dict[str, tuple[Callable[[Zones], Coroutine[Any, Any, object]], type[ZoneError]]] = {
    "a name that is taken": (lambda zones: zones.save(zone("DRIVE")), ZoneNameTaken),
    "a box that is none": (lambda zones: zones.ignore(ignored(label="")), IgnoreBoxBad),
    "a tuning that is none": (lambda zones: zones.tune(FRONT, Tuning(largest=2.0)), TuningBad),
    "an id that nobody has": (lambda zones: zones.remove("nothing"), ZoneNotFound),
    "another camera's zone": (
        lambda zones: zones.save(zone("New", id="drive", camera=BACK)),
        ZoneNotFound,
    ),
    "a box of a zone's id": (lambda zones: zones.ignore(ignored(id="drive")), ZoneNotFound),
}


@pytest.mark.parametrize(("change", "error"), REFUSED.values(), ids=REFUSED.keys())
async def test_what_is_refused_changes_nothing(
    zones: Zones,
    store: ZoneStore,
    told: list[str],
    change: Callable[[Zones], Coroutine[Any, Any, object]],
    error: type[ZoneError],
) -> None:
    await zones.save(zone("Drive", id="drive"))
    before = zones.of(FRONT)
    told.clear()

    with pytest.raises(error):
        await change(zones)

    assert zones.of(FRONT) == before
    assert await store.load() == {FRONT: before}
    assert told == []


async def test_what_was_removed_can_be_brought_back(zones: Zones, store: ZoneStore) -> None:
    drive = await zones.save(zone("Drive", sensitive=True))
    bins = await zones.ignore(ignored())
    before = zones.of(FRONT)

    assert await zones.remove(drive.id) == drive
    assert await zones.remove(bins.id) == bins
    assert zones.of(FRONT) == CameraZones()
    assert await store.load() == {}

    await zones.save(drive)
    await zones.ignore(bins)

    assert zones.of(FRONT) == before
    assert await store.load() == {FRONT: before}


async def test_what_was_removed_is_not_removed_again(zones: Zones) -> None:
    drive = await zones.save(zone("Drive"))

    answers = await asyncio.gather(
        zones.remove(drive.id), zones.remove(drive.id), return_exceptions=True
    )

    assert answers[0] == drive
    assert isinstance(answers[1], ZoneNotFound)


async def test_a_thing_that_is_ignored_already_is_not_ignored_twice(
    zones: Zones, told: list[str]
) -> None:
    bins = await zones.ignore(ignored(incident="first"))
    told.clear()

    assert await zones.ignore(ignored(incident="second")) == bins
    assert told == []
    assert zones.of(FRONT).ignored == (bins,)


async def test_another_label_or_place_is_another_thing(zones: Zones) -> None:
    bins = await zones.ignore(ignored())
    dog = await zones.ignore(ignored(label="dog"))
    bike = await zones.ignore(ignored(FAR))

    assert set(zones.of(FRONT).ignored) == {bins, dog, bike}


async def test_an_ignore_box_can_be_changed(zones: Zones) -> None:
    bins = await zones.ignore(ignored())

    moved = await zones.ignore(replace(bins, box=bins.box._replace(right=0.55)))

    assert zones.of(FRONT).ignored == (moved,)


async def test_the_rules_are_made_once_and_again_after_each_change(zones: Zones) -> None:
    before = zones.rules(FRONT, 0.5, 0.6)
    assert zones.rules(FRONT, 0.5, 0.6) is before
    assert zones.rules(FRONT, 0.4, 0.6).threshold == 0.4

    drive = await zones.save(zone("Drive"))
    await zones.tune(FRONT, Tuning(threshold=0.9))

    after = zones.rules(FRONT, 0.5, 0.6)
    assert (after.zones, after.threshold, after.certainty) == ((drive,), 0.9, 0.6)
    assert zones.rules(BACK, 0.5, 0.6) == before


async def test_rules_made_before_loading_are_made_again(zones: Zones, store: ZoneStore) -> None:
    drive = await zones.save(zone("Drive"))
    late = Zones(store, print)
    assert late.rules(FRONT, 0.5, 0.6).zones == ()

    await late.load()

    assert late.rules(FRONT, 0.5, 0.6).zones == (drive,)


async def test_a_change_whose_caller_leaves_is_made_all_the_same(
    zones: Zones, store: ZoneStore, told: list[str]
) -> None:
    saving = asyncio.create_task(zones.save(zone("Drive")))
    await asyncio.sleep(0)
    saving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await saving

    await eventually(lambda: told == [FRONT], what="the news")

    assert await store.load() == {FRONT: zones.of(FRONT)}
    with pytest.raises(ZoneNameTaken):
        await zones.save(zone("Drive"))


@pytest.mark.usefixtures("only_in_files")
async def test_what_cannot_be_written_is_not_obeyed(
    zones: Zones, database: Database, tmp_path: Path, told: list[str]
) -> None:
    def impatient(connection: Any) -> None:
        connection.exec_driver_sql("PRAGMA busy_timeout = 1")

    await database.write(impatient)
    other = sqlite3.connect(tmp_path / "gatehouse.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    with pytest.raises(DatabaseLocked):
        await zones.save(zone("Drive"))
    assert zones.of(FRONT) == CameraZones()
    assert told == []

    other.close()
    drive = await zones.save(zone("Drive"))
    assert zones.of(FRONT) == CameraZones(zones=(drive,))


def test_every_error_has_a_code_of_its_own() -> None:
    family: list[type[ZoneError]] = [ZoneError, *ZoneError.__subclasses__()]

    assert len({error.code for error in family}) == len(family)
    assert {error.__name__ for error in family} == {
        name for name in vars(errors) if not name.startswith("_")
    }
