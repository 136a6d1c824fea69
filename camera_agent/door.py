"""One door: unlocks for as long as it may, watches how it stands, and says what happens there."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import dataclass
import logging
import math
import time
from typing import Final

from .door_config import DoorConfig
from .door_signals import DoorSignals
from .doorway import Doorway
from .hardware import Feedback, Line, LineError
from .hardware.deadman import Allowed
from .hardware.wiring import Wiring
from .keeper import Keeper
from .lock import Lock
from .wire import DoorMode

LOGGER: Final = logging.getLogger(__name__)

RETRY: Final = 1.0  # seconds until a line that failed is tried again
SHORTEST: Final = 0.001  # seconds; due is due, however floats are rounded
LOOK: Final = 5.0  # seconds after which the time of day is looked at again: clocks are put right


@dataclass(frozen=True, slots=True, kw_only=True)
class DoorState:
    """How a door is, as the feed tells it; its readers are told beside it."""

    locked: bool
    open: bool | None
    forced: bool
    held_open: bool
    mode: DoorMode
    mode_until: float | None
    error: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DoorListener:
    """Who is told what happens at a door; called in the event loop, and must not raise."""

    changed: Callable[[], None]
    """The door's state is another one."""
    opened: Callable[[bool], None]
    """It was opened, or else closed."""
    forced: Callable[[], None]
    held_open: Callable[[], None]
    exit: Callable[[], None]
    """The exit button was pressed; told before the door is unlocked for it."""
    rang: Callable[[], None]


class Door:
    """Obeys whoever decides, within what its configuration allows; decides nothing itself.

    A line that fails is told by the state, and tried again.
    """

    def __init__(
        self,
        config: DoorConfig,
        wiring: Wiring,
        keeper: Keeper,
        listener: DoorListener,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._config = config
        self._wiring = wiring
        self._lock = Lock(config, wiring.relay, keeper)
        self._listener = listener
        self._clock = clock
        self._wall = wall
        self._way = Doorway(config.held_open.total_seconds())
        self._signals = DoorSignals(wiring)
        self._outputs = {"relay": self._obey, "led": self._signals.led.tick, "buzzer": self._buzz}
        self._errors: dict[str, str] = {}
        self._retry: dict[str, float] = {}
        self._told: DoorState | None = None
        self._news = asyncio.Event()

    @property
    def state(self) -> DoorState:
        return DoorState(
            locked=self._lock.allowed in {None, Allowed.LOCKED},
            open=self._way.open,
            forced=self._way.forced,
            held_open=self._way.held_open,
            mode=self._way.mode,
            mode_until=self._way.mode_until,
            error=next(iter(self._errors.values()), None),
        )

    async def run(self) -> None:
        """Watch contact and buttons and keep time until cancelled; the door is locked after it."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._watch_contact())
                tasks.create_task(self._watch_exit_button())
                tasks.create_task(self._watch_doorbell())
                await self._keep_time()
        finally:
            self._end()

    def release(self, seconds: float | None = None) -> None:
        """Unlock for somebody, as long as configured or as asked, and never beyond `longest`.

        The relay is written before this returns; what that changes is told after it. Raises
        LineError, and then the door stays locked.
        """
        now = self._clock()
        wanted = self._config.unlock.total_seconds() if seconds is None else seconds
        self._way.release(min(wanted, self._config.longest.total_seconds()), now)
        try:
            self._lock.set(self._way.allowed(now))
        except LineError as error:
            self._way.lock(now)
            self._failed("relay", error, now)
            self._catch_up()
            raise
        for trouble in (self._retry, self._errors):
            trouble.pop("relay", None)
        # A turn of the loop later, so that the news of it leaves first.
        asyncio.get_running_loop().call_soon(self._news.set)

    def lock(self) -> None:
        """End a release before its time; a mode that keeps the door unlocked stays."""
        self._way.lock(self._clock())
        self._catch_up()

    def hold(self, mode: DoorMode, until: float | None = None) -> None:
        """Change the mode, up to a moment if one is given; then it is normal again by itself."""
        self._way.hold(mode, until, self._clock())
        self._catch_up()

    def show(self, feedback: Feedback) -> None:
        """Tell who stands there, by the door's own lamp and buzzer."""
        self._signals.show(feedback, self._clock())
        self._catch_up()

    def tick(self) -> float:
        """Do what is due, tell what has changed, and return the seconds until the next tick."""
        now, wall = self._clock(), self._wall()
        is_held_open = self._way.tick(now, wall)
        waits = [self._way.left(now, wall), LOOK]
        waits += [self._try(name, act, now) for name, act in self._outputs.items()]
        if is_held_open:
            self._listener.held_open()
        if (state := self.state) != self._told:
            self._told = state
            self._listener.changed()
        return max(min(waits), SHORTEST)

    def _catch_up(self) -> None:
        self.tick()
        self._news.set()

    async def _keep_time(self) -> None:
        while True:
            self._news.clear()
            left = self.tick()
            with suppress(TimeoutError):
                async with asyncio.timeout(left):
                    await self._news.wait()

    async def _watch_contact(self) -> None:
        async for is_open in self._changes("contact", self._wiring.contact):
            before, now = self._way.open, self._clock()
            is_forced = self._way.contact(is_open, now)
            if before is not None and is_open is not None:
                self._listener.opened(is_open)
            if is_forced:
                self._listener.forced()
            self._catch_up()

    async def _watch_exit_button(self) -> None:
        async for _ in self._presses("exit button", self._wiring.exit_button):
            try:
                self._listener.exit()
            finally:
                with suppress(LineError):  # which the state tells
                    self.release()

    async def _watch_doorbell(self) -> None:
        async for _ in self._presses("doorbell", self._wiring.doorbell):
            self._listener.rang()

    async def _presses(self, name: str, button: Line | None) -> AsyncIterator[None]:
        """Yield when it is pressed; one that hangs from when it is first seen was not pressed."""
        before: bool | None = None
        async for active in self._changes(name, button):
            if active and before is False:
                yield
            before = active

    async def _changes(self, name: str, line: Line | None) -> AsyncIterator[bool | None]:
        """Yield an input's state and each change of it, None while it cannot be read."""
        while line is not None:
            try:
                async for active in line.changes():
                    if self._errors.pop(name, None):
                        self._news.set()
                    yield active
            except LineError as error:
                line.close()
                self._failed(name, error, self._clock())
                yield None
            self._news.set()
            await asyncio.sleep(RETRY)

    def _try(self, name: str, act: Callable[[float], float | None], now: float) -> float:
        """Bring an output up to date, unless it has just failed; return the seconds until again."""
        if (left := self._retry.get(name, now) - now) > 0:
            return left
        try:
            wait = act(now)
        except LineError as error:
            self._failed(name, error, now)
            return RETRY
        self._errors.pop(name, None)
        return math.inf if wait is None else wait

    def _obey(self, now: float) -> None:
        if (allowed := self._way.allowed(now)) is not self._lock.allowed:
            self._lock.set(allowed)

    def _buzz(self, now: float) -> float | None:
        way = self._way
        self._signals.warn(held_open=way.held_open, late=way.is_late(now), now=now)
        return self._signals.buzzer.tick(now)

    def _failed(self, name: str, error: LineError, now: float) -> None:
        self._retry[name] = now + RETRY
        if self._errors.get(name) != str(error):
            LOGGER.error("Door %s, %s: %s", self._config.id, name, error)
        self._errors[name] = str(error)

    def _end(self) -> None:
        with suppress(LineError):  # the keeper locks what cannot be locked from here
            self._lock.set(Allowed.LOCKED)
        for line in filter(None, (self._wiring.led, self._wiring.buzzer)):
            with suppress(LineError):
                line.set(False)
        self._wiring.close()
