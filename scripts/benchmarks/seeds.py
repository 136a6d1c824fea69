"""Makes years of incidents: the same ones each time, as a busy house would have them."""

import asyncio
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from itertools import accumulate, batched
from pathlib import Path
from random import Random
import sqlite3
from typing import Final

from custom_components.gatehouse import migrations
from custom_components.gatehouse.database import Database
from custom_components.gatehouse.incidents import risk, rows, search
from custom_components.gatehouse.models import (
    Assessment,
    AssessmentState,
    Author,
    Box,
    Detection,
    Frame,
    Incident,
    IncidentState,
    Passage,
    PassageKind,
    Sighting,
)

FIRST: Final = datetime(2024, 11, 18, tzinfo=UTC)
# A million in two years; fewer in less, so that a day is always a busy one.
EACH: Final = timedelta(days=730) / 1_000_000
AGENT: Final = "9f2c41d07ab3"
PLACES: Final = {
    "Porch": ("porch", "door"),
    "Drive": ("drive", "gate"),
    "Garden": ("lawn", "shed"),
    "Cellar": ("cellar",),
    "Street": ("street",),
}
PEOPLE: Final = ("Anna", "Björn", "Zoë", "Emeka")
PLAIN: Final = "person walked along the path then left towards gate carrying parcel".split()
BATCH: Final = 5_000

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_BLANK: Final = Incident(
    id="", group="", place="", state=IncidentState.OPEN, started=FIRST, last_seen=FIRST
)
COLUMNS: Final = (*rows.values(_BLANK), "number", "attempts")

INTO_ROWS: Final = (
    f"INSERT INTO incidents ({', '.join(COLUMNS)})"  # noqa: S608 - our own names
    f" VALUES ({', '.join('?' * len(COLUMNS))})"
)
INTO_LINES: Final = "INSERT INTO incident_text (rowid, text) VALUES (?, ?)"


def span(number: int) -> timedelta:
    """Return how long so many take."""
    return EACH * number


def vocabulary() -> list[str]:
    """Return words as a language has them: few that are in every sentence, many that are rare."""
    random = Random(1)  # noqa: S311 - the same each time
    syllables = [first + second for first in "bdfgklmnprstvz" for second in "aeiou"]
    made = ("".join(random.choices(syllables, k=random.randint(2, 5))) for _ in range(12_000))
    return [*PLAIN, *dict.fromkeys(made)]


def incidents(number: int) -> Iterator[Incident]:
    """Yield so many incidents, from the first on."""
    words, random = vocabulary(), Random(2)  # noqa: S311 - the same each time
    # Zipf's law: a word is the rarer the further behind it stands.
    weights = list(accumulate(1 / (rank + 3) for rank in range(len(words))))
    started = FIRST
    for index in range(number):
        started += EACH * random.uniform(0.2, 1.8)
        sentence = random.choices(words, cum_weights=weights, k=random.randint(12, 22))
        yield _incident(index, started, sentence, random)


async def seeded(folder: Path, number: int) -> Path:
    """Return a database of so many incidents; one that was made by the same recipe is kept."""
    path = folder / f"store-{number}-{_recipe()}.db"
    part = path.with_suffix(".part")
    if make_room(path):
        await (await Database.open(part)).close()
        await asyncio.to_thread(_fill, part, number)
        part.rename(path)
    return path


def make_room(path: Path) -> bool:
    """Return whether there is nothing yet; what other recipes made goes."""
    if path.exists():
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    for stale in path.parent.glob(f"{path.stem.rpartition('-')[0]}-*"):
        stale.unlink()
    return True


def _fill(path: Path, number: int) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("PRAGMA synchronous = OFF")
        for batch in batched(incidents(number), BATCH, strict=False):
            db.execute("BEGIN")
            db.executemany(INTO_ROWS, map(raw_row, batch))
            db.executemany(INTO_LINES, map(raw_line, batch))
            db.execute("COMMIT")
        db.execute("PRAGMA optimize")
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def raw_row(incident: Incident) -> tuple[object, ...]:
    """Return an incident's row as the driver takes it."""
    values = {**rows.values(incident), "number": incident.started, "attempts": 0}
    return tuple(
        microseconds(value) if isinstance(value, datetime) else value for value in values.values()
    )


def raw_line(incident: Incident) -> tuple[int, str]:
    """Return what is searched of an incident as the driver takes it."""
    return microseconds(incident.started), search.line(incident)


def microseconds(moment: datetime) -> int:
    """Return a moment as the rows have it."""
    return (moment - _EPOCH) // _MICROSECOND


def _incident(index: int, started: datetime, sentence: list[str], random: Random) -> Incident:
    place = random.choice(tuple(PLACES))
    ended = started + timedelta(seconds=random.randint(2, 90))
    cameras = random.sample(PLACES[place], random.randint(1, len(PLACES[place])))
    points = min(int(random.expovariate(1 / 25)), 100)
    incident = Incident(
        id=f"{index:032x}",
        group=place.lower(),
        place=place,
        state=IncidentState.CLOSED if random.random() < 0.98 else IncidentState.INTERRUPTED,
        started=started,
        last_seen=ended,
        ended=ended,
        labels=("person",) if random.random() < 0.9 else ("dog",),
        count=random.choice((1, 1, 1, 2, 3)),
        zones=(f"{place} zone",) if random.random() < 0.3 else (),
        sightings=tuple(_sighting(camera, started, ended, random) for camera in cameras),
        picture=Path(cameras[0]) / f"{started:%Y-%m-%d}" / f"{index}.jpg",
        frames=tuple(Frame(path=Path(cameras[0]) / f"{index}-{slot}.jpg") for slot in range(3)),
        assessment=Assessment(
            risk=points,
            level=risk.level_of(points),
            reasons=("a person was seen", f"stayed {random.randint(2, 90)} s"),
            summary=" ".join(sentence).capitalize() + ".",
            author=Author.MODEL,
        ),
        assessing=AssessmentState.DONE,
    )
    return _touched(incident, sentence, random)


def _touched(incident: Incident, sentence: list[str], random: Random) -> Incident:
    """Let people come in by a door, and look at some incidents and write of a few."""
    if random.random() < 0.2:
        entry = Passage(
            id=f"p{incident.id}",
            door="front",
            kind=PassageKind.GRANTED,
            at=incident.started,
            person=random.choice(PEOPLE),
        )
        incident = replace(incident, passages=(entry,))
    if random.random() < 0.6:
        incident = replace(incident, reviewed=incident.last_seen + timedelta(hours=3))
    if random.random() < 0.02:
        incident = replace(incident, false_alarm=True, note=" ".join(sentence[:5]))
    return incident


def _sighting(camera: str, first: datetime, last: datetime, random: Random) -> Sighting:
    left, top = random.uniform(0, 0.8), random.uniform(0, 0.6)
    best = Detection(label="person", score=0.8, box=Box(left, top, left + 0.1, top + 0.3))
    return Sighting(camera=f"{AGENT}/{camera}", first=first, last=last, best=best)


def _recipe() -> str:
    """Name what the rows depend on: another recipe makes another file."""
    modules = (Path(__file__), *(Path(str(each.__file__)) for each in (migrations, rows, search)))
    return sha256(b"".join(path.read_bytes() for path in modules)).hexdigest()[:12]
