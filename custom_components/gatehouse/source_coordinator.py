"""A camera that is on no agent, and that we record ourselves: what all kinds of them share."""

from abc import abstractmethod
import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterable
from contextlib import aclosing
from dataclasses import dataclass
from datetime import timedelta
import logging
from typing import TYPE_CHECKING, Any, Final, override

from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import CoreState, HomeAssistant, callback
from homeassistant.util import dt as dt_util

from .agent import Recording, RecordingChanged
from .coordinator import UNSEEN, CameraCoordinator, CameraData, CamerasData
from .footage import LocalRecorder, Movie, as_piece
from .media_root import media_root
from .models import CameraInfo, CameraState, CameraStatus, Picture

if TYPE_CHECKING:
    from . import GatehouseConfigEntry

_LOGGER = logging.getLogger(__name__)

# The one camera of its subentry.
CAMERA: Final = "camera"

# What we record ourselves is beside what comes from the agents, until both are filed.
RECORDINGS: Final = ".gatehouse/local"


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceListener:
    """Where the news of these cameras goes; they are called by their site-wide keys."""

    motion: Callable[[str, bool], None]
    lost: Callable[[str], None]
    recording: Callable[[str, RecordingChanged], None]


class SourceCoordinator(CameraCoordinator[CamerasData]):
    """One camera from elsewhere, which we record ourselves."""

    late = timedelta(seconds=3)
    """How long after its moment a picture may be here."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: GatehouseConfigEntry,
        subentry: ConfigSubentry,
        listener: SourceListener,
        encoders: asyncio.Semaphore,
    ) -> None:
        """Tell the camera's news, and share the encoders with the others."""
        info = CameraInfo(id=CAMERA, name=subentry.title, width=0, height=0, fps=0.0)
        cameras = {CAMERA: CameraData(info=info, state=UNSEEN)}
        super().__init__(hass, entry, subentry, subentry.subentry_id, CamerasData(cameras=cameras))
        self._listener = listener
        self._warned = False
        self.recorder = LocalRecorder(
            media_root(hass) / RECORDINGS / self.owner,
            late=self.late,
            movies=self._movies,
            encoders=encoders,
            changed=self._tell_recording,
            now=dt_util.utcnow,
        )

    @callback
    @override
    def async_register_device(self, site: str) -> None:
        """The camera's own device, which its entities make, hangs below the site's."""
        self.device_id = site

    @override
    async def follow(self) -> None:
        """Follow the camera, and record it, until cancelled; nobody knows of it then."""
        try:
            async with asyncio.TaskGroup() as tasks:
                for story in (self.recorder.run(), *self._stories()):
                    tasks.create_task(story)
        finally:
            self._show(UNSEEN)

    @property
    def stream_problem(self) -> str | None:
        """Why only stills of the camera are recorded, None if there is a stream of it."""
        return "it has no stream"

    @abstractmethod
    def _stories(self) -> Iterable[Coroutine[Any, Any, None]]:
        """Return what follows the camera until cancelled, also when it goes and comes."""

    def _movies(self) -> Iterable[Movie]:
        """Return what the camera has filmed by itself."""
        return ()

    async def _recorded(self, pictures: AsyncGenerator[Picture]) -> AsyncGenerator[Picture]:
        """Pass pictures on that may be recorded too."""
        async with aclosing(pictures):
            async for picture in pictures:
                self.recorder.take(as_piece(picture))
                yield picture

    @callback
    def _tell_recording(self, recording: Recording) -> None:
        self._listener.recording(self.key(CAMERA), RecordingChanged(recording=recording))

    @callback
    def _be_there(self, *, moving: bool) -> None:
        if self._warned:
            _LOGGER.info("%s gives pictures again", self.name)
            self._warned = False
        self._show(CameraState(status=CameraStatus.ONLINE, moving=moving))

    @callback
    def _be_away(self, error: str) -> None:
        # While Home Assistant starts, one integration comes after the other.
        if not self._warned and self.hass.state is CoreState.running:
            _LOGGER.warning("%s gives no pictures: %s", self.name, error)
            self._warned = True
        self._show(CameraState(status=CameraStatus.OFFLINE, error=error))

    @callback
    def _show(self, state: CameraState) -> None:
        """Have the camera's state seen, and its motion told."""
        if state == self.data.cameras[CAMERA].state:
            return
        self._change(CAMERA, state=state)
        if state.online:
            self._listener.motion(self.key(CAMERA), state.moving)
        else:
            self._listener.lost(self.key(CAMERA))
