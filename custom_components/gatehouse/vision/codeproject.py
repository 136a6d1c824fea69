"""A CodeProject.AI server, or DeepStack, whose language it speaks."""

from collections.abc import Callable
from io import BytesIO
from typing import Final

import aiohttp
from yarl import URL

from ..models import Detection, Picture
from .detector import DetectorOptions, Sight
from .service import Service, Turns

PATH: Final = "/v1/vision/detection"


class CodeProjectDetector:
    """Asks with a form at `/v1/vision/detection`, a picture at a time.

    The answer is `{"success": true, "predictions": [{"label": "person", "confidence": 0.9,
    "x_min": 1, "y_min": 2, "x_max": 3, "y_max": 4}]}` in pixels, or an `error` without success.
    """

    def __init__(self, session: aiohttp.ClientSession, url: str, options: DetectorOptions) -> None:
        """Take the server's address; a path is that of a custom model."""
        address = URL(url) if URL(url).path.strip("/") else URL(url).with_path(PATH)
        self._service = Service(session, address)
        self._turns = Turns(options)
        self._threshold = options.threshold

    async def detect(self, newest: Callable[[], Picture]) -> Sight:
        return await self._turns.look(newest, self._find)

    async def close(self) -> None:
        """Hold nothing; the session is its maker's."""

    async def _find(self, jpeg: bytes) -> list[Detection]:
        form = aiohttp.FormData()
        form.add_field("image", BytesIO(jpeg), filename="picture.jpg", content_type="image/jpeg")
        form.add_field("min_confidence", f"{self._threshold:g}")
        answer = self._service.answer(await self._service.post(form))
        match answer:
            case {"success": False}:
                said = answer.get("error") or "nothing"
                raise self._service.failed(
                    f"could not look: {said!s:.120}; look whether object detection is switched on"
                    " and its model loaded, in the server's dashboard"
                )
        return await self._service.detections(answer, jpeg)
