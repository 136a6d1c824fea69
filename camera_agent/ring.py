"""The last seconds of a camera as encoded packets in memory, indexed by key frame."""

from collections import deque
from datetime import timedelta
from typing import Final

from .models import Packet

# An encoder that stops sending key frames must not fill the memory.
LONGEST_GROUP_US: Final = 10_000_000


class Ring:
    """Keeps at least the given span, and always from a key frame on."""

    def __init__(self, span: timedelta) -> None:
        self._span_us = round(span.total_seconds() * 1_000_000)
        self._groups: deque[list[Packet]] = deque()

    def append(self, packet: Packet) -> None:
        """Take the next packet and let go of what is older than the span."""
        if self._groups and packet.captured_us <= self._groups[-1][-1].captured_us:
            self._groups.clear()  # the clock was set back: what is here has no place in time
        if packet.key:
            self._groups.append([packet])
        elif self._groups:
            self._groups[-1].append(packet)
        self._evict(packet.captured_us)

    def since(self, captured_us: int) -> list[Packet]:
        """Return all packets from the last key frame up to that moment, or from the oldest."""
        first = 0
        for index, group in enumerate(self._groups):
            if group[0].captured_us <= captured_us:
                first = index
        return [packet for group in list(self._groups)[first:] for packet in group]

    def newest(self) -> list[Packet]:
        """Return the packets from the newest key frame on."""
        return list(self._groups[-1]) if self._groups else []

    def _evict(self, now_us: int) -> None:
        while len(self._groups) > 1 and self._groups[1][0].captured_us <= now_us - self._span_us:
            self._groups.popleft()
        if self._groups and now_us - self._groups[-1][0].captured_us > LONGEST_GROUP_US:
            self._groups.pop()
