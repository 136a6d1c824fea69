"""What simulated cameras show and record: two pictures of a thousand pixels, and a small film."""

from fractions import Fraction
import hashlib
from io import BytesIO
from typing import Any, Final

import av
import numpy as np
from PIL import Image

SIZE: Final = (40, 24)
FILM_S: Final = 20


def still(grey: int) -> bytes:
    """Return a small picture as a JPEG."""
    written = BytesIO()
    Image.new("L", SIZE, grey).convert("RGB").save(written, "JPEG")
    return written.getvalue()


def film() -> bytes:
    """Return a small film as an agent leaves it."""
    written = BytesIO()
    with av.open(written, "w", format="mp4") as output:
        stream: Any = output.add_stream("libx264", rate=5, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = (*SIZE, "yuv420p")
        stream.codec_context.time_base = Fraction(1, 5)
        for number in range(FILM_S * 5):
            plane = np.full((SIZE[1], SIZE[0], 3), 50 + number, np.uint8)
            output.mux(stream.encode(av.VideoFrame.from_ndarray(plane, "rgb24")))
        output.mux(stream.encode())
    return written.getvalue()


EMPTY: Final = still(40)
SOMEBODY: Final = still(200)
FILM: Final = film()
FILM_SHA256: Final = hashlib.sha256(FILM).hexdigest()
