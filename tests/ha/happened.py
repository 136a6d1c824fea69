"""What has happened at a site: incidents and clips as their rows say."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.gatehouse.footage import FootageStore
from custom_components.gatehouse.incidents import IncidentStore
from custom_components.gatehouse.models import (
    Assessment,
    AssessmentState,
    Author,
    Box,
    Detection,
    Footage,
    FootageStage,
    Frame,
    Incident,
    IncidentState,
    Level,
    Passage,
    PassageKind,
    Sighting,
)
from tests.ha.scripted import KEY

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)

SEEN = Incident(
    id="a1",
    group=KEY,
    place="Front door",
    state=IncidentState.CLOSED,
    started=NOON,
    last_seen=NOON + timedelta(seconds=20),
    ended=NOON + timedelta(seconds=50),
    labels=("person",),
    count=2,
    zones=("Drive",),
    sightings=(
        Sighting(
            camera=KEY,
            first=NOON,
            last=NOON + timedelta(seconds=20),
            best=Detection(label="person", score=0.9, box=Box(0.1, 0.2, 0.3, 0.9)),
        ),
    ),
    passages=(
        Passage(
            id="p1",
            door="front",
            kind=PassageKind.DENIED,
            at=NOON + timedelta(seconds=5),
            person="Ann",
            reason="the card has expired",
        ),
    ),
    picture=Path("/media/picture.jpg"),
    frames=(
        Frame(
            path=Path("/media/first.jpg"),
            detections=(
                Detection(label="person", score=0.9, box=Box(0.1, 0.2, 0.3, 0.9)),
                Detection(label="dog", score=0.55, box=Box(0.5, 0.6, 0.7, 0.8)),
            ),
        ),
        Frame(path=Path("/media/second.jpg")),
    ),
    assessment=Assessment(
        risk=45,
        level=Level.MEDIUM,
        reasons=("2 people at once",),
        summary="Two people rang the bell.",
        author=Author.MODEL,
    ),
    assessing=AssessmentState.DONE,
)
CLIP = Footage(
    id="f1",
    camera=KEY,
    incident="a1",
    stage=FootageStage.READY,
    since=NOON - timedelta(seconds=5),
    until=NOON + timedelta(seconds=30),
    path=Path("/media/clip.mp4"),
    duration=timedelta(seconds=35),
)


async def happened(site: MockConfigEntry, *incidents: Incident) -> None:
    """Put incidents into the site's database."""
    store = IncidentStore(site.runtime_data.database)
    for incident in incidents:
        await store.save(incident)


async def filmed(site: MockConfigEntry, *clips: Footage) -> None:
    """Put clips into the site's database."""
    store = FootageStore(site.runtime_data.database)
    for clip in clips:
        await store.add(clip)
