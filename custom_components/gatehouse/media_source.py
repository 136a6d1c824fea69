"""Footage and pictures in the media browser: by camera, by day, newest first."""

from datetime import date, datetime, time, timedelta
from typing import Final, override

from homeassistant.components.http.auth import async_sign_path
from homeassistant.components.media_player import (
    BrowseError,
    MediaClass,
    SearchMedia,
    SearchMediaQuery,
)
from homeassistant.components.media_source import (
    BrowseMediaSource,
    MediaSource,
    MediaSourceItem,
    PlayMedia,
    Unresolvable,
)
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from . import GatehouseConfigEntry
from .asking import footage_of, translated
from .const import DOMAIN
from .hub import Hub
from .incidents import IncidentQuery
from .models import Footage, FootageStage, Incident
from .views import FOOTAGE_URL, FRAME_URL, PICTURE_URL

VIDEO: Final = "video/mp4"
PICTURE: Final = "image/jpeg"

# As long as somebody browses; the pictures behind are asked for at once.
THUMBNAIL_LIFETIME: Final = timedelta(hours=1)

MOST_OF_A_DAY: Final = 500
MOST_DAYS: Final = 400
MOST_FOUND: Final = 100

# A clip begins before its incident, or goes on after the incident's first one: perhaps on another
# day.
NEAR: Final = timedelta(hours=1)


async def async_get_media_source(hass: HomeAssistant) -> MediaSource:
    """Return Gatehouse's media source."""
    return GatehouseMedia(hass)


class GatehouseMedia(MediaSource):
    """Folders, clips, pictures and frames, by what their identifiers begin with.

    `camera/OWNER/CAMERA`, `day/OWNER/CAMERA/YYYY-MM-DD`; `footage/ID`, `picture/INCIDENT`,
    `frame/INCIDENT/NUMBER`.
    """

    name = "Gatehouse"

    def __init__(self, hass: HomeAssistant) -> None:
        """Look the site up only when somebody asks: it may not be loaded yet."""
        super().__init__(DOMAIN)
        self.hass = hass

    @override
    async def async_resolve_media(self, item: MediaSourceItem) -> PlayMedia:
        """Return the address and the local file of a clip, a picture or a frame."""
        hub = self._hub()
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
        """Return what is there of the incidents that hold some words, below a camera or of all."""
        hub = self._running()
        kind, _, camera = (item.identifier or "").partition("/")
        asked = IncidentQuery(
            text=query.search_query,
            cameras=(camera,) if kind == "camera" else None,
            limit=MOST_FOUND,
        )
        found: list[BrowseMediaSource] = []
        async with translated():
            incidents = await hub.archive.find(asked)
            footage = await footage_of(hub, incidents)
            for incident in incidents:
                clips = [row for row in footage[incident.id] if row.stage is FootageStage.READY]
                found += [self._clip(clip, incident) for clip in clips]
                if incident.picture and not clips:
                    found.append(self._picture(incident))
        return SearchMedia(result=found)

    def _hub(self) -> Hub | None:
        entries: list[GatehouseConfigEntry] = self.hass.config_entries.async_loaded_entries(DOMAIN)
        return entries[0].runtime_data if entries else None

    def _running(self) -> Hub:
        if (hub := self._hub()) is None:
            raise BrowseError(translation_domain=DOMAIN, translation_key="not_loaded")
        return hub

    async def _level(self, hub: Hub, identifier: str) -> BrowseMediaSource | None:
        match identifier.split("/") if identifier else []:
            case []:
                return self._site(hub)
            case ["camera", owner, camera]:
                return await self._camera(hub, f"{owner}/{camera}")
            case ["day", owner, camera, day] if (of := _day(day)) is not None:
                return await self._of_day(hub, f"{owner}/{camera}", of)
        return None

    def _site(self, hub: Hub) -> BrowseMediaSource:
        cameras = [
            _folder(f"camera/{key}", name) for key, name in sorted(hub.camera_names().items())
        ]
        return _folder("", self.name, cameras)

    async def _camera(self, hub: Hub, camera: str) -> BrowseMediaSource:
        recorded = hub.cameras.recordings(camera) is not None
        days = await (hub.footage.days(camera) if recorded else _days_seen(hub, camera))
        children = [_folder(f"day/{camera}/{day.isoformat()}", day.isoformat()) for day in days]
        return _folder(f"camera/{camera}", hub.camera_names().get(camera, camera), children)

    async def _of_day(self, hub: Hub, camera: str, day: date) -> BrowseMediaSource:
        start, end = _midnight(day), _midnight(day + timedelta(days=1))
        clips = await hub.footage.find(camera, since=start, until=end, limit=MOST_OF_A_DAY)
        near = IncidentQuery(
            cameras=(camera,), since=start - NEAR, until=end + NEAR, limit=MOST_OF_A_DAY
        )
        incidents = {incident.id: incident for incident in await hub.archive.find(near)}
        shown = [
            (clip.since, self._clip(clip, incidents.get(clip.incident or "")))
            for clip in clips
            if clip.stage is FootageStage.READY
        ]
        filmed = {clip.incident for clip in clips if clip.stage is FootageStage.READY}
        shown += [
            (incident.started, self._picture(incident))
            for incident in incidents.values()
            if incident.picture and incident.id not in filmed and start <= incident.started < end
        ]
        shown.sort(key=lambda item: item[0], reverse=True)
        title = f"{hub.camera_names().get(camera, camera)} {day.isoformat()}"
        return _folder(
            f"day/{camera}/{day.isoformat()}", title, [playable for _, playable in shown]
        )

    def _clip(self, clip: Footage, incident: Incident | None) -> BrowseMediaSource:
        title = _title(incident) if incident else _clock(clip.since)
        return _playable(f"footage/{clip.id}", title, VIDEO, self._thumbnail(incident))

    def _picture(self, incident: Incident) -> BrowseMediaSource:
        thumbnail = self._thumbnail(incident)
        return _playable(f"picture/{incident.id}", _title(incident), PICTURE, thumbnail)

    def _thumbnail(self, incident: Incident | None) -> str | None:
        if incident is None or incident.picture is None:
            return None
        path = PICTURE_URL.format(id=incident.id)
        return async_sign_path(self.hass, path, THUMBNAIL_LIFETIME)


async def _played(hub: Hub, identifier: str) -> PlayMedia | None:
    """Return what an identifier plays, None if it is gone."""
    match identifier.split("/"):
        case ["footage", row]:
            footage = await hub.footage.get(row)
            if footage and footage.stage is FootageStage.READY and footage.path:
                return PlayMedia(FOOTAGE_URL.format(id=row), VIDEO, path=footage.path)
        case ["picture", row]:
            incident = await hub.archive.get(row)
            if incident and incident.picture:
                return PlayMedia(PICTURE_URL.format(id=row), PICTURE, path=incident.picture)
        case ["frame", row, number] if number.isdecimal():
            incident = await hub.archive.get(row)
            if incident and int(number) < len(incident.frames):
                url = FRAME_URL.format(id=row, number=number)
                return PlayMedia(url, PICTURE, path=incident.frames[int(number)])
    return None


async def _days_seen(hub: Hub, camera: str) -> list[date]:
    """Return the local days on which a camera that nothing records saw somebody, newest first."""
    days: list[date] = []
    until = None
    while len(days) < MOST_DAYS:
        newest = IncidentQuery(cameras=(camera,), until=until, limit=1)
        found = await hub.archive.find(newest)
        if not found:
            break
        days.append(dt_util.as_local(found[0].started).date())
        until = _midnight(days[-1])
    return days


def _folder(
    identifier: str, title: str, children: list[BrowseMediaSource] | None = None
) -> BrowseMediaSource:
    return BrowseMediaSource(
        domain=DOMAIN,
        identifier=identifier,
        media_class=MediaClass.DIRECTORY,
        media_content_type="",
        title=title,
        can_play=False,
        can_expand=True,
        can_search=not identifier.startswith("day/"),
        children=children,
        children_media_class=MediaClass.VIDEO if children else None,
    )


def _playable(
    identifier: str, title: str, content_type: str, thumbnail: str | None
) -> BrowseMediaSource:
    return BrowseMediaSource(
        domain=DOMAIN,
        identifier=identifier,
        media_class=MediaClass.VIDEO if content_type == VIDEO else MediaClass.IMAGE,
        media_content_type=content_type,
        title=title,
        can_play=True,
        can_expand=False,
        thumbnail=thumbnail,
    )


def _title(incident: Incident) -> str:
    """Return a title that other programs can read the time from."""
    risk = f", risk {incident.assessment.risk}" if incident.assessment else ""
    return f"{_clock(incident.started)} {' '.join(incident.labels)}{risk}"


def _clock(moment: datetime) -> str:
    return dt_util.as_local(moment).strftime("%Y-%m-%d %H:%M:%S")


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), dt_util.get_default_time_zone())


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
