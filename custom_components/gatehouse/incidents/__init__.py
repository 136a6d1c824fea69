"""Somebody is there: signs in, incidents out."""

from .flow import Incidents, News
from .pictures import IncidentError, PicturesLost, Watched
from .rules import IncidentNews, IncidentOptions, NewsKind, Presence
from .store import IncidentQuery, IncidentStore

__all__ = [
    "IncidentError",
    "IncidentNews",
    "IncidentOptions",
    "IncidentQuery",
    "IncidentStore",
    "Incidents",
    "News",
    "NewsKind",
    "PicturesLost",
    "Presence",
    "Watched",
]
