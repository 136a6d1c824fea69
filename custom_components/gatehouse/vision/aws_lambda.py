"""A detection service on AWS Lambda, at the address of its function."""

import asyncio
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from io import BytesIO
import json
import re
from typing import Any, Final

import aiohttp
from PIL import Image
from yarl import URL

from ..models import Detection, Picture
from .detector import DetectorOptions, Sight
from .errors import BadPicture, DetectorUnavailable
from .service import Reply, Service, Turns

# Lambda takes 6 MB (6291456 bytes) with all that AWS wraps around; in base64 three bytes are four.
LARGEST: Final = 4_500_000
QUALITY: Final = 85
HOST: Final = re.compile(r"\.lambda-url\.([a-z0-9-]+)\.on\.aws$")

_UNSIGNED: Final = "it wants signed requests: give an access key and its secret"
_SIGNED: Final = (
    "check access key, secret and region, and that the key may lambda:InvokeFunctionUrl"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AwsKey:
    """Who asks a function that lets in only those it knows."""

    access_key: str
    secret_key: str = field(repr=False)
    region: str | None = None
    """Where the function is, if its address does not tell."""
    session_token: str | None = field(default=None, repr=False)


class LambdaDetector:
    """Asks a function of AWS Lambda at its address, a picture at a time.

    The request is `{"image": "<a JPEG in base64>", "threshold": 0.35, "labels": ["person"]}`, the
    answer what RemoteDetector understands, or that as the `body` beside a `statusCode`.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        url: str,
        options: DetectorOptions,
        key: AwsKey | None = None,
    ) -> None:
        """Take the function's address; requests are signed with the key if there is one."""
        self._url = URL(url)
        self._key = key
        self._options = options
        self._turns = Turns(options)
        secrets = (
            [secret for secret in (key.secret_key, key.session_token) if secret] if key else []
        )
        advice: dict[int, str] = {HTTPStatus.FORBIDDEN: _SIGNED if key else _UNSIGNED}
        self._service = Service(session, self._url, secrets=secrets, advice=advice)

    async def detect(self, newest: Callable[[], Picture]) -> Sight:
        return await self._turns.look(newest, self._find)

    async def close(self) -> None:
        """Hold nothing; the session is its maker's."""

    async def _find(self, jpeg: bytes) -> list[Detection]:
        sent = await asyncio.to_thread(_small_enough, jpeg)
        body, headers = await asyncio.to_thread(self._request, sent)
        answer = self._service.answer(await self._service.post(body, headers))
        return await self._service.detections(self._unwrapped(answer), sent)

    def _request(self, jpeg: bytes) -> tuple[bytes, Mapping[str, str]]:
        request = {
            "image": b64encode(jpeg).decode(),
            "threshold": self._options.threshold,
            "labels": sorted(self._options.labels),
        }
        body = json.dumps(request).encode()
        headers = {"Content-Type": "application/json"}
        return body, self._signed(self._key, body, headers) if self._key else headers

    def _signed(self, key: AwsKey, body: bytes, headers: Mapping[str, str]) -> Mapping[str, str]:
        """Return the headers with a signature among them (AWS Signature Version 4)."""
        try:
            from botocore.auth import SigV4Auth
            from botocore.awsrequest import AWSRequest
            from botocore.credentials import Credentials
        except ImportError as error:
            raise DetectorUnavailable(
                f"requests to AWS cannot be signed on this machine ({error}); install botocore, or"
                " let the function be asked without a key"
            ) from error
        known = HOST.search(self._url.host or "")
        region = key.region or (known and known[1])
        if not region:
            raise self._service.failed("does not tell its AWS region; give the region as well")
        request = AWSRequest("POST", str(self._url), dict(headers), body)
        who = Credentials(key.access_key, key.secret_key, key.session_token)
        SigV4Auth(who, "lambda", region).add_auth(request)
        return dict(request.headers.items())

    def _unwrapped(self, answer: Any) -> Any:
        """Take an answer out of the form in which functions answer API Gateway."""
        match answer:
            case {"statusCode": int(status), "body": str(body)}:
                return self._service.answer(Reply(status=status, body=body.encode()))
        return answer


def _small_enough(jpeg: bytes) -> bytes:
    """Return the picture, made smaller until Lambda takes it; raises BadPicture."""
    while len(jpeg) > LARGEST:
        jpeg = _halved(jpeg)
    return jpeg


def _halved(jpeg: bytes) -> bytes:
    try:
        image = Image.open(BytesIO(jpeg))
        size = (max(1, image.width // 2), max(1, image.height // 2))
        image.draft("RGB", size)
        written = BytesIO()
        image.convert("RGB").resize(size).save(written, "JPEG", quality=QUALITY)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise BadPicture(f"the picture cannot be read: {error}") from error
    return written.getvalue()
