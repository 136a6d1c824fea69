"""Two pictures made one: how large each is, and how they are put together."""

from fractions import Fraction
from typing import Any, Final, Protocol, cast

import av
import av.filter

from ..models import Layout
from .errors import NoOverlap, PanoramaUnavailable
from .plan import Corner, MergePlan
from .screen import PIXELS

type Size = tuple[int, int]

# No decoder of H.264 has to take more.
WIDEST: Final = 3840

# How much of the large picture's width the small one takes (of its height, if it is upright), and
# how far it is from the edges.
SMALL: Final = Fraction(1, 4)
TALLEST: Final = Fraction(1, 2)
MARGIN: Final = Fraction(1, 40)

TICK: Final = Fraction(1, 1000)


class Composer(Protocol):
    """Makes one picture out of two of known sizes, all of them yuv420p."""

    @property
    def size(self) -> Size:
        """How large that picture is."""
        ...

    def compose(self, left: av.VideoFrame, right: av.VideoFrame) -> av.VideoFrame: ...


class Alone:
    """The left picture, as if there were no other."""

    def __init__(self, left: Size) -> None:
        self.size = left

    def compose(self, left: av.VideoFrame, right: av.VideoFrame) -> av.VideoFrame:
        return left


class SideBySide:
    """Both pictures, which must be of one height."""

    def __init__(self, left: Size, right: Size) -> None:
        self.size = (left[0] + right[0], left[1])
        self._junction = _Junction(left, right, "hstack", None)

    def compose(self, left: av.VideoFrame, right: av.VideoFrame) -> av.VideoFrame:
        return self._junction.join(left, right)


class PictureInPicture:
    """The right picture in a corner of the left one."""

    def __init__(self, left: Size, right: Size, corner: Corner) -> None:
        self.size = left
        margin = even(left[0] * MARGIN)
        far = (left[0] - right[0] - margin, left[1] - right[1] - margin)
        across = margin if corner in {Corner.TOP_LEFT, Corner.BOTTOM_LEFT} else far[0]
        down = margin if corner in {Corner.TOP_LEFT, Corner.TOP_RIGHT} else far[1]
        self._junction = _Junction(left, right, "overlay", f"{across}:{down}:format=yuv420")

    def compose(self, left: av.VideoFrame, right: av.VideoFrame) -> av.VideoFrame:
        return self._junction.join(left, right)


def arranged(
    plan: MergePlan, height: int, left: Size, right: Size | None = None
) -> tuple[Composer, list[Size]]:
    """Return what composes pictures of these sizes, and how large it wants each of them.

    None of the two is higher than that. Raises PanoramaUnavailable.
    """
    if right is None:
        size = shrunk(left, height)
        return Alone(size), [size]
    if plan.layout is Layout.SIDE_BY_SIDE:
        sizes = beside(left, right, height)
        return SideBySide(*sizes), [*sizes]
    if plan.layout is Layout.PICTURE_IN_PICTURE:
        sizes = inside(left, right, height)
        return PictureInPicture(*sizes, plan.corner), [*sizes]
    return _panorama(plan, shrunk(left, height), shrunk(right, height))


def shrunk(size: Size, height: int) -> Size:
    """Return the largest even size of the same shape that is not higher, nor too wide."""
    shrink = min(Fraction(1), Fraction(height, size[1]), Fraction(WIDEST, size[0]))
    return even(size[0] * shrink), even(size[1] * shrink)


def beside(left: Size, right: Size, height: int) -> tuple[Size, Size]:
    """Return how large two pictures are that stand side by side: as high as the higher one."""
    wide = Fraction(*left) + Fraction(*right)
    lines = min(Fraction(height), Fraction(max(left[1], right[1])), WIDEST / wide)
    return _as_high(left, lines), _as_high(right, lines)


def inside(left: Size, right: Size, height: int) -> tuple[Size, Size]:
    """Return how large two pictures are if the right one is inside the left one."""
    large = shrunk(left, height)
    shrink = min(large[0] * SMALL / right[0], large[1] * TALLEST / right[1])
    return large, (even(right[0] * shrink), even(right[1] * shrink))


def even(side: Fraction | float) -> int:
    """Return the greatest length that is no greater and has whole colours: of two pixels each."""
    return max(2, int(side // 2) * 2)


def _panorama(plan: MergePlan, left: Size, right: Size) -> tuple[Composer, list[Size]]:
    if plan.calibration is None:
        raise PanoramaUnavailable("These cameras are not calibrated: calibrate the pair first.")
    # Only panoramas need OpenCV.
    from .panorama import Stitcher

    try:
        return Stitcher(plan.calibration, left, right), [left, right]
    except NoOverlap as error:
        raise PanoramaUnavailable(str(error)) from error


class _Junction:
    """A filter of FFmpeg's that makes one picture out of two."""

    def __init__(self, left: Size, right: Size, name: str, options: str | None) -> None:
        graph = av.filter.Graph()
        self._sources: list[Any] = [
            graph.add_buffer(width=width, height=height, format=PIXELS, time_base=TICK)
            for width, height in (left, right)
        ]
        junction, self._sink = graph.add(name, options), graph.add("buffersink")
        for place, source in enumerate(self._sources):
            source.link_to(junction, 0, place)
        junction.link_to(self._sink)
        graph.configure()
        self._graph = graph
        self._number = 0

    def join(self, left: av.VideoFrame, right: av.VideoFrame) -> av.VideoFrame:
        self._number += 1
        for source, picture in zip(self._sources, (left, right), strict=True):
            picture.pts, picture.time_base = self._number, TICK
            source.push(picture)
        return cast(av.VideoFrame, self._sink.pull())


def _as_high(size: Size, lines: Fraction) -> Size:
    return even(size[0] * lines / size[1]), even(lines)
