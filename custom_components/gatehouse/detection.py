"""The detector that the options ask for, made ready in the background."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
import logging
from pathlib import Path
from typing import Final, override

from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.helpers.storage import STORAGE_DIR
from homeassistant.requirements import RequirementsNotFound, async_process_requirements

from .const import DETECTOR_OFF, DETECTOR_REMOTE, DOMAIN, MODEL_FILE
from .models import Picture
from .vision import (
    MODELS,
    BadModel,
    Detector,
    DetectorOptions,
    DetectorUnavailable,
    ModelUnavailable,
    NoDetector,
    OnnxDetector,
    RemoteDetector,
    Sight,
    fetch_model,
)

_LOGGER = logging.getLogger(__name__)

# No wheel for musl: Home Assistant OS cannot install it, so it is never a manifest requirement.
RUNTIME: Final = "onnxruntime>=1.20"

# After a power cut Home Assistant is up before the router is; a network that stays away is not
# worth more than a look now and then.
RETRY_FIRST: Final = timedelta(seconds=10)
RETRY_LONGEST: Final = timedelta(minutes=10)

ISSUE: Final = "detector_unavailable"


class DetectorStatus(StrEnum):
    """How far the detector has come."""

    PREPARING = "preparing"
    INSTALLING = "installing"
    DOWNLOADING = "downloading"
    READY = "ready"
    FAILED = "failed"
    OFF = "off"


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectorChoice:
    """What the options say about detection."""

    kind: str
    model: str
    model_path: str
    remote_url: str
    options: DetectorOptions


class Detection(Detector):
    """A detector for everybody, from the first moment: who asks too early waits his turn."""

    def __init__(self, hass: HomeAssistant, choice: DetectorChoice) -> None:
        """Nothing is loaded before prepare()."""
        self._hass = hass
        self._choice = choice
        self._ready = asyncio.Event()
        self._inner: Detector | None = None
        self._listeners: list[Callable[[], None]] = []
        self.status = DetectorStatus.PREPARING
        self.progress: int | None = None
        """Percent of the download, while there is one."""
        self.error: str | None = None

    @property
    def looks(self) -> bool:
        """Whether pictures are wanted at all."""
        return self._choice.kind != DETECTOR_OFF

    def subscribe(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call listener when the status changes, until unsubscribed."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    async def prepare(self) -> None:
        """Make the chosen detector ready, or say in a repair issue why it is not.

        A model that cannot be fetched is tried again until it can.
        """
        pause = RETRY_FIRST
        while True:
            try:
                self._inner = await self._load()
                break
            except ModelUnavailable as err:
                self._fail(str(err))
                await asyncio.sleep(pause.total_seconds())
                pause = min(pause * 2, RETRY_LONGEST)
            except (DetectorUnavailable, BadModel) as err:
                self._fail(str(err))
                return
        ir.async_delete_issue(self._hass, DOMAIN, ISSUE)
        self.error = None
        self._tell(
            DetectorStatus.OFF if isinstance(self._inner, NoDetector) else DetectorStatus.READY
        )
        self._ready.set()

    @override
    async def detect(self, newest: Callable[[], Picture]) -> Sight:
        """Detect as the chosen detector does; waits until it is ready."""
        await self._ready.wait()
        if self._inner is None:
            raise DetectorUnavailable(self.error or "The detector is closed.")
        return await self._inner.detect(newest)

    @override
    async def close(self) -> None:
        """Let go of the model and its thread."""
        inner, self._inner = self._inner, None
        self._ready.set()
        if inner is not None:
            await inner.close()

    async def _load(self) -> Detector:
        choice = self._choice
        if choice.kind == DETECTOR_OFF:
            return NoDetector()
        if choice.kind == DETECTOR_REMOTE:
            session = async_get_clientsession(self._hass)
            return RemoteDetector(session, choice.remote_url, choice.options)
        await self._install_runtime()
        return await OnnxDetector.load(await self._model(), choice.options)

    async def _install_runtime(self) -> None:
        """Install onnxruntime where that is possible and not already done."""
        if self._hass.config.skip_pip:
            return
        self._tell(DetectorStatus.INSTALLING)
        try:
            await async_process_requirements(self._hass, DOMAIN, [RUNTIME], is_built_in=False)
        except RequirementsNotFound as err:
            raise DetectorUnavailable(
                "onnxruntime cannot be installed on this system (Home Assistant OS has no package "
                "of it). Choose a detection service in Gatehouse's options instead."
            ) from err

    async def _model(self) -> Path:
        """Return the model file, fetched first if it is one of the named ones."""
        if self._choice.model == MODEL_FILE:
            return Path(self._choice.model_path)
        self._tell(DetectorStatus.DOWNLOADING)
        return await fetch_model(
            async_get_clientsession(self._hass),
            MODELS[self._choice.model],
            Path(self._hass.config.path(STORAGE_DIR, f"{DOMAIN}.models")),
            self._downloaded,
        )

    def _downloaded(self, fraction: float) -> None:
        percent = int(fraction * 100)
        if percent != self.progress:
            self._tell(DetectorStatus.DOWNLOADING, percent)

    def _tell(self, status: DetectorStatus, progress: int | None = None) -> None:
        self.status = status
        self.progress = progress
        for listener in tuple(self._listeners):
            listener()

    def _fail(self, error: str) -> None:
        if error != self.error:
            _LOGGER.error("Detection is not available: %s", error)
        self.error = error
        self._ready.set()
        self._tell(DetectorStatus.FAILED)
        ir.async_create_issue(
            self._hass,
            DOMAIN,
            ISSUE,
            is_fixable=False,
            severity=ir.IssueSeverity.ERROR,
            translation_key="detector_unavailable",
            translation_placeholders={"error": error},
        )
