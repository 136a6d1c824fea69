"""What is there in the end: rows, clips that play, objects; everything is read, nothing written."""

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
import hashlib
import math
from pathlib import Path
import sqlite3
import time
from typing import Any, Final

import av

from .storage import objects

MICRO: Final = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class PassageRow:
    """One attempt in the access log; at is seconds since the epoch."""

    id: str
    door: str
    kind: str
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentRow:
    """One incident."""

    id: str
    place: str
    """The key of its camera or group."""
    started: float
    last_seen: float
    ended: float | None = None
    """None while it is open."""
    replayed: bool = False
    """Whether it was found afterwards, and may tell of a quarter of an hour."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipRow:
    """One recording."""

    id: str
    camera: str
    incident: str | None
    stage: str
    since: float
    until: float
    key: str | None = None
    size: int | None = None
    error: str | None = None
    of_absence: bool = False
    """Whether an agent recorded it by itself, because nobody listened."""
    unplayable: str = ""
    """Why the file that should be here cannot be played; nothing if it plays, or is not here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Object:
    """What the storage has under a key."""

    size: int
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """All of it."""

    passages: tuple[PassageRow, ...] = ()
    incidents: tuple[IncidentRow, ...] = ()
    clips: tuple[ClipRow, ...] = ()
    objects: Mapping[str, Object]
    journal: Mapping[str, str]
    """What the agents wrote down, and has not been overwritten since: kinds by ids."""
    read: float = math.inf
    """When it was begun to be read: what came later may be missing."""


def gather(database: Path, media: Path, bucket: Path, journal: Mapping[str, str]) -> Evidence:
    """Read everything; blocks for as long as that takes."""
    read = time.time()
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=20)) as reader:
        passages = reader.execute("SELECT id, door, kind, at FROM passages ORDER BY number")
        incidents = reader.execute(
            "SELECT id, place_group, started, last_seen, ended, replayed FROM incidents"
            " ORDER BY number"
        )
        reader.row_factory = sqlite3.Row
        clips = reader.execute("SELECT * FROM footage ORDER BY since")
        return Evidence(
            passages=tuple(
                PassageRow(id=name, door=door, kind=kind, at=at / MICRO)
                for name, door, kind, at in passages
            ),
            incidents=tuple(
                IncidentRow(
                    id=name,
                    place=place,
                    started=since / MICRO,
                    last_seen=until / MICRO,
                    ended=ended / MICRO if ended else None,
                    replayed=bool(replayed),
                )
                for name, place, since, until, ended, replayed in incidents
            ),
            clips=tuple(_clip(media, dict(row)) for row in clips),
            objects={key: _object(file) for key, file in objects(bucket).items()},
            journal=journal,
            read=read,
        )


def _clip(media: Path, row: Mapping[str, Any]) -> ClipRow:
    path = row["path"] if row["stage"] in {"ready", "uploaded"} else None
    return ClipRow(
        id=row["id"],
        camera=row["camera"],
        incident=row["incident"],
        stage=row["stage"],
        since=row["since"] / MICRO,
        until=row["until"] / MICRO,
        key=row["object_key"],
        size=row["bytes"],
        error=row["error"],
        of_absence=row["replay"] != "none",
        unplayable=_trouble(media / path) if path else "",
    )


def _trouble(file: Path) -> str:
    """Return why a clip cannot be played."""
    try:
        with av.open(str(file)) as container:
            next(container.decode(video=0))
    except (OSError, StopIteration, IndexError) as error:
        return f"{file.name}: {type(error).__name__} {error}"
    return ""


def _object(file: Path) -> Object:
    content = file.read_bytes()
    return Object(size=len(content), digest=hashlib.sha256(content).hexdigest())
