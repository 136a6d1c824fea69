"""The tables of incidents; an incident as the values of its row, and back."""

from collections.abc import Mapping
import json
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Column, Integer, Table, Text

from ..database import Moment, metadata
from ..models import Assessment, AssessmentState, Author, Incident, IncidentState, Level
from .lists import NONE, lists_of, texts_of

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

LISTS: Final = ("labels", "zones", "sightings", "passages", "frames", "detections")
"""The columns that hold lists, but for the reasons of an assessment."""

# Looked up, a word is known sooner than by asking its kind.
_STATES: Final = {each.value: each for each in IncidentState}
_ASSESSING: Final = {each.value: each for each in AssessmentState}
_LEVELS: Final = {each.value: each for each in Level}
_AUTHORS: Final = {each.value: each for each in Author}


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
        "count": incident.count,
        "picture": None if incident.picture is None else str(incident.picture),
        **dict(zip(LISTS, texts_of(incident), strict=True)),
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
    texts = [*[row[name] for name in LISTS], row["reasons"] or NONE]
    labels, zones, sightings, passages, frames, reasons = lists_of(texts)
    picture: str | None = row["picture"]
    return Incident(
        id=row["id"],
        group=row["place_group"],
        place=row["place"],
        state=_STATES[row["state"]],
        started=row["started"],
        last_seen=row["last_seen"],
        ended=row["ended"],
        labels=labels,
        count=row["count"],
        zones=zones,
        sightings=sightings,
        passages=passages,
        picture=None if picture is None else Path(picture),
        frames=frames,
        assessment=None if row["risk"] is None else _assessment(row, reasons),
        assessing=_ASSESSING[row["assessing"]],
        reviewed=row["reviewed"],
        false_alarm=bool(row["false_alarm"]),
        note=row["note"],
        notified=row["notified"],
        kept=bool(row["kept"]),
        replayed=bool(row["replayed"]),
    )


def _assessment(row: Row, reasons: tuple[str, ...]) -> Assessment:
    return Assessment(
        risk=row["risk"],
        level=_LEVELS[row["level"]],
        reasons=reasons,
        floor=row["risk_floor"],
        summary=row["summary"],
        author=_AUTHORS[row["author"]],
    )
