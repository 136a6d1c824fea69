"""The rows of footage, in a real file."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, given, settings, strategies as st
import pytest

from custom_components.gatehouse.footage import (
    Backlog,
    FootageStore,
    OffsiteOptions,
    is_wanted_offsite,
)
from custom_components.gatehouse.models import Footage, FootageStage, Level, Replay

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
        level=Level.HIGH,
        kept=True,
        replay=Replay.DONE,
        size=2_000_000_000_000,
        sha256="5a",
        md5="d5",
        optimised=True,
        key="gatehouse/clip.mp4",
        upload="u",
        booking="tennis@20261118T120000",
        part=True,
        wanted=False,
    )

    await store.add(bare)
    await store.add(full)

    assert await store.get("bare") == bare
    assert await store.get("full") == full
    assert await store.get("missing") is None


async def test_a_recording_is_kept_once(store: FootageStore) -> None:
    assert await store.add(row("a", recording="r"))
    assert not await store.add(row("b", recording="r"))
    assert await store.add(row("c", recording="r", camera="pi/garden"))
    assert await store.add(row("d"))
    assert await store.add(row("e"))

    assert {found.id for found in await store.find()} == {"a", "c", "d", "e"}


OTHERS = {
    "stage": {"stage": FootageStage.FETCHED},
    "file": {"path": Path("/media/clip.mp4")},
    "bytes": {"sha256": "5a"},
    "object": {"key": "gatehouse/clip.mp4"},
}


@pytest.mark.parametrize("other", OTHERS)
async def test_a_row_that_somebody_moved_meanwhile_is_not_moved(
    store: FootageStore, other: str
) -> None:
    was = row(stage=FootageStage.RECORDING)
    await store.add(was)
    moved = replace(was, **OTHERS[other])  # type: ignore[arg-type]
    assert await store.move(was, moved)

    assert not await store.move(was, replace(was, stage=FootageStage.READY), freed=5)

    assert await store.get("a") == moved
    assert (await store.stock()).freed == 0


async def test_a_move_changes_nothing_that_others_say(store: FootageStore) -> None:
    was = row(stage=FootageStage.READY, path=Path("/media/clip.mp4"), replay=Replay.PENDING)
    await store.add(was)
    await store.replayed("a", "i", Level.HIGH)
    await store.keep(True, footage="a")
    await store.grade("i", Level.CRITICAL)

    assert await store.move(was, replace(was, key="clip.mp4", stage=FootageStage.UPLOADED))

    assert await store.get("a") == replace(
        was,
        key="clip.mp4",
        stage=FootageStage.UPLOADED,
        incident="i",
        level=Level.CRITICAL,
        kept=True,
        replay=Replay.DONE,
    )


async def test_a_grade_is_news_once(store: FootageStore) -> None:
    await store.add(row("a", incident="i"))
    await store.add(row("b"))

    assert await store.grade("i", Level.LOW)
    assert not await store.grade("i", Level.LOW)
    assert await store.grade("i", Level.HIGH)

    assert await store.get("a") == row("a", incident="i", level=Level.HIGH)
    assert await store.get("b") == row("b")


async def test_a_move_keeps_an_extension_that_came_meanwhile(store: FootageStore) -> None:
    began = row()
    await store.add(began)
    later = NOON + timedelta(seconds=30)

    await store.extend("a", later, LONGEST)
    moved = replace(began, stage=FootageStage.RECORDING, recording="r")
    assert await store.move(began, moved)

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


@pytest.mark.parametrize(
    ("asked", "got"),
    [
        pytest.param(10, 10, id="earlier"),
        pytest.param(30, 20, id="never later"),
        pytest.param(-5, 0.000001, id="never before it began"),
    ],
)
async def test_an_end_has_bounds(store: FootageStore, asked: int, got: float) -> None:
    await store.add(row())

    await store.end("a", NOON + timedelta(seconds=asked))

    assert await store.get("a") == row(until=NOON + timedelta(seconds=got))


OVER = [FootageStage.FETCHED, FootageStage.CHECKED, FootageStage.READY, FootageStage.FAILED]


@pytest.mark.parametrize("stage", OVER)
async def test_what_is_over_is_neither_extended_nor_ended(
    store: FootageStore, stage: FootageStage
) -> None:
    await store.add(row(stage=stage))

    await store.extend("a", NOON + timedelta(seconds=60), LONGEST)
    await store.extend("missing", NOON, LONGEST)
    await store.end("a", NOON)
    await store.end("missing", NOON)

    assert await store.get("a") == row(stage=stage)


async def test_the_queue_is_what_is_unfinished_oldest_first(store: FootageStore) -> None:
    for number, stage in enumerate(FootageStage):
        await store.add(row(stage, stage, since=NOON - timedelta(minutes=number)))

    assert [found.stage for found in await store.unfinished()] == [
        FootageStage.CHECKED,
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


READY: dict[str, Any] = {"stage": FootageStage.READY, "path": Path("/media/clip.mp4"), "size": 10}
ALL = OffsiteOptions(levels=frozenset(Level))

CAMERAS = st.sampled_from(["pi/front", "pi/garden"])
LEVELS = st.frozensets(st.sampled_from(Level))
OPTIONS = st.builds(
    OffsiteOptions,
    levels=LEVELS,
    by_camera=st.dictionaries(CAMERAS, LEVELS),
    by_hand=st.booleans(),
    booked=st.booleans(),
)


@given(OPTIONS)
@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
async def test_what_is_wanted_off_site_is_said_the_same_in_sql_and_in_python(
    store: FootageStore, options: OffsiteOptions
) -> None:
    rows = [
        row(f"{camera} {level} {said}", camera=camera, level=level, wanted=said, **READY)
        for camera in ("pi/front", "pi/garden")
        for level in (None, *Level)
        for said in (None, True, False)
    ]
    for wanted in rows:
        if await store.get(wanted.id) is None:
            await store.add(wanted)

    found = {one.id for one in await store.to_upload(options, NOON, limit=100)}

    assert found == {one.id for one in rows if is_wanted_offsite(one, options)}


async def test_the_newest_that_may_be_tried_is_uploaded_first(store: FootageStore) -> None:
    for minute in range(4):
        since = NOON + timedelta(minutes=minute)
        await store.add(row(str(minute), since=since, level=Level.LOW, **READY))
    late: dict[str, Any] = {"retry_at": NOON + timedelta(minutes=9), "error": "storage_unreachable"}
    await store.add(row("failed", level=Level.LOW, **READY | late))
    await store.add(row("done", level=Level.LOW, **READY | {"stage": FootageStage.UPLOADED}))

    now, later = NOON, NOON + timedelta(minutes=9)
    assert [one.id for one in await store.to_upload(ALL, now, limit=3)] == ["3", "2", "1"]
    assert len(await store.to_upload(ALL, now)) == 4
    assert len(await store.to_upload(ALL, later)) == 5


async def test_clips_are_uploaded_before_the_movies_of_appointments(store: FootageStore) -> None:
    booked: dict[str, Any] = {"booking": "tennis", "wanted": True}
    later = NOON + timedelta(minutes=1)
    options = replace(ALL, booked=True)
    movie = row("movie", since=later, **READY, **booked)
    await store.add(movie)
    await store.add(row("waits", retry_at=later, **READY, **booked))
    await store.add(row("clip", level=Level.LOW, **READY))

    async def asked(kind: bool | None) -> list[str]:
        return [one.id for one in await store.to_upload(options, NOON, booked=kind)]

    assert await asked(None) == ["clip", "movie"]
    assert await asked(False) == ["clip"]
    assert await asked(True) == ["movie"]
    assert (await store.backlog(options, NOON)).depth == 3
    assert (await store.backlog(options, NOON, booked=True)).depth == 2
    await store.move(movie, replace(movie, stage=FootageStage.UPLOADED))
    assert (await store.backlog(options, NOON, booked=True)).due == later


async def test_parts_are_the_last_in_the_queue_and_shown_nowhere(store: FootageStore) -> None:
    part: dict[str, Any] = {"booking": "tennis", "part": True, "kept": True}
    early = NOON - timedelta(days=1)
    await store.add(row("part", since=early, **part))
    await store.add(row("ready", since=early, **READY | part))
    await store.add(row("clip"))
    await store.add(row("movie", since=NOON - timedelta(seconds=1), **READY, booking="tennis"))
    await store.add(row("other", **READY, booking="golf"))
    await store.add(row("late", **part | {"camera": "pi/a", "since": NOON}))
    await store.add(row("early", **part | {"camera": "pi/a", "since": early}))

    assert [one.id for one in await store.unfinished()] == ["clip", "part", "early", "late"]
    assert [one.id for one in await store.find()] == ["other", "clip", "movie"]
    assert [one.id for one in await store.find(booked=True)] == ["other", "movie"]
    assert [one.id for one in await store.find(booked=False)] == ["clip"]
    assert await store.days("pi/front", ZoneInfo("UTC")) == [NOON.date()]
    assert [one.id for one in await store.of_booking("tennis")] == [
        *("early", "late", "part", "ready"),
        "movie",
    ]
    assert await store.keep(kept=False, footage="part") == 0
    assert await store.keep(kept=True, footage="movie") == 1


async def test_the_backlog_tells_how_much_waits_and_since_when(store: FootageStore) -> None:
    assert await store.backlog(ALL, NOON) == Backlog(depth=0, size=0, oldest=None, due=None)
    first, second = (NOON + timedelta(minutes=minutes) for minutes in (3, 5))
    await store.add(row("a", level=Level.LOW, retry_at=second, **READY))
    await store.add(
        row("b", level=Level.LOW, retry_at=first, since=NOON - timedelta(days=1), **READY)
    )

    waiting = await store.backlog(ALL, NOON)
    assert waiting == Backlog(depth=2, size=20, oldest=NOON - timedelta(days=1), due=first)
    assert (await store.backlog(ALL, first)).due is None
    await store.add(row("c", level=Level.LOW, **READY))
    assert (await store.backlog(ALL, NOON)).due is None


async def test_what_is_here_and_what_is_away_is_told_oldest_first(store: FootageStore) -> None:
    file: dict[str, Any] = {"path": Path("/media/clip.mp4")}
    thing: dict[str, Any] = {"key": "clip.mp4"}
    old: dict[str, Any] = {"since": NOON - timedelta(days=1)}
    await store.add(row("new", FootageStage.READY, **file))
    await store.add(row("old", FootageStage.UPLOADED, **file, **thing, **old))
    await store.add(row("gone", FootageStage.UPLOADED, **thing))
    await store.add(row("on its way", FootageStage.CHECKED, **file))

    assert [one.id for one in await store.here()] == ["old", "new"]
    assert [one.id for one in await store.away(NOON + timedelta(seconds=1))] == ["old", "gone"]
    assert [one.id for one in await store.away(NOON)] == ["old"]
