"""The rows of footage, in a real file."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from custom_components.gatehouse.footage import FootageStore
from custom_components.gatehouse.models import Footage, FootageStage

NOON = datetime(2026, 11, 18, 12, 0, 0, 123456, tzinfo=UTC)
LONGEST = timedelta(seconds=120)


def row(name: str = "a", stage: FootageStage = FootageStage.REQUESTED, **more: object) -> Footage:
    """Return footage of 20 seconds at noon."""
    plain = Footage(
        id=name,
        camera="pi/front",
        incident=None,
        stage=stage,
        since=NOON,
        until=NOON + timedelta(seconds=20),
    )
    return replace(plain, **more)  # type: ignore[arg-type]


async def test_a_row_comes_back_as_it_was(store: FootageStore) -> None:
    bare = row("bare")
    full = row(
        "full",
        FootageStage.READY,
        incident="i",
        recording="r",
        path=Path("/media/gatehouse/clip.mp4"),
        duration=timedelta(seconds=20, microseconds=7),
        attempts=3,
        retry_at=NOON,
        error="disk_full",
    )

    await store.add(bare)
    await store.add(full)

    assert await store.get("bare") == bare
    assert await store.get("full") == full
    assert await store.get("missing") is None


async def test_a_move_keeps_an_extension_that_came_meanwhile(store: FootageStore) -> None:
    began = row()
    await store.add(began)
    later = NOON + timedelta(seconds=30)

    await store.extend("a", later, LONGEST)
    await store.move(replace(began, stage=FootageStage.RECORDING, recording="r"))

    assert await store.get("a") == row(stage=FootageStage.RECORDING, recording="r", until=later)


@pytest.mark.parametrize(
    ("asked", "got"),
    [
        pytest.param(30, 30, id="later"),
        pytest.param(10, 20, id="never shorter"),
        pytest.param(500, 120, id="no longer than the longest"),
    ],
)
async def test_an_extension_has_bounds(store: FootageStore, asked: int, got: int) -> None:
    await store.add(row())

    await store.extend("a", NOON + timedelta(seconds=asked), LONGEST)

    assert await store.get("a") == row(until=NOON + timedelta(seconds=got))


@pytest.mark.parametrize("stage", [FootageStage.FETCHED, FootageStage.READY, FootageStage.FAILED])
async def test_what_is_over_is_not_extended(store: FootageStore, stage: FootageStage) -> None:
    await store.add(row(stage=stage))

    await store.extend("a", NOON + timedelta(seconds=60), LONGEST)
    await store.extend("missing", NOON, LONGEST)

    assert await store.get("a") == row(stage=stage)


async def test_the_queue_is_what_is_unfinished_oldest_first(store: FootageStore) -> None:
    for number, stage in enumerate(FootageStage):
        await store.add(row(stage, stage, since=NOON - timedelta(minutes=number)))

    assert [found.stage for found in await store.unfinished()] == [
        FootageStage.FETCHED,
        FootageStage.RECORDING,
        FootageStage.REQUESTED,
    ]


async def test_footage_is_found_by_camera_time_and_incident(store: FootageStore) -> None:
    for number, name in enumerate("abc"):
        await store.add(row(name, since=NOON + timedelta(minutes=number), incident=f"i-{name}"))
    await store.add(row("other", camera="pi/garden"))

    async def names(**query: object) -> list[str]:
        return [found.id for found in await store.find(**query)]  # type: ignore[arg-type]

    assert await names(camera="pi/front") == ["c", "b", "a"]
    assert await names(camera="pi/front", limit=1) == ["c"]
    assert await names(since=NOON + timedelta(minutes=1)) == ["c", "b"]
    assert await names(until=NOON + timedelta(minutes=1)) == ["other", "a"]
    assert await names(incident="i-b") == ["b"]
    assert await names(camera="pi/nowhere") == []


async def test_the_agents_ids_are_known_by_camera(store: FootageStore) -> None:
    await store.add(row("a", recording="x"))
    await store.add(row("b", FootageStage.READY, recording="y"))
    await store.add(row("c"))
    await store.add(row("d", camera="pi/garden", recording="z"))

    assert await store.recordings("pi/front") == {"x", "y"}


async def test_days_are_the_days_of_the_people_who_live_there(store: FootageStore) -> None:
    midnight = datetime(2026, 10, 25, 0, 0, tzinfo=ZoneInfo("Europe/Berlin"))
    moments = [
        midnight - timedelta(microseconds=1),
        midnight,
        midnight + timedelta(hours=5),
        midnight + timedelta(days=40),
    ]
    for number, since in enumerate(moments):
        await store.add(row(str(number), since=since.astimezone(UTC)))

    assert await store.days("pi/front", ZoneInfo("Europe/Berlin")) == [
        date(2026, 12, 4),
        date(2026, 10, 25),
        date(2026, 10, 24),
    ]
    assert await store.days("pi/front", ZoneInfo("Pacific/Auckland"))
    assert await store.days("pi/garden", UTC) == []
