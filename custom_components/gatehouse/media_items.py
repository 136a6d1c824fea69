"""What the media browser shows: folders, clips and pictures, each with its title and thumbnail."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from homeassistant.components.http.auth import async_sign_path
from homeassistant.components.media_player import MediaClass
from homeassistant.components.media_source import BrowseMediaSource
from homeassistant.core import HomeAssistant, callback
from homeassistant.util import dt as dt_util

from .const import DOMAIN
from .models import Footage, Incident, Replay
from .views import PICTURE_URL, POSTER_URL

VIDEO: Final = "video/mp4"
PICTURE: Final = "image/jpeg"

CLASSES: Final = {VIDEO: MediaClass.VIDEO, PICTURE: MediaClass.IMAGE}

# As long as somebody browses; the pictures behind are asked for at once.
THUMBNAIL_LIFETIME: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A clip or a picture, and when what it shows happened."""

    at: datetime
    item: BrowseMediaSource


def folder(
    identifier: str, title: str, children: list[BrowseMediaSource] | None = None
) -> BrowseMediaSource:
    """Return a folder; all but days can be searched."""
    return BrowseMediaSource(
        domain=DOMAIN,
        identifier=identifier,
        media_class=MediaClass.DIRECTORY,
        media_content_type="",
        title=title,
        can_play=False,
        can_expand=True,
        can_search=not identifier.startswith("day/"),
        search_media_classes=[*CLASSES.values()],
        children=children,
        children_media_class=MediaClass.VIDEO if children else None,
    )


@callback
def clip(hass: HomeAssistant, row: Footage, incident: Incident | None) -> Shown:
    """Return a clip under the picture of its incident, or else under its own."""
    pictured = incident is not None and incident.picture is not None
    url = (PICTURE_URL if pictured else POSTER_URL).format(id=row.incident if pictured else row.id)
    at = incident.started if incident else row.since
    told = _told(incident) if incident else ""
    title = f"{_clock(at)}{told}{_marks(row, incident)}"
    return Shown(at=at, item=_playable(hass, f"footage/{row.id}", title, VIDEO, url))


@callback
def movie(hass: HomeAssistant, row: Footage, name: str) -> Shown:
    """Return what was made of an appointment, under the name of what recorded it."""
    title = f"{_clock(row.since)} {name}{_marks(row, None)}"
    url = POSTER_URL.format(id=row.id)
    return Shown(at=row.since, item=_playable(hass, f"footage/{row.id}", title, VIDEO, url))


@callback
def pictures(hass: HomeAssistant, incidents: Iterable[Incident]) -> Iterator[Shown]:
    """Yield the pictures of those incidents that have one."""
    for incident in incidents:
        if incident.picture:
            title = f"{_clock(incident.started)}{_told(incident)}{_marks(None, incident)}"
            url = PICTURE_URL.format(id=incident.id)
            item = _playable(hass, f"picture/{incident.id}", title, PICTURE, url)
            yield Shown(at=incident.started, item=item)


def newest_first(shown: Iterable[Shown]) -> list[BrowseMediaSource]:
    """Return what is to be shown in the order of time."""
    return [each.item for each in sorted(shown, key=lambda each: each.at, reverse=True)]


def _playable(
    hass: HomeAssistant, identifier: str, title: str, content_type: str, thumbnail: str
) -> BrowseMediaSource:
    return BrowseMediaSource(
        domain=DOMAIN,
        identifier=identifier,
        media_class=CLASSES[content_type],
        media_content_type=content_type,
        title=title,
        can_play=True,
        can_expand=False,
        thumbnail=async_sign_path(hass, thumbnail, THUMBNAIL_LIFETIME),
    )


def _clock(moment: datetime) -> str:
    """Return the beginning of each title, from which other programs read the time."""
    return dt_util.as_local(moment).strftime("%Y-%m-%d %H:%M:%S")


def _told(incident: Incident) -> str:
    risk = f", risk {incident.assessment.risk}" if incident.assessment else ""
    return f" {' '.join(incident.labels)}{risk}"


def _marks(row: Footage | None, incident: Incident | None) -> str:
    """Return what is to be known besides what there is to be seen."""
    unasked = row is not None and row.replay is not Replay.NONE
    replayed = unasked or (incident is not None and incident.replayed)
    kept = any(each.kept for each in (row, incident) if each)
    return f"{', replayed' if replayed else ''}{', kept' if kept else ''}"
