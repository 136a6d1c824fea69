"""An evening in front of a house at which nobody comes by, as a camera there would see it.

What a detector or a motion sensor could mistake for somebody is all there: clouds, dusk, a lamp, a
car, rain, a swaying bush, the shadow of a tree, the noise of the sensor, the infrared filter.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from math import pi, sin
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

Array = NDArray[Any]

WIDTH: Final = 640
HEIGHT: Final = 360
SIZE: Final = (WIDTH, HEIGHT)

# In pixels from the left and the top.
LAMP: Final = (470, 120)
BUSH: Final = (55, 190)
BUSH_SIZE: Final = (150, 120)

# In seconds: light that comes and goes, and a car that passes now and then.
CLOUDS: Final = (37.0, 91.0)
LAMP_EVERY: Final = 45.0
LAMP_ON: Final = 25.0
CAR_EVERY: Final = 40.0
CAR_PASSES: Final = 3.0

# As parts of the evening: when it rains, and from when on the camera sees by infrared light.
RAIN: Final = (0.2, 0.65)
NIGHT: Final = 0.8


def evening(
    seconds: float, fps: float, seed: int, background: Image.Image | None = None
) -> Iterator[tuple[float, bytes]]:
    """Give each picture's second and its JPEG, in front of a drawn house or of a real picture."""
    place = _place(seed, background)
    for number in range(round(seconds * fps)):
        second = number / fps
        yield second, _jpeg(_shot(place, second, second / seconds, seed + number))


def house(seed: int) -> Image.Image:
    """Draw a house with a door and windows, a fence, a lawn, a path, a bin and a street lamp."""
    image = Image.new("RGB", SIZE, (148, 160, 178))
    draw = ImageDraw.Draw(image)
    for y in range(100):
        draw.line((0, y, WIDTH, y), fill=(126 + y // 3, 142 + y // 3, 172 + y // 5))
    draw.polygon([(0, 200), (0, 120), (60, 105), (150, 125), (250, 112), (250, 200)], (62, 78, 58))
    _wall(draw)
    _garden(draw)
    _fence(draw)
    _things(draw)
    textured = np.asarray(image, np.float32) * (1 + _grain(seed)[..., None])
    return Image.fromarray(np.clip(textured, 0, 255).astype(np.uint8)).filter(
        ImageFilter.GaussianBlur(0.7)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """What does not change in one evening; light is a factor for each pixel, the glow is added."""

    background: Array
    bush: Array
    glow: Array
    tree: Array
    clouds: Array
    noise: Array


@cache
def _grid() -> tuple[Array, Array]:
    rows, columns = np.mgrid[:HEIGHT, :WIDTH].astype(np.float32)
    return rows, columns


def _place(seed: int, background: Image.Image | None) -> _Place:
    rng = np.random.default_rng(seed)
    rows, columns = _grid()
    away = np.hypot(columns - LAMP[0], (rows - LAMP[1]) * 1.2)
    image = (background or house(seed)).convert("RGB").resize(SIZE)
    glow = (np.exp(-((away / 130) ** 2)) + 2 * np.exp(-((away / 14) ** 2))).astype(np.float32)
    return _Place(
        background=np.asarray(image, np.float32),
        bush=_bush(rng),
        glow=glow[..., None] * np.array([150, 120, 70], np.float32),
        tree=_smooth(rng, (WIDTH + 80, HEIGHT + 20), cells=24, contrast=2.5),
        clouds=_smooth(rng, (2 * WIDTH, HEIGHT), cells=160, contrast=1.0),
        noise=rng.normal(0, 1, (HEIGHT + 64, WIDTH + 64, 3)).astype(np.float32),
    )


def _shot(place: _Place, second: float, part: float, seed: int) -> Image.Image:
    """Take one picture, so many seconds and such a part into the evening."""
    rng = np.random.default_rng(seed)
    scene = _swayed(place.background, place.bush, second)
    scene *= _light(place, second, part)[..., None]
    if _lamp_is_on(second, part):
        scene += place.glow
    if (passed := second % CAR_EVERY / CAR_PASSES) < 1:
        scene += _headlights(passed)[..., None] * np.array([190, 190, 175], np.float32)
    if part >= NIGHT:
        scene = np.repeat(scene.mean(axis=2, keepdims=True), 3, axis=2) * 1.5
    down, right = rng.integers(0, 64, 2)
    scene += place.noise[down : down + HEIGHT, right : right + WIDTH] * (3 + 9 * part)
    image = Image.fromarray(np.clip(scene, 0, 255).astype(np.uint8))
    return _rained(image, rng) if RAIN[0] <= part < RAIN[1] else image


def _light(place: _Place, second: float, part: float) -> Array:
    """Return the light of the sky on each pixel, under clouds and the shadow of a tree."""
    slow, slower = (sin(2 * pi * second / period) for period in CLOUDS)
    dusk = 1.05 - 0.75 * part + 0.12 * slow + 0.1 * slower
    drift = round(second * 6) % WIDTH
    clouds = 1 - 0.25 * place.clouds[:, drift : drift + WIDTH]
    right, down = round(40 + 30 * sin(second * 1.1)), round(10 + 8 * sin(second * 1.7))
    tree = 1 - 0.35 * (1 - part) * place.tree[down : down + HEIGHT, right : right + WIDTH]
    light: Array = max(dusk, 0.15) * clouds * tree
    return light


def _lamp_is_on(second: float, part: float) -> bool:
    """Tell whether the lamp is lit, which a sensor switches on and off at once."""
    return part > 0.3 and second % LAMP_EVERY < LAMP_ON


def _headlights(passed: float) -> Array:
    """Return the light of a car's two lamps that sweeps along the ground and up the wall."""
    rows, columns = _grid()
    x, y = -80 + (WIDTH + 160) * passed, 250 - 60 * passed
    left, right = (
        np.exp(-(((columns - x - apart) / 45) ** 2) - ((rows - y) / 26) ** 2) for apart in (-40, 40)
    )
    both: Array = left + right
    return both


def _swayed(background: Array, bush: Array, second: float) -> Array:
    """Return the background with the bush before it, bent by the wind, most at its top."""
    height, width = bush.shape[:2]
    rows, columns = np.mgrid[:height, :width]
    bent = 1 - rows / height
    gust = 7 * sin(second * 1.3) + 4 * np.sin(second * 3.1 + columns / 23 + rows / 17)
    lift = 3 * np.sin(second * 2.3 + columns / 19)
    moved = bush[
        np.clip(rows + lift * bent, 0, height - 1).astype(int),
        np.clip(columns + gust * bent, 0, width - 1).astype(int),
    ]
    left, top = BUSH
    scene = background.copy()
    part = scene[top : top + height, left : left + width]
    part += (moved[..., :3] - part) * (moved[..., 3:] / 255)
    return scene


def _rained(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Return the picture with streaks of rain, some of them close to the lens."""
    streaks = Image.new("L", SIZE)
    draw = ImageDraw.Draw(streaks)
    for x, y, length in zip(
        rng.integers(0, WIDTH, 160),
        rng.integers(-30, HEIGHT, 160),
        rng.integers(8, 40, 160),
        strict=True,
    ):
        draw.line(
            (int(x), int(y), int(x - length // 6), int(y + length)),
            fill=int(60 + 2 * length),
            width=1 + int(length > 34),
        )
    return Image.composite(
        Image.new("RGB", SIZE, (205, 210, 215)), image, streaks.filter(ImageFilter.BoxBlur(1))
    )


def _bush(rng: np.random.Generator) -> Array:
    """Draw a bush of leaves that grow lighter towards the top, with its alpha."""
    width, height = BUSH_SIZE
    image = Image.new("RGBA", BUSH_SIZE)
    draw = ImageDraw.Draw(image)
    for _ in range(1800):
        angle, reach = rng.uniform(0, pi), rng.uniform(0, 1) ** 0.6
        lumps = 0.85 + 0.15 * sin(7 * angle)
        x = width / 2 + np.cos(angle) * reach * lumps * width * 0.46
        y = height - np.sin(angle) * reach * lumps * height * 0.9
        light = 0.5 + 0.5 * (height - y) / height + rng.uniform(-0.2, 0.2)
        colour = tuple(int(light * part) for part in (66, 104, 48))
        leaf = rng.uniform(2, 5)
        draw.ellipse((x - leaf, y - leaf, x + leaf, y + leaf), (*colour, 255))
    return np.asarray(image.filter(ImageFilter.GaussianBlur(0.6)), np.float32)


def _wall(draw: ImageDraw.ImageDraw) -> None:
    draw.rectangle((250, 60, 640, 215), (150, 104, 84))
    for row, y in enumerate(range(60, 215, 8)):
        draw.line((250, y, 640, y), (120, 92, 80))
        for x in range(250 + 9 * (row % 2), 640, 18):
            draw.line((x, y, x, y + 8), (120, 92, 80))
    draw.polygon([(230, 62), (290, 0), (640, 0), (640, 62)], (84, 66, 62))
    for x in (290, 550):
        draw.rectangle((x - 4, 96, x + 54, 166), (214, 208, 196))
        draw.rectangle((x, 100, x + 50, 162), (50, 60, 74))
        draw.line((x + 25, 100, x + 25, 162), (214, 208, 196), 3)
    draw.rectangle((396, 104, 446, 215), (208, 202, 190))
    draw.rectangle((401, 109, 441, 215), (72, 50, 40))
    draw.rectangle((408, 116, 434, 146), (96, 112, 124))


def _garden(draw: ImageDraw.ImageDraw) -> None:
    draw.rectangle((0, 200, WIDTH, HEIGHT), (84, 112, 60))
    draw.rectangle((250, 211, 640, 217), (108, 100, 92))
    draw.polygon([(396, 215), (446, 215), (560, 360), (330, 360)], (152, 146, 138))
    for y, half in ((230, 32), (250, 44), (278, 62), (318, 88)):
        draw.line((421 - half + 8, y, 421 + half + 12, y), (128, 122, 116), 2)


def _fence(draw: ImageDraw.ImageDraw) -> None:
    for y in (168, 190):
        draw.rectangle((0, y, 250, y + 4), (172, 164, 148))
    for x in range(2, 250, 14):
        draw.polygon(
            [(x, 210), (x, 160), (x + 4, 154), (x + 8, 160), (x + 8, 210)], (184, 176, 160)
        )


def _things(draw: ImageDraw.ImageDraw) -> None:
    draw.rectangle((590, 200, 622, 252), (52, 62, 58))
    draw.rectangle((586, 194, 626, 202), (40, 48, 46))
    x, y = LAMP
    draw.line((x, y, x, 250), (58, 58, 60), 4)
    draw.ellipse((x - 8, y - 10, x + 8, y + 8), (224, 220, 200))


def _grain(seed: int) -> Array:
    """Return how much each pixel of a surface is lighter than its colour: coarse and fine."""
    rng = np.random.default_rng(seed)
    coarse = _smooth(rng, SIZE, cells=20, contrast=1.0) - 0.5
    fine = rng.normal(0, 0.06, (HEIGHT, WIDTH)).astype(np.float32)
    return 0.25 * coarse + fine


def _smooth(rng: np.random.Generator, size: tuple[int, int], cells: int, contrast: float) -> Array:
    """Return blots from 0 to 1, about so many pixels wide."""
    coarse = rng.uniform(0, 255, (size[1] // cells + 2, size[0] // cells + 2)).astype(np.uint8)
    blots = np.asarray(Image.fromarray(coarse).resize(size, Image.Resampling.BICUBIC), np.float32)
    return np.clip((blots / 255 - 0.5) * contrast + 0.5, 0, 1)


def _jpeg(image: Image.Image) -> bytes:
    written = BytesIO()
    image.save(written, "JPEG", quality=85)
    return written.getvalue()
