"""The one log of a site: what Gatehouse writes here, and what its agents tell."""

from collections.abc import Awaitable, Callable, Iterator
import logging
from typing import TYPE_CHECKING, Final

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.util import dt as dt_util

from .const import SECRET_OPTIONS, SUBENTRY_AGENT
from .database import Database, DatabaseError
from .logs import SITE, Logs, LogStore, SiteLog

if TYPE_CHECKING:
    from . import GatehouseConfigEntry

_LOGGER = logging.getLogger(__name__)
_OURS: Final = logging.getLogger(__package__)


class LogKeeping:
    """The logs room of one site; its stories are run by the hub."""

    def __init__(
        self, hass: HomeAssistant, entry: GatehouseConfigEntry, database: Database
    ) -> None:
        """Keep records in this database; nothing is heard before open()."""
        self._entry = entry
        self._own = SiteLog()
        self.flow = Logs(LogStore(database), self._own.take, _secrets(entry), dt_util.utcnow)

    @callback
    def open(self) -> CALLBACK_TYPE:
        """Begin to hear what Gatehouse writes into Home Assistant's log; return how to end."""
        _OURS.addHandler(self._own)
        return self._end

    async def close(self) -> None:
        """End, and write what is left."""
        self._end()
        try:
            await self.flow.write()
        except DatabaseError as error:
            _LOGGER.warning("The last records are lost: %s", error)

    def stories(self) -> Iterator[tuple[str, Callable[[], Awaitable[None]]]]:
        """Give what is to run, by its names."""
        yield "log", self.flow.run

    def names(self) -> dict[str, str]:
        """Return what people call the sources of records that there are now, by their ids."""
        agents = self._entry.get_subentries_of_type(SUBENTRY_AGENT)
        return {SITE: self._entry.title} | {str(each.unique_id): each.title for each in agents}

    @callback
    def _end(self) -> None:
        _OURS.removeHandler(self._own)


def _secrets(entry: GatehouseConfigEntry) -> frozenset[str]:
    return frozenset(
        value
        for data in (entry.options, *(each.data for each in entry.subentries.values()))
        for key, value in data.items()
        if key in SECRET_OPTIONS and isinstance(value, str) and value
    )
