"""What some words name in the media browser: clips, pictures, and movies of appointments."""

from typing import Final

from homeassistant.core import HomeAssistant

from .asking import footage_of
from .const import DOMAIN
from .hub import Hub
from .incidents import IncidentQuery, is_called
from .media_items import Shown, clip, movie, pictures
from .serialize import is_playable

MOST_FOUND: Final = 100
MOST_CLIPS: Final = 500
MOST_MOVIES: Final = 500

# What recorded a movie may be gone.
NAMELESS: Final = "Gatehouse"


async def movies_called(
    hass: HomeAssistant, hub: Hub, text: str | None = None, camera: str | None = None
) -> list[Shown]:
    """Return what was made of appointments, of the cameras and pairs that the text names."""
    names = hub.camera_names() | _pairs(hass)
    rows = await hub.storage.library.find(camera, limit=MOST_MOVIES, booked=True)
    by = [(row, names.get(row.camera, NAMELESS)) for row in rows if is_playable(row)]
    return [movie(hass, row, name) for row, name in by if text is None or is_called(text, name)]


async def incidents_called(
    hass: HomeAssistant, hub: Hub, text: str, camera: str | None
) -> list[Shown]:
    """Return the clips of the incidents that the text names, and pictures where there is none."""
    asked = IncidentQuery(
        text=text,
        names=hub.camera_names(),
        cameras=None if camera is None else (camera,),
        limit=MOST_FOUND,
    )
    found: list[Shown] = []
    incidents = await hub.archive.find(asked)
    footage = await footage_of(hub, incidents)
    for incident in incidents:
        clips = [
            row for row in footage[incident.id] if is_playable(row) and camera in (None, row.camera)
        ]
        found += [clip(hass, row, incident) for row in clips]
        found += [] if clips else pictures(hass, [incident])
    return found


async def others_called(
    hass: HomeAssistant, hub: Hub, text: str, camera: str | None
) -> list[Shown]:
    """Return the clips that belong to no incident, of the cameras that the text names."""
    named = [
        key
        for key, name in hub.camera_names().items()
        if camera in (None, key) and is_called(text, name)
    ]
    return [
        clip(hass, row, None)
        for key in named
        for row in await hub.storage.library.find(key, limit=MOST_CLIPS, booked=False)
        if row.incident is None and is_playable(row)
    ]


def _pairs(hass: HomeAssistant) -> dict[str, str]:
    """Return the names of what records for a calendar of its own, by the subentries' ids."""
    entries = hass.config_entries.async_loaded_entries(DOMAIN)
    return {key: each.title for entry in entries for key, each in entry.subentries.items()}
