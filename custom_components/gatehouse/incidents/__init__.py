"""Somebody is there: signs in, incidents out."""

from .archive import Archive, NoteTooLong
from .assessor import Assessor, AssessorOptions, LanguageModel
from .digest import Digest, digest_of
from .errors import BadAnswer, IncidentError, ModelFailed, PicturesLost
from .flow import Incidents
from .house import House
from .news import IncidentNews, NewsKind
from .nouns import IncidentOptions, Presence
from .pictures import Watched
from .prompt import Question
from .replays import Replays
from .retention import PictureRetention
from .risk import AlarmState, Surroundings
from .screening import Screening
from .search import IncidentQuery, is_called
from .store import IncidentStore
from .totals import Totals

__all__ = [
    "AlarmState",
    "Archive",
    "Assessor",
    "AssessorOptions",
    "BadAnswer",
    "Digest",
    "House",
    "IncidentError",
    "IncidentNews",
    "IncidentOptions",
    "IncidentQuery",
    "IncidentStore",
    "Incidents",
    "LanguageModel",
    "ModelFailed",
    "NewsKind",
    "NoteTooLong",
    "PictureRetention",
    "PicturesLost",
    "Presence",
    "Question",
    "Replays",
    "Screening",
    "Surroundings",
    "Totals",
    "Watched",
    "digest_of",
    "is_called",
]
