"""One camera's H.264 to any number of players: in MPEG transport streams, or by lines of others."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, Protocol

from aiohttp import web

from .models import Packet
from .mux import TransportStream
from .ring import Ring
from .viewer import Viewer

CONTENT_TYPE: Final = "video/mp2t"
# Bytes that may wait for one player: four seconds at the usual 2 Mbit/s.
BEHIND: Final = 1_000_000


class Line(Protocol):
    """What carries packets to one player; called in the loop, so it must not wait."""

    @property
    def waiting(self) -> int:
        """How many bytes have not left yet."""

    def send(self, packet: Packet) -> None: ...

    def drop(self) -> None:
        """Send nothing more, and let the player go."""


class Live:
    """Sends each player whole groups of pictures, beginning with the one that is on now."""

    def __init__(self, ring: Ring) -> None:
        self._ring = ring
        self._players: set[_Player] = set()

    def packet(self, packet: Packet) -> None:
        """Send the next packet to everybody who keeps up."""
        for player in self._players:
            player.take(packet)

    @contextmanager
    def playing(self, line: Line) -> Iterator[None]:
        """Have a player at the end of a line for a while."""
        player = _Player(line)
        for packet in self._ring.newest():
            player.take(packet)
        self._players.add(player)
        try:
            yield
        finally:
            self._players.discard(player)

    async def watch(self, request: web.Request) -> web.StreamResponse:
        """Serve a transport stream until the player leaves."""
        viewer = await Viewer.open(request, CONTENT_TYPE)
        with self.playing(_Transport(viewer)):
            return await viewer.gone()

    def close(self) -> None:
        """Drop every player."""
        for player in self._players:
            player.line.drop()


class _Player:
    """One player; after a gap it goes on with the next key frame, when it has taken the rest."""

    def __init__(self, line: Line) -> None:
        self.line = line
        self._keeps_up = False

    def take(self, packet: Packet) -> None:
        if self._keeps_up:
            self._keeps_up = self.line.waiting < BEHIND
        else:
            self._keeps_up = packet.key and not self.line.waiting
        if self._keeps_up:
            self.line.send(packet)


class _Transport:
    """A transport stream over HTTP; its time cannot be set back, so a player comes again then."""

    def __init__(self, viewer: Viewer) -> None:
        self._viewer = viewer
        self._stream: TransportStream | None = None
        self._newest_us = 0

    @property
    def waiting(self) -> int:
        return self._viewer.waiting

    def send(self, packet: Packet) -> None:
        if packet.captured_us <= self._newest_us:
            self.drop()
            return
        self._newest_us = packet.captured_us
        self._stream = self._stream or TransportStream(packet)
        self._viewer.push(self._stream.write(packet))

    def drop(self) -> None:
        self._viewer.drop()
