"""Actions about share links: who may see a clip without a login, and for how long."""

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from homeassistant.core import ServiceCall, SupportsResponse
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import config_validation as cv
import voluptuous as vol

from .actions import ATTR_NOTE, CLIPS, Action, clips_meant
from .asking import SPAN
from .const import DOMAIN
from .serialize import iso, longest_of
from .share_address import async_address, share_path
from .share_view import file_name
from .views import away_clip

if TYPE_CHECKING:
    from .footage import Link
    from .hub import Hub
    from .models import Footage

ATTR_SHARE: Final = "share_id"
ATTR_LIFETIME: Final = "lifetime"
ATTR_USES: Final = "uses"
ATTR_DIRECT: Final = "direct"

# No S3 signs an address for longer.
LONGEST_ADDRESS: Final = timedelta(days=7)

SHARE_FIELDS: Final = {
    **CLIPS,
    vol.Optional(ATTR_LIFETIME, default={"hours": 24}): SPAN,
    vol.Optional(ATTR_USES): cv.positive_int,
    vol.Optional(ATTR_NOTE, default=""): cv.string,
    vol.Optional(ATTR_DIRECT, default=False): cv.boolean,
}
"""What a link shows, and how long; of an incident it is the longest clip."""


async def share(hub: Hub, fields: Mapping[str, Any]) -> dict[str, Any]:
    """Make the link that SHARE_FIELDS let somebody ask for; raises LinkRefused."""
    clip = longest_of(await clips_meant(hub, fields))
    if clip is None:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="nothing_to_share")
    lifetime = fields[ATTR_LIFETIME]
    # Before there is a link: what fails leaves nothing behind.
    address = await direct_url(hub, clip, lifetime) if fields[ATTR_DIRECT] else None
    link = await hub.storage.links.create(
        clip.id, lifetime, fields.get(ATTR_USES), fields[ATTR_NOTE].strip()
    )
    return await _told(hub, link) | {"direct_url": address}


async def shares(hub: Hub) -> list[dict[str, Any]]:
    """Return the links that may still be used, newest first."""
    return [await _told(hub, link) for link in await hub.storage.links.living()]


async def revoke(hub: Hub, identity: str) -> dict[str, Any]:
    """End a link, and return what it was; raises ServiceValidationError if there is none."""
    link = await hub.storage.links.revoke(identity)
    if link is None:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="share_not_found",
            translation_placeholders={"share": identity},
        )
    return await _told(hub, link)


async def direct_url(hub: Hub, clip: Footage, lifetime: timedelta) -> str | None:
    """Return an address of the off-site storage itself, None if the clip is not there.

    It lives seven days at most, and nobody can take it back. Raises FootageError.
    """
    name = file_name(clip, hub.camera_names().get(clip.camera, "Gatehouse"))
    away = await away_clip(hub.storage, clip, min(lifetime, LONGEST_ADDRESS), name)
    return away.address if away else None


async def _told(hub: Hub, link: Link) -> dict[str, Any]:
    clip = await hub.storage.library.get(link.footage)
    return {
        "id": link.id,
        **async_address(hub.hass, share_path(link)),
        "footage_id": link.footage,
        "camera": hub.cameras.entities().get(clip.camera) if clip else None,
        "since": iso(clip.since) if clip else None,
        "created": link.created.isoformat(),
        "expires": link.expires.isoformat(),
        "uses": link.uses,
        "most_uses": link.most_uses,
        "note": link.note,
    }


async def _share(hub: Hub, call: ServiceCall) -> dict[str, Any]:
    return await share(hub, call.data)


async def _get_shares(hub: Hub, _: ServiceCall) -> dict[str, Any]:
    return {"shares": await shares(hub)}


async def _revoke_share(hub: Hub, call: ServiceCall) -> dict[str, Any]:
    return {"share": await revoke(hub, call.data[ATTR_SHARE])}


SHARE_ACTIONS: Final = (
    Action(name="share", run=_share, fields=SHARE_FIELDS, admin=True),
    Action(name="get_shares", run=_get_shares, fields={}, admin=True),
    Action(
        name="revoke_share",
        run=_revoke_share,
        fields={vol.Required(ATTR_SHARE): cv.string},
        response=SupportsResponse.OPTIONAL,
        admin=True,
    ),
)
