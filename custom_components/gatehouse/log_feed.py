"""The log as it is written: for who looks at it."""

from collections import deque
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from homeassistant.components import websocket_api
from homeassistant.components.websocket_api import ActiveConnection
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
import voluptuous as vol

from .asking import translated
from .following import async_follow_site, async_run_until_left
from .log_deeds import ASKED_OF_LOG, LARGEST_PAGE, page_json, query_of, record_json

if TYPE_CHECKING:
    from .hub import Hub
    from .logs import LogQuery, LogRecord

SUBSCRIBE: Final = "gatehouse/logs/subscribe"


@websocket_api.websocket_command({vol.Required("type"): SUBSCRIBE, **ASKED_OF_LOG})
@websocket_api.require_admin
@callback
def subscribe(hass: HomeAssistant, connection: ActiveConnection, msg: dict[str, Any]) -> None:
    """Tell a page of the log, and then all news of it until unsubscribed."""
    connection.send_result(msg["id"])
    connection.subscriptions[msg["id"]] = LogFeed(hass, connection, msg).open()


class LogFeed:
    """Tells one viewer what is written into the log, over reloads of the site.

    The log is written once a second, so that nobody is told more often.
    """

    def __init__(
        self, hass: HomeAssistant, connection: ActiveConnection, asked: Mapping[str, Any]
    ) -> None:
        """Answer the subscription of this message."""
        self._hass = hass
        self._connection = connection
        self._asked = asked
        self._held: deque[LogRecord] | None = None

    @callback
    def open(self) -> CALLBACK_TYPE:
        """Begin to tell, as soon as the site runs; return how to end."""
        return async_follow_site(self._hass, self._join)

    @callback
    def _join(self, hub: Hub | None) -> Iterator[CALLBACK_TYPE]:
        if hub is None:
            return
        query = query_of(hub, self._asked)
        self._held = deque(maxlen=LARGEST_PAGE)
        yield hub.log.flow.subscribe(query, lambda new: self._hear(hub, new))
        yield async_run_until_left(
            self._hass, self._begin(hub, query), f"log feed {self._asked['id']}"
        )

    async def _begin(self, hub: Hub, query: LogQuery) -> None:
        """Tell the newest page, then what came meanwhile."""
        known = set[str]()
        try:
            async with translated():
                page = await page_json(hub, query)
        except HomeAssistantError as err:
            self._send("failed", code=err.translation_key, message=str(err))
        else:
            known = {record["id"] for record in page["records"]}
            self._send("page", **page)
        held, self._held = self._held or (), None
        if new := [record for record in held if record.id not in known]:
            self._hear(hub, new)

    @callback
    def _hear(self, hub: Hub, new: list[LogRecord]) -> None:
        if self._held is not None:
            self._held.extendleft(reversed(new))
            return
        names = hub.log.names()
        self._send("records", records=[record_json(each, names) for each in new[:LARGEST_PAGE]])

    @callback
    def _send(self, kind: str, **news: Any) -> None:
        self._connection.send_event(self._asked["id"], {"kind": kind, **news})
