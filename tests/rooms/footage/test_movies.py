"""Parts of appointments and the movies of them: each once, whatever happens, and nothing beside."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
import hashlib
import logging
from pathlib import Path

import pytest

from custom_components.gatehouse.database import Database, DatabaseError
from custom_components.gatehouse.footage import Clips, Disk, DiskFull, FootageStore, Movies
from custom_components.gatehouse.footage.mp4 import inspect
from custom_components.gatehouse.models import Footage, FootageStage
from tests.rooms.footage.killed import Cut, cuts, until_killed
from tests.rooms.footage.media import video
from tests.rooms.footage.recorder import Pi
from tests.rooms.footage.site import BERLIN, Site, eventually

FRONT, PAIR = "porch/front", "01JD3K9PAIR"
HOUR = "tennis@20261118T120000"
ANOTHER = timedelta(days=7)
NOON = datetime(2026, 11, 18, 12, tzinfo=UTC)
SIZE = 1000

# What filing a movie and deleting its two parts does, each with a poster beside it.
DEEDS = cuts(
    ("footage.store:FootageStore.of_booking", 2),
    ("footage.disk:Disk.publish", 1),
    ("footage.disk:Disk.publish", 2),
    ("footage.disk:Disk.publish", 3),
    ("footage.store:FootageStore.add", 1),
    ("footage.disk:Disk.remove", 1),
    ("footage.trash:Trash.put", 2),
    ("footage.store:FootageStore.move", 1),
    ("footage.trash:Trash.purge", 1),
    ("footage.store:FootageStore.move", 2),
    ("footage.trash:Trash.purge", 4),
)

# The same of a part that is on its way.
DROPPING = cuts(
    ("footage.trash:Trash.put", 1),
    ("footage.store:FootageStore.move", 1),
    ("footage.trash:Trash.purge", 1),
)
SETTLED = frozenset({FootageStage.READY, FootageStage.EXPIRED})


async def parts(site: Site, porch: Pi, count: int = 2) -> list[Footage]:
    """Have so many parts of an appointment at home."""
    porch.instantly = video()
    rows = [await part(site, number) for number in range(count)]
    async with site.running():
        return [await site.reaches(row, FootageStage.READY) for row in rows]


async def part(site: Site, number: int = 0) -> Footage:
    """Ask for a part of an appointment."""
    since = NOON + number * timedelta(seconds=2)
    until = since + timedelta(seconds=2)
    return await site.flow.record(FRONT, since, until, booking=HOUR, part=True)


async def keep(movies: Movies, rows: list[Footage], camera: str = PAIR) -> Footage:
    """Make a movie of parts, and file it."""
    async with movies.draft(SIZE) as draft:
        await asyncio.to_thread(draft.write_bytes, video())
        clip = await asyncio.to_thread(inspect, draft)
        span = (rows[0].since, rows[-1].until)
        return await movies.keep(draft, clip, HOUR, camera, *span, wanted=True)


async def film(folder: Path) -> None:
    """Make a movie of the parts that are ready, and delete these; be killed meanwhile."""
    store = FootageStore(await Database.open(folder / "gatehouse.db"))
    disk = Disk(folder / "media", BERLIN, 0)
    clips = Clips(store, disk, lambda _: None)
    movies = Movies(store, disk, clips, lambda _: None)
    await keep(movies, [row for row in await store.of_booking(HOUR) if row.part])
    assert await movies.drop_parts(HOUR)


async def drop(folder: Path) -> None:
    """Delete parts of which nobody wants a movie, and be killed meanwhile."""
    store = FootageStore(await Database.open(folder / "gatehouse.db"))
    disk = Disk(folder / "media", BERLIN, 0)
    movies = Movies(store, disk, Clips(store, disk, lambda _: None), lambda _: None)
    await movies.drop_parts(HOUR, even_unmerged=True)


async def test_a_movie_is_filed_beside_the_clips(site: Site, porch: Pi) -> None:
    first, last = await parts(site, porch)

    movie = await keep(site.movies, [first, last])

    assert movie == replace(
        movie,
        camera=PAIR,
        stage=FootageStage.READY,
        since=first.since,
        until=last.until,
        booking=HOUR,
        part=False,
        wanted=True,
        kept=False,
        level=None,
        duration=timedelta(seconds=2),
        size=len(video()),
        sha256=hashlib.sha256(video()).hexdigest(),
    )
    assert movie.path
    assert movie.path.parent.parent == site.media / "01jd3k9pair"
    assert await site.store.get(movie.id) == movie
    assert await site.library.of_booking(HOUR) == [first, last, movie]
    assert await site.library.find() == [movie]
    assert site.news[-1] == movie
    assert site.files() == site.kept(first, last, movie)


async def test_parts_are_hidden_where_the_media_browser_does_not_look(
    site: Site, porch: Pi
) -> None:
    (row,) = await parts(site, porch, 1)

    assert row.path
    assert row.path.relative_to(site.media).parts[:3] == (".gatehouse", "parts", "porch-front")


async def test_what_was_filed_before_is_not_filed_again(site: Site, porch: Pi) -> None:
    rows = await parts(site, porch)
    movie = await keep(site.movies, rows)

    assert await keep(site.remade(), rows) == movie

    assert site.files() == site.kept(*rows, movie)
    assert site.news.count(movie) == 1


async def test_each_camera_and_each_time_of_an_appointment_has_a_movie_of_its_own(
    site: Site, porch: Pi
) -> None:
    rows = await parts(site, porch)
    moved = [replace(row, since=row.since + ANOTHER, until=row.until + ANOTHER) for row in rows]

    movies = [
        await keep(site.movies, rows),
        await keep(site.movies, rows, FRONT),
        await keep(site.movies, moved),
    ]

    assert site.files() == site.kept(*rows, *movies)
    assert {row.id for row in await site.library.find(booked=True)} == {row.id for row in movies}


async def test_parts_stay_until_there_is_a_movie_of_them(site: Site, porch: Pi) -> None:
    rows = await parts(site, porch)

    assert not await site.movies.drop_parts(HOUR)
    assert site.files() == site.kept(*rows)
    taken = sum((site.media / name).stat().st_size for name in site.kept(*rows))
    movie = await keep(site.movies, rows)
    assert await site.movies.drop_parts(HOUR)

    assert site.files() == site.kept(movie)
    *gone, there = await site.library.of_booking(HOUR)
    assert there == movie
    assert {(row.stage, row.path) for row in gone} == {(FootageStage.EXPIRED, None)}
    assert (await site.library.stock()).freed == taken
    assert not list((site.media / ".gatehouse" / "parts" / "porch-front").iterdir())


async def test_an_appointment_without_parts_has_none_left(site: Site) -> None:
    assert await site.movies.drop_parts(HOUR)
    assert await site.movies.drop_parts(HOUR, even_unmerged=True)


async def test_parts_of_which_nobody_wants_a_movie_go_wherever_on_their_way_they_are(
    site: Site, porch: Pi
) -> None:
    (ready,) = await parts(site, porch, 1)
    porch.instantly = None
    recording, asked = await part(site, 1), await part(site, 2)
    async with site.running():
        recording = await site.reaches(recording, FootageStage.RECORDING)
        asked = await site.reaches(asked, FootageStage.RECORDING)
    arrived = replace(recording, stage=FootageStage.FETCHED)
    await site.store.move(recording, arrived)
    site.disk.incoming(recording.id).write_bytes(video())

    assert await site.movies.drop_parts(HOUR, even_unmerged=True)

    assert site.files() == set()
    rows = await site.library.of_booking(HOUR)
    assert [row.id for row in rows] == [ready.id, recording.id, asked.id]
    assert {(row.stage, row.path) for row in rows} == {(FootageStage.EXPIRED, None)}
    assert [row.stage for row in site.news[-3:]] == [FootageStage.EXPIRED] * 3
    async with site.running() as flow:
        for name in porch.names:
            flow.recording_changed(FRONT, porch.finish(name, video()))
        await eventually(lambda: not porch.recordings)


@pytest.mark.parametrize("cut", DROPPING, ids=str)
async def test_after_a_power_cut_a_part_that_was_dropped_is_whole_or_gone(
    site: Site, porch: Pi, cut: Cut, tmp_path: Path
) -> None:
    row = await part(site)
    async with site.running():
        row = await site.reaches(row, FootageStage.RECORDING)
    porch.finish(porch.names[0], video())
    await site.store.move(row, replace(row, stage=FootageStage.FETCHED))
    site.disk.incoming(row.id).parent.mkdir(parents=True)
    site.disk.incoming(row.id).write_bytes(video())
    await until_killed(cut, drop, tmp_path)

    movies = site.remade()
    await movies.recover()
    async with site.running():
        row = await site.until(row, lambda found: found.stage in SETTLED)
    assert site.files() == site.kept(row)

    assert await movies.drop_parts(HOUR, even_unmerged=True)
    assert site.files() == set()


async def test_a_part_that_arrives_while_it_is_dropped_leaves_nothing(
    site: Site, porch: Pi, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    porch.instantly = video()
    porch.held.clear()
    row = await part(site)
    async with site.running():
        await eventually(lambda: porch.sending == 1)
        assert await site.movies.drop_parts(HOUR, even_unmerged=True)
        porch.held.set()
        await eventually(lambda: "was taken away while it was on its way" in caplog.text)
        await eventually(lambda: not site.files())

    assert (await site.store.get(row.id) or row).stage is FootageStage.EXPIRED


async def test_a_part_that_is_moved_on_meanwhile_is_dropped_the_next_time(
    site: Site, porch: Pi, monkeypatch: pytest.MonkeyPatch
) -> None:
    porch.instantly = video()
    row = await part(site)
    seen = await site.library.of_booking(HOUR)
    async with site.running():
        ready = await site.reaches(row, FootageStage.READY)
    with monkeypatch.context() as patch:
        patch.setattr(FootageStore, "of_booking", lambda *_: asyncio.sleep(0, seen))
        assert not await site.movies.drop_parts(HOUR, even_unmerged=True)
    assert site.files() == site.kept(ready)

    assert await site.movies.drop_parts(HOUR, even_unmerged=True)
    assert site.files() == set()


async def test_a_movie_that_the_database_refuses_stays_a_draft(
    site: Site, porch: Pi, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = await parts(site, porch)

    async def refuse(*_: object) -> bool:
        raise DatabaseError("The database is locked.")

    async with site.movies.draft(SIZE) as draft:
        draft.write_bytes(video())
        clip = inspect(draft)
        span = (rows[0].since, rows[1].until)
        with monkeypatch.context() as patch:
            patch.setattr(FootageStore, "add", refuse)
            with pytest.raises(DatabaseError):
                await site.movies.keep(draft, clip, HOUR, PAIR, *span, wanted=False)
        assert site.files() == site.kept(*rows) | {str(draft.relative_to(site.media))}

        movie = await site.movies.keep(draft, clip, HOUR, PAIR, *span, wanted=False)

    assert site.files() == site.kept(*rows, movie)


async def test_what_is_left_of_a_draft_is_removed(site: Site) -> None:
    async with site.movies.draft(SIZE) as draft:
        draft.write_bytes(b"half a movie")
        draft.with_suffix(".json").write_bytes(b"its plan")

    assert site.files() == set()


async def test_there_is_no_draft_where_there_is_no_room(site: Site) -> None:
    with pytest.raises(DiskFull):
        async with site.movies.draft(10**18):
            pass

    assert site.files() == set()


async def test_drafts_that_a_kill_left_are_removed_and_no_others(site: Site) -> None:
    drafts = site.media / ".gatehouse" / "movies" / "drafts"
    async with site.movies.draft(SIZE) as draft:
        draft.write_bytes(b"half a movie")
        (drafts / "left").mkdir()
        (drafts / "left" / "movie.mp4").write_bytes(b"half a movie")
        (drafts / "one file").write_bytes(b"half a poster")

        await site.movies.recover()

        assert site.files() == {str(draft.relative_to(site.media))}


@pytest.mark.parametrize("cut", DEEDS, ids=str)
async def test_after_a_power_cut_there_is_one_movie_and_nothing_beside_it(
    site: Site, porch: Pi, cut: Cut, tmp_path: Path
) -> None:
    rows = await parts(site, porch)
    await until_killed(cut, film, tmp_path)

    movies = site.remade()
    await movies.recover()
    await Clips(site.store, site.disk, site.news.append).recover()
    assert site.files() == site.kept(*await site.library.of_booking(HOUR))

    movie = await keep(movies, rows)
    assert await movies.drop_parts(HOUR)

    assert site.files() == site.kept(movie)
    assert movie.path
    assert hashlib.sha256(movie.path.read_bytes()).hexdigest() == movie.sha256
    *gone, there = await site.library.of_booking(HOUR)
    assert there == movie
    assert [row.id for row in gone] == [row.id for row in rows]
