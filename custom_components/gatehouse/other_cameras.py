"""The site's cameras that are on no agent, each with the coordinator of its kind."""

import asyncio
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final

from homeassistant.core import HomeAssistant

from .agent import RecordingChanged
from .const import SUBENTRY_ENTITY, SUBENTRY_FOLDER
from .entity_coordinator import EntityCoordinator
from .folder_coordinator import FolderCoordinator
from .source_coordinator import SourceCoordinator, SourceListener

if TYPE_CHECKING:
    from . import GatehouseConfigEntry

# Each encoder has a core for itself, and Home Assistant needs one too.
ENCODERS: Final = 4


def source_coordinators(
    hass: HomeAssistant,
    entry: GatehouseConfigEntry,
    motion: Callable[[str, bool], None],
    lost: Callable[[str], None],
    recording: Callable[[str, RecordingChanged], None] = lambda _camera, _news: None,
) -> Iterator[SourceCoordinator]:
    """Make one for each camera that the site has from elsewhere."""
    listener = SourceListener(motion=motion, lost=lost, recording=recording)
    encoders = asyncio.Semaphore(ENCODERS)
    kinds = {SUBENTRY_FOLDER: FolderCoordinator, SUBENTRY_ENTITY: EntityCoordinator}
    for subentry in entry.subentries.values():
        if kind := kinds.get(subentry.subentry_type):
            yield kind(hass, entry, subentry, listener, encoders)
