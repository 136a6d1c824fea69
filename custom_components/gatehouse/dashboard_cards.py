"""The dashboard cards: served to browsers, and loaded by every dashboard."""

from hashlib import sha256
from pathlib import Path
from typing import Final

from homeassistant.components import frontend
from homeassistant.components.http import StaticPathConfig
from homeassistant.core import HomeAssistant

OURS: Final = Path(__file__).parent / "www"
CARDS: Final = ("incidents/card.js",)

# Browsers keep a file for a month, and ask by the same path for what it imports: so the version is
# in the path. It is that of the files: development and an unreleased commit have no number.
URL: Final = "/gatehouse_cards/{version}"


async def async_offer_dashboard_cards(hass: HomeAssistant) -> None:
    """Serve the cards, once; they are loaded where there is a frontend."""
    url = URL.format(version=await hass.async_add_executor_job(_version))
    await hass.http.async_register_static_paths([StaticPathConfig(url, str(OURS))])
    if frontend.DOMAIN in hass.config.components:
        for card in CARDS:
            frontend.add_extra_js_url(hass, f"{url}/{card}")


def _version() -> str:
    """Return what differs as soon as one of the files does."""
    files = sorted(OURS.rglob("*.js"))
    told = sha256()
    for file in files:
        told.update(f"{file.relative_to(OURS)}\n".encode() + file.read_bytes())
    return told.hexdigest()[:12]
