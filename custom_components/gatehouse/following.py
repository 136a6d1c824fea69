"""The site over its reloads, for whoever outlives them as automations do."""

from collections.abc import Callable, Coroutine, Iterable
from typing import TYPE_CHECKING, Any

from homeassistant.config_entries import SIGNAL_CONFIG_ENTRY_CHANGED, ConfigEntry, ConfigEntryChange
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.dispatcher import async_dispatcher_connect

from .const import DOMAIN

if TYPE_CHECKING:
    from .hub import Hub


@callback
def running_hub(hass: HomeAssistant) -> Hub | None:
    """Return the hub of the site, None while it does not run."""
    entries = hass.config_entries.async_loaded_entries(DOMAIN)
    hub: Hub | None = entries[0].runtime_data if entries else None
    return hub


@callback
def async_follow_site(
    hass: HomeAssistant, join: Callable[[Hub | None], Iterable[CALLBACK_TYPE]]
) -> CALLBACK_TYPE:
    """Call join with the hub that runs, None if none does: at once, and after each change.

    What join returns is called before its next turn, and when the returned callback is.
    """
    followed = running_hub(hass)
    leave = list(join(followed))

    @callback
    def part() -> None:
        for each in leave:
            each()
        leave.clear()

    @callback
    def changed(_: ConfigEntryChange, entry: ConfigEntry) -> None:
        nonlocal followed
        if entry.domain == DOMAIN and (hub := running_hub(hass)) is not followed:
            part()
            followed = hub
            leave.extend(join(hub))

    stop = async_dispatcher_connect(hass, SIGNAL_CONFIG_ENTRY_CHANGED, changed)

    @callback
    def end() -> None:
        stop()
        part()

    return end


@callback
def async_run_until_left(
    hass: HomeAssistant, story: Coroutine[Any, Any, None], name: str
) -> CALLBACK_TYPE:
    """Run a story in the background; return how to end it, as join does."""
    running = hass.async_create_background_task(story, f"{DOMAIN} {name}")

    @callback
    def stop() -> None:
        running.cancel()

    return stop
