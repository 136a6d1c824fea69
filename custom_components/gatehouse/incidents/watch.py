"""One camera's story: asleep until something moves, then its newest picture to the detector."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
import logging
from uuid import uuid4

from ..models import Incident, IncidentState
from ..vision import BadPicture, Detector, Sight, VisionError
from .journal import Journal
from .pictures import Newest, Watched
from .rules import (
    IncidentOptions,
    Presence,
    Scene,
    after,
    closed,
    is_over,
    looked,
    pace,
    retry_delay,
)

_LOGGER = logging.getLogger(__name__)


class Watch:
    """Whether somebody is in one camera's view, and the incident that makes."""

    def __init__(
        self,
        source: Watched,
        detector: Detector,
        journal: Journal,
        options: IncidentOptions,
        tell: Callable[[Presence], None],
        *,
        clock: Callable[[], float],
    ) -> None:
        """Be asleep and switched on; the clock counts seconds and is never set."""
        self._source = source
        self._detector = detector
        self._journal = journal
        self._options = options
        self._tell = tell
        self._clock = clock
        self._scene = Scene()
        self._moving = False
        self._on = True
        self._interruptions = 0
        self._unreadable = 0
        self._failures = 0
        self._stirred = asyncio.Event()

    def motion(self, moving: bool) -> None:
        """Take the agent's word on whether anything moves."""
        self._moving = moving
        self._stirred.set()

    def switch(self, on: bool) -> None:
        """Look, or look away at once."""
        self._on = on
        self._stirred.set()
        if not on:
            self.interrupt()

    def interrupt(self) -> None:
        """Nobody is known to be there any more, whatever is still under way."""
        self._interruptions += 1
        self._end(IncidentState.INTERRUPTED)
        self._become(Scene())

    async def run(self) -> None:
        """Watch until cancelled; what is open then is interrupted and written."""
        name = self._source.name
        watching = asyncio.create_task(self._watch(), name=f"gatehouse pictures {name}")
        writing = asyncio.create_task(self._journal.run(), name=f"gatehouse journal {name}")
        try:
            await asyncio.wait((watching, writing), return_when=asyncio.FIRST_COMPLETED)
        finally:
            # In this order: the journal must not be cut off while it writes.
            await _cancel(watching)
            try:
                await self.stop()
            finally:
                await _cancel(writing)
        for task in (watching, writing):
            if not task.cancelled():
                task.result()

    async def stop(self) -> None:
        """Interrupt what is open, and wait until it is written."""
        self.interrupt()
        await self._journal.settle()

    async def _watch(self) -> None:
        while True:
            self._stirred.clear()
            if self._is_awake:
                await self._look()
            else:
                await self._stirred.wait()

    @property
    def _is_awake(self) -> bool:
        busy = self._moving or self._scene.presence.present or self._scene.incident is not None
        return self._on and busy

    async def _look(self) -> None:
        """Read pictures until nothing moves and nobody is there."""
        newest = Newest(self._source, lambda: pace(self._moving, self._options), self._options)
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(newest.read()), group.create_task(self._detect(newest))]
            while self._is_awake:
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._options.tick.total_seconds()):
                        await self._stirred.wait()
                self._stirred.clear()
                self._settle()
            for task in tasks:
                task.cancel()
        self._become(Scene())  # what the last frames showed means nothing for the next ones

    async def _detect(self, newest: Newest) -> None:
        while True:
            await newest.arrived()
            interruptions = self._interruptions
            try:
                sight = await self._detector.detect(newest.take)
            except BadPicture as error:
                self._skip(error)
            except VisionError as error:
                await self._rest(error)
            else:
                self._recover()
                if interruptions == self._interruptions:
                    self._judge(sight)

    def _judge(self, sight: Sight) -> None:
        """Take one more frame into the scene."""
        captured = sight.picture.captured
        self._settle(captured)
        found = tuple(each for each in sight.detections if each.label in self._options.labels)
        blank = _blank(self._source.camera, captured)
        self._become(
            looked(
                self._scene,
                found,
                captured,
                now=self._clock(),
                blank=blank,
                options=self._options,
            )
        )
        if self._scene.incident:
            self._journal.note(self._scene.incident, Sight(picture=sight.picture, detections=found))

    def _settle(self, captured: datetime | None = None) -> None:
        """Close the incident if its time is over; leave it to the journal if not."""
        now = self._clock()
        if is_over(self._scene, now=now, captured=captured, options=self._options):
            self._end(IncidentState.CLOSED)
            self._become(after(self._scene, now=now))
        elif self._scene.incident:
            self._journal.note(self._scene.incident)

    def _end(self, state: IncidentState) -> None:
        incident = self._scene.incident
        if incident:
            silence = timedelta(seconds=self._clock() - self._scene.heard)
            self._journal.note(closed(incident, state, silence, self._options))

    def _become(self, scene: Scene) -> None:
        before, self._scene = self._scene, scene
        if before.presence != scene.presence:
            self._tell(scene.presence)

    def _skip(self, error: BadPicture) -> None:
        self._unreadable += 1
        level = logging.WARNING if self._unreadable == 1 else logging.DEBUG
        _LOGGER.log(level, "Bad picture %s of %s: %s", self._unreadable, self._source.name, error)

    async def _rest(self, error: VisionError) -> None:
        self._failures += 1
        if self._failures == 1:
            _LOGGER.warning("Nobody is detected on %s for now: %s", self._source.name, error)
        pause = retry_delay(self._failures, self._options.tick)
        await asyncio.sleep(pause.total_seconds())

    def _recover(self) -> None:
        if self._failures:
            _LOGGER.info("Detection on %s works again", self._source.name)
        self._failures = 0


def _blank(camera: str, captured: datetime) -> Incident:
    return Incident(
        id=uuid4().hex,
        camera=camera,
        state=IncidentState.OPEN,
        started=captured,
        last_seen=captured,
    )


async def _cancel(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait((task,))
