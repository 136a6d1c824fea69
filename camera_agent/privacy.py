"""Which cameras must not look: kept on the disk, and obeyed before any of them is started."""

import asyncio
from collections.abc import Collection, Mapping
from contextlib import suppress
import json
import logging
from pathlib import Path
import time
from typing import Final

from . import asked
from .channel import Channel
from .durable import write_whole
from .errors import Refused
from .models import Picture
from .recorder import Recorder
from .sign import closed_eye
from .spool import Spool
from .wire import RecordingStatus

LOGGER = logging.getLogger(__name__)

SHOWN: Final = 1.0  # seconds between two pictures of the sign


class Privacy:
    """Hides cameras and shows them again; whatever fails leaves a camera hidden."""

    def __init__(
        self, path: Path, channels: Mapping[str, Channel], recorder: Recorder, spool: Spool
    ) -> None:
        """Hide what the file says, before anything runs; blocks. One that is damaged hides all."""
        self._path = path
        self._channels = channels
        self._recorder = recorder
        self._spool = spool
        self._private = _read(path, channels)
        self._signs: dict[tuple[int, int], bytes] = {}
        self._lock = asyncio.Lock()
        self._drawing = asyncio.Lock()
        for camera in self._private & channels.keys():
            self._hide(camera)

    async def run(self) -> None:
        """Show the sign to whoever watches a hidden camera, until cancelled."""
        while True:
            for channel in self._channels.values():
                if channel.is_private:
                    await self._show_sign(channel)
            await asyncio.sleep(SHOWN)

    async def hide(self, camera: str) -> None:
        """Stop a camera now, and keep it so over restarts; its process is gone on return.

        Raises OSError if the disk does not keep it; the camera is hidden all the same.
        """
        async with self._lock:
            self._hide(camera)
            await self._channels[camera].camera.ended()
            await self._keep(self._private | {camera})
        await self._show_sign(self._channels[camera])

    async def show(self, camera: str) -> None:
        """Let a camera look again, once that is on the disk; raises OSError."""
        async with self._lock:
            await self._keep(self._private - {camera})
            if self._channels[camera].is_private:
                self._channels[camera].show()

    def _hide(self, camera: str) -> None:
        """Stop a camera and what is made of its pictures; what was recorded until now is kept."""
        self._channels[camera].hide()
        self._spool.forget_motion(camera)
        for recording in self._recorder.recordings(camera):
            if recording.status is RecordingStatus.RECORDING:
                with suppress(Refused):  # it is just ending
                    self._recorder.extend(camera, recording.id, 0.0)

    async def _keep(self, private: frozenset[str]) -> None:
        text = json.dumps({"private": sorted(private)})
        await asyncio.to_thread(write_whole, self._path, text.encode())
        self._private = private

    async def _show_sign(self, channel: Channel) -> None:
        state = channel.camera.state
        size = state.width, state.height
        async with self._drawing:
            if size not in self._signs:
                self._signs[size] = await asyncio.to_thread(closed_eye, *size)
        if channel.is_private:
            channel.pictures.publish(Picture(self._signs[size], time.time_ns() // 1000))


def _read(path: Path, cameras: Collection[str]) -> frozenset[str]:
    """Return who is private; also cameras that are not there any more, for they may come back."""
    try:
        said = asked.parsed(path.read_bytes())
    except FileNotFoundError:
        return frozenset()
    except OSError as error:
        LOGGER.error("%s cannot be read: %s", path, error)
        said = {}
    if isinstance(private := said.get("private"), list):
        return frozenset(map(str, private))
    LOGGER.error("%s does not tell who is private, so all cameras are", path)
    return frozenset(cameras)
