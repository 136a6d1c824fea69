"""Why something about who may enter cannot be done."""


class AccessError(Exception):
    """Something about access cannot be done; `code` is a short name of why."""

    code = "access_failed"


class AccessNotFound(AccessError):
    """There is nobody and nothing of this id."""

    code = "access_not_found"


class NameBad(AccessError):
    """A name is empty, too long, or not made of text."""

    code = "access_name_bad"


class NoteTooLong(AccessError):
    """A note is longer than anybody reads."""

    code = "access_note_too_long"


class ValidityBad(AccessError):
    """Something would be over before it begins, or never ends though it must."""

    code = "access_validity_bad"


class HoursBad(AccessError):
    """A schedule's hours or days make no sense."""

    code = "access_hours_bad"


class CardNumberBad(AccessError):
    """A text is no card number; the message never has it."""

    code = "card_number_bad"


class CardTaken(AccessError):
    """The card belongs to somebody already."""

    code = "card_taken"


class PinBad(AccessError):
    """A text is no PIN; the message never has it."""

    code = "pin_bad"


class PinTaken(AccessError):
    """The PIN cannot be had; whose it is is nobody's business."""

    code = "pin_taken"


class InUse(AccessError):
    """Something else needs what should be deleted."""

    code = "access_in_use"


class EnrollmentCancelled(AccessError):
    """A reader was to learn a card, and somebody gave up meanwhile."""

    code = "enrollment_cancelled"


class LockedDown(AccessError):
    """Nobody enters before the lockdown ends, or an administrator means it."""

    code = "locked_down"
