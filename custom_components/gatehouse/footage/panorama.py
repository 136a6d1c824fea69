"""Two cameras' pictures as one wide picture."""

from typing import Any, Final

import av
from av.video.reformatter import ColorRange
import numpy as np
from numpy.typing import NDArray

from .alignment import calibrate, calibrate_by_points, has_moved
from .calibration import Calibration, Size
from .exposure import Exposure
from .geometry import Canvas, Sheet
from .opencv import opencv, why_no_panorama
from .seam import Box, Seam

__all__ = ["Stitcher", "calibrate", "calibrate_by_points", "has_moved", "why_no_panorama"]

type Array = NDArray[Any]

PIXELS: Final = "yuv420p"


class Stitcher:
    """Puts the pictures of two videos together, pair by pair, in their order; for one thread."""

    def __init__(self, calibration: Calibration, left_size: Size, right_size: Size) -> None:
        """Prepare for pictures of these sizes; raises NoOverlap, PanoramaUnavailable."""
        # Others need the machine meanwhile.
        opencv().setNumThreads(1)
        canvas = Canvas.of(calibration, left_size, right_size)
        seam = Seam.of(canvas)
        self.size = canvas.size
        self._sizes = left_size, right_size
        self._exposure = Exposure(canvas, calibration.gain)
        # Both planes of colour are alike, and half as large as that of light.
        light, colour = (_Plane(seam, smaller) for smaller in (1, 2))
        self._planes = light, colour, colour

    def compose(self, left: av.VideoFrame, right: av.VideoFrame) -> av.VideoFrame:
        """Return one picture (yuv420p) of two that were taken at the same time."""
        sizes = self._sizes
        lefts, rights = self._exposure.even(
            _planes(_fitted(left, sizes[0])), _planes(_fitted(right, sizes[1]))
        )
        whole = av.VideoFrame(*self.size, PIXELS)
        whole.colorspace, whole.color_range = left.colorspace, ColorRange.MPEG
        for plane, onto, one, other in zip(
            self._planes, _planes(whole), lefts, rights, strict=True
        ):
            plane.paint(onto, one, other)
        return whole


class _Plane:
    """The light or a colour of the whole picture: where it comes from."""

    def __init__(self, seam: Seam, smaller: int) -> None:
        self._left, self._right = (_shrunk(box, smaller) for box in seam.boxes())
        self._both = _shared(self._left, self._right)
        self._from_left = _pulling(seam.canvas.left, self._left, smaller)
        self._from_right = _pulling(seam.canvas.right, self._right, smaller)
        left, top, right, bottom = self._both
        middles = (smaller * (np.arange(*ends) + 0.5) for ends in ((left, right), (top, bottom)))
        share = seam.share(*middles).astype(np.float32)
        self._shares = share, 1 - share

    def paint(self, onto: Array, left: Array, right: Array) -> None:
        _warp(right, self._from_right, _part(onto, self._right))
        mixed = _part(onto, self._both)
        below = mixed.copy()
        _warp(left, self._from_left, _part(onto, self._left))
        mixed[:] = opencv().blendLinear(mixed, below, *self._shares)


def _warp(source: Array, matrix: Array, target: Array) -> None:
    cv2 = opencv()
    cv2.warpPerspective(
        source,
        matrix,
        target.shape[::-1],
        dst=target,
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )


def _pulling(sheet: Sheet, box: Box, smaller: int) -> Array:
    """Return where in a plane of a picture the pixels of a box come from, as OpenCV counts them.

    It counts from the first pixel's middle.
    """
    scale = np.diag([smaller, smaller, 1.0])
    placed = np.array([[1, 0, box[0] + 0.5], [0, 1, box[1] + 0.5], [0, 0, 1.0]])
    counted = np.array([[1, 0, -0.5], [0, 1, -0.5], [0, 0, 1.0]])
    pulling: Array = counted @ np.linalg.inv(sheet.matrix @ scale) @ scale @ placed
    return pulling


def _planes(frame: av.VideoFrame) -> list[Array]:
    """Return a picture's planes, not copied."""
    lines = (np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size) for plane in frame.planes)
    return [
        each[: plane.height, : plane.width] for each, plane in zip(lines, frame.planes, strict=True)
    ]


def _fitted(frame: av.VideoFrame, size: Size) -> av.VideoFrame:
    is_full = frame.color_range == ColorRange.JPEG
    if frame.format.name == PIXELS and not is_full and (frame.width, frame.height) == size:
        return frame
    return frame.reformat(*size, format=PIXELS, dst_color_range=ColorRange.MPEG)


def _shrunk(box: Box, smaller: int) -> Box:
    left, top, right, bottom = (side // smaller for side in box)
    return left, top, right, bottom


def _shared(one: Box, other: Box) -> Box:
    return (
        max(one[0], other[0]),
        max(one[1], other[1]),
        min(one[2], other[2]),
        min(one[3], other[3]),
    )


def _part(plane: Array, box: Box) -> Array:
    left, top, right, bottom = box
    return plane[top:bottom, left:right]
