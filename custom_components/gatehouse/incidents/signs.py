"""What one more picture of a camera tells of who is in its view."""

from datetime import datetime, timedelta
from typing import Final

from ..models import Detection, Zone
from ..vision import Sight
from ..zones import CameraRules, wanted, zones_of
from .nouns import IncidentOptions, Sign
from .rules import since_of
from .track import STEPS, Track, TrackRules
from .tracks import VEHICLES

# What a film shows from its first second on was there before.
AT_ONCE: Final = timedelta(seconds=1)


def track_rules(
    rules: CameraRules, options: IncidentOptions, needed: int | None = None
) -> TrackRules:
    """Return when somebody on a camera is there for sure; None needs as many pictures as usual."""
    needed = needed or options.needed
    return TrackRules(needed=needed, of=max(needed, options.of), certainty=rules.certainty)


def counted(sight: Sight, rules: CameraRules, options: IncidentOptions) -> tuple[Detection, ...]:
    """Return what counts of all that was found in a picture."""
    return wanted((each for each in sight.detections if each.label in options.labels), rules)


def sign_of(camera: str, captured: datetime, shown: tuple[Track, ...], rules: CameraRules) -> Sign:
    """Return what a picture shows, which is one of these at least."""
    return Sign(
        camera=camera,
        captured=captured,
        since=since_of((track.first for track in shown), captured),
        shown=tuple(_as_detection(track) for track in shown),
        zones=zones_held(shown, rules),
    )


def zones_held(tracks: tuple[Track, ...], rules: CameraRules) -> tuple[Zone, ...]:
    """Return the zones that these are in, each once."""
    held = (zone for track in tracks for zone in zones_of(track.box, rules.zones))
    return tuple(dict.fromkeys(held))


def is_parked(track: Track, began: datetime) -> bool:
    """Return whether it is a vehicle that has stood where it is since a film began."""
    moved = track.steps >= STEPS
    return track.label in VEHICLES and not moved and track.first - began <= AT_ONCE


def _as_detection(track: Track) -> Detection:
    return Detection(label=track.label, score=track.scores[-1], box=track.box)
