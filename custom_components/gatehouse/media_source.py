"""Footage and pictures in the media browser: by camera, by day, newest first; and their search."""

from datetime import date, datetime, time, timedelta
from typing import Final, override

from homeassistant.components.media_player import BrowseError, SearchMedia, SearchMediaQuery
from homeassistant.components.media_source import (
    BrowseMediaSource,
    MediaSource,
    MediaSourceItem,
    PlayMedia,
    Unresolvable,
)
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from .asking import translated
from .const import DOMAIN
from .following import running_hub
from .hub import Hub
from .incidents import IncidentQuery
from .media_items import PICTURE, VIDEO, clip, folder, newest_first, pictures
from .media_search import MOST_FOUND, incidents_called, movies_called, others_called
from .serialize import is_playable
from .views import FOOTAGE_URL, FRAME_URL, PICTURE_URL

MOST_OF_A_DAY: Final = 500
MOST_DAYS: Final = 400

MOVIES: Final = "movies"
BOOKED: Final = "Booked"

# A clip begins before its incident, or goes on after the incident's first one: perhaps on another
# day.
NEAR: Final = timedelta(hours=1)


async def async_get_media_source(hass: HomeAssistant) -> MediaSource:
    """Return Gatehouse's media source."""
    return GatehouseMedia(hass)


class GatehouseMedia(MediaSource):
    """Folders, clips, pictures and frames, by what their identifiers begin with.

    `camera/OWNER/CAMERA`, `day/OWNER/CAMERA/YYYY-MM-DD`, `movies`; `footage/ID`,
    `picture/INCIDENT`, `frame/INCIDENT/NUMBER`.
    """

    name = "Gatehouse"

    def __init__(self, hass: HomeAssistant) -> None:
        """Look the site up only when somebody asks: it may not be loaded yet."""
        super().__init__(DOMAIN)
        self.hass = hass

    @override
    async def async_resolve_media(self, item: MediaSourceItem) -> PlayMedia:
        """Return the address and the local file of a clip, a picture or a frame."""
        hub = running_hub(self.hass)
        async with translated():
            played = await _played(hub, item.identifier) if hub else None
        if played is None:
            raise Unresolvable(
                translation_domain=DOMAIN,
                translation_key="media_gone",
                translation_placeholders={"identifier": item.identifier},
            )
        return played

    @override
    async def async_browse_media(self, item: MediaSourceItem) -> BrowseMediaSource:
        """Return one level of the tree."""
        async with translated():
            found = await self._level(self._running(), item.identifier)
        if found is None:
            raise BrowseError(
                translation_domain=DOMAIN,
                translation_key="media_gone",
                translation_placeholders={"identifier": item.identifier},
            )
        return found

    @override
    async def async_search_media(
        self, item: MediaSourceItem, query: SearchMediaQuery
    ) -> SearchMedia:
        """Return what is there of what some words name, below a camera or of all, newest first.

        They name incidents by what was told of them, by their cameras, or by a level: `high` finds
        what is at least that bad. Cameras they name with the clips that belong to no incident, and
        with what was made of their appointments.
        """
        hub = self._running()
        kind, _, key = (item.identifier or "").partition("/")
        camera = key if kind == "camera" else None
        async with translated():
            found = await movies_called(self.hass, hub, query.search_query, camera)
            if kind != MOVIES:
                found += await incidents_called(self.hass, hub, query.search_query, camera)
                found += await others_called(self.hass, hub, query.search_query, camera)
        wanted = query.media_filter_classes
        items = newest_first(found)[:MOST_FOUND]
        return SearchMedia(
            result=[item for item in items if not wanted or item.media_class in wanted]
        )

    def _running(self) -> Hub:
        if (hub := running_hub(self.hass)) is None:
            raise BrowseError(translation_domain=DOMAIN, translation_key="not_loaded")
        return hub

    async def _level(self, hub: Hub, identifier: str) -> BrowseMediaSource | None:
        match identifier.split("/") if identifier else []:
            case []:
                return await self._site(hub)
            case [kind] if kind == MOVIES:
                shown = await movies_called(self.hass, hub)
                return folder(MOVIES, BOOKED, newest_first(shown))
            case ["camera", owner, camera]:
                return await self._camera(hub, f"{owner}/{camera}")
            case ["day", owner, camera, day] if (of := _day(day)) is not None:
                return await self._of_day(hub, f"{owner}/{camera}", of)
        return None

    async def _site(self, hub: Hub) -> BrowseMediaSource:
        by_name = sorted(hub.camera_names().items(), key=lambda camera: camera[1].casefold())
        cameras = [folder(f"camera/{key}", name) for key, name in by_name]
        made = await hub.storage.library.find(limit=1, booked=True)
        return folder("", self.name, [*cameras, *([folder(MOVIES, BOOKED)] if made else [])])

    async def _camera(self, hub: Hub, camera: str) -> BrowseMediaSource:
        filmed = await hub.storage.library.days(camera)
        days = sorted({*filmed, *await _days_pictured(hub, camera)}, reverse=True)
        children = [folder(f"day/{camera}/{day.isoformat()}", day.isoformat()) for day in days]
        return folder(f"camera/{camera}", hub.camera_names().get(camera, camera), children)

    async def _of_day(self, hub: Hub, camera: str, day: date) -> BrowseMediaSource:
        start, end = _midnight(day), _midnight(day + timedelta(days=1))
        rows = await hub.storage.library.find(camera, since=start, until=end, limit=MOST_OF_A_DAY)
        clips = [row for row in rows if is_playable(row)]
        near = IncidentQuery(
            cameras=(camera,), since=start - NEAR, until=end + NEAR, limit=MOST_OF_A_DAY
        )
        incidents = {incident.id: incident for incident in await hub.archive.find(near)}
        filmed = {row.incident for row in clips}
        unfilmed = [
            incident
            for incident in incidents.values()
            if incident.id not in filmed and start <= incident.started < end
        ]
        shown = [clip(self.hass, row, incidents.get(row.incident or "")) for row in clips]
        shown += pictures(self.hass, unfilmed)
        title = f"{hub.camera_names().get(camera, camera)} {day.isoformat()}"
        return folder(f"day/{camera}/{day.isoformat()}", title, newest_first(shown))


async def _played(hub: Hub, identifier: str) -> PlayMedia | None:
    """Return what an identifier plays, None if it is gone."""
    match identifier.split("/"):
        case ["footage", row]:
            footage = await hub.storage.library.get(row)
            if footage and is_playable(footage):
                # What is only off-site any more is played from there, by the same address.
                return PlayMedia(FOOTAGE_URL.format(id=row), VIDEO, path=footage.path)
        case ["picture", row]:
            incident = await hub.archive.get(row)
            if incident and incident.picture:
                return PlayMedia(PICTURE_URL.format(id=row), PICTURE, path=incident.picture)
        case ["frame", row, number] if number.isdecimal():
            incident = await hub.archive.get(row)
            if incident and int(number) < len(incident.frames):
                url = FRAME_URL.format(id=row, number=number)
                return PlayMedia(url, PICTURE, path=incident.frames[int(number)].path)
    return None


async def _days_pictured(hub: Hub, camera: str) -> set[date]:
    """Return the local days on which a camera saw somebody of whom there is still a picture."""
    days: set[date] = set()
    until = None
    for _ in range(MOST_DAYS):
        newest = IncidentQuery(cameras=(camera,), until=until, limit=1)
        found = await hub.archive.find(newest)
        if not found:
            break
        until = found[0].started
        if found[0].picture:
            day = dt_util.as_local(until).date()
            days.add(day)
            until = _midnight(day)
    return days


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), dt_util.get_default_time_zone())


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
