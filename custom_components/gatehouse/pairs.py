"""Pairs: two cameras that are recorded together, as the site stores them."""

from collections.abc import Mapping
from dataclasses import dataclass
import logging
from typing import Any, Final

from homeassistant.config_entries import ConfigSubentry

from .footage import Calibration, Corner
from .models import Layout

_LOGGER = logging.getLogger(__name__)

CONF_LEFT: Final = "left"
CONF_RIGHT: Final = "right"
CONF_LAYOUT: Final = "layout"
CONF_CORNER: Final = "corner"
CONF_CALIBRATION: Final = "calibration"
CONF_CALENDAR: Final = "calendar"
CONF_UPLOAD: Final = "upload"
CONF_SHARE: Final = "share"
CONF_NOTIFY: Final = "notify"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two cameras, and what becomes of what they record unless a booking says otherwise."""

    key: str
    """The id of its subentry, which is that of its calendar too."""
    name: str
    left: str
    right: str
    layout: Layout = Layout.SIDE_BY_SIDE
    corner: Corner = Corner.BOTTOM_RIGHT
    """Where the right picture is in the left one, if it is there."""
    calibration: Calibration | None = None
    """How their pictures lie beside each other; None as long as nobody found out."""
    source: str | None = None
    """The entity of another calendar, whose events are its bookings."""
    upload: bool = False
    share: bool = False
    notify: tuple[str, ...] = ()

    @property
    def cameras(self) -> tuple[str, str]:
        """The keys of both cameras, the left one first."""
        return self.left, self.right


def pair_of(subentry: ConfigSubentry) -> Pair:
    """Return the pair that a subentry is."""
    data = subentry.data
    return Pair(
        key=subentry.subentry_id,
        name=subentry.title,
        left=data[CONF_LEFT],
        right=data[CONF_RIGHT],
        layout=Layout(data.get(CONF_LAYOUT, Layout.SIDE_BY_SIDE)),
        corner=Corner(data.get(CONF_CORNER, Corner.BOTTOM_RIGHT)),
        calibration=_calibration(data.get(CONF_CALIBRATION)),
        source=data.get(CONF_CALENDAR),
        upload=data.get(CONF_UPLOAD, False),
        share=data.get(CONF_SHARE, False),
        notify=tuple(data.get(CONF_NOTIFY, ())),
    )


def _calibration(data: Mapping[str, Any] | None) -> Calibration | None:
    if data is None:
        return None
    try:
        return Calibration.from_json(data)
    except ValueError as err:
        _LOGGER.warning("A pair's calibration cannot be read: %s", err)
        return None
