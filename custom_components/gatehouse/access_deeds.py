"""All that administrators ask about who may enter, of actions and over the WebSocket."""

from typing import Final

from .access_checks import CHECKS
from .access_credentials import CREDENTIALS
from .access_doors import DOOR_DEEDS
from .access_history import HISTORY
from .access_hours import HOURS
from .access_users import USERS

_DEEDS: Final = (*USERS, *CREDENTIALS, *HOURS, *DOOR_DEEDS, *HISTORY, *CHECKS)

ACCESS_ACTIONS: Final = tuple(deed.as_action() for deed in _DEEDS if deed.action)
ACCESS_COMMANDS: Final = tuple(deed.as_command() for deed in _DEEDS if deed.command)
