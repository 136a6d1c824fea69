"""OpenCV, where there is one: nothing else of ours imports it."""

from functools import cache
from typing import Any

from .errors import PanoramaUnavailable


def why_no_panorama() -> str | None:
    """Return why no panorama can be made on this machine, if that is so."""
    try:
        opencv()
    except PanoramaUnavailable as error:
        return str(error)
    return None


@cache
def opencv() -> Any:
    """Return the module `cv2`; raises PanoramaUnavailable."""
    try:
        # Here and not above: it is large, and has no wheel where the C library is musl.
        import cv2
    except (ImportError, OSError) as error:
        raise PanoramaUnavailable(
            f"OpenCV cannot be loaded here ({error}). Install opencv-python-headless where it"
            " can be had; until then choose side by side, which works everywhere."
        ) from error
    return cv2
