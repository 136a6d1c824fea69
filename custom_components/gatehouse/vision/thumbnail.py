"""A picture for people: made smaller, with a box and a word around what was found."""

from collections.abc import Iterable
from io import BytesIO
from typing import Final
from zlib import crc32

from PIL import Image, ImageDraw, ImageFont

from ..models import Detection
from .errors import BadPicture

PEOPLE: Final = "#ffb000"

# Told apart from each other by colour-blind eyes too, and all light enough for black letters.
COLOURS: Final = ("#56b4e9", "#f0e442", "#8fd694", "#e69fd0", "#ff9e80", "#b4a7f5")
INK: Final = "#101010"
QUALITY: Final = 85


def thumbnail(jpeg: bytes, detections: Iterable[Detection], width: int = 1280) -> bytes:
    """Return the picture as a JPEG no wider than that, boxed and labelled; raises BadPicture."""
    image = _open(jpeg, width)
    draw = ImageDraw.Draw(image)
    stroke = max(2, image.width // 400)
    font = ImageFont.load_default(max(12, image.width // 50))
    for detection in sorted(detections, key=lambda found: found.score):
        _mark(draw, detection, stroke, font)
    written = BytesIO()
    image.save(written, "JPEG", quality=QUALITY, optimize=True)
    return written.getvalue()


def _open(jpeg: bytes, width: int) -> Image.Image:
    try:
        image = Image.open(BytesIO(jpeg))
        width = min(width, image.width)
        size = (width, max(1, round(image.height * width / image.width)))
        image.draft("RGB", size)
        return image.convert("RGB").resize(size, Image.Resampling.LANCZOS)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise BadPicture(f"the picture cannot be read: {error}") from error


def _mark(
    draw: ImageDraw.ImageDraw,
    detection: Detection,
    stroke: int,
    font: ImageFont.FreeTypeFont | ImageFont.ImageFont,
) -> None:
    width, height = draw.im.size
    left, right = (round(x * (width - 1)) for x in (detection.box.left, detection.box.right))
    top, bottom = (round(y * (height - 1)) for y in (detection.box.top, detection.box.bottom))
    colour = _colour(detection.label)
    # A dark line outside the bright one: one of the two stands out from any background.
    draw.rectangle((left - 1, top - 1, right + 1, bottom + 1), outline=INK, width=stroke + 2)
    draw.rectangle((left, top, right, bottom), outline=colour, width=stroke)
    words = f"{detection.label} {detection.score:.0%}"
    _, _, long, high = (round(side) for side in draw.textbbox((0, 0), words, font=font))
    x = max(0, min(left, width - long - 2 * stroke))
    y = top - high - 2 * stroke if top >= high + 2 * stroke else top
    draw.rectangle((x, y, x + long + 2 * stroke, y + high + 2 * stroke), fill=colour, outline=INK)
    draw.text((x + stroke, y + stroke), words, fill=INK, font=font)


def _colour(label: str) -> str:
    """Return the label's colour, the same every time."""
    return PEOPLE if label == "person" else COLOURS[crc32(label.encode()) % len(COLOURS)]
