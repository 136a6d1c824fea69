"""What happens at the doors, and how they are: for who looks at it."""

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from homeassistant.components import websocket_api
from homeassistant.components.websocket_api import ActiveConnection
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
import voluptuous as vol

from .access import PassageQuery
from .access_doors import doors_json, site_json
from .access_history import LARGEST_LOG, page_json, passages_of
from .access_words import passage_json
from .actions import ATTR_LIMIT
from .asking import translated
from .following import async_follow_site, async_run_until_left
from .models import Passage

if TYPE_CHECKING:
    from .hub import Hub

SUBSCRIBE: Final = "gatehouse/access/subscribe"


@websocket_api.websocket_command(
    {
        vol.Required("type"): SUBSCRIBE,
        vol.Optional(ATTR_LIMIT, default=0): vol.All(int, vol.Range(min=0, max=LARGEST_LOG)),
    }
)
@websocket_api.require_admin
@callback
def subscribe(hass: HomeAssistant, connection: ActiveConnection, msg: dict[str, Any]) -> None:
    """Tell how the doors are and the newest passages, and then all news until unsubscribed."""
    connection.send_result(msg["id"])
    feed = AccessFeed(hass, connection, msg["id"], msg[ATTR_LIMIT])
    connection.subscriptions[msg["id"]] = feed.open()


class AccessFeed:
    """Tells one viewer of the doors, at once and at changes, over reloads of the site.

    A passage that comes while the page is read may be told twice.
    """

    def __init__(
        self, hass: HomeAssistant, connection: ActiveConnection, identity: int, newest: int
    ) -> None:
        """Answer the subscription of this id; `newest` is how many passages to begin with."""
        self._hass = hass
        self._connection = connection
        self._id = identity
        self._newest = newest
        self._doors: dict[str, dict[str, Any]] = {}
        self._site: dict[str, Any] = {}

    @callback
    def open(self) -> CALLBACK_TYPE:
        """Begin to tell, as soon as the site runs; return how to end."""
        return async_follow_site(self._hass, self._join)

    @callback
    def _join(self, hub: Hub | None) -> Iterator[CALLBACK_TYPE]:
        if hub is None:
            return
        self._look(hub)
        self._send("doors", doors=list(self._doors.values()), **self._site)
        admission, changed = hub.admission, partial(self._changed, hub)
        yield admission.async_subscribe(partial(self._passage, hub))
        yield admission.async_subscribe_rings(lambda door: self._send("ring", door=door))
        yield admission.emergency.async_subscribe(changed)
        yield admission.policies.listen(partial(self._policy, hub))
        yield admission.async_subscribe_spent(partial(self._policy, hub))
        for agent in hub.cameras.agents.values():
            yield agent.async_add_listener(changed)
        if self._newest:
            yield async_run_until_left(self._hass, self._page(hub), f"access feed {self._id}")

    async def _page(self, hub: Hub) -> None:
        try:
            async with translated():
                page = await passages_of(hub, PassageQuery(limit=self._newest))
        except HomeAssistantError as err:
            self._send("failed", code=err.translation_key, message=str(err))
        else:
            self._send("page", **page_json(hub, page))

    @callback
    def _passage(self, hub: Hub, passage: Passage) -> None:
        self._send("passage", passage=passage_json(passage, hub.admission.doors()))

    @callback
    def _policy(self, hub: Hub) -> None:
        """Tell that people, cards, schedules or uses may be others now, and how the doors are."""
        self._send("policy")
        self._changed(hub)

    @callback
    def _changed(self, hub: Hub) -> None:
        """Tell what is not as it was told last."""
        doors, site = self._doors, self._site
        self._look(hub)
        if self._doors.keys() != doors.keys():
            self._send("doors", doors=list(self._doors.values()), **self._site)
            return
        for key, door in self._doors.items():
            if door != doors[key]:
                self._send("door", door=door)
        if self._site != site:
            self._send("site", **self._site)

    def _look(self, hub: Hub) -> None:
        self._doors = {door["key"]: door for door in doors_json(hub)}
        self._site = site_json(hub)

    @callback
    def _send(self, kind: str, **news: Any) -> None:
        self._connection.send_event(self._id, {"kind": kind, **news})
