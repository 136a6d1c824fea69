"""Problems of the site as Home Assistant's repair issues."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
from homeassistant.util import dt as dt_util

from .care import Problem, ProblemKind, Word
from .const import DOMAIN

ABOUT: Final = "about"

DOCUMENTS: Final = "https://github.com/gatehouse-home/gatehouse/blob/main/docs"
LEARN_MORE: Final[Mapping[ProblemKind, str]] = {
    ProblemKind.OFFSITE_STALLED: "footage.md#off-site",
    ProblemKind.DISK_FULL: "footage.md#how-long-it-stays",
    ProblemKind.AGENT_OUTDATED: "health.md#updates",
    ProblemKind.OTHER_CALENDAR_GONE: "bookings.md#bookings-from-another-calendar",
    ProblemKind.CAMERA_OFFLINE: "health.md#to-begin-something-anew",
}
USUAL_PAGE: Final = "health.md#what-is-told"


class Issues:
    """What one part of the site says is wrong; what it says no more is taken back."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Nothing is wrong yet."""
        self._hass = hass
        self._kept: frozenset[str] = frozenset()

    @callback
    def keep(self, *problems: Problem) -> None:
        """Tell that these, and no others, are wrong now."""
        now = frozenset(problem.id for problem in problems)
        for gone in self._kept - now:
            ir.async_delete_issue(self._hass, DOMAIN, gone)
        for problem in problems:
            self._tell(problem)
        self._kept = now

    def _tell(self, problem: Problem) -> None:
        """Tell one; Home Assistant makes nothing of what it knows already."""
        page = LEARN_MORE.get(problem.kind, USUAL_PAGE)
        ir.async_create_issue(
            self._hass,
            DOMAIN,
            problem.id,
            data={ABOUT: problem.about},
            is_fixable=problem.fixable,
            learn_more_url=f"{DOCUMENTS}/{page}",
            severity=ir.IssueSeverity(problem.severity),
            translation_key=problem.kind.value,
            translation_placeholders={name: _said(word) for name, word in problem.words.items()},
        )


def _said(word: Word) -> str:
    if isinstance(word, datetime):
        return dt_util.as_local(word).strftime("%Y-%m-%d %H:%M")
    return str(word)
