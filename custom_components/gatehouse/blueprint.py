"""The blueprint of the notification, laid where Home Assistant finds it, and kept up to date."""

from hashlib import sha256
import logging
from pathlib import Path
from typing import Final

from homeassistant.components.automation import (
    DOMAIN as AUTOMATION_DOMAIN,
    automations_with_blueprint,
)
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
    theirs = _theirs(hass)
    try:
        is_new = await hass.async_add_executor_job(_offer, theirs)
    except OSError as err:
        _LOGGER.warning("The blueprint for notifications cannot be laid at %s: %s", theirs, err)
        return
    if is_new and hass.services.has_service(AUTOMATION_DOMAIN, SERVICE_RELOAD):
        await hass.services.async_call(AUTOMATION_DOMAIN, SERVICE_RELOAD)


async def async_forget_blueprint(hass: HomeAssistant) -> None:
    """Take the blueprint away, unless the user changed it or has an automation made of it."""
    if automations_with_blueprint(hass, f"{DOMAIN}/{NAME}"):
        return
    theirs = _theirs(hass)
    try:
        await hass.async_add_executor_job(_forget, theirs)
    except OSError as err:
        _LOGGER.warning("The blueprint for notifications cannot be deleted: %s", err)


def _theirs(hass: HomeAssistant) -> Path:
    return Path(hass.config.path("blueprints", AUTOMATION_DOMAIN, DOMAIN, NAME))


def _offer(theirs: Path) -> bool:
    """Write the file if it is missing, or an older one of ours; return whether it was written."""
    text = _sealed(OURS.read_text(encoding="utf-8"))
    if theirs.exists():
        known = theirs.read_text(encoding="utf-8", errors="replace")
        if known == text or not _is_ours(known):
            return False
    theirs.parent.mkdir(parents=True, exist_ok=True)
    theirs.write_text(text, encoding="utf-8")
    return True


def _forget(theirs: Path) -> None:
    """Delete the file if it is ours, and the folder if nothing else is in it."""
    if theirs.exists() and _is_ours(theirs.read_text(encoding="utf-8", errors="replace")):
        theirs.unlink()
        if not any(theirs.parent.iterdir()):
            theirs.parent.rmdir()


def _is_ours(text: str) -> bool:
    """Whether nobody has changed a file since it was written."""
    return text == _sealed(text.partition("\n")[2])


def _sealed(text: str) -> str:
    """Return the text with a first line that tells whether it was changed."""
    return f"{SEAL}{sha256(text.encode()).hexdigest()}\n{text}"
