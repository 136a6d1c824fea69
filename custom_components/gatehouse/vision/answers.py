"""What detection services answer, in each of their languages, as detections."""

from io import BytesIO
from typing import Any, Final

from PIL import Image

from ..models import Box, Detection
from .errors import BadPicture

HUGE: Final = 1e9  # what is no pixel of any picture, infinity among it


def read_detections(answer: Any, jpeg: bytes) -> list[Detection]:
    """Read an answer, best first; raises LookupError, TypeError or ValueError if it is none.

    Edges are pixels of the width and height that the answer names, else of the picture; BadPicture
    where that has none.
    """
    whole = answer if isinstance(answer, dict) else {"detections": answer}
    items = whole["predictions"] if "predictions" in whole else whole["detections"]
    if not isinstance(items, list):
        raise TypeError("no list")
    width = whole.get("width", whole.get("image_width"))
    height = whole.get("height", whole.get("image_height"))
    if items and (width is None or height is None):
        width, height = _size(jpeg)
    found = [_detection(item, _number(width), _number(height)) for item in items]
    return sorted(found, key=lambda detection: -detection.score)


def _detection(item: dict[str, Any], width: float, height: float) -> Detection:
    label = item["label"] if "label" in item else item["class"]
    score = _number(item["score"] if "score" in item else item["confidence"])
    left, top, right, bottom = _pixels(item.get("box", item.get("bbox", item)))
    if not isinstance(label, str) or not 0 <= score <= 1:
        raise ValueError(f"no label and score: {label!r}, {score}")
    if not (width > 0 and height > 0 and left <= right and top <= bottom):
        raise ValueError("no box")
    edges = (left / width, top / height, right / width, bottom / height)
    return Detection(
        label=label, score=score, box=Box(*(min(max(edge, 0.0), 1.0) for edge in edges))
    )


def _pixels(box: Any) -> list[float]:
    match box:
        case [_, _, _, _]:
            return [_number(side) for side in box]
        case {"xmin": left, "ymin": top, "xmax": right, "ymax": bottom} | {
            "x_min": left,
            "y_min": top,
            "x_max": right,
            "y_max": bottom,
        }:
            return [_number(side) for side in (left, top, right, bottom)]
        case {"x": left, "y": top, "width": width, "height": height}:
            left, top = _number(left), _number(top)
            return [left, top, left + _number(width), top + _number(height)]
    raise ValueError("no box")


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < HUGE:
        raise ValueError(f"no number: {value!r:.40}")
    return float(value)


def _size(jpeg: bytes) -> tuple[int, int]:
    try:
        with Image.open(BytesIO(jpeg)) as image:
            return image.size
    except OSError as error:
        raise BadPicture(f"the picture cannot be read: {error}") from error
