"""Who may enter by the demonstration's door: told as its user would tell it, by actions."""

from dataclasses import dataclass
from typing import Final

from .happened import ask_action
from .home_assistant import HomeAssistant

HOURS: Final = "Working hours"
WEEK: Final = {"days": ["mon", "tue", "wed", "thu", "fri"], "start": "09:00", "end": "17:00"}
STRANGERS: Final = "FFFFFFFFFF"
"""A card that nobody has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resident:
    """Somebody with a card, at all times or by a schedule, and perhaps a PIN."""

    name: str
    card: str
    pin: str | None = None
    schedule: str | None = None


ANNA: Final = Resident(name="Anna", card="0102030405", pin="47114711")
BOB: Final = Resident(name="Bob", card="0A0B0C0D0E", schedule=HOURS)


async def let_in(home: HomeAssistant, door: str, *people: Resident) -> None:
    """Say who may enter by a door, unless that was said before; door is its lock."""
    known = {user["name"] for user in (await ask_action(home, "get_users", {}))["users"]}
    if not known:
        await ask_action(home, "set_schedule", {"name": HOURS, "windows": [WEEK]})
        await ask_action(home, "set_door_rules", {"door": door, "verify": "card_or_pin"})
    for somebody in people:
        if somebody.name not in known:
            await _welcome(home, door, somebody)


async def _welcome(home: HomeAssistant, door: str, somebody: Resident) -> None:
    when = {"schedule": somebody.schedule} if somebody.schedule else {}
    await ask_action(home, "set_user", {"name": somebody.name, "doors": [door], **when})
    whose = {"user_id": somebody.name}
    card = {"name": "Card", "number": somebody.card}
    await ask_action(home, "set_credential", whose | card)
    if somebody.pin:
        await ask_action(home, "set_credential", whose | {"name": "PIN", "pin": somebody.pin})
