"""What has happened in the demonstration, and a link by which others may see it."""

import asyncio
from datetime import datetime
from typing import Any, Final

from .home_assistant import HomeAssistant

PAUSE: Final = 0.5
NOTE: Final = "A walk through the garden, shared by the demonstration."


async def wait_for_incident(
    home: HomeAssistant, place: str, *parts: str, since: datetime | None = None
) -> dict[str, Any]:
    """Ask for what happened at a place until one incident has all of these parts; the newest."""
    asked = {"place": place} | ({"since": since.isoformat()} if since else {})
    while True:
        answer = await ask_action(home, "get_incidents", asked)
        for incident in answer["incidents"]:
            if all(incident[part] for part in parts):
                return dict(incident)
        await asyncio.sleep(PAUSE)


async def share_something(home: HomeAssistant, place: str) -> str:
    """Return the address of a clip for people without a login: of an earlier run's, or a new one.

    Waits for the first clip of the place.
    """
    for link in (await ask_action(home, "get_shares", {}))["shares"]:
        if link["note"] == NOTE:
            return str(link["url"])
    incident = await wait_for_incident(home, place, "clip", "ended")
    return await share(home, incident["id"])


async def share(home: HomeAssistant, incident: str) -> str:
    """Return the address of an incident's clip for people without a login, good for a day."""
    asked = {"incident_id": incident, "lifetime": {"days": 1}, "note": NOTE}
    return str((await ask_action(home, "share", asked))["url"])


async def ask_action(home: HomeAssistant, action: str, fields: dict[str, Any]) -> dict[str, Any]:
    """Perform an action of Gatehouse and return its response."""
    path = f"/api/services/gatehouse/{action}?return_response"
    return dict((await home.post(path, fields))["service_response"])
