"""Bookings as they come along: for who looks at them."""

import asyncio
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from homeassistant.components import websocket_api
from homeassistant.components.websocket_api import ActiveConnection
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
import voluptuous as vol

from .asking import translated
from .booking_deeds import ASKED_OF_BOOKINGS, wanted_by
from .booking_payload import Asker, bookings_json
from .deeds import Asked
from .following import async_follow_site, async_run_until_left
from .telling import async_next_look

if TYPE_CHECKING:
    from .hub import Hub

SUBSCRIBE: Final = "gatehouse/bookings/subscribe"

FAILED: Final = "failed"
PROGRESS: Final = frozenset({"progress", "eta"})


@websocket_api.websocket_command({vol.Required("type"): SUBSCRIBE, **ASKED_OF_BOOKINGS})
@callback
def subscribe(hass: HomeAssistant, connection: ActiveConnection, msg: dict[str, Any]) -> None:
    """Tell the bookings that are asked for, and then all news of them until unsubscribed."""
    connection.send_result(msg["id"])
    connection.subscriptions[msg["id"]] = BookingFeed(hass, connection, msg).open()


class BookingFeed:
    """Tells one viewer of bookings, at once and at changes, over reloads of the site."""

    def __init__(
        self, hass: HomeAssistant, connection: ActiveConnection, asked: Mapping[str, Any]
    ) -> None:
        """Answer the subscription of this message."""
        self._hass = hass
        self._connection = connection
        self._asked = asked
        self._changed = asyncio.Event()

    @callback
    def open(self) -> CALLBACK_TYPE:
        """Begin to tell, as soon as the site runs; return how to end."""
        return async_follow_site(self._hass, self._join)

    @callback
    def _join(self, hub: Hub | None) -> Iterator[CALLBACK_TYPE]:
        if hub is None:
            return
        yield hub.schedule.async_subscribe(lambda _: self._changed.set())
        yield hub.storage.offsite.watch(self._changed.set)
        yield async_run_until_left(self._hass, self._tell(hub), f"booking feed {self._asked['id']}")

    async def _tell(self, hub: Hub) -> None:
        """Tell all bookings, then what is new of them, until cancelled."""
        told: dict[str, dict[str, Any]] | None = None
        while True:
            self._changed.clear()
            try:
                async with translated():
                    told = self._news(told, await self._look(hub))
            except HomeAssistantError as err:
                self._send(FAILED, code=err.translation_key, message=str(err))
            await async_next_look(self._changed)

    async def _look(self, hub: Hub) -> dict[str, dict[str, Any]]:
        user = self._connection.user
        wanted = wanted_by(Asked(hub=hub, fields=self._asked, user=user.id))
        found = await bookings_json(hub, wanted, Asker(user=user))
        return {booking["id"]: booking for booking in found}

    @callback
    def _news(
        self, told: dict[str, dict[str, Any]] | None, now: dict[str, dict[str, Any]]
    ) -> dict[str, dict[str, Any]]:
        """Tell what is not as it was told last."""
        if told is None:
            self._send("bookings", bookings=list(now.values()))
            return now
        for key, booking in now.items():
            if (kind := _kind(told.get(key), booking)) is not None:
                self._send(kind, booking=booking)
        for key in told.keys() - now.keys():
            self._send("gone", id=key)
        return now

    @callback
    def _send(self, kind: str, **news: Any) -> None:
        self._connection.send_event(self._asked["id"], {"kind": kind, **news})


def _kind(was: Mapping[str, Any] | None, now: Mapping[str, Any]) -> str | None:
    """Return what is new of a booking, None if nothing is."""
    if was is None:
        return "created"
    changed = {name for name in now if now[name] != was[name]}
    if not changed:
        return None
    if "state" in changed:
        return "state"
    return "progress" if changed <= PROGRESS else "moved"
