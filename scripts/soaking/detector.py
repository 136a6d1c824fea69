"""A detection service that is never wrong, and tells the soak whom it was shown: a program."""

import json
import socket
import sys
import time

from aiohttp import web

from .film import look
from .served import Failing, serve


class Service:
    """Answers `POST /detect`."""

    def __init__(self, told: str) -> None:
        self._told = told
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)

    async def detect(self, request: web.Request) -> web.Response:
        """Look at a JPEG, which is the body."""
        try:
            seen = look(await request.read())
        except OSError:
            return web.json_response({"error": "This is no picture."}, status=400)
        if seen.box is None:
            return web.json_response({"detections": []})
        self._tell({"camera": seen.camera, "at": time.time(), "walked": seen.walked})
        box = dict(zip(("xmin", "ymin", "xmax", "ymax"), seen.box, strict=True))
        return web.json_response({"detections": [{"label": "person", "score": 0.9, "box": box}]})

    def _tell(self, sighting: dict[str, float]) -> None:
        self._socket.sendto(json.dumps(sighting).encode(), self._told)


def main(port: int, told: str) -> None:
    """Serve at a port, and tell at a socket."""
    app = web.Application(client_max_size=2**26, middlewares=[Failing().fail])
    app.router.add_post("/detect", Service(told).detect)
    serve(app, port)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
