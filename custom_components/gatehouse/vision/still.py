"""A picture from a stranger, verified: a whole JPEG, upright, and when the camera says it was."""

from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from io import BytesIO
import struct
from typing import Final

from PIL import Image, ImageOps
from PIL.ExifTags import IFD, Base

from .errors import BadPicture

# The largest of cameras have 50 million pixels; decoded, those are 150 MB.
MOST_PIXELS: Final = 64_000_000
LEAST_SIDE: Final = 16
QUALITY: Final = 90
UPRIGHT: Final = 1

# A JPEG is decoded to an eighth of its size: all of its bytes are read, few pixels are made.
SMALLER: Final = 8

# Pillow raises these while it reads a picture, and the rest too where it reads its EXIF.
UNREADABLE: Final = (OSError, SyntaxError, ValueError, Image.DecompressionBombError)
NO_EXIF: Final = (*UNREADABLE, struct.error, KeyError, IndexError, TypeError, AttributeError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Still:
    """A whole JPEG, and when it was taken by the camera's own clock."""

    jpeg: bytes = field(repr=False)
    taken: datetime | None = None
    """Without a zone if the camera does not tell its own; None if it tells nothing."""


def read_still(data: bytes) -> Still:
    """Return a JPEG as it is, a turned one or a PNG as an upright JPEG; raises BadPicture."""
    try:
        with Image.open(BytesIO(data), formats=("JPEG", "PNG")) as image:
            _judge(image)
            orientation, taken = _exif(image)
            jpeg = data if _is_plain(image, orientation) else _jpeg(image)
    except UNREADABLE as error:
        raise BadPicture(f"the picture cannot be read: {error}") from error
    return Still(jpeg=jpeg, taken=taken)


def _judge(image: Image.Image) -> None:
    width, height = image.size
    if min(width, height) < LEAST_SIDE:
        raise BadPicture(f"the picture is only {width}×{height} pixels")
    if width * height > MOST_PIXELS:
        raise BadPicture(f"the picture is {width}×{height} pixels; send smaller ones")


def _is_plain(image: Image.Image, orientation: int) -> bool:
    """Tell whether everybody sees the JPEG as it is meant; having decoded all of it, if so."""
    if image.format == "PNG" or image.mode not in {"L", "RGB"} or orientation != UPRIGHT:
        return False
    image.draft(image.mode, (image.width // SMALLER, image.height // SMALLER))
    image.load()
    return True


def _jpeg(image: Image.Image) -> bytes:
    image.load()
    with suppress(*NO_EXIF):
        image = ImageOps.exif_transpose(image)
    written = BytesIO()
    image.convert("RGB").save(written, "JPEG", quality=QUALITY)
    return written.getvalue()


def _exif(image: Image.Image) -> tuple[int, datetime | None]:
    """Return the orientation and the moment that are written beside the pixels."""
    try:
        exif = image.getexif()
        orientation = exif.get(Base.Orientation, UPRIGHT)
        details = exif.get_ifd(IFD.Exif)
    except NO_EXIF:
        return UPRIGHT, None
    written = details.get(Base.DateTimeOriginal)
    return orientation, _moment(str(written), str(details.get(Base.OffsetTimeOriginal, "")))


def _moment(written: str, offset: str) -> datetime | None:
    # EXIF has 2026:11:21 08:30:00 and, newer than most cameras, +01:00; both may end in zeros.
    date, _, time = written.strip("\0 ").partition(" ")
    for zone in (offset.strip("\0 "), ""):
        with suppress(ValueError):
            return datetime.fromisoformat(f"{date.replace(':', '-')}T{time}{zone}")
    return None
