"""A line of a GPIO chip: a noun of the configuration, and its parsing."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from .tables import Rules, flag, seconds, table, text, whole


@dataclass(frozen=True, slots=True, kw_only=True)
class LineConfig:
    """One line of a GPIO chip; the chip is found by its label."""

    line: int
    chip: str | None = None
    """The label of the chip; None for the one of the pin header."""
    active_low: bool = False
    debounce: timedelta = timedelta(milliseconds=20)


def parse_line(
    where: str, raw: object, problems: list[str], active_low: bool = False
) -> LineConfig | None:
    """Return a line that is written as its number, or as a table that tells more about it."""
    given = {"line": raw} if isinstance(raw, int) else raw
    before = len(problems)
    line = table(where, given, _LINE, ("line",), problems)
    return LineConfig(**({"active_low": active_low} | line)) if len(problems) == before else None


_LINE: Final[Rules] = {
    "line": whole(0, 1023),
    "chip": text,
    "active_low": flag,
    "debounce": seconds(0, 1),
}
