"""Motion: how much of a small luma plane differs from the background, whatever the light does."""

from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

# Of 255. Averaged planes carry 1 or 2 of sensor noise; people differ from walls by 30 and more.
DIFFERS: Final = 20.0
# Of each new plane, five times a second: what stands still is background after about 3 s.
LEARNS: Final = 0.1
# When most of the picture changes at once it is a lamp or the infrared filter, not somebody.
LIGHT: Final = 0.5
# A camera that has just started still adjusts its exposure.
WARM_UP_US: Final = 1_500_000
# A pause in somebody's walk is not the end of it.
REST_US: Final = 2_000_000
# A score that changed by less than a fifth is not worth telling.
WORTH_TELLING: Final = 0.2

Background: TypeAlias = npt.NDArray[np.float32]
Plane: TypeAlias = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Motion:
    """The share of the picture that differs, and whether something moves there."""

    score: float
    moving: bool
    captured_us: int


class MotionDetector:
    """Watches one camera's luma planes, all of one size, and tells what is worth telling."""

    def __init__(self, threshold: float) -> None:
        self._threshold = threshold
        self._background: Background | None = None
        self._ready_us = 0
        self._last_sign_us = 0
        self._told = Motion(0.0, False, 0)

    def see(self, plane: Plane, captured_us: int) -> Motion | None:
        """Return the motion if it began, ended, or changed noticeably while it lasts."""
        if self._background is None:
            self._background = plane.astype(np.float32)
            self._ready_us = captured_us + WARM_UP_US
        change = plane - self._background
        score = differing(change)
        if score > LIGHT or captured_us < self._ready_us:
            self._background, score = plane.astype(np.float32), 0.0
        else:
            follow(self._background, change)
        if score >= self._threshold:
            self._last_sign_us = captured_us
        told = self._told
        resting = captured_us - self._last_sign_us >= REST_US
        moving = score >= self._threshold or (told.moving and not resting)
        changed = abs(score - told.score) > WORTH_TELLING * max(score, told.score)
        if moving == told.moving and not (moving and changed):
            return None
        self._told = Motion(score, moving, captured_us)
        return self._told


def differing(change: Background) -> float:
    """Return the share of pixels that differ, 0 to 1, apart from a change of the whole light.

    Change is a plane less its background.
    """
    middle = _middle(change)
    many = np.count_nonzero(change > middle + DIFFERS) + np.count_nonzero(change < middle - DIFFERS)
    return float(many) / change.size


def follow(background: Background, change: Background) -> None:
    """Let the background follow the plane a little, in place; change is of no use after it."""
    change *= LEARNS
    background += change


def _middle(change: Background) -> float:
    """Return the median of every fourth pixel: as good as of all, and large things do not pull it.

    `np.median` takes five times as long, to care for what is no number.
    """
    pixels = change[::4, ::4].flatten()
    half = pixels.size // 2
    pixels.partition(half)
    return float(pixels[half])
