"""What is asked of an agent for the sake of its cameras and of the machine itself."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

from ..models import CameraState
from . import wire
from .cameras import parse_camera
from .connection import ANSWER, Connection
from .errors import AgentOutdated, AgentRefused


class Upkeep:
    """Looks after one agent; cameras are called by its own ids.

    All of it raises AgentError: AgentOutdated where the agent is too old for it.
    """

    def __init__(self, connection: Connection) -> None:
        """Ask over this connection."""
        self._connection = connection

    async def set_private(self, camera: str, private: bool) -> CameraState:
        """Have a camera's capture stopped on the machine itself, or begun again.

        It stays so over restarts. Returns how the camera is now.
        """
        with _of_today():
            path, body = _at(wire.PRIVACY, camera), {"private": private}
            return parse_camera(await self._connection.json("PUT", path, body))

    async def restart_camera(self, camera: str) -> None:
        """Have a camera's process ended and begun anew."""
        await self._post(_at(wire.RESTART_CAMERA, camera))

    async def restart(self) -> None:
        """Have the agent end and begin anew; what it records is finished before."""
        await self._post(wire.RESTART)

    async def reboot(self) -> None:
        """Have the machine start anew; AgentRefused `not_allowed` says what is missing for it."""
        await self._post(wire.REBOOT)

    async def _post(self, path: str) -> None:
        body: Mapping[str, Any] = {}
        with _of_today():
            async with self._connection.request("POST", path, timeout=ANSWER, body=body):
                pass


@contextmanager
def _of_today() -> Iterator[None]:
    try:
        yield
    except AgentRefused as error:
        if error.code != wire.ErrorCode.NOT_FOUND:
            raise
        raise AgentOutdated("The agent knows nothing of that; update it.") from error


def _at(path: str, camera: str) -> str:
    return path.format(camera=quote(camera, safe=""))
