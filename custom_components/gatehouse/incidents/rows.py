"""The tables of incidents; an incident as the values of its row, and back."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from itertools import chain, repeat
import json
from pathlib import Path
from typing import Any, Final

import orjson
from sqlalchemy import Column, Integer, Table, Text

from ..database import Moment, metadata
from ..models import (
    Assessment,
    AssessmentState,
    Author,
    Box,
    Detection,
    Frame,
    Incident,
    IncidentState,
    Level,
    Passage,
    PassageKind,
    Sighting,
)

INCIDENTS: Final = Table(
    "incidents",
    metadata,
    Column("id", Text, primary_key=True),
    Column("place_group", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("started", Moment, nullable=False),
    Column("last_seen", Moment, nullable=False),
    Column("ended", Moment),
    Column("labels", Text, nullable=False),
    Column("count", Integer, nullable=False),
    Column("picture", Text),
    Column("risk", Integer),
    Column("level", Text),
    Column("reasons", Text),
    Column("number", Moment, nullable=False),
    Column("place", Text, nullable=False),
    Column("zones", Text, nullable=False),
    Column("sightings", Text, nullable=False),
    Column("passages", Text, nullable=False),
    Column("frames", Text, nullable=False),
    Column("detections", Text, nullable=False),
    Column("risk_floor", Integer, nullable=False),
    Column("summary", Text, nullable=False),
    Column("author", Text, nullable=False),
    Column("assessing", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("retry_at", Moment),
    Column("assessed", Moment),
    Column("reviewed", Moment),
    Column("false_alarm", Integer, nullable=False),
    Column("note", Text, nullable=False),
    Column("notified", Moment),
    Column("kept", Integer, nullable=False),
    Column("replayed", Integer, nullable=False),
)
LINES: Final = Table("incident_text", metadata, Column("rowid", Moment), Column("text", Text))
"""What is searched of each incident, by its number."""

type Row = Mapping[Any, Any]
"""Values by the names of their columns."""

JUDGED: Final = frozenset("risk level reasons risk_floor summary author assessing".split())
"""The columns that belong to the rules until a language model has had its turn."""

REMEMBERED: Final = frozenset("reviewed false_alarm note notified kept".split())
"""The columns that belong to people, and to whom they were told."""

FOR_THE_STORE: Final = frozenset("number attempts retry_at assessed".split())
"""The columns that are nothing of an incident."""

NONE: Final = json.dumps(())
"""What a column of a list holds when there is nothing in it."""

LISTS: Final = ("labels", "zones", "sightings", "passages", "frames", "detections")

# Looked up, a word is known sooner than by asking its kind.
_STATES: Final = {each.value: each for each in IncidentState}
_ASSESSING: Final = {each.value: each for each in AssessmentState}
_LEVELS: Final = {each.value: each for each in Level}
_AUTHORS: Final = {each.value: each for each in Author}

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


def values(incident: Incident) -> dict[str, Any]:
    """Return the values of an incident's columns."""
    return {
        "id": incident.id,
        "place_group": incident.group,
        "place": incident.place,
        "state": incident.state.value,
        "started": incident.started,
        "last_seen": incident.last_seen,
        "ended": incident.ended,
        "labels": json.dumps(incident.labels),
        "count": incident.count,
        "zones": json.dumps(incident.zones),
        "sightings": json.dumps([_sighting_values(each) for each in incident.sightings]),
        "passages": json.dumps([_passage_values(each) for each in incident.passages]),
        "picture": None if incident.picture is None else str(incident.picture),
        "frames": json.dumps([str(frame.path) for frame in incident.frames]),
        "detections": json.dumps([_detections_values(each) for each in incident.frames]),
        **assessment_values(incident.assessment),
        "assessing": incident.assessing.value,
        "reviewed": incident.reviewed,
        "false_alarm": int(incident.false_alarm),
        "note": incident.note,
        "notified": incident.notified,
        "kept": int(incident.kept),
        "replayed": int(incident.replayed),
    }


def media_of(incident: Incident) -> tuple[Path, ...]:
    """Return the files of an incident: its picture, then its frames."""
    picture = () if incident.picture is None else (incident.picture,)
    return (*picture, *(frame.path for frame in incident.frames))


def assessment_values(assessment: Assessment | None) -> dict[str, Any]:
    """Return the values of the columns that an assessment has."""
    return {
        "risk": assessment and assessment.risk,
        "level": assessment and assessment.level.value,
        "reasons": assessment and json.dumps(assessment.reasons),
        "risk_floor": assessment.floor if assessment else 0,
        "summary": assessment.summary if assessment else "",
        "author": (assessment.author if assessment else Author.FACTS).value,
    }


def incident_of(row: Row) -> Incident:
    """Return the incident that a row holds."""
    labels, zones, sightings, passages, frames, detections, reasons = _lists(row)
    found = chain(detections, repeat(()))  # of old frames nobody knows what was detected in them
    picture: str | None = row["picture"]
    return Incident(
        id=row["id"],
        group=row["place_group"],
        place=row["place"],
        state=_STATES[row["state"]],
        started=row["started"],
        last_seen=row["last_seen"],
        ended=row["ended"],
        labels=tuple(labels),
        count=row["count"],
        zones=tuple(zones),
        sightings=tuple([_sighting(each) for each in sightings]),
        passages=tuple([_passage(each) for each in passages]),
        picture=None if picture is None else Path(picture),
        frames=tuple([_frame(*each) for each in zip(frames, found, strict=False)]),
        assessment=None if row["risk"] is None else _assessment(row, reasons),
        assessing=_ASSESSING[row["assessing"]],
        reviewed=row["reviewed"],
        false_alarm=bool(row["false_alarm"]),
        note=row["note"],
        notified=row["notified"],
        kept=bool(row["kept"]),
        replayed=bool(row["replayed"]),
    )


def _lists(row: Row) -> list[list[Any]]:
    """Return what all columns of lists hold, read at once: it is the calls that cost."""
    text = f"[{','.join([row[name] for name in LISTS])},{row['reasons'] or NONE}]"
    lists: list[list[Any]]
    try:
        lists = orjson.loads(text)
    except orjson.JSONDecodeError:
        # The name of a file may be no text at all: only Python's own reader takes that.
        lists = json.loads(text)
    return lists


def _assessment(row: Row, reasons: list[str]) -> Assessment:
    return Assessment(
        risk=row["risk"],
        level=_LEVELS[row["level"]],
        reasons=tuple(reasons),
        floor=row["risk_floor"],
        summary=row["summary"],
        author=_AUTHORS[row["author"]],
    )


def _sighting_values(sighting: Sighting) -> dict[str, Any]:
    return {
        "camera": sighting.camera,
        "first": _number(sighting.first),
        "last": _number(sighting.last),
        **_detection_values(sighting.best),
    }


def _sighting(kept: Mapping[str, Any]) -> Sighting:
    first, last = _moment(kept["first"]), _moment(kept["last"])
    return Sighting(camera=kept["camera"], first=first, last=last, best=_detection(kept))


def _frame(path: str, detections: Iterable[Mapping[str, Any]]) -> Frame:
    return Frame(path=Path(path), detections=tuple([_detection(each) for each in detections]))


def _detections_values(frame: Frame) -> list[dict[str, Any]]:
    return [_detection_values(each) for each in frame.detections]


def _detection_values(detection: Detection) -> dict[str, Any]:
    return {"label": detection.label, "score": detection.score, "box": detection.box}


def _detection(kept: Mapping[str, Any]) -> Detection:
    return Detection(label=kept["label"], score=kept["score"], box=Box._make(kept["box"]))


def _passage_values(passage: Passage) -> dict[str, Any]:
    return {
        "id": passage.id,
        "door": passage.door,
        "kind": passage.kind.value,
        "at": _number(passage.at),
        "person": passage.person,
        "reason": passage.reason,
    }


def _passage(kept: Mapping[str, Any]) -> Passage:
    return Passage(
        id=kept["id"],
        door=kept["door"],
        kind=PassageKind(kept["kind"]),
        at=_moment(kept["at"]),
        person=kept["person"],
        reason=kept["reason"],
    )


def _number(moment: datetime) -> int:
    return (moment - _EPOCH) // _MICROSECOND


def _moment(number: int) -> datetime:
    return _EPOCH + number * _MICROSECOND
