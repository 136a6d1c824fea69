"""The lists of an incident as texts, one for each column of its row, and back."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import chain, repeat
import json
from pathlib import Path
from typing import Any, Final

import orjson

from ..models import Box, Detection, Frame, Incident, Passage, PassageKind, Sighting

NONE: Final = json.dumps(())
"""The text of a list that has nothing in it."""

type Lists = tuple[
    tuple[str, ...],
    tuple[str, ...],
    tuple[Sighting, ...],
    tuple[Passage, ...],
    tuple[Frame, ...],
    tuple[str, ...],
]
"""Labels, zones, sightings, passages, frames, and the reasons of an assessment."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


def texts_of(incident: Incident) -> tuple[str, ...]:
    """Return labels, zones, sightings, passages, paths of frames, and what was detected in each."""
    return (
        json.dumps(incident.labels),
        json.dumps(incident.zones),
        json.dumps([_sighting_values(each) for each in incident.sightings]),
        json.dumps([_passage_values(each) for each in incident.passages]),
        json.dumps([str(frame.path) for frame in incident.frames]),
        json.dumps([_detections_values(each) for each in incident.frames]),
    )


def lists_of(texts: Sequence[str]) -> Lists:
    """Return what these texts say in the order of `texts_of`, and then one of reasons."""
    labels, zones, sightings, passages, frames, detections, reasons = _read(texts)
    found = chain(detections, repeat(()))  # of old frames nobody knows what was detected in them
    return (
        tuple(labels),
        tuple(zones),
        tuple([_sighting(each) for each in sightings]),
        tuple([_passage(each) for each in passages]),
        tuple([_frame(*each) for each in zip(frames, found, strict=False)]),
        tuple(reasons),
    )


def _read(texts: Sequence[str]) -> list[list[Any]]:
    """Read all lists at once: it is the calls that cost."""
    text = f"[{','.join(texts)}]"
    lists: list[list[Any]]
    try:
        lists = orjson.loads(text)
    except orjson.JSONDecodeError:
        # The name of a file may be no text at all: only Python's own reader takes that.
        lists = json.loads(text)
    return lists


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
