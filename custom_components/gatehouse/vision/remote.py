"""A detection service elsewhere: it gets a picture by HTTP and answers with boxes in JSON."""

import asyncio
from collections.abc import Callable
from http import HTTPStatus
from io import BytesIO
import json
from typing import Any, Final

import aiohttp
from PIL import Image
from yarl import URL

from ..models import Box, Detection, Picture
from .detector import DetectorOptions, Sight
from .errors import BadPicture, DetectorFailed

PATH: Final = "/detect"
TIMEOUT: Final = aiohttp.ClientTimeout(total=10)  # an older sight is of no use at the door

HUGE: Final = 1e9  # what is no pixel of any picture, infinity among it

# What a service says that wants the picture as an upload by form, as FastAPI's do.
WANTS_FORM: Final = frozenset(
    {
        HTTPStatus.BAD_REQUEST,
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        HTTPStatus.UNPROCESSABLE_ENTITY,
    }
)


class RemoteDetector:
    """Asks a service with `POST /detect`, a picture at a time.

    The body is the JPEG, or a form with the JPEG as `file` where the service asks for that. The
    answer is `{"detections": […], "width": 1280, "height": 720}` or the bare list, and a detection
    `{"label": "person", "score": 0.9, "box": {"xmin": 1, "ymin": 2, "xmax": 3, "ymax": 4}}` in
    pixels. The other words of RT-DETR services are understood too: `class`, `confidence`, `bbox`
    as `[left, top, right, bottom]` or with `x`, `y`, `width`, `height`, `image_width`.
    """

    def __init__(self, session: aiohttp.ClientSession, url: str, options: DetectorOptions) -> None:
        """Take the service's address; without a path it is asked at /detect."""
        self._session = session
        self._url = URL(url) if URL(url).path.strip("/") else URL(url).with_path(PATH)
        self._options = options
        self._by_form = False
        self._turn = asyncio.Lock()  # wakes in the order of asking, so that no camera starves

    async def detect(self, newest: Callable[[], Picture]) -> Sight:
        async with self._turn:
            picture = newest()
            answer = await self._ask(picture.jpeg)
        try:
            # Pillow reads files when it meets its first picture.
            detections = await asyncio.to_thread(_detections, answer, picture.jpeg)
        except (LookupError, TypeError, ValueError) as error:
            raise DetectorFailed(
                f"{self._url.host} answered what is no list of detections ({error!r}):"
                f" {json.dumps(answer):.120}"
            ) from error
        wanted = [
            detection
            for detection in detections
            if detection.score >= self._options.threshold
            and detection.label in self._options.labels
        ]
        return Sight(picture=picture, detections=tuple(wanted))

    async def close(self) -> None:
        """Hold nothing; the session is its maker's."""

    async def _ask(self, jpeg: bytes) -> Any:
        status, body = await self._post(jpeg)
        if status in WANTS_FORM:
            self._by_form = not self._by_form
            status, body = await self._post(jpeg)
        if status != HTTPStatus.OK:
            raise DetectorFailed(f"{self._url.host} answered {status}: {_text(body):.120}")
        try:
            return json.loads(body)
        except (ValueError, RecursionError) as error:
            raise DetectorFailed(
                f"{self._url.host} answered no JSON: {_text(body):.120}"
            ) from error

    async def _post(self, jpeg: bytes) -> tuple[int, bytes]:
        data: aiohttp.FormData | bytes = jpeg
        headers = {"Content-Type": "image/jpeg"}
        if self._by_form:
            data, headers = aiohttp.FormData(), {}
            data.add_field("file", jpeg, filename="picture.jpg", content_type="image/jpeg")
        try:
            async with self._session.post(
                self._url, data=data, headers=headers, timeout=TIMEOUT
            ) as response:
                return response.status, await response.read()
        except TimeoutError as error:
            raise DetectorFailed(f"{self._url.host} did not answer in {TIMEOUT.total} s") from error
        except (aiohttp.ClientError, OSError) as error:
            raise DetectorFailed(f"{self._url.host} cannot be asked: {error}") from error


def _text(body: bytes) -> str:
    return body.decode(errors="replace").strip() or "nothing"


def _detections(answer: Any, jpeg: bytes) -> list[Detection]:
    """Read an answer, best first; raises LookupError, TypeError or ValueError if it is none."""
    whole = answer if isinstance(answer, dict) else {"detections": answer}
    items = whole["detections"]
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
    left, top, right, bottom = _pixels(item["box"] if "box" in item else item["bbox"])
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
        case {"xmin": left, "ymin": top, "xmax": right, "ymax": bottom}:
            return [_number(side) for side in (left, top, right, bottom)]
        case {"x": left, "y": top, "width": width, "height": height}:
            left, top = _number(left), _number(top)
            return [left, top, left + _number(width), top + _number(height)]
    raise ValueError("no box")


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < HUGE:
        raise ValueError(f"no number: {value!r}")
    return float(value)


def _size(jpeg: bytes) -> tuple[int, int]:
    try:
        with Image.open(BytesIO(jpeg)) as image:
            return image.size
    except OSError as error:
        raise BadPicture(f"the picture cannot be read: {error}") from error
