"""Documents of grants as Home Assistant compiles them, with what a test wants to be different."""

from collections.abc import Mapping
import hashlib
import hmac
import json
from typing import Any, Final

from camera_agent.grants import Grants, parse

KEY: Final = bytes(range(32))
SALT: Final = bytes(range(16))
ISSUED: Final = 1_795_000_000.0
UNTIL: Final = ISSUED + 7 * 86_400
MONDAY: Final = ISSUED + 3600.0
"""From here on the door is open for an hour, and again a day later."""
WINDOWS: Final = [[MONDAY, MONDAY + 3600], [MONDAY + 86_400, MONDAY + 90_000]]
ANNA: Final = "04A2B3C4D5E680"
BEN: Final = "0102030405"
STRANGER: Final = "FFFFFFFFFF"
ANNAS_PIN: Final = "2468"


def card(canonical: str) -> str:
    """Hash a card as the contract says."""
    return hmac.new(KEY, canonical.encode(), hashlib.sha256).hexdigest()


def pin(digits: str) -> str:
    """Hash a PIN as the contract says, for less work."""
    return hashlib.scrypt(digits.encode(), salt=SALT, n=16, r=8, p=1, dklen=32).hex()


def credential(**changes: Any) -> dict[str, Any]:
    plain = {"id": "annas card", "person": "anna", "disabled": False, "from": None, "until": None}
    return {**plain, "profile": 0, "pin": pin(ANNAS_PIN), "uses": None, "used": 0, **changes}


def door(**changes: Any) -> dict[str, Any]:
    plain = {"mode": "normal", "mode_until": None, "verify": "card", "antipassback": "off"}
    return {**plain, "antipassback_reset_s": 43_200.0, **changes}


def document(
    doors: Mapping[str, Any] | None = None, cards: Mapping[str, Any] | None = None, **changes: Any
) -> dict[str, Any]:
    """Anna has a card for front in the windows, and a PIN; there is a yard that nobody may enter.

    Doors are changes of front; cards are changes of Anna's card.
    """
    return {
        "version": 1,
        "agent": "9f2c41d07ab3",
        "issued": ISSUED,
        "until": UNTIL,
        "key": KEY.hex(),
        "pin": {"salt": SALT.hex(), "n": 16, "r": 8, "p": 1},
        "site": "normal",
        "windows": [WINDOWS],
        "profiles": [{"front": 0}],
        "doors": {"front": door(**doors or {}), "yard": door()},
        "cards": {card(ANNA): credential(**cards or {})},
        "pins": {pin(ANNAS_PIN): credential(id="annas pin", **{"pin": None, **(cards or {})})},
        **changes,
    }


def text(**changes: Any) -> str:
    return json.dumps(document(**changes))


def grants(**changes: Any) -> Grants:
    return parse(text(**changes))
