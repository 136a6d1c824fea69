"""No false alarm and nothing missed: real films, a real model, and what is set from the start."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from statistics import median

import pytest

from custom_components.gatehouse.incidents import IncidentOptions
from custom_components.gatehouse.incidents.track import TrackRules
from custom_components.gatehouse.incidents.tracks import present
from custom_components.gatehouse.models import Detection, IncidentState
from custom_components.gatehouse.vision import Detector, DetectorOptions, OnnxDetector
from tests.rooms.incidents.material import (
    EVENING,
    MODEL,
    Remembering,
    demo,
    empty_room,
    fetched,
    film,
    garden_path,
    history,
    incidents_of,
    material,
    shown_in_turn,
    stays,
    stills,
)
from tests.scenes import evening

FPS = 5.0
RULES = TrackRules()
OPTIONS = IncidentOptions(tick=timedelta(milliseconds=20))
PAUSE = OPTIONS.idle.total_seconds() + 5

# Ten minutes in which everything moves take their time to be looked at.
LONG = 600.0


@pytest.fixture(scope="module")
def seen() -> dict[bytes, tuple[Detection, ...]]:
    """What the smallest model has seen so far: most films are shown to more than one test."""
    return {}


@pytest.fixture
async def detector(seen: dict[bytes, tuple[Detection, ...]]) -> AsyncIterator[Detector]:
    """The smallest model that is offered, as it is set when nobody says more."""
    detector = Remembering(await OnnxDetector.load(MODEL, DetectorOptions()), seen)
    yield detector
    await detector.close()


@pytest.fixture
async def demos_detector() -> AsyncIterator[Detector]:
    """The model that the demo fetched, as it is set there."""
    assets = demo()
    options = DetectorOptions(threshold=assets["threshold"])
    detector = await OnnxDetector.load(Path(assets["model"]), options)
    yield detector
    await detector.close()


# --- nothing missed -------------------------------------------------------------------------------


@material
@pytest.mark.parametrize("fps", [1.0, FPS])
async def test_each_walk_is_one_incident(detector: Detector, fps: float, tmp_path: Path) -> None:
    walks = film("onebyone_dev.mp4", fps, PAUSE)
    rows = await incidents_of(detector, walks.shots, tmp_path, OPTIONS)
    assert [(row.state, row.count) for row in rows] == [(IncidentState.CLOSED, 1)] * 3
    for row, (came, left) in zip(rows, walks.visits, strict=True):
        # Half a person at the edge of the picture is nobody yet, or not any more.
        assert (row.started - EVENING).total_seconds() == pytest.approx(came, abs=1.5)
        assert (row.last_seen - EVENING).total_seconds() == pytest.approx(left, abs=1.5)


@material
async def test_each_walk_is_one_person_of_whom_there_is_no_doubt(detector: Detector) -> None:
    walks = film("onebyone_dev.mp4", 2, PAUSE)
    found = stays(await history(detector, walks.shots, RULES))
    assert len(found) == len(walks.visits) == 3
    assert min(median(track.scores) for track in found) > RULES.certainty + 0.1


@material
async def test_a_square_that_is_never_empty_is_one_incident(
    detector: Detector, tmp_path: Path
) -> None:
    (row,) = await incidents_of(detector, film("plaza_dev.mp4", FPS).shots, tmp_path, OPTIONS)
    assert row.last_seen - row.started > timedelta(seconds=39)
    assert 6 <= row.count <= 12


@material
async def test_a_square_full_of_people_is_never_seen_empty(detector: Detector) -> None:
    passed = await history(detector, film("plaza_dev.mp4", FPS).shots, RULES)
    counts = [len(present(tracks)) for _, tracks in passed]
    assert min(counts[RULES.needed - 1 :]) >= 3


@material
@pytest.mark.parametrize(
    ("clip", "people"),
    [("worker-zone-detection.gif", 1), ("face-demographics-walking-and-pause.gif", 3)],
)
async def test_each_of_those_who_are_there_is_counted_once(
    detector: Detector, clip: str, people: int
) -> None:
    assert len(stays(await history(detector, film(clip, FPS).shots, RULES))) == people


# --- no false alarm -------------------------------------------------------------------------------


@material
async def test_cars_are_no_incident(detector: Detector, tmp_path: Path) -> None:
    cars = film("cars_dev.mp4", FPS)
    assert await incidents_of(detector, cars.shots, tmp_path, OPTIONS) == []


@material
async def test_what_shows_nobody_is_no_incident_however_long_it_is_shown(
    detector: Detector, tmp_path: Path
) -> None:
    slides = shown_in_turn(stills("negative"), seconds=10, fps=2)
    assert await incidents_of(detector, slides, tmp_path, OPTIONS) == []


@material
@pytest.mark.timeout(LONG)
async def test_ten_minutes_of_wind_and_weather_are_no_incident(
    detector: Detector, tmp_path: Path
) -> None:
    assert await incidents_of(detector, evening(LONG, 2, 7), tmp_path, OPTIONS) == []


@material
@pytest.mark.timeout(LONG)
async def test_ten_minutes_of_wind_and_weather_in_a_real_empty_room_are_no_incident(
    detector: Detector, tmp_path: Path
) -> None:
    stormy = evening(LONG, 2, 11, empty_room())
    assert await incidents_of(detector, stormy, tmp_path, OPTIONS) == []


# --- the same on what the demo fetches ------------------------------------------------------------


@fetched
async def test_nobody_is_on_the_demos_garden_path_until_somebody_comes(
    demos_detector: Detector, tmp_path: Path
) -> None:
    path = garden_path(range(241))
    assert await incidents_of(demos_detector, path, tmp_path, OPTIONS) == []


@fetched
async def test_two_who_walk_on_the_demos_garden_path_are_one_incident(
    demos_detector: Detector, tmp_path: Path
) -> None:
    path = garden_path(range(523, 728))
    assert [row.count for row in await incidents_of(demos_detector, path, tmp_path, OPTIONS)] == [2]


@fetched
@pytest.mark.timeout(LONG)
async def test_the_demos_model_sees_no_incident_in_wind_and_weather(
    demos_detector: Detector, tmp_path: Path
) -> None:
    assert await incidents_of(demos_detector, evening(120, 2, 7), tmp_path, OPTIONS) == []
