"""Somebody is told when the cameras of a pair do not hang any more as they were compared."""

from dataclasses import replace

from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
import pytest

from custom_components.gatehouse.bookings import Appointment
from custom_components.gatehouse.const import DOMAIN
from custom_components.gatehouse.models import BookingState, Layout
from custom_components.gatehouse.pair_health import async_report_pairs
from custom_components.gatehouse.pairs import Pair
from tests.ha.courts import LEFT, PAIR, RIGHT, at

PAIRS = {PAIR: Pair(key=PAIR, name="Centre Court", left=LEFT, right=RIGHT)}
READY = Appointment(
    id="1",
    booking="1",
    recurrence=None,
    calendar=PAIR,
    summary="Tennis",
    start=at(17),
    end=at(18),
    cameras=(LEFT, RIGHT),
    layout=Layout.PANORAMA,
    state=BookingState.READY,
    error="cameras_moved",
)


def told(hass: HomeAssistant) -> ir.IssueEntry | None:
    """Return what Repairs says of the pair."""
    return ir.async_get(hass).async_get_issue(DOMAIN, f"cameras_moved_{PAIR}")


@pytest.mark.parametrize("error", ["cameras_moved", "no_overlap"])
async def test_a_moved_camera_is_told_until_a_panorama_fits_again(
    hass: HomeAssistant, error: str
) -> None:
    async_report_pairs(hass, PAIRS, [replace(READY, error=error)])

    issue = told(hass)
    assert issue is not None
    assert issue.translation_placeholders == {"name": "Centre Court", "booking": "Tennis"}

    async_report_pairs(hass, PAIRS, [replace(READY, error=None)])

    assert told(hass) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"calendar": "site"},
        {"state": BookingState.FAILED},
        {"layout": Layout.SIDE_BY_SIDE},
        {"error": "one_camera"},
        {"error": "panorama_unavailable"},
    ],
    ids=["no pair", "no movie", "no panorama", "another flaw", "no OpenCV"],
)
async def test_nothing_else_is_a_camera_that_was_moved(
    hass: HomeAssistant, changes: dict[str, object]
) -> None:
    async_report_pairs(hass, PAIRS, [replace(READY, **changes)])  # type: ignore[arg-type]

    assert told(hass) is None
