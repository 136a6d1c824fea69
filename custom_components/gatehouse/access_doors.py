"""What administrators do at doors, and with all of them at once."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from homeassistant.core import SupportsResponse
from homeassistant.helpers import config_validation as cv
from homeassistant.util import dt as dt_util
import voluptuous as vol

from .access import DoorRules, ValidityBad
from .access_fields import (
    ATTR_ACTIVE,
    ATTR_DOOR,
    ATTR_DURATION,
    ATTR_SECONDS,
    ATTR_UNTIL,
    DOORS,
    alike,
    one_of,
)
from .access_words import passage_json, rules_json, state_json
from .agent import Antipassback, DoorMode, DoorState, SiteMode, Verify
from .asking import MOMENT, SPAN
from .deeds import Asked, Deed, agent_names
from .door_choice import door_called, doors_called

if TYPE_CHECKING:
    from .hub import Hub

ATTR_MODE: Final = "mode"
ATTR_VERIFY: Final = "verify"
ATTR_ANTIPASSBACK: Final = "antipassback"
ATTR_RESET: Final = "antipassback_reset"
ATTR_PERSON: Final = "person"
ATTR_IN_LOCKDOWN: Final = "in_lockdown"

# No door may stay unlocked for longer (`longest` in an agent's configuration).
LONGEST_UNLOCKED: Final = 600


def doors_json(hub: Hub) -> list[dict[str, Any]]:
    """Return every door: what people say of it, and how it is."""
    names, entities = hub.admission.doors(), hub.admission.entities()
    policy, states = hub.admission.policies.policy, _states(hub)
    return [
        {
            "key": key,
            "name": name,
            "entity_id": entities.get(key),
            **rules_json(policy.door(key)),
            "state": state_json(states[key]) if key in states else None,
        }
        for key, name in sorted(names.items(), key=lambda each: (each[1].casefold(), each[0]))
    ]


def site_json(hub: Hub) -> dict[str, Any]:
    """Return what goes before what any door says, and which agents do not know of it yet."""
    emergency = hub.admission.emergency
    return {"site": emergency.mode.value, "unconfirmed": agent_names(hub, emergency.waited_for)}


async def _get_doors(asked: Asked) -> dict[str, Any]:
    return {"doors": doors_json(asked.hub), **site_json(asked.hub)}


async def _unlock(asked: Asked) -> dict[str, Any]:
    """Unlock a door for a moment, in the name of who asks if nobody else is named."""
    fields, admission = asked.fields, asked.hub.admission
    person = fields[ATTR_PERSON] if ATTR_PERSON in fields else await asked.asker()
    known = alike(asked.policy.people, person) if person else []
    seconds = fields.get(ATTR_SECONDS)
    passage = await admission.access.unlock(
        door_called(asked.hub, fields[ATTR_DOOR]),
        known[0].id if len(known) == 1 else person,
        None if seconds is None else timedelta(seconds=seconds),
        in_lockdown=fields[ATTR_IN_LOCKDOWN],
    )
    return {"passage": passage_json(passage, admission.doors())}


async def _set_mode(asked: Asked) -> dict[str, Any]:
    """Have doors go by a mode until a moment, or until somebody says otherwise."""
    mode, until = asked.fields[ATTR_MODE], _until(asked)
    if mode is DoorMode.NORMAL and until is not None:
        raise ValidityBad("The normal mode has no end: leave it out")
    return await _say(asked, lambda rules: replace(rules, mode=mode, mode_until=until))


async def _set_rules(asked: Asked) -> dict[str, Any]:
    """Say what doors ask for; what is not said stays as it is."""
    said = asked.given(ATTR_VERIFY, ATTR_ANTIPASSBACK, ATTR_RESET)
    return await _say(asked, lambda rules: replace(rules, **said))


async def _lockdown(asked: Asked) -> dict[str, Any]:
    return await _begin_or_end(asked, SiteMode.LOCKDOWN)


async def _evacuate(asked: Asked) -> dict[str, Any]:
    return await _begin_or_end(asked, SiteMode.EVACUATION)


async def _set_site(asked: Asked) -> dict[str, Any]:
    return await _go_by(asked, asked.fields[ATTR_MODE])


async def _begin_or_end(asked: Asked, mode: SiteMode) -> dict[str, Any]:
    """Let a mode go before what any door says, or no longer, if it does."""
    if asked.fields[ATTR_ACTIVE]:
        return await _go_by(asked, mode)
    holds = asked.policy.site
    return await _go_by(asked, SiteMode.NORMAL if holds is mode else holds)


async def _go_by(asked: Asked, mode: SiteMode) -> dict[str, Any]:
    """Let something go before what any door says, or nothing; wait for the agents."""
    before = asked.policy.site
    await asked.hub.admission.emergency.set(mode)
    return site_json(asked.hub) | {"before": before.value}


async def _say(asked: Asked, change: Callable[[DoorRules], DoorRules]) -> dict[str, Any]:
    """Change what is said of each of the doors that are meant."""
    told = []
    for door in doors_called(asked.hub, asked.fields[ATTR_DOOR]):
        before = asked.policy.door(door)
        kept = (await asked.keep(change(before))).kept
        told.append({"key": door, **rules_json(kept), "before": rules_json(before)})
    return {"doors": told, "unconfirmed": await asked.unconfirmed()}


def _until(asked: Asked) -> datetime | None:
    if not asked.given(ATTR_UNTIL, ATTR_DURATION):
        return None
    now = dt_util.utcnow()
    if one_of(asked.fields, ATTR_UNTIL, ATTR_DURATION) == ATTR_DURATION:
        duration: timedelta = asked.fields[ATTR_DURATION]
        return now + duration
    until: datetime = asked.fields[ATTR_UNTIL]
    if until <= now:
        raise ValidityBad("The mode would be over already: choose a moment to come")
    return until


def _states(hub: Hub) -> dict[str, DoorState]:
    """Return how the doors are of which somebody tells now, by their keys."""
    return {
        agent.door_key(door): data.state
        for agent in hub.cameras.agents.values()
        for door, data in agent.data.doors.items()
        if data.state and agent.last_update_success
    }


SEVERAL: Final = {vol.Required(ATTR_DOOR): DOORS}
ON_OR_OFF: Final = {vol.Optional(ATTR_ACTIVE, default=True): cv.boolean}

DOOR_DEEDS: Final = (
    Deed(
        action="get_doors",
        command="access/doors",
        do=_get_doors,
        fields={},
        response=SupportsResponse.ONLY,
    ),
    Deed(
        action="unlock",
        command="access/unlock",
        do=_unlock,
        fields={
            vol.Required(ATTR_DOOR): cv.string,
            vol.Optional(ATTR_SECONDS): vol.All(
                vol.Coerce(float), vol.Range(min=0.1, max=LONGEST_UNLOCKED)
            ),
            vol.Optional(ATTR_PERSON): cv.string,
            vol.Optional(ATTR_IN_LOCKDOWN, default=False): cv.boolean,
        },
    ),
    Deed(
        action="set_door_mode",
        command="access/mode",
        do=_set_mode,
        fields={
            **SEVERAL,
            vol.Required(ATTR_MODE): vol.Coerce(DoorMode),
            vol.Optional(ATTR_UNTIL): MOMENT,
            vol.Optional(ATTR_DURATION): SPAN,
        },
    ),
    Deed(
        action="set_door_rules",
        command="access/door/rules",
        do=_set_rules,
        fields={
            **SEVERAL,
            vol.Optional(ATTR_VERIFY): vol.Coerce(Verify),
            vol.Optional(ATTR_ANTIPASSBACK): vol.Coerce(Antipassback),
            vol.Optional(ATTR_RESET): SPAN,
        },
    ),
    Deed(action="lockdown", do=_lockdown, fields=ON_OR_OFF),
    Deed(action="evacuate", do=_evacuate, fields=ON_OR_OFF),
    Deed(
        command="access/site",
        do=_set_site,
        fields={vol.Required(ATTR_MODE): vol.Coerce(SiteMode)},
    ),
)
