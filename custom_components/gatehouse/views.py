"""HTTP: one clip, picture or frame, for somebody logged in or holding a signed address."""

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from pathlib import Path
import re
from typing import Final

from aiohttp import hdrs, web
from homeassistant.components.http import KEY_AUTHENTICATED, KEY_HASS
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.http import HomeAssistantView

from .const import DOMAIN
from .database import DatabaseError
from .hub import Hub

FOOTAGE_URL: Final = "/api/gatehouse/footage/{id}"
PICTURE_URL: Final = "/api/gatehouse/picture/{id}"
FRAME_URL: Final = "/api/gatehouse/frame/{id}/{number}"

# Media of an incident never changes under its address but for a better picture.
CACHE: Final = {hdrs.CACHE_CONTROL: "private, max-age=60"}

_ID: Final = re.compile(r"[0-9a-f]{1,64}")
_NUMBER: Final = re.compile(r"[0-9]{1,4}")


@callback
def async_register_views(hass: HomeAssistant) -> None:
    """Serve media; there is no way to take a view away again, so this is done once."""
    hass.http.register_view(MediaView(FOOTAGE_URL, "footage", _clip))
    hass.http.register_view(MediaView(PICTURE_URL, "picture", _picture))
    hass.http.register_view(MediaView(FRAME_URL, "frame", _frame))


class MediaView(HomeAssistantView):
    """One file of ours, by the id of its row: no part of a path ever comes from outside."""

    # A dashboard with an address that ran out is no attack: 403, where 401 would count
    # towards a ban. So the check is ours.
    requires_auth = False

    def __init__(
        self, url: str, name: str, find: Callable[[Hub, str, int], Awaitable[Path | None]]
    ) -> None:
        """Serve what find returns for an id and a number."""
        self.url = url
        self.name = f"api:gatehouse:{name}"
        self._find = find

    async def get(
        self,
        request: web.Request,
        id: str,  # noqa: A002 - the URL's word
        number: str = "0",
    ) -> web.StreamResponse:
        """Return the file, or the part of it that Range asks for."""
        if not request[KEY_AUTHENTICATED]:
            raise (
                web.HTTPUnauthorized if hdrs.AUTHORIZATION in request.headers else web.HTTPForbidden
            )
        if not (_ID.fullmatch(id) and _NUMBER.fullmatch(number)):
            return self.json_message("This is no id.", HTTPStatus.BAD_REQUEST, "bad_id")
        hass = request.app[KEY_HASS]
        try:
            found = [
                await self._find(entry.runtime_data, id, int(number))
                for entry in hass.config_entries.async_loaded_entries(DOMAIN)
            ]
        except DatabaseError as err:
            unavailable = HTTPStatus.SERVICE_UNAVAILABLE
            return self.json_message(str(err), unavailable, "database_failed")
        for path in filter(None, found):
            if await hass.async_add_executor_job(path.is_file):
                return web.FileResponse(path, headers=CACHE)
        return self.json_message("There is no such media.", HTTPStatus.NOT_FOUND, "not_found")

    # A player asks how long a clip is before it asks for parts of it.
    head = get


async def _clip(hub: Hub, footage: str, _: int) -> Path | None:
    found = await hub.footage.get(footage)
    return found.path if found else None


async def _picture(hub: Hub, incident: str, _: int) -> Path | None:
    found = await hub.archive.get(incident)
    return found.picture if found else None


async def _frame(hub: Hub, incident: str, number: int) -> Path | None:
    found = await hub.archive.get(incident)
    return next(iter(found.frames[number : number + 1]), None) if found else None
