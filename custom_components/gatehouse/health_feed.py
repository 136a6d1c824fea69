"""How the machines of the site are, and what is wrong: for who looks after them."""

import asyncio
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from homeassistant.components import websocket_api
from homeassistant.components.websocket_api import ActiveConnection
from homeassistant.core import CALLBACK_TYPE, Event, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.issue_registry import (
    EVENT_REPAIRS_ISSUE_REGISTRY_UPDATED,
    EventIssueRegistryUpdatedData,
)
import voluptuous as vol

from .asking import site_of, translated
from .const import DOMAIN
from .following import async_follow_site, async_run_until_left
from .health_payload import health_json
from .telling import async_tell_changes

if TYPE_CHECKING:
    from .hub import Hub

SUBSCRIBE: Final = "gatehouse/health/subscribe"
ATTR_LANGUAGE: Final = "language"


@websocket_api.websocket_command(
    {vol.Required("type"): SUBSCRIBE, vol.Optional(ATTR_LANGUAGE): cv.string}
)
@websocket_api.require_admin
@callback
def subscribe(hass: HomeAssistant, connection: ActiveConnection, msg: dict[str, Any]) -> None:
    """Tell how all is, now and whenever that changes, until unsubscribed."""
    connection.send_result(msg["id"])
    feed = HealthFeed(hass, connection, msg["id"], msg.get(ATTR_LANGUAGE))
    connection.subscriptions[msg["id"]] = feed.open()


class HealthFeed:
    """Tells one viewer how all is, at once and at changes, over reloads of the site."""

    def __init__(
        self, hass: HomeAssistant, connection: ActiveConnection, identity: int, language: str | None
    ) -> None:
        """Answer the subscription of this id, in a language or in that of Home Assistant."""
        self._hass = hass
        self._connection = connection
        self._id = identity
        self._language = language or hass.config.language
        self._changed = asyncio.Event()

    @callback
    def open(self) -> CALLBACK_TYPE:
        """Begin to tell, as soon as the site runs; return how to end."""
        return async_follow_site(self._hass, self._join)

    @callback
    def _join(self, hub: Hub | None) -> Iterator[CALLBACK_TYPE]:
        if hub is None:
            return
        changed = self._changed.set
        for agent in hub.cameras.agents.values():
            yield agent.async_add_listener(changed)
        yield hub.machine.async_add_listener(changed)
        yield hub.storage.async_subscribe(lambda _: changed())
        yield hub.storage.offsite.watch(changed)
        yield hub.detection.subscribe(changed)
        yield self._hass.bus.async_listen(EVENT_REPAIRS_ISSUE_REGISTRY_UPDATED, self._issue_changed)
        yield async_run_until_left(
            self._hass,
            async_tell_changes(self._changed, self._news, self._send),
            f"health feed {self._id}",
        )

    @callback
    def _issue_changed(self, event: Event[EventIssueRegistryUpdatedData]) -> None:
        if event.data["domain"] == DOMAIN:
            self._changed.set()

    @callback
    def _send(self, news: dict[str, Any]) -> None:
        self._connection.send_event(self._id, news)

    async def _news(self) -> dict[str, Any]:
        try:
            async with translated():
                health = await health_json(site_of(self._hass), self._language)
        except HomeAssistantError as err:
            return {"kind": "failed", "code": err.translation_key, "message": str(err)}
        return {"kind": "health"} | health
