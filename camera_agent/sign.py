"""The picture that stands in for one that is private: a closed eye, without a word."""

import io
from typing import Final

GROUND: Final = (24, 28, 34)
LINE: Final = (150, 160, 172)
QUALITY: Final = 85
FINER: Final = 2  # times that the eye is drawn larger, and then made smaller: its edges are soft
LASHES: Final = ((-0.72, 0.62), (-0.28, 0.95), (0.28, 0.95), (0.72, 0.62))  # of the radius
LASH: Final = 1.32  # times as far from the middle as it begins, it ends


def closed_eye(width: int, height: int) -> bytes:
    """Draw it as a JPEG of that size, in pixels; blocks."""
    from PIL import Image, ImageDraw

    side = min(width, height) * 3 // 5
    large = side * FINER
    eye = Image.new("RGB", (large, large), GROUND)
    draw = ImageDraw.Draw(eye)
    radius, thick = large // 3, max(large // 30, FINER)
    x, y = large // 2, large // 2 - 4 * radius // 5
    draw.arc((x - radius, y - radius, x + radius, y + radius), 20, 160, LINE, thick)
    for across, down in LASHES:
        near, far = radius, LASH * radius
        ends = [(x + round(across * reach), y + round(down * reach)) for reach in (near, far)]
        draw.line(ends, LINE, thick)
    picture = Image.new("RGB", (width, height), GROUND)
    small = eye.resize((side, side), Image.Resampling.LANCZOS)
    picture.paste(small, ((width - side) // 2, (height - side) // 2))
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=QUALITY)
    return file.getvalue()
