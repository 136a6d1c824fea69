"""Card numbers and PINs, and what is kept of them: never themselves."""

from enum import StrEnum
import hashlib
import hmac
import re
import secrets
from typing import Final

from .errors import CardNumberBad, PinBad
from .people import PIN_COST

PIN_HASH_BYTES: Final = 32

SHORTEST_PIN: Final = 4
LONGEST_PIN: Final = 10

KEY_BYTES: Final = 32
SALT_BYTES: Final = 16

# From Wiegand's smallest formats to ISO 15693 and beyond.
SHORTEST_CARD: Final = 2
LONGEST_CARD: Final = 16
DECIMAL_BYTES: Final = 4

# No comma: it stands between facility and number, which are no one decimal number.
SEPARATORS: Final = re.compile(r"[\s:-]+")


class CardFormat(StrEnum):
    """How a card number is written."""

    HEX = "hex"
    DECIMAL = "decimal"


def card_hash(key: bytes, canonical_id: str) -> str:
    """Return what is kept of a card, by its canonical id."""
    return hmac.new(key, canonical_id.encode(), hashlib.sha256).hexdigest()


def pin_hash(pin: str, salt: bytes) -> str:
    """Return what is kept of a PIN. It takes long, by intention: call it in a thread."""
    n, r, p = PIN_COST
    return hashlib.scrypt(pin.encode(), salt=salt, n=n, r=r, p=p, dklen=PIN_HASH_BYTES).hex()


def checked_pin(pin: str) -> str:
    """Return a PIN without the spaces around it; raises PinBad if it is none."""
    pin = pin.strip()
    if not (pin.isascii() and pin.isdecimal() and SHORTEST_PIN <= len(pin) <= LONGEST_PIN):
        raise PinBad(f"A PIN has {SHORTEST_PIN} to {LONGEST_PIN} digits and nothing else")
    return pin


def canonical(
    number: str,
    written: CardFormat = CardFormat.HEX,
    *,
    length: int | None = None,
    last_byte_first: bool = False,
) -> str:
    """Return the canonical id of a card whose number somebody typed, as its reader gives it.

    Length is how many of its last bytes the reader counts; a decimal number has four, if that is
    not said. Raises CardNumberBad.
    """
    if not (length is None or SHORTEST_CARD <= length <= LONGEST_CARD):
        raise CardNumberBad(f"A card number has {SHORTEST_CARD} to {LONGEST_CARD} bytes")
    compact = SEPARATORS.sub("", number)
    if written is CardFormat.DECIMAL:
        card = _of_decimal(compact, DECIMAL_BYTES if length is None else length)
    else:
        card = _of_hex(compact.removeprefix("0x").removeprefix("0X"))
    if last_byte_first:
        card = card[::-1]
    if length is not None:
        card = card[-length:]
    return card.hex().upper()


def new_key() -> bytes:
    """Return a new key for the hashes of cards."""
    return secrets.token_bytes(KEY_BYTES)


def new_salt() -> bytes:
    """Return a new salt for the hashes of PINs."""
    return secrets.token_bytes(SALT_BYTES)


def _of_hex(digits: str) -> bytes:
    if not re.fullmatch("[0-9A-Fa-f]+", digits):
        raise CardNumberBad(
            "A card number has the digits 0 to 9 and A to F: check it, or say that it is decimal"
        )
    if len(digits) % 2:
        raise CardNumberBad(
            "A digit of the card number is missing: it has two for each byte, zeros in front too"
        )
    return _sized(bytes.fromhex(digits))


def _of_decimal(digits: str, length: int) -> bytes:
    if not re.fullmatch("[0-9]+", digits):
        raise CardNumberBad(
            "A decimal card number has the digits 0 to 9: check it, or say that it is hexadecimal"
        )
    try:
        return int(digits).to_bytes(length)
    except OverflowError, ValueError:
        # Without the cause: its text may have the number.
        raise CardNumberBad(
            f"The card number is too large for {length} bytes: check it, or say how many it has"
        ) from None


def _sized(card: bytes) -> bytes:
    if not SHORTEST_CARD <= len(card) <= LONGEST_CARD:
        raise CardNumberBad(
            f"A card number has {SHORTEST_CARD} to {LONGEST_CARD} bytes, two digits for each"
        )
    return card
