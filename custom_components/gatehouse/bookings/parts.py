"""What there is of an appointment: here, on its way, and with whoever records it."""

from collections.abc import Iterable

from ..agent import AgentError, RecordingStatus
from ..footage import FootageError, FootageFlow, Library, Movies, Recorders
from ..models import Footage
from .course import BookingOptions, Evidence, next_part
from .house import House
from .nouns import Appointment


class Parts:
    """Looks for the parts of appointments, and records those that nobody records by itself."""

    def __init__(
        self,
        footage: FootageFlow,
        library: Library,
        movies: Movies,
        recorders: Recorders,
        options: BookingOptions,
        house: House,
    ) -> None:
        """Reach what records a camera, and the camera's name there, by recorders."""
        self._footage = footage
        self._library = library
        self._movies = movies
        self._recorders = recorders
        self._options = options
        self._house = house

    async def here(self, row: Appointment) -> Evidence:
        """Return what is here of an appointment; nobody else is asked. Raises DatabaseError."""
        return Evidence(rows=tuple(await self._library.of_booking(row.id)))

    async def of(self, row: Appointment) -> Evidence:
        """Return what there is of an appointment, here and elsewhere. Raises DatabaseError."""
        rows = (await self.here(row)).rows
        known = {each.recording for each in rows}
        running = waiting = unreachable = False
        for camera in filter(self._house.has_agent, row.cameras):
            try:
                names = await self._there(camera, row.id)
            except AgentError, FootageError:
                unreachable = True
                continue
            running = running or any(names.values())
            waiting = waiting or not known >= names.keys()
        return Evidence(rows=rows, running=running, waiting=waiting, unreachable=unreachable)

    async def record(self, row: Appointment, rows: Iterable[Footage]) -> None:
        """Have the cameras recorded that are no agent's, part by part. Raises DatabaseError."""
        now = self._house.now()
        for camera in row.cameras:
            if self._house.has_agent(camera):
                continue
            known = [part for part in rows if part.part and part.camera == camera]
            if span := next_part(row, known, now, self._options):
                await self._footage.record(camera, *span, booking=row.id, part=True)
            for part in known:
                if row.end < part.until:
                    await self._footage.end(part.id, row.end)

    async def merged(self, parts: Iterable[Footage]) -> None:
        """Keep that parts are in a movie now. Raises DatabaseError."""
        for part in parts:
            # Whoever looks at the movie looks at them.
            await self._library.replayed(part.id, None, None)

    async def drop(self, row: Appointment, *, even_unmerged: bool = False) -> bool:
        """Delete the parts of an appointment, and return whether none is left.

        Unless even unmerged ones are to go, all stay as long as one is in no movie, or on its way.
        Raises DatabaseError and FootageError.
        """
        if not even_unmerged:
            found = await self.here(row)
            if found.unseen or found.is_under_way:
                return False
        return await self._movies.drop_parts(row.id, even_unmerged=even_unmerged)

    async def _there(self, camera: str, appointment: str) -> dict[str, bool]:
        """Return the recordings of an appointment that an agent has, and whether each runs."""
        if (found := self._recorders(camera)) is None:
            raise FootageError(f"Nobody has the camera {camera} any more")
        recorder, name = found
        return {
            each.id: each.status is RecordingStatus.RECORDING
            for each in await recorder.list(name)
            if each.booking == appointment and each.status is not RecordingStatus.FAILED
        }
