"""The dashboard cards: served to browsers, loaded by every dashboard, and shown in the sidebar."""

from hashlib import sha256
from pathlib import Path
from typing import Final

from homeassistant.components import frontend, panel_custom
from homeassistant.components.http import StaticPathConfig
from homeassistant.core import HomeAssistant, callback

from .const import DOMAIN

OURS: Final = Path(__file__).parent / "www"
CARDS: Final = (
    "incidents/card.js",
    "live/card.js",
    "access/card.js",
    "bookings/card.js",
    "health/card.js",
)

# Browsers keep a file for a month, and ask by the same path for what it imports: so the version is
# in the path. It is that of the files: development and an unreleased commit have no number.
URL: Final = "/gatehouse_cards/{version}"


# What makes a whole dashboard of the cards.
STRATEGY: Final = "panel/strategy.js"

# Its pages are `/gatehouse/incidents`, `/gatehouse/incident/<id>` and so on.
PANEL: Final = DOMAIN
INCIDENT_URL: Final = f"/{PANEL}/incident/{{id}}"


async def async_offer_dashboard_cards(hass: HomeAssistant) -> None:
    """Serve the cards, once; they are loaded where there is a frontend."""
    url = await _url(hass)
    await hass.http.async_register_static_paths([StaticPathConfig(url, str(OURS))])
    if frontend.DOMAIN in hass.config.components:
        for module in (*CARDS, STRATEGY):
            frontend.add_extra_js_url(hass, f"{url}/{module}")


async def async_show_panel(hass: HomeAssistant) -> None:
    """Show Gatehouse in the sidebar, unless something else is there by this name."""
    panels = hass.data.get(frontend.DATA_PANELS, {})
    if frontend.DOMAIN not in hass.config.components or PANEL in panels:
        return
    await panel_custom.async_register_panel(
        hass,
        PANEL,
        "gatehouse-panel",
        sidebar_title="Gatehouse",
        sidebar_icon="mdi:gate",
        module_url=f"{await _url(hass)}/panel/panel.js",
        config={"cards": [card.partition("/")[0] for card in CARDS]},
    )


@callback
def async_forget_panel(hass: HomeAssistant) -> None:
    """Take Gatehouse out of the sidebar: there is no site any more."""
    frontend.async_remove_panel(hass, PANEL, warn_if_unknown=False)


async def _url(hass: HomeAssistant) -> str:
    return URL.format(version=await hass.async_add_executor_job(_version))


def _version() -> str:
    """Return what differs as soon as one of the files does."""
    files = sorted(OURS.rglob("*.js"))
    told = sha256()
    for file in files:
        told.update(f"{file.relative_to(OURS)}\n".encode() + file.read_bytes())
    return told.hexdigest()[:12]
