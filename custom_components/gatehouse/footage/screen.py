"""A place of one size in which pictures of every kind are shown."""

from collections.abc import Mapping
from fractions import Fraction
from typing import Final, cast

import av
import av.filter
from av.video.reformatter import ColorRange

PIXELS: Final = "yuv420p"
TICK: Final = Fraction(1, 1000)

# Of brightness and of colour.
BLACK: Final = (16, 128, 128)

# How FFmpeg's scaler names the ways of making colours out of pixels, by their number in H.264.
MATRICES: Final[Mapping[int, str]] = {1: "bt709", 4: "fcc", 5: "bt470", 6: "smpte170m"}


class Screen:
    """Makes pictures fit: as large as they can be, with bars where they have another shape."""

    def __init__(self, size: tuple[int, int], matrix: int | None = None) -> None:
        """Have a width and a height, both even, and perhaps one way of making colours."""
        self.size = size
        self._matrix = MATRICES.get(matrix or 0)
        self._graphs: dict[tuple[object, ...], av.filter.Graph] = {}

    def fit(self, picture: av.VideoFrame) -> av.VideoFrame:
        """Return a picture as it is shown, which may be itself."""
        form = (picture.width, picture.height, picture.format.name)
        matrix = MATRICES.get(picture.colorspace)
        has_others = None not in {matrix, self._matrix} and matrix != self._matrix
        is_full = picture.color_range == ColorRange.JPEG
        if form == (*self.size, PIXELS) and not (has_others or is_full):
            return picture
        kind = (*form, matrix, is_full)
        if kind not in self._graphs:
            self._graphs[kind] = self._graph(picture, has_others)
        self._graphs[kind].push(picture)
        return cast(av.VideoFrame, self._graphs[kind].pull())

    def black(self) -> av.VideoFrame:
        """Return a picture of nothing."""
        picture = av.VideoFrame(*self.size, PIXELS)
        for plane, level in zip(picture.planes, BLACK, strict=True):
            plane.update(bytes([level]) * plane.buffer_size)
        return picture

    def _graph(self, picture: av.VideoFrame, has_others: bool) -> av.filter.Graph:
        size = f"{self.size[0]}:{self.size[1]}"
        fit = "force_original_aspect_ratio=decrease:force_divisible_by=2"
        colours = f":out_color_matrix={self._matrix}" if has_others else ""
        # A JPEG's levels go from 0 to 255, those of a video from 16 to 235.
        steps = [
            ("scale", f"{size}:{fit}:out_range=tv{colours}"),
            ("pad", f"{size}:-1:-1"),
            ("setsar", "1"),
            ("format", PIXELS),
            ("buffersink", None),
        ]
        graph = av.filter.Graph()
        source = graph.add_buffer(
            width=picture.width, height=picture.height, format=picture.format, time_base=TICK
        )
        nodes = (graph.add(name, options) for name, options in steps)
        graph.link_nodes(source, *nodes).configure()
        return graph
