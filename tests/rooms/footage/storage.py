"""Off-site storages: moto and SeaweedFS as processes, and every way to fail at will."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
import hashlib
import json
import os
from pathlib import Path
import shutil
import signal
import subprocess
import sys
from typing import Any, Self
from uuid import uuid4

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer
import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from multidict import CIMultiDict
from yarl import URL

from custom_components.gatehouse.footage.s3 import S3, S3Options
from tests.ports import free_ports

KEY_ID = "AKIDGATEHOUSE"
SECRET = "a-secret-that-nobody-else-knows"

MOTO = """
import sys
from moto.server import ThreadedMotoServer
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
print("http://%s:%s" % server.get_host_and_port(), flush=True)
sys.stdin.read()
"""
IDENTITY = {
    "name": "gatehouse",
    "actions": ["Admin", "Read", "Write", "List"],
    "credentials": [{"accessKey": KEY_ID, "secretKey": SECRET}],
}


@contextmanager
def moto() -> Iterator[str]:
    """Run moto's server in a process of its own; it believes every signature."""
    with subprocess.Popen(
        [sys.executable, "-c", MOTO],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as server:
        assert server.stdout
        yield server.stdout.readline().strip()
        server.kill()


class SeaweedFS:
    """A storage that keeps its files on a disk and checks every signature."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._ports = free_ports(8)
        self._process: subprocess.Popen[bytes] | None = None
        (folder / "s3.json").write_text(json.dumps({"identities": [IDENTITY]}))

    @staticmethod
    def program() -> str | None:
        """Return where the program is, None if it is not installed."""
        beside = Path(sys.executable).with_name("weed")
        return str(beside) if beside.exists() else shutil.which("weed")

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._ports[0]}"

    @contextmanager
    def running(self) -> Iterator[Self]:
        """Start it, and leave nothing of it running."""
        self.start()
        try:
            yield self
        finally:
            self.kill()

    def start(self) -> None:
        """Start it; it takes some seconds until it answers."""
        names = "s3.port s3.port.grpc master.port master.port.grpc volume.port volume.port.grpc"
        names += " filer.port filer.port.grpc"
        ports = zip(names.split(), self._ports, strict=True)
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    self.program() or "weed",
                    "server",
                    f"-dir={self._folder}",
                    "-ip=127.0.0.1",
                    "-ip.bind=127.0.0.1",
                    "-s3",
                    f"-s3.config={self._folder / 's3.json'}",
                    "-s3.iam=false",
                    "-s3.port.iceberg=0",
                    "-s3.port.lance=0",
                    "-s3.autoCreateBucket=false",
                    "-master.volumeSizeLimitMB=64",
                    "-master.telemetry=false",
                    "-master.electionTimeout=1s",
                    "-volume.max=1000",
                    *(f"-{name}={port}" for name, port in ports),
                ],
                stdout=log,
                stderr=log,
                # Each bucket has volumes of its own: seven by default.
                env={**os.environ, "WEED_MASTER_VOLUME_GROWTH_COPY_1": "1"},
            )

    def kill(self) -> None:
        """End it without a word, as a power cut does."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
            self._process = None


@dataclass(frozen=True)
class Fault:
    """What goes wrong with one request."""

    status: int | None = None
    """It is answered with this, and does not arrive."""
    code: str = ""
    cut_after: int | None = None
    """The connection breaks after so many bytes of the body."""
    loses_answer: bool = False
    """It arrives, but nobody is told."""
    whole: bool = False
    """Who asks for a part gets everything."""
    seconds: float = 0
    """It waits before it goes on."""
    headers: dict[str, str] | None = None
    """What the answer says otherwise."""


type Weather = Callable[[web.Request, int], Fault | None]
"""Says what goes wrong with a request, which is the so-manyth of its method."""

LEFT_OUT = {"transfer-encoding", "connection", "content-encoding"}


class Storage:
    """One bucket, and the bad line to it."""

    def __init__(self, upstream: str) -> None:
        self.upstream = upstream
        self.bucket = f"clips-{uuid4().hex}"
        self.weather: Weather = lambda request, number: None
        self.is_open = asyncio.Event()
        """Requests wait until this is set."""
        self.is_open.set()
        self.asked: Counter[str] = Counter()
        self.arrived: list[tuple[str, str]] = []
        """Method and key of every request that was let through and answered with success."""
        self.client = boto3.client(
            "s3",
            endpoint_url=upstream,
            aws_access_key_id=KEY_ID,
            aws_secret_access_key=SECRET,
            region_name="us-east-1",
            config=Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1}),
        )
        self._server: TestServer | None = None
        self._port = 0

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(auto_decompress=False)
        await self.come_back()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.go_away()
        await self._session.close()
        self.client.close()

    async def come_back(self) -> None:
        """Take connections, at the same address as before."""
        # An app serves one server: the second one after a break needs another.
        app = web.Application(client_max_size=2**30)
        app.router.add_route("*", "/{path:.*}", self._pass)
        self._server = TestServer(app, host="127.0.0.1", port=self._port or None)
        await self._server.start_server(access_log=None)
        self._port = self._server.port or 0

    async def go_away(self) -> None:
        """Refuse connections, and break those that there are."""
        if self._server is not None:
            server, self._server = self._server, None
            assert server.handler
            for connection in tuple(server.handler.connections):
                connection.force_close()
                if connection.transport is not None:
                    connection.transport.abort()
            await server.close()

    def options(self, **changes: Any) -> S3Options:
        told = {
            "bucket": self.bucket,
            "key_id": KEY_ID,
            "secret": SECRET,
            "endpoint": f"http://127.0.0.1:{self._port}",
            **changes,
        }
        return S3Options(**told)

    def s3(self, **changes: Any) -> S3:
        return S3(self.options(**changes))

    def make_bucket(self) -> None:
        self.client.create_bucket(Bucket=self.bucket)

    def is_made(self) -> bool:
        """Make the bucket if the server has come so far; whether it takes objects."""
        try:
            with suppress(self.client.exceptions.BucketAlreadyOwnedByYou):
                self.make_bucket()
            self.client.put_object(Bucket=self.bucket, Key="first", Body=b"a word")
            self.client.delete_object(Bucket=self.bucket, Key="first")
        except BotoCoreError, ClientError:
            return False
        return True

    def is_empty(self) -> bool:
        return not self.keys() and not self.unfinished()

    def objects(self) -> dict[str, str]:
        """Return the SHA-256 of every object by its key."""
        return {key: hashlib.sha256(self.read(key)).hexdigest() for key in self.keys()}

    def keys(self) -> list[str]:
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket)
        return [each["Key"] for page in pages for each in page.get("Contents", ())]

    def read(self, key: str) -> bytes:
        content: bytes = self.client.get_object(Bucket=self.bucket, Key=key)["Body"].read()
        return content

    def unfinished(self) -> list[str]:
        """Return the keys of multipart uploads that are under way."""
        told = self.client.list_multipart_uploads(Bucket=self.bucket)
        return [each["Key"] for each in told.get("Uploads", ())]

    def puts(self) -> Counter[str]:
        """Return how often each object was put with success."""
        return Counter(key for method, key in self.arrived if method == "PUT")

    async def _pass(self, request: web.Request) -> web.StreamResponse:
        self.asked[request.method] += 1
        fault = self.weather(request, self.asked[request.method]) or Fault()
        await asyncio.sleep(fault.seconds)
        await self.is_open.wait()
        if fault.cut_after is not None:
            await self._cut(request, fault.cut_after)
        body = await request.read()
        if fault.status is not None:
            text = f"<Error><Code>{fault.code}</Code><Message>Not now.</Message></Error>"
            return web.Response(
                status=fault.status, text=text * (request.method != "HEAD"), headers=fault.headers
            )
        answer = await self._passed_on(request, body, fault)
        if fault.loses_answer:
            assert request.transport
            request.transport.abort()
        return answer

    async def _cut(self, request: web.Request, after: int) -> None:
        got = 0
        while got < after and (block := await request.content.readany()):
            got += len(block)
        assert request.transport
        request.transport.abort()

    async def _passed_on(
        self, request: web.Request, body: bytes, fault: Fault
    ) -> web.StreamResponse:
        # The host is signed as well.
        headers = CIMultiDict(request.headers)
        if fault.whole:
            headers.popall("Range", None)
        async with self._session.request(
            request.method,
            URL(f"{self.upstream}{request.raw_path}", encoded=True),
            headers=headers,
            data=body,
            allow_redirects=False,
        ) as said:
            if said.status < 300:
                key = request.path.removeprefix(f"/{self.bucket}/")
                self.arrived.append((request.method, key))
            told = CIMultiDict(
                (name, value)
                for name, value in said.headers.items()
                if name.lower() not in LEFT_OUT
            )
            told.update(fault.headers or {})
            length = told.get("Content-Length")
            response = web.Response(status=said.status, body=await said.read(), headers=told)
            if request.method == "HEAD" and length:
                response.headers["Content-Length"] = length
            return response
