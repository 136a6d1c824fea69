"""HTTP: one clip, picture or frame, for somebody logged in or holding a signed address."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from http import HTTPStatus
from pathlib import Path
import re
from typing import TYPE_CHECKING, Final

from aiohttp import hdrs, web
from homeassistant.components.http import KEY_AUTHENTICATED, KEY_HASS
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.http import HomeAssistantView

from .const import DOMAIN
from .database import DatabaseError
from .footage import FootageError
from .media_root import async_served
from .models import Footage, FootageStage

if TYPE_CHECKING:
    from .hub import Hub
    from .storage import Storage

FOOTAGE_URL: Final = "/api/gatehouse/footage/{id}"
POSTER_URL: Final = "/api/gatehouse/footage/{id}/poster"
PICTURE_URL: Final = "/api/gatehouse/picture/{id}"
FRAME_URL: Final = "/api/gatehouse/frame/{id}/{number}"

# Media of an incident never changes under its address but for a better picture.
CACHE: Final[dict[str, str]] = {hdrs.CACHE_CONTROL: "private, max-age=60"}

# How long the off-site storage answers at an address that it was asked for.
AWAY: Final = timedelta(hours=1)

type Find = Callable[[HomeAssistant, Hub, str, int], Awaitable[Path | Away | None]]

_ID: Final = re.compile(r"[0-9a-f]{1,64}")
_NUMBER: Final = re.compile(r"[0-9]{1,4}")


@callback
def async_register_views(hass: HomeAssistant) -> None:
    """Serve media; there is no way to take a view away again, so this is done once."""
    hass.http.register_view(MediaView(FOOTAGE_URL, "footage", _clip))
    hass.http.register_view(MediaView(POSTER_URL, "poster", _poster))
    hass.http.register_view(MediaView(PICTURE_URL, "picture", _picture))
    hass.http.register_view(MediaView(FRAME_URL, "frame", _frame))


@dataclass(frozen=True, slots=True, kw_only=True)
class Away:
    """A clip or a poster in the off-site storage."""

    address: str = field(repr=False)
    """Who has it may see the media, until it runs out."""
    kind: str
    size: int | None = None


def poster(row: Footage) -> Path | None:
    """Return where the poster of a clip is, if the clip is here."""
    return None if row.path is None else row.path.with_suffix(".jpg")


async def away_clip(storage: Storage, row: Footage, lifetime: timedelta, name: str) -> Away | None:
    """Return where a clip is off-site, for a while and to be called so; raises FootageError."""
    if row.stage is not FootageStage.UPLOADED or row.key is None:
        return None
    address = await storage.offsite.url(row, lifetime, name)
    return Away(address=address, kind="video/mp4", size=row.size)


async def away_poster(storage: Storage, row: Footage, lifetime: timedelta) -> Away | None:
    """Return where the poster of a clip is off-site, for a while; raises FootageError."""
    if row.stage is not FootageStage.UPLOADED or row.key is None:
        return None
    return Away(address=await storage.offsite.poster_url(row, lifetime), kind="image/jpeg")


@callback
def answer(request: web.Request, found: Path | Away, headers: dict[str, str]) -> web.StreamResponse:
    """Return a file, or the part of it that Range asks for, or say where it is."""
    if isinstance(found, Path):
        return web.FileResponse(found, headers=headers)
    if request.method == hdrs.METH_HEAD and found.size is not None:
        # The address is good for GET only.
        about: dict[str, str] = {
            hdrs.CONTENT_TYPE: found.kind,
            hdrs.CONTENT_LENGTH: str(found.size),
            hdrs.ACCEPT_RANGES: "bytes",
        }
        return web.Response(headers=headers | about)
    there: dict[str, str] = {hdrs.LOCATION: found.address}
    return web.Response(status=HTTPStatus.FOUND, headers=headers | there)


class MediaView(HomeAssistantView):
    """One file of ours, by the id of its row: no part of a path ever comes from outside."""

    # A dashboard with an address that ran out is no attack: 403, where 401 would count
    # towards a ban. So the check is ours.
    requires_auth = False

    def __init__(self, url: str, name: str, find: Find) -> None:
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
        """Return the file, or the part of it that Range asks for, or where it is off-site."""
        if not request[KEY_AUTHENTICATED]:
            raise (
                web.HTTPUnauthorized if hdrs.AUTHORIZATION in request.headers else web.HTTPForbidden
            )
        if not (_ID.fullmatch(id) and _NUMBER.fullmatch(number)):
            return self.json_message("This is no id.", HTTPStatus.BAD_REQUEST, "bad_id")
        hass = request.app[KEY_HASS]
        try:
            for entry in hass.config_entries.async_loaded_entries(DOMAIN):
                if found := await self._find(hass, entry.runtime_data, id, int(number)):
                    return answer(request, found, CACHE)
        except (DatabaseError, FootageError) as err:
            code = err.code if isinstance(err, FootageError) else "database_failed"
            return self.json_message(str(err), HTTPStatus.SERVICE_UNAVAILABLE, code)
        return self.json_message("There is no such media.", HTTPStatus.NOT_FOUND, "not_found")

    # A player asks how long a clip is before it asks for parts of it.
    head = get


async def _clip(hass: HomeAssistant, hub: Hub, footage: str, _: int) -> Path | Away | None:
    row = await hub.storage.library.get(footage)
    if row is None:
        return None
    return await async_served(hass, row.path) or await away_clip(
        hub.storage, row, AWAY, f"{row.id}.mp4"
    )


async def _poster(hass: HomeAssistant, hub: Hub, footage: str, _: int) -> Path | Away | None:
    row = await hub.storage.library.get(footage)
    if row is None:
        return None
    return await async_served(hass, poster(row)) or await away_poster(hub.storage, row, AWAY)


async def _picture(hass: HomeAssistant, hub: Hub, incident: str, _: int) -> Path | None:
    found = await hub.archive.get(incident)
    return await async_served(hass, found.picture) if found else None


async def _frame(hass: HomeAssistant, hub: Hub, incident: str, number: int) -> Path | None:
    found = await hub.archive.get(incident)
    frames = found.frames[number : number + 1] if found else ()
    return await async_served(hass, frames[0].path) if frames else None
