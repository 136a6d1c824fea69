"""What administrators ask of the log."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from homeassistant.core import SupportsResponse
from homeassistant.helpers import config_validation as cv
import voluptuous as vol

from .actions import ATTR_BEFORE, ATTR_LIMIT
from .agent import LogLevel
from .asking import MOMENT
from .deeds import Asked, Deed
from .logs import LogPage, LogQuery, LogRecord, place_in

if TYPE_CHECKING:
    from .hub import Hub

ATTR_SOURCE: Final = "source"
ATTR_LEVEL: Final = "level"
ATTR_TEXT: Final = "text"
ATTR_SINCE: Final = "since"
ATTR_UNTIL: Final = "until"

LARGEST_PAGE: Final = 200
LONGEST_TEXT: Final = 200

ASKED_OF_LOG: Final = {
    vol.Optional(ATTR_SOURCE): cv.string,
    vol.Optional(ATTR_LEVEL): vol.Coerce(LogLevel),
    vol.Optional(ATTR_TEXT): vol.All(cv.string, vol.Length(max=LONGEST_TEXT)),
    vol.Optional(ATTR_SINCE): MOMENT,
    vol.Optional(ATTR_UNTIL): MOMENT,
    vol.Optional(ATTR_LIMIT, default=50): vol.All(
        vol.Coerce(int), vol.Range(min=1, max=LARGEST_PAGE)
    ),
}
"""What can be asked of the log: fields of LogQuery, by their names."""


def query_of(hub: Hub, fields: Mapping[str, Any]) -> LogQuery:
    """Return what is asked for; a source may be called by its id or its name."""
    wanted = {name: fields[name] for name in map(str, ASKED_OF_LOG) if name in fields}
    if ATTR_SOURCE in wanted:
        wanted[ATTR_SOURCE] = _source_called(hub, wanted[ATTR_SOURCE])
    return LogQuery(**wanted, before=fields.get(ATTR_BEFORE))


def record_json(record: LogRecord, names: Mapping[str, str]) -> dict[str, Any]:
    """Return a record as answers tell it."""
    return {
        "id": record.id,
        "at": record.at.isoformat(),
        "level": record.level.value,
        "source": record.source,
        "name": names.get(record.source, record.source),
        "logger": record.logger,
        "text": record.text,
    }


async def page_json(hub: Hub, query: LogQuery) -> dict[str, Any]:
    """Return a page of the log, and of whom there are records to ask for."""
    page: LogPage = await hub.log.flow.find(query)
    names = hub.log.names()
    gone = {source: source for source in sorted(await hub.log.flow.sources() - names.keys())}
    return {
        "records": [record_json(record, names) for record in page.records],
        "next": page.next,
        "sources": [{"id": each, "name": name} for each, name in (names | gone).items()],
    }


async def _list(asked: Asked) -> dict[str, Any]:
    return await page_json(asked.hub, query_of(asked.hub, asked.fields))


def _source_called(hub: Hub, called: str) -> str:
    names = hub.log.names()
    if called in names:
        return called
    alike = (each for each, name in names.items() if name.casefold() == called.casefold())
    return next(alike, called)


LOG: Final = Deed(
    action="get_logs",
    command="logs/list",
    do=_list,
    fields={**ASKED_OF_LOG, vol.Optional(ATTR_BEFORE): vol.All(cv.string, place_in)},
    response=SupportsResponse.ONLY,
)

LOG_ACTIONS: Final = (LOG.as_action(),)
LOG_COMMANDS: Final = (LOG.as_command(),)
