"""What people say of who may enter, and what they mean by it."""

from collections.abc import Mapping
from typing import Any, Final

from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import config_validation as cv
import voluptuous as vol

from .access import (
    AccessNotFound,
    CardFormat,
    Credential,
    DoorGroup,
    Holiday,
    NameBad,
    Person,
    Schedule,
    canonical,
)
from .asking import MOMENT
from .const import DOMAIN
from .secret_fields import secret

ATTR_USER: Final = "user_id"
ATTR_CREDENTIAL: Final = "credential_id"
ATTR_NAME: Final = "name"
ATTR_ACTIVE: Final = "active"
ATTR_VALID_FROM: Final = "valid_from"
ATTR_VALID_UNTIL: Final = "valid_until"
ATTR_DOOR: Final = "door"
ATTR_DOORS: Final = "doors"
ATTR_GROUPS: Final = "door_groups"
ATTR_SCHEDULE: Final = "schedule"
ATTR_NUMBER: Final = "number"
ATTR_FORMAT: Final = "format"
ATTR_LENGTH: Final = "length"
ATTR_BYTEORDER: Final = "byteorder"
ATTR_PIN: Final = "pin"
ATTR_DURATION: Final = "duration"
ATTR_UNTIL: Final = "until"
ATTR_READER: Final = "reader"
ATTR_SECONDS: Final = "seconds"

BIG: Final = "big"
LITTLE: Final = "little"

DOORS: Final = vol.All(cv.ensure_list, [cv.string])
"""Entities of doors, or their keys."""

WHEN: Final = vol.Any(None, MOMENT)
"""A moment, or nothing to take it away."""

VALIDITY: Final = {
    vol.Optional(ATTR_VALID_FROM): WHEN,
    vol.Optional(ATTR_VALID_UNTIL): WHEN,
}

CARD_NUMBER: Final = {
    vol.Optional(ATTR_NUMBER): secret,
    vol.Optional(ATTR_FORMAT, default=CardFormat.HEX): vol.Coerce(CardFormat),
    vol.Optional(ATTR_LENGTH): vol.Coerce(int),
    vol.Optional(ATTR_BYTEORDER, default=BIG): vol.In((BIG, LITTLE)),
}
"""A card number as somebody reads it off a card or a reader."""

type Named = Person | Credential | Schedule | Holiday | DoorGroup


def card_of(fields: Mapping[str, Any]) -> str:
    """Return the canonical id of what CARD_NUMBER lets somebody type; raises AccessError."""
    return canonical(
        fields[ATTR_NUMBER].text(),
        fields[ATTR_FORMAT],
        length=fields.get(ATTR_LENGTH),
        last_byte_first=fields[ATTR_BYTEORDER] == LITTLE,
    )


def one_of(fields: Mapping[str, Any], *names: str) -> str:
    """Return the one of these fields that is given; raises ServiceValidationError."""
    given = [name for name in names if name in fields]
    if len(given) != 1:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="one_of",
            translation_placeholders={"fields": ", ".join(names)},
        )
    return given[0]


def called[T: Named](known: Mapping[str, T], name: str) -> T:
    """Return what has this id, or alone has this name; raises AccessNotFound."""
    found = alike(known, name)
    if len(found) == 1:
        return found[0]
    if found:
        raise AccessNotFound(f"{len(found)} are called {name!r}: say which one by its id")
    raise AccessNotFound(f"Nobody and nothing is called {name!r}: list what there is")


def alike[T: Named](known: Mapping[str, T], name: str) -> list[T]:
    """Return what has this id, else all that have this name."""
    if name in known:
        return [known[name]]
    return [each for each in known.values() if each.name.casefold() == name.casefold()]


def named(given: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what is said of something new; raises NameBad if it has no name."""
    if ATTR_NAME not in given:
        raise NameBad("What is new needs a name: say one")
    return given
