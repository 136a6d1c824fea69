"""The blueprint of the notification, laid where Home Assistant finds it, and kept up to date."""

from hashlib import sha256
import logging
from pathlib import Path
from typing import Final

from homeassistant.components.automation import DOMAIN as AUTOMATION_DOMAIN
from homeassistant.const import SERVICE_RELOAD
from homeassistant.core import HomeAssistant

from .const import DOMAIN

_LOGGER = logging.getLogger(__name__)

NAME: Final = "incident_notification.yaml"
OURS: Final = Path(__file__).parent / "blueprints" / AUTOMATION_DOMAIN / NAME

# Whoever changes the file keeps his own: it no longer is what this line says.
SEAL: Final = "# Gatehouse keeps this file up to date as long as nobody changes it: "


async def async_offer_blueprint(hass: HomeAssistant) -> None:
    """Lay the blueprint into the configuration, unless the user has one of his own there."""
    theirs = Path(hass.config.path("blueprints", AUTOMATION_DOMAIN, DOMAIN, NAME))
    try:
        is_new = await hass.async_add_executor_job(_offer, theirs)
    except OSError as err:
        _LOGGER.warning("The blueprint for notifications cannot be laid at %s: %s", theirs, err)
        return
    if is_new and hass.services.has_service(AUTOMATION_DOMAIN, SERVICE_RELOAD):
        await hass.services.async_call(AUTOMATION_DOMAIN, SERVICE_RELOAD)


def _offer(theirs: Path) -> bool:
    """Write the file if it is missing, or an older one of ours; return whether it was written."""
    text = _sealed(OURS.read_text(encoding="utf-8"))
    if theirs.exists():
        known = theirs.read_text(encoding="utf-8", errors="replace")
        if known == text or known != _sealed(known.partition("\n")[2]):
            return False
    theirs.parent.mkdir(parents=True, exist_ok=True)
    theirs.write_text(text, encoding="utf-8")
    return True


def _sealed(text: str) -> str:
    """Return the text with a first line that tells whether it was changed."""
    return f"{SEAL}{sha256(text.encode()).hexdigest()}\n{text}"
