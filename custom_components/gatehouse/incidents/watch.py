"""One camera's story: asleep until something moves, then its newest picture to the detector."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
import logging

from ..vision import BadPicture, Detector, Sight, VisionError
from ..zones import CameraRules
from .house import House
from .nouns import PERSON, IncidentOptions, Presence
from .pictures import DOUBT, Newest, Watched
from .place import Place
from .rules import pace
from .signs import counted, sign_of, track_rules, zones_held
from .track import TrackRules
from .tracks import Tracks, faded, followed, present, seen_now, settled, unwatched

_LOGGER = logging.getLogger(__name__)


class Watch:
    """Who is in one camera's view."""

    def __init__(
        self,
        source: Watched,
        detector: Detector,
        rules: Callable[[], CameraRules],
        place: Place,
        options: IncidentOptions,
        house: House,
    ) -> None:
        """Be asleep and switched on."""
        self._source = source
        self._detector = detector
        self._rules = rules
        self._place = place
        self._options = options
        self._house = house
        self._tracks = Tracks()
        self._presence = Presence()
        self._moving = False
        self._due = False
        self._on = True
        self._interruptions = 0
        self._unreadable = 0
        self._failures = 0
        self._stirred = asyncio.Event()

    def motion(self, moving: bool) -> None:
        """Take the agent's word on whether anything moves."""
        self._moving = moving
        self._stirred.set()

    def wake(self) -> None:
        """See whether there is a reason to look."""
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
        self._place.leave(self._source.camera)
        self._become(unwatched(self._tracks, now=self._house.clock()))

    async def run(self) -> None:
        """Watch until cancelled; what only this camera sees is interrupted then."""
        try:
            while True:
                self._stirred.clear()
                if self._is_awake:
                    await self._look()
                else:
                    await self._sleep()
        finally:
            self.interrupt()

    @property
    def _is_awake(self) -> bool:
        if not self._on:
            return False
        due = self._due and self._idle_check is not None
        # Who is news, and who stood still and is elsewhere or was missed just now: does he leave?
        open_question = any(
            track.settled is None or track.strayed or not track.hits[-1]
            for track in self._tracks.live
        )
        return self._moving or due or open_question or self._place.involves(self._source.camera)

    @property
    def _idle_check(self) -> timedelta | None:
        """How often to look while nothing moves; who stands still is looked at in any case."""
        if not self._on:
            return None
        always, still = self._source.idle_check, self._options.idle_check
        return min(always or still, still) if self._tracks.live else always

    async def _sleep(self) -> None:
        """Wait until somebody wakes us, or a look is due."""
        pause = self._idle_check
        try:
            async with asyncio.timeout(None if pause is None else pause.total_seconds()):
                await self._stirred.wait()
        except TimeoutError:
            self._due = True

    async def _look(self) -> None:
        """Read pictures for as long as there is a reason to."""
        newest = self._newest()
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(newest.read()), group.create_task(self._detect(newest))]
            while self._is_awake:
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._options.tick.total_seconds()):
                        await self._stirred.wait()
                self._stirred.clear()
                self._become(
                    faded(self._tracks, now=self._house.clock(), rules=self._track_rules())
                )
            for task in tasks:
                task.cancel()

    def _newest(self) -> Newest:
        return Newest(self._source, lambda: pace(self._moving, self._options), self._options)

    async def _detect(self, newest: Newest) -> None:
        while True:
            await newest.arrived()
            await self._see(newest)
            if self._due:
                self._due = False
                self._stirred.set()

    async def _see(self, newest: Newest) -> None:
        interruptions = self._interruptions
        try:
            sight = await self._detector.detect(newest.take)
        except BadPicture as error:
            self._skip(error)
        except VisionError as error:
            await self._rest(error)
        else:
            self._recover()
            if self._on and interruptions == self._interruptions:
                self._judge(sight)

    def _judge(self, sight: Sight) -> None:
        """Follow who is there through one more picture, and tell the place of it."""
        self._place.attend(self._source.camera, self._settle)
        self._place.settle()
        captured = sight.picture.captured
        if self._is_of_another_time(captured):
            return
        if self._source.needed is not None:
            self._place.part(captured)
        rules = self._rules()
        self._become(
            followed(
                self._tracks,
                counted(sight, rules, self._options),
                captured,
                now=self._house.clock(),
                rules=self._track_rules(),
            )
        )
        if shown := tuple(track for track in seen_now(self._tracks, captured) if track.is_news):
            sign = sign_of(self._source.camera, captured, shown, rules)
            self._place.sign(sign, replace(sight, detections=sign.shown))

    def _is_of_another_time(self, captured: datetime) -> bool:
        """Whether the site's clock was set since a picture came; uploads may come late."""
        off = abs(captured - self._house.now())
        return self._source.needed is None and off > 2 * DOUBT

    def _track_rules(self) -> TrackRules:
        return track_rules(self._rules(), self._options, self._source.needed)

    def _settle(self) -> None:
        """Whoever still is there when an incident is over is no news any more.

        Where pictures come one by one, nobody knows who still is.
        """
        silent = self._house.clock() - self._options.idle.total_seconds()
        stayed = tuple(
            track
            for track in self._tracks.live
            if not track.is_news or (track.heard > silent and self._source.needed is None)
        )
        self._become(settled(replace(self._tracks, live=stayed)))

    def _become(self, tracks: Tracks) -> None:
        self._tracks = tracks
        there = present(tracks)
        zones = frozenset(zone.id for zone in zones_held(there, self._rules()))
        persons = sum(track.label == PERSON for track in there)
        presence = Presence(present=bool(there), count=len(there), persons=persons, zones=zones)
        if presence != self._presence:
            self._presence = presence
            self._house.presence(self._source.camera, presence)

    def _skip(self, error: BadPicture) -> None:
        self._unreadable += 1
        level = logging.WARNING if self._unreadable == 1 else logging.DEBUG
        _LOGGER.log(level, "Bad picture %s of %s: %s", self._unreadable, self._source.name, error)

    async def _rest(self, error: VisionError) -> None:
        self._failures += 1
        if self._failures == 1:
            _LOGGER.warning("Nobody is detected on %s for now: %s", self._source.name, error)
        await asyncio.sleep(self._options.tick.total_seconds())

    def _recover(self) -> None:
        if self._failures:
            _LOGGER.info("Detection on %s works again", self._source.name)
        self._failures = 0
