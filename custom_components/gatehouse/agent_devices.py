"""The devices of one agent: the Pi's own, and those of its cameras and doors below it."""

from collections.abc import Iterable

from homeassistant.config_entries import ConfigEntry, ConfigSubentry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr

from .agent import AgentInfo
from .const import DOMAIN


@callback
def async_register_agent(
    hass: HomeAssistant,
    entry: ConfigEntry,
    subentry: ConfigSubentry,
    identity: tuple[str, AgentInfo | None],
    site: str,
) -> str:
    """Register a Pi by its id and what is known of it, below the site's device; return its own."""
    owner, info = identity
    device = dr.async_get(hass).async_get_or_create(
        config_entry_id=entry.entry_id,
        config_subentry_id=subentry.subentry_id,
        identifiers={(DOMAIN, owner)},
        name=subentry.title,
        manufacturer="Gatehouse",
        model=info.model if info else None,
        sw_version=info.version if info else None,
        via_device_id=site,
    )
    return device.id


@callback
def async_update_agent(hass: HomeAssistant, device: str, info: AgentInfo) -> None:
    """Take what a Pi says of itself now."""
    dr.async_get(hass).async_update_device(device, model=info.model, sw_version=info.version)


@callback
def async_remove_devices_but(
    hass: HomeAssistant, entry: ConfigEntry, subentry: ConfigSubentry, keys: Iterable[str]
) -> None:
    """Remove the devices of what an agent no longer has; keys are those of what it has."""
    registry = dr.async_get(hass)
    kept = {(DOMAIN, key) for key in keys}
    for device in dr.async_entries_for_config_entry(registry, entry.entry_id):
        ours = device.config_subentry_id == subentry.subentry_id
        if ours and not device.identifiers & kept:
            registry.async_remove_device(device.id)
