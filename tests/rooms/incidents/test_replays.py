"""What happened while nobody listened: real films in, incidents out, whatever comes between."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime, timedelta
import functools
from itertools import pairwise
import logging
from pathlib import Path
import time
from typing import Any
from unittest.mock import patch

from blockbuster import blockbuster_ctx
from PIL import Image
import pytest

from custom_components.gatehouse.database import Database, DatabaseLocked
from custom_components.gatehouse.footage import Disk, FootageStore, Library
from custom_components.gatehouse.incidents import (
    AlarmState,
    IncidentOptions,
    IncidentQuery,
    IncidentStore,
    NewsKind,
    Replays,
    Screening,
    Surroundings,
)
from custom_components.gatehouse.incidents.rows import media_of
from custom_components.gatehouse.models import (
    AssessmentState,
    Footage,
    FootageStage,
    Incident,
    IncidentState,
    Level,
    PassageKind,
    Replay,
    Zone,
    ZoneKind,
)
from custom_components.gatehouse.vision import BadPicture, DetectorFailed
from custom_components.gatehouse.zones import Zones
from tests.rooms.incidents.fakes import (
    BACK,
    FRONT,
    GATE,
    NOON,
    YARD,
    Clock,
    Films,
    House,
    moment,
    passage,
)
from tests.rooms.incidents.films import Spotter, Stay, film
from tests.waiting import eventually

VISIT = Stay(3, 9)
"""Somebody who walks through the picture."""


class Return:
    """A site that comes back and finds what its agents have kept."""

    def __init__(self, database: Database, zones: Zones, folder: Path) -> None:
        self.folder = folder
        self.zones = zones
        self.store = IncidentStore(database)
        self.footage = FootageStore(database)
        self.library = Library(self.footage, Disk(folder, NOON.tzinfo or None))  # type: ignore[arg-type]
        self.films = Films(folder)
        self.eye = Spotter()
        self.house = House(Clock())
        self.options = IncidentOptions(tick=timedelta(milliseconds=10))
        self.story: asyncio.Task[None] | None = None
        self.replays = self.built()

    def built(self, **changes: Any) -> Replays:
        """Build the story anew, with other options."""
        self.options = replace(self.options, **changes)
        self.replays = Replays(
            self.library,
            self.films,  # type: ignore[arg-type]
            Screening(self.eye, self.zones, self.options),
            self.store,
            self.options,
            self.house,
        )
        return self.replays

    async def kept(
        self,
        name: str,
        at: float = 0,
        *stays: Stay,
        seconds: float = 12,
        camera: str = FRONT,
        content: bytes | None = None,
        **changes: Any,
    ) -> Path:
        """Have a clip of so many seconds that began so many after noon."""
        path = self.folder / f"{name}.mp4"
        data = film(seconds, *stays) if content is None else content
        await asyncio.to_thread(path.write_bytes, data)
        row = Footage(
            id=name,
            camera=camera,
            incident=None,
            stage=FootageStage.READY,
            since=moment(at),
            until=moment(at + seconds),
            duration=timedelta(seconds=seconds),
            replay=Replay.PENDING,
            recording=name,
            path=path,
        )
        await self.footage.add(replace(row, **changes))
        return path

    def begin(self) -> None:
        self.story = asyncio.create_task(self.replays.run())

    async def end(self) -> None:
        if self.story:
            self.story.cancel()
            with suppress(asyncio.CancelledError, Killed):
                await self.story

    async def pending(self) -> list[str]:
        return [row.id for row in await self.library.to_replay()]

    async def done(self) -> list[Incident]:
        """Look until nothing is pending; return the incidents, the oldest first."""
        self.begin()

        async def nothing_is_pending() -> bool:
            return not await self.pending()

        await eventually(nothing_is_pending, seconds=20)
        # It looks again only after it has told all that it saw.
        self.replays.wake()
        await eventually(lambda: not self.replays._woken.is_set())
        await self.end()
        return await self.incidents()

    async def incidents(self) -> list[Incident]:
        """Return all incidents, the oldest first."""
        return (await self.store.find(IncidentQuery()))[::-1]

    async def incident_of(self, clip: str) -> str | None:
        row = await self.footage.get(clip)
        assert row is not None
        return row.incident


class Killed(BaseException):
    """Nothing happens any more."""


@pytest.fixture
def never_blocks() -> Iterator[None]:
    """Fail when our code blocks the event loop."""
    with blockbuster_ctx("custom_components.gatehouse"):
        yield


@pytest.fixture
async def site(database: Database, zones: Zones, tmp_path: Path) -> AsyncIterator[Return]:
    site = Return(database, zones, tmp_path)
    yield site
    await site.end()


@pytest.mark.usefixtures("never_blocks")
async def test_somebody_in_a_clip_becomes_an_incident_with_its_true_times(site: Return) -> None:
    await site.kept("clip", 0, VISIT)

    (incident,) = await site.done()

    (sighting,) = incident.sightings
    assert incident.replayed
    assert incident.state is IncidentState.CLOSED
    assert (incident.group, incident.place) == (FRONT, "Front")
    assert (incident.labels, incident.count, sighting.camera) == (("person",), 1, FRONT)
    assert _off(incident.started, 3) < 0.5
    assert _off(incident.last_seen, 9) < 0.5
    assert incident.ended == incident.last_seen
    assert (sighting.first, sighting.last) == (incident.started, incident.last_seen)


async def test_it_has_a_picture_with_boxes_and_frames_without(site: Return) -> None:
    await site.kept("clip", 0, Stay(1, 59), seconds=60)

    (incident,) = await site.done()

    assert incident.picture
    assert 1 < len(incident.frames) <= 4
    assert len(set(incident.frames)) == len(incident.frames)
    assert _oranges(incident.picture) > 0
    assert [_oranges(frame.path) for frame in incident.frames] == [0] * len(incident.frames)


async def test_it_is_news_for_lists_and_nobody_else(site: Return) -> None:
    await site.kept("clip", 0, VISIT)

    (incident,) = await site.done()

    (news,) = site.house.incidents
    assert (news.kind, news.incident, news.due) == (NewsKind.REPLAYED, incident, False)
    assert not news.is_live
    assert site.house.presences == []


async def test_its_clip_belongs_to_it_and_knows_how_bad_it_is(site: Return) -> None:
    await site.kept("clip", 0, VISIT)

    (incident,) = await site.done()

    row = await site.footage.get("clip")
    assert row
    assert incident.assessment
    assert (row.incident, row.level, row.replay) == (
        incident.id,
        incident.assessment.level,
        Replay.DONE,
    )


async def test_a_clip_of_nobody_stays_a_recording(site: Return) -> None:
    await site.kept("leaves")

    assert await site.done() == []

    row = await site.footage.get("leaves")
    assert row
    assert (row.incident, row.level, row.replay) == (None, None, Replay.DONE)
    assert site.house.incidents == []
    assert site.films.pictures == []


async def test_the_clock_of_the_camera_is_set_right(site: Return) -> None:
    site.house.ahead = timedelta(hours=1)
    await site.kept("clip", 3600, VISIT)

    (incident,) = await site.done()

    assert _off(incident.started, 3) < 0.5


async def test_the_oldest_clip_comes_first(site: Return) -> None:
    await site.kept("later", 500, VISIT)
    await site.kept("first", -500, VISIT)

    await site.done()

    assert [news.incident.started < NOON for news in site.house.incidents] == [True, False]


async def test_clips_back_to_back_are_one_incident(site: Return) -> None:
    await site.kept("one", 0, Stay(3, 12))
    await site.kept("two", 12.1, Stay(0, 12, walks=0.3))
    await site.kept("three", 25, Stay(0, 4))

    (incident,) = await site.done()

    assert _off(incident.started, 3) < 0.5
    assert _off(incident.last_seen, 29) < 0.5
    assert {await site.incident_of(clip) for clip in ("one", "two", "three")} == {incident.id}
    assert len(incident.sightings) == 1
    assert incident.picture in site.films.pictures


async def test_the_order_in_which_clips_arrive_makes_no_difference(site: Return) -> None:
    await site.kept("two", 12.1, Stay(0, 9))
    (late,) = await site.done()

    await site.kept("one", 0, Stay(3, 12))
    (incident,) = await site.done()

    assert late.id == incident.id
    assert _off(incident.started, 3) < 0.5
    assert incident.last_seen == late.last_seen
    assert incident.picture == late.picture


async def test_who_comes_later_is_another_incident(site: Return) -> None:
    await site.kept("one", 0, VISIT)
    await site.kept("two", 60, VISIT)

    one, two = await site.done()

    assert [await site.incident_of(clip) for clip in ("one", "two")] == [one.id, two.id]


# --- Doors ---


async def test_a_card_shown_in_the_absence_is_an_incident_of_that_time(site: Return) -> None:
    site.built(groups=(GATE,))

    identity = await site.replays.join(passage(-3600, person="Anna"))

    (incident,) = await site.incidents()
    assert incident.id == identity
    assert incident.replayed
    assert incident.state is IncidentState.CLOSED
    assert (incident.group, incident.started) == ("gate", moment(-3600))
    assert incident.assessment is not None
    assert incident.assessment.summary == "Anna's card opened Front door at 11:00:00."
    assert [news.kind for news in site.house.incidents] == [NewsKind.REPLAYED]
    assert not site.house.incidents[0].is_live


async def test_the_same_card_told_twice_is_one(site: Return) -> None:
    first = await site.replays.join(passage(-3600))
    again = await site.replays.join(passage(-3600))

    assert first == again
    assert len(site.house.incidents) == 1
    assert [len(row.passages) for row in await site.incidents()] == [1]


async def test_a_card_and_who_showed_it_are_one_incident_whatever_is_told_first(
    site: Return,
) -> None:
    site.built(groups=(GATE,))
    shown = await site.replays.join(passage(6, person="Anna"))
    await site.kept("clip", 0, VISIT)

    (incident,) = await site.done()
    left = await site.replays.join(passage(20, PassageKind.EXIT))

    (whole,) = await site.incidents()
    assert incident.id == whole.id == shown == left
    assert whole.labels == ("person",)
    assert [each.kind for each in whole.passages] == [PassageKind.GRANTED, PassageKind.EXIT]
    assert whole.picture == incident.picture


async def test_cards_shown_at_other_times_are_other_incidents(site: Return) -> None:
    early = await site.replays.join(passage(-3600))
    late = await site.replays.join(passage(-1800))

    assert early != late


# --- Groups ---


async def test_cameras_of_a_group_tell_one_incident(site: Return) -> None:
    site.built(groups=(GATE,))
    await site.kept("front", 0, VISIT)
    await site.kept("back", 10, Stay(3, 9), camera=BACK)
    await site.kept("yard", 10, Stay(3, 9), camera=YARD)

    gate, yard = await site.done()

    assert (gate.group, gate.cameras) == ("gate", (FRONT, BACK))
    assert (yard.group, yard.cameras) == (YARD, (YARD,))


async def test_what_was_told_live_is_not_told_again(site: Return) -> None:
    live = _live(started=4, last_seen=20)
    await site.store.save(live)
    await site.kept("clip", 0, VISIT)

    assert await site.done() == [live]
    assert await site.incident_of("clip") == "live"


async def test_what_was_told_before_nobody_listened_is_not_told_again(site: Return) -> None:
    """The story was cut off while somebody was there; what follows is another, after it."""
    live = replace(_live(started=4, last_seen=6), ended=moment(6))
    await site.store.save(live)
    await site.kept("clip", 0, Stay(3, 12))

    told, rest = sorted(await site.done(), key=lambda each: each.started)

    assert told == live
    assert live.ended
    assert live.ended <= rest.started
    assert rest.sightings[0].first == rest.started
    assert _off(rest.last_seen, 12) < 0.5


async def test_who_stays_until_somebody_listens_again_is_told_once(site: Return) -> None:
    still_there = replace(_live(started=40, last_seen=42), state=IncidentState.OPEN, ended=None)
    await site.store.save(still_there)
    await site.kept("clip", 0, Stay(3, 50, walks=0.3), seconds=50)

    replayed, same = await site.done()

    assert same == still_there
    assert replayed.replayed
    assert _off(replayed.started, 3) < 0.5
    assert replayed.last_seen < still_there.started
    assert await site.incident_of("clip") == replayed.id


async def test_what_was_live_before_is_not_touched(site: Return) -> None:
    live = _live(started=-60, last_seen=-30)
    await site.store.save(live)
    await site.kept("clip", 0, VISIT)

    same, replayed = await site.done()

    assert same == live
    assert replayed.replayed


async def test_the_risk_is_by_the_hour_and_not_by_what_is_around_now(site: Return) -> None:
    site.house.around = Surroundings(dark=True, anybody_home=False, alarm=AlarmState.TRIGGERED)
    await site.kept("noon", 0, VISIT)
    await site.kept("midnight", 12 * 3600, VISIT)

    noon, midnight = await site.done()

    assert noon.assessment
    assert midnight.assessment
    assert noon.assessment.level is Level.LOW
    assert midnight.assessment.level is Level.MEDIUM
    assert noon.assessment.reasons == ("a person was seen",)
    assert noon.assessment.summary == "A person at Front from 12:00:03 to 12:00:08 (5 s)."


async def test_zones_and_masks_hold_as_they_do_live(site: Return) -> None:
    await site.zones.save(_zone(ZoneKind.ZONE, "Shed", 0.0, sensitive=True))
    await site.kept("clip", 0, VISIT)
    (seen,) = await site.done()
    await site.zones.save(_zone(ZoneKind.MASK, "Street", 0.0, camera=YARD))
    await site.kept("street", 900, VISIT, camera=YARD)

    assert await site.done() == [seen]

    assert seen.zones == ("Shed",)
    assert seen.assessment
    assert "in Shed, a sensitive zone" in seen.assessment.reasons


async def test_only_what_is_looked_for_counts(site: Return) -> None:
    site.eye.label = "cat"
    await site.kept("clip", 0, VISIT)

    assert await site.done() == []


async def test_what_was_parked_all_the_time_is_no_news_and_what_arrives_is(site: Return) -> None:
    site.eye.label = "car"
    site.built(labels=frozenset({"car"}))
    await site.kept("parked", 0, Stay(0, 12, walks=0))
    await site.kept("arrives", 900, Stay(4, 12, walks=0.2))
    await site.kept("leaves", 1800, Stay(0, 8, walks=0.6))

    incidents = await site.done()

    assert await site.incident_of("parked") is None
    assert len(incidents) == 2


async def test_a_language_model_gets_its_turn(site: Return) -> None:
    site.built(ask_model=True)
    await site.kept("clip", 0, VISIT)

    (incident,) = await site.done()

    assert incident.assessing is AssessmentState.PENDING


async def test_without_a_detector_the_clips_wait(
    site: Return, caplog: pytest.LogCaptureFixture
) -> None:
    site.eye.errors = [DetectorFailed("the service is away")] * 3
    await site.kept("clip", 0, VISIT)

    (incident,) = await site.done()

    assert incident.replayed
    assert [each.levelno for each in caplog.records if "service is away" in each.message] == [
        logging.WARNING
    ]


async def test_a_picture_that_cannot_be_looked_at_is_passed_over(site: Return) -> None:
    site.eye.errors = [BadPicture("half a picture")] * 4
    await site.kept("clip", 0, VISIT)

    (incident,) = await site.done()

    assert _off(incident.started, 3) < 0.5


async def test_a_file_that_is_gone_is_waited_for_and_the_others_go_on(site: Return) -> None:
    path = await site.kept("gone", 0, VISIT)
    content = await asyncio.to_thread(path.read_bytes)
    await asyncio.to_thread(path.unlink)
    await site.kept("there", 900, VISIT)

    site.begin()
    await eventually(lambda: len(site.house.incidents) == 1)
    site.replays.wake()
    assert await site.pending() == ["gone"]
    # Whole at once: a disk that comes back has no half of a file.
    await asyncio.to_thread(path.with_suffix(".back").write_bytes, content)
    await asyncio.to_thread(path.with_suffix(".back").replace, path)
    site.replays.wake()

    await eventually(lambda: len(site.house.incidents) == 2)
    assert site.house.last.started < moment(10)


async def test_a_row_without_a_file_has_nothing_to_look_at(site: Return) -> None:
    clip = Footage(
        id="nowhere",
        camera=FRONT,
        incident=None,
        stage=FootageStage.READY,
        since=NOON,
        until=moment(10),
    )

    with pytest.raises(FileNotFoundError, match="nowhere"):
        await anext(Screening(site.eye, site.zones, site.options).signs(clip, timedelta()))


async def test_a_film_that_breaks_off_is_taken_as_it_is(
    site: Return, caplog: pytest.LogCaptureFixture
) -> None:
    await site.kept("nonsense", 0, content=b"this is no film")

    assert await site.done() == []
    assert "rest of footage nonsense" in caplog.text


async def test_a_clip_without_a_duration_is_as_long_as_was_asked(site: Return) -> None:
    await site.kept("clip", 0, VISIT, duration=None)

    (incident,) = await site.done()

    assert incident.replayed


async def test_a_database_that_is_locked_delays_and_doubles_nothing(site: Return) -> None:
    await site.kept("clip", 0, VISIT)
    with _failing(site.library, "replayed", DatabaseLocked("locked"), times=2):
        (incident,) = await site.done()

    assert {news.incident.id for news in site.house.incidents} == {incident.id}


STEPS = [
    ("films", "keep_picture"),
    ("store", "save"),
    ("films", "grade"),
    ("library", "replayed"),
]


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize(("who", "what"), STEPS)
async def test_killed_at_any_moment_nothing_is_lost_or_doubled(
    site: Return, who: str, what: str, after: bool
) -> None:
    await site.kept("one", 0, Stay(3, 12))
    await site.kept("two", 12.1, Stay(0, 9))
    for _ in range(2):
        with _killed(getattr(site, who), what, after=after):
            site.begin()
            assert site.story
            with pytest.raises(Killed):
                await site.story
        site.built()

    (incident,) = await site.done()

    assert _off(incident.started, 3) < 0.5
    assert _off(incident.last_seen, 21) < 0.6
    assert {await site.incident_of(clip) for clip in ("one", "two")} == {incident.id}
    assert set(media_of(incident)) == set(site.films.pictures)


async def test_cancelled_in_mid_look_it_begins_again(site: Return) -> None:
    await site.kept("clip", 0, VISIT)
    site.begin()
    await eventually(lambda: len(site.eye.seen) > 3)
    await site.end()
    assert await site.incidents() == []

    assert len(await site.done()) == 1


async def test_who_looks_at_what_happens_now_goes_first(site: Return) -> None:
    looks: list[float] = []

    def think() -> None:
        looks.append(time.monotonic())
        time.sleep(0.02)

    site.eye.before = think
    await site.kept("clip", 0, VISIT, seconds=10)

    await site.done()

    assert len(looks) > 20
    assert min(later - earlier for earlier, later in pairwise(looks)) >= 0.04


async def test_a_new_clip_is_looked_at_when_somebody_says_so(site: Return) -> None:
    site.begin()
    await asyncio.sleep(0.05)
    await site.kept("clip", 0, VISIT)

    site.replays.wake()

    await eventually(lambda: site.house.incidents)


def _live(started: float, last_seen: float) -> Incident:
    """Return an incident that was told while it happened, in seconds after noon."""
    return Incident(
        id="live",
        group=FRONT,
        place="Front",
        state=IncidentState.CLOSED,
        started=moment(started),
        last_seen=moment(last_seen),
        ended=moment(last_seen),
    )


def _off(at: datetime, seconds: float) -> float:
    """Return by how many seconds a moment is not so many after noon."""
    return abs((at - moment(seconds)).total_seconds())


def _oranges(picture: Path) -> int:
    """Return how many pixels have the colour of a person's box."""
    with Image.open(picture) as image:
        pixels = image.convert("RGB").get_flattened_data()
    return sum(red > 200 and 120 < green < 200 and blue < 90 for red, green, blue in pixels)


def _zone(
    kind: ZoneKind, name: str, left: float, camera: str = FRONT, sensitive: bool = False
) -> Zone:
    points = ((left, 0.0), (1.0, 0.0), (1.0, 1.0), (left, 1.0))
    return Zone(id="", camera=camera, kind=kind, name=name, points=points, sensitive=sensitive)


@contextmanager
def _failing(part: object, what: str, error: Exception, times: int) -> Iterator[None]:
    """Have a step of a part fail so often, and then work."""
    real: Callable[..., Any] = getattr(part, what)
    left = [error] * times

    @functools.wraps(real)
    async def step(*args: Any, **named: Any) -> Any:
        if left:
            raise left.pop()
        return await real(*args, **named)

    with patch.object(part, what, step):
        yield


@contextmanager
def _killed(part: object, what: str, *, after: bool) -> Iterator[None]:
    """Have everything end before a step of a part, or when it is done."""
    real: Callable[..., Any] = getattr(part, what)

    @functools.wraps(real)
    async def step(*args: Any, **named: Any) -> Any:
        if after:
            await real(*args, **named)
        raise Killed

    with patch.object(part, what, step):
        yield
