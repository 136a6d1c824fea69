"""Why something about bookings cannot be done."""

from datetime import datetime


class BookingError(Exception):
    """Something about a booking cannot be done; `code` is a short name of why."""

    code = "booking_failed"


class BookingNotFound(BookingError):
    """There is no such booking, or no such hour of it."""

    code = "booking_not_found"


class WordsBad(BookingError):
    """A booking has no name, or more words than anybody reads."""

    code = "booking_words_bad"


class CamerasBad(BookingError):
    """A booking needs one camera, or two different ones."""

    code = "booking_cameras_bad"


class TimesBad(BookingError):
    """A booking would be over before it begins, or lasts too long."""

    code = "booking_times_bad"


class RuleBad(BookingError):
    """A series does not repeat as its rule says, or not in a way that can be kept."""

    code = "booking_rule_bad"


class BookingOver(BookingError):
    """What is over cannot be booked any more, nor changed."""

    code = "booking_over"


class BookingBegun(BookingError):
    """What is being recorded cannot begin later."""

    code = "booking_begun"


class BookedElsewhere(BookingError):
    """The booking comes from another calendar, and is changed there."""

    code = "booked_elsewhere"


class StepBad(BookingError):
    """An appointment cannot come from its state to that one."""

    code = "booking_step_bad"


class Clash(BookingError):
    """Somebody else has the camera then; start and end are by the clock of the new booking."""

    code = "booking_clash"

    def __init__(
        self, summary: str, owner: str, camera: str, start: datetime, end: datetime
    ) -> None:
        """Name the other booking, and when it has which camera."""
        whose = f" of {owner}" if owner else ""
        super().__init__(
            f"{summary}{whose} has the camera {camera} on {start:%Y-%m-%d} from {start:%H:%M} to"
            f" {end:%H:%M}: choose another time, or another camera"
        )
        self.summary = summary
        self.owner = owner
        self.camera = camera
        self.start = start
        self.end = end
