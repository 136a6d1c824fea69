"""Whether two cameras still look where they did when their pictures were compared."""

import av

from .alignment import calibrate, has_moved
from .calibration import Calibration
from .errors import NoOverlap, PanoramaUnavailable
from .opencv import opencv

JPEG = ".jpg"


def rechecked(kept: Calibration, left: av.VideoFrame, right: av.VideoFrame) -> Calibration:
    """Return how two pictures lie beside each other: as it was kept, or anew if that is wrong.

    Raises PanoramaUnavailable if a camera was moved and they fit together no more.
    """
    one, other = _jpeg(left), _jpeg(right)
    try:
        return calibrate(one, other) if has_moved(kept, one, other) else kept
    except NoOverlap as error:
        raise PanoramaUnavailable(
            f"A camera was moved since the pair was compared: compare it again. {error}"
        ) from error


def _jpeg(picture: av.VideoFrame) -> bytes:
    _, encoded = opencv().imencode(JPEG, picture.to_ndarray(format="bgr24"))
    return bytes(encoded)
