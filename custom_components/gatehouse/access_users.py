"""Who may enter: people, and what they may open when."""

from collections.abc import Mapping
from dataclasses import replace
import re
from typing import Any, Final

from homeassistant.core import SupportsResponse
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import config_validation as cv
import voluptuous as vol

from .access import Permission, Person
from .access_fields import (
    ATTR_ACTIVE,
    ATTR_DOORS,
    ATTR_GROUPS,
    ATTR_NAME,
    ATTR_SCHEDULE,
    ATTR_USER,
    ATTR_VALID_FROM,
    ATTR_VALID_UNTIL,
    DOORS,
    VALIDITY,
    alike,
    called,
    named,
    one_of,
)
from .access_words import user_json, users_json
from .actions import ATTR_NOTE
from .const import DOMAIN
from .deeds import Asked, Deed
from .door_choice import doors_called

ATTR_PERMISSIONS: Final = "permissions"

NEW_ID: Final = re.compile("[0-9a-f]{1,64}")

OPENING: Final = (ATTR_DOORS, ATTR_GROUPS, ATTR_SCHEDULE)
OPENS: Final = {
    vol.Optional(ATTR_DOORS): DOORS,
    vol.Optional(ATTR_GROUPS): vol.All(cv.ensure_list, [cv.string]),
    vol.Optional(ATTR_SCHEDULE): vol.Any(None, cv.string),
}
OPENS_NOTHING: Final = Permission()


async def _get_users(asked: Asked) -> dict[str, Any]:
    policy = asked.policy
    wanted = asked.fields.get(ATTR_USER)
    users = [called(policy.people, wanted)] if wanted else policy.people.values()
    return {"users": users_json(policy, users, await asked.hub.admission.access.uses())}


async def _set_user(asked: Asked) -> dict[str, Any]:
    """Keep somebody; what is not said stays as it is."""
    known, identity = _meant(asked)
    given = asked.given(ATTR_NAME, ATTR_ACTIVE, ATTR_VALID_FROM, ATTR_VALID_UNTIL, ATTR_NOTE)
    given |= _permissions(asked, known)
    saved = await asked.keep(
        replace(known, **given) if known else Person(id=identity, **named(given))
    )
    return {
        "user": await _told(asked, saved.kept),
        "before": await _told(asked, saved.before) if saved.before else None,
        "unconfirmed": await asked.unconfirmed(),
    }


async def _delete_user(asked: Asked) -> dict[str, Any]:
    user = called(asked.policy.people, asked.fields[ATTR_USER])
    told = await _told(asked, user)
    await asked.forget(Person, user.id)
    return {"user": told, "unconfirmed": await asked.unconfirmed()}


async def _told(asked: Asked, user: Person) -> dict[str, Any]:
    theirs = [each for each in asked.policy.credentials.values() if each.person == user.id]
    return user_json(user, theirs, await asked.hub.admission.access.uses())


def _meant(asked: Asked) -> tuple[Person | None, str]:
    """Return whom somebody means, None for somebody new, and the id.

    It may be that of somebody who was deleted: they are back then.
    """
    name = asked.fields.get(ATTR_USER)
    if name is None:
        return None, ""
    people = asked.policy.people
    if not alike(people, name) and ATTR_NAME in asked.fields and NEW_ID.fullmatch(name):
        return None, name
    known = called(people, name)
    return known, known.id


def _permissions(asked: Asked, known: Person | None) -> dict[str, Any]:
    """Return what somebody is said to open, if anything is said of it."""
    fields = asked.fields
    if ATTR_PERMISSIONS in fields:
        said = fields[one_of(fields, ATTR_PERMISSIONS, *OPENING)]
        return {ATTR_PERMISSIONS: tuple(_permission(asked, each) for each in said)}
    if not asked.given(*OPENING):
        return {}
    so_far = known.permissions if known else ()
    if len(so_far) > 1:
        raise ServiceValidationError(
            translation_domain=DOMAIN, translation_key="several_permissions"
        )
    return {ATTR_PERMISSIONS: (_permission(asked, fields, *so_far),)}


def _permission(
    asked: Asked, fields: Mapping[str, Any], so_far: Permission = OPENS_NOTHING
) -> Permission:
    said: dict[str, Any] = {}
    if ATTR_DOORS in fields:
        said["doors"] = doors_called(asked.hub, fields[ATTR_DOORS])
    if ATTR_GROUPS in fields:
        groups = (called(asked.policy.groups, each) for each in fields[ATTR_GROUPS])
        said["groups"] = tuple(dict.fromkeys(group.id for group in groups))
    if ATTR_SCHEDULE in fields:
        name = fields[ATTR_SCHEDULE]
        said["schedule"] = called(asked.policy.schedules, name).id if name else None
    return replace(so_far, **said)


USERS: Final = (
    Deed(
        action="get_users",
        command="access/users",
        do=_get_users,
        fields={vol.Optional(ATTR_USER): cv.string},
        response=SupportsResponse.ONLY,
    ),
    Deed(
        action="set_user",
        command="access/user/save",
        do=_set_user,
        fields={
            vol.Optional(ATTR_USER): cv.string,
            vol.Optional(ATTR_NAME): cv.string,
            vol.Optional(ATTR_ACTIVE): cv.boolean,
            **VALIDITY,
            **OPENS,
            vol.Optional(ATTR_PERMISSIONS): [vol.Schema(OPENS)],
            vol.Optional(ATTR_NOTE): cv.string,
        },
    ),
    Deed(
        action="delete_user",
        command="access/user/delete",
        do=_delete_user,
        fields={vol.Required(ATTR_USER): cv.string},
    ),
)
