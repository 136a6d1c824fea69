"""What happens on the agent, told to every WebSocket: the whole state first, then what changes."""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress
import json
import time
from typing import Final

from aiohttp import WSCloseCode, web

from .messages import Message
from .wire import MessageType

# Seconds between two pings; the answer may take half of that. The ring has to reach back over both,
# for a listener whose power fails says nothing.
HEARTBEAT: Final = 6.0
GOODBYE: Final = 0.5  # seconds for a listener to answer the end
LARGEST: Final = 4096  # bytes; nothing is expected from a listener
NOTICEABLE: Final = 0.01  # of the picture; a smaller change of a motion is not worth a message


class Feed:
    """Any number of listeners; a slow one gets only the newest message about each subject."""

    def __init__(
        self, state: Callable[[], Message], past: Callable[[], Iterable[Message]] = tuple
    ) -> None:
        """State gives the first message for a listener who connects now, past what comes next."""
        self._state = state
        self._past = past
        self._listeners: set[_Listener] = set()
        self._left = time.monotonic()

    @property
    def silent_since(self) -> float | None:
        """Since when nobody listens, by the monotonic clock; None while somebody does."""
        return None if self._listeners else self._left

    def publish(self, message: Message) -> None:
        """Tell everybody; never waits."""
        if self._listeners:
            text = json.dumps(message)
            for listener in self._listeners:
                listener.tell(_subject(message), text)

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        """Talk to one listener until it leaves."""
        socket = web.WebSocketResponse(timeout=GOODBYE, heartbeat=HEARTBEAT, max_msg_size=LARGEST)
        await socket.prepare(request)
        listener = _Listener(socket)
        listener.tell((), json.dumps(self._state()))
        for message in self._past():
            listener.tell(_subject(message), json.dumps(message))
        self._listeners.add(listener)
        teller = asyncio.create_task(listener.run(), name="feed")
        try:
            async for _ in socket:
                pass  # reading is what answers pings and notices the end
        finally:
            self._listeners.discard(listener)
            self._left = max(self._left, _last_sign(socket))
            teller.cancel()
        return socket

    async def close(self) -> None:
        """Say goodbye to everybody."""
        sockets = [listener.socket for listener in self._listeners]
        await asyncio.gather(*(socket.close(code=WSCloseCode.GOING_AWAY) for socket in sockets))


class MotionNews:
    """Knows which scores of a camera are worth telling; an idle one has none."""

    def __init__(self) -> None:
        self._score = 0.0
        self._moving = False

    def has(self, score: float, moving: bool) -> bool:
        """Whether motion begins, ends or changes noticeably with this score."""
        noticeable = moving and abs(score - self._score) >= NOTICEABLE
        if moving == self._moving and not noticeable:
            return False
        self._score, self._moving = score, moving
        return True


class _Listener:
    def __init__(self, socket: web.WebSocketResponse) -> None:
        self.socket = socket
        self._pending: dict[tuple[object, ...], str] = {}
        self._wake = asyncio.Event()

    def tell(self, subject: tuple[object, ...], text: str) -> None:
        """Queue a message; an older one about the same subject is not worth sending any more."""
        self._pending.pop(subject, None)
        self._pending[subject] = text
        self._wake.set()

    async def run(self) -> None:
        with suppress(ConnectionError):
            while await self._wake.wait():
                self._wake.clear()
                while self._pending:
                    await self.socket.send_str(self._pending.pop(next(iter(self._pending))))


def _last_sign(socket: web.WebSocketResponse) -> float:
    """When a listener that has left was certainly there, by the monotonic clock."""
    now = time.monotonic()
    return now - 1.5 * HEARTBEAT if isinstance(socket.exception(), TimeoutError) else now


def _subject(message: Message) -> tuple[object, ...]:
    """Return what a newer message about the same replaces; nothing replaces what happened."""
    match message["type"]:
        case MessageType.PASSAGE as kind:
            return kind, message["passage"]["seq"]
        case MessageType.RING as kind:
            return kind, message["door"], message["at"]
        case MessageType.RECORDING as kind:
            return kind, message["recording"]["id"]
        case MessageType.LOGS as kind:
            return kind, message["records"][0]["seq"]
        case kind:
            return kind, message.get("camera"), message.get("door")
