"""What is told as a repair issue of the database: that nothing can be kept in it."""

import asyncio
from datetime import timedelta
from typing import Final

from homeassistant.core import HomeAssistant

from .care import Problem, ProblemKind
from .database import Database, DatabaseError
from .issues import Issues

LOOK_EVERY: Final = timedelta(seconds=30)

# A backup holds a file for moments, and a server is back from an update by then.
PATIENCE: Final = timedelta(minutes=1)


class DatabaseHealth:
    """Watches over the database, and takes the issue back when it can be written again."""

    def __init__(self, hass: HomeAssistant, database: Database) -> None:
        """Nothing is wrong yet."""
        self._database = database
        self._issues = Issues(hass)

    async def watch(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            await asyncio.sleep(LOOK_EVERY.total_seconds())
            await self.look()

    async def look(self) -> None:
        """Look once; what has failed for long is told."""
        try:
            await self._database.check()
        except DatabaseError as error:
            if self._database.failing_for >= PATIENCE:
                words = {"error": str(error)}
                self._issues.keep(Problem(kind=ProblemKind.DATABASE_FAILING, words=words))
        else:
            self._issues.keep()
