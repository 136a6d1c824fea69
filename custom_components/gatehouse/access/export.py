"""Passages as a table for spreadsheets."""

from collections.abc import Iterable, Mapping
import csv
from datetime import timedelta
import io
from typing import Final

from ..models import Passage

# A spreadsheet takes a cell that begins like this for a formula, and does what it says.
FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%")

_MILLISECOND: Final = timedelta(milliseconds=1)


def csv_line(passage: Passage, names: Mapping[str, str]) -> str:
    """Return a passage as a line of CSV; doors are called by these names."""
    latency = "" if passage.latency is None else f"{passage.latency / _MILLISECOND:.3f}"
    return _line(
        (
            passage.at.isoformat(),
            names.get(passage.door, passage.door),
            passage.kind.value,
            passage.person,
            passage.credential,
            passage.card,
            passage.reason,
            passage.warning,
            passage.authentication,
            passage.direction,
            passage.reader,
            passage.decided_by,
            latency,
            "yes" if passage.replayed else "no",
            passage.incident,
            passage.id,
        )
    )


def _line(cells: Iterable[str | None]) -> str:
    line = io.StringIO()
    csv.writer(line).writerow([_harmless(cell or "") for cell in cells])
    return line.getvalue()


def _harmless(cell: str) -> str:
    return f"'{cell}" if cell.startswith(FORMULA) else cell


HEADER: Final = _line(
    (
        "at",
        "door",
        "kind",
        "person",
        "credential",
        "card",
        "reason",
        "warning",
        "authentication",
        "direction",
        "reader",
        "decided_by",
        "latency_ms",
        "replayed",
        "incident",
        "id",
    )
)
