"""Where a bucket is, who asks, and how its requests are signed: what boto3 knows of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
import ssl
from typing import Any, Final

from .complaints import complaints
from .courier import ANSWERING, CONNECTING, Courier, Sign
from .errors import BucketMissing

REGION: Final = "us-east-1"  # what storages expect that have no regions


@dataclass(frozen=True, slots=True, kw_only=True)
class S3Options:
    """Where the off-site storage is, and how it is spoken to."""

    bucket: str
    key_id: str
    secret: str = field(repr=False)
    endpoint: str | None = None
    """The address of the storage; None for that of AWS."""
    region: str | None = None
    prefix: str = "gatehouse"
    """What the keys of all objects begin with."""
    path_style: bool | None = None
    """Whether the bucket is in the path of addresses; None: it is where there is an endpoint."""
    storage_class: str | None = None
    checksums: bool = False
    """Whether SHA-256 checksums are kept with objects, which not every storage knows."""


def open_bucket(options: S3Options) -> tuple[Any, Courier]:
    """Return a client of boto3, and what sends bytes; takes half a second, asks nobody."""
    if not options.bucket:
        raise BucketMissing("No bucket is set up to keep footage in.")
    client = _client(options)
    return client, _courier(client, options)


def _client(options: S3Options) -> Any:
    import boto3
    from botocore.config import Config

    path_style = bool(options.endpoint) if options.path_style is None else options.path_style
    config = Config(
        signature_version="s3v4",
        s3={"addressing_style": "path" if path_style else "virtual"},
        # Who asks decides when to ask again.
        retries={"total_max_attempts": 1},
        connect_timeout=CONNECTING,
        read_timeout=ANSWERING,
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        # The courier goes straight to the storage; so does this.
        proxies={},
    )
    with complaints():
        return boto3.client(
            "s3",
            endpoint_url=options.endpoint or None,
            region_name=options.region or REGION,
            aws_access_key_id=options.key_id,
            aws_secret_access_key=options.secret,
            config=config,
        )


def _courier(client: Any, options: S3Options) -> Courier:
    from botocore.httpsession import get_cert_path

    with complaints():
        about = {"Bucket": options.bucket, "Key": "x"}
        address = client.generate_presigned_url("get_object", Params=about).partition("?")[0]
    trust = ssl.create_default_context(cafile=get_cert_path(True))
    return Courier(address.removesuffix("x"), _signing(client, options), trust)


def _signing(client: Any, options: S3Options) -> Sign:
    from botocore.auth import S3SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    credentials = Credentials(options.key_id, options.secret)
    auth = S3SigV4Auth(credentials, "s3", client.meta.region_name)
    # It would read the file to know what the row knows already.
    auth.payload = lambda request: request.context["sha256"]

    def sign(method: str, address: str, headers: Mapping[str, str], sha256: str) -> dict[str, str]:
        request = AWSRequest(method, address, dict(headers))
        request.context["sha256"] = sha256
        auth.add_auth(request)
        return dict(request.headers.items())

    return sign
