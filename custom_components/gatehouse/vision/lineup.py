"""Several detectors in an order: the first that is well looks, and the next where it fails."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import StrEnum
from statistics import median
from time import monotonic
from typing import Final

from ..models import Picture
from .detector import Detector, Sight
from .errors import BadPicture, DetectorFailed, DetectorUnavailable, VisionError

FIRST_REST: Final = 2.0  # seconds; what hiccups is back by then
LONGEST_REST: Final = 60.0
LONGEST_ALONE: Final = 5.0  # nobody is seen meanwhile
REMEMBERED: Final = 20  # answers, for the latency


class DetectorState(StrEnum):
    """What is known of a detector from its last picture."""

    UNUSED = "unused"
    WELL = "well"
    FAILING = "failing"


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectorHealth:
    """How one detector of a lineup does."""

    name: str
    state: DetectorState
    latency: timedelta | None = None
    """The median of its last answers."""
    waiting: int = 0
    """How many cameras wait for their turn."""
    answered: int = 0
    failures: int = 0
    error: str | None = None
    """Why it failed, while it is failing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """What decides whether a detector is asked: its failures in a row, and when it last failed."""

    failures: int = 0
    failed: float = 0.0
    tried: bool = False
    """Whether a picture is with it to see if it is well again; one is enough for that."""

    def takes(self, now: float, longest: float) -> bool:
        """Return whether it may be asked; it rests twice as long each time, up to the longest."""
        if self.failures == 0:
            return True
        doublings = min(self.failures - 1, 16)  # more than the longest rest has
        return now >= self.failed + min(FIRST_REST * 2**doublings, longest) and not self.tried


@dataclass(slots=True, kw_only=True, eq=False)
class _Place:
    """One detector of the lineup, with its queue and its record."""

    name: str
    detector: Detector
    form: Form = Form()
    error: DetectorFailed | DetectorUnavailable | None = None
    waiting: int = 0
    answered: int = 0
    failures: int = 0
    latencies: deque[float] = field(default_factory=lambda: deque(maxlen=REMEMBERED))

    @property
    def state(self) -> DetectorState:
        if self.error is not None:
            return DetectorState.FAILING
        return DetectorState.WELL if self.answered else DetectorState.UNUSED

    @property
    def health(self) -> DetectorHealth:
        latency = timedelta(seconds=median(self.latencies)) if self.latencies else None
        return DetectorHealth(
            name=self.name,
            state=self.state,
            latency=latency,
            waiting=self.waiting,
            answered=self.answered,
            failures=self.failures,
            error=None if self.error is None else str(self.error),
        )


class _Passed(VisionError):
    """The detector failed while somebody waited for a turn with it."""


class _Look:
    """One picture with one detector: it waits until the detector asks for it."""

    def __init__(
        self, place: _Place, newest: Callable[[], Picture], clock: Callable[[], float]
    ) -> None:
        self.failures = place.form.failures
        """Those in a row, before this one."""
        self.began = clock()
        self._place = place
        self._newest = newest
        self._clock = clock
        self._waits = True

    def __enter__(self) -> None:
        self._place.waiting += 1
        self._try(self.failures > 0)

    def __exit__(self, *_: object) -> None:
        self._wait_no_more()
        if self.failures:
            self._try(False)

    def turn(self) -> Picture:
        """Give the newest picture, unless the detector has failed with another one meanwhile."""
        self._wait_no_more()
        if self._place.form.failures > self.failures:
            raise _Passed
        self.began = self._clock()
        return self._newest()

    def _wait_no_more(self) -> None:
        self._place.waiting -= self._waits
        self._waits = False

    def _try(self, tried: bool) -> None:
        self._place.form = replace(self._place.form, tried=tried)


class Lineup:
    """A detector made of several, the best one first.

    One that fails rests, for 2 s and then twice as long each time, up to 60 s, or 5 s where none is
    well; the picture goes to the next at once. After its rest it is tried with one picture, while
    the others go on past it.
    """

    def __init__(
        self, detectors: Sequence[tuple[str, Detector]], *, clock: Callable[[], float] = monotonic
    ) -> None:
        """Take at least one detector, each with the name that people know it by."""
        if not detectors:
            raise ValueError("A lineup needs a detector; NoDetector is one.")
        self._places = [_Place(name=name, detector=detector) for name, detector in detectors]
        self._clock = clock
        self._listeners: list[Callable[[], None]] = []

    async def detect(self, newest: Callable[[], Picture]) -> Sight:
        """Let the first detector that is well look; raises the error of the first if none does.

        Each one that is asked takes the newest picture when its turn comes.
        """
        for place in self._places:
            if self._takes(place) and (sight := await self._ask(place, newest)) is not None:
                return sight
        raise self._why()

    async def close(self) -> None:
        """Close every detector, after those who wait for it have had their turn."""
        await asyncio.gather(*(place.detector.close() for place in self._places))

    def health(self) -> tuple[DetectorHealth, ...]:
        """Return how each detector does, in their order."""
        return tuple(place.health for place in self._places)

    def subscribe(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call listener when a detector's state changes, until unsubscribed."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def _takes(self, place: _Place) -> bool:
        alone = all(other.form.failures for other in self._places)
        return place.form.takes(self._clock(), LONGEST_ALONE if alone else LONGEST_REST)

    async def _ask(self, place: _Place, newest: Callable[[], Picture]) -> Sight | None:
        """Return what the detector saw, or None if it failed, perhaps while this one waited."""
        look = _Look(place, newest, self._clock)
        try:
            with look:
                sight = await place.detector.detect(look.turn)
        except _Passed:
            return None
        except BadPicture:
            self._answered(place, look.began)
            raise
        except (DetectorFailed, DetectorUnavailable) as error:
            self._failed(place, error, look.failures)
            return None
        self._answered(place, look.began)
        return sight

    def _answered(self, place: _Place, began: float) -> None:
        before = place.state
        place.form, place.error = Form(), None
        place.answered += 1
        place.latencies.append(self._clock() - began)
        self._tell(place, before)

    def _failed(
        self, place: _Place, error: DetectorFailed | DetectorUnavailable, failures: int
    ) -> None:
        before = place.state
        # Of pictures that were with it together, all failed once.
        failures = max(place.form.failures, failures + 1)
        place.form = Form(failures=failures, failed=self._clock())
        place.error = error
        place.failures += 1
        self._tell(place, before)

    def _tell(self, place: _Place, before: DetectorState) -> None:
        if place.state is not before:
            for listener in tuple(self._listeners):
                listener()

    def _why(self) -> DetectorFailed | DetectorUnavailable:
        """Return the error of the first, as a new one: many may raise it."""
        error = next(place.error for place in self._places if place.error is not None)
        return type(error)(str(error))
