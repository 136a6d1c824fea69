"""Lines of a GPIO chip, by libgpiod 2: relays, contacts, buttons, lamps and buzzers."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
import errno
import os
from pathlib import Path
import signal
import time
from typing import Any, Final

from ..line_config import LineConfig
from . import LineError, deadman

CONSUMER: Final = "gatehouse"  # how others are told by the kernel who holds the line
LETTING_GO: Final = 1.0  # seconds that a keeper may take; a lock without power is open meanwhile
SOMEBODY: Final = "another program"
TROUBLES: Final = {
    errno.EACCES: "may not be used: add the agent's user to the group gpio.",
    errno.ENOENT: "is not there: name its chip in agent.toml; gpiodetect lists them by label.",
    errno.EBUSY: "is in use by {user}: end it, or take another line in agent.toml.",
}


class GpioLine:
    """One line, opened when it is used, and again after it was lost or closed.

    An output begins as it is at rest; an input is pulled up, and has no rest.
    """

    def __init__(self, config: LineConfig, rest: bool | None = None) -> None:
        self._config = config
        self._rest = rest
        self._request: Any = None

    def set(self, active: bool) -> None:
        value = _library().line.Value
        try:
            self._opened().set_value(self._config.line, value.ACTIVE if active else value.INACTIVE)
        except OSError as error:
            raise self._lost(error) from error

    def get(self) -> bool:
        try:
            return bool(self._opened().get_value(self._config.line))
        except OSError as error:
            raise self._lost(error) from error

    async def changes(self) -> AsyncIterator[bool]:
        last = self.get()
        yield last
        heard: asyncio.Queue[bool | LineError] = asyncio.Queue()
        loop, file = asyncio.get_running_loop(), self._opened().fd

        def ready() -> None:
            try:
                for active in self._edges():
                    heard.put_nowait(active)
            except LineError as error:
                loop.remove_reader(file)
                heard.put_nowait(error)

        loop.add_reader(file, ready)
        try:
            while True:
                news = await heard.get()
                if isinstance(news, LineError):
                    raise news
                if news is not last:
                    yield (last := news)
        finally:
            loop.remove_reader(file)

    def close(self) -> None:
        request, self._request = self._request, None
        if request is not None:
            request.release()

    def _edges(self) -> list[bool]:
        """Return what the line became since the last call, and what it is: edges may be lost."""
        rising = _library().EdgeEvent.Type.RISING_EDGE
        try:
            edges = [one.event_type is rising for one in self._request.read_edge_events()]
        except OSError as error:
            raise self._lost(error) from error
        return [*edges, self.get()]

    def _opened(self) -> Any:
        if self._request is None:
            self._request = self._open()
        return self._request

    def _open(self) -> Any:
        """Take the line; what a keeper holds is not left alone for longer than a moment."""
        patience = time.monotonic() + LETTING_GO
        while True:
            try:
                return self._taken()
            except OSError as error:
                is_held = error.errno == errno.EBUSY and _lets_go(_user(self._config))
                if not is_held or time.monotonic() > patience:
                    raise
            time.sleep(deadman.RETRY)

    def _taken(self) -> Any:
        gpiod = _library()
        try:
            chip = deadman.chip_of(self._config.chip)
            settings = {self._config.line: self._settings(gpiod)}
            return gpiod.request_lines(chip, consumer=CONSUMER, config=settings)
        except ValueError as error:
            raise LineError(f"{self} does not exist: correct it in agent.toml.") from error

    def _settings(self, gpiod: Any) -> Any:
        words = gpiod.line
        if self._rest is None:
            return gpiod.LineSettings(
                direction=words.Direction.INPUT,
                edge_detection=words.Edge.BOTH,
                bias=words.Bias.PULL_UP,
                active_low=self._config.active_low,
                debounce_period=self._config.debounce,
            )
        return gpiod.LineSettings(
            direction=words.Direction.OUTPUT,
            active_low=self._config.active_low,
            output_value=words.Value.ACTIVE if self._rest else words.Value.INACTIVE,
        )

    def _lost(self, error: OSError) -> LineError:
        self.close()
        trouble = TROUBLES.get(error.errno or 0, f"cannot be used: {error.strerror}.")
        user = _user(self._config) if error.errno == errno.EBUSY else ""
        return LineError(f"{self} {trouble.format(user=user)}")

    def __str__(self) -> str:
        return f"Line {self._config.line} of {self._config.chip or 'the pin header'}"


def _library() -> Any:
    try:
        import gpiod.line
    except ImportError as error:
        sentence = "libgpiod 2 for Python is missing: install python3-libgpiod, or gpiod by pip."
        raise LineError(sentence) from error
    return gpiod


def _user(config: LineConfig) -> str:
    """Return who holds a line."""
    try:
        with _library().Chip(deadman.chip_of(config.chip)) as chip:
            return chip.get_line_info(config.line).consumer or SOMEBODY
    except OSError:
        return SOMEBODY


def _lets_go(user: str) -> bool:
    """Ask the keeper of an agent that is no more to let go; tell whether it is such a one."""
    _, keeper, process = user.partition(f"{deadman.CONSUMER} ")
    if keeper and process.isdigit():
        with suppress(OSError):  # it is gone already, or not ours to end
            program = Path(f"/proc/{process}/cmdline").read_bytes()
            if os.fsencode(deadman.__file__) in program:
                os.kill(int(process), signal.SIGTERM)
                return True
    return False
