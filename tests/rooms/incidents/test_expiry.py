"""Pictures of incidents go with the last of their footage, and what happened stays readable."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
import logging
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from custom_components.gatehouse.database import Database, DatabaseError
from custom_components.gatehouse.footage import (
    Disk,
    DiskRefused,
    FootageStore,
    Library,
    RetentionOptions,
    Trash,
)
from custom_components.gatehouse.incidents import IncidentQuery, IncidentStore, retention as module
from custom_components.gatehouse.incidents.retention import OWNER, PictureRetention
from custom_components.gatehouse.incidents.rows import media_of
from custom_components.gatehouse.models import (
    Assessment,
    Footage,
    FootageStage,
    Frame,
    Incident,
    IncidentState,
    Level,
    Sighting,
)
from tests.rooms.incidents.fakes import BACK, FRONT, NOON, person
from tests.waiting import eventually

DAY = timedelta(days=1)
JPEG = b"a picture"
MONTH = RetentionOptions()


class House:
    """A media folder with pictures of incidents, and perhaps footage of them."""

    def __init__(self, database: Database, media: Path) -> None:
        self.store = IncidentStore(database)
        self.footage = FootageStore(database)
        self.disk = Disk(media, ZoneInfo("Europe/Berlin"), 0)
        self.media = media
        self.time = NOON
        self.retention = self.kept_by(MONTH)

    def kept_by(self, options: RetentionOptions) -> PictureRetention:
        library = Library(self.footage, self.disk)
        self.retention = PictureRetention(
            self.store, library, self.disk, options, present=self.present
        )
        return self.retention

    async def present(self) -> Any:
        return self.time

    async def incident(
        self, name: str, days: float, level: Level | None = None, **changes: Any
    ) -> Incident:
        """Keep an incident of so many days ago, with a picture and two frames."""
        started = NOON - days * DAY
        sighting = Sighting(camera=FRONT, first=started, last=started, best=person())
        places = [self.disk.place(FRONT, started, f"{name}-{turn}", ".jpg") for turn in range(3)]
        plain = Incident(
            id=name,
            group="porch",
            place="Porch",
            state=IncidentState.CLOSED,
            started=started,
            last_seen=started,
            sightings=(sighting,),
            picture=places[0],
            frames=tuple(Frame(path=place) for place in places[1:]),
            assessment=None if level is None else Assessment(risk=50, level=level, reasons=()),
        )
        incident = replace(plain, **changes)
        for path in media_of(incident):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(JPEG)
        return await self.store.save(incident)

    async def clip(self, incident: Incident, stage: FootageStage, path: Path | None = None) -> None:
        row = Footage(
            id=f"clip of {incident.id}",
            camera=FRONT,
            incident=incident.id,
            stage=stage,
            since=incident.started,
            until=incident.started + DAY,
            path=path,
        )
        await self.footage.add(row)

    async def now(self, incident: Incident) -> Incident | None:
        return await self.store.get(incident.id)

    def files(self) -> set[Path]:
        return {path for path in self.media.rglob("*") if path.is_file()}


@pytest.fixture
def house(database: Database, tmp_path: Path) -> House:
    return House(database, tmp_path / "media")


async def test_old_pictures_go_and_the_words_stay(house: House) -> None:
    old, young = await house.incident("old", 31), await house.incident("young", 29)

    assert await house.retention.sweep() == 3 * len(JPEG)

    bare = replace(old, picture=None, frames=())
    assert await house.store.find(IncidentQuery(text="porch")) == [young, bare]
    assert house.files() == set(media_of(young))
    assert old.picture
    assert not old.picture.parent.exists()
    assert await house.retention.sweep() == 0


async def test_what_is_kept_keeps_its_pictures(house: House) -> None:
    old = await house.incident("old", 31)
    await house.store.keep("old", kept=True)

    assert await house.retention.sweep() == 0

    assert house.files() == set(media_of(old))


@pytest.mark.parametrize(
    ("level", "camera", "days"),
    [
        (None, FRONT, 30),
        (None, BACK, 7),
        (Level.HIGH, BACK, 90),
        (Level.LOW, FRONT, 30),
    ],
)
async def test_pictures_stay_as_long_as_footage_of_the_same_would(
    house: House, level: Level | None, camera: str, days: int
) -> None:
    options = RetentionOptions(by_level={Level.HIGH: 90 * DAY}, by_camera={BACK: 7 * DAY})
    seen = (Sighting(camera=camera, first=NOON, last=NOON, best=person()),)
    await house.incident("old", days + 0.5, level, sightings=seen)
    young = await house.incident("young", days - 0.5, level, sightings=seen)

    await house.kept_by(options).sweep()

    assert house.files() == set(media_of(young))


@pytest.mark.parametrize(
    ("stage", "is_here", "stays"),
    [
        (FootageStage.RECORDING, False, True),
        (FootageStage.FETCHED, False, True),
        (FootageStage.READY, True, True),
        (FootageStage.UPLOADED, True, True),
        (FootageStage.UPLOADED, False, False),
        (FootageStage.EXPIRED, False, False),
        (FootageStage.FAILED, False, False),
    ],
)
async def test_pictures_stay_while_footage_of_the_same_is_here_or_may_come(
    house: House, stage: FootageStage, is_here: bool, stays: bool
) -> None:
    old = await house.incident("old", 31)
    await house.clip(old, stage, house.media / "clip.mp4" if is_here else None)

    await house.retention.sweep()

    assert bool(house.files()) is stays


async def test_many_incidents_are_asked_for_in_parts(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "AT_ONCE", 2)
    for number in range(5):
        await house.incident(f"{number}", 40 + number)

    assert await house.retention.sweep() == 15 * len(JPEG)


async def test_a_picture_that_somebody_deleted_is_no_hindrance(house: House) -> None:
    old = await house.incident("old", 31)
    assert old.picture
    old.picture.unlink()

    assert await house.retention.sweep() == 2 * len(JPEG)

    assert house.files() == set()


async def test_while_the_disk_is_not_mounted_no_incident_loses_its_pictures(
    house: House, tmp_path: Path
) -> None:
    old = await house.incident("old", 31)
    house.media.rename(tmp_path / "the disk")
    house.media.mkdir()

    assert await house.retention.sweep() == 0

    assert await house.now(old) == old


async def test_pictures_that_change_at_the_last_moment_come_back(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = await house.incident("old", 31)

    async def somebody_was_faster(*_: object) -> bool:
        return False

    monkeypatch.setattr(IncidentStore, "forget_media", somebody_was_faster)

    assert await house.retention.sweep() == 0

    assert house.files() == set(media_of(old))


async def test_a_database_that_fails_loses_no_picture(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = await house.incident("old", 31)

    async def fail(*_: object) -> None:
        raise DatabaseError("it is broken")

    for name in ("expirable", "forget_media"):
        with monkeypatch.context() as patch:
            patch.setattr(IncidentStore, name, fail)
            with pytest.raises(DatabaseError):
                await house.retention.sweep()
        assert house.files() == set(media_of(old))


async def test_a_picture_that_is_refused_holds_up_no_other(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused, other = await house.incident("refused", 32), await house.incident("other", 31)
    put = Trash.put

    def refuse(self: Trash, path: Path) -> None:
        if path == refused.frames[1].path:
            raise DiskRefused("it is not ours")
        put(self, path)

    monkeypatch.setattr(Trash, "put", refuse)

    with pytest.raises(DiskRefused):
        await house.retention.sweep()

    assert await house.now(refused) == refused
    assert house.files() == set(media_of(refused))
    assert await house.now(other) == replace(other, picture=None, frames=())


async def test_what_a_kill_left_in_the_trash_is_settled_first(house: House) -> None:
    young = await house.incident("young", 3)
    gone = await house.incident("gone", 3)
    trash = Trash(house.disk, OWNER)
    for path in (*media_of(young), *media_of(gone)):
        await asyncio.to_thread(trash.put, path)
    await house.store.forget_media(gone)

    await house.retention.sweep()

    assert house.files() == set(media_of(young))


async def test_it_sweeps_by_itself_and_tells_a_failure_once(
    house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("FIRST", "EVERY"):
        monkeypatch.setattr(module, name, timedelta(milliseconds=10))
    await house.incident("old", 31)
    expirable: Callable[..., Any] = IncidentStore.expirable
    sweeps = 0

    async def fail_thrice(*arguments: Any) -> Any:
        nonlocal sweeps
        sweeps += 1
        if sweeps < 4:
            raise DatabaseError("it is broken")
        return await expirable(*arguments)

    monkeypatch.setattr(IncidentStore, "expirable", fail_thrice)
    story = asyncio.create_task(house.retention.run())
    await eventually(lambda: sweeps > 5)
    assert house.files() == set()
    story.cancel()
    with pytest.raises(asyncio.CancelledError):
        await story

    warnings = [each for each in caplog.records if each.levelno == logging.WARNING]
    assert [each.getMessage() for each in warnings] == [
        "Old pictures cannot be deleted for now: it is broken"
    ]
