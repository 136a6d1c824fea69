"""The named tasks of a site, each started again when it fails."""

import asyncio
from collections.abc import Awaitable, Callable
import logging
from typing import TYPE_CHECKING, Final

from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir

from .const import DOMAIN

if TYPE_CHECKING:
    from . import GatehouseConfigEntry

_LOGGER = logging.getLogger(__name__)

# A story that fails at once must not spin; one that ran for minutes starts over quickly.
RESTART_FIRST: Final = 1.0
RESTART_LONGEST: Final = 60.0
STEADY: Final = 300.0

# Once is an accident, five times in a row is something that a person should know of.
FAILURES_TO_REPORT: Final = 5


class Stories:
    """Runs stories until they end or the site does."""

    def __init__(self, hass: HomeAssistant, entry: GatehouseConfigEntry) -> None:
        """Nothing runs yet."""
        self._hass = hass
        self._entry = entry
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def start(self, name: str, story: Callable[[], Awaitable[object]]) -> None:
        """Run a story under its own name; one that runs goes on, one that ended starts over."""
        if name not in self._tasks:
            task = self._entry.async_create_background_task(
                self._hass, self._run(name, story), f"{DOMAIN} {name}"
            )
            self._tasks[name] = task
            task.add_done_callback(lambda _: self._tasks.pop(name, None))

    async def cancel(self) -> None:
        """Cancel every story and wait until each has let go of what it held."""
        tasks = list(self._tasks.values())
        self._tasks.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _run(self, name: str, story: Callable[[], Awaitable[object]]) -> None:
        failures = 0
        while True:
            began = self._hass.loop.time()
            steady = self._hass.loop.call_later(STEADY, self._forgive, name)
            try:
                await story()
            except Exception:
                _LOGGER.exception("The story '%s' failed and is started again", name)
            else:
                self._forgive(name)
                return
            finally:
                steady.cancel()
            held = self._hass.loop.time() - began > STEADY
            failures = 1 if held else failures + 1
            if failures == FAILURES_TO_REPORT:
                self._report(name)
            await asyncio.sleep(min(RESTART_FIRST * 2 ** (failures - 1), RESTART_LONGEST))

    def _report(self, name: str) -> None:
        ir.async_create_issue(
            self._hass,
            DOMAIN,
            _issue(name),
            is_fixable=False,
            severity=ir.IssueSeverity.ERROR,
            translation_key="story_failing",
            translation_placeholders={"name": name},
        )

    def _forgive(self, name: str) -> None:
        ir.async_delete_issue(self._hass, DOMAIN, _issue(name))


def _issue(name: str) -> str:
    return f"story_failing_{name}"
