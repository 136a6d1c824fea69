"""One reader at a door, and what it hears: cards to be judged or learned, keys, and tampering."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
import logging
from typing import TypeAlias

from . import messages
from .cards import CardError, canonical, is_random
from .grants import Grants
from .hardware import Feedback, Heard, Key, Scan, Tamper, Technology, reader as device
from .identification import Identification, Threshold
from .logbook import Logbook
from .messages import Message
from .reader_config import ReaderConfig
from .readers import Reader, ReaderListener
from .wire import PassageKind

LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolled:
    """A card that was shown to a reader that learns."""

    card: str
    """Its hash."""
    technology: Technology
    length: int
    """How many bytes its number has."""
    random: bool
    """Whether it has another number each time, so that nobody can be known by it."""


Lesson: TypeAlias = asyncio.Future[Enrolled]


class Approach:
    """One reader at one door."""

    def __init__(
        self,
        config: ReaderConfig,
        threshold: Threshold,
        logbook: Logbook,
        grants: Callable[[], Grants | None],
        changed: Callable[[], None],
    ) -> None:
        """Grants gives those that are in force; nothing is opened before this runs."""
        self._config = config
        self._door = threshold
        self._logbook = logbook
        self._grants = grants
        self._changed = changed
        self._identification = Identification(
            config, replace(threshold, show=self._show), logbook, grants
        )
        listener = ReaderListener(heard=self._heard, changed=lambda *_: changed())
        self._reader = Reader(config, device(config), listener)
        self._lesson: Lesson | None = None
        self._showing: asyncio.Task[None] | None = None

    def state(self) -> Message:
        """How the reader is."""
        return messages.reader_state(self._reader.online, self._reader.error, self._reader.tampered)

    async def run(self) -> None:
        """Listen to the reader until cancelled."""
        try:
            await self._reader.run()
        finally:
            self._identification.close()
            if self._showing:
                self._showing.cancel()

    def learn(self, lesson: Lesson) -> None:
        """Give the next card to a lesson instead of the door, unless the lesson is over before."""
        self._identification.give_up()
        self._lesson = lesson
        self._show(Feedback.LEARNING)

    def _heard(self, heard: Heard) -> None:
        lesson = self._lesson if self._lesson and not self._lesson.done() else None
        match heard:
            case Scan() if lesson:
                self._teach(heard, lesson)
            case Scan():
                self._identification.present(self._hash(heard), heard.at)
            case Key() if not lesson:
                self._identification.press(heard.key, heard.at)
            case Tamper():
                self._tampered_with(heard.active)

    def _teach(self, scan: Scan, lesson: Lesson) -> None:
        number = self._number(scan)
        grants = self._grants()
        if not number or grants is None:
            return
        enrolled = Enrolled(
            card=grants.hash_of(number),
            technology=scan.technology,
            length=len(number) // 2,
            random=is_random(scan),
        )
        lesson.set_result(enrolled)
        self._show(Feedback.GRANTED)

    def _hash(self, scan: Scan) -> str:
        """Return a card's hash; nothing, which is nobody's, while there is none."""
        grants = self._grants()
        number = self._number(scan) if grants else ""
        return grants.hash_of(number) if grants and number else ""

    def _number(self, scan: Scan) -> str:
        """Return a card's number; nothing for what makes no sense as a card."""
        try:
            return canonical(scan, self._config)
        except CardError as error:
            LOGGER.warning("Reader %s: %s", self._config.id, error)
            return ""

    def _tampered_with(self, active: bool) -> None:
        """Write down that somebody opens the reader, which tells it once."""
        if active:
            passage = self._logbook.write(
                self._door.door, PassageKind.TAMPER, reader=self._config.id
            )
            self._logbook.done(passage)
        self._changed()

    def _show(self, feedback: Feedback) -> None:
        """Tell who stands there by the lamps of the reader and of the door; the newest counts."""
        self._door.show(feedback)
        if self._showing:
            self._showing.cancel()
        show = self._reader.show(feedback)
        self._showing = asyncio.create_task(show, name=f"show {self._config.id}")
