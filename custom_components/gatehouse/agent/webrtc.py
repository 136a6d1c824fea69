"""Browsers that watch an agent's cameras by WebRTC: what is said for them over HTTP."""

from dataclasses import dataclass
from http import HTTPStatus
import re
from typing import Final
from urllib.parse import quote, unquote

from . import wire
from .connection import ANSWER, Connection, read
from .errors import AgentGarbled

_LIVE: Final = re.compile(re.escape(wire.LIVE).replace(r"\{camera\}", "([^/]+)"))
_SESSION: Final = re.compile("[0-9A-Za-z_-]{1,64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Watching:
    """A browser that may watch a camera, as soon as it has taken the answer to its offer."""

    camera: str
    session: str
    sdp: str


class WebRtc:
    """Speaks for browsers with one agent; cameras are called by its own ids."""

    def __init__(self, connection: Connection) -> None:
        """Ask over this connection."""
        self._connection = connection

    def camera_of(self, url: str) -> str | None:
        """Return the camera whose live H.264 is at an address; None if it is not the agent's."""
        path = self._connection.path_of(url)
        found = path and _LIVE.fullmatch(path)
        return unquote(found[1]) if found else None

    async def watch(self, camera: str, offer: str) -> Watching:
        """Have a browser's offer (SDP) answered; raises AgentError."""
        path = _at(wire.WHEP, camera)
        headers = {"Content-Type": wire.SDP}
        async with self._connection.request(
            "POST", path, timeout=ANSWER, data=offer.encode(), headers=headers
        ) as response:
            session = response.headers.get("Location", "").rpartition("/")[2]
            if response.status != HTTPStatus.CREATED or not _SESSION.fullmatch(session):
                raise AgentGarbled("The agent names no session for the browser.")
            sdp = (await read(response)).decode(errors="replace")
        return Watching(camera=camera, session=session, sdp=sdp)

    async def leave(self, watching: Watching) -> None:
        """Tell that a browser watches no more; raises AgentError, also if it was told before."""
        path = f"{_at(wire.WHEP, watching.camera)}/{watching.session}"
        async with self._connection.request("DELETE", path, timeout=ANSWER):
            pass


def _at(path: str, camera: str) -> str:
    return path.format(camera=quote(camera, safe=""))
