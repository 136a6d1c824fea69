"""What automations and the logbook are told of bookings: each change of their states."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.util import dt as dt_util

from .bookings import HORIZON, Appointment, AppointmentQuery, BookingStore
from .const import EVENT_BOOKING
from .models import BookingState

if TYPE_CHECKING:
    from .roster import Roster

# What is older hardly comes to another state.
RECALLED: Final = timedelta(days=31)


class BookingEvents:
    """Tells Home Assistant once of each state that an appointment comes to."""

    def __init__(
        self,
        hass: HomeAssistant,
        store: BookingStore,
        cameras: Roster,
        calendars: Callable[[], Mapping[str, str]],
    ) -> None:
        """Ask calendars for the name of each, by its key."""
        self._hass = hass
        self._store = store
        self._cameras = cameras
        self._calendars = calendars
        self._states: dict[str, BookingState] = {}

    async def recall(self) -> None:
        """Take what the appointments are already as told; raises DatabaseError."""
        now = dt_util.utcnow()
        query = AppointmentQuery(since=now - RECALLED, until=now + HORIZON)
        known = {row.id: row.state for row in await self._store.find(query)}
        self._states = known | self._states

    @callback
    def hear(self, appointments: tuple[Appointment, ...]) -> None:
        """Tell of those whose state is another one now."""
        for row in appointments:
            if self._states.get(row.id) is not row.state:
                self._states[row.id] = row.state
                self._hass.bus.async_fire(EVENT_BOOKING, self._told(row))

    def _told(self, row: Appointment) -> dict[str, Any]:
        entities = self._cameras.entities()
        cameras = [entities[key] for key in row.cameras if key in entities]
        return {
            "type": row.state.value,
            "id": row.id,
            "uid": row.booking,
            "recurrence": row.recurrence,
            "calendar": row.calendar,
            "calendar_name": self._calendars().get(row.calendar),
            "entity_id": cameras[0] if cameras else None,
            "cameras": cameras,
            "summary": row.summary,
            "start": dt_util.as_local(row.start).isoformat(),
            "end": dt_util.as_local(row.end).isoformat(),
            "owner": row.owner,
            "owner_id": row.owner_id,
            "movie": row.movie,
            "error": row.error,
        }
