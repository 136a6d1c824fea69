"""Tells somebody that a pair has to be compared anew: one of its cameras was moved."""

from collections.abc import Iterable, Mapping
from typing import Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir

from .bookings import MOVED, Appointment
from .const import DOMAIN
from .footage import NoOverlap
from .models import BookingState, Layout
from .pairs import Pair

MOVED_AWAY: Final = frozenset({MOVED, NoOverlap.code})


@callback
def async_report_pairs(
    hass: HomeAssistant, pairs: Mapping[str, Pair], appointments: Iterable[Appointment]
) -> None:
    """Say of which pairs a panorama that is ready was not made as the pair was compared."""
    for row in appointments:
        pair = pairs.get(row.calendar)
        if pair is None or row.state is not BookingState.READY or row.layout is not Layout.PANORAMA:
            continue
        issue = f"cameras_moved_{pair.key}"
        if row.error in MOVED_AWAY:
            ir.async_create_issue(
                hass,
                DOMAIN,
                issue,
                is_fixable=False,
                severity=ir.IssueSeverity.WARNING,
                translation_key="cameras_moved",
                translation_placeholders={"name": pair.name, "booking": row.summary},
            )
        else:
            ir.async_delete_issue(hass, DOMAIN, issue)
