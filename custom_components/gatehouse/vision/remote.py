"""A detection service that gets a picture by HTTP and answers with boxes: RT-DETR, or an agent."""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from io import BytesIO
from typing import Final, Self

import aiohttp
from yarl import URL

from ..models import Detection, Picture
from .detector import DetectorOptions, Sight
from .errors import BadPicture
from .service import Reply, Service, Tls, Turns

PATH: Final = "/detect"

# The words of an agent, as its wire.py has them.
AGENT_PATH: Final = "/api/v1/detect"
BAD_PICTURE: Final = b'"bad_picture"'

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

    def __init__(
        self,
        session: aiohttp.ClientSession,
        url: str,
        options: DetectorOptions,
        headers: Mapping[str, str] | None = None,
        tls: Tls | None = None,
    ) -> None:
        """Take the service's address; without a path it is asked at /detect."""
        address = URL(url) if URL(url).path.strip("/") else URL(url).with_path(PATH)
        secrets = [value.rpartition(" ")[2] for value in (headers or {}).values()]
        self._service = Service(session, address, headers=headers, secrets=secrets, tls=tls)
        self._turns = Turns(options)
        self._by_form = False

    @classmethod
    def for_agent(
        cls,
        session: aiohttp.ClientSession,
        base_url: str,
        token: str,
        options: DetectorOptions,
        tls: Tls | None = None,
    ) -> Self:
        """Let the agent at this address look, with the model that is set up there."""
        address = (
            URL(base_url)
            .with_path(AGENT_PATH)
            .with_query(threshold=f"{options.threshold:g}", labels=",".join(sorted(options.labels)))
        )
        return cls(session, str(address), options, {"Authorization": f"Bearer {token}"}, tls)

    async def detect(self, newest: Callable[[], Picture]) -> Sight:
        return await self._turns.look(newest, self._find)

    async def close(self) -> None:
        """Hold nothing; the session is its maker's."""

    async def _find(self, jpeg: bytes) -> list[Detection]:
        reply = await self._post(jpeg, by_form=self._by_form)
        if reply.status in WANTS_FORM:
            reply = await self._other_way(jpeg, reply)
        if BAD_PICTURE in reply.body and reply.status == HTTPStatus.BAD_REQUEST:
            raise BadPicture(f"{self._service.name} cannot read the picture")
        return await self._service.detections(self._service.answer(reply), jpeg)

    async def _other_way(self, jpeg: bytes, refusal: Reply) -> Reply:
        """Ask with a form instead of a body or the reverse, from now on if that is what helps."""
        reply = await self._post(jpeg, by_form=not self._by_form)
        if reply.status not in WANTS_FORM:
            self._by_form = not self._by_form
            return reply
        # Who answers 400 has understood how the picture came, and knows what is wrong with it.
        return min(refusal, reply, key=lambda each: each.status)

    async def _post(self, jpeg: bytes, *, by_form: bool) -> Reply:
        if not by_form:
            return await self._service.post(jpeg, {"Content-Type": "image/jpeg"})
        form = aiohttp.FormData()
        form.add_field("file", BytesIO(jpeg), filename="picture.jpg", content_type="image/jpeg")
        return await self._service.post(form)
