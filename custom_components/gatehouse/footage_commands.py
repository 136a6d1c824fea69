"""What the cards ask of recordings and of share links over the WebSocket."""

from typing import Any, Final

from homeassistant.helpers import config_validation as cv
import voluptuous as vol

from .actions import ATTR_BEFORE, ATTR_CAMERA, ATTR_INCIDENT, ATTR_LIMIT
from .asking import MOMENT, existing_clip
from .commands import Command, Request
from .footage_services import ATTR_KEEP, ATTR_SINCE, ATTR_UNTIL, keep
from .incident_feed import LARGEST_PAGE, footage_shown
from .share_services import ATTR_SHARE, SHARE_FIELDS, revoke, share, shares


async def _list_footage(request: Request) -> dict[str, Any]:
    """Return recordings, newest first, and before which one the next page begins."""
    fields, library = request.fields, request.hub.storage.library
    (camera,) = request.cameras or (None,)
    before, limit = fields.get(ATTR_BEFORE), fields[ATTR_LIMIT]
    found = await library.find(
        camera,
        fields.get(ATTR_SINCE),
        fields.get(ATTR_UNTIL),
        limit=limit + 1,
        before=existing_clip(await library.get(before), before) if before else None,
    )
    shown = found[:limit]
    return {
        "footage": [footage_shown(request.connection, row) for row in shown],
        "next": shown[-1].id if len(found) > limit else None,
    }


async def _keep(request: Request) -> dict[str, Any]:
    return request.shown(await keep(request.hub, request.incident, request.fields[ATTR_KEEP]))


async def _create_share(request: Request) -> dict[str, Any]:
    return {"share": await share(request.hub, request.fields)}


async def _list_shares(request: Request) -> dict[str, Any]:
    return {"shares": await shares(request.hub)}


async def _revoke_share(request: Request) -> dict[str, Any]:
    return {"share": await revoke(request.hub, request.fields[ATTR_SHARE])}


FOOTAGE_COMMANDS: Final = (
    Command(
        name="footage/list",
        answer=_list_footage,
        fields={
            vol.Optional(ATTR_CAMERA): cv.string,
            vol.Optional(ATTR_SINCE): MOMENT,
            vol.Optional(ATTR_UNTIL): MOMENT,
            vol.Optional(ATTR_BEFORE): cv.string,
            vol.Optional(ATTR_LIMIT, default=50): vol.All(int, vol.Range(min=1, max=LARGEST_PAGE)),
        },
    ),
    Command(
        name="incidents/keep",
        answer=_keep,
        fields={
            vol.Required(ATTR_INCIDENT): cv.string,
            vol.Optional(ATTR_KEEP, default=True): bool,
        },
    ),
    Command(name="share/create", answer=_create_share, fields=SHARE_FIELDS, admin=True),
    Command(name="share/list", answer=_list_shares, fields={}, admin=True),
    Command(
        name="share/revoke",
        answer=_revoke_share,
        fields={vol.Required(ATTR_SHARE): cv.string},
        admin=True,
    ),
)
