"""HTTP: one clip for somebody without a login who holds a share link, and nothing else."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
import logging
from pathlib import Path
import re
import secrets
from typing import TYPE_CHECKING, Final, Self

from aiohttp import hdrs, web
from homeassistant.components.http import KEY_HASS
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.http import HomeAssistantView
from homeassistant.helpers.translation import async_get_translations
from homeassistant.util import dt as dt_util, slugify

from .const import DOMAIN
from .database import DatabaseError
from .footage import FootageError, Link, LinkOver, LinkUnknown
from .guesses import MINUTE, Guesses
from .media_root import async_served
from .models import Footage, FootageStage
from .share_address import SHARE_URL, share_path
from .share_page import guards, page, refusal
from .views import AWAY, Away, answer, away_clip, away_poster, poster

if TYPE_CHECKING:
    from .hub import Hub

_LOGGER = logging.getLogger(__name__)

PICTURE_URL: Final = f"{SHARE_URL}/picture"
CLIP_URL: Final = f"{SHARE_URL}/clip"

# Asks for the copy in the house, for a browser that the off-site storage does not answer.
HERE: Final = "here"

GONE: Final = frozenset({FootageStage.EXPIRED, FootageStage.FAILED})

_VIEWING: Final = re.compile(r"[A-Za-z0-9_-]{16,64}")


@callback
def async_register_share_views(hass: HomeAssistant) -> None:
    """Serve share links; there is no way to take a view away again, so this is done once."""
    guesses = Guesses()
    hass.http.register_view(ShareView(SHARE_URL, "page", _page, guesses))
    hass.http.register_view(ShareView(PICTURE_URL, "picture", _picture, guesses))
    hass.http.register_view(ShareView(CLIP_URL, "clip", _clip, guesses))


def file_name(row: Footage, place: str) -> str:
    """Return what browsers are to call a clip."""
    return f"{slugify(place)}_{dt_util.as_local(row.since):%Y-%m-%d_%H%M%S}.mp4"


class ShareError(HomeAssistantError):
    """A link cannot be followed, for a reason that is not the link's."""

    def __init__(self, status: HTTPStatus, *, translation_key: str) -> None:
        """Answer with this status, and with the sentence of this key."""
        super().__init__(translation_domain=DOMAIN, translation_key=translation_key)
        self.status = status
        self.code = translation_key


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """Somebody who follows a link."""

    request: web.Request
    hass: HomeAssistant
    hub: Hub
    token: str

    @classmethod
    def of(cls, request: web.Request, token: str) -> Self:
        """Return a visit of the site; raises ShareError while there is none."""
        hass = request.app[KEY_HASS]
        for entry in hass.config_entries.async_loaded_entries(DOMAIN):
            return cls(request=request, hass=hass, hub=entry.runtime_data, token=token)
        raise ShareError(HTTPStatus.SERVICE_UNAVAILABLE, translation_key="share_later")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """A clip that a link shows."""

    row: Footage
    place: str
    copies: tuple[Path | Away, ...]
    """Where it can be had, best first: the uplink of a home is narrow, so off-site is better."""


class ShareView(HomeAssistantView):
    """One part of what a link shows: the page, its picture or its clip."""

    # The link is the permission. Nothing here answers 401, which would count towards a ban.
    requires_auth = False

    def __init__(
        self,
        url: str,
        name: str,
        show: Callable[[Visit], Awaitable[web.StreamResponse]],
        guesses: Guesses,
    ) -> None:
        """Answer with what show returns, unless an address guesses too much."""
        self.url = url
        self.name = f"gatehouse:share:{name}"
        self._show = show
        self._guesses = guesses

    async def get(self, request: web.Request, token: str) -> web.StreamResponse:
        """Return a part of what the link shows, or a small page that says why not."""
        try:
            shown = await self._follow(request, token)
        except LinkUnknown as err:
            self._guesses.was_wrong(request.remote)
            return await _refused(request, HTTPStatus.NOT_FOUND, err.code)
        except LinkOver as err:
            return await _refused(request, HTTPStatus.GONE, err.code)
        except ShareError as err:
            return await _refused(request, err.status, err.code)
        except DatabaseError as err:
            _LOGGER.warning("A shared clip cannot be shown: %s", err)
            return await _refused(request, HTTPStatus.SERVICE_UNAVAILABLE, "share_later")
        self._guesses.was_right(token)
        return shown

    # Previews and players ask what there is before they want it; that counts nothing.
    head = get

    async def _follow(self, request: web.Request, token: str) -> web.StreamResponse:
        if self._guesses.are_too_many(request.remote, token):
            raise ShareError(HTTPStatus.TOO_MANY_REQUESTS, translation_key="share_too_many")
        return await self._show(Visit.of(request, token))


async def _page(visit: Visit) -> web.StreamResponse:
    link = await visit.hub.storage.links.open(visit.token)
    clip = await _shared(visit, link)
    path, viewing = share_path(link), f"viewing={secrets.token_urlsafe(16)}"
    play = f"{path}/clip?{viewing}"
    text = page(
        language=visit.hass.config.language,
        place=clip.place,
        at=dt_util.as_local(clip.row.since),
        note=link.note,
        poster=f"{path}/picture?{viewing}",
        sources=(play, f"{play}&from={HERE}")[: len(clip.copies)],
    )
    elsewhere = (copy.address for copy in clip.copies if isinstance(copy, Away))
    headers = guards(*elsewhere)
    return web.Response(text=text, content_type="text/html", headers=headers)


async def _picture(visit: Visit) -> web.StreamResponse:
    viewing = visit.request.query.get("viewing", "")
    link = await visit.hub.storage.links.open(visit.token, viewing)
    row = await _row(visit, link)
    here = await async_served(visit.hass, poster(row))
    found = here or await _asked(row, away_poster(visit.hub.storage, row, _lifetime(link)))
    if found is None:
        raise ShareError(HTTPStatus.NOT_FOUND, translation_key="share_gone")
    return answer(visit.request, found, guards())


async def _clip(visit: Visit) -> web.StreamResponse:
    request, links = visit.request, visit.hub.storage.links
    viewing = request.query.get("viewing", "")
    if not _VIEWING.fullmatch(viewing):
        raise ShareError(HTTPStatus.BAD_REQUEST, translation_key="share_incomplete")
    clip = await _shared(visit, await links.open(visit.token, viewing))
    if request.method == hdrs.METH_GET:
        await links.play(visit.token, viewing)
    found = clip.copies[-1 if request.query.get("from") == HERE else 0]
    inline = {hdrs.CONTENT_DISPOSITION: f'inline; filename="{file_name(clip.row, clip.place)}"'}
    return answer(request, found, guards() | inline)


async def _shared(visit: Visit, link: Link) -> Shared:
    """Return the clip of a link; raises ShareError if it is nowhere to be had."""
    row = await _row(visit, link)
    place = visit.hub.camera_names().get(row.camera, "Gatehouse")
    here = await async_served(visit.hass, row.path)
    away = await _asked(
        row, away_clip(visit.hub.storage, row, _lifetime(link), file_name(row, place))
    )
    copies = tuple(copy for copy in (away, here) if copy is not None)
    if copies:
        return Shared(row=row, place=place, copies=copies)
    if row.stage in GONE or (row.path is not None and row.key is None):
        raise ShareError(HTTPStatus.GONE, translation_key="share_gone")
    raise ShareError(HTTPStatus.SERVICE_UNAVAILABLE, translation_key="share_later")


async def _row(visit: Visit, link: Link) -> Footage:
    row = await visit.hub.storage.library.get(link.footage)
    if row is None:
        raise ShareError(HTTPStatus.GONE, translation_key="share_gone")
    return row


async def _asked(row: Footage, asked: Awaitable[Away | None]) -> Away | None:
    """Return what the off-site storage says; without it there is perhaps the file in the house."""
    try:
        return await asked
    except FootageError as err:
        _LOGGER.warning("%s cannot be shared from the off-site storage: %s", row.id, err)
        return None


def _lifetime(link: Link) -> timedelta:
    """Return how long an address of the storage may live: never longer than the link."""
    return max(timedelta(seconds=1), min(AWAY, link.expires - dt_util.utcnow()))


async def _refused(request: web.Request, status: HTTPStatus, code: str) -> web.Response:
    """Return a page with the sentence of a code, in the language of the house."""
    hass = request.app[KEY_HASS]
    language = hass.config.language
    texts = await async_get_translations(hass, language, "exceptions", {DOMAIN})
    sentence = texts[f"component.{DOMAIN}.exceptions.{code}.message"]
    headers = guards()
    if status is HTTPStatus.TOO_MANY_REQUESTS:
        headers[hdrs.RETRY_AFTER] = f"{MINUTE:.0f}"
    text = refusal(language=language, sentence=sentence)
    return web.Response(text=text, status=status, content_type="text/html", headers=headers)
