"""Where outsiders find what a link shows."""

from typing import TYPE_CHECKING, Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.network import NoURLAvailableError, get_url

from .const import DOMAIN

if TYPE_CHECKING:
    from .footage import Link

SHARE_URL: Final = "/gatehouse/share/{token}"


def share_path(link: Link) -> str:
    """Return the path of a link's page; it goes behind Home Assistant's own address."""
    return SHARE_URL.format(token=link.token)


@callback
def async_address(hass: HomeAssistant, path: str) -> dict[str, str | None]:
    """Return where outsiders find a path; the path alone, and why, if nobody knows."""
    try:
        home = get_url(hass, allow_internal=False)
    except NoURLAvailableError:
        unknown = HomeAssistantError(translation_domain=DOMAIN, translation_key="no_external_url")
        return {"url": path, "hint": str(unknown)}
    return {"url": f"{home}{path}", "hint": None}
