"""One recording while packets still come for it."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Final

from .models import Packet, Sound
from .shelf import Recording

LATE: Final = 2.0  # seconds that a frame may need from the sensor to here
LATE_SOUND_US: Final = 1_000_000  # after the pictures of its time, for it may have been encoded
BACKLOG_BYTES: Final = 32_000_000  # in memory while the disk hesitates


class Running:
    """Takes packets and sounds, and hands them over in whole groups of pictures."""

    def __init__(self, recording: Recording, seconds: float) -> None:
        self.recording = recording
        self.story: asyncio.Task[None] | None = None
        self.error: str | None = None
        self.is_over = False
        self.size = 0
        self._newest_us = 0
        self._heard_us: int | None = None
        self._backlog: list[Packet | Sound] = []
        self._backlog_bytes = 0
        self._wake = asyncio.Event()
        self._deadline = _deadline(seconds)

    def take(self, packet: Packet) -> bool:
        """Keep a packet of its time; true if it is the first, and so tells when this began."""
        if self.is_over or not (self._newest_us or packet.key):
            return False
        if packet.captured_us <= self._newest_us:
            self.end("The clock of this machine was set back; the recording ends there.")
            return False
        if (late_us := packet.captured_us - self._until_us) >= 0:
            if not self._lacks_sound or late_us >= LATE_SOUND_US:
                self.end()
            return False
        if packet.key:
            self._wake.set()
        self._keep(packet)
        is_first, self._newest_us = not self._newest_us, packet.captured_us
        if is_first:
            self.recording = replace(self.recording, started=packet.captured_us / 1_000_000)
        return is_first

    def hear(self, sound: Sound) -> None:
        """Keep a sound of its time."""
        if self._newest_us and not self.is_over:
            self._heard_us = sound.captured_us
            if self._lacks_sound:
                self._keep(sound)

    def end_in(self, seconds: float, now: float) -> None:
        """Move the end; one in the past is now."""
        self.recording = replace(self.recording, until=now + max(seconds, 0.0))
        self._deadline = _deadline(seconds)
        self._wake.set()
        if seconds <= 0:
            self.end()

    def end(self, error: str | None = None) -> None:
        """Take no more packets."""
        self.is_over = True
        self.error = self.error or error
        self._wake.set()

    async def batches(self) -> AsyncIterator[list[Packet | Sound]]:
        """Yield what came, until the recording is over or its time is up."""
        while True:
            try:
                async with asyncio.timeout_at(self._deadline):
                    await self._wake.wait()
            except TimeoutError:
                self.end()  # the camera is silent
            self._wake.clear()
            batch, self._backlog, self._backlog_bytes = self._backlog, [], 0
            if batch:
                yield batch
            if self.is_over and not self._backlog:
                return

    @property
    def _until_us(self) -> float:
        return self.recording.until * 1_000_000

    @property
    def _lacks_sound(self) -> bool:
        return self._heard_us is not None and self._heard_us < self._until_us

    def _keep(self, item: Packet | Sound) -> None:
        self._backlog.append(item)
        self._backlog_bytes += len(item.data)
        self.size += len(item.data)
        if self._backlog_bytes > BACKLOG_BYTES:
            self.end("The disk was too slow; the recording ends early.")


def _deadline(seconds: float) -> float:
    """The moment, by the loop's clock, when the last frame of a span must be here."""
    return asyncio.get_running_loop().time() + max(seconds, 0.0) + LATE
