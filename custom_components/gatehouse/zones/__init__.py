"""Where in a camera's picture to look, and how sure to be."""

from .errors import (
    IgnoreBoxBad,
    TooManyIgnoreBoxes,
    TooManyZones,
    TuningBad,
    ZoneCrossing,
    ZoneError,
    ZoneNameBad,
    ZoneNameTaken,
    ZoneNotFound,
    ZoneOutside,
    ZoneTooFewPoints,
    ZoneTooManyPoints,
    ZoneTooSmall,
)
from .flow import Zones
from .rules import CameraRules, CameraZones, wanted, zones_of
from .store import ZoneStore

__all__ = [
    "CameraRules",
    "CameraZones",
    "IgnoreBoxBad",
    "TooManyIgnoreBoxes",
    "TooManyZones",
    "TuningBad",
    "ZoneCrossing",
    "ZoneError",
    "ZoneNameBad",
    "ZoneNameTaken",
    "ZoneNotFound",
    "ZoneOutside",
    "ZoneStore",
    "ZoneTooFewPoints",
    "ZoneTooManyPoints",
    "ZoneTooSmall",
    "Zones",
    "wanted",
    "zones_of",
]
