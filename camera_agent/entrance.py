"""One door with its readers: who may enter does, whatever else happens there is written down."""

import asyncio
from collections.abc import Callable
import time
from typing import Any

from . import messages
from .approach import Approach, Enrolled, Lesson
from .door import Door, DoorListener
from .door_config import DoorConfig
from .errors import Refused
from .grants import Grants
from .hardware import LineError
from .hardware.wiring import wiring
from .identification import Threshold
from .keeper import Keeper
from .logbook import Logbook
from .messages import Message
from .modes import wanted_mode
from .passages import Passage
from .wire import Authentication, Decider, ErrorCode, PassageKind


class Entrance:
    """One door as those see it who come to it, and those who ask something of it."""

    def __init__(
        self,
        config: DoorConfig,
        keeper: Keeper,
        logbook: Logbook,
        grants: Callable[[], Grants | None],
    ) -> None:
        """Grants gives those that are in force; nothing is opened before this runs."""
        self._id = config.id
        self._logbook = logbook
        self._grants = grants
        self._door = Door(config, wiring(config), keeper, self._listener())
        threshold = Threshold(door=config.id, release=self._let_in, show=self._door.show)
        self._approaches = {
            reader.id: Approach(reader, threshold, logbook, grants, self._tell)
            for reader in config.readers
        }
        self._told: Message = {}
        self._lesson: Lesson | None = None
        self._is_ending = False

    def state(self) -> Message:
        """How the door and its readers are."""
        readers = {name: one.state() for name, one in self._approaches.items()}
        return messages.door_state(self._door.state, readers)

    async def run(self) -> None:
        """Be a door until cancelled; it is locked after it."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._door.run(), name=f"door {self._id}")
            for name, approach in self._approaches.items():
                tasks.create_task(approach.run(), name=f"reader {self._id}/{name}")
            try:
                await asyncio.get_running_loop().create_future()
            finally:
                self._is_ending = True  # before the door is locked for the last time

    def obey(self, now: float) -> None:
        """Take on the mode that the grants want at this moment."""
        mode, until = wanted_mode(self._grants(), self._id, now)
        state = self._door.state
        if (mode, until) != (state.mode, state.mode_until):
            self._door.hold(mode, until)

    def unlock(self, person: str | None, seconds: float | None) -> Passage:
        """Let somebody in whom Home Assistant vouches for; raises Refused."""
        passage = self._logbook.write(
            self._id,
            PassageKind.GRANTED,
            authentication=Authentication.APP,
            person=person,
            decided_by=Decider.SERVER,
        )
        try:
            self._release(seconds)
        except LineError as error:
            raise Refused(ErrorCode.DOOR_FAILED, str(error)) from error
        finally:
            self._logbook.done(passage)
        return passage

    def lock(self) -> None:
        """Lock it before its time."""
        self._door.lock()

    async def enroll(self, reader: str | None, seconds: float) -> Enrolled:
        """Return the next card that a reader is shown, or any of them; raises Refused."""
        if self._lesson and not self._lesson.done():
            raise Refused(ErrorCode.BUSY, f"The door {self._id!r} is learning a card already.")
        if self._grants() is None:
            sentence = "This agent has no grants yet, and with them no key for the hashes of cards."
            raise Refused(ErrorCode.BAD_REQUEST, sentence)
        chosen = self._chosen(reader)
        self._lesson = asyncio.get_running_loop().create_future()
        for approach in chosen:
            approach.learn(self._lesson)
        try:
            async with asyncio.timeout(seconds):
                return await self._lesson
        except TimeoutError:
            sentence = f"No card was shown within {seconds:g} s; try again."
            raise Refused(ErrorCode.NO_CARD, sentence) from None

    def _chosen(self, reader: str | None) -> list[Approach]:
        if reader is None:
            return list(self._approaches.values())
        if reader not in self._approaches:
            has = ", ".join(self._approaches) or "none"
            sentence = f"There is no reader {reader!r} at the door {self._id!r}; it has: {has}."
            raise Refused(ErrorCode.NOT_FOUND, sentence)
        return [self._approaches[reader]]

    def _let_in(self) -> bool:
        try:
            self._release()
        except LineError:
            return False  # which the door's state tells
        return True

    def _release(self, seconds: float | None = None) -> None:
        if self._is_ending:
            raise LineError("The agent is ending; nobody would lock the door again.")
        self._door.release(seconds)

    def _listener(self) -> DoorListener:
        return DoorListener(
            changed=self._tell,
            opened=lambda _: None,
            forced=lambda: self._note(PassageKind.FORCED),
            held_open=lambda: self._note(PassageKind.HELD_OPEN),
            exit=lambda: self._note(PassageKind.EXIT, authentication=Authentication.EXIT),
            rang=lambda: self._logbook.tell(messages.ring(self._id, time.time())),
        )

    def _note(self, kind: PassageKind, **details: Any) -> None:
        self._logbook.done(self._logbook.write(self._id, kind, **details))

    def _tell(self) -> None:
        """Tell how it is, unless that has been told."""
        state = self.state()
        if state != self._told:
            self._told = state
            self._logbook.tell(messages.door(self._id, state))
