"""One detector for everybody, made of those that the user chose."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Final, override

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.event import async_call_later

from .const import DOMAIN, DetectorKind
from .detector_choice import (
    DetectorChoice,
    Misplaced,
    async_prepare_service,
    detector_choice,
    service_detector,
)
from .local_detection import RETRY_LONGEST, DetectorStatus, LocalDetection
from .models import Picture
from .vision import (
    Detector,
    DetectorHealth,
    DetectorState,
    DetectorUnavailable,
    Lineup,
    NoDetector,
    Sight,
)

__all__ = ["Detection", "DetectorChoice", "DetectorStatus", "detector_choice"]

ISSUE: Final = "detector_unavailable"

# A service that restarts is back by then, and no repair for anybody.
GRACE: Final = timedelta(minutes=5)


class Detection(Detector):
    """Asks them in their order, and tells how they do."""

    def __init__(self, hass: HomeAssistant, choice: DetectorChoice) -> None:
        """Nothing is loaded before prepare()."""
        self._hass = hass
        self._choice = choice
        self._listeners: list[Callable[[], None]] = []
        self._overdue: CALLBACK_TYPE | None = None
        self._local = self._make_local()
        self._lineup = Lineup(list(map(self._member, choice.order))) if choice.order else None
        self._detector: Detector = self._lineup or NoDetector()
        if self._lineup:
            self._lineup.subscribe(self._changed)

    @property
    def looks(self) -> bool:
        """Whether pictures are wanted at all."""
        return self._lineup is not None

    @property
    def status(self) -> DetectorStatus:
        """How the site's detection does: failed only if nobody can be asked."""
        if not self.looks:
            return DetectorStatus.OFF
        if self._local and self._local.status is not DetectorStatus.FAILED:
            return self._local.status
        others = {each.state for each in self.health if each.name != DetectorKind.LOCAL}
        failed = others <= {DetectorState.FAILING}
        return DetectorStatus.FAILED if failed else DetectorStatus.READY

    @property
    def progress(self) -> int | None:
        """Percent of the model's download, while there is one."""
        return self._local.progress if self._local else None

    @property
    def runtime(self) -> str | None:
        """What runs the model inside Home Assistant, None if nothing does."""
        return self._local.runtime if self._local else None

    @property
    def error(self) -> str | None:
        """Why nobody looks, or nobody inside Home Assistant."""
        if self._local and self._local.error:
            return self._local.error
        if self.status is not DetectorStatus.FAILED:
            return None
        return next((each.error for each in self.health if each.error), None)

    @property
    def health(self) -> tuple[DetectorHealth, ...]:
        """How each detector does, in the order of asking, by its kind."""
        return self._lineup.health() if self._lineup else ()

    @property
    def names(self) -> dict[DetectorKind, str]:
        """What people call the detectors, in the order of asking."""
        return self._choice.names

    def subscribe(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call listener when the status or a detector's state changes, until unsubscribed."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    async def prepare(self) -> None:
        """Make ready what has to be made ready here."""
        services = map(self._prepare_service, self._choice.order)
        local = [self._local.prepare()] if self._local else []
        await asyncio.gather(*local, *services)

    @override
    async def detect(self, newest: Callable[[], Picture]) -> Sight:
        return await self._detector.detect(newest)

    @override
    async def close(self) -> None:
        """Let go of all of them."""
        self._calm()
        await self._detector.close()

    def _make_local(self) -> LocalDetection | None:
        if DetectorKind.LOCAL not in self._choice.order:
            return None
        local, options = self._choice.local, self._choice.options
        alone = len(self._choice.order) == 1
        return LocalDetection(self._hass, local, options, waits=alone, tell=self._changed)

    def _member(self, kind: DetectorKind) -> tuple[str, Detector]:
        if kind is DetectorKind.LOCAL and self._local:
            return kind, self._local
        try:
            return kind, service_detector(self._hass, kind, self._choice)
        except ValueError as err:
            return kind, Misplaced(str(err))

    async def _prepare_service(self, kind: DetectorKind) -> None:
        while True:
            try:
                await async_prepare_service(self._hass, kind, self._choice)
            except DetectorUnavailable:  # the detector says so itself, to whoever asks it
                await asyncio.sleep(RETRY_LONGEST.total_seconds())
            else:
                return

    @callback
    def _changed(self) -> None:
        if self.status is not DetectorStatus.FAILED:
            self._calm()
            ir.async_delete_issue(self._hass, DOMAIN, ISSUE)
        elif self._local:
            self._report()
        elif self._overdue is None:
            self._overdue = async_call_later(self._hass, GRACE, self._report)
        for listener in tuple(self._listeners):
            listener()

    @callback
    def _calm(self) -> None:
        """Wait no longer for the moment to report."""
        if self._overdue:
            self._overdue()
            self._overdue = None

    @callback
    def _report(self, _: object = None) -> None:
        """Say in a repair issue that nobody is detected, and why."""
        ir.async_create_issue(
            self._hass,
            DOMAIN,
            ISSUE,
            is_fixable=False,
            severity=ir.IssueSeverity.ERROR,
            translation_key="detector_unavailable",
            translation_placeholders={"error": self.error or ""},
        )
