"""What somebody types and nobody else may read: in no event, log or message of an error."""

from collections.abc import Callable, Set
from dataclasses import dataclass, field
from typing import Any, Final

from homeassistant.components.diagnostics import REDACTED
from homeassistant.exceptions import ServiceValidationError

from .const import DOMAIN

NOTHING_SECRET: Final[Set[str]] = frozenset()


@dataclass(frozen=True, slots=True)
class Secret:
    """Something that no log shows."""

    _typed: object = field(repr=False)

    def text(self) -> str:
        """Return what was typed; raises ServiceValidationError if that is no text."""
        # Home Assistant makes a number of a template's digits.
        if isinstance(self._typed, str | int) and not isinstance(self._typed, bool):
            return str(self._typed)
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="secret_no_text")


def secret(typed: object) -> Secret:
    """Take whatever is there: a schema that refuses it would show it."""
    return Secret(typed)


def hiding(secrets: Set[str]) -> Callable[[Any], Any]:
    """Return a validator that takes what is secret out of an action's data.

    Home Assistant tells the very dict with which an action is called to all who listen to its
    events, and some keep it: in the recorder, in an automation's trace.
    """

    def hide(data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        given = dict(data)
        for name in secrets & data.keys():
            # One that an action passes on is read-only, but not for what it must not have.
            dict.__setitem__(data, name, REDACTED)
        return given

    return hide
