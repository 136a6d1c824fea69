"""A card is shown: who may enter where and when, and who did."""

from .checkpoint import SHOWN_DIGITS, Attempt
from .compiler import HORIZON, Uses, compile_grants
from .dispatch import document
from .errors import (
    AccessError,
    AccessNotFound,
    CardNumberBad,
    CardTaken,
    EnrollmentCancelled,
    HoursBad,
    InUse,
    LockedDown,
    NameBad,
    NoteTooLong,
    PinBad,
    PinTaken,
    ValidityBad,
)
from .flow import Access
from .hours import is_open, windows_of
from .house import AccessOptions, House
from .log import Entry, PassageLog
from .people import (
    Credential,
    CredentialKind,
    DoorGroup,
    DoorRules,
    Holiday,
    HolidayRule,
    Hours,
    Permission,
    Person,
    Policy,
    Schedule,
    SpecialDays,
    Weekday,
    Window,
    door_key,
)
from .policies import Policies, Saved
from .rows import Noun
from .rules import Decision, Whereabouts, decide
from .search import PassageQuery
from .secrets import CardFormat, canonical, card_hash, checked_pin, new_key, new_salt, pin_hash
from .store import PolicyStore

__all__ = [
    "HORIZON",
    "SHOWN_DIGITS",
    "Access",
    "AccessError",
    "AccessNotFound",
    "AccessOptions",
    "Attempt",
    "CardFormat",
    "CardNumberBad",
    "CardTaken",
    "Credential",
    "CredentialKind",
    "Decision",
    "DoorGroup",
    "DoorRules",
    "EnrollmentCancelled",
    "Entry",
    "Holiday",
    "HolidayRule",
    "Hours",
    "HoursBad",
    "House",
    "InUse",
    "LockedDown",
    "NameBad",
    "NoteTooLong",
    "Noun",
    "PassageLog",
    "PassageQuery",
    "Permission",
    "Person",
    "PinBad",
    "PinTaken",
    "Policies",
    "Policy",
    "PolicyStore",
    "Saved",
    "Schedule",
    "SpecialDays",
    "Uses",
    "ValidityBad",
    "Weekday",
    "Whereabouts",
    "Window",
    "canonical",
    "card_hash",
    "checked_pin",
    "compile_grants",
    "decide",
    "document",
    "door_key",
    "is_open",
    "new_key",
    "new_salt",
    "pin_hash",
    "windows_of",
]
