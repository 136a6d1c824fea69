"""What the programs of a site wrote into their logs, in one place."""

from .flow import Logs
from .nouns import SITE, LogPage, LogQuery, LogRecord
from .rules import MOST, place_in
from .site import SiteLog
from .store import LogStore

__all__ = [
    "MOST",
    "SITE",
    "LogPage",
    "LogQuery",
    "LogRecord",
    "LogStore",
    "Logs",
    "SiteLog",
    "place_in",
]
