"""Who watches by WebRTC: bounded in number, each until it leaves or its camera closes."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.util import find_spec
import secrets
from typing import TYPE_CHECKING, Final

from .errors import Refused
from .live import Live
from .wire import ErrorCode

if TYPE_CHECKING:
    from .peer import Peer

# Each is packed and encrypted by itself: what a household looks at, and no flood.
MOST: Final = 8

MISSING: Final = (
    "This agent has no WebRTC: install it with `--with webrtc`, or `pip install aiortc` where it"
    " runs."
)
FULL: Final = f"{MOST} browsers watch by WebRTC already; take another kind of stream."
UNCLEAR: Final = "Send as application/sdp an offer to receive one video, as H.264."
OVER: Final = "That session is over."


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One browser that watches one camera."""

    camera: str
    peer: "Peer"
    story: "asyncio.Task[None]"


class WebRtc:
    """All browsers that watch the agent's cameras by WebRTC."""

    def __init__(self) -> None:
        self._sessions: dict[str, Session] = {}
        self._coming = 0

    async def answer(self, camera: str, live: Live, offer: str) -> tuple[str, str]:
        """Let a browser play; returns the name of its session and the answer to its offer."""
        if not is_there():
            raise Refused(ErrorCode.NO_WEBRTC, MISSING)
        if len(self._sessions) + self._coming >= MOST:
            raise Refused(ErrorCode.TOO_MANY, FULL)
        self._coming += 1
        try:
            peer, said = await _meet(offer)
        finally:
            self._coming -= 1
        name = secrets.token_hex(16)
        story = asyncio.create_task(self._play(name, live, peer), name=f"webrtc {name}")
        self._sessions[name] = Session(camera=camera, peer=peer, story=story)
        return name, said

    async def end(self, camera: str, name: str) -> None:
        """Let a browser go; raises Refused if it has left."""
        session = self._sessions.get(name)
        if session is None or session.camera != camera:
            raise Refused(ErrorCode.NOT_FOUND, OVER)
        session.peer.drop()
        await asyncio.wait({session.story})

    async def close(self) -> None:
        """Let everybody go."""
        for session in self._sessions.values():
            session.peer.drop()
        if stories := {session.story for session in self._sessions.values()}:
            await asyncio.wait(stories)

    async def _play(self, name: str, live: Live, peer: "Peer") -> None:
        try:
            if await peer.connected():
                with live.playing(peer):
                    await peer.gone()
        finally:
            del self._sessions[name]
            await peer.close()


@cache
def is_there() -> bool:
    """Whether this machine has what WebRTC takes."""
    return find_spec("aiortc") is not None


async def _meet(offer: str) -> tuple["Peer", str]:
    """Answer an offer; raises Refused."""
    try:
        await asyncio.to_thread(import_module, ".peer", __package__)
        from .peer import BadOffer, Peer
    except ImportError as error:
        raise Refused(ErrorCode.NO_WEBRTC, MISSING) from error
    peer = Peer()
    async with AsyncExitStack() as undone:
        undone.push_async_callback(peer.close)
        try:
            said = await peer.answer(offer)
        except BadOffer as error:
            raise Refused(ErrorCode.BAD_REQUEST, UNCLEAR) from error
        undone.pop_all()
    return peer, said
