"""Whether two cameras still look where they did when their pictures were compared."""

from typing import Final

import av

from .alignment import calibrate, has_moved
from .calibration import Calibration
from .errors import CamerasMoved, NoOverlap
from .opencv import opencv

JPEG: Final = ".jpg"


def rechecked(kept: Calibration, left: av.VideoFrame, right: av.VideoFrame) -> Calibration:
    """Return how two pictures lie beside each other: as it was kept, or anew if that is wrong.

    Raises CamerasMoved if they fit together no more.
    """
    one, other = _jpeg(left), _jpeg(right)
    try:
        return calibrate(one, other) if has_moved(kept, one, other) else kept
    except NoOverlap as error:
        raise CamerasMoved(
            f"A camera was moved since the pair was compared: compare it again. {error}"
        ) from error


def _jpeg(picture: av.VideoFrame) -> bytes:
    _, encoded = opencv().imencode(JPEG, picture.to_ndarray(format="bgr24"))
    return bytes(encoded)
