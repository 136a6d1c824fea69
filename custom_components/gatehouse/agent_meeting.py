"""What flows do with an agent: greet it, pair with it, try its token; and what goes wrong then."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypedDict

from homeassistant.const import CONF_CODE, CONF_HOST, CONF_PORT, CONF_TOKEN
from homeassistant.core import HomeAssistant
from homeassistant.helpers.aiohttp_client import async_get_clientsession

from .agent import (
    AgentError,
    AgentImpostor,
    AgentIncompatible,
    AgentRefused,
    AgentUnauthorized,
    BadCode,
    NotAnAgent,
    PairingLocked,
    Stranger,
    WrongCode,
    fingerprint_of,
    greet,
    pair,
)
from .const import CONF_FINGERPRINT
from .site_identity import agent_of, async_identity


class BadAddress(AgentError):
    """What was typed cannot be an address."""


class OtherAgent(AgentError):
    """There is an agent at this address, but not the expected one."""


class NeedsToken(AgentError):
    """The agent cannot be paired: whoever wants it needs the token of its configuration."""


class Trouble(TypedDict, total=False):
    """What a form shows of an error; empty while there is none."""

    errors: dict[str, str]
    description_placeholders: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Met:
    """An agent that has let us in."""

    id: str
    name: str
    fields: Mapping[str, Any]
    """What is to be stored of it."""


async def async_greet(
    hass: HomeAssistant, address: Mapping[str, Any], expected: str | None = None
) -> Stranger:
    """Ask who is at an address; raises AgentError, OtherAgent when it is not the expected one."""
    session = async_get_clientsession(hass)
    try:
        stranger = await greet(session, address[CONF_HOST].strip(), address[CONF_PORT])
    except ValueError as err:
        raise BadAddress(str(err)) from err
    if expected and stranger.id and stranger.id != expected:
        raise OtherAgent(stranger.name)
    return stranger


async def async_pair(
    hass: HomeAssistant, address: Mapping[str, Any], code: str, expected: str | None
) -> Met:
    """Become the owner of the agent at an address by the code that it shows; raises AgentError.

    OtherAgent when it is not the expected one, NeedsToken when it is never paired.
    """
    stranger = await async_greet(hass, address, expected)
    if not stranger.takes_code:
        raise NeedsToken("The agent has a token in its configuration.")
    identity = await async_identity(hass)
    session = async_get_clientsession(hass)
    token = await pair(session, stranger, code, identity.certificate)
    return Met(id=stranger.id, name=stranger.name, fields=_fields(stranger, token))


async def async_meet(
    hass: HomeAssistant,
    stranger: Stranger,
    token: str,
    expected: str | None = None,
    pinned: str | None = None,
) -> Met:
    """Tell a stranger the token; raises AgentError.

    OtherAgent when it is not the expected one. AgentImpostor, before the token is told, when its
    certificate has not the fingerprint that is pinned.
    """
    if pinned not in {None, stranger.fingerprint}:
        raise AgentImpostor("Another certificate than the agent's is shown there.")
    fields = _fields(stranger, token.strip())
    info = await agent_of(hass, fields).info()
    if expected not in {None, info.id}:
        raise OtherAgent(info.name)
    return Met(id=info.id, name=info.name, fields=fields)


async def async_fingerprint(hass: HomeAssistant, address: Mapping[str, Any]) -> str | None:
    """Return the fingerprint of the certificate that is shown at an address, if there is one."""
    session = async_get_clientsession(hass)
    try:
        return await fingerprint_of(session, address[CONF_HOST], address[CONF_PORT]) or None
    except AgentError:
        return None


def first_trouble(stranger: Stranger, err: AgentError | None = None) -> Trouble:
    """Return what is to be known of a stranger before its code is typed, and why it is asked."""
    if isinstance(err, AgentImpostor):
        return trouble_of(err)
    has_owner = stranger.takes_code and stranger.paired
    return _trouble("has_owner") if has_owner and err is None else Trouble()


def trouble_of(err: AgentError) -> Trouble:
    """Return what a form shows of an agent's error."""
    match err:
        case BadAddress():
            return Trouble(errors={CONF_HOST: "bad_address"})
        case AgentUnauthorized():
            return Trouble(errors={CONF_TOKEN: "invalid_auth"})
        case NeedsToken():
            return _trouble("needs_token")
        case BadCode():
            return Trouble(errors={CONF_CODE: "bad_code"})
        case WrongCode():
            return Trouble(errors={CONF_CODE: "wrong_code"})
        case PairingLocked(retry_after=pause):
            minutes = -(-pause // timedelta(minutes=1))  # rounded up
            return _trouble("pairing_locked", minutes=str(minutes))
        case AgentImpostor():
            return _trouble("impostor")
        case NotAnAgent():
            return _trouble("not_an_agent")
        case AgentIncompatible():
            return _trouble("incompatible", theirs=str(err.theirs))
        case OtherAgent():
            return _trouble("other_agent", other=str(err))
        case AgentRefused():
            return _trouble("refused", error=str(err))
    return _trouble("cannot_connect")


def _fields(stranger: Stranger, token: str) -> dict[str, Any]:
    """Return what is stored of an agent; the certificate only if there is one."""
    fields = {CONF_HOST: stranger.host, CONF_PORT: stranger.port, CONF_TOKEN: token}
    return fields | ({CONF_FINGERPRINT: stranger.fingerprint} if stranger.fingerprint else {})


def _trouble(error: str, /, **placeholders: str) -> Trouble:
    return Trouble(errors={"base": error}, description_placeholders=placeholders)
