"""The cameras that are on no agent: an upload folder, or one that Home Assistant has already."""

from abc import abstractmethod
import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterable, Iterator
from contextlib import ExitStack, aclosing, suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, override

from homeassistant.config_entries import ConfigSubentry
from homeassistant.const import STATE_ON, STATE_UNAVAILABLE
from homeassistant.core import CoreState, Event, HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.event import (
    async_track_entity_registry_updated_event,
    async_track_state_change_event,
)
from homeassistant.helpers.start import async_at_started
from homeassistant.util import dt as dt_util

from .agent import Recording, RecordingChanged
from .const import (
    CONF_CAMERA,
    CONF_FOLDER,
    CONF_INTERVAL,
    CONF_MOTION,
    CONF_STREAM,
    SUBENTRY_ENTITY,
    SUBENTRY_FOLDER,
)
from .coordinator import UNSEEN, CameraCoordinator, CameraData, CamerasData
from .footage import LocalRecorder, Movie, Stream, as_piece
from .incidents import PicturesLost, Watched
from .media_root import media_root
from .models import CameraInfo, CameraState, CameraStatus, Picture
from .stills import Stills, async_stream_source
from .uploads import UploadFolder, UploadOptions, UploadsLost, check

if TYPE_CHECKING:
    from . import GatehouseConfigEntry

_LOGGER = logging.getLogger(__name__)

# The one camera of its subentry.
CAMERA: Final = "camera"

# A folder on a drive that is away is looked for again after this.
RETRY: Final = timedelta(seconds=10)
# One that is lost again before this cannot be watched, though it is there: a folder in it is
# closed to us, for one.
STEADY: Final = timedelta(seconds=1)

# What we record ourselves is beside what comes from the agents, until both are filed.
RECORDINGS: Final = ".gatehouse/local"
# Each encoder has a core for itself, and Home Assistant needs one too.
ENCODERS: Final = 4


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


class FolderCoordinator(SourceCoordinator):
    """A camera that uploads its pictures to a folder."""

    # Uploading takes its time. An incident of uploads waits for the next one in any case.
    late = timedelta(seconds=10)

    def __init__(
        self,
        hass: HomeAssistant,
        entry: GatehouseConfigEntry,
        subentry: ConfigSubentry,
        listener: SourceListener,
        encoders: asyncio.Semaphore,
    ) -> None:
        """Watch the folder of the subentry."""
        super().__init__(hass, entry, subentry, listener, encoders)
        self._path = Path(subentry.data[CONF_FOLDER])
        self._folder = UploadFolder(
            self._path,
            name=subentry.title,
            options=UploadOptions(zone=dt_util.get_default_time_zone()),
            on_moving=lambda moving: self._be_there(moving=moving),
        )

    @property
    def newest(self) -> Picture | None:
        """The picture that came last, None until one has come."""
        return self._folder.newest

    @override
    def watched(self, camera: str) -> Watched:
        """Return how to watch the uploads: one picture is enough, its camera saw motion."""
        return Watched(
            camera=self.key(camera),
            name=self.subentry.title,
            pictures=lambda fps: self._recorded(self._pictures(fps)),
            needed=1,
        )

    @override
    def _stories(self) -> Iterable[Coroutine[Any, Any, None]]:
        yield self._follow()

    @override
    def _movies(self) -> Iterable[Movie]:
        return self._folder.movies

    async def _follow(self) -> None:
        while True:
            try:
                await check(self._path)
                await self._watch()
            except UploadsLost as err:
                self._be_away(str(err))
            await asyncio.sleep(RETRY.total_seconds())

    async def _watch(self) -> None:
        steady = self.hass.loop.call_later(STEADY.total_seconds(), self._become_steady)
        try:
            await self._folder.run()
        finally:
            steady.cancel()

    @callback
    def _become_steady(self) -> None:
        if not self.data.cameras[CAMERA].state.online:
            self._be_there(moving=False)

    async def _pictures(self, fps: float) -> AsyncGenerator[Picture]:
        try:
            async with aclosing(self._folder.pictures(fps)) as pictures:
                async for picture in pictures:
                    yield picture
        except UploadsLost as err:
            raise PicturesLost(str(err)) from err


class EntityCoordinator(SourceCoordinator):
    """A camera that Home Assistant has already, asked for stills while something moves."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: GatehouseConfigEntry,
        subentry: ConfigSubentry,
        listener: SourceListener,
        encoders: asyncio.Semaphore,
    ) -> None:
        """Follow the entities of the subentry."""
        super().__init__(hass, entry, subentry, listener, encoders)
        self._camera: str = subentry.data[CONF_CAMERA]
        self._sensor: str | None = subentry.data.get(CONF_MOTION)
        self._entities = [self._camera, *filter(None, [self._sensor])]
        self._stills = Stills(hass, self._camera, self._refresh)
        self._records_stream: bool = subentry.data.get(CONF_STREAM, True)
        self._stream = Stream(
            subentry.title,
            partial(async_stream_source, hass, self._camera),
            self.recorder.take,
            now=dt_util.utcnow,
        )

    @override
    def watched(self, camera: str) -> Watched:
        """Return how to watch the camera: told by a motion sensor, or at an interval."""
        interval = timedelta(seconds=self.subentry.data[CONF_INTERVAL])
        return Watched(
            camera=self.key(camera),
            name=self.subentry.title,
            pictures=lambda fps: self._recorded(self._stills.pictures(fps)),
            idle_check=None if self._sensor else interval,
        )

    @callback
    @override
    def camera_entity_id(self, camera: str) -> str | None:
        """Return the camera that is there already."""
        return self._camera

    @property
    @override
    def stream_problem(self) -> str | None:
        return self._stream.problem if self._records_stream else "it is not to be recorded"

    @override
    def _stories(self) -> Iterable[Coroutine[Any, Any, None]]:
        yield self._follow()
        yield self._feed()
        if self._records_stream:
            yield self._stream.run()

    async def _feed(self) -> None:
        """Ask for stills while the camera is recorded and nobody else does."""
        while True:
            await self.recorder.starved()
            with suppress(PicturesLost):
                self.recorder.take(as_piece(await self._stills.newest()))

    async def _follow(self) -> None:
        hass, entities = self.hass, self._entities
        with ExitStack() as stack:
            stack.callback(async_track_state_change_event(hass, entities, self._refresh))
            stack.callback(
                async_track_entity_registry_updated_event(hass, entities, self._follow_name)
            )
            stack.callback(async_at_started(hass, self._refresh))
            self._refresh()
            # Nothing is told to move in front of a camera that is away, so nobody else asks it.
            await self._stills.run()

    @callback
    def _refresh(self, _: object = None) -> None:
        """Show what the entities' states and the last stills tell."""
        error = next(filter(None, map(self._problem, self._entities)), self._stills.error)
        if error:
            self._be_away(error)
        else:
            self._be_there(moving=self.hass.states.is_state(self._sensor or "", STATE_ON))

    def _problem(self, entity: str) -> str | None:
        # Who cannot hear of motion would never look: better away than blind.
        state = self.hass.states.get(entity)
        if state is None:
            return f"{entity} does not exist"
        return f"{entity} is not available" if state.state == STATE_UNAVAILABLE else None

    @callback
    def _follow_name(self, event: Event[er.EventEntityRegistryUpdatedData]) -> None:
        """Take an entity's new id; the site is loaded again with it."""
        if event.data["action"] != "update" or not (old := event.data.get("old_entity_id")):
            return
        data: dict[str, Any] = {
            field: event.data["entity_id"] if value == old else value
            for field, value in self.subentry.data.items()
        }
        self.hass.config_entries.async_update_subentry(self.config_entry, self.subentry, data=data)


def source_coordinators(
    hass: HomeAssistant,
    entry: GatehouseConfigEntry,
    motion: Callable[[str, bool], None],
    lost: Callable[[str], None],
    recording: Callable[[str, RecordingChanged], None] = lambda _camera, _news: None,
) -> Iterator[SourceCoordinator]:
    """Make one for each camera that the site has from elsewhere."""
    listener = SourceListener(motion=motion, lost=lost, recording=recording)
    encoders = asyncio.Semaphore(ENCODERS)
    kinds = {SUBENTRY_FOLDER: FolderCoordinator, SUBENTRY_ENTITY: EntityCoordinator}
    for subentry in entry.subentries.values():
        if kind := kinds.get(subentry.subentry_type):
            yield kind(hass, entry, subentry, listener, encoders)
