"""Nouns as JSON, for the responses of actions and for the WebSocket."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from .const import DOMAIN
from .models import Detection, Footage, FootageStage, IgnoreBox, Incident, Passage, Sighting, Zone

MEDIA: Final = f"media-source://{DOMAIN}"

PLAYABLE: Final = frozenset({FootageStage.READY, FootageStage.UPLOADED})


def incident_json(incident: Incident, entities: Mapping[str, str]) -> dict[str, Any]:
    """Return all that is known of an incident; entities are those of the cameras, by key."""
    return {
        "id": incident.id,
        "group": incident.group,
        "place": incident.place,
        "state": incident.state.value,
        "started": incident.started.isoformat(),
        "last_seen": incident.last_seen.isoformat(),
        "ended": iso(incident.ended),
        "cameras": [entities[key] for key in incident.cameras if key in entities],
        "labels": list(incident.labels),
        "count": incident.count,
        "zones": list(incident.zones),
        "sightings": [_sighting_json(each, entities) for each in incident.sightings],
        "passages": [_passage_json(each) for each in incident.passages],
        **_assessment_json(incident),
        "reviewed": iso(incident.reviewed),
        "false_alarm": incident.false_alarm,
        "note": incident.note,
        "notified": iso(incident.notified),
        "kept": incident.kept,
        "replayed": incident.replayed,
        "picture": f"{MEDIA}/picture/{incident.id}" if incident.picture else None,
        "frames": [f"{MEDIA}/frame/{incident.id}/{n}" for n in range(len(incident.frames))],
        "frame_detections": [
            [_detection_json(each) for each in frame.detections] for frame in incident.frames
        ],
    }


def footage_json(footage: Footage) -> dict[str, Any]:
    """Return how far a recording has come, where it is, and where it can be played."""
    return {
        "id": footage.id,
        "camera": footage.camera,
        "incident": footage.incident,
        "stage": footage.stage.value,
        "since": footage.since.isoformat(),
        "until": footage.until.isoformat(),
        "duration": footage.duration.total_seconds() if footage.duration else None,
        "size": footage.size,
        "kept": footage.kept,
        "here": footage.path is not None,
        "off_site": footage.key is not None,
        "error": footage.error,
        "media": f"{MEDIA}/footage/{footage.id}" if is_playable(footage) else None,
    }


def is_playable(footage: Footage) -> bool:
    """Whether a recording is finished, and still somewhere."""
    return footage.stage in PLAYABLE


def longest_of(footage: Iterable[Footage]) -> Footage | None:
    """Return the longest clip that can be played."""
    playable = filter(is_playable, footage)
    return max(playable, key=lambda row: row.duration or timedelta(), default=None)


def clip_of(footage: Iterable[Footage]) -> str | None:
    """Return the longest clip that can be played, as media."""
    longest = longest_of(footage)
    return footage_json(longest)["media"] if longest else None


def zone_json(zone: Zone, entities: Mapping[str, str]) -> dict[str, Any]:
    """Return a zone or a mask."""
    return {
        "id": zone.id,
        "camera": zone.camera,
        "entity_id": entities.get(zone.camera),
        "kind": zone.kind.value,
        "name": zone.name,
        "points": [list(point) for point in zone.points],
        "sensitive": zone.sensitive,
    }


def ignore_box_json(box: IgnoreBox, entities: Mapping[str, str]) -> dict[str, Any]:
    """Return a box in which something is ignored."""
    return {
        "id": box.id,
        "camera": box.camera,
        "entity_id": entities.get(box.camera),
        "label": box.label,
        "box": box.box._asdict(),
        "created": box.created.isoformat(),
        "incident": box.incident,
    }


def iso(moment: datetime | None) -> str | None:
    """Return a moment as all answers write it."""
    return moment.isoformat() if moment else None


def _sighting_json(seen: Sighting, entities: Mapping[str, str]) -> dict[str, Any]:
    return {
        "camera": seen.camera,
        "entity_id": entities.get(seen.camera),
        "first": seen.first.isoformat(),
        "last": seen.last.isoformat(),
        **_detection_json(seen.best),
    }


def _detection_json(found: Detection) -> dict[str, Any]:
    return {"label": found.label, "score": found.score, "box": found.box._asdict()}


def _passage_json(passage: Passage) -> dict[str, Any]:
    return {
        "id": passage.id,
        "door": passage.door,
        "kind": passage.kind.value,
        "at": passage.at.isoformat(),
        "person": passage.person,
        "reason": passage.reason,
    }


def _assessment_json(incident: Incident) -> dict[str, Any]:
    assessment = incident.assessment
    return {
        "risk": assessment.risk if assessment else None,
        "level": assessment.level.value if assessment else None,
        "reasons": list(assessment.reasons) if assessment else [],
        "summary": assessment.summary if assessment else "",
        "author": assessment.author.value if assessment else None,
        "assessment": incident.assessing.value,
    }
