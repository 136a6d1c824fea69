"""What is told as a repair issue of the database: that nothing can be kept in it."""

import asyncio
from datetime import datetime, timedelta
from typing import Final

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from .care import Patience, Problem, ProblemKind
from .database import Database, DatabaseError
from .issues import Issues

LOOK_EVERY: Final = timedelta(seconds=30)


class DatabaseHealth:
    """Watches over the database, and takes the issue back when it can be written again."""

    def __init__(self, hass: HomeAssistant, database: Database) -> None:
        """Nothing is wrong yet."""
        self._database = database
        self._patience = Patience()
        self._issues = Issues(hass)

    async def watch(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            await self.look(dt_util.utcnow())
            await asyncio.sleep(LOOK_EVERY.total_seconds())

    async def look(self, now: datetime) -> None:
        """Look once: what lasts is told."""
        wrong = []
        try:
            await self._database.check()
        except DatabaseError as error:
            kind, words = ProblemKind.DATABASE_FAILING, {"error": str(error)}
            wrong = [Problem(kind=kind, words=words)]
        self._issues.keep(*self._patience.look(wrong, now))
