"""What a site does with what its cameras see: the parts of the incidents room."""

from collections.abc import Awaitable, Callable, Iterator
from typing import TYPE_CHECKING

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from .database import Database
from .detection import Detection, detector_choice
from .footage_options import retention_options
from .incidents import (
    Archive,
    Assessor,
    House,
    Incidents,
    IncidentStore,
    PictureRetention,
    Replays,
    Screening,
)
from .language_model import language_model
from .options import assessor_options, incident_options, model_choice
from .storage import Storage
from .zones import Zones, ZoneStore

if TYPE_CHECKING:
    from . import GatehouseConfigEntry
    from .roster import Roster


class Observation:
    """The incidents room of one site; its stories are run by the hub."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: GatehouseConfigEntry,
        database: Database,
        storage: Storage,
        cameras: Roster,
        house: House,
    ) -> None:
        """Have the storage record what is seen, and tell the house."""
        store, options = IncidentStore(database), incident_options(entry)
        self._asks_model = options.ask_model
        self.detection = Detection(hass, detector_choice(entry))
        self.zones = Zones(ZoneStore(database), cameras.zones)
        self.incidents = Incidents(store, self.detection, self.zones, storage.flow, options, house)
        self.archive = Archive(store, self.zones, house.incident, now=dt_util.utcnow)
        model = language_model(hass, model_choice(entry))
        self.assessor = Assessor(store, model, storage.flow, assessor_options(entry), house)
        self.replays = Replays(
            storage.library,
            storage.flow,
            Screening(self.detection, self.zones, options),
            store,
            options,
            house,
        )
        self.old_pictures = PictureRetention(
            store,
            storage.library,
            storage.disk,
            retention_options(entry),
            present=storage.retention.present,
        )

    def stories(self) -> Iterator[tuple[str, Callable[[], Awaitable[None]]]]:
        """Give what is to run, by its names."""
        yield "detector", self.detection.prepare
        yield "incidents", self.incidents.run
        yield "old pictures", self.old_pictures.run
        if self.detection.looks:
            yield "replays", self.replays.run
        if self._asks_model:
            yield "assessor", self.assessor.run
