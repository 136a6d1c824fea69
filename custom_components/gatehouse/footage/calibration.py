"""How the pictures of two cameras lie beside each other, in figures."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from math import isfinite
from typing import Any, Final, Self

from .errors import PanoramaUnavailable

type Size = tuple[int, int]
type Point = tuple[float, float]
type Homography = tuple[float, float, float, float, float, float, float, float, float]

# What one and the same camera's still and video may differ in their shape, by rounding.
SAME_SHAPE: Final = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """Where the points of the right picture are in the left one, and how well that is known.

    Points are counted in pixels from the picture's corner: the first pixel's middle is at ½, ½.
    """

    homography: Homography
    """Row by row; from the right picture to the left."""
    left_size: Size
    right_size: Size
    inliers: int
    """How many pairs of points agree with it."""
    share: float
    """How many of all pairs that is (0 to 1)."""
    error: float
    """By how many pixels the pairs miss each other, were the left picture 1280 wide."""
    overlap: float
    """How much of one picture is also in the other (0 to 1)."""
    gain: float = 1.0
    """How many times brighter the left picture was."""

    @property
    def is_swapped(self) -> bool:
        """Return whether the right picture's middle is to the left of the left picture's."""
        middle = (self.right_size[0] / 2, self.right_size[1] / 2, 1.0)
        x, _, w = (
            sum(a * b for a, b in zip(self.homography[row : row + 3], middle, strict=True))
            for row in (0, 3, 6)
        )
        return x / w < self.left_size[0] / 2

    def between(self, left: Size, right: Size) -> Homography:
        """Return the homography of pictures of these sizes; raises PanoramaUnavailable."""
        to = (*_scales(self.left_size, left), 1.0)
        back = (*_scales(self.right_size, right), 1.0)
        a, b, c, d, e, f, g, h, i = (
            to[place // 3] * number / back[place % 3]
            for place, number in enumerate(self.homography)
        )
        return a, b, c, d, e, f, g, h, i

    def as_json(self) -> dict[str, Any]:
        """Return what `from_json` reads."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read what was kept; raises ValueError if it is no calibration."""
        try:
            return cls(
                homography=_numbers(data["homography"]),
                left_size=_size(data["left_size"]),
                right_size=_size(data["right_size"]),
                inliers=int(data["inliers"]),
                share=float(data["share"]),
                error=float(data["error"]),
                overlap=float(data["overlap"]),
                gain=float(data.get("gain", 1.0)),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"This is no calibration ({error}): calibrate again.") from error


def _scales(calibrated: Size, wanted: Size) -> tuple[float, float]:
    wide, high = wanted[0] / calibrated[0], wanted[1] / calibrated[1]
    if abs(wide / high - 1) > SAME_SHAPE:
        raise PanoramaUnavailable(
            f"A camera's pictures are {wanted[0]}×{wanted[1]} now and were"
            f" {calibrated[0]}×{calibrated[1]}, which is another shape: calibrate again."
        )
    return wide, high


def _numbers(data: Any) -> Homography:
    a, b, c, d, e, f, g, h, i = map(float, data)
    numbers = a, b, c, d, e, f, g, h, i
    if not all(map(isfinite, numbers)):
        raise ValueError("a homography is nine numbers")
    return numbers


def _size(data: Any) -> Size:
    width, height = map(int, data)
    if min(width, height) < 1:
        raise ValueError("a picture has at least one pixel")
    return width, height
