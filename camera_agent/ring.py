"""The last seconds of a camera as encoded packets in memory, indexed by key frame."""

from collections import deque
from datetime import timedelta
from typing import Final

from .errors import Private
from .models import Packet, Sound

# An encoder that stops sending key frames must not fill the memory.
LONGEST_GROUP_US: Final = 10_000_000
# After a gap, of a camera that was away or a clock that was set forward, what is before it goes.
GAP_US: Final = 2_000_000


class Ring:
    """Keeps at least the given span, and always from a key frame on."""

    def __init__(self, span: timedelta) -> None:
        self._span_us = round(span.total_seconds() * 1_000_000)
        self._groups: deque[_Group] = deque()
        self._is_hidden = False

    def append(self, packet: Packet) -> None:
        """Take the next packet and let go of what is older than the span."""
        if self._groups and packet.captured_us <= self._groups[-1].newest_us:
            self._groups.clear()  # the clock was set back: what is here has no place in time
        if packet.key:
            early = self._groups[-1].without_sounds(packet.captured_us) if self._groups else []
            self._groups.append(_Group(packet, early))
        elif self._groups:
            self._groups[-1].append(packet)
        self._evict(packet.captured_us)

    def hear(self, sound: Sound) -> None:
        """Take the next sound, which may come before or after the pictures of its time."""
        if self._groups:
            self._groups[-1].items.append(sound)

    def since(self, captured_us: int) -> list[Packet | Sound]:
        """Return all from the last key frame up to that moment, or from the oldest.

        Raises Private while it is hidden: nobody begins a recording then.
        """
        if self._is_hidden:
            raise Private
        first = 0
        for index, group in enumerate(self._groups):
            if group.began_us <= captured_us:
                first = index
        return [item for group in list(self._groups)[first:] for item in group.items]

    def newest(self) -> list[Packet]:
        """Return the packets from the newest key frame on."""
        items = self._groups[-1].items if self._groups else []
        return [item for item in items if isinstance(item, Packet)]

    def hide(self) -> None:
        """Let go of everything; there will be nothing until `show`."""
        self._groups.clear()
        self._is_hidden = True

    def show(self) -> None:
        self._is_hidden = False

    def _evict(self, now_us: int) -> None:
        oldest_us = now_us - self._span_us
        while len(self._groups) > 1 and self._groups[1].began_us <= oldest_us:
            self._groups.popleft()
        if self._groups and self._groups[0].newest_us < oldest_us - GAP_US:
            self._groups.popleft()
        if self._groups and now_us - self._groups[-1].began_us > LONGEST_GROUP_US:
            self._groups.pop()


class _Group:
    """A key frame and what follows it."""

    def __init__(self, key: Packet, early: list[Sound]) -> None:
        self.items: list[Packet | Sound] = [key, *early]
        self.began_us = self.newest_us = key.captured_us

    def append(self, packet: Packet) -> None:
        self.items.append(packet)
        self.newest_us = packet.captured_us

    def without_sounds(self, since_us: int) -> list[Sound]:
        """Give away the sounds from a moment on, which belong to the next key frame."""
        early: list[Sound] = []
        kept: list[Packet | Sound] = []
        for item in self.items:
            if isinstance(item, Sound) and item.captured_us >= since_us:
                early.append(item)
            else:
                kept.append(item)
        self.items = kept
        return early
