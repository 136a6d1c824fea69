"""Gatehouse: a watched and locked home, with one readable story of what happened."""

from collections.abc import Callable

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import EVENT_HOMEASSISTANT_STOP, Platform
from homeassistant.core import Event, HomeAssistant
from homeassistant.exceptions import ConfigEntryError, ConfigEntryNotReady
from homeassistant.helpers import (
    config_validation as cv,
    device_registry as dr,
    issue_registry as ir,
)
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.helpers.typing import ConfigType

from .access_views import async_register_access_views
from .blueprint import async_forget_blueprint, async_offer_blueprint
from .const import DOMAIN
from .dashboard_cards import async_forget_panel, async_offer_dashboard_cards, async_show_panel
from .database import DatabaseError, DatabaseLocked, DatabaseUnreachable
from .hub import Hub
from .ingest import async_ingest
from .ingest_view import async_register_ingest_view
from .known_agents import KnownAgents
from .local_detection import async_forget_models
from .media_root import async_check_media_root
from .options import migrated
from .renamed import async_follow_names
from .services import async_setup_services
from .share_view import async_register_share_views
from .site_identity import async_forget_identity
from .snooze import Snoozes
from .views import async_register_views
from .websocket_api import async_register_commands

CONFIG_SCHEMA = cv.config_entry_only_config_schema(DOMAIN)

PLATFORMS = [
    Platform.BINARY_SENSOR,
    Platform.BUTTON,
    Platform.CALENDAR,
    Platform.CAMERA,
    Platform.EVENT,
    Platform.IMAGE,
    Platform.LOCK,
    Platform.NUMBER,
    Platform.SELECT,
    Platform.SENSOR,
    Platform.SWITCH,
    Platform.UPDATE,
]

type GatehouseConfigEntry = ConfigEntry[Hub]


async def async_setup(hass: HomeAssistant, config: ConfigType) -> bool:
    """Register what exists once, whether a site is set up or not."""
    async_setup_services(hass)
    async_register_views(hass)
    async_register_share_views(hass)
    async_register_access_views(hass)
    async_register_ingest_view(hass)
    async_register_commands(hass)
    await async_offer_dashboard_cards(hass)
    return True


async def async_setup_entry(hass: HomeAssistant, entry: GatehouseConfigEntry) -> bool:
    """Set up the site."""
    # What is changed while this runs is set up after it.
    entry.async_on_unload(entry.add_update_listener(_async_reload))
    entry.async_on_unload(async_follow_names(hass, entry))
    _check_network(hass)
    await async_check_media_root(hass)
    site = dr.async_get(hass).async_get_or_create(
        config_entry_id=entry.entry_id,
        identifiers={(DOMAIN, entry.entry_id)},
        name=entry.title,
        manufacturer="Gatehouse",
        entry_type=dr.DeviceEntryType.SERVICE,
    )
    try:
        hub = await Hub.async_open(hass, entry, site.id)
    except DatabaseError as err:
        # Who holds the file lets go of it; a damaged one does not mend itself.
        passes = isinstance(err, DatabaseLocked | DatabaseUnreachable)
        kind = ConfigEntryNotReady if passes else ConfigEntryError
        raise kind(
            translation_domain=DOMAIN,
            translation_key="database_failed",
            translation_placeholders={"error": str(err)},
        ) from err
    entry.runtime_data = hub

    async def async_stop(_: Event) -> None:
        await hub.async_close()

    entry.async_on_unload(hass.bus.async_listen_once(EVENT_HOMEASSISTANT_STOP, async_stop))
    try:
        await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
    except BaseException:
        await hub.async_close()  # nobody takes down what was never up
        raise
    hub.start()
    await async_offer_blueprint(hass)
    await async_show_panel(hass)
    return True


def _check_network(hass: HomeAssistant) -> None:
    """Have what all ask the network with made, if it can be; raises ConfigEntryNotReady."""
    try:
        async_get_clientsession(hass)
    except RuntimeError as err:
        # It knows the addresses of Home Assistant's start; one of them went with its cable.
        raise ConfigEntryNotReady(
            translation_domain=DOMAIN,
            translation_key="network_changed",
            translation_placeholders={"error": str(err)},
        ) from err


async def async_unload_entry(hass: HomeAssistant, entry: GatehouseConfigEntry) -> bool:
    """Take the site down: stories first, the database last."""
    if not await hass.config_entries.async_unload_platforms(entry, PLATFORMS):
        return False
    await entry.runtime_data.async_close()
    _forget_issues(hass, lambda issue: not issue.is_persistent)
    return True


async def async_migrate_entry(hass: HomeAssistant, entry: GatehouseConfigEntry) -> bool:
    """Bring the options of an older Gatehouse up to date; those of a newer one are not ours."""
    if entry.minor_version < 2:
        options = migrated(entry.options)
        hass.config_entries.async_update_entry(entry, options=options, minor_version=2)
    return True


async def async_remove_entry(hass: HomeAssistant, entry: GatehouseConfigEntry) -> None:
    """Leave nothing behind but incidents and media: they are the user's."""
    _forget_issues(hass, lambda _: True)
    async_forget_panel(hass)
    await async_forget_blueprint(hass)
    await async_forget_models(hass)
    await KnownAgents(hass).remove()
    await (await async_ingest(hass)).remove()
    await Snoozes(hass).remove()
    await async_forget_identity(hass)


async def async_remove_config_entry_device(
    hass: HomeAssistant, entry: GatehouseConfigEntry, device: dr.DeviceEntry
) -> bool:
    """Let somebody delete a device that told of its sensors; whatever else there is stays."""
    return (await async_ingest(hass)).forget(device)


def _forget_issues(hass: HomeAssistant, which: Callable[[ir.IssueEntry], bool]) -> None:
    """Take back what was told of the site: nothing of it runs any more."""
    for (domain, name), issue in tuple(ir.async_get(hass).issues.items()):
        if domain == DOMAIN and which(issue):
            ir.async_delete_issue(hass, domain, name)


async def _async_reload(hass: HomeAssistant, entry: GatehouseConfigEntry) -> None:
    hass.config_entries.async_schedule_reload(entry.entry_id)
