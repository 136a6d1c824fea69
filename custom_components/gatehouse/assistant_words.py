"""What an assistant is told of incidents, doors and pictures, and what it means by a time."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Final

from homeassistant.util import dt as dt_util
from homeassistant.util.json import JsonObjectType
import voluptuous as vol

from .models import Box, Detection, Incident, Passage
from .zones import CameraRules, zones_of

# An answer is read by a model, whose memory is short.
MOST_PASSAGES: Final = 50
LONGEST_NOTE: Final = 200

# Shares of a picture's height.
CLOSE: Final = 0.5
FAR: Final = 0.2


def incident_told(incident: Incident, names: Mapping[str, str]) -> JsonObjectType:
    """Return an incident; names are those of the cameras that the assistant may know, by key."""
    assessment = incident.assessment
    return {
        "place": incident.place,
        "began": local(incident.started),
        "lasted_seconds": round((incident.last_seen - incident.started).total_seconds()),
        "state": incident.state.value,
        "seen": list(incident.labels),
        "count": incident.count,
        "cameras": [names[camera] for camera in incident.cameras if camera in names],
        "zones": list(incident.zones),
        "level": assessment.level.value if assessment else None,
        "summary": assessment.summary if assessment else "",
        "reasons": list(assessment.reasons) if assessment else [],
        "false_alarm": incident.false_alarm,
        "note": incident.note[:LONGEST_NOTE],
    }


def passages_told(found: Sequence[Passage], names: Mapping[str, str]) -> JsonObjectType:
    """Return who was at the doors, newest first as found; names are the doors', by key."""
    return {
        "passages": [
            {
                "door": names.get(passage.door, passage.door),
                "at": local(passage.at),
                "what": passage.kind.value,
                "person": passage.person,
                "why": passage.reason,
            }
            for passage in found[:MOST_PASSAGES]
        ],
        "there_are_more": len(found) > MOST_PASSAGES,
    }


def detection_told(detection: Detection, rules: CameraRules) -> JsonObjectType:
    """Return what is seen, where in the picture, and in which zones."""
    return {
        "what": detection.label,
        "where": _where(detection.box),
        "zones": [zone.name for zone in zones_of(detection.box, rules.zones)],
        "score": round(detection.score, 2),
    }


def _where(box: Box) -> str:
    """Return where in a picture a box is, as people say it."""
    middle = (box.left + box.right) / 2
    side = ("on the left", "in the middle", "on the right")[min(int(middle * 3), 2)]
    height = box.bottom - box.top
    distance = "close" if height > CLOSE else "far away" if height < FAR else "halfway"
    return f"{side}, {distance}"


def local(moment: datetime) -> str:
    """Return a moment in local time."""
    return dt_util.as_local(moment).isoformat(timespec="seconds")


def since(text: str) -> datetime:
    """Return from when on; a day counts from its beginning. Raises Invalid."""
    return _moment(text, day_is=timedelta())


def until(text: str) -> datetime:
    """Return until when; a day counts to its end. Raises Invalid."""
    return _moment(text, day_is=timedelta(days=1))


def _moment(text: str, *, day_is: timedelta) -> datetime:
    """Return the moment that is meant; of a day, so long after its beginning."""
    today = dt_util.now().date()
    words = {"today": today, "yesterday": today - timedelta(days=1)}
    if day := words.get(text.strip().casefold()) or _day(text):
        return dt_util.as_utc(dt_util.start_of_local_day(day + day_is))
    if moment := dt_util.parse_datetime(text.strip()):
        return dt_util.as_utc(moment)
    raise vol.Invalid(f"{text!r} is no time: write it as 2026-11-20T18:00, or 'today'")


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        return None
