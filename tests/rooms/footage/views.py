"""A place that was never built, and what cameras see of it that hang beside each other."""

from dataclasses import dataclass
from functools import cache
from typing import Any

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from custom_components.gatehouse.footage.calibration import Size

type Array = NDArray[Any]

PLACE = (2400, 1100)
"""How large the picture of a whole place is."""
FAR = 1150.0
"""The focal length at which it is seen whole, in pixels."""
SIZE = (640, 360)
FOCAL = 620.0


@dataclass(frozen=True)
class Seen:
    """What one camera sees of a place."""

    picture: Array
    """Blue, green and red."""
    matrix: Array
    """Where its points are in the picture of the whole place."""

    @property
    def jpeg(self) -> bytes:
        return jpeg(self.picture)

    @property
    def size(self) -> Size:
        return self.picture.shape[1], self.picture.shape[0]

    def frame(self, pixels: str = "yuv420p") -> av.VideoFrame:
        return frame(self.picture, pixels)


@cache
def place(seed: int = 1) -> Array:
    """Return a picture full of things: clouds of colour at every scale, boxes and discs."""
    random = np.random.default_rng(seed)
    wide, high = PLACE
    picture = np.full((high, wide, 3), 110.0, np.float32)
    for cells in (6, 18, 60, 180):
        grain = random.normal(0, 22, (cells * high // wide + 1, cells, 3)).astype(np.float32)
        picture += cv2.resize(grain, PLACE, interpolation=cv2.INTER_CUBIC)
    for _ in range(600):
        x, y = random.integers(0, wide), random.integers(0, high)
        side, colour = random.integers(6, 60), random.uniform(40, 200, 3)
        if random.random() < 0.5:
            cv2.rectangle(picture, (x, y), (x + side, y + side // 2), colour, -1)
        else:
            cv2.circle(picture, (x, y), int(side // 2), colour, -1)
    smooth: Array = cv2.GaussianBlur(np.clip(picture, 35, 205), (0, 0), 0.8)
    return smooth


def look(
    yaw: float,
    pitch: float = 0.0,
    roll: float = 0.0,
    *,
    seed: int = 1,
    size: Size = SIZE,
    zoom: float = 1.0,
    light: float = 1.0,
    noise: float = 0.0,
) -> Seen:
    """Turn a camera so many degrees to the right, down and over, and take a picture."""
    matrix = _seen_through(yaw, pitch, roll, size, zoom)
    picture = _warped(place(seed), matrix, size)
    random = np.random.default_rng(round(1000 * yaw) % 2**32)
    grainy = picture * light + random.normal(0, noise, picture.shape)
    return Seen(np.clip(grainy, 0, 255).astype(np.uint8), matrix)


def pair(apart: float = 30.0, *, light: float = 1.0, **how: Any) -> tuple[Seen, Seen]:
    """Return what two cameras see: the left one so many times brighter, the other a bit crooked."""
    left = look(-apart / 2, light=light**0.5, **how)
    return left, look(apart / 2, 1.5, 2.0, light=light**-0.5, **how)


def original(matrix: Array, size: Size, seed: int = 1) -> Array:
    """Return the light of a place, as a camera would see it whose matrix this is."""
    picture = np.clip(_warped(place(seed), matrix, size), 0, 255).astype(np.uint8)
    return luma(frame(picture))


def between(left: Seen, right: Seen) -> Array:
    """Return where the right picture's points are in the left one."""
    homography: Array = np.linalg.inv(left.matrix) @ right.matrix
    return homography


def moved(homography: Any, points: Array) -> Array:
    """Return where points (n, 2) are."""
    lifted = np.column_stack([points, np.ones(len(points))]) @ np.reshape(homography, (3, 3)).T
    return lifted[:, :2] / lifted[:, 2:]


def grid(size: Size, across: int = 17) -> Array:
    """Return points (n, 2) all over a picture."""
    points = np.meshgrid(np.linspace(0, size[0], across), np.linspace(0, size[1], across))
    return np.stack(points, axis=-1).reshape(-1, 2)


def jpeg(picture: Array) -> bytes:
    return bytes(cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 90])[1])


def frame(picture: Array, pixels: str = "yuv420p") -> av.VideoFrame:
    return av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), "bgr24").reformat(
        format=pixels
    )


def luma(whole: av.VideoFrame) -> Array:
    return whole.to_ndarray()[: whole.height]


def likeness(one: Array, other: Array, window: int = 8) -> Array:
    """Return the SSIM of two pictures, window by window."""
    a, b = one.astype(np.float64), other.astype(np.float64)
    mean_a, mean_b = _means(a, window), _means(b, window)
    spread_a = _means(a * a, window) - mean_a**2
    spread_b = _means(b * b, window) - mean_b**2
    common = _means(a * b, window) - mean_a * mean_b
    least, little = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    return ((2 * mean_a * mean_b + least) * (2 * common + little)) / (
        (mean_a**2 + mean_b**2 + least) * (spread_a + spread_b + little)
    )


def _means(picture: Array, window: int) -> Array:
    sums = np.pad(picture.cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    inner = sums[window:, window:] - sums[:-window, window:] - sums[window:, :-window]
    return (inner + sums[:-window, :-window]) / window**2


def _seen_through(yaw: float, pitch: float, roll: float, size: Size, zoom: float) -> Array:
    y, p, r = np.radians([yaw, pitch, roll])
    turned = (
        np.array([[np.cos(y), 0, np.sin(y)], [0, 1, 0], [-np.sin(y), 0, np.cos(y)]])
        @ np.array([[1, 0, 0], [0, np.cos(p), -np.sin(p)], [0, np.sin(p), np.cos(p)]])
        @ np.array([[np.cos(r), -np.sin(r), 0], [np.sin(r), np.cos(r), 0], [0, 0, 1]])
    )
    here = _lens(FOCAL * zoom * size[0] / SIZE[0], size)
    matrix: Array = _lens(FAR, PLACE) @ turned @ np.linalg.inv(here)
    return matrix


def _lens(focal: float, size: Size) -> Array:
    return np.array([[focal, 0, size[0] / 2], [0, focal, size[1] / 2], [0, 0, 1]])


def _warped(picture: Array, matrix: Array, size: Size) -> Array:
    # OpenCV counts from the middle of the first pixel, we from its corner.
    half = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]])
    pulling = np.linalg.inv(half) @ matrix @ half
    flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    warped: Array = cv2.warpPerspective(
        picture, pulling, size, flags=flags, borderMode=cv2.BORDER_REFLECT
    )
    return warped
