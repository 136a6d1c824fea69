"""The steps of the options that are about the database: a server is tried, and may be filled."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from homeassistant.config_entries import ConfigEntryState, ConfigFlowResult

from .agent_meeting import Trouble
from .const import CONF_DB_PASSWORD, CONF_DB_URL
from .database import DatabaseError, Server
from .database_choice import async_prepare_place, database_place
from .database_copy import Stock, copy, stock
from .database_server import is_same_server, without_password
from .options_forms import OptionsForms, trouble_at

EXAMPLE: Final = "postgresql://gatehouse@192.168.1.5/gatehouse"

# Asked only where there is something to choose.
FULL: Final = ("database_taken", "database")
EMPTY: Final = ("database_copy", "database_anew")


class DatabaseSteps(OptionsForms):
    """Where the database is, and what becomes of what the one before holds."""

    _moved: dict[str, Any]
    """The options with the new place."""
    _found: Stock
    """What is at the new place, or at the old one if nothing is there."""
    _copying: asyncio.Task[str] | None = None
    _failed: DatabaseError

    async def async_step_database(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for a server, and try it."""
        if user_input is None:
            return self._async_ask_database()
        options = self._answered("database", _parted(user_input))
        new, old = self._place(options), self._place(None)
        try:
            await async_prepare_place(self.hass, new)
            there = await stock(new)
        except DatabaseError as err:
            trouble = trouble_at(CONF_DB_URL, "database_failed", err)
            return self._async_ask_database(_parted(user_input), trouble)
        self._moved = options
        if _is_same(new, old):
            return self._async_move()
        return await self._async_offer(there, old)

    async def async_step_database_full(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask whether to go on with the rows that the new place has."""
        return self._async_choose("database_full", FULL)

    async def async_step_database_empty(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask whether the rows of the old place are to come along."""
        return self._async_choose("database_empty", EMPTY)

    async def async_step_database_copy(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Copy what there is while the site stands still."""
        if self._copying is None:
            self._copying = self.hass.async_create_task(
                self._copy(), "gatehouse database copy", eager_start=False
            )
        if not self._copying.done():
            return self.async_show_progress(
                step_id="database_copy",
                progress_action="database_copy",
                progress_task=self._copying,
            )
        copying, self._copying = self._copying, None
        return self.async_show_progress_done(next_step_id=copying.result())

    async def async_step_database_copied(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Go on with the copy."""
        return self._async_move()

    async def async_step_database_failed(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Go back to the form, and say why nothing was copied."""
        trouble = trouble_at("base", "database_not_copied", self._failed)
        return self._async_ask_database(self._moved, trouble)

    async def async_step_database_anew(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Begin with no rows at all."""
        return self._async_move()

    async def async_step_database_taken(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Go on with the rows that are there, if somebody wants that."""
        return self._async_move()

    async def _async_offer(self, there: Stock, old: Path | Server) -> ConfigFlowResult:
        """Ask what becomes of the rows, where there are any on either side."""
        self._found = there
        if there.total:
            return await self.async_step_database_full()
        with suppress(DatabaseError):  # what cannot be read cannot be copied either
            self._found = await stock(old)
        return await self.async_step_database_empty() if self._found.total else self._async_move()

    async def _copy(self) -> str:
        """Copy while nobody writes, and return the next step."""
        entry, loop = self.config_entry, self.hass.loop
        runs = entry.state is ConfigEntryState.LOADED
        if runs and not await self.hass.config_entries.async_unload(entry.entry_id):
            self._failed = DatabaseError("The site could not be stopped: restart Home Assistant.")
            return "database_failed"

        def told(share: float) -> None:
            loop.call_soon_threadsafe(self.async_update_progress, share)

        try:
            await copy(self._place(None), self._place(self._moved), told)
        except DatabaseError as err:
            self._failed = err
            return "database_failed"
        else:
            # So the site comes back at the new place, and nothing is written to the old one.
            self.hass.config_entries.async_update_entry(entry, options=self._moved)
            return "database_copied"
        finally:
            if runs:
                self.hass.config_entries.async_schedule_reload(entry.entry_id)

    def _async_ask_database(
        self, user_input: Mapping[str, Any] | None = None, trouble: Trouble | None = None
    ) -> ConfigFlowResult:
        return self._async_ask("database", user_input, trouble, example=EXAMPLE)

    def _async_choose(self, step: str, ways: Sequence[str]) -> ConfigFlowResult:
        return self.async_show_menu(
            step_id=step,
            menu_options=list(ways),
            description_placeholders=_counted(self._found),
        )

    def _async_move(self) -> ConfigFlowResult:
        self._take(self._moved)
        return self._async_save()

    def _place(self, options: Mapping[str, Any] | None) -> Path | Server:
        return database_place(self.hass, self.config_entry, options)


def _parted(answers: Mapping[str, Any]) -> dict[str, Any]:
    """Return the answers with a password that was pasted within the address in its own field."""
    url, password = without_password(str(answers.get(CONF_DB_URL, "")).strip())
    return {**answers, CONF_DB_URL: url, **({CONF_DB_PASSWORD: password} if password else {})}


def _is_same(one: Path | Server, other: Path | Server) -> bool:
    if isinstance(one, Server) and isinstance(other, Server):
        return is_same_server(one, other)
    return one == other


def _counted(found: Stock) -> dict[str, str]:
    """Return how much there is in the words of a form."""
    return {
        "rows": f"{found.total:,}",
        **{name: str(found.rows.get(name, 0)) for name in ("incidents", "footage", "passages")},
    }
