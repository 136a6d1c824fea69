"""What of the site an assistant may know: the cameras and doors that the user exposes to it."""

from collections import Counter
from collections.abc import Mapping, Set
from dataclasses import dataclass
from typing import TYPE_CHECKING

from homeassistant.components.homeassistant import async_should_expose
from homeassistant.core import HomeAssistant, callback
import voluptuous as vol

from .asking import places_of
from .const import DOMAIN
from .options import groups

if TYPE_CHECKING:
    from . import GatehouseConfigEntry
    from .hub import Hub


@dataclass(frozen=True, slots=True, kw_only=True)
class Exposed:
    """What of the site an assistant may know."""

    site: GatehouseConfigEntry
    hub: Hub
    cameras: Mapping[str, str]
    """The cameras, by what people call them; two of one name by their entities."""
    doors: Mapping[str, str]
    """What people call the doors, by key: those exposed, and those that such a camera sees."""

    def camera(self, name: str) -> str:
        """Return the key of the camera that is called so; raises Invalid."""
        return _existing(self.cameras, name)

    def place(self, name: str) -> str:
        """Return the id of the camera group that is called so; raises Invalid."""
        return _existing(self.places, name)

    @property
    def names(self) -> dict[str, str]:
        """What people call these cameras, by key."""
        return {camera: name for name, camera in self.cameras.items()}

    @property
    def places(self) -> dict[str, str]:
        """The camera groups that one of them is in, by what people call them."""
        keys = set(self.cameras.values())
        grouped = {group.id for group in groups(self.site) if keys & set(group.cameras)}
        named = places_of(self.site).items()
        return {name: place for place, name in named if place in grouped | keys}


@callback
def exposed_to(hass: HomeAssistant, assistant: str) -> Exposed | None:
    """Return what an assistant may know, None if there is nothing."""
    sites: list[GatehouseConfigEntry] = hass.config_entries.async_loaded_entries(DOMAIN)
    for site in sites:
        hub = site.runtime_data
        names = hub.camera_names()
        often = Counter(names.values())
        cameras = {
            names[camera] if often[names[camera]] == 1 else entity: camera
            for camera, entity in hub.cameras.entities().items()
            if async_should_expose(hass, assistant, entity)
        }
        doors = _doors(hass, assistant, site, frozenset(cameras.values()))
        if cameras or doors:
            return Exposed(site=site, hub=hub, cameras=cameras, doors=doors)
    return None


def _doors(
    hass: HomeAssistant, assistant: str, site: GatehouseConfigEntry, cameras: Set[str]
) -> dict[str, str]:
    admission = site.runtime_data.admission
    seen = {door for group in groups(site) if cameras & set(group.cameras) for door in group.doors}
    entities = admission.entities()
    return {
        door: name
        for door, name in admission.doors().items()
        if door in seen
        or (door in entities and async_should_expose(hass, assistant, entities[door]))
    }


def _existing(known: Mapping[str, str], name: str) -> str:
    """Return what is called so; the tool may be older than a change of the site."""
    if name not in known:
        raise vol.Invalid(f"There is no {name!r} any more: choose one of {', '.join(known)}")
    return known[name]
