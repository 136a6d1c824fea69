"""People with a card each, and the door that they may enter by."""

from dataclasses import replace
import secrets
from typing import Final
from zoneinfo import ZoneInfo

from custom_components.gatehouse.access import (
    Credential,
    CredentialKind,
    Permission,
    Person,
    Policy,
    card_hash,
    door_key,
)

AGENT: Final = "bench"
DOOR: Final = "gate"
KEY: Final = door_key(AGENT, DOOR)


def card(number: int) -> str:
    """Return the canonical id of one of the cards."""
    return f"{number:010X}"


def policy(cards: int) -> Policy:
    """Return a site at which so many people have a card each, and may always enter."""
    key, salt = secrets.token_bytes(32), secrets.token_bytes(16)
    rights = (Permission(doors=(KEY,)),)
    people = {
        f"p{n}": Person(id=f"p{n}", name=f"Person {n}", permissions=rights) for n in range(cards)
    }
    credentials = {
        f"c{n}": Credential(
            id=f"c{n}",
            person=f"p{n}",
            kind=CredentialKind.RFID,
            name="Card",
            hash=card_hash(key, card(n)),
        )
        for n in range(cards)
    }
    empty = Policy(zone=ZoneInfo("UTC"), key=key, salt=salt)
    return replace(empty, people=people, credentials=credentials)
