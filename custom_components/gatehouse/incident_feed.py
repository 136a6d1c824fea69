"""Incidents as cards show them, and the news of them as it comes."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, Self

from homeassistant.components.http.auth import async_sign_path
from homeassistant.components.websocket_api import ActiveConnection
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError

from .asking import Page, page_of, translated
from .following import async_follow_site, async_run_until_left
from .incidents import IncidentNews, IncidentQuery
from .models import Footage, Incident
from .roster import Roster
from .serialize import footage_json, incident_json, is_playable
from .views import FOOTAGE_URL, FRAME_URL, PICTURE_URL, POSTER_URL

if TYPE_CHECKING:
    from .hub import Hub

LARGEST_PAGE: Final = 200

# As long as somebody looks at a card; whoever looks longer asks again.
LIFETIME: Final = timedelta(hours=1)

PAGE: Final = "page"
FAILED: Final = "failed"

# News that come while the page is read, which takes milliseconds.
MOST_HELD: Final = 100


class IncidentFeed:
    """Tells one viewer the newest incidents and then the news, also when the site was reloaded."""

    def __init__(
        self, hass: HomeAssistant, connection: ActiveConnection, identity: int, query: IncidentQuery
    ) -> None:
        """Answer the subscription of this id; the query is for what to begin with."""
        self._hass = hass
        self._connection = connection
        self._id = identity
        self._query = query
        self._hub: Hub | None = None
        self._held: deque[IncidentNews] | None = None

    @callback
    def open(self) -> CALLBACK_TYPE:
        """Begin to tell, as soon as the site runs; return how to end."""
        return async_follow_site(self._hass, self._join)

    @callback
    def _join(self, hub: Hub | None) -> Iterator[CALLBACK_TYPE]:
        self._hub, self._held = hub, None
        if hub is None:
            return
        yield hub.house.async_subscribe(self._hear)
        if self._query.limit:
            self._held = deque(maxlen=MOST_HELD)
            yield async_run_until_left(self._hass, self._begin(hub), f"incident feed {self._id}")

    async def _begin(self, hub: Hub) -> None:
        """Tell the newest incidents, then what came meanwhile."""
        try:
            async with translated():
                page = await page_of(hub, self._query, None)
        except HomeAssistantError as err:
            self._send({"kind": FAILED, "code": err.translation_key, "message": str(err)})
        else:
            self._send({"kind": PAGE, **page_shown(self._connection, page, hub.cameras)})
        held, self._held = self._held or (), None
        for news in held:
            self._hear(news)

    @callback
    def _hear(self, news: IncidentNews) -> None:
        if self._held is not None:
            self._held.append(news)
        elif self._hub:
            incident = incident_shown(self._connection, news.incident, self._hub.cameras)
            self._send({"kind": news.kind.value, "due": news.due, "incident": incident})

    @callback
    def _send(self, event: dict[str, Any]) -> None:
        self._connection.send_event(self._id, event)


def page_shown(connection: ActiveConnection, page: Page, roster: Roster) -> dict[str, Any]:
    """Return a page of incidents for one viewer."""
    names = _Names.of(roster)
    shown = [_shown(connection, incident, names) for incident in page.incidents]
    return {"incidents": shown, "next": page.next}


def incident_shown(
    connection: ActiveConnection, incident: Incident, roster: Roster
) -> dict[str, Any]:
    """Return an incident for one viewer, with addresses that hold for an hour."""
    return _shown(connection, incident, _Names.of(roster))


def footage_shown(connection: ActiveConnection, footage: Footage) -> dict[str, Any]:
    """Return a recording for one viewer, with addresses that hold for an hour."""
    told = footage_json(footage) | {"url": None, "poster_url": None}
    if not is_playable(footage):
        return told
    return told | {
        "url": _signed(connection, FOOTAGE_URL.format(id=footage.id)),
        "poster_url": _signed(connection, POSTER_URL.format(id=footage.id)),
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class _Names:
    """The entities of cameras, and what people call doors, by their keys."""

    cameras: dict[str, str]
    doors: dict[str, str]

    @classmethod
    def of(cls, roster: Roster) -> Self:
        return cls(cameras=roster.entities(), doors=roster.doors())


def _shown(connection: ActiveConnection, incident: Incident, names: _Names) -> dict[str, Any]:
    told = incident_json(incident, names.cameras)
    picture = PICTURE_URL.format(id=incident.id) if incident.picture else None
    frames = [
        FRAME_URL.format(id=incident.id, number=number) for number in range(len(incident.frames))
    ]
    return told | {
        "passages": [
            passage | {"door_name": names.doors.get(passage["door"], passage["door"])}
            for passage in told["passages"]
        ],
        "picture_url": _signed(connection, picture) if picture else None,
        "frame_urls": [_signed(connection, frame) for frame in frames],
    }


def _signed(connection: ActiveConnection, path: str) -> str:
    return async_sign_path(
        connection.hass, path, LIFETIME, refresh_token_id=connection.refresh_token_id
    )
