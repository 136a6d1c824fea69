"""The rows of zones, ignore boxes and tunings, in a real file."""

from dataclasses import replace
from datetime import timedelta

from custom_components.gatehouse.models import Box, Tuning
from custom_components.gatehouse.zones import CameraZones, ZoneStore
from tests.rooms.zones.drawn import FRONT, NOON, ignored, mask, zone


async def test_a_new_site_has_none(store: ZoneStore) -> None:
    assert await store.load() == {}


async def test_all_comes_back_as_it_was(store: ZoneStore) -> None:
    drive = zone("Drive", id="a", sensitive=True, points=((0.1, 1 / 3), (0.9, 0.1), (0.5, 2 / 3)))
    street = mask("Street", id="b")
    bare = ignored(id="c")
    full = ignored(
        Box(0.0, 1 / 7, 0.5, 1.0), id="d", incident="i", created=NOON - timedelta(days=1)
    )
    tuning = Tuning(threshold=1 / 3, certainty=0.7, smallest=0.001, largest=0.9)

    for kept in (drive, street, bare, full):
        await store.save(kept)
    await store.tune(FRONT, tuning)

    assert await store.load() == {
        FRONT: CameraZones(zones=(drive, street), ignored=(full, bare), tuning=tuning)
    }


async def test_each_camera_has_its_own(store: ZoneStore) -> None:
    await store.save(zone("Drive", id="a", camera="pi/a"))
    await store.save(ignored(id="a", camera="pi/b"))
    await store.tune("pi/c", Tuning())

    assert await store.load() == {
        "pi/a": CameraZones(zones=(zone("Drive", id="a", camera="pi/a"),)),
        "pi/b": CameraZones(ignored=(ignored(id="a", camera="pi/b"),)),
        "pi/c": CameraZones(),
    }


async def test_what_is_saved_again_is_changed(store: ZoneStore) -> None:
    drive = zone("Drive", id="a")
    await store.save(drive)
    await store.tune(FRONT, Tuning(threshold=0.5))

    await store.save(replace(drive, name="Yard"))
    await store.tune(FRONT, Tuning(smallest=0.1))

    assert await store.load() == {
        FRONT: CameraZones(zones=(replace(drive, name="Yard"),), tuning=Tuning(smallest=0.1))
    }


async def test_what_is_deleted_is_gone_and_nothing_else(store: ZoneStore) -> None:
    drive, bins = zone(id="same"), ignored(id="same")
    await store.save(drive)
    await store.save(bins)

    await store.delete(drive)
    assert await store.load() == {FRONT: CameraZones(ignored=(bins,))}

    await store.delete(bins)
    assert await store.load() == {}
