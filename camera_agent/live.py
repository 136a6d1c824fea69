"""One camera's H.264 to any number of players, as MPEG transport streams."""

from typing import Final

from aiohttp import web

from .models import Packet
from .mux import TransportStream
from .ring import Ring
from .viewer import Viewer

CONTENT_TYPE: Final = "video/mp2t"
# Bytes that may wait for one player: four seconds at the usual 2 Mbit/s.
BEHIND: Final = 1_000_000


class Live:
    """Sends each player whole groups of pictures, beginning with the one that is on now."""

    def __init__(self, ring: Ring) -> None:
        self._ring = ring
        self._players: set[_Player] = set()
        self._newest_us = 0

    def packet(self, packet: Packet) -> None:
        """Send the next packet to everybody who keeps up."""
        if packet.captured_us <= self._newest_us:
            self.close()  # the clock was set back, and no player's can be: they come again
        self._newest_us = packet.captured_us
        for player in self._players:
            player.take(packet)

    async def watch(self, request: web.Request) -> web.StreamResponse:
        """Serve the stream until the player leaves."""
        player = _Player(await Viewer.open(request, CONTENT_TYPE))
        for packet in self._ring.newest():
            player.take(packet)
        self._players.add(player)
        try:
            return await player.viewer.gone()
        finally:
            self._players.discard(player)

    def close(self) -> None:
        """Drop every player."""
        for player in self._players:
            player.viewer.drop()


class _Player:
    """One player; after a gap it goes on with the next key frame, when it has taken the rest."""

    def __init__(self, viewer: Viewer) -> None:
        self.viewer = viewer
        self._stream: TransportStream | None = None
        self._keeps_up = False

    def take(self, packet: Packet) -> None:
        if self._keeps_up:
            self._keeps_up = self.viewer.waiting < BEHIND
        else:
            self._keeps_up = packet.key and not self.viewer.waiting
        if self._keeps_up:
            self._stream = self._stream or TransportStream(packet)
            self.viewer.push(self._stream.write(packet))
