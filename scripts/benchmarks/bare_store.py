"""The least that the work of the incidents' store can cost: plain sqlite3 on the same file."""

from datetime import datetime
import json
import sqlite3
from typing import Any, Final

from custom_components.gatehouse.incidents import IncidentQuery
from custom_components.gatehouse.incidents.rows import LISTS, incident_of
from custom_components.gatehouse.incidents.search import TOLD, fts5, terms
from custom_components.gatehouse.models import Incident

from .seeds import INTO_LINES, INTO_ROWS, microseconds, raw_line, raw_row

type Rows = list[tuple[Any, ...]]

_READ: Final = ", ".join(f"incidents.{column.name}" for column in TOLD)
_LISTS: Final = [nth for nth, each in enumerate(TOLD) if each.name in {*LISTS, "reasons"}]
_NAMES: Final = [column.name for column in TOLD]

_PAGE: Final = (
    f"SELECT {_READ} FROM incidents"  # noqa: S608 - our own names
    " WHERE number >= ? AND number < ? ORDER BY number DESC LIMIT 50"
)
_FOUND: Final = (
    f"SELECT {_READ} FROM incident_text JOIN incidents ON number = incident_text.rowid"  # noqa: S608
    " WHERE incident_text MATCH ? AND incident_text.rowid < ?"
    " ORDER BY incident_text.rowid DESC LIMIT 50"
)
_TOTALS: Final = (
    "SELECT place, level, count(*) FROM incidents {}WHERE number >= ? AND number < ? GROUP BY 1, 2"
)
_COUNTED: Final = _TOTALS.format("")
_SCANNED: Final = _TOTALS.format("NOT INDEXED ")


class BareStore:
    """A plain connection, and statements that somebody would write who has nothing else to do."""

    def __init__(self, raw: sqlite3.Connection) -> None:
        self._raw = raw

    def page(self, since: datetime, until: datetime) -> Rows:
        """Fetch the last fifty rows of a span."""
        return self._of(_PAGE, since, until)

    def totals(self, since: datetime, until: datetime) -> Rows:
        """Count what is in a span."""
        return self._of(_COUNTED, since, until)

    def scan(self, since: datetime, until: datetime) -> Rows:
        """Count the same by a look at all rows."""
        return self._of(_SCANNED, since, until)

    def find(self, query: IncidentQuery, until: datetime) -> Rows:
        """Fetch the last fifty rows that have a text, before a moment."""
        bound = microseconds(until)
        return self._raw.execute(_FOUND, (fts5(terms(query)), bound)).fetchall()

    def get(self, incident: str) -> Any:
        """Fetch one row."""
        return self._raw.execute("SELECT * FROM incidents WHERE id = ?", (incident,)).fetchone()

    def save(self, incident: Incident) -> None:
        """Write one down, and commit."""
        self._raw.execute("BEGIN IMMEDIATE")
        self._raw.execute(INTO_ROWS, raw_row(incident))
        self._raw.execute(INTO_LINES, raw_line(incident))
        self._raw.execute("COMMIT")

    def clean(self, ids: str) -> None:
        """Delete all whose ids are like that."""
        like = "SELECT number FROM incidents WHERE id GLOB ?"
        self._raw.execute(f"DELETE FROM incident_text WHERE rowid IN ({like})", (ids,))  # noqa: S608
        self._raw.execute("DELETE FROM incidents WHERE id GLOB ?", (ids,))

    def _of(self, statement: str, since: datetime, until: datetime) -> Rows:
        span = microseconds(since), microseconds(until)
        return self._raw.execute(statement, span).fetchall()


def read(found: Rows) -> list[dict[str, Any]]:
    """Make of rows what can be worked with, by the standard library alone."""
    made = []
    for row in found:
        values = list(row)
        for nth in _LISTS:
            values[nth] = json.loads(values[nth]) if values[nth] else []
        made.append(dict(zip(_NAMES, values, strict=True)))
    return made


def incidents_of(found: Rows) -> list[Incident]:
    """Make incidents of rows; what is a moment stays the number that it is kept as."""
    return [incident_of(dict(zip(_NAMES, row, strict=True))) for row in found]
