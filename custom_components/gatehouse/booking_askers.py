"""Who asks for a booking, in whose name, and what they may."""

from homeassistant.exceptions import ServiceValidationError, UnknownUser

from .actions import must_control
from .booking_fields import ATTR_OWNER
from .booking_payload import Asker
from .bookings import Booking
from .const import DOMAIN
from .deeds import Asked


async def asker_of(asked: Asked) -> Asker:
    """Return who asks; raises UnknownUser."""
    if asked.user is None:
        return Asker(user=None)
    user = await asked.hub.hass.auth.async_get_user(asked.user)
    if user is None:
        raise UnknownUser
    return Asker(user=user)


async def owner_of(asked: Asked, asker: Asker) -> tuple[str, str | None]:
    """Return in whose name a booking is made, and the id of that user if it is one.

    Raises ServiceValidationError if that is somebody else, and only administrators may do so.
    """
    said, user = asked.fields.get(ATTR_OWNER, "").strip(), asker.user
    own = {(user.name or "").casefold(), user.id} if user else set[str]()
    if user and (not said or said.casefold() in own):
        return user.name or "", user.id
    if not asker.may_all:
        raise ServiceValidationError(
            translation_domain=DOMAIN, translation_key="booking_for_others"
        )
    users = await asked.hub.hass.auth.async_get_users()
    found = [
        each
        for each in users
        if each.is_active
        and not each.system_generated
        and said
        and said.casefold() in {(each.name or "").casefold(), each.id}
    ]
    return (found[0].name or said, found[0].id) if len(found) == 1 else (said, None)


def check_control(asked: Asked, asker: Asker, booking: Booking) -> None:
    """Refuse to record with cameras that a user may only look at; raises Unauthorized."""
    entities = asked.hub.cameras.entities()
    must_control(asker.user, (entities[key] for key in booking.cameras if key in entities))
