"""Where the options say that the database is, and the opening of it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant

from .const import CONF_DB_PASSWORD, CONF_DB_URL, DOMAIN
from .database import Database, DatabaseUnreachable, Server
from .on_demand import Package, async_install
from .options import chosen
from .vision import DetectorUnavailable


def database_place(
    hass: HomeAssistant, entry: ConfigEntry, answers: Mapping[str, Any] | None = None
) -> Path | Server:
    """Return where the user chose to keep the database, or chooses by these answers."""
    options = chosen(entry, answers)
    if options[CONF_DB_URL]:
        return Server(url=options[CONF_DB_URL], password=options[CONF_DB_PASSWORD] or None)
    return Path(hass.config.path(f"{DOMAIN}.db"))


async def async_open_database(hass: HomeAssistant, entry: ConfigEntry) -> Database:
    """Open the site's database; raises DatabaseError."""
    place = database_place(hass, entry)
    await async_prepare_place(hass, place)
    return await Database.open(place)


async def async_prepare_place(hass: HomeAssistant, place: Path | Server) -> None:
    """Install what a server is spoken to with; raises DatabaseUnreachable."""
    if isinstance(place, Server):
        try:
            await async_install(hass, Package.PSYCOPG)
        except DetectorUnavailable as err:
            raise DatabaseUnreachable(str(err)) from err
