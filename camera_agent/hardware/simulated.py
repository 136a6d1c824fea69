"""A door and its readers without hardware: one socket plays them all, by lines of JSON.

It takes {"present": "0102030405"}, {"key": "1"}, {"tamper": true}, {"contact": "open"} and
{"press": "exit"}, perhaps with a "reader", and a "technology" for a card; it answers {"done": …} or
{"error": …}, and tells what is switched and shown meanwhile: {"relay": true}, {"feedback": …}.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
import errno
from functools import partial
import json
import os
from pathlib import Path
import socket
import time
from typing import Any, Final, cast
from weakref import WeakValueDictionary

from ..reader_config import ReaderConfig
from . import Feedback, Heard, Key, LineError, ReaderError, Scan, Tamper, Technology

LONGEST: Final = 4096  # bytes of one line
UNREAD: Final = 65536  # bytes; who reads nothing is not told more
BUTTONS: Final = {"exit": "exit_button", "doorbell": "doorbell"}
CONTACT: Final = {"open": True, "close": False, "closed": False}
NONSENSE: Final = (ValueError, LookupError, TypeError, RecursionError)  # what a bad line raises


def relay_file(path: str) -> str:
    """Return the file beside a socket that holds whether the relay has power: 1 or 0."""
    return str(Path(path).with_suffix(".relay"))


class SimulatedReader:
    """A reader to which the stage presents cards and keys."""

    def __init__(self, config: ReaderConfig) -> None:
        self._id = config.id
        self._stage = _stage(config.device or "")

    async def run(self, online: Callable[[], None], heard: Callable[[Heard], None]) -> None:
        try:
            async with self._stage.playing():
                self._stage.readers[self._id] = heard
                online()
                await asyncio.get_running_loop().create_future()
        except OSError as error:
            raise ReaderError(self._stage.trouble(error)) from error
        finally:
            self._stage.readers.pop(self._id, None)

    async def show(self, feedback: Feedback) -> None:
        self._stage.tell({"reader": self._id, "feedback": feedback})


class SimulatedLine:
    """A line that the stage plays, called as it is in the configuration of a door."""

    def __init__(self, path: str, name: str) -> None:
        self._stage = _stage(path)
        self._name = name

    def set(self, active: bool) -> None:
        try:
            self._stage.switch(self._name, active)
        except OSError as error:
            raise LineError(self._stage.trouble(error)) from error

    def get(self) -> bool:
        return self._stage.levels.get(self._name) is True

    async def changes(self) -> AsyncIterator[bool]:
        try:
            async with self._stage.playing():
                heard = self._stage.inputs.setdefault(self._name, asyncio.Queue())
                yield self.get()
                while True:
                    yield await heard.get()
        except OSError as error:
            raise LineError(self._stage.trouble(error)) from error
        finally:
            self._stage.inputs.pop(self._name, None)

    def close(self) -> None:
        """Do nothing: there is no wire."""


class Stage:
    """What one socket plays; it is there while somebody plays."""

    def __init__(self, path: str) -> None:
        self._path = Path(path)
        self._players = 0
        self._opening = asyncio.Lock()
        self._server: asyncio.Server | None = None
        self.spectators: set[asyncio.Transport] = set()
        self.levels: dict[str, bool] = {}
        self.readers: dict[str, Callable[[Heard], None]] = {}
        self.inputs: dict[str, asyncio.Queue[bool]] = {}

    @asynccontextmanager
    async def playing(self) -> AsyncIterator[None]:
        """Listen at the socket, for its owner alone; raises OSError."""
        async with self._opening:
            if not self._players:
                await self._open()
            self._players += 1
        try:
            yield
        finally:
            self._players -= 1
            if not self._players:
                self._close()

    def switch(self, name: str, active: bool) -> None:
        """Switch an output; the relay's is also written to a file. Raises OSError."""
        if name == "relay":
            # Without truncating it, which would make the door wait for the disk.
            file = os.open(relay_file(str(self._path)), os.O_WRONLY | os.O_CREAT, 0o600)
            try:
                os.pwrite(file, b"1\n" if active else b"0\n", 0)
            finally:
                os.close(file)
        self.levels[name] = active
        self.tell({name: active})

    def tell(self, message: Mapping[str, object]) -> None:
        line = json.dumps(message).encode() + b"\n"
        for spectator in self.spectators.copy():
            if spectator.get_write_buffer_size() > UNREAD:
                self.spectators.discard(spectator)
                spectator.abort()
            else:
                spectator.write(line)

    def trouble(self, error: OSError) -> str:
        """Return a sentence about why nothing can be played here."""
        if error.errno == errno.EADDRINUSE:
            return f"{self._path} is in use: end the other agent, or take another path."
        return f"{self._path} cannot be used: {error.strerror or error}."

    def meaning(self, line: bytes) -> tuple[str, list[Callable[[], None]]]:
        """Return what a line says, and the steps it asks for; raises if it makes no sense."""
        said = json.loads(line)
        at = time.monotonic()
        match said:
            case {"present": str(card)}:
                technology = Technology(said.get("technology", Technology.UNKNOWN))
                scan = Scan(card=bytes.fromhex(card), technology=technology, at=at)
                return "present", [partial(self._reader(said), scan)]
            case {"key": str(key)} if len(key) == 1 and key in "0123456789*#":
                return "key", [partial(self._reader(said), Key(key=key, at=at))]
            case {"tamper": bool(active)}:
                return "tamper", [partial(self._reader(said), Tamper(active=active, at=at))]
            case {"contact": str(stands)}:
                return "contact", [partial(self._become, "contact", CONTACT[stands])]
            case {"press": str(button)}:
                name = BUTTONS[button]
                return "press", [partial(self._become, name, active) for active in (True, False)]
        raise ValueError

    def _reader(self, said: Mapping[str, Any]) -> Callable[[Heard], None]:
        return self.readers[said.get("reader") or next(iter(self.readers), "")]

    def _become(self, name: str, active: bool) -> None:
        if self.levels.get(name, False) is not active:
            self.levels[name] = active
            if name in self.inputs:
                self.inputs[name].put_nowait(active)

    async def _open(self) -> None:
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        try:
            _clear(self._path)
            listening.bind(str(self._path))
            self._path.chmod(0o600)  # before anybody can come in, which is by what follows
            loop = asyncio.get_running_loop()
            self._server = await loop.create_unix_server(lambda: _Visit(self), sock=listening)
        except BaseException:
            listening.close()
            raise

    def _close(self) -> None:
        if self._server is not None:
            self._server.close()
        for spectator in self.spectators.copy():
            spectator.abort()
        self._path.unlink(missing_ok=True)


class _Visit(asyncio.Protocol):
    """One connection to the stage."""

    def __init__(self, at: Stage) -> None:
        self._stage = at
        self._said = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._answer(self._stage.levels)
        self._stage.spectators.add(self._transport)

    def connection_lost(self, _: Exception | None) -> None:
        self._stage.spectators.discard(self._transport)

    def data_received(self, data: bytes) -> None:
        *lines, self._said = (self._said + data).split(b"\n")
        if len(self._said) > LONGEST:
            self._transport.abort()
        for line in lines:
            self._obey(line)

    def _obey(self, line: bytes) -> None:
        try:
            what, steps = self._stage.meaning(line)
        except NONSENSE:
            self._answer({"error": "There is no such thing to do, button or reader here."})
            return
        for step in steps:
            step()
        self._answer({"done": what})

    def _answer(self, message: Mapping[str, object]) -> None:
        self._transport.write(json.dumps(message).encode() + b"\n")


_STAGES: Final[WeakValueDictionary[str, Stage]] = WeakValueDictionary()


def _stage(path: str) -> Stage:
    """Return the stage at a socket's path: one for all that play there."""
    return _STAGES.setdefault(path, Stage(path))


def _clear(path: Path) -> None:
    """Make way for a socket: one that nobody listens at any more is left by an agent that died."""
    if path.is_socket():
        with socket.socket(socket.AF_UNIX) as visitor:
            try:
                visitor.connect(str(path))
            except ConnectionRefusedError:
                path.unlink()
