"""Footage and pictures in the media browser: by camera, by day, newest first."""

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from typing import Final, override

from homeassistant.components.http.auth import async_sign_path
from homeassistant.components.media_player import BrowseError, MediaClass
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
from .const import DOMAIN
from .hub import Hub
from .incidents import IncidentQuery
from .models import Footage, FootageStage, Incident
from .views import FOOTAGE_URL, PICTURE_URL

VIDEO: Final = "video/mp4"
PICTURE: Final = "image/jpeg"

# As long as somebody browses; the pictures behind are asked for at once.
THUMBNAIL_LIFETIME: Final = timedelta(hours=1)

MOST_OF_A_DAY: Final = 500


async def async_get_media_source(hass: HomeAssistant) -> MediaSource:
    """Return Gatehouse's media source."""
    return GatehouseMedia(hass)


class GatehouseMedia(MediaSource):
    """`camera/AGENT/CAMERA`, `day/AGENT/CAMERA/YYYY-MM-DD`, `footage/ID`, `picture/INCIDENT`."""

    name = "Gatehouse"

    def __init__(self, hass: HomeAssistant) -> None:
        """Look the site up only when somebody asks: it may not be loaded yet."""
        super().__init__(DOMAIN)
        self.hass = hass

    @override
    async def async_resolve_media(self, item: MediaSourceItem) -> PlayMedia:
        """Return the address and the local file of a clip or a picture."""
        kind, _, row = item.identifier.partition("/")
        hub = self._hub()
        if kind == "footage" and hub:
            footage = await hub.footage.get(row)
            if footage and footage.stage is FootageStage.READY and footage.path:
                return PlayMedia(FOOTAGE_URL.format(id=row), VIDEO, path=footage.path)
        if kind == "picture" and hub:
            incident = await hub.incidents.get(row)
            if incident and incident.picture:
                return PlayMedia(PICTURE_URL.format(id=row), PICTURE, path=incident.picture)
        raise Unresolvable(
            translation_domain=DOMAIN,
            translation_key="media_gone",
            translation_placeholders={"identifier": item.identifier},
        )

    @override
    async def async_browse_media(self, item: MediaSourceItem) -> BrowseMediaSource:
        """Return one level of the tree."""
        hub = self._hub()
        if hub is None:
            raise BrowseError(translation_domain=DOMAIN, translation_key="not_loaded")
        match item.identifier.split("/") if item.identifier else []:
            case []:
                return self._site(hub)
            case ["camera", agent, camera]:
                return await self._camera(hub, f"{agent}/{camera}")
            case ["day", agent, camera, day] if (of := _day(day)) is not None:
                return await self._of_day(hub, f"{agent}/{camera}", of)
        raise BrowseError(
            translation_domain=DOMAIN,
            translation_key="media_gone",
            translation_placeholders={"identifier": item.identifier},
        )

    def _hub(self) -> Hub | None:
        entries: list[GatehouseConfigEntry] = self.hass.config_entries.async_loaded_entries(DOMAIN)
        return entries[0].runtime_data if entries else None

    def _site(self, hub: Hub) -> BrowseMediaSource:
        cameras = [
            _folder(f"camera/{key}", name) for key, name in sorted(hub.camera_names().items())
        ]
        return _folder("", self.name, cameras)

    async def _camera(self, hub: Hub, camera: str) -> BrowseMediaSource:
        days = await hub.footage.days(camera)
        children = [_folder(f"day/{camera}/{day.isoformat()}", day.isoformat()) for day in days]
        return _folder(f"camera/{camera}", hub.camera_names().get(camera, camera), children)

    async def _of_day(self, hub: Hub, camera: str, day: date) -> BrowseMediaSource:
        start = datetime.combine(day, time(), dt_util.get_default_time_zone())
        end = datetime.combine(day + timedelta(days=1), time(), dt_util.get_default_time_zone())
        footage = await hub.footage.find(camera, since=start, until=end, limit=MOST_OF_A_DAY)
        incidents = {
            incident.id: incident
            for incident in await hub.incidents.find(
                IncidentQuery(
                    cameras=(camera,),
                    since=start - timedelta(days=1),
                    until=end,
                    confirmed_only=True,
                    limit=MOST_OF_A_DAY,
                )
            )
        }
        title = f"{hub.camera_names().get(camera, camera)} {day.isoformat()}"
        return _folder(
            f"day/{camera}/{day.isoformat()}", title, list(self._items(footage, incidents))
        )

    def _items(
        self, footage: Iterable[Footage], incidents: dict[str, Incident]
    ) -> Iterable[BrowseMediaSource]:
        for clip in footage:
            incident = incidents.get(clip.incident or "")
            thumbnail = None
            if incident and incident.picture:
                thumbnail = async_sign_path(
                    self.hass, PICTURE_URL.format(id=incident.id), THUMBNAIL_LIFETIME
                )
            if clip.stage is FootageStage.READY:
                yield _playable(f"footage/{clip.id}", _title(clip, incident), VIDEO, thumbnail)
            elif incident and incident.picture:
                yield _playable(
                    f"picture/{incident.id}", _title(clip, incident), PICTURE, thumbnail
                )


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


def _title(footage: Footage, incident: Incident | None) -> str:
    """Return a title that other programs can read the time from."""
    began = incident.started if incident else footage.since
    title = dt_util.as_local(began).strftime("%Y-%m-%d %H:%M:%S")
    if incident is None:
        return title
    risk = f", risk {incident.assessment.risk}" if incident.assessment else ""
    return f"{title} {' '.join(incident.labels)}{risk}"


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
