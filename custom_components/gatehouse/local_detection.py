"""The detector that runs inside Home Assistant: its runtime installed, its model fetched."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from functools import partial
import logging
from pathlib import Path
import shutil
from typing import Final, override

from homeassistant.core import HomeAssistant
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.helpers.storage import STORAGE_DIR

from .const import DOMAIN, MODEL_FILE
from .models import Picture
from .on_demand import RUNTIMES, async_install
from .vision import (
    BadModel,
    Detector,
    DetectorOptions,
    DetectorUnavailable,
    ModelUnavailable,
    NcnnDetector,
    OnnxDetector,
    Runtime,
    Sight,
    fetch_model,
    model_for,
)

_LOGGER = logging.getLogger(__name__)

# A model file of one's own says by its name what runs it.
SUFFIXES: Final = {".onnx": Runtime.ONNXRUNTIME, ".param": Runtime.NCNN}

# After a power cut Home Assistant is up before the router is; a network that stays away is not
# worth more than a look now and then, and a system without packages not even that.
RETRY_FIRST: Final = timedelta(seconds=10)
RETRY_LONGEST: Final = timedelta(minutes=10)
RETRY_INSTALLING: Final = timedelta(hours=1)

type Ready = OnnxDetector | NcnnDetector


class DetectorStatus(StrEnum):
    """How far the detector has come."""

    PREPARING = "preparing"
    INSTALLING = "installing"
    DOWNLOADING = "downloading"
    READY = "ready"
    FAILED = "failed"
    OFF = "off"


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalChoice:
    """What the options say about the detector inside Home Assistant."""

    model: str
    path: str = ""
    threads: int = 1
    """0 is one for each core."""
    providers: tuple[str, ...] = ()
    """The execution providers of onnxruntime, in their order."""

    @property
    def file(self) -> Path | None:
        """The user's own model, None for one that is offered."""
        return Path(self.path) if self.model == MODEL_FILE else None

    @property
    def runtimes(self) -> tuple[Runtime, ...]:
        """What may run it, in the order of trying."""
        if self.file is not None:
            return (SUFFIXES.get(self.file.suffix, Runtime.ONNXRUNTIME),)
        return (Runtime.ONNXRUNTIME,) if self.providers else tuple(RUNTIMES)


class LocalLoading:
    """Makes one detector from nothing, and tells how far that has come."""

    def __init__(
        self,
        hass: HomeAssistant,
        choice: LocalChoice,
        options: DetectorOptions,
        tell: Callable[[DetectorStatus, float | None], None],
    ) -> None:
        """Tell the step, and of a download the fraction that is there."""
        self._hass = hass
        self._choice = choice
        self._options = options
        self._tell = tell

    async def load(self) -> Ready:
        """Take the first runtime that works; raises VisionError, DetectorUnavailable if none does.

        Packages are installed and models fetched where they are not there yet.
        """
        reasons = []
        for runtime in self._choice.runtimes:
            try:
                return await self._load(runtime)
            except DetectorUnavailable as err:
                _LOGGER.info("%s cannot be used here: %s", runtime, err)
                reasons.append(str(err))
        raise DetectorUnavailable(" ".join(reasons))

    async def _load(self, runtime: Runtime) -> Ready:
        await async_install(
            self._hass, RUNTIMES[runtime], lambda: self._tell(DetectorStatus.INSTALLING, None)
        )
        path = self._choice.file or await self._fetched(runtime)
        threads = self._choice.threads
        if runtime is Runtime.NCNN:
            return await NcnnDetector.load(path, self._options, threads=threads)
        return await OnnxDetector.load(
            path, self._options, threads=threads, providers=self._choice.providers
        )

    async def _fetched(self, runtime: Runtime) -> Path:
        """Return the model file, fetched unless it is there."""
        return await fetch_model(
            async_get_clientsession(self._hass),
            model_for(self._choice.model, runtime),
            _models(self._hass),
            lambda fraction: self._tell(DetectorStatus.DOWNLOADING, fraction),
        )


class LocalDetection(Detector):
    """Is there from the first moment; who asks before it is ready waits, or is told to go on."""

    def __init__(
        self,
        hass: HomeAssistant,
        choice: LocalChoice,
        options: DetectorOptions,
        *,
        waits: bool,
        tell: Callable[[], None],
    ) -> None:
        """Load nothing before prepare(); waits unless another detector can be asked meanwhile."""
        self._loading = LocalLoading(hass, choice, options, self._came)
        self._waits = waits
        self._listener = tell
        self._settled = asyncio.Event()
        self._inner: Ready | None = None
        self.status = DetectorStatus.PREPARING
        self.progress: int | None = None
        """Percent of the download, while there is one."""
        self.error: str | None = None

    @property
    def runtime(self) -> str | None:
        """What runs the model, in words for people; None before it does."""
        return self._inner.runtime if self._inner else None

    async def prepare(self) -> None:
        """Make it ready; what the network or the system withholds is tried again until it works."""
        pause = RETRY_FIRST
        while not await self._try(pause):
            pause = min(pause * 2, RETRY_INSTALLING)

    @override
    async def detect(self, newest: Callable[[], Picture]) -> Sight:
        if self._waits:
            await self._settled.wait()
        if self._inner is None:
            raise DetectorUnavailable(self.error or f"The detector is not ready: {self.status}.")
        return await self._inner.detect(newest)

    @override
    async def close(self) -> None:
        """Let go of the model and its thread."""
        inner, self._inner = self._inner, None
        self._settled.set()
        if inner is not None:
            await inner.close()

    async def _try(self, pause: timedelta) -> bool:
        """Return whether that is all that can be done; rest if not."""
        try:
            self._inner = await self._loading.load()
        except (ModelUnavailable, DetectorUnavailable) as err:
            self._fail(str(err))
            longest = RETRY_LONGEST if isinstance(err, ModelUnavailable) else RETRY_INSTALLING
            await asyncio.sleep(min(pause, longest).total_seconds())
            return False
        except BadModel as err:
            self._fail(str(err))
            return True
        self.error = None
        self._settled.set()
        self._came(DetectorStatus.READY)
        return True

    def _fail(self, error: str) -> None:
        if error != self.error:
            _LOGGER.error("No pictures are looked at inside Home Assistant: %s", error)
        self.error = error
        self._settled.set()
        self._came(DetectorStatus.FAILED)

    def _came(self, status: DetectorStatus, fraction: float | None = None) -> None:
        """Tell what is new to people, who read percents."""
        progress = None if fraction is None else int(fraction * 100)
        if (status, progress) != (self.status, self.progress):
            self.status, self.progress = status, progress
            self._listener()


async def async_forget_models(hass: HomeAssistant) -> None:
    """Delete the models that were fetched; who adds Gatehouse again fetches them again."""
    await hass.async_add_executor_job(partial(shutil.rmtree, _models(hass), ignore_errors=True))


def _models(hass: HomeAssistant) -> Path:
    return Path(hass.config.path(STORAGE_DIR, f"{DOMAIN}.models"))
