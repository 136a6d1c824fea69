"""How the pictures of two cameras lie beside each other, found out while somebody waits."""

import asyncio
from collections.abc import Callable
import re
from typing import Final

from homeassistant.core import HomeAssistant

from .footage import Calibration, NoOverlap, PanoramaUnavailable, calibrate, calibrate_by_points
from .incidents import PicturesLost
from .on_demand import Package, async_install
from .one_form import Refused
from .stills import async_still
from .vision import DetectorUnavailable, size_of

CONF_POINTS: Final = "points"

type Point = tuple[float, float]
type Size = tuple[int, int]

_NUMBER: Final = r"\s*(\d+(?:\.\d+)?)\s*"
_LINE: Final = re.compile(rf"{_NUMBER},{_NUMBER}(?:->|→|=){_NUMBER},{_NUMBER}")


async def async_compare(hass: HomeAssistant, left: str, right: str) -> Calibration:
    """Compare what two camera entities show now; raises Refused."""
    one, other = await _stills(hass, left, right)
    return await _calibrated(hass, lambda: calibrate(one, other))


async def async_take_points(hass: HomeAssistant, left: str, right: str, text: str) -> Calibration:
    """Take somebody's word for points, a line of `x,y -> x,y` for each; raises Refused."""
    points = [_pair_of_points(line) for line in text.splitlines() if line.strip()]
    sizes = await async_sizes(hass, left, right)
    return await _calibrated(hass, lambda: calibrate_by_points(points, *sizes))


async def async_sizes(hass: HomeAssistant, left: str, right: str) -> tuple[Size, Size]:
    """Return how large the pictures of two camera entities are; raises Refused."""
    one, other = await _stills(hass, left, right)
    return size_of(one), size_of(other)


async def _stills(hass: HomeAssistant, left: str, right: str) -> tuple[bytes, bytes]:
    """Take a picture with both at once."""
    try:
        return await asyncio.gather(async_still(hass, left), async_still(hass, right))
    except PicturesLost as err:
        raise Refused("base", "no_picture", error=str(err)) from err


async def _calibrated(hass: HomeAssistant, find_out: Callable[[], Calibration]) -> Calibration:
    try:
        await async_install(hass, Package.OPENCV)
        return await hass.async_add_executor_job(find_out)
    except (DetectorUnavailable, PanoramaUnavailable) as err:
        raise Refused("base", "no_opencv", error=str(err)) from err
    except NoOverlap as err:
        raise Refused("base", "no_overlap", error=str(err)) from err


def _pair_of_points(line: str) -> tuple[Point, Point]:
    if (found := _LINE.fullmatch(line)) is None:
        raise Refused(CONF_POINTS, "bad_points", line=line.strip())
    a, b, c, d = map(float, found.groups())
    return (a, b), (c, d)
