"""The live pictures of an agent's cameras, for whoever looks and not for us."""

from collections.abc import Callable
from email.message import Message as Headers
from urllib.parse import quote

import aiohttp

from . import wire
from .arrivals import pour, woken_for
from .connection import STREAM, Connection
from .errors import AgentGarbled
from .mjpeg import PartParser


class Live:
    """Asks for streams that are passed on."""

    def __init__(self, connection: Connection) -> None:
        """Nothing is sent before somebody asks."""
        self._connection = connection

    async def follow(self, camera: str, take: Callable[[bytes], None]) -> None:
        """Give each part of a stream, to the boundary after it (see `BOUNDARY`), as it comes.

        There are as many as the camera gives, until the agent ends the stream.
        """
        path = wire.STREAM.format(camera=quote(camera, safe=""))
        async with self._connection.request("GET", path, timeout=STREAM) as response:
            parser = PartParser(boundary_of(response))
            with woken_for(response) as misses:

                def pass_on(data: bytes) -> None:
                    for part in parser.feed(data):
                        take(part)
                    misses(parser.missing)

                await pour(response, pass_on)


def expect(response: aiohttp.ClientResponse, kind: str) -> None:
    """Raise AgentGarbled for an answer of another kind."""
    if response.content_type != kind:
        raise AgentGarbled(f"The agent sent {response.content_type} where {kind} belongs.")


def boundary_of(response: aiohttp.ClientResponse) -> str:
    """Return what is between the parts of a stream; raises AgentGarbled."""
    expect(response, "multipart/x-mixed-replace")
    headers = Headers()
    headers["Content-Type"] = response.headers["Content-Type"]
    boundary = headers.get_boundary()
    if boundary is None:
        raise AgentGarbled("The agent's stream of pictures names no boundary.")
    return boundary.removeprefix("--")
